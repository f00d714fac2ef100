"""A job that runs on every instance, whoever has the locks: its scheduler's locker is not asked."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock


class TakenLocker:
    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        events.put(f"{key}: refused")
        raise RuntimeError("another instance has it")


clock = FakeClock()
events: SimpleQueue[str] = SimpleQueue()
with gocron.new_scheduler(
    gocron.with_clock(clock), gocron.with_location("UTC"), gocron.with_distributed_locker(TakenLocker())
) as scheduler:
    scheduler.new_job(
        gocron.cron_job("0 * * * *"), gocron.new_task(events.put, "report: ran"), gocron.with_name("report")
    )
    scheduler.new_job(
        gocron.cron_job("30 * * * *"),
        gocron.new_task(events.put, "clean /tmp: ran"),
        gocron.with_name("clean /tmp"),
        gocron.with_disabled_distributed_job_locker(True),
    )
    for _ in range(4):
        clock.advance(timedelta(minutes=30))
        print(events.get())

# Output:
# clean /tmp: ran
# report: refused
# clean /tmp: ran
# report: refused
