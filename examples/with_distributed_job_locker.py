"""A job asks a locker of its own in place of the scheduler's."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock


class OpenLock:
    def unlock(self, ctx: gocron.Context) -> None:
        pass


class NamedLocker:
    def __init__(self, name: str) -> None:
        self.name = name

    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        asked.put(f"{key} asks {self.name}")
        return OpenLock()


clock = FakeClock()
asked: SimpleQueue[str] = SimpleQueue()
with gocron.new_scheduler(
    gocron.with_clock(clock),
    gocron.with_location("UTC"),
    gocron.with_distributed_locker(NamedLocker("the scheduler's locker")),
) as scheduler:
    scheduler.new_job(gocron.cron_job("0 * * * *"), gocron.new_task(int), gocron.with_name("report"))
    scheduler.new_job(
        gocron.cron_job("30 * * * *"),
        gocron.new_task(int),
        gocron.with_name("backup"),
        gocron.with_distributed_job_locker(NamedLocker("its own")),
    )
    for _ in range(2):
        clock.advance(timedelta(minutes=30))
        print(asked.get())

# Output:
# backup asks its own
# report asks the scheduler's locker
