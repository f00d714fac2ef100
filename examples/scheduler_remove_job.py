"""A job can be removed; its handle tells that it is gone."""

from datetime import timedelta

import gocron_py as gocron

scheduler = gocron.new_scheduler()
job = scheduler.new_job(gocron.duration_job(timedelta(seconds=1)), gocron.new_task(print, "work"))
print(len(scheduler.jobs()))

scheduler.remove_job(job.id())
print(len(scheduler.jobs()))

try:
    job.next_run()
except gocron.ErrJobNotFound as error:
    print(error)

# Output:
# 1
# 0
# gocron: job not found
