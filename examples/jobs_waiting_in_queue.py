"""The scheduler tells how many runs wait for with_limit_concurrent_jobs."""

import threading
from datetime import timedelta

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
may_end = threading.Event()

with gocron.new_scheduler(
    gocron.with_clock(clock), gocron.with_limit_concurrent_jobs(2, gocron.LimitMode.WAIT)
) as scheduler:
    for _ in range(5):
        scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(may_end.wait))
    clock.advance(timedelta(hours=1))
    print("five are due, two run,", scheduler.jobs_waiting_in_queue(), "wait")
    may_end.set()

# Output:
# five are due, two run, 3 wait
