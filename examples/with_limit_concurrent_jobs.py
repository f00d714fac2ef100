"""At most so many runs of all jobs at once; what comes beyond is dropped, or waits."""

import logging
import threading
from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

# What is dropped is a warning in the log; here it is what the example is about.
logging.getLogger("gocron_py").setLevel(logging.ERROR)

hourly = gocron.duration_job(timedelta(hours=1))


def work(name: str) -> None:
    work_begun.put(f"{name} runs")
    may_end.wait()


for mode in gocron.LimitMode:
    print(mode.name)
    clock, may_end = FakeClock(), threading.Event()
    work_begun: SimpleQueue[str] = SimpleQueue()
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_limit_concurrent_jobs(1, mode)) as scheduler:
        scheduler.new_job(hourly, gocron.new_task(work, "the first"))
        scheduler.new_job(hourly, gocron.new_task(work, "the second"))
        clock.advance(timedelta(hours=1))
        print("  ", work_begun.get())
        waiting = scheduler.jobs_waiting_in_queue()
        print("  ", waiting, "waiting")
        may_end.set()
        for _ in range(waiting):
            print("  ", work_begun.get())

# Output:
# RESCHEDULE
#    the first runs
#    0 waiting
# WAIT
#    the first runs
#    1 waiting
#    the second runs
