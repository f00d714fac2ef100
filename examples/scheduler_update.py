"""A job gets another definition, task and options, and keeps its id and its history."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
work: SimpleQueue[str] = SimpleQueue()

with gocron.new_scheduler(gocron.with_clock(clock)) as scheduler:
    job = scheduler.new_job(gocron.cron_job("* * * * *"), gocron.new_task(work.put, "old"))
    clock.advance(timedelta(minutes=1))
    print(clock.now().time(), work.get())

    # after some time, need to change the job
    updated = scheduler.update(job.id(), gocron.duration_job(timedelta(seconds=5)), gocron.new_task(work.put, "new"))
    clock.advance(timedelta(seconds=5))
    print(clock.now().time(), work.get())
    print("the same job:", updated == job)

# Output:
# 00:01:00 old
# 00:01:05 new
# the same job: True
