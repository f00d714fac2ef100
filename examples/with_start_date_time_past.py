"""A schedule that goes on from a start in the past: after a restart a program runs in the phase it had before."""

from datetime import UTC, datetime, timedelta

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock(datetime(2024, 6, 15, 12, 0, tzinfo=UTC))
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    job = scheduler.new_job(
        gocron.duration_job(timedelta(minutes=7)),
        gocron.new_task(print, "work"),
        gocron.with_start_at(gocron.with_start_date_time_past(datetime(2024, 6, 15, 11, 30, tzinfo=UTC))),
    )
    print(*job.next_runs(3), sep="\n")

# Output:
# 2024-06-15 12:05:00+00:00
# 2024-06-15 12:12:00+00:00
# 2024-06-15 12:19:00+00:00
