"""A listener hears of each run that succeeded."""

import threading
from uuid import UUID

import gocron_py as gocron

heard = threading.Event()


def after(job_id: UUID, job_name: str) -> None:
    print(f"{job_name} is done")
    heard.set()


with gocron.new_scheduler() as scheduler:
    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_immediately()),
        gocron.new_task(print, "backing up"),
        gocron.with_name("backup"),
        gocron.with_event_listeners(gocron.after_job_runs(after)),
    )
    heard.wait()

# Output:
# backing up
# backup is done
