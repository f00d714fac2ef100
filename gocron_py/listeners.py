"""Event listeners: functions that hear of the runs of one job.

All take ``(job_id: UUID, job_name: str)``, some one thing more. They are called on the worker's thread,
in the order given; one that raises is logged and changes nothing else, but for
:func:`before_job_runs_skip_if_before_func_errors`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeAlias, final
from uuid import UUID

from gocron_py.errors import ErrEventListenerFuncNil


class Event(Enum):
    """What a listener hears of."""

    BEFORE_JOB_RUNS = "before_job_runs"
    BEFORE_JOB_RUNS_SKIP = "before_job_runs_skip_if_before_func_errors"
    AFTER_JOB_RUNS = "after_job_runs"
    AFTER_JOB_RUNS_WITH_ERROR = "after_job_runs_with_error"
    AFTER_JOB_RUNS_WITH_PANIC = "after_job_runs_with_panic"
    AFTER_LOCK_ERROR = "after_lock_error"


_WITH_A_THIRD_ARGUMENT = {
    Event.AFTER_JOB_RUNS_WITH_ERROR,
    Event.AFTER_JOB_RUNS_WITH_PANIC,
    Event.AFTER_LOCK_ERROR,
}

Listeners: TypeAlias = dict[Event, tuple[Callable[..., object], ...]]


@final
class EventListener:
    """A function and the event it hears of (Go: ``EventListener``)."""

    __slots__ = ("event", "function")

    def __init__(self, event: Event, function: Any) -> None:
        self.event = event
        self.function = function

    def check(self) -> None:
        """Raise if the function cannot be called with what the event brings."""
        if not callable(self.function):
            raise ErrEventListenerFuncNil(got=self.function)
        count = 3 if self.event in _WITH_A_THIRD_ARGUMENT else 2
        try:
            inspect.signature(self.function).bind(*range(count))
        except TypeError as error:
            detail = f"{self.event.value} calls its function with {count} arguments: {error}"
            raise ErrEventListenerFuncNil(detail, got=self.function) from None
        except ValueError:  # some functions written in C do not tell
            pass


def before_job_runs(event_listener_func: Callable[[UUID, str], object]) -> EventListener:
    """Called before each run, once its lock is held (Go: ``BeforeJobRuns``)."""
    return EventListener(Event.BEFORE_JOB_RUNS, event_listener_func)


def before_job_runs_skip_if_before_func_errors(
    event_listener_func: Callable[[UUID, str], BaseException | None],
) -> EventListener:
    """Called before each run, with the job's id and name; if it raises, or returns an exception, the run is skipped.

    A skipped run uses up none of ``with_limited_runs`` (Go: ``BeforeJobRunsSkipIfBeforeFuncErrors``).
    """
    return EventListener(Event.BEFORE_JOB_RUNS_SKIP, event_listener_func)


def after_job_runs(event_listener_func: Callable[[UUID, str], object]) -> EventListener:
    """Called after each run that succeeded, with the job's id and name (Go: ``AfterJobRuns``).

    :raises ErrEventListenerFuncNil: from ``new_job``, as of all listeners: ``None``, or it cannot be called so.
    """
    return EventListener(Event.AFTER_JOB_RUNS, event_listener_func)


def after_job_runs_with_error(
    event_listener_func: Callable[[UUID, str, Exception], object],
) -> EventListener:
    """Called after each run that failed, with the job's id and name and the error (Go: ``AfterJobRunsWithError``).

    The error is then not logged.
    """
    return EventListener(Event.AFTER_JOB_RUNS_WITH_ERROR, event_listener_func)


def after_job_runs_with_panic(event_listener_func: Callable[[UUID, str, Any], object]) -> EventListener:
    """Called when a task panicked, with the job's id and name and the value.

    Then the error path goes on with ``ErrPanicRecovered``. A panic is :func:`gocron_py.panic`, or any exception that
    is not an :class:`Exception`, such as ``SystemExit``, which then is the value (Go: ``AfterJobRunsWithPanic``).
    """
    return EventListener(Event.AFTER_JOB_RUNS_WITH_PANIC, event_listener_func)


def after_lock_error(event_listener_func: Callable[[UUID, str, Exception], object]) -> EventListener:
    """Called when the lock was refused, could not be asked for, or was lost (Go: ``AfterLockError``).

    With the job's id and name and the reason: of this library's lockers a :exc:`~gocron_py.LockError`.
    """
    return EventListener(Event.AFTER_LOCK_ERROR, event_listener_func)
