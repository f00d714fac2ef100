"""Two instances with a lock for each job in a database: one of them runs it. With DATABASE_URL: in that one."""

import os
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

import gocron_py as gocron
from gocron_py.distributed.sql import SQLLocker

begun, refused = threading.Event(), threading.Event()
runs: list[str] = []


def work(instance: str) -> None:
    runs.append(instance)
    begun.set()
    refused.wait(20)  # it goes on until the other instance has asked


def not_here(job_id: object, name: str, error: Exception) -> None:
    print("the other instance hears:", type(error).__name__)
    refused.set()


def start(instance: str, database: str) -> tuple[gocron.Scheduler, SQLLocker]:
    # A lock outlives an instance that dies by its time to live; while the task runs it is extended.
    locker = SQLLocker(database, ttl=timedelta(seconds=10))
    scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_immediately()),
        gocron.new_task(work, instance),
        gocron.with_name(name),
        gocron.with_event_listeners(gocron.after_lock_error(not_here)),
    )
    scheduler.start()
    return scheduler, locker


name = f"report {time.time_ns()}"  # a name of this run only, for the example; yours is "report"
with tempfile.TemporaryDirectory() as directory:
    url = os.environ.get("DATABASE_URL", f"sqlite:///{Path(directory) / 'jobs.db'}")
    first = start("first", url)
    begun.wait(20)
    second = start("second", url)
    refused.wait(20)
    for scheduler, locker in (first, second):
        scheduler.shutdown()
        locker.close()

print("run by:", *runs)

# Output:
# the other instance hears: TickBusy
# run by: first
