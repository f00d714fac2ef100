"""A job knows when its task last ended."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
done: SimpleQueue[str] = SimpleQueue()


def work() -> None:
    clock.advance(timedelta(minutes=20))  # that is how long it takes
    done.put("done")


with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    job = scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(work))
    print("completed:", job.last_run_completed_at())
    clock.advance(timedelta(hours=1))
    done.get()
    scheduler.stop_jobs()
    print("started:  ", job.last_run_started_at())
    print("completed:", job.last_run_completed_at())

# Output:
# completed: None
# started:   2024-01-01 01:00:00+00:00
# completed: 2024-01-01 01:20:00+00:00
