"""The time of the last run, by the name that ported programs use; last_run_started_at is the better one."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
work: SimpleQueue[str] = SimpleQueue()

with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    job = scheduler.new_job(gocron.duration_job(timedelta(seconds=1)), gocron.new_task(work.put, "work"))
    print(job.last_run())
    clock.advance(timedelta(seconds=1))
    work.get()
    print(job.last_run())
    print(job.last_run() == job.last_run_started_at())

# Output:
# None
# 2024-01-01 00:00:01+00:00
# True
