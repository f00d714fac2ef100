"""How many of its last runs a job keeps."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
work: SimpleQueue[str] = SimpleQueue()

with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    job = scheduler.new_job(
        gocron.duration_job(timedelta(hours=1)),
        gocron.new_task(work.put, "work"),
        gocron.with_singleton_mode(gocron.LimitMode.WAIT),
        gocron.with_history_size(2),
    )
    for _ in range(5):
        clock.advance(timedelta(hours=1))
        work.get()

for run in job.history():
    print(run.scheduled, run.outcome)

# Output:
# 2024-01-01 04:00:00+00:00 success
# 2024-01-01 05:00:00+00:00 success
