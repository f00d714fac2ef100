"""A job's listeners: several of a kind are called in the order in which they are given."""

from queue import SimpleQueue
from uuid import UUID

import gocron_py as gocron

events: SimpleQueue[str] = SimpleQueue()

with gocron.new_scheduler() as scheduler:

    def first(job_id: UUID, job_name: str) -> None:
        events.put(f"{job_name}: before the run, first listener")

    def second(job_id: UUID, job_name: str) -> None:
        events.put(f"{job_name}: before the run, second listener")

    def after(job_id: UUID, job_name: str) -> None:
        events.put(f"{job_name}: after the run")

    def failed(job_id: UUID, job_name: str, error: Exception) -> None:
        events.put(f"{job_name}: after the run, which failed: {error}")

    listeners = gocron.with_event_listeners(
        gocron.before_job_runs(first),
        gocron.before_job_runs(second),
        gocron.after_job_runs(after),
        gocron.after_job_runs_with_error(failed),
    )
    immediately = gocron.one_time_job(gocron.one_time_job_start_immediately())
    for number in "42", "forty-two":
        scheduler.new_job(immediately, gocron.new_task(int, number), gocron.with_name(f"read {number}"), listeners)
        for _ in range(3):
            print(events.get())

# Output:
# read 42: before the run, first listener
# read 42: before the run, second listener
# read 42: after the run
# read forty-two: before the run, first listener
# read forty-two: before the run, second listener
# read forty-two: after the run, which failed: invalid literal for int() with base 10: 'forty-two'
