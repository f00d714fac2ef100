"""Two instances that share a Redis server start each tick once. REDIS_URL says where it is."""

import os
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

import gocron_py as gocron
from gocron_py.distributed.redis import RedisTickLocker

ticks: Counter[datetime] = Counter()
enough = threading.Event()


def report() -> None:
    ticks[gocron.current_run().tick.at] += 1
    if len(ticks) == 3:
        enough.set()


def instance(url: str) -> tuple[gocron.Scheduler, RedisTickLocker]:
    """What each process of a fleet does."""
    # min_replicas=1 where a failover must not forget a claim.
    locker = RedisTickLocker(url, on_crash="rerun", lease=timedelta(seconds=10))
    locker.instances()  # for the example: StoreDown says why, where there is no Redis
    scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
    every = gocron.duration_job(timedelta(seconds=0.5))
    # The name is the job's key on the server: it has to stay the same from one version of the program to the next.
    scheduler.new_job(every, gocron.new_task(report), gocron.with_name(name))
    return scheduler, locker


name = f"report {time.time_ns()}"  # a name of this run only, for the example; yours is "report"
instances = [instance(os.environ.get("REDIS_URL", "redis://localhost:6379/0")) for _ in range(2)]
for scheduler, _ in instances:
    scheduler.start()
enough.wait(30)
for scheduler, locker in instances:
    scheduler.shutdown()
    locker.close()

print("ticks that ran twice:", sum(count > 1 for count in ticks.values()))
print("three ticks ran:", len(ticks) >= 3)

# Output:
# ticks that ran twice: 0
# three ticks ran: True
