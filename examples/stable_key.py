"""The name is the key: two versions of a program call the function differently, and share the job."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.distributed.memory import MemoryTickLocker
from gocron_py.testing import FakeClock, wait_for_runs

clock = FakeClock()
locker = MemoryTickLocker(clock=clock)
ran: SimpleQueue[str] = SimpleQueue()


def clean_up() -> None:
    ran.put("clean_up of the old version")


def remove_old_files() -> None:
    ran.put("remove_old_files of the new version")


def deploy(function: gocron.Task, *options: gocron.JobOption) -> gocron.Scheduler:
    scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_distributed_locker(locker))
    scheduler.new_job(gocron.cron_job("0 * * * *"), function, *options)
    scheduler.start()
    return scheduler


old = deploy(gocron.new_task(clean_up), gocron.with_name("clean up"))
new = deploy(gocron.new_task(remove_old_files), gocron.with_name("clean up"))
# A later version wants another name, in logs and metrics; the key stays, and with it the job.
newest = deploy(gocron.new_task(remove_old_files), gocron.with_name("tidy"), gocron.with_tick_policy(key="clean up"))

for _ in range(4):
    clock.advance(timedelta(hours=1))
    for scheduler in (old, new, newest):
        wait_for_runs(scheduler)
    print("runs of this tick:", ran.qsize())
    while not ran.empty():
        ran.get()

for scheduler in (old, new, newest):
    scheduler.shutdown()
locker.close()

# Output:
# runs of this tick: 1
# runs of this tick: 1
# runs of this tick: 1
# runs of this tick: 1
