"""A run that failed is tried again at once, three times at most: the listener of the error runs the job again."""

import threading
from datetime import timedelta
from itertools import count
from uuid import UUID

import gocron_py as gocron

attempts = count(1)
done = threading.Event()


def fetch() -> None:
    attempt = next(attempts)
    if attempt < 3:
        raise ConnectionError(f"attempt {attempt}: no answer")
    print(f"attempt {attempt}: fetched")
    done.set()


with gocron.new_scheduler() as scheduler:

    def try_again(job_id: UUID, job_name: str, error: Exception) -> None:
        print(error)
        job.run_now()

    job = scheduler.new_job(
        gocron.duration_job(timedelta(hours=1)),
        gocron.new_task(fetch),
        gocron.with_limited_runs(3),
        gocron.with_event_listeners(gocron.after_job_runs_with_error(try_again)),
    )
    job.run_now()
    done.wait()

# Output:
# attempt 1: no answer
# attempt 2: no answer
# attempt 3: fetched
