"""A job is a definition (when), a task (what) and options; wrong ones are refused, and nothing is changed."""

from datetime import timedelta

import gocron_py as gocron

scheduler = gocron.new_scheduler()
job = scheduler.new_job(
    gocron.duration_job(timedelta(seconds=10)), gocron.new_task(print, "work"), gocron.with_name("worker")
)
print(job.name())

try:
    scheduler.new_job(gocron.duration_job(timedelta(0)), gocron.new_task(print, "work"))
except gocron.ErrDurationJobIntervalZero as error:
    print(error)
print(len(scheduler.jobs()))

# Output:
# worker
# gocron: DurationJob: time interval is 0
# 1
