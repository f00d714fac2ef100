"""A job gives its definition back as data: of one class for each kind of job."""

from datetime import timedelta

import gocron_py as gocron

scheduler = gocron.new_scheduler()
job = scheduler.new_job(gocron.duration_job(timedelta(seconds=5)), gocron.new_task(print, "work"))

schedule = job.schedule()
print(schedule.job_type())
if isinstance(schedule, gocron.DurationJobSchedule):
    print(schedule.duration)

match schedule:  # the other way to say it
    case gocron.DurationJobSchedule(duration):
        print("every", duration)
    case gocron.CronJobSchedule(crontab):
        print("by crontab", crontab)

# Output:
# JobType.DURATION
# 0:00:05
# every 0:00:05
