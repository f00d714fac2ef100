"""A scheduler takes the time from the clock it is given."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
done: SimpleQueue[str] = SimpleQueue()


def work(one: str, two: int) -> None:
    done.put(f"{one}, {two}")


scheduler = gocron.new_scheduler(gocron.with_clock(clock))
scheduler.new_job(gocron.duration_job(timedelta(seconds=5)), gocron.new_task(work, "one", 2))
scheduler.start()
clock.block_until(1)
clock.advance(timedelta(seconds=5))
print(done.get())
scheduler.stop_jobs()

# Output:
# one, 2
