"""A job gets an id that is known beforehand; one that is in use is refused."""

from datetime import timedelta
from uuid import UUID

import gocron_py as gocron

scheduler = gocron.new_scheduler()
every_second = gocron.duration_job(timedelta(seconds=1))
identifier = gocron.with_identifier(UUID("87b95dfc-3e71-11ef-9454-0242ac120002"))

job = scheduler.new_job(every_second, gocron.new_task(print, "one", 2), identifier)
print(job.id())

try:
    scheduler.new_job(every_second, gocron.new_task(print, "one", 2), identifier)
except gocron.ErrJobIdentifierInUse as error:
    print(error)

# Output:
# 87b95dfc-3e71-11ef-9454-0242ac120002
# gocron: WithIdentifier: identifier is in use by another job
