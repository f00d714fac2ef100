"""The schedule of a cron job tells its crontab."""

import gocron_py as gocron

scheduler = gocron.new_scheduler()
job = scheduler.new_job(gocron.cron_job("*/5 * * * *"), gocron.new_task(print, "work"))

schedule = job.schedule()
if isinstance(schedule, gocron.CronJobSchedule):
    print(schedule.crontab)

# Output:
# */5 * * * *
