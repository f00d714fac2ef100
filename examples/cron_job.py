"""A crontab says when a job runs: standard, with seconds, with a zone of its own, or in words."""

from datetime import UTC, datetime

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock(datetime(2024, 6, 15, 12, 0, tzinfo=UTC))
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    for definition in (
        gocron.cron_job("1 * * * *"),
        gocron.cron_job("*/20 1 * * * *", with_seconds=True),
        gocron.cron_job("TZ=Asia/Tokyo 30 9 * * 1-5"),
        gocron.cron_job("@every 1h30m"),
    ):
        job = scheduler.new_job(definition, gocron.new_task(print, "at work"))
        print(job.schedule())
        for tick in job.next_runs(3):
            print("  ", tick)

# Output:
# CronJobSchedule(crontab='1 * * * *')
#    2024-06-15 12:01:00+00:00
#    2024-06-15 13:01:00+00:00
#    2024-06-15 14:01:00+00:00
# CronJobSchedule(crontab='*/20 1 * * * *')
#    2024-06-15 12:01:00+00:00
#    2024-06-15 12:01:20+00:00
#    2024-06-15 12:01:40+00:00
# CronJobSchedule(crontab='TZ=Asia/Tokyo 30 9 * * 1-5')
#    2024-06-17 00:30:00+00:00
#    2024-06-18 00:30:00+00:00
#    2024-06-19 00:30:00+00:00
# CronJobSchedule(crontab='@every 1h30m')
#    2024-06-15 13:30:00+00:00
#    2024-06-15 15:00:00+00:00
#    2024-06-15 16:30:00+00:00
