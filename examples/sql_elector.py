"""One of several instances leads and runs all jobs, by a row in a database. With DATABASE_URL: in that one."""

import os
import tempfile
import threading
import time
from pathlib import Path

import gocron_py as gocron
from gocron_py.distributed.sql import SQLElector

second_leads = threading.Event()


def changed(leads: bool) -> None:
    if leads:
        second_leads.set()


def ask(name: str, elector: SQLElector) -> None:
    try:
        elector.is_leader(gocron.context.background())
        print(name, "leads")
    except gocron.NotLeader:
        print(name, "follows")


election = f"shop {time.time_ns()}"  # a name of this run only, for the example; yours is "shop"
with tempfile.TemporaryDirectory() as directory:
    url = os.environ.get("DATABASE_URL", f"sqlite:///{Path(directory) / 'jobs.db'}")
    first = SQLElector(url, name=election)
    second = SQLElector(url, name=election, on_change=changed)
    # A scheduler asks it before each run: new_scheduler(with_distributed_elector(first)).
    ask("first", first)
    ask("second", second)
    first.close()  # it resigns; of one that dies the lease runs out first, after 15 s
    second_leads.wait(20)
    ask("second", second)
    second.close()

# Output:
# first leads
# second follows
# second leads
