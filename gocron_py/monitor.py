"""What can watch jobs and schedulers: metrics, dashboards, tests.

A monitor is any object with the methods of one of these protocols; nothing has to be inherited, and
the arguments, which are given by position, may be called otherwise.
The methods are called from the threads of the workers, often several at once, never from the thread
that keeps the time. What they raise is logged and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from uuid import UUID

    from gocron_py.distributed.events import TickEvent
    from gocron_py.job import Job

__all__ = ["JobStatus", "Monitor", "MonitorStatus", "RunMonitor", "RunRecord", "SchedulerMonitor"]


class JobStatus(StrEnum):
    """What became of one run. Go: ``JobStatus``, with its strings."""

    FAIL = "fail"
    """The task failed."""
    SUCCESS = "success"
    """The task ended without an error."""
    SKIP = "skip"
    """The run did not start: another instance has the lock or leads, a listener said no, or the limit was reached."""
    SINGLETON_RESCHEDULED = "singleton_rescheduled"
    """The run did not start, as the job's one before was still running."""


@runtime_checkable
class Monitor(Protocol):
    """Collects the metrics of jobs; for ``with_monitor``. Go: ``Monitor``."""

    def increment_job(self, id: UUID, name: str, tags: list[str], status: JobStatus, /) -> None:
        """Count one run that ended with *status*, or that did not start. Go: ``IncrementJob``."""
        return

    def record_job_timing(self, start: datetime, end: datetime, id: UUID, name: str, tags: list[str], /) -> None:
        """Record when a task started and ended, aware datetimes. Go: ``RecordJobTiming``."""
        return


@runtime_checkable
class MonitorStatus(Monitor, Protocol):
    """A :class:`Monitor` that is told how a run ended; for ``with_monitor_status``. Go: ``MonitorStatus``."""

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
        """Record a task's times, status and error, ``None`` on success. Go: ``RecordJobTimingWithStatus``."""
        return


@runtime_checkable
class SchedulerMonitor(Protocol):
    """Is told what a scheduler does; for ``with_scheduler_monitor``. Go: ``SchedulerMonitor``."""

    def scheduler_started(self) -> None:
        """``start()`` was called. Go: ``SchedulerStarted``."""
        return

    def scheduler_stopped(self) -> None:
        """The scheduler stopped, its last clearing-up is still to come. Go: ``SchedulerStopped``."""
        return

    def scheduler_shutdown(self) -> None:
        """``shutdown()`` completed well. Go: ``SchedulerShutdown``."""
        return

    def job_registered(self, job: Job, /) -> None:
        """A job was added. Go: ``JobRegistered``."""
        return

    def job_unregistered(self, job: Job, /) -> None:
        """A job was removed. Go: ``JobUnregistered``."""
        return

    def job_started(self, job: Job, /) -> None:
        """A run begins; its listeners may still say no. Go: ``JobStarted``."""
        return

    def job_running(self, job: Job, /) -> None:
        """The task is about to be called. Go: ``JobRunning``."""
        return

    def job_failed(self, job: Job, error: Exception, /) -> None:
        """A run failed, or a listener kept it from running. Go: ``JobFailed``."""
        return

    def job_completed(self, job: Job, /) -> None:
        """A run ended well. Go: ``JobCompleted``."""
        return

    def job_execution_time(self, job: Job, duration: timedelta, /) -> None:
        """How long the task took, after success and failure alike. Go: ``JobExecutionTime``."""
        return

    def job_scheduling_delay(self, job: Job, scheduled_time: datetime, actual_start_time: datetime, /) -> None:
        """When a run was due and when it began, aware datetimes. Go: ``JobSchedulingDelay``."""
        return

    def concurrency_limit_reached(self, limit_type: str, job: Job, /) -> None:
        """A run could not begin at once; *limit_type*: ``singleton`` or ``limit``.

        Go: ``ConcurrencyLimitReached``.
        """
        return


@runtime_checkable
class RunMonitor(SchedulerMonitor, Protocol):
    """A :class:`SchedulerMonitor` that is told of runs as records; for ``with_scheduler_monitor``. Not in Go."""

    def run_began(self, job: Job, /) -> None:
        """The task is called now. A :meth:`run_ended` follows, whatever becomes of it."""
        return

    def run_ended(self, job: Job, run: RunRecord, /) -> None:
        """A run is over, or did not start: refused, skipped, paused, or dropped by singleton mode or the limit.

        The job's next tick is known by then.
        """
        return

    def tick_event(self, event: TickEvent, /) -> None:
        """A tick locker tells of a tick of this scheduler's jobs: missed, lost, crashed, …"""
        return


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run in a job's history. Not in Go.

    :param scheduled: when it was due; like all times here an aware datetime.
    :param started: when the task started; ``None`` if it did not.
    :param completed: when the task ended; ``None`` if it did not.
    :param outcome: what became of it.
    :param error: the error's text, or why the run was skipped.
    :param attempt: 1, and more if the run was taken over from an instance that was lost.
    :param fence: the lock's fencing token, which grows with every holder; ``None`` without one.
    :param lock: what the locker answered: ``won``; ``held``, the tick is another instance's, or not to be run
        (any other LockError than a store's); ``error``, the store or the locker failed. ``None``: none was asked, or
        the job is paused.
    """

    scheduled: datetime
    started: datetime | None
    completed: datetime | None
    outcome: JobStatus
    error: str | None
    attempt: int = 1
    fence: int | None = None
    lock: Literal["won", "held", "error"] | None = None

    @property
    def duration(self) -> timedelta | None:
        """How long the task took."""
        return None if self.started is None or self.completed is None else _between(self.started, self.completed)

    @property
    def lateness(self) -> timedelta | None:
        """How long after its time the task started."""
        return None if self.started is None else _between(self.scheduled, self.started)


def _between(start: datetime, end: datetime) -> timedelta:
    # In UTC, as Python subtracts datetimes of one zone by wall clock: an hour off across a change.
    return end.astimezone(UTC) - start.astimezone(UTC)
