"""Options for all jobs of a scheduler; a job's own options come after them."""

from datetime import timedelta

import gocron_py as gocron

scheduler = gocron.new_scheduler(gocron.with_global_job_options(gocron.with_tags("tag1", "tag2", "tag3")))
every_second = gocron.duration_job(timedelta(seconds=1))

job = scheduler.new_job(every_second, gocron.new_task(print, "one", 2))
print(job.tags())

job = scheduler.new_job(every_second, gocron.new_task(print, "one", 2), gocron.with_tags("tag4", "tag5", "tag6"))
print(job.tags())

# Output:
# ['tag1', 'tag2', 'tag3']
# ['tag4', 'tag5', 'tag6']
