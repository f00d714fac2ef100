"""A job that begins at a moment that is far away."""

from datetime import UTC, datetime, timedelta

import gocron_py as gocron

start = datetime(9999, 9, 9, 9, 9, 9, 9, tzinfo=UTC)
with gocron.new_scheduler(gocron.with_location("UTC")) as scheduler:
    job = scheduler.new_job(
        gocron.duration_job(timedelta(seconds=1)),
        gocron.new_task(print, "one", 2),
        gocron.with_start_at(gocron.with_start_date_time(start)),
    )
    print(job.next_run())

# Output:
# 9999-09-09 09:09:09.000009+00:00
