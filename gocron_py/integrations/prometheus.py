"""Metrics for Prometheus, with prometheus_client (extra ``prometheus``)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, final

from prometheus_client import REGISTRY, CollectorRegistry

from gocron_py.errors import ErrInvalidArgument, check_kind
from gocron_py.integrations.prometheus_board import board_of
from gocron_py.integrations.prometheus_series import DURATIONS, LATENESSES, Series

if TYPE_CHECKING:
    from gocron_py.distributed.events import TickEvent
    from gocron_py.job import Job
    from gocron_py.monitor import RunRecord

__all__ = ["PrometheusMonitor"]

_MOST_JOBS = 100_000


@final
class PrometheusMonitor:
    """Shows what schedulers do as metrics; a :class:`~gocron_py.RunMonitor`, for ``with_scheduler_monitor``.

    One option says all: events of tick lockers, who leads and whether stores answer are found by themselves. Several
    schedulers may share a monitor, and several monitors a registry: they count in the same metrics, which are
    made once.

    :param registry: where the metrics are; prometheus_client's own by default.
    :param namespace: what their names begin with.
    :param duration_buckets: upper bounds in seconds, ascending; default: 10 ms to 4 hours.
    :param lateness_buckets: the same for lateness; default: 10 ms to half an hour.
    :param max_jobs: so many names of jobs have series of their own; the rest share the label ``(other)``.
    :param keep_removed: so long the series of removed jobs stay, so that their last run is seen.
    :raises ErrInvalidArgument: an impossible value; a registry that has these metrics with other options, or
        something else under their names.
    """

    def __init__(
        self,
        registry: CollectorRegistry = REGISTRY,
        *,
        namespace: str = "gocron",
        duration_buckets: Sequence[float] = DURATIONS,
        lateness_buckets: Sequence[float] = LATENESSES,
        max_jobs: int = 1000,
        keep_removed: timedelta = timedelta(minutes=10),
    ) -> None:
        check_kind(registry, CollectorRegistry, "registry")
        check_kind(namespace, str, "namespace")
        check_kind(max_jobs, int, "max_jobs")
        check_kind(keep_removed, timedelta, "keep_removed")
        if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", namespace):
            raise ErrInvalidArgument("namespace must be of letters, digits and underscores", got=namespace)
        if not 1 <= max_jobs <= _MOST_JOBS:
            raise ErrInvalidArgument(f"max_jobs must be from 1 to {_MOST_JOBS}", got=max_jobs)
        if keep_removed < timedelta(0):
            raise ErrInvalidArgument("keep_removed must not be negative", got=keep_removed)
        durations = _buckets("duration_buckets", duration_buckets)
        latenesses = _buckets("lateness_buckets", lateness_buckets)
        self._board = board_of(registry, namespace, durations, latenesses, max_jobs, keep_removed.total_seconds())

    # -- runs --------------------------------------------------------------------------------------

    def run_began(self, job: Job, /) -> None:
        """One more goes on."""
        self._board.began(job)

    def run_ended(self, job: Job, run: RunRecord, /) -> None:
        """Count it, by outcome and by the answer of its locker."""
        series = self._board.of(job._spec.name)
        if series is None:  # of a job that was removed long ago
            return
        outcome = run.outcome.value
        series.runs[outcome].inc()
        if run.lock is not None and series.locks:
            series.locks[run.lock].inc()
        if run.started is not None:
            self._ran(series, run)
        series.show_next(job)

    def _ran(self, series: Series, run: RunRecord) -> None:
        self._board.ceased(series)
        duration, lateness = run.duration, run.lateness
        if duration is not None and lateness is not None and run.completed is not None:
            series.duration[run.outcome.value].observe(duration.total_seconds())
            series.lateness.observe(max(lateness.total_seconds(), 0.0))
            series.show_last(run.outcome.value, run.completed.timestamp())

    def tick_event(self, event: TickEvent, /) -> None:
        """Count it."""
        board = self._board
        board.metrics.ticks.labels(board.label_of(event.job_name), event.kind.value).inc()

    def concurrency_limit_reached(self, limit_type: str, job: Job, /) -> None:
        """Count it."""
        series = self._board.of(job._spec.name)
        if series is not None:
            self._board.metrics.limits.labels(series.label, limit_type).inc()

    # -- jobs and schedulers -----------------------------------------------------------------------

    def job_registered(self, job: Job, /) -> None:
        """Its series begin."""
        self._board.add(job)

    def job_unregistered(self, job: Job, /) -> None:
        """Its series end, a while later."""
        self._board.discard(job)

    def scheduler_started(self) -> None:
        """Its jobs are due, from now on."""
        self._board.show_all()

    def scheduler_stopped(self) -> None:
        """They are not due any more."""
        self._board.show_all()

    def scheduler_shutdown(self) -> None:
        """They are gone."""
        self._board.show_all()

    # -- told by run_began and run_ended better ------------------------------------------------------

    def job_started(self, job: Job, /) -> None:
        """Nothing."""

    def job_running(self, job: Job, /) -> None:
        """Nothing."""

    def job_failed(self, job: Job, error: Exception, /) -> None:
        """Nothing."""

    def job_completed(self, job: Job, /) -> None:
        """Nothing."""

    def job_execution_time(self, job: Job, duration: timedelta, /) -> None:
        """Nothing."""

    def job_scheduling_delay(self, job: Job, scheduled_time: datetime, actual_start_time: datetime, /) -> None:
        """Nothing."""


def _buckets(name: str, given: Sequence[float]) -> tuple[float, ...]:
    try:
        bounds = tuple(float(bound) for bound in given)
    except (TypeError, ValueError):
        raise ErrInvalidArgument(f"{name} must be numbers of seconds", got=given) from None
    if not bounds or any(not low < high for low, high in pairwise((-math.inf, *bounds))):
        raise ErrInvalidArgument(f"{name} must be one bound or more, each above the one before", got=given)
    return bounds
