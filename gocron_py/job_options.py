"""The options of ``new_job`` and ``update``. Wrong values raise there, in the order given, as in Go."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Unpack, final
from uuid import UUID

from gocron_py.context import Context
from gocron_py.definitions import Cron, Setup
from gocron_py.distributed import Locker
from gocron_py.distributed.policy import PolicyOverrides, policy_of
from gocron_py.errors import (
    ErrInvalidArgument,
    ErrWithContextNil,
    ErrWithDistributedJobLockerNil,
    ErrWithIdentifierNil,
    ErrWithLimitedRunsZero,
    ErrWithNameEmpty,
    check_kind,
    satisfies,
)
from gocron_py.job import JobSettings, Surroundings
from gocron_py.limits import LimitMode
from gocron_py.listeners import EventListener
from gocron_py.option_names import Named
from gocron_py.schedules.wall_time import DaylightSavingsTimePolicy

# A history is for looking at, and stands in memory; what is to be kept goes to a monitor.
_LONGEST_HISTORY = 1_000_000

Apply = Callable[[JobSettings, Setup], None]


class JobOption(ABC):
    """An option of ``new_job`` and ``update`` (Go: ``JobOption``)."""

    __slots__ = ()

    @abstractmethod
    def apply(self, settings: JobSettings, setup: Setup) -> None:
        """Write it down, or raise."""


@final
class ApplyToJob(Named, JobOption):
    """One that a function of this library made."""

    __slots__ = ("write",)

    def __init__(self, write: Apply) -> None:
        self.write = write

    def apply(self, settings: JobSettings, setup: Setup) -> None:
        """See :meth:`JobOption.apply`."""
        self.write(settings, setup)


def with_name(name: str) -> JobOption:
    """Name the job; the name is the key of its lock (Go: ``WithName``). Default: the function's qualified name.

    :raises ErrWithNameEmpty: from ``new_job``.
    """
    check_kind(name, str, "name")

    def apply(settings: JobSettings, setup: Setup) -> None:
        if not name:
            raise ErrWithNameEmpty
        settings.name = name

    return ApplyToJob(apply)


def with_tags(*tags: str) -> JobOption:
    """Tag the job, for ``remove_by_tags`` and monitors; replaces earlier tags (Go: ``WithTags``)."""
    for tag in tags:
        check_kind(tag, str, "a tag")

    def apply(settings: JobSettings, setup: Setup) -> None:
        settings.tags = tags

    return ApplyToJob(apply)


def with_identifier(id: UUID) -> JobOption:
    """Give the job this id in place of a random one (Go: ``WithIdentifier``).

    :raises ErrWithIdentifierNil: from ``new_job``: ``None``, or the nil UUID.
    :raises ErrJobIdentifierInUse: from ``new_job``: another job has it.
    """
    if id is not None:
        check_kind(id, UUID, "id")

    def apply(settings: JobSettings, setup: Setup) -> None:
        if id is None or not id.int:
            raise ErrWithIdentifierNil(got=id)
        setup.number = id.int

    return ApplyToJob(apply)


def with_context(ctx: Context) -> JobOption:
    """Make the job's context a child of *ctx*; once that is cancelled the job runs no more (Go: ``WithContext``).

    :raises ErrWithContextNil: from ``new_job``.
    """
    if ctx is not None:
        check_kind(ctx, Context, "ctx")

    def apply(settings: JobSettings, setup: Setup) -> None:
        if ctx is None:
            raise ErrWithContextNil
        settings.parent_context = ctx

    return ApplyToJob(apply)


def with_singleton_mode(mode: LimitMode) -> JobOption:
    """Never run the job twice at once: drop a tick that comes during a run, or let it wait.

    At most 1,000 ticks wait. With ``with_limit_concurrent_jobs`` the scheduler's mode decides and a tick
    during a run is dropped (Go: ``WithSingletonMode``).
    """
    check_kind(mode, LimitMode, "mode")

    def apply(settings: JobSettings, setup: Setup) -> None:
        settings.singleton = mode

    return ApplyToJob(apply)


def with_limited_runs(limit: int) -> JobOption:
    """Remove the job when it has run so often (Go: ``WithLimitedRuns``). Refused and skipped runs do not count.

    :raises ErrWithLimitedRunsZero: from ``new_job``: *limit* is less than 1.
    """
    check_kind(limit, int, "limit")

    def apply(settings: JobSettings, setup: Setup) -> None:
        if limit < 1:
            raise ErrWithLimitedRunsZero(got=limit)
        settings.limited_runs = limit

    return ApplyToJob(apply)


def with_interval_from_completion() -> JobOption:
    """Count the next tick from the end of a run, not from its time (Go: ``WithIntervalFromCompletion``)."""

    def apply(settings: JobSettings, setup: Setup) -> None:
        settings.interval_from_completion = True

    return ApplyToJob(apply)


def with_cron_implementation(c: Cron | None) -> JobOption:
    """Have *c* read the crontab of a ``cron_job`` (Go: ``WithCronImplementation``). ``None``: the default one."""
    if c is not None and not satisfies(c, Cron):
        raise ErrInvalidArgument("c must have the methods of Cron: is_valid and next", got=c)

    def apply(settings: JobSettings, setup: Setup) -> None:
        setup.cron = c

    return ApplyToJob(apply)


def with_daylight_savings_time_policy(policy: DaylightSavingsTimePolicy) -> JobOption:
    """What becomes of a time that does not exist (Go: ``WithDaylightSavingsTimePolicy``).

    :raises ErrInvalidArgument: not a DaylightSavingsTimePolicy.
    """
    check_kind(policy, DaylightSavingsTimePolicy, "policy")

    def apply(settings: JobSettings, setup: Setup) -> None:
        settings.dst_policy = policy

    return ApplyToJob(apply)


def with_distributed_job_locker(locker: Locker) -> JobOption:
    """Ask *locker* in place of the scheduler's (Go: ``WithDistributedJobLocker``).

    :raises ErrWithDistributedJobLockerNil: from ``new_job``: ``None``, or no Locker.
    """

    def apply(settings: JobSettings, setup: Setup) -> None:
        if locker is None:
            raise ErrWithDistributedJobLockerNil
        if not satisfies(locker, Locker):
            raise ErrWithDistributedJobLockerNil("the method lock(ctx, key) is needed", got=locker)
        settings.locker = locker

    return ApplyToJob(apply)


def with_tick_policy(**overrides: Unpack[PolicyOverrides]) -> JobOption:
    """How the tick locker treats this job, where that differs from the locker's own policy. Not in Go.

    :param overrides: fields of :class:`~gocron_py.TickPolicy`; ``key`` is the key of the job's lock
        with any locker.
    :raises ErrInvalidArgument: no such field, or an impossible value.
    """
    policy_of(**overrides)

    def apply(settings: JobSettings, setup: Setup) -> None:
        settings.overrides = {**settings.overrides, **overrides}

    return ApplyToJob(apply)


def with_disabled_distributed_job_locker(disabled: bool) -> JobOption:
    """Make the job local to this process: neither locker nor elector is asked.

    (Go: ``WithDisabledDistributedJobLocker``; there the elector is.)

    :raises ErrInvalidArgument: not a bool.
    """
    check_kind(disabled, bool, "disabled")

    def apply(settings: JobSettings, setup: Setup) -> None:
        settings.disabled_locker = disabled

    return ApplyToJob(apply)


def with_event_listeners(*event_listeners: EventListener) -> JobOption:
    """Have functions hear of the job's runs. All are called, in the order given; in Go the last of a kind.

    (Go: ``WithEventListeners``.)

    :raises ErrEventListenerFuncNil: from ``new_job``: a function is ``None`` or cannot be called so.
    """
    for listener in event_listeners:
        check_kind(listener, EventListener, "a listener")

    def apply(settings: JobSettings, setup: Setup) -> None:
        for listener in event_listeners:
            listener.check()
        listeners = dict(settings.listeners)
        for listener in event_listeners:
            listeners[listener.event] = (*listeners.get(listener.event, ()), listener.function)
        settings.listeners = listeners

    return ApplyToJob(apply)


def with_history_size(n: int) -> JobOption:
    """Keep the last *n* runs for :meth:`Job.history <gocron_py.Job.history>`. Default: 20. Not in Go.

    Each run copies it: thousands cost some microseconds, a million some milliseconds.

    :raises ErrInvalidArgument: *n* is no int, or less than 0.
    """
    check_kind(n, int, "n")
    if not 0 <= n <= _LONGEST_HISTORY:
        raise ErrInvalidArgument(f"n must be zero or more, and at most {_LONGEST_HISTORY:,}", got=n)

    def apply(settings: JobSettings, setup: Setup) -> None:
        settings.history_size = n

    return ApplyToJob(apply)


def with_surroundings(enter: Surroundings) -> JobOption:
    """Call the task inside of a context manager, a new one for each run. Not in Go.

    For what a framework wants around all work: Flask's ``app.app_context``, a database session. With
    ``with_global_job_options`` all jobs have it. Of several the first given is outermost. What it raises is
    the run's error; an error that the task returns, as in Go, it sees raised. With ``with_executor`` it is entered
    here, around the wait for the other side.

    :param enter: gives the context manager: a class, or what :func:`contextlib.contextmanager` makes.
    :raises ErrInvalidArgument: *enter* cannot be called.
    """
    if not callable(enter):
        raise ErrInvalidArgument("enter must be callable, and give a context manager", got=enter)

    def apply(settings: JobSettings, setup: Setup) -> None:
        settings.surroundings = (*settings.surroundings, enter)

    return ApplyToJob(apply)
