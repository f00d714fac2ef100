"""A panic, SystemExit and the like end the run they happen in, and nothing else; a listener gets the value."""

import sys
from queue import SimpleQueue
from typing import Any
from uuid import UUID

import gocron_py as gocron

heard: SimpleQueue[str] = SimpleQueue()


def panicked(job_id: UUID, job_name: str, recover_data: Any) -> None:
    heard.put(f"panic: {recover_data!r}")


def failed(job_id: UUID, job_name: str, error: Exception) -> None:
    heard.put(f"then the error: {error}")


with gocron.new_scheduler() as scheduler:
    for task in gocron.new_task(gocron.panic, "no way out"), gocron.new_task(sys.exit, 1):
        scheduler.new_job(
            gocron.one_time_job(gocron.one_time_job_start_immediately()),
            task,
            gocron.with_event_listeners(
                gocron.after_job_runs_with_panic(panicked), gocron.after_job_runs_with_error(failed)
            ),
        )
        print(heard.get())
        print(heard.get())

# Output:
# panic: 'no way out'
# then the error: gocron: panic recovered from no way out
# panic: SystemExit(1)
# then the error: gocron: panic recovered from SystemExit: 1
