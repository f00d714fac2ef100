"""A daily job runs at times of day; with an interval of 2, on every other day."""

from datetime import UTC, datetime, time

import gocron_py as gocron
from gocron_py.testing import FakeClock


def work(a: str, b: str) -> None:
    print(a, b)


clock = FakeClock(datetime(2024, 6, 15, 12, 0, tzinfo=UTC))
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    job = scheduler.new_job(
        gocron.daily_job(1, gocron.new_at_times(gocron.new_at_time(10, 30, 0), gocron.new_at_time(14, 0, 0))),
        gocron.new_task(work, "a", "b"),
    )
    print(*job.next_runs(3), sep="\n")

    # datetime.time and any Python collection do as well.
    job = scheduler.new_job(gocron.daily_job(2, [time(10, 30)]), gocron.new_task(work, "a", "b"))
    print("every other day")
    print(*job.next_runs(3), sep="\n")

# Output:
# 2024-06-15 14:00:00+00:00
# 2024-06-16 10:30:00+00:00
# 2024-06-16 14:00:00+00:00
# every other day
# 2024-06-17 10:30:00+00:00
# 2024-06-19 10:30:00+00:00
# 2024-06-21 10:30:00+00:00
