"""One of two instances leads and runs all jobs; when it ends, the other takes over. REDIS_URL says where Redis is."""

import os
import threading
import time
from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.distributed.redis import RedisElector
from gocron_py.testing import FakeClock, wait_for_runs

clock = FakeClock()
ran: SimpleQueue[str] = SimpleQueue()
second_leads = threading.Event()


def changed(leads: bool) -> None:
    if leads:
        second_leads.set()


url = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
election = f"leader {time.time_ns()}"  # a name of this run only, for the example
electors = {
    "first": RedisElector(url, name=election),
    "second": RedisElector(url, name=election, on_change=changed),
}
electors["first"].is_leader(gocron.context.background())  # NotLeader says why, if there is no Redis
print("first leads")
try:
    electors["second"].is_leader(gocron.context.background())
except gocron.NotLeader as error:
    print("second follows:", type(error).__name__)
instances = []
for name, elector in electors.items():
    scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_distributed_elector(elector))
    scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(ran.put, f"{name} runs"))
    scheduler.start()
    instances.append(scheduler)

clock.advance(timedelta(hours=1))
for scheduler in instances:
    wait_for_runs(scheduler)
print(ran.get(timeout=30))

electors["first"].close()  # it resigns; of one that is killed the lease has to run out, 15 s
second_leads.wait(30)
clock.advance(timedelta(hours=1))
print(ran.get(timeout=30))
for scheduler in instances:
    scheduler.shutdown()
electors["second"].close()

# Output:
# first leads
# second follows: NotLeader
# first runs
# second runs
