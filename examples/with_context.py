"""A job's context is a child of the one that it is given: it has its values, and ends with it."""

import threading

import gocron_py as gocron
from gocron_py import context

begun = threading.Event()


def work(ctx: gocron.Context) -> None:
    print("working for", ctx.value("tenant"))
    begun.set()
    ctx.wait()
    print("ended:", ctx.err())


ctx, cancel = context.with_cancel(context.with_value(context.background(), "tenant", "acme"))
with gocron.new_scheduler() as scheduler:
    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_immediately()), gocron.new_task(work), gocron.with_context(ctx)
    )
    begun.wait()
    cancel()

# Output:
# working for acme
# ended: context canceled
