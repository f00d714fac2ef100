"""A one-time job runs once: immediately, at a moment, or at each of several moments."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
work: SimpleQueue[str] = SimpleQueue()

with gocron.new_scheduler(gocron.with_clock(clock)) as scheduler:
    now = clock.now()
    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_immediately()), gocron.new_task(work.put, "immediately")
    )
    print(clock.now().time(), work.get())

    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_date_time(now + timedelta(seconds=10))),
        gocron.new_task(work.put, "once in 10 seconds"),
    )
    clock.advance(timedelta(seconds=10))
    print(clock.now().time(), work.get())

    twice = scheduler.new_job(
        gocron.one_time_job(
            gocron.one_time_job_start_date_times(now + timedelta(minutes=5), now + timedelta(minutes=55))
        ),
        gocron.new_task(work.put, "twice"),
    )
    clock.set(now + timedelta(minutes=5))
    print(clock.now().time(), work.get())
    clock.set(now + timedelta(minutes=55))
    print(clock.now().time(), work.get())
    print("next run:", twice.next_run())

# Output:
# 00:00:00 immediately
# 00:00:10 once in 10 seconds
# 00:05:00 twice
# 00:55:00 twice
# next run: None
