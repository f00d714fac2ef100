"""A locker of one's own learns from its context which tick it is asked about, and gives each tick to one instance."""

import threading
from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
ran: SimpleQueue[str] = SimpleQueue()


class Kept:
    def unlock(self, ctx: gocron.Context) -> None:
        """The tick has been given away for good."""


class OncePerTick:
    """As the shipped tick lockers do it, but with none of their care: it forgets nothing, and lives in one process."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.given: set[gocron.Tick] = set()

    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        tick = gocron.tick_from(ctx)
        assert tick is not None
        with self.mutex:
            if tick in self.given:
                raise RuntimeError(f"{tick.job_name} of {tick.at:%H:%M} is taken")
            self.given.add(tick)
        return Kept()


def backup() -> None:
    tick = gocron.current_run().tick
    ran.put(f"{tick.job_name} of {tick.at:%H:%M}, {tick.kind.value}")


locker = OncePerTick()
options = gocron.with_clock(clock), gocron.with_location("UTC"), gocron.with_distributed_locker(locker)
instances = [gocron.new_scheduler(*options) for _ in range(3)]
for scheduler in instances:
    scheduler.new_job(gocron.cron_job("0 * * * *"), gocron.new_task(backup), gocron.with_name("backup"))
    scheduler.start()
for _ in range(2):
    clock.advance(timedelta(hours=1))
    print(ran.get())
for scheduler in instances:
    scheduler.shutdown()
print("more than that:", ran.qsize())

# Output:
# backup of 01:00, grid
# backup of 02:00, grid
# more than that: 0
