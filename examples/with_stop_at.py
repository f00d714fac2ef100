"""A job that is removed when its time is over."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
work: SimpleQueue[str] = SimpleQueue()
scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC"))
job = scheduler.new_job(
    gocron.duration_job(timedelta(hours=1)),
    gocron.new_task(work.put, "work"),
    gocron.with_stop_at(gocron.with_stop_date_time(clock.now() + timedelta(hours=2, minutes=30))),
)
scheduler.start()
print(*job.next_runs(10), sep="\n")

for _ in range(2):
    clock.advance(timedelta(hours=1))
    print(clock.now().time(), work.get())
scheduler.stop_jobs()  # waits for the run
print("jobs:", scheduler.jobs())

# Output:
# 2024-01-01 01:00:00+00:00
# 2024-01-01 02:00:00+00:00
# 01:00:00 work
# 02:00:00 work
# jobs: []
