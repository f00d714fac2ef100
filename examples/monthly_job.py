"""A monthly job runs on days of the month, counted from its start or, negative, from its end."""

from datetime import UTC, datetime

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock(datetime(2024, 2, 1, 12, 0, tzinfo=UTC))
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    job = scheduler.new_job(
        gocron.monthly_job(
            1,
            gocron.new_days_of_the_month(3, -5, -1),
            gocron.new_at_times(gocron.new_at_time(10, 30, 0), gocron.new_at_time(11, 15, 0)),
        ),
        gocron.new_task(print, "work"),
    )
    print(*job.next_runs(8), sep="\n")

# Output:
# 2024-02-03 10:30:00+00:00
# 2024-02-03 11:15:00+00:00
# 2024-02-25 10:30:00+00:00
# 2024-02-25 11:15:00+00:00
# 2024-02-29 10:30:00+00:00
# 2024-02-29 11:15:00+00:00
# 2024-03-03 10:30:00+00:00
# 2024-03-03 11:15:00+00:00
