"""A job tells its tags."""

from datetime import timedelta

import gocron_py as gocron

scheduler = gocron.new_scheduler()
job = scheduler.new_job(
    gocron.duration_job(timedelta(seconds=1)), gocron.new_task(print, "work"), gocron.with_tags("foo", "bar")
)
print(job.tags())

# Output:
# ['foo', 'bar']
