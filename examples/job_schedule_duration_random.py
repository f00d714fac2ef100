"""The schedule of a random duration job tells the least and the most of its time."""

from datetime import timedelta

import gocron_py as gocron

scheduler = gocron.new_scheduler()
job = scheduler.new_job(
    gocron.duration_random_job(timedelta(seconds=1), timedelta(seconds=5)), gocron.new_task(print, "work")
)

schedule = job.schedule()
if isinstance(schedule, gocron.DurationRandomJobSchedule):
    print(schedule.min)
    print(schedule.max)

# Output:
# 0:00:01
# 0:00:05
