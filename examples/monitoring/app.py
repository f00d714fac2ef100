"""A web application with jobs, each tick once among its gunicorn workers, and one page of metrics for all of them.

export PROMETHEUS_MULTIPROC_DIR=$(mktemp -d)
gunicorn --config gunicorn.conf.py --workers 2 app:app
"""

import logging
import os
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, make_wsgi_app
from prometheus_client.multiprocess import MultiProcessCollector

import gocron_py as gocron
from gocron_py.distributed.sqlite import SQLiteTickLocker
from gocron_py.integrations.prometheus import PrometheusMonitor

logging.basicConfig(level=logging.INFO)
monitor = PrometheusMonitor()


def heartbeat() -> None:
    with open(os.environ.get("RUNS_LOG", os.devnull), "a") as log:
        log.write(f"{time.time():.3f} {os.getpid()}\n")


def report() -> None:
    raise ConnectionError("the mail server does not answer")


def start_scheduler() -> None:
    """Called in each worker: a scheduler does not outlive a fork."""
    scheduler = gocron.new_scheduler(
        gocron.with_scheduler_monitor(monitor),
        gocron.with_distributed_locker(SQLiteTickLocker(os.environ.get("JOBS_DB", "data/jobs.db"))),
    )
    every_half_second = gocron.duration_job(timedelta(seconds=0.5))
    scheduler.new_job(every_half_second, gocron.new_task(heartbeat), gocron.with_name("heartbeat"))
    scheduler.new_job(every_half_second, gocron.new_task(report), gocron.with_name("report"))
    scheduler.start()


def metrics() -> Callable[..., Iterable[bytes]]:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return make_wsgi_app(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return make_wsgi_app(registry)


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/metrics":
        return metrics()(environ, start_response)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"This is process %d.\n" % os.getpid()]
