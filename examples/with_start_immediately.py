"""A job that runs as soon as the scheduler runs; the schedule counts from there."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
work: SimpleQueue[str] = SimpleQueue()

with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    job = scheduler.new_job(
        gocron.duration_job(timedelta(minutes=1)),
        gocron.new_task(work.put, "work"),
        gocron.with_start_at(gocron.with_start_immediately()),
    )
    print(clock.now().time(), work.get())
    clock.block_until(1)
    print("next run:", job.next_run())

# Output:
# 00:00:00 work
# next run: 2024-01-01 00:01:00+00:00
