"""The interval counts from the end of a run, so that there is always a full rest between two runs."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

INTERVAL = timedelta(minutes=5)


def show_runs(*options: gocron.JobOption) -> None:
    clock = FakeClock()
    runs: SimpleQueue[str] = SimpleQueue()

    def work() -> None:
        begun = clock.now().time()
        clock.advance(timedelta(seconds=30))  # that is how long it takes
        runs.put(f"{begun} to {clock.now().time()}")

    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
        job = scheduler.new_job(gocron.duration_job(INTERVAL), gocron.new_task(work), *options)
        clock.advance(INTERVAL)
        print("  first run:", runs.get())
        clock.block_until(1)
        print("  next run:", job.next_run())


print("from the tick, which is the default:")
show_runs()
print("from completion:")
show_runs(gocron.with_interval_from_completion())

# Output:
# from the tick, which is the default:
#   first run: 00:05:00 to 00:05:30
#   next run: 2024-01-01 00:10:00+00:00
# from completion:
#   first run: 00:05:00 to 00:05:30
#   next run: 2024-01-01 00:10:30+00:00
