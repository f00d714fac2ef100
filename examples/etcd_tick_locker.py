"""Two instances that share an etcd, and each tick starts once. ETCD_URL says where it is: etcd://localhost:2379.

As it is said: etcd://user:password@host:port,host:port, and etcds:// with ?ca=, cert= and key= for TLS.
"""

import os
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

import gocron_py as gocron
from gocron_py.distributed.etcd import EtcdTickLocker

ticks: Counter[datetime] = Counter()
enough = threading.Event()


def report() -> None:
    ticks[gocron.current_run().tick.at] += 1
    if len(ticks) == 3:
        enough.set()


def instance(url: str) -> tuple[gocron.Scheduler, EtcdTickLocker]:
    # An instance that dies is known to be dead when its lease is over; its lease is kept alive by a thread.
    locker = EtcdTickLocker(url, on_crash="rerun", lease=timedelta(seconds=10))
    locker.instances()  # for the example: StoreDown says why, where there is no etcd
    scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
    every = gocron.duration_job(timedelta(seconds=1))
    # The name is the job's key in etcd: it has to stay the same from one version of the program to the next.
    scheduler.new_job(every, gocron.new_task(report), gocron.with_name(name))
    return scheduler, locker


name = f"report {time.time_ns()}"  # a name of this run only, for the example; yours is "report"
instances = [instance(os.environ.get("ETCD_URL", "etcd://localhost:2379")) for _ in range(2)]
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
