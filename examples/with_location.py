"""The zone in which times of day and crontabs are meant, and in which times are given back."""

from datetime import UTC, datetime, time

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock(datetime(2024, 6, 15, 12, 0, tzinfo=UTC))
for location in "Asia/Kolkata", "America/New_York", UTC:
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location(location)) as scheduler:
        job = scheduler.new_job(gocron.daily_job(1, [time(17, 0)]), gocron.new_task(print, "tea time"))
        print(job.next_run())

# Output:
# 2024-06-16 17:00:00+05:30
# 2024-06-15 17:00:00-04:00
# 2024-06-15 17:00:00+00:00
