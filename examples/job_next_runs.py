"""A job knows as many of its next runs as are asked for."""

from datetime import time

import gocron_py as gocron
from gocron_py.testing import FakeClock

with gocron.new_scheduler(gocron.with_clock(FakeClock()), gocron.with_location("Europe/London")) as scheduler:
    job = scheduler.new_job(gocron.monthly_job(1, [-1], [time(17, 0)]), gocron.new_task(print, "pay day"))
    print(*job.next_runs(5), sep="\n")

# Output:
# 2024-01-31 17:00:00+00:00
# 2024-02-29 17:00:00+00:00
# 2024-03-31 17:00:00+01:00
# 2024-04-30 17:00:00+01:00
# 2024-05-31 17:00:00+01:00
