"""A job knows its next run, from the start of the scheduler on."""

from datetime import timedelta

import gocron_py as gocron
from gocron_py.testing import FakeClock

scheduler = gocron.new_scheduler(gocron.with_clock(FakeClock()), gocron.with_location("UTC"))
job = scheduler.new_job(gocron.duration_job(timedelta(seconds=1)), gocron.new_task(print, "work"))
print("before the start:", job.next_run())
scheduler.start()
print("after it:", job.next_run())
scheduler.shutdown()
print("after the end:", job.next_run())

# Output:
# before the start: None
# after it: 2024-01-01 00:00:01+00:00
# after the end: None
