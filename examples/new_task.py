"""A task is a function and its arguments; a first parameter annotated Context gets the job's context."""

import threading

import gocron_py as gocron

begun = threading.Event()


def work(ctx: gocron.Context, name: str, *, steps: int) -> None:
    print(f"{name} begins")
    begun.set()
    for _ in range(steps):
        if ctx.wait(timeout=60):  # a pause that ends early when the scheduler stops
            print(f"{name} ends: {ctx.err()}")
            return


with gocron.new_scheduler() as scheduler:
    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_immediately()), gocron.new_task(work, "backup", steps=100)
    )
    begun.wait()

# Output:
# backup begins
# backup ends: context canceled
