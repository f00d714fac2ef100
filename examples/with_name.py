"""A job's name: what listeners, monitors and logs call it, and the key of its lock."""

from datetime import timedelta

import gocron_py as gocron

scheduler = gocron.new_scheduler()
job = scheduler.new_job(
    gocron.duration_job(timedelta(seconds=1)), gocron.new_task(print, "one", 2), gocron.with_name("job 1")
)
print(job.name())

# Output:
# job 1
