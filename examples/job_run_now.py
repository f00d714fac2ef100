"""A job can be run once more at once; its schedule stays as it is."""

from datetime import UTC, datetime
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock(datetime(2024, 6, 15, 12, 0, tzinfo=UTC))
work: SimpleQueue[str] = SimpleQueue()

with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
    job = scheduler.new_job(
        gocron.monthly_job(
            1,
            gocron.new_days_of_the_month(3, -5, -1),
            gocron.new_at_times(gocron.new_at_time(10, 30, 0), gocron.new_at_time(11, 15, 0)),
        ),
        gocron.new_task(work.put, "work"),
    )
    print("next run:", job.next_run())
    job.run_now()
    print(clock.now(), work.get())
    print("next run:", job.next_run())

# Output:
# next run: 2024-06-26 10:30:00+00:00
# 2024-06-15 12:00:00+00:00 work
# next run: 2024-06-26 10:30:00+00:00
