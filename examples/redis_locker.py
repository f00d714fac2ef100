"""A lock per job on a Redis server, as Go instances of gocron have it. REDIS_URL says where it is.

With several servers that know nothing of each other: ``RedisLocker(nodes=[...])``.
"""

import os
import threading
import time
from datetime import timedelta

import gocron_py as gocron
from gocron_py.distributed.redis import RedisLocker

running: list[str] = []
ran: set[str] = set()
most_at_once = 0
refused = threading.Event()
done = threading.Event()


def work(instance: str) -> None:
    global most_at_once
    running.append(instance)
    most_at_once = max(most_at_once, len(running))
    refused.wait(20)  # until the other instance has found the lock taken
    running.remove(instance)
    ran.add(instance)
    done.set()


url = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
name = f"work {time.time_ns()}"  # a name of this run only, for the example; yours is "work"
instances = []
for label in "first", "second":
    # Go's gocron-redis-lock has no prefix: prefix="". The time is longer than the clocks of the instances differ.
    locker = RedisLocker(url, ttl=timedelta(seconds=10), lock_at_least_for=timedelta(seconds=2))
    scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_immediately()),
        gocron.new_task(work, label),
        gocron.with_name(name),
        gocron.with_event_listeners(gocron.after_lock_error(lambda _id, _name, _error: refused.set())),
    )
    instances.append((scheduler, locker))

for scheduler, _ in instances:
    scheduler.start()
done.wait(30)
for scheduler, locker in instances:
    scheduler.shutdown()
    locker.close()

if not ran:
    raise SystemExit("nobody ran it: there is no Redis at REDIS_URL")
print("instances that ran it:", len(ran))
print("most at once:", most_at_once)

# Output:
# instances that ran it: 1
# most at once: 1
