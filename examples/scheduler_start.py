"""Nothing runs before the scheduler is started; the start does not block."""

from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
work: SimpleQueue[str] = SimpleQueue()
scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC"))
job = scheduler.new_job(gocron.cron_job("* * * * *"), gocron.new_task(work.put, "work"))
print(job.next_run())

scheduler.start()
tick = job.next_run()
print(tick)
assert tick is not None
clock.advance(tick - clock.now())
print(work.get())
scheduler.shutdown()

# Output:
# None
# 2024-01-01 00:01:00+00:00
# work
