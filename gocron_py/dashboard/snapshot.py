"""What a scheduler's jobs are doing, read in one go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, final
from uuid import UUID

from gocron_py.instant import Instant, datetime_of, micros_of
from gocron_py.monitor import JobStatus

if TYPE_CHECKING:
    from gocron_py.job import Job, JobRecord, JobSpec, RunEntry
    from gocron_py.scheduler import Scheduler

# So many jobs are read under the registry's lock at once: a page must not hold up a tick.
_BATCH = 500

_FAILED = str(JobStatus.FAIL.value)
_RAN = (str(JobStatus.SUCCESS.value), _FAILED)

STATES = ("running", "paused", "failed", "late", "ok", "skipped", "new")
"""What a job can be, the most urgent one first; a job is shown with the first that holds."""


@final
@dataclass(frozen=True, slots=True)
class JobState:
    """One job at one moment.

    :ivar running: so many of its runs execute the task.
    :ivar waiting: so many wait for one to end (``LimitMode.WAIT``).
    :ivar started: when the task was last started.
    :ivar paused: by itself; that all are paused is the scheduler's matter, and in the states.
    :ivar history: its last runs, oldest first.
    :ivar states: those of :data:`STATES` that hold.
    """

    job: Job
    spec: JobSpec
    next: Instant | None
    running: int
    waiting: int
    started: Instant | None
    paused: bool
    history: Sequence[RunEntry]
    states: tuple[str, ...]

    @property
    def state(self) -> str:
        """The most urgent one."""
        return self.states[0]

    @property
    def last(self) -> RunEntry | None:
        """The last line of its history that is about a run of the task, else the last one."""
        return _last(self.history)


@final
@dataclass(frozen=True, slots=True)
class Snapshot:
    """All jobs."""

    now: Instant
    location: tzinfo
    jobs: Sequence[JobState]

    def shown(self, instant: Instant) -> datetime:
        """An instant in the scheduler's location."""
        return datetime_of(instant, self.location)


@final
class Observer:
    """Looks at one scheduler.

    :param late_after: a run that begins so long after its time, or a tick that is so long overdue, is late.
    """

    def __init__(self, scheduler: Scheduler, late_after: timedelta) -> None:
        self.scheduler = scheduler
        self._late_after = micros_of(late_after)

    def look(self) -> Snapshot:
        """All jobs, as they are.

        :raises ErrSchedulerForked: the scheduler is another process's.
        """
        self.scheduler._life.check_process()
        registry = self.scheduler._registry
        with registry.lock:
            records = list(registry.jobs.values())
        now = registry.now()
        states: list[JobState] = []
        for start in range(0, len(records), _BATCH):
            with registry.lock:
                states += self._read(records[start : start + _BATCH], now)
        return Snapshot(now, registry.settings.location, states)

    def look_at(self, job_id: UUID) -> Snapshot:
        """One job; none if there is no such job.

        :raises ErrSchedulerForked: the scheduler is another process's.
        """
        self.scheduler._life.check_process()
        registry = self.scheduler._registry
        now = registry.now()
        with registry.lock:
            record = registry.jobs.get(job_id.int)
            states = [] if record is None else list(self._read([record], now))
        return Snapshot(now, registry.settings.location, states)

    def _read(self, records: Sequence[JobRecord], now: Instant) -> Iterator[JobState]:
        registry = self.scheduler._registry
        for record in records:
            if record.removed:
                continue
            spec, history = record.spec, record.history
            pauses = spec.settings.pauses
            yield JobState(
                job=registry.handle(record, spec),
                spec=spec,
                next=record.next,
                running=record.executing,
                waiting=len(record.waiting or ()),
                started=record.started,
                paused=record.paused or bool(pauses is not None and pauses.of_job(spec.key)),
                history=history,
                states=tuple(self._states(record, history, now)),
            )

    def _states(self, record: JobRecord, history: Sequence[RunEntry], now: Instant) -> Iterator[str]:
        last = _last(history)
        if record.executing:
            yield "running"
        if self.scheduler._registry.is_paused(record):
            yield "paused"
        if last is not None and last[3] == _FAILED:
            yield "failed"
        if self._is_late(record, last, now):
            yield "late"
        if last is None:
            yield "new"
        elif last[3] not in _RAN:
            yield "skipped"
        elif last[3] != _FAILED:
            yield "ok"

    def _is_late(self, record: JobRecord, last: RunEntry | None, now: Instant) -> bool:
        if record.next is not None and now - record.next > self._late_after:
            return True
        return last is not None and last[1] is not None and last[1] - last[0] > self._late_after


def _last(history: Sequence[RunEntry]) -> RunEntry | None:
    for entry in reversed(history):
        if entry[3] in _RAN:
            return entry
    return history[-1] if history else None
