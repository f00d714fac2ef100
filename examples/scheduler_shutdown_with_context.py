"""A shutdown that waits no longer than a context lives, for a job that does not listen."""

import threading
from datetime import timedelta

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

ctx, cancel = context.with_timeout(context.background(), timedelta(seconds=0.05))
try:
    scheduler.shutdown_with_context(ctx)
except gocron.DeadlineExceeded as error:
    print("gave up:", error)
finally:
    cancel()
    may_end.set()

# Output:
# gave up: context deadline exceeded
