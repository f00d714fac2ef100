"""A weekly job runs on days of the week; with an interval of 2, in every other week."""

from datetime import UTC, datetime

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock(datetime(2024, 6, 12, 12, 0, 0, tzinfo=UTC))  # a Wednesday
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    job = scheduler.new_job(
        gocron.weekly_job(
            2,
            gocron.new_weekdays(gocron.Weekday.TUESDAY, gocron.Weekday.WEDNESDAY, gocron.Weekday.SATURDAY),
            gocron.new_at_times(gocron.new_at_time(1, 30, 0), gocron.new_at_time(12, 0, 30)),
        ),
        gocron.new_task(print, "work"),
    )
    for tick in job.next_runs(7):
        print(f"{tick:%a} {tick}")

# Output:
# Wed 2024-06-12 12:00:30+00:00
# Sat 2024-06-15 01:30:00+00:00
# Sat 2024-06-15 12:00:30+00:00
# Tue 2024-06-25 01:30:00+00:00
# Tue 2024-06-25 12:00:30+00:00
# Wed 2024-06-26 01:30:00+00:00
# Wed 2024-06-26 12:00:30+00:00
