"""A lock per job in etcd, as Go instances of the same fleet take it. ETCD_URL says where it is: etcd://localhost:2379.

Here two schedulers want to run a job at the same moment: one of them does, the other one hears that it is locked.
"""

import os
import threading
import time
from datetime import timedelta
from uuid import UUID

import gocron_py as gocron
from gocron_py.distributed.etcd import EtcdLocker

began = threading.Event()
refused = threading.Event()
ran: list[str] = []


def work() -> None:
    ran.append("one of the two")
    began.set()
    refused.wait(10)


def note(job_id: UUID, job_name: str, error: Exception) -> None:
    print("the other one:", type(error).__name__)
    refused.set()


def instance(url: str) -> tuple[gocron.Scheduler, EtcdLocker]:
    # The key is "/gocron/locks/" and the job's name, as in gocron's guide; layout="mutex" is clientv3's Mutex.
    # The lock is kept for 10 seconds at least: longer than the clocks of instances differ.
    locker = EtcdLocker(url, ttl=timedelta(seconds=30), lock_at_least_for=timedelta(seconds=10))
    scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
    job = scheduler.new_job(
        gocron.duration_job(timedelta(hours=1)),
        gocron.new_task(work),
        gocron.with_name(name),
        gocron.with_event_listeners(gocron.after_lock_error(note)),
        gocron.with_start_at(gocron.with_start_immediately()),
    )
    assert job.name() == name
    return scheduler, locker


name = f"report {time.time_ns()}"  # a name of this run only, for the example; yours is "report"
instances = [instance(os.environ.get("ETCD_URL", "etcd://localhost:2379")) for _ in range(2)]
for scheduler, _ in instances:
    scheduler.start()
began.wait(10)
refused.wait(10)
for scheduler, locker in instances:
    scheduler.shutdown()
    locker.close()

if not ran:
    raise SystemExit("nobody ran it: there is no etcd at ETCD_URL")
print("ran:", *ran)

# Output:
# the other one: TickBusy
# ran: one of the two
