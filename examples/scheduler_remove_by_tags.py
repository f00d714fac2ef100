"""Jobs that have one of some tags can be removed together."""

from datetime import timedelta

import gocron_py as gocron

scheduler = gocron.new_scheduler()
every_second = gocron.duration_job(timedelta(seconds=1))
scheduler.new_job(every_second, gocron.new_task(print, "work"), gocron.with_tags("tag1"))
scheduler.new_job(every_second, gocron.new_task(print, "work"), gocron.with_tags("tag2"))
print(len(scheduler.jobs()))

scheduler.remove_by_tags("tag1", "tag2")
print(len(scheduler.jobs()))

# Output:
# 2
# 0
