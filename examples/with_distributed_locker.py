"""Of several instances the one that gets the lock runs the job; here the locks are in one process."""

import threading
from datetime import timedelta
from queue import SimpleQueue
from uuid import UUID

import gocron_py as gocron
from gocron_py.testing import FakeClock

clock = FakeClock()
events: SimpleQueue[str] = SimpleQueue()


class HeldLock:
    def unlock(self, ctx: gocron.Context) -> None:
        """It stays until the hour is over: no instance that comes late must run the job again."""


class HourlyLocker:
    """Gives each key once an hour."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.given: set[tuple[str, int]] = set()

    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        wanted = key, clock.now().hour
        with self.mutex:
            if wanted in self.given:
                raise RuntimeError(f"another instance has {key!r}")
            self.given.add(wanted)
        return HeldLock()


def refused(job_id: UUID, job_name: str, error: Exception) -> None:
    events.put(f"refused: {error}")


locker = HourlyLocker()
instances = [gocron.new_scheduler(gocron.with_clock(clock), gocron.with_distributed_locker(locker)) for _ in range(3)]
for scheduler in instances:
    scheduler.new_job(
        gocron.duration_job(timedelta(hours=1)),
        gocron.new_task(events.put, "ran"),
        gocron.with_name("backup"),  # the key of the lock
        gocron.with_event_listeners(gocron.after_lock_error(refused)),
    )
    scheduler.start()

for _ in range(2):
    clock.advance(timedelta(hours=1))
    print(clock.now().time(), *sorted(events.get() for _ in instances), sep="\n  ")
for scheduler in instances:
    scheduler.shutdown()

# Output:
# 01:00:00
#   ran
#   refused: another instance has 'backup'
#   refused: another instance has 'backup'
# 02:00:00
#   ran
#   refused: another instance has 'backup'
#   refused: another instance has 'backup'
