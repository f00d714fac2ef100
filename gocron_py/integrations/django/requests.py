"""Jobs that somebody wants to run now. Who asks may be in a process without a scheduler, so the database carries it."""

from __future__ import annotations

import logging
import time
from typing import final

from django.db import connections

from gocron_py.errors import GocronError
from gocron_py.integrations.declared import ProcessScheduler
from gocron_py.integrations.django import conf, tables

LOOK = 2.0
"""How often, in seconds, a process with a scheduler looks for them."""

AGAIN = 60.0
"""How often, in seconds, a process says that tables are missing."""

_logger = logging.getLogger("gocron_py")


def request_run(job: str, by: str) -> None:
    """Have the job run now, in some process with a scheduler."""
    from gocron_py.integrations.django.models import RunRequest

    RunRequest._default_manager.using(conf.database()).create(job=job, by=by[:255])


def serve_requests(jobs: ProcessScheduler) -> None:
    """On a thread of its own, until the scheduler is shut down."""
    scheduler, trouble = jobs.scheduler, _Trouble()
    while not scheduler.wait(LOOK):
        try:
            _serve(jobs)
            trouble = _Trouble()
        except Exception as error:
            trouble.tell(error, time.monotonic())
        finally:
            connections.close_all()


@final
class _Trouble:
    """Tells why it does not work, once, however long that lasts; but where tables are missing, once a minute."""

    def __init__(self) -> None:
        self._is_told = False
        self._again_at = 0.0

    def tell(self, error: Exception, now: float) -> None:
        if now >= self._again_at and (missing := tables.trouble()):
            _logger.warning("gocron: jobs cannot run: %s", missing)
            self._again_at = now + AGAIN
        elif not self._is_told and not self._again_at:
            _logger.warning("gocron: requests to run jobs cannot be looked for: %s", error)
        self._is_told = True


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
