"""The name given by ``with_name`` is the key that instances agree on, whatever becomes of the function behind it.

Without a name the key is the function's module and name. An instance that runs a newer version, in which the function
was renamed or moved, would then ask for another lock than the rest.
"""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock, wait_for_runs

keys: SimpleQueue[str] = SimpleQueue()


class OpenLock:
    def unlock(self, ctx: gocron.Context) -> None:
        pass


class NotingLocker:
    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        keys.put(key)
        return OpenLock()


def send_report() -> None: ...


def send_sales_report() -> None: ...  # the same in the next version, renamed


for version, task in ("old", send_report), ("new", send_sales_report):
    clock = FakeClock()
    options = gocron.with_clock(clock), gocron.with_distributed_locker(NotingLocker())
    with gocron.new_scheduler(*options) as scheduler:
        scheduler.new_job(gocron.cron_job("@hourly"), gocron.new_task(task), gocron.with_name("report"))
        clock.advance(timedelta(hours=1))
        wait_for_runs(scheduler)
    print(f"the {version} version asks for {keys.get()!r}")

# Output:
# the old version asks for 'report'
# the new version asks for 'report'
