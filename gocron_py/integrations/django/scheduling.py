"""The scheduler of this process, and what is around each run of a job."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.core import mail
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_started
from django.db import connections

from gocron_py.integrations import serving
from gocron_py.integrations.declared import ProcessScheduler, warn_without_locker
from gocron_py.integrations.django import conf, history
from gocron_py.integrations.django.declaring import declared
from gocron_py.integrations.django.requests import serve_requests
from gocron_py.job_options import with_surroundings
from gocron_py.options import with_global_job_options
from gocron_py.scheduler import Scheduler, new_scheduler


@cache
def process() -> ProcessScheduler:
    """The scheduler of each process, with all jobs that are declared.

    :raises ValidationError: the settings are wrong, or a job is wrong under them.
    """
    conf.check()
    options = conf.options()
    around = with_global_job_options(with_surroundings(_fresh_connections))

    def make() -> Scheduler:
        return new_scheduler(around, *options, history.RecordRuns(conf.history()))

    scheduler = ProcessScheduler(make)
    for definition, task, more in declared:
        scheduler.declare(definition, task, *more)
    return scheduler


@contextmanager
def _fresh_connections() -> Iterator[None]:
    """A job is no request: nobody else closes its connections. None stays: by the next run it may have died unseen.

    Nor may the thread ever come back, which alone could close it.
    """
    history.note_current_run()
    try:
        yield
    finally:
        connections.close_all()


def start() -> None:
    """Start the scheduler in this process, once."""
    jobs = process()
    if not jobs.start():
        return
    if serving.several_workers():
        warn_without_locker(jobs.scheduler, "LOCKER in GOCRON")
    threading.Thread(target=serve_requests, args=(jobs,), name="gocron-requests", daemon=True).start()


def start_with_first_request() -> None:
    """For servers that are not known: the first request that is not one of a test."""
    request_started.connect(_begin, dispatch_uid="gocron")


def _begin(sender: Any, **told: object) -> None:
    # In a test environment mail has an outbox; its client has a handler of its own.
    if isinstance(sender, type) and issubclass(sender, WSGIHandler | ASGIHandler) and not hasattr(mail, "outbox"):
        request_started.disconnect(dispatch_uid="gocron")
        serving.logging_errors(start)()
