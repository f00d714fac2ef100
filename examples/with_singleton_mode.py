"""A job never runs twice at once: a tick that comes during a run is dropped, or waits."""

import threading
from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock


class LimitMonitor(gocron.SchedulerMonitor):
    def concurrency_limit_reached(self, limit_type: str, job: gocron.Job) -> None:
        events.put("dropped")


def work() -> None:
    events.put("begins")
    may_end.acquire()


for mode in gocron.LimitMode:
    print(mode.name)
    clock, may_end = FakeClock(), threading.Semaphore(0)
    events: SimpleQueue[str] = SimpleQueue()
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_scheduler_monitor(LimitMonitor())) as scheduler:
        scheduler.new_job(
            gocron.duration_job(timedelta(seconds=1)), gocron.new_task(work), gocron.with_singleton_mode(mode)
        )
        clock.advance(timedelta(seconds=1))
        print("   first tick:", events.get())
        clock.advance(timedelta(seconds=1))
        may_end.release()
        print("  second tick:", events.get())
        may_end.release()

# Output:
# RESCHEDULE
#    first tick: begins
#   second tick: dropped
# WAIT
#    first tick: begins
#   second tick: begins
