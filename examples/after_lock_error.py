"""A listener hears of each run that did not get its lock: another instance does it, or nobody could be asked."""

import threading
from uuid import UUID

import gocron_py as gocron


class TakenLocker:
    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        raise RuntimeError(f"{key} is locked by another instance")


heard = threading.Event()


def refused(job_id: UUID, job_name: str, error: Exception) -> None:
    print(f"{job_name} did not run: {error}")
    heard.set()


with gocron.new_scheduler() as scheduler:
    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_immediately()),
        gocron.new_task(print, "never printed"),
        gocron.with_name("backup"),
        gocron.with_distributed_job_locker(TakenLocker()),
        gocron.with_event_listeners(gocron.after_lock_error(refused)),
    )
    heard.wait()

# Output:
# backup did not run: backup is locked by another instance
