"""What becomes of 02:30 in the night in which the clocks go from 02:00 to 03:00."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import gocron_py as gocron
from gocron_py.testing import FakeClock

berlin = ZoneInfo("Europe/Berlin")
clock = FakeClock(datetime(2024, 3, 30, 12, 0, tzinfo=berlin))
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location(berlin)) as scheduler:
    for definition in gocron.daily_job(1, [time(2, 30)]), gocron.cron_job("30 2 * * *"):
        for policy in gocron.DaylightSavingsTimePolicy:
            job = scheduler.new_job(
                definition, gocron.new_task(print, "work"), gocron.with_daylight_savings_time_policy(policy)
            )
            print(type(job.schedule()).__name__, policy.name)
            print("  ", *job.next_runs(2), sep="  ")

# Output:
# DailyJobSchedule DEFAULT
#     2024-03-31 03:30:00+02:00  2024-04-01 02:30:00+02:00
# DailyJobSchedule SKIP
#     2024-04-01 02:30:00+02:00  2024-04-02 02:30:00+02:00
# DailyJobSchedule RUN_AFTER_TRANSITION
#     2024-03-31 03:30:00+02:00  2024-04-01 02:30:00+02:00
# CronJobSchedule DEFAULT
#     2024-04-01 02:30:00+02:00  2024-04-02 02:30:00+02:00
# CronJobSchedule SKIP
#     2024-04-01 02:30:00+02:00  2024-04-02 02:30:00+02:00
# CronJobSchedule RUN_AFTER_TRANSITION
#     2024-03-31 03:30:00+02:00  2024-04-01 02:30:00+02:00
