"""A job that runs whenever another one has succeeded: the listener of the one runs the other."""

import threading
from datetime import timedelta
from uuid import UUID

import gocron_py as gocron

done = threading.Event()
manual = gocron.duration_job(timedelta(days=365_000))  # it waits for run_now


def upload() -> None:
    print("2. uploading the backup")
    done.set()


with gocron.new_scheduler() as scheduler:
    uploading = scheduler.new_job(manual, gocron.new_task(upload))

    def then_upload(job_id: UUID, job_name: str) -> None:
        uploading.run_now()

    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_immediately()),
        gocron.new_task(print, "1. backing up"),
        gocron.with_event_listeners(gocron.after_job_runs(then_upload)),
    )
    done.wait()

# Output:
# 1. backing up
# 2. uploading the backup
