"""Two instances that share a database, and each tick starts once. With DATABASE_URL: in that one, PostgreSQL say.

Without it the database is a SQLite file, through SQLAlchemy: what is the same everywhere can be seen without a server.
"""

import os
import tempfile
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy

import gocron_py as gocron
from gocron_py.distributed.sql import SQLTickLocker

ticks: Counter[datetime] = Counter()
enough = threading.Event()


def report() -> None:
    ticks[gocron.current_run().tick.at] += 1
    if len(ticks) == 3:
        enough.set()


def instance(database: sqlalchemy.Engine) -> tuple[gocron.Scheduler, SQLTickLocker]:
    # The engine is the program's own; the locker connects as it does, and leaves its pool alone.
    locker = SQLTickLocker(database)
    locker.instances()  # for the example: StoreDown says why, where there is no database
    scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
    every = gocron.duration_job(timedelta(seconds=1))
    # The name is the job's key in the database: it has to stay the same from one version of the program to the next.
    scheduler.new_job(every, gocron.new_task(report), gocron.with_name(name))
    return scheduler, locker


name = f"report {time.time_ns()}"  # a name of this run only, for the example; yours is "report"
with tempfile.TemporaryDirectory() as directory:
    url = os.environ.get("DATABASE_URL", f"sqlite:///{Path(directory) / 'jobs.db'}")
    engine = sqlalchemy.create_engine(url)
    instances = [instance(engine) for _ in range(2)]
    for scheduler, _ in instances:
        scheduler.start()
    enough.wait(30)
    for scheduler, locker in instances:
        scheduler.shutdown()
        locker.close()
    engine.dispose()

print("ticks that ran twice:", sum(count > 1 for count in ticks.values()))
print("three ticks ran:", len(ticks) >= 3)

# Output:
# ticks that ran twice: 0
# three ticks ran: True
