"""An iCalendar recurrence (RFC 5545) says when a job runs: as text, or as dateutil's objects. Not in Go."""

from datetime import UTC, datetime

from dateutil.rrule import FR, MONTHLY, rrule

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock(datetime(2024, 6, 15, 12, 0, tzinfo=UTC))
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    second_tuesdays = scheduler.new_job(
        gocron.rrule_job("FREQ=MONTHLY;BYDAY=2TU;BYHOUR=7;BYMINUTE=0;BYSECOND=0"), gocron.new_task(print, "work")
    )
    print(*second_tuesdays.next_runs(3), sep="\n")

    last_fridays = scheduler.new_job(
        gocron.rrule_job(rrule(MONTHLY, byweekday=FR(-1), dtstart=datetime(2024, 1, 1, 16, tzinfo=UTC), count=8)),
        gocron.new_task(print, "work"),
    )
    print("the last Fridays of eight months")
    print(*last_fridays.next_runs(10), sep="\n")

# Output:
# 2024-07-09 07:00:00+00:00
# 2024-08-13 07:00:00+00:00
# 2024-09-10 07:00:00+00:00
# the last Fridays of eight months
# 2024-06-28 16:00:00+00:00
# 2024-07-26 16:00:00+00:00
# 2024-08-30 16:00:00+00:00
