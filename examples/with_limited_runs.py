"""A job that is removed after so many runs."""

import threading
from datetime import timedelta

import gocron_py as gocron

done = threading.Event()


def work(one: str, two: int) -> None:
    print(f"{one}, {two}")
    done.set()


with gocron.new_scheduler() as scheduler:
    scheduler.new_job(
        gocron.duration_job(timedelta(milliseconds=1)), gocron.new_task(work, "one", 2), gocron.with_limited_runs(1)
    )
    done.wait()
    scheduler.stop_jobs()
    print("no jobs in scheduler:", scheduler.jobs())

# Output:
# one, 2
# no jobs in scheduler: []
