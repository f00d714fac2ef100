"""A listener hears of each run that failed, and why."""

import threading
from uuid import UUID

import gocron_py as gocron

heard = threading.Event()


def back_up() -> None:
    raise OSError("disk full")


def alarm(job_id: UUID, job_name: str, error: Exception) -> None:
    print(f"{job_name} failed: {error!r}")
    heard.set()


with gocron.new_scheduler() as scheduler:
    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_immediately()),
        gocron.new_task(back_up),
        gocron.with_name("backup"),
        gocron.with_event_listeners(gocron.after_job_runs_with_error(alarm)),
    )
    heard.wait()

# Output:
# backup failed: OSError('disk full')
