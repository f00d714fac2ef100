"""A scheduler monitor hears all that a scheduler does."""

from datetime import datetime, timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

told: SimpleQueue[str] = SimpleQueue()


class Teller:
    """A ``gocron.SchedulerMonitor``; nothing has to be inherited."""

    def scheduler_started(self) -> None:
        told.put("scheduler started")

    def scheduler_stopped(self) -> None:
        told.put("scheduler stopped")

    def scheduler_shutdown(self) -> None:
        told.put("scheduler shut down")

    def job_registered(self, job: gocron.Job) -> None:
        told.put(f"{job.name()} registered")

    def job_unregistered(self, job: gocron.Job) -> None:
        told.put(f"{job.name()} unregistered")

    def job_started(self, job: gocron.Job) -> None:
        told.put(f"{job.name()} started")

    def job_running(self, job: gocron.Job) -> None:
        told.put(f"{job.name()} running")

    def job_failed(self, job: gocron.Job, error: Exception) -> None:
        told.put(f"{job.name()} failed: {error}")

    def job_completed(self, job: gocron.Job) -> None:
        told.put(f"{job.name()} completed")

    def job_execution_time(self, job: gocron.Job, duration: timedelta) -> None:
        told.put(f"{job.name()} took {duration}")

    def job_scheduling_delay(self, job: gocron.Job, scheduled_time: datetime, actual_start_time: datetime) -> None:
        told.put(f"{job.name()} was late by {actual_start_time - scheduled_time}")

    def concurrency_limit_reached(self, limit_type: str, job: gocron.Job) -> None:
        told.put(f"{job.name()} met the {limit_type} limit")


clock, work = FakeClock(), SimpleQueue[str]()
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_scheduler_monitor(Teller())) as scheduler:
    job = scheduler.new_job(
        gocron.duration_job(timedelta(hours=1)), gocron.new_task(work.put, "work"), gocron.with_name("backup")
    )
    clock.advance(timedelta(hours=1))
    work.get()
    scheduler.stop_jobs()  # waits for the run
    scheduler.remove_job(job.id())

while not told.empty():
    print(told.get())

# Output:
# scheduler started
# backup registered
# backup started
# backup was late by 0:00:00
# backup running
# backup completed
# backup took 0:00:00
# scheduler stopped
# backup unregistered
# scheduler stopped
# scheduler shut down
