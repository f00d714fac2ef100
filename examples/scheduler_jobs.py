"""The scheduler lists its jobs."""

from datetime import timedelta

import gocron_py as gocron

scheduler = gocron.new_scheduler()
scheduler.new_job(gocron.duration_job(timedelta(seconds=10)), gocron.new_task(print, "work"))
print(len(scheduler.jobs()))

# Output:
# 1
