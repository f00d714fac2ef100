"""The schedule of a daily job tells its interval and its times of day."""

import gocron_py as gocron

scheduler = gocron.new_scheduler()
job = scheduler.new_job(
    gocron.daily_job(1, gocron.new_at_times(gocron.new_at_time(10, 30, 0), gocron.new_at_time(14, 0, 0))),
    gocron.new_task(print, "work"),
)

schedule = job.schedule()
if isinstance(schedule, gocron.DailyJobSchedule):
    print(schedule.interval)
    print(*schedule.at_times)

# Output:
# 1
# 10:30:00 14:00:00
