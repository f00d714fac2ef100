"""A Flask app under gunicorn: its workers share the jobs, and each tick runs in one of them.

    JOBS_DB=/var/lib/myapp/jobs.db gunicorn app:app        # with or without --preload

The scheduler is started by gunicorn.conf.py, in each worker once it is there; never where the module is
imported, which with --preload is the master, and in development the reloader too.
"""

import os
from datetime import timedelta

from flask import Flask

import gocron_py as gocron
from gocron_py.distributed.sqlite import SQLiteTickLocker

app = Flask(__name__)


@app.get("/")
def index() -> str:
    return f"worker {os.getpid()}\n"


def clean_up() -> None:
    """The job; here it writes down which tick ran where."""
    run = gocron.current_run()
    file = os.open(os.environ["RUNS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, f"{run.tick.at.timestamp():.3f} {os.getpid()}\n".encode())
    os.close(file)


def start_scheduler() -> gocron.Scheduler:
    """The scheduler of one worker. It ends with the worker."""
    locker = SQLiteTickLocker(os.environ["JOBS_DB"], start_deadline=timedelta(seconds=2))
    scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
    scheduler.new_job(
        gocron.duration_job(timedelta(seconds=0.5)),
        gocron.new_task(clean_up),
        gocron.with_name("clean up"),  # the key that the workers share
    )
    scheduler.start()
    return scheduler
