"""A job never runs twice at once: a tick that comes during a run is dropped, or waits."""

import threading
from datetime import datetime, timedelta
from queue import SimpleQueue
from uuid import UUID

import gocron_py as gocron
from gocron_py.testing import FakeClock


class DropMonitor:
    def increment_job(self, job_id: UUID, name: str, tags: list[str], status: gocron.JobStatus) -> None:
        if status is gocron.JobStatus.SINGLETON_RESCHEDULED:
            events.put("dropped")

    def record_job_timing(self, start: datetime, end: datetime, job_id: UUID, name: str, tags: list[str]) -> None:
        pass


def work() -> None:
    events.put("begins")
    may_end.acquire()


for mode in gocron.LimitMode:
    print(mode.name)
    clock, may_end = FakeClock(), threading.Semaphore(0)
    events: SimpleQueue[str] = SimpleQueue()
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_monitor(DropMonitor())) as scheduler:
        scheduler.new_job(
            gocron.duration_job(timedelta(seconds=1)), gocron.new_task(work), gocron.with_singleton_mode(mode)
        )
        clock.advance(timedelta(seconds=1))
        print("   first tick:", events.get())
        clock.advance(timedelta(seconds=1))  # the first run still goes on
        may_end.release(2)
        print("  second tick:", events.get())

# Output:
# RESCHEDULE
#    first tick: begins
#   second tick: dropped
# WAIT
#    first tick: begins
#   second tick: begins
