"""At most so many runs of all jobs at once; what comes beyond waits, or is dropped."""

import threading
from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock


class LimitMonitor(gocron.SchedulerMonitor):
    def concurrency_limit_reached(self, limit_type: str, job: gocron.Job) -> None:
        events.put(f"{job.name()} is over the {limit_type}")


def work(name: str) -> None:
    events.put(f"{name} runs")
    may_end.wait()


for mode in gocron.LimitMode:
    print(mode.name)
    clock, may_end = FakeClock(), threading.Event()
    events: SimpleQueue[str] = SimpleQueue()
    with gocron.new_scheduler(
        gocron.with_clock(clock),
        gocron.with_limit_concurrent_jobs(1, mode),
        gocron.with_scheduler_monitor(LimitMonitor()),
    ) as scheduler:
        hourly = gocron.duration_job(timedelta(hours=1))
        scheduler.new_job(hourly, gocron.new_task(work, "the first"), gocron.with_name("the first"))
        scheduler.new_job(hourly, gocron.new_task(work, "the second"), gocron.with_name("the second"))
        clock.advance(timedelta(hours=1))
        print(" ", *sorted([events.get(), events.get()]), sep="\n  ")
        may_end.set()
