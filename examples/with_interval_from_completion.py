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

    with gocron.new_scheduler(gocron.with_clock(clock)) as scheduler:
        job = scheduler.new_job(gocron.duration_job(INTERVAL), gocron.new_task(work), *options)
        clock.advance(INTERVAL)
        print("  first run", runs.get())
    print("  the second one is due at", job.history())


print("from the tick, which is the default:")
show_runs()
print("from completion:")
show_runs(gocron.with_interval_from_completion())

# Output:
# from the tick, which is the default:
#   first run 00:05:00 to 00:05:30
#   the second one is due at [RunRecord(scheduled=datetime.datetime(2023, 12, 31, 20, 35, tzinfo=zoneinfo.ZoneInfo(key='America/St_Johns')), started=datetime.datetime(2023, 12, 31, 20, 35, tzinfo=zoneinfo.ZoneInfo(key='America/St_Johns')), completed=datetime.datetime(2023, 12, 31, 20, 35, 30, tzinfo=zoneinfo.ZoneInfo(key='America/St_Johns')), outcome=<JobStatus.SUCCESS: 'success'>, error=None, attempt=1, fence=None)]
# from completion:
#   first run 00:05:00 to 00:05:30
#   the second one is due at [RunRecord(scheduled=datetime.datetime(2023, 12, 31, 20, 35, tzinfo=zoneinfo.ZoneInfo(key='America/St_Johns')), started=datetime.datetime(2023, 12, 31, 20, 35, tzinfo=zoneinfo.ZoneInfo(key='America/St_Johns')), completed=datetime.datetime(2023, 12, 31, 20, 35, 30, tzinfo=zoneinfo.ZoneInfo(key='America/St_Johns')), outcome=<JobStatus.SUCCESS: 'success'>, error=None, attempt=1, fence=None)]
