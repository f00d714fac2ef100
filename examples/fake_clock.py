"""A test of a schedule, with no waiting: the time stands still until the clock is moved."""

from datetime import UTC, datetime, time, timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock(datetime(2024, 2, 26, 12, 0, tzinfo=UTC))
runs: SimpleQueue[str] = SimpleQueue()
scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC"))
job = scheduler.new_job(gocron.daily_job(1, [time(9)]), gocron.new_task(runs.put, "good morning"))
scheduler.start()

# Each tick on the way happens at its own time.
for _ in range(4):
    clock.advance(timedelta(days=1))
    print(clock.now(), runs.get())

# A jump, as of a laptop that slept: one run, late; the others are missed.
clock.set(datetime(2024, 3, 15, 12, 0, tzinfo=UTC))
print(clock.now(), runs.get())

scheduler.shutdown()
print(runs.qsize(), "runs more")

# Output:
# 2024-02-27 12:00:00+00:00 good morning
# 2024-02-28 12:00:00+00:00 good morning
# 2024-02-29 12:00:00+00:00 good morning
# 2024-03-01 12:00:00+00:00 good morning
# 2024-03-15 12:00:00+00:00 good morning
# 0 runs more
