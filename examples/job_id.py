"""Each job has an id; it is random, unless with_identifier gives one."""

from datetime import timedelta
from uuid import UUID

import gocron_py as gocron

scheduler = gocron.new_scheduler()
job = scheduler.new_job(gocron.duration_job(timedelta(seconds=1)), gocron.new_task(print, "work"))
print(isinstance(job.id(), UUID))
print([found.id() for found in scheduler.jobs()] == [job.id()])

# Output:
# True
# True
