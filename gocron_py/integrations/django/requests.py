"""Jobs that somebody wants to run now. Who asks may be in a process without a scheduler, so the database carries it."""

from __future__ import annotations

import logging

from django.db import connections

from gocron_py.errors import GocronError
from gocron_py.integrations.declared import ProcessScheduler
from gocron_py.integrations.django import conf

LOOK = 2.0
"""How often, in seconds, a process with a scheduler looks for them."""

_logger = logging.getLogger("gocron_py")


def request_run(job: str, by: str) -> None:
    """Have the job run now, in some process with a scheduler."""
    from gocron_py.integrations.django.models import RunRequest

    RunRequest._default_manager.using(conf.database()).create(job=job, by=by[:255])


def serve_requests(jobs: ProcessScheduler) -> None:
    """On a thread of its own, until the scheduler is shut down."""
    scheduler = jobs.scheduler
    was_down = False
    while not scheduler.wait(LOOK):
        try:
            _serve(jobs)
            was_down = False
        except Exception as error:
            if not was_down:  # once, however long it lasts
                _logger.warning("gocron: requests to run jobs cannot be looked for: %s", error)
            was_down = True
        finally:
            connections.close_all()


def _serve(jobs: ProcessScheduler) -> None:
    from gocron_py.integrations.django.models import RunRequest

    requests = RunRequest._default_manager.using(conf.database())
    for request in requests.order_by("pk")[:100]:
        # Of several processes the one that has deleted it has it.
        if requests.filter(pk=request.pk).delete()[0]:
            _run(jobs, request.job, request.by)


def _run(jobs: ProcessScheduler, name: str, by: str) -> None:
    for job in jobs.jobs():
        if job.name() == name:
            try:
                job.run_now()
                _logger.info("gocron: %r runs now, as %r wanted", name, by)
            except GocronError as error:
                _logger.warning("gocron: %r does not run now, as %r wanted: %s", name, by, error)
            return
    _logger.warning("gocron: there is no job %r, which %r wanted to run now", name, by)
