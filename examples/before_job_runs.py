"""A listener hears of each run before it begins."""

import threading
from uuid import UUID

import gocron_py as gocron

done = threading.Event()


def before(job_id: UUID, job_name: str) -> None:
    print(f"{job_name} begins")


def back_up() -> None:
    print("backing up")
    done.set()


with gocron.new_scheduler() as scheduler:
    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_immediately()),
        gocron.new_task(back_up),
        gocron.with_name("backup"),
        gocron.with_event_listeners(gocron.before_job_runs(before)),
    )
    done.wait()

# Output:
# backup begins
# backing up
