"""A listener that raises keeps a run from happening."""

from datetime import timedelta
from queue import SimpleQueue
from uuid import UUID

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
events: SimpleQueue[str] = SimpleQueue()


def allow(job_id: UUID, job_name: str) -> None:
    if clock.now().hour < 3:
        events.put("skipped: too early")
        raise RuntimeError("too early")


with gocron.new_scheduler(gocron.with_clock(clock)) as scheduler:
    scheduler.new_job(
        gocron.duration_job(timedelta(hours=1)),
        gocron.new_task(events.put, "ran"),
        gocron.with_event_listeners(gocron.before_job_runs_skip_if_before_func_errors(allow)),
    )
    for _ in range(3):
        clock.advance(timedelta(hours=1))
        print(clock.now().time(), events.get())

# Output:
# 01:00:00 skipped: too early
# 02:00:00 skipped: too early
# 03:00:00 ran
