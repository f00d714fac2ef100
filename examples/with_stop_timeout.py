"""How long a shutdown waits for a job that does not listen."""

import threading
from datetime import timedelta

import gocron_py as gocron

begun, may_end = threading.Event(), threading.Event()


def stubborn() -> None:
    begun.set()
    may_end.wait()


scheduler = gocron.new_scheduler(gocron.with_stop_timeout(timedelta(seconds=0.1)))
scheduler.new_job(
    gocron.one_time_job(gocron.one_time_job_start_immediately()),
    gocron.new_task(stubborn),
    gocron.with_name("stubborn"),
)
scheduler.start()
begun.wait()
try:
    scheduler.shutdown()
except gocron.ErrStopJobsTimedOut as error:
    print(error, *error.__notes__, sep="\n")
may_end.set()

# Output:
# gocron: timed out waiting for jobs to finish
# still running: stubborn
