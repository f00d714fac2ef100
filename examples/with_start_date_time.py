"""A job's first run is at a given time, whatever its definition says; from there on the schedule counts."""

from datetime import UTC, datetime, timedelta

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock(datetime(2024, 6, 15, 12, 0, tzinfo=UTC))
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    for definition in gocron.duration_job(timedelta(hours=1)), gocron.cron_job("0 9 * * *"):
        job = scheduler.new_job(
            definition,
            gocron.new_task(print, "work"),
            gocron.with_start_at(gocron.with_start_date_time(datetime(2024, 7, 1, 8, 15, tzinfo=UTC))),
        )
        print(*job.next_runs(3), sep="\n")

# Output:
# 2024-07-01 08:15:00+00:00
# 2024-07-01 09:15:00+00:00
# 2024-07-01 10:15:00+00:00
# 2024-07-01 08:15:00+00:00
# 2024-07-01 09:00:00+00:00
# 2024-07-02 09:00:00+00:00
