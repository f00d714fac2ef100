"""One of several instances leads and runs all jobs; when it ends, another takes over at once."""

import tempfile
import threading
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.distributed.sqlite import SQLiteElector
from gocron_py.testing import FakeClock, wait_for_runs

clock = FakeClock()
ran: SimpleQueue[str] = SimpleQueue()
second_leads = threading.Event()


def changed(leads: bool) -> None:
    if leads:
        second_leads.set()


with tempfile.TemporaryDirectory() as directory:
    file = Path(directory) / "jobs.db"
    electors = {"first": SQLiteElector(file), "second": SQLiteElector(file, on_change=changed)}
    instances = []
    for name, elector in electors.items():
        scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_distributed_elector(elector))
        scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(ran.put, f"{name} runs"))
        scheduler.start()
        try:
            elector.is_leader(gocron.context.background())
            print(name, "leads")
        except gocron.NotLeader as error:
            print(name, "follows:", type(error).__name__)
        instances.append(scheduler)

    for _ in range(2):
        clock.advance(timedelta(hours=1))
        for scheduler in instances:
            wait_for_runs(scheduler)
        print(ran.get())

    electors["first"].close()  # it resigns; a process that is killed is found dead as fast
    second_leads.wait()
    clock.advance(timedelta(hours=1))
    print(ran.get())
    for scheduler in instances:
        scheduler.shutdown()
    electors["second"].close()

# Output:
# first leads
# second follows: NotLeader
# first runs
# first runs
# second runs
