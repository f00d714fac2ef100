"""A crontab language of one's own: two methods, one that checks and one that finds the next time."""

from datetime import UTC, datetime, timedelta, tzinfo

import gocron_py as gocron
from gocron_py.testing import FakeClock


class EveryNthMinute:
    """Reads ``every 7 minutes``."""

    step = timedelta()

    def is_valid(self, crontab: str, location: tzinfo, now: datetime) -> None:
        words = crontab.split()
        if len(words) != 3 or words[0] != "every" or not words[1].isdecimal() or words[2] != "minutes":
            raise ValueError(f"{crontab!r} is not of the kind 'every 7 minutes'")
        self.step = timedelta(minutes=int(words[1]))

    def next(self, last_run: datetime) -> datetime:
        return last_run + self.step


clock = FakeClock(datetime(2024, 6, 15, 12, 0, tzinfo=UTC))
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    job = scheduler.new_job(
        gocron.cron_job("every 7 minutes"),
        gocron.new_task(print, "work"),
        gocron.with_cron_implementation(EveryNthMinute()),
    )
    print(*job.next_runs(3), sep="\n")

# Output:
# 2024-06-15 12:07:00+00:00
# 2024-06-15 12:14:00+00:00
# 2024-06-15 12:21:00+00:00
