"""A monitor that counts what became of the runs and shows it in the text format of Prometheus."""

import logging
import threading
from collections import Counter
from datetime import datetime, timedelta
from queue import SimpleQueue
from uuid import UUID

import gocron_py as gocron
from gocron_py.testing import FakeClock


class Metrics:
    """A ``gocron.Monitor``; nothing has to be inherited."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # runs end on many threads
        self.runs: Counter[tuple[str, str]] = Counter()
        self.seconds: Counter[str] = Counter()
        self.told: SimpleQueue[gocron.JobStatus] = SimpleQueue()

    def increment_job(self, job_id: UUID, name: str, tags: list[str], status: gocron.JobStatus) -> None:
        with self.lock:
            self.runs[name, status] += 1
        self.told.put(status)

    def record_job_timing(self, start: datetime, end: datetime, job_id: UUID, name: str, tags: list[str]) -> None:
        with self.lock:
            self.seconds[name] += round((end - start).total_seconds())

    def __str__(self) -> str:
        with self.lock:
            lines = ["# TYPE job_runs_total counter"]
            lines += [f'job_runs_total{{job="{job}",status="{status}"}} {n}' for (job, status), n in self.runs.items()]
            lines += ["# TYPE job_seconds_total counter"]
            lines += [f'job_seconds_total{{job="{job}"}} {seconds}' for job, seconds in self.seconds.items()]
        return "\n".join(lines)


clock, metrics = FakeClock(), Metrics()


def back_up() -> None:
    clock.advance(timedelta(minutes=10))  # that is how long it takes
    if clock.now().minute == 30:
        raise OSError("disk full")


logging.getLogger("gocron_py").setLevel(logging.CRITICAL)  # the failure is seen in the metrics
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_monitor(metrics)) as scheduler:
    job = scheduler.new_job(
        gocron.duration_job(timedelta(days=1)), gocron.new_task(back_up), gocron.with_name("backup")
    )
    for _ in range(4):
        job.run_now()
        metrics.told.get()
print(metrics)

# Output:
# # TYPE job_runs_total counter
# job_runs_total{job="backup",status="success"} 3
# job_runs_total{job="backup",status="fail"} 1
# # TYPE job_seconds_total counter
# job_seconds_total{job="backup"} 2400
