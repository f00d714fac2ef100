"""The schedule of a one-time job tells the moments at which it runs."""

from datetime import UTC, datetime

import gocron_py as gocron

scheduler = gocron.new_scheduler(gocron.with_location("UTC"))
job = scheduler.new_job(
    gocron.one_time_job(
        gocron.one_time_job_start_date_times(
            datetime(2099, 5, 15, 12, tzinfo=UTC),
            datetime(2099, 6, 15, 12, tzinfo=UTC),
        )
    ),
    gocron.new_task(print, "work"),
)

schedule = job.schedule()
if isinstance(schedule, gocron.OneTimeJobSchedule):
    print(len(schedule.start_at))
    print(*schedule.start_at, sep="\n")

# Output:
# 2
# 2099-05-15 12:00:00+00:00
# 2099-06-15 12:00:00+00:00
