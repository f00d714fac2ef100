"""A policy says what becomes of a job's ticks in a crash, an outage or a rush; here: of a run that takes too long."""

import threading
from datetime import timedelta
from queue import SimpleQueue
from uuid import UUID

import gocron_py as gocron
from gocron_py.distributed import TickEvent
from gocron_py.distributed.memory import MemoryTickLocker

events: SimpleQueue[str] = SimpleQueue()
done = threading.Event()


def report() -> None:
    events.put("the report begins")
    done.wait()


def refused(job_id: UUID, job_name: str, error: Exception) -> None:
    events.put(f"refused: {error}")


def happened(event: TickEvent) -> None:
    events.put(f"event: {event.kind.value}, {event.job_name}")


# For all jobs of the locker; a job says where it differs.
locker = MemoryTickLocker(on_event=happened, on_crash="rerun", catch_up="none")
with gocron.new_scheduler(gocron.with_distributed_locker(locker)) as scheduler:
    job = scheduler.new_job(
        gocron.duration_job(timedelta(days=1)),
        gocron.new_task(report),
        gocron.with_name("report of the day"),
        gocron.with_tick_policy(
            key="report",  # the job may be renamed, and stays the same job for all instances
            start_deadline=timedelta(milliseconds=50),  # a run waits so long for the one before
            overlap=False,
        ),
        gocron.with_event_listeners(gocron.after_lock_error(refused)),
    )
    job.run_now()
    print(events.get())
    job.run_now()
    print(events.get())
    print(events.get())
    done.set()
locker.close()

# Output:
# the report begins
# event: skipped, report
# refused: gocron: another run of the job is going on
