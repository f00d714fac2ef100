"""Check-ins with a monitoring service, by listeners: it is told of each start, and of each end with its duration.

Services that watch cron jobs (Sentry's crons, healthchecks.io) raise an alarm if a check-in does not come in time. A
small server in this program stands for one.
"""

import json
import logging
import threading
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import SimpleQueue
from uuid import UUID

import gocron_py as gocron
from gocron_py.testing import wait_for_runs

received: SimpleQueue[dict[str, object]] = SimpleQueue()


class Service(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        received.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(202)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class CheckIns:
    """Listeners for any number of jobs. One that cannot reach the service is logged, and changes no run."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.runs = threading.local()  # listeners of a run are called on the thread of its task

    def begin(self, job_id: UUID, job_name: str) -> None:
        self.runs.check_in_id = uuid.uuid4().hex
        self.send(job_name, "in_progress")

    def succeed(self, job_id: UUID, job_name: str) -> None:
        self.send(job_name, "ok")

    def fail(self, job_id: UUID, job_name: str, error: Exception) -> None:
        self.send(job_name, "error")

    def send(self, job_name: str, status: str) -> None:
        said = {"check_in_id": self.runs.check_in_id, "monitor_slug": job_name, "status": status}
        request = urllib.request.Request(self.url, json.dumps(said).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5):
            pass

    def option(self) -> gocron.JobOption:
        return gocron.with_event_listeners(
            gocron.before_job_runs(self.begin),
            gocron.after_job_runs(self.succeed),
            gocron.after_job_runs_with_error(self.fail),
        )


def sync() -> None:
    raise ConnectionError("the warehouse does not answer")


logging.getLogger("gocron_py").setLevel(logging.CRITICAL)  # the failure is seen by the service
server = HTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
check_ins = CheckIns(f"http://127.0.0.1:{server.server_port}/check-in")

with gocron.new_scheduler(gocron.with_global_job_options(check_ins.option())) as scheduler:
    nightly = gocron.daily_job(1, gocron.new_at_times(gocron.new_at_time(3, 0, 0)))
    for name, task in ("backup", gocron.new_task(int)), ("sync", gocron.new_task(sync)):
        job = scheduler.new_job(nightly, task, gocron.with_name(name))
        job.run_now()
        wait_for_runs(scheduler)
        begun, ended = received.get(), received.get()
        same = begun["check_in_id"] == ended["check_in_id"]
        print(f"{ended['monitor_slug']}: {begun['status']}, then {ended['status']}", "(the same run)" if same else "")
server.shutdown()
server.server_close()

# Output:
# backup: in_progress, then ok (the same run)
# sync: in_progress, then error (the same run)
