"""A scheduler; as a context manager it starts on entry and shuts down on exit."""

from datetime import timedelta

import gocron_py as gocron

scheduler = gocron.new_scheduler(gocron.with_location("UTC"))
print(scheduler)
print(scheduler.jobs())

with scheduler:
    scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(print, "work"))
    print(scheduler)

print(scheduler)

# Output:
# <Scheduler stopped, 0 jobs, UTC>
# []
# <Scheduler started, 1 jobs, UTC>
# <Scheduler shut down, 0 jobs, UTC>
