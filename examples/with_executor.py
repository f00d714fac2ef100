"""The function runs in another process; schedule, listeners and limits stay here. For work that needs a processor."""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from uuid import UUID

import gocron_py as gocron


def compute(parent: int) -> None:
    print("in a process of its own:", os.getpid() != parent, flush=True)
    raise ArithmeticError(f"the sum is {sum(range(1000))}")


def main() -> None:
    heard = threading.Event()

    def failed(job_id: UUID, job_name: str, error: Exception) -> None:
        print("and its error is heard here:", error)
        heard.set()

    # Started anew ("spawn"), not forked: a process that has threads must not fork.
    with (
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor,
        gocron.new_scheduler(gocron.with_executor(executor)) as scheduler,
    ):
        scheduler.new_job(
            gocron.one_time_job(gocron.one_time_job_start_immediately()),
            gocron.new_task(compute, os.getpid()),
            gocron.with_event_listeners(gocron.after_job_runs_with_error(failed)),
        )
        heard.wait()


if __name__ == "__main__":
    main()

# Output:
# in a process of its own: True
# and its error is heard here: the sum is 499500
