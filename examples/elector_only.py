"""An elector alone: one instance runs all jobs while it leads, and another one goes on when it resigns."""

import threading
from datetime import timedelta
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.distributed.memory import MemoryElector, MemoryStore
from gocron_py.testing import FakeClock, wait_for_runs

clock, store = FakeClock(), MemoryStore()
runs: SimpleQueue[str] = SimpleQueue()
schedulers, electors = {}, {}
second_leads = threading.Event()


def changed(leads: bool) -> None:
    if leads:
        second_leads.set()


for name in "first", "second":
    # On several machines: RedisElector, EtcdElector, KubernetesElector, SQLElector.
    electors[name] = MemoryElector(store, on_change=changed if name == "second" else None)
    schedulers[name] = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_distributed_elector(electors[name]))
    for job in "backup", "report":
        schedulers[name].new_job(
            gocron.cron_job("@hourly"),
            gocron.new_task(runs.put, f"{job} on the {name} instance"),
            gocron.with_name(job),
        )


def an_hour_later(*names: str) -> None:
    clock.advance(timedelta(hours=1))
    for name in names:
        wait_for_runs(schedulers[name])
    print(*sorted(runs.get() for _ in range(runs.qsize())), sep=", ")


schedulers["first"].start()
an_hour_later("first")  # it leads from its first tick on
schedulers["second"].start()
an_hour_later("first", "second")
schedulers["first"].shutdown()
electors["first"].close()  # resigns
second_leads.wait()
an_hour_later("second")
schedulers["second"].shutdown()
electors["second"].close()

# Output:
# backup on the first instance, report on the first instance
# backup on the first instance, report on the first instance
# backup on the second instance, report on the second instance
