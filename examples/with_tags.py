"""A job's tags: for remove_by_tags, and for what a monitor counts."""

from datetime import timedelta

import gocron_py as gocron

scheduler = gocron.new_scheduler()
job = scheduler.new_job(
    gocron.duration_job(timedelta(seconds=1)), gocron.new_task(print, "work"), gocron.with_tags("tag1", "tag2", "tag3")
)
print(job.tags())

# Output:
# ['tag1', 'tag2', 'tag3']
