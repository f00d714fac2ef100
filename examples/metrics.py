"""A monitor that counts what became of the runs and shows it in the text format of Prometheus."""

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


def back_up() -> Exception | None:
    clock.advance(timedelta(minutes=10))  # that is how long it takes
    return OSError("disk full") if clock.now().hour == 3 else None  # returned, as in Go; raised does as well


with gocron.new_scheduler(
    gocron.with_clock(clock),
    gocron.with_monitor(metrics),
    gocron.with_logger(gocron.new_logger(gocron.LogLevel(-1))),
) as scheduler:
    scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(back_up), gocron.with_name("backup"))
    for _ in range(3):
        clock.advance(timedelta(hours=1))
        metrics.told.get()
print(metrics)

# Output:
