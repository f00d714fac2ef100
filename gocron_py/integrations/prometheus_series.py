"""The metrics of one registry, and the series of a job in them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from gocron_py.distributed.events import TickEventKind
from gocron_py.monitor import JobStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gocron_py.job import Job

DURATIONS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)
LATENESSES: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)

OTHERS: Final = "(other)"
"""The label that jobs beyond the limit share."""


@final
class Metrics:
    """The metrics themselves.

    The mode of each gauge is for gunicorn: what one page of several processes shows. The label is not called
    ``job``: that is Prometheus's own, for what it scrapes.
    """

    def __init__(
        self, registry: CollectorRegistry, namespace: str, durations: Sequence[float], latenesses: Sequence[float]
    ) -> None:
        common: dict[str, Any] = {"namespace": namespace, "registry": registry}
        self.runs = Counter("runs", "Runs by outcome.", ["job_name", "outcome"], **common)
        self.duration = Histogram(
            "run_duration_seconds", "How long tasks took.", ["job_name", "outcome"], buckets=durations, **common
        )
        self.lateness = Histogram(
            "run_lateness_seconds",
            "How long after its time a task started.",
            ["job_name"],
            buckets=latenesses,
            **common,
        )
        # Runs that go on now, of all workers that live. Those of a dead one do not go on.
        self.running = Gauge(
            "runs_in_progress", "Runs that go on.", ["job_name"], multiprocess_mode="livesum", **common
        )
        # All workers have the same ticks; the word of the last one that said something is the newest.
        self.next = Gauge(
            "next_run_timestamp_seconds",
            "When the job is due next; NaN: never.",
            ["job_name"],
            multiprocess_mode="livemostrecent",
            **common,
        )
        # They count whoever had them, also if it has died since.
        self.success = Gauge(
            "last_success_timestamp_seconds",
            "When the job last ended well.",
            ["job_name"],
            multiprocess_mode="max",
            **common,
        )
        self.failure = Gauge(
            "last_failure_timestamp_seconds",
            "When the job last failed.",
            ["job_name"],
            multiprocess_mode="max",
            **common,
        )
        self.locks = Counter("locks", "What lockers answered.", ["job_name", "outcome"], **common)
        self.limits = Counter("limit_reached", "Runs that a limit held up or dropped.", ["job_name", "limit"], **common)
        self.ticks = Counter("tick_events", "What tick lockers told of.", ["job_name", "kind"], **common)
        # The sum is the number of leaders: more than one is an alarm, in one machine and over several.
        self.leader = Gauge(
            "leader", "Whether this instance leads.", ["elector"], multiprocess_mode="livesum", **common
        )
        # One worker that cannot reach its store is enough of a reason to look.
        self.store = Gauge(
            "store_reachable",
            "Whether the store answered its last call.",
            ["store"],
            multiprocess_mode="livemin",
            **common,
        )
        self.schedulers = Gauge(
            "schedulers_started", "Schedulers that are started.", multiprocess_mode="livesum", **common
        )


@final
class Series:
    """What is kept of the jobs of one name. Its children are bound once: looking them up costs more than counting."""

    __slots__ = (
        "_metrics",
        "duration",
        "going",
        "jobs",
        "label",
        "last",
        "lateness",
        "leaving",
        "locks",
        "next",
        "running",
        "runs",
    )

    def __init__(self, metrics: Metrics, label: str) -> None:
        self._metrics = metrics
        self.label = label
        # Who has the name now, and since when nobody has.
        self.jobs: set[Job] = set()
        self.leaving: float | None = None
        self.going = 0
        self.runs = {str(status): metrics.runs.labels(label, str(status)) for status in _TOLD}
        self.locks: dict[str, Counter] = {}
        self.duration = {str(status): metrics.duration.labels(label, str(status)) for status in _TOLD[:2]}
        self.lateness = metrics.lateness.labels(label)
        self.running = metrics.running.labels(label)
        self.next = None if label == OTHERS else metrics.next.labels(label)
        self.last: dict[str, Gauge] = {}

    def begin(self, job: Job) -> None:
        """Series that a job will have begin with zero: else the first failure is no increase."""
        spec = job._spec
        if spec.settings.locker is not None and not self.locks:
            self.locks = {answer: self._metrics.locks.labels(self.label, answer) for answer in _ANSWERS}
        if spec.settings.policy is not None:
            for kind in TickEventKind:
                self._metrics.ticks.labels(self.label, kind.value)

    def show_last(self, outcome: str, at: float) -> None:
        """When the last run ended so. Of the jobs beyond the limit it would be anybody's."""
        if self.next is not None:
            gauge = self.last.get(outcome)
            if gauge is None:  # not from the start: there was none yet
                every = self._metrics.success if outcome == str(JobStatus.SUCCESS) else self._metrics.failure
                gauge = self.last[outcome] = every.labels(self.label)
            gauge.set(at)

    def show_next(self, job: Job) -> None:
        """When the job is due next."""
        if self.next is not None and job in self.jobs:
            with job._scheduler._registry.lock:
                at = job._record.next if job._scheduler._registry.scheduling else None
            self.next.set(math.nan if at is None else at / 1e6)

    def remove(self) -> None:
        """Take it from the page. Label by label: to look for them among those of all jobs would take its time."""
        metrics, label = self._metrics, self.label
        for metric in metrics.lateness, metrics.running, metrics.next, metrics.success, metrics.failure:
            metric.remove(label)
        for labelled, values in (
            (metrics.runs, _TOLD),
            (metrics.duration, _TOLD),
            (metrics.locks, _ANSWERS),
            (metrics.limits, _LIMITS),
            (metrics.ticks, TickEventKind),
        ):
            for value in values:
                labelled.remove(label, str(value))


_ANSWERS = ("won", "held", "error")
_LIMITS = ("singleton", "limit")
_TOLD = (JobStatus.SUCCESS, JobStatus.FAIL, JobStatus.SKIP, JobStatus.SINGLETON_RESCHEDULED)
