"""Runs are written down in the database: one row each, the last ones of each job."""

from __future__ import annotations

import os
import socket
import threading
from datetime import datetime
from typing import Any, final
from uuid import UUID

from django.conf import settings
from django.db import connections
from django.utils.timezone import make_naive

from gocron_py.distributed.tick import CurrentRun, current_run
from gocron_py.integrations.django import conf
from gocron_py.monitor import JobStatus, MonitorStatus
from gocron_py.options import SchedulerOption, Settings

_thread = threading.local()

_LONGEST_ERROR = 10_000


def note_current_run() -> None:
    """To be called in a run: when it has ended, the same thread tells the monitor."""
    _thread.run = current_run()


@final
class RecordRuns(SchedulerOption):
    """The option that has runs written down. A monitor that the user gave is told too.

    :param kept: how many of each job are kept; 0: none are written.
    """

    __slots__ = ("_kept",)

    def __init__(self, kept: int) -> None:
        self._kept = kept

    def configure(self, settings: Settings) -> None:
        """See :meth:`SchedulerOption.configure`."""
        if self._kept:
            settings.monitor_status = _Recorder(settings.monitor_status, self._kept)


@final
class _Recorder:
    def __init__(self, user: MonitorStatus | None, kept: int) -> None:
        self._user = user
        self._kept = kept

    def increment_job(self, *told: Any) -> None:
        if self._user is not None:
            self._user.increment_job(*told)

    def record_job_timing(self, *told: Any) -> None:
        if self._user is not None:
            self._user.record_job_timing(*told)

    def record_job_timing_with_status(
        self,
        start: datetime,
        end: datetime,
        id: UUID,
        name: str,
        tags: list[str],
        status: JobStatus,
        error: Exception | None,
        /,
    ) -> None:
        try:
            if self._user is not None:
                self._user.record_job_timing_with_status(start, end, id, name, tags, status, error)
        finally:
            run: CurrentRun | None = _thread.__dict__.pop("run", None)
            try:
                self._write(start, end, name, status, error, run)
            finally:
                connections.close_all()

    def _write(
        self,
        start: datetime,
        end: datetime,
        name: str,
        status: JobStatus,
        error: Exception | None,
        run: CurrentRun | None,
    ) -> None:
        from gocron_py.integrations.django.models import Run

        runs = Run._default_manager.using(conf.database())
        row = runs.create(
            job=name,
            scheduled=stored(start if run is None else run.tick.at),
            started=stored(start),
            completed=stored(end),
            outcome=str(status),
            error="" if error is None else printable(f"{type(error).__name__}: {error}"),
            attempt=1 if run is None else run.attempt,
            fence=None if run is None else run.fence,
            host=socket.gethostname()[:255],
            pid=os.getpid(),
        )
        last = (
            runs.filter(job=name, pk__lte=row.pk)
            .order_by("-pk")
            .values_list("pk", flat=True)[self._kept : self._kept + 1]
        )
        for too_old in last:
            runs.filter(job=name, pk__lte=too_old).delete()


def stored(moment: datetime) -> datetime:
    """As the project's models have their times."""
    return moment if settings.USE_TZ else make_naive(moment)


def printable(text: str) -> str:
    """What every database holds: no NUL, no lone surrogate; and no book."""
    return text[:_LONGEST_ERROR].replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
