"""Every task runs inside of a context manager of the program's own: a session that is closed when the run ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import gocron_py as gocron
from gocron_py.testing import wait_for_runs


@contextmanager
def session() -> Iterator[None]:
    print("session opened")
    try:
        yield
    finally:
        print("session closed")


def clean_up(table: str) -> None:
    print("cleaning up", table)


around_all = gocron.with_global_job_options(gocron.with_surroundings(session))
with gocron.new_scheduler(around_all) as scheduler:
    job = scheduler.new_job(gocron.duration_job(timedelta(days=1)), gocron.new_task(clean_up, "orders"))
    job.run_now()
    wait_for_runs(scheduler)

# Output:
# session opened
# cleaning up orders
# session closed
