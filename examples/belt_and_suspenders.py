"""An elector and a locker together: the elector is asked first, and only the leader asks for the lock."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

steps: SimpleQueue[str] = SimpleQueue()


class LeadingElector:
    def is_leader(self, ctx: gocron.Context) -> None:
        steps.put("elector: this instance leads")


class QuietLock:
    def unlock(self, ctx: gocron.Context) -> None:
        steps.put("locker: unlocked")


class QuietLocker:
    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        steps.put(f"locker: locked {key!r}")
        return QuietLock()


clock = FakeClock()
with gocron.new_scheduler(
    gocron.with_clock(clock),
    gocron.with_distributed_elector(LeadingElector()),
    gocron.with_distributed_locker(QuietLocker()),
) as scheduler:
    scheduler.new_job(
        gocron.duration_job(timedelta(hours=1)), gocron.new_task(steps.put, "the job runs"), gocron.with_name("backup")
    )
    clock.advance(timedelta(hours=1))
    for _ in range(4):
        print(steps.get())

# Output:
# elector: this instance leads
# locker: locked 'backup'
# the job runs
# locker: unlocked
