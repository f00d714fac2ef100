"""A pause that waits for running jobs no longer than a context lives; here another thread cancels it."""

import threading

import gocron_py as gocron
from gocron_py import context

begun, may_end = threading.Event(), threading.Event()


def stubborn() -> None:
    begun.set()
    may_end.wait()


scheduler = gocron.new_scheduler()
scheduler.new_job(gocron.one_time_job(gocron.one_time_job_start_immediately()), gocron.new_task(stubborn))
scheduler.start()
begun.wait()

ctx, cancel = context.with_cancel(context.background())
impatient = threading.Timer(0.05, cancel)
impatient.start()
try:
    scheduler.stop_jobs_with_context(ctx)
except gocron.Canceled as error:
    print("gave up:", error)
finally:
    impatient.join()
    may_end.set()
scheduler.shutdown()

# Output:
# gave up: context canceled
