"""A duration job runs again and again after a fixed time."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
work: SimpleQueue[str] = SimpleQueue()

with gocron.new_scheduler(gocron.with_clock(clock)) as scheduler:
    scheduler.new_job(gocron.duration_job(timedelta(seconds=5)), gocron.new_task(work.put, "work"))
    for _ in range(3):
        clock.advance(timedelta(seconds=5))
        print(clock.now().time(), work.get())

# Output:
# 00:00:05 work
# 00:00:10 work
# 00:00:15 work
