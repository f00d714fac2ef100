"""What becomes of 02:30 in the night in which the clocks go from 02:00 to 03:00."""

from datetime import time
from zoneinfo import ZoneInfo

import gocron_py as gocron
from gocron_py.testing import FakeClock

berlin = ZoneInfo("Europe/Berlin")
clock = FakeClock(gocron.time_from_at_time(gocron.new_at_time(12, 0, 0), berlin).replace(year=2024, month=3, day=30))
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location(berlin)) as scheduler:
    for definition in gocron.daily_job(1, [time(2, 30)]), gocron.cron_job("30 2 * * *"):
        for policy in gocron.DaylightSavingsTimePolicy:
            job = scheduler.new_job(
                definition, gocron.new_task(print, "work"), gocron.with_daylight_savings_time_policy(policy)
            )
            print(type(job.schedule()).__name__, policy.name)
            print("  ", *job.next_runs(2), sep="  ")

# Output:
