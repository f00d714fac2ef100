"""A job tells whether its task is being executed at this moment."""

import threading

import gocron_py as gocron

begun, may_end = threading.Event(), threading.Event()


def work() -> None:
    begun.set()
    may_end.wait()


scheduler = gocron.new_scheduler()
job = scheduler.new_job(gocron.one_time_job(gocron.one_time_job_start_immediately()), gocron.new_task(work))
print("before the start:", job.is_running())
scheduler.start()
begun.wait()
print("in the task:", job.is_running())
may_end.set()
scheduler.stop_jobs()  # waits for it
print("after it:", job.is_running())

# Output:
# before the start: False
# in the task: True
# after it: False
