"""A pause: nothing runs until the scheduler is started again."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
work: SimpleQueue[str] = SimpleQueue()
scheduler = gocron.new_scheduler(gocron.with_clock(clock))
scheduler.new_job(gocron.cron_job("* * * * *"), gocron.new_task(work.put, "work"))

scheduler.start()
clock.advance(timedelta(minutes=1))
print(clock.now().time(), work.get())

scheduler.stop_jobs()
clock.advance(timedelta(minutes=10))
print(clock.now().time(), "nothing" if work.empty() else work.get())

scheduler.start()
clock.advance(timedelta(minutes=1))
print(clock.now().time(), work.get())
scheduler.shutdown()

# Output:
# 00:01:00 work
# 00:11:00 nothing
# 00:12:00 work
