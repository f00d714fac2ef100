"""The schedule of a weekly job tells its interval and its days."""

from datetime import time

import gocron_py as gocron

scheduler = gocron.new_scheduler()
job = scheduler.new_job(
    gocron.weekly_job(
        2,
        gocron.new_weekdays(gocron.Weekday.MONDAY, gocron.Weekday.WEDNESDAY, gocron.Weekday.FRIDAY),
        gocron.new_at_times(time(9, 0)),
    ),
    gocron.new_task(print, "work"),
)

schedule = job.schedule()
if isinstance(schedule, gocron.WeeklyJobSchedule):
    print(schedule.interval)
    print(*(day.name for day in schedule.days_of_week))

# Output:
# 2
# MONDAY WEDNESDAY FRIDAY
