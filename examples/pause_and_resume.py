"""A job is paused and goes on; what came meanwhile is skipped, and the history says why."""

from datetime import UTC, datetime, timedelta

import gocron_py as gocron
from gocron_py.testing import FakeClock, wait_for_runs

clock = FakeClock(datetime(2024, 1, 1, tzinfo=UTC))
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    hourly = scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(lambda: None))

    hourly.pause()
    clock.advance(timedelta(hours=2))
    wait_for_runs(scheduler)
    hourly.run_now()  # an explicit wish is no tick
    wait_for_runs(scheduler)
    hourly.resume()
    clock.advance(timedelta(hours=1))
    wait_for_runs(scheduler)

    for run in hourly.history():
        print(f"{run.scheduled:%H:%M} {run.outcome} {run.error or ''}".strip())

    # All jobs at once; with a tick locker, those of all schedulers that share its store.
    scheduler.pause()
    print("paused:", scheduler.is_paused())
    scheduler.resume()
    print("paused:", scheduler.is_paused())

# Output:
# 01:00 skip paused
# 02:00 skip paused
# 02:00 success
# 03:00 success
# paused: True
# paused: False
