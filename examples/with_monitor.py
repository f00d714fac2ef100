"""A monitor counts the runs of jobs and hears how long they took."""

from collections import Counter
from datetime import datetime, timedelta
from queue import SimpleQueue
from uuid import UUID

import gocron_py as gocron
from gocron_py.testing import FakeClock


class ExampleMonitor:
    """A ``gocron.Monitor``; nothing has to be inherited."""

    def __init__(self) -> None:
        self.counter: Counter[str] = Counter()
        self.times: list[timedelta] = []

    def record_job_timing(self, start: datetime, end: datetime, job_id: UUID, name: str, tags: list[str]) -> None:
        self.times.append(end - start)

    def increment_job(self, job_id: UUID, name: str, tags: list[str], status: gocron.JobStatus) -> None:
        self.counter[name] += 1
        counted.put(status)


clock, monitor = FakeClock(), ExampleMonitor()
counted: SimpleQueue[gocron.JobStatus] = SimpleQueue()


def work() -> None:
    clock.advance(timedelta(seconds=1))  # that is how long it takes


with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_monitor(monitor)) as scheduler:
    job = scheduler.new_job(gocron.duration_job(timedelta(days=1)), gocron.new_task(work), gocron.with_name("example"))
    for _ in range(3):
        job.run_now()
        counted.get()

print("total execute count:", monitor.counter["example"])
for number, elapsed in enumerate(monitor.times, 1):
    print(f"execute #{number} elapsed {elapsed}")

# Output:
# total execute count: 3
# execute #1 elapsed 0:00:01
# execute #2 elapsed 0:00:01
# execute #3 elapsed 0:00:01
