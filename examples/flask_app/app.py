"""A Flask application with jobs: each tick in one of its processes, however it is served.

JOBS_DB=/tmp/shop/jobs.db flask run --debug
JOBS_DB=/var/lib/shop/jobs.db gunicorn -w 4 app:app      # with or without --preload
flask gocron jobs
"""

import logging
import os
from datetime import timedelta

from flask import Flask, current_app

import gocron_py
from gocron_py.integrations.flask import GoCron

logging.basicConfig(level=logging.INFO, format="%(process)d %(name)s %(message)s")

app = Flask(__name__)
app.config["SHOP"] = "the corner shop"
app.config["GOCRON_LOCKER"] = os.environ.get("JOBS_DB", "jobs/jobs.db")  # what the processes share
app.config["GOCRON_POLICY"] = {"catch_up": "all"}  # what comes while all workers are replaced is run afterwards
app.config["GOCRON_LOCATION"] = "Europe/Berlin"

gocron = GoCron(app)


@gocron.job(gocron_py.cron_job("0 3 * * *"), name="nightly report")
def report() -> None:
    """In the night, once, whatever the number of workers."""
    current_app.logger.info("the report of %s", current_app.config["SHOP"])


@gocron.job(gocron_py.duration_job(timedelta(seconds=0.5)), name="clean up")
def clean_up() -> None:
    """Every half second, for all to see; it writes down which tick ran where."""
    run = gocron_py.current_run()
    note("RUNS_LOG", f"{run.tick.at.timestamp():.3f} {os.getpid()} {current_app.config['SHOP']}")


@app.get("/")
def index() -> str:
    return f"worker {os.getpid()}\n"


def note(variable: str, line: str) -> None:
    """Add a line to a file that processes share, if there is to be one."""
    if variable in os.environ:
        file = os.open(os.environ[variable], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, f"{line}\n".encode())
        os.close(file)


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "5000")), debug=True)
