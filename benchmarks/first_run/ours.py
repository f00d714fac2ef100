"""The smallest program with gocron_py: one job, due at once."""

import os
import time
from datetime import timedelta

import gocron_py as gocron


def task() -> None:
    print(time.time(), flush=True)
    os._exit(0)


scheduler = gocron.new_scheduler(gocron.with_location("UTC"))
scheduler.new_job(
    gocron.duration_job(timedelta(hours=1)),
    gocron.new_task(task),
    gocron.with_start_at(gocron.with_start_immediately()),
)
scheduler.start()
time.sleep(10)
