"""A job knows when its task was last started; None: never."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
work: SimpleQueue[str] = SimpleQueue()

with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("Asia/Kolkata")) as scheduler:
    job = scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(work.put, "work"))
    print(job.last_run_started_at())
    clock.advance(timedelta(hours=1))
    work.get()
    print(job.last_run_started_at())

# Output:
# None
# 2024-01-01 06:30:00+05:30
