"""Each job keeps its last runs: when they were due, how they ended, how long they took."""

from datetime import timedelta
from queue import SimpleQueue
from uuid import UUID

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
ended: SimpleQueue[str] = SimpleQueue()


def back_up() -> None:
    clock.advance(timedelta(minutes=10))  # that is how long it takes
    if clock.now().hour == 2:
        raise OSError("disk full")


def on_success(job_id: UUID, job_name: str) -> None:
    ended.put("success")


def on_error(job_id: UUID, job_name: str, error: Exception) -> None:
    ended.put("failure")


with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    job = scheduler.new_job(
        gocron.cron_job("0 * * * *"),
        gocron.new_task(back_up),
        gocron.with_singleton_mode(gocron.LimitMode.WAIT),
        gocron.with_event_listeners(gocron.after_job_runs(on_success), gocron.after_job_runs_with_error(on_error)),
    )
    for _ in range(3):
        clock.set(clock.now().replace(minute=59))
        clock.advance(timedelta(minutes=1))
        ended.get()

for run in job.history():
    print(f"{run.scheduled:%H:%M} {run.outcome:8}took {run.duration}, {run.lateness} late, error: {run.error}")

# Output:
# 01:00 success took 0:10:00, 0:00:00 late, error: None
# 02:00 fail    took 0:10:00, 0:00:00 late, error: OSError: disk full
# 03:00 success took 0:10:00, 0:00:00 late, error: None
