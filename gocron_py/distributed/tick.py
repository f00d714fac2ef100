"""What a run is a run of: the tick, which all instances of a job name alike."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, cast, final

from gocron_py.context import Context
from gocron_py.errors import ErrInvalidArgument

if TYPE_CHECKING:
    from gocron_py.elsewhere import FarCall
    from gocron_py.run import Run


class TickKind(StrEnum):
    """Where a tick comes from, which decides what makes it the same on two instances."""

    GRID = "grid"
    """A time of the job's schedule: the same instant is the same tick."""
    START = "start"
    """``with_start_immediately``: one in each period of the schedule, whoever starts first."""
    ONCE = "once"
    """A moment of ``one_time_job``: the same instant is the same tick."""
    MANUAL = "manual"
    """``run_now``: a tick of its own, always."""
    DYNAMIC = "dynamic"
    """``with_interval_from_completion``: counted from the end of the last run, on whatever instance."""


@final
@dataclass(frozen=True, slots=True)
class Tick:
    """One time at which a job is due.

    :ivar job_name: the key that instances share: the job's name, or ``with_tick_policy(key=…)``.
    :ivar at: in UTC; for START and MANUAL the moment of the call on this instance.
    """

    job_name: str
    at: datetime
    kind: TickKind


@final
@dataclass(frozen=True, slots=True)
class CurrentRun:
    """The run that a task is in.

    :ivar attempt: 1, or more where a run that was cut off by a crash is done again.
    :ivar fence: grows with every run of the job on any instance; hand it to what the task writes to,
        which refuses whoever comes with a smaller one than it has seen. ``None`` without a tick locker.
    :ivar context: ends when the job is stopped, or the claim is lost
        (its ``cause()`` is then a :exc:`~gocron_py.LockLost`).
    """

    tick: Tick
    attempt: int
    fence: int | None
    context: Context


_KEY = object()

# The run whose task this is; follows the task's coroutines, and asyncio.to_thread.
running: ContextVar[Run | FarCall | None] = ContextVar("gocron_py_run", default=None)


def tick_of(ctx: Context) -> Run | None:
    """The run that a locker is asked about, for the lockers of this package."""
    return cast("Run | None", ctx.value(_KEY))


def key_of_ticks() -> object:
    """What :func:`~gocron_py.with_value` binds the run to."""
    return _KEY


def tick_from(ctx: Context) -> Tick | None:
    """The tick that a locker or elector is asked about; ``None`` in a context of something else. Not in Go.

    :param ctx: as given to ``Locker.lock`` and ``Elector.is_leader``.
    :raises ErrInvalidArgument: not a Context.
    """
    if not isinstance(ctx, Context):
        raise ErrInvalidArgument("ctx must be of type Context", got=ctx)
    run = tick_of(ctx)
    return None if run is None else run.tick()


def current_run() -> CurrentRun:
    """The run that calls, from within a task. Not in Go.

    In another process, where ``with_executor`` has the function run, its context is one that never ends.

    :raises LookupError: not called by a task, or on a thread that the task has started.
    """
    run = running.get()
    if run is None:
        raise LookupError("gocron: current_run() is for tasks, on the thread that runs them")
    return run.current()
