"""Of several instances the one that leads runs the jobs; an elector says whether this is the one."""

from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.testing import FakeClock

leader = "node 1"
clock = FakeClock()
asked: SimpleQueue[str] = SimpleQueue()
work: SimpleQueue[str] = SimpleQueue()


class Election:
    def __init__(self, node: str) -> None:
        self.node = node

    def is_leader(self, ctx: gocron.Context) -> None:
        leads = leader == self.node
        asked.put(self.node)
        if not leads:
            raise RuntimeError(f"{leader} leads")


def start_node(node: str) -> gocron.Scheduler:
    scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_distributed_elector(Election(node)))
    scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(work.put, f"work on {node}"))
    scheduler.start()
    return scheduler


nodes = [start_node("node 1"), start_node("node 2")]
for elected in "node 1", "node 2", "node 1":
    leader = elected
    clock.advance(timedelta(hours=1))
    print(sorted([asked.get(), asked.get()]), "were asked:", work.get())
for scheduler in nodes:
    scheduler.shutdown()
print(work.qsize(), "runs more")

# Output:
# ['node 1', 'node 2'] were asked: work on node 1
# ['node 1', 'node 2'] were asked: work on node 2
# ['node 1', 'node 2'] were asked: work on node 1
# 0 runs more
