"""One leader among the instances that share an etcd, Go's included. ETCD_URL says where it is: etcd://localhost:2379.

When the leader leaves, another one leads within two seconds.
"""

import os
import time
from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.distributed.etcd import EtcdElector

name = f"/gocron/elector/{time.time_ns()}"  # of this run only, for the example; yours is "/gocron/elector"
url = os.environ.get("ETCD_URL", "etcd://localhost:2379")

electors = [EtcdElector(url, name=name, ttl=timedelta(seconds=10)) for _ in range(2)]
schedulers = [gocron.new_scheduler(gocron.with_distributed_elector(elector)) for elector in electors]
ran: SimpleQueue[int] = SimpleQueue()
electors[0].is_leader(gocron.context.background())  # who asks first leads; NotLeader says why it does not
for number, scheduler in enumerate(schedulers):
    scheduler.new_job(
        gocron.duration_job(timedelta(seconds=0.2)),
        gocron.new_task(ran.put, number),
    )
    scheduler.start()

print("at first all runs are those of:", {ran.get() for _ in range(3)})

electors[0].close()
end = time.monotonic() + 10
while not electors[1].leads() and time.monotonic() < end:
    time.sleep(0.05)
print("then scheduler 1 leads:", electors[1].leads())

for scheduler in schedulers:
    scheduler.shutdown()
for elector in electors:
    elector.close()

# Output:
# at first all runs are those of: {0}
# then scheduler 1 leads: True
