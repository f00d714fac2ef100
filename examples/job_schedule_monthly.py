"""The schedule of a monthly job tells its days from the start and from the end of the month apart."""

import gocron_py as gocron

scheduler = gocron.new_scheduler()
job = scheduler.new_job(
    gocron.monthly_job(
        1,
        gocron.new_days_of_the_month(3, -5, -1),
        gocron.new_at_times(gocron.new_at_time(10, 30, 0), gocron.new_at_time(11, 15, 0)),
    ),
    gocron.new_task(print, "work"),
)

schedule = job.schedule()
if isinstance(schedule, gocron.MonthlyJobSchedule):
    print(schedule.interval)
    print(schedule.days)
    print(schedule.days_from_end)

# Output:
# 1
# (3,)
# (-5, -1)
