"""Several schedulers of one process start each tick once; what several processes do can be tested so."""

from datetime import datetime, timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.distributed.memory import MemoryTickLocker

ran: SimpleQueue[datetime] = SimpleQueue()


def work() -> None:
    ran.put(gocron.current_run().tick.at)


locker = MemoryTickLocker()
instances = [gocron.new_scheduler(gocron.with_distributed_locker(locker)) for _ in range(3)]
for scheduler in instances:
    scheduler.new_job(
        gocron.duration_job(timedelta(seconds=0.2)),
        gocron.new_task(work),
        gocron.with_name("work"),
        gocron.with_tick_policy(start_deadline=timedelta(seconds=30)),
    )
    scheduler.start()
ticks = [ran.get() for _ in range(5)]
for scheduler in instances:
    scheduler.shutdown()
locker.close()
ticks += [ran.get() for _ in range(ran.qsize())]
print("no tick twice:", len(set(ticks)) == len(ticks))
print("whole fifths of a second:", all(tick.microsecond % 200_000 == 0 for tick in ticks))

# Output:
# no tick twice: True
# whole fifths of a second: True
