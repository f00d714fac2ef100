"""A shutdown cancels the contexts of running jobs, waits for them, and is final."""

import threading

import gocron_py as gocron

begun = threading.Event()


def work(ctx: gocron.Context) -> None:
    begun.set()
    ctx.wait()
    print("the job ends:", ctx.err())


scheduler = gocron.new_scheduler()
scheduler.new_job(gocron.one_time_job(gocron.one_time_job_start_immediately()), gocron.new_task(work))
scheduler.start()
begun.wait()
scheduler.shutdown()
print("jobs:", scheduler.jobs())

try:
    scheduler.start()
except gocron.ErrSchedulerShutdown as error:
    print(error)

# Output:
# the job ends: context canceled
# jobs: []
# gocron: scheduler is shut down
