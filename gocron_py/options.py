"""The options of ``new_scheduler``: what they said, and the ``with_…`` functions that say it."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import timedelta, tzinfo
from typing import Any, final

from gocron_py.clock import Clock, RealClock
from gocron_py.definitions import Setup
from gocron_py.distributed import Elector, Locker, TickLocker
from gocron_py.errors import (
    ErrInvalidArgument,
    ErrSchedulerMonitorNil,
    ErrWithClockNil,
    ErrWithDistributedElectorNil,
    ErrWithDistributedLockerNil,
    ErrWithLimitConcurrentJobsZero,
    ErrWithLocationNil,
    ErrWithLoggerNil,
    ErrWithMonitorNil,
    ErrWithStopTimeoutZeroOrNegative,
    WrongKindError,
    check_kind,
    satisfies,
)
from gocron_py.instant import offset_of
from gocron_py.job import JobSettings
from gocron_py.job_options import JobOption
from gocron_py.limits import LimitMode
from gocron_py.logger import Logger, StandardLogger
from gocron_py.monitor import Monitor, MonitorStatus, SchedulerMonitor
from gocron_py.option_names import Named, check_option
from gocron_py.schedules.wall_time import load_location, local_location

# A thread costs little while it waits; jobs in Go have no limit at all.
DEFAULT_MAX_WORKERS = 1000


@final
class Settings:
    """What the scheduler options said."""

    __slots__ = (
        "clock",
        "elector",
        "executor",
        "global_job_options",
        "limit",
        "limit_mode",
        "location",
        "locker",
        "logger",
        "max_workers",
        "monitor",
        "monitor_status",
        "scheduler_monitor",
        "stop_timeout",
    )

    def __init__(self) -> None:
        self.clock: Clock = RealClock()
        self.location: tzinfo = local_location()
        self.elector: Elector | None = None
        self.locker: Locker | None = None
        self.executor: Executor | None = None
        self.global_job_options: tuple[JobOption, ...] = ()
        self.limit: int | None = None
        self.limit_mode = LimitMode.RESCHEDULE
        self.logger: Logger = StandardLogger()
        self.max_workers = DEFAULT_MAX_WORKERS
        self.monitor: Monitor | None = None
        self.monitor_status: MonitorStatus | None = None
        self.scheduler_monitor: SchedulerMonitor | None = None
        self.stop_timeout = timedelta(seconds=10)

    def complete(self, job: JobSettings) -> JobSettings:
        """Give a job what it has from its scheduler: whom its runs ask, and where its function is called."""
        if job.disabled_locker:
            job.locker = None
        else:
            job.elector = self.elector
            if job.locker is None:
                job.locker = self.locker
        if job.executor is None:
            job.executor = self.executor
        if isinstance(job.locker, TickLocker):
            job.tick_locker = job.locker
            job.policy = job.locker.policy.with_overrides(job.overrides)
            job.pauses = job.locker.pauses
        asks = job.locker is not None or job.elector is not None
        job.needs_context = asks or job.executor is not None or job.parent_context is not None
        return job


class SchedulerOption(ABC):
    """An option of ``new_scheduler`` (Go: ``SchedulerOption``)."""

    __slots__ = ()

    @abstractmethod
    def configure(self, settings: Settings) -> None:
        """Write it into the settings, or raise."""


@final
class _Configure(Named, SchedulerOption):
    __slots__ = ("write",)

    def __init__(self, write: Callable[[Settings], None]) -> None:
        self.write = write

    def configure(self, settings: Settings) -> None:
        self.write(settings)


def _set(option: str, name: str, value: object, protocol: Any, error: type[WrongKindError]) -> SchedulerOption:
    """Set an attribute of the settings to an object that must satisfy a protocol."""

    def apply(settings: Settings) -> None:
        if value is None:
            raise error()
        if not satisfies(value, protocol):
            raise error(f"the methods of {protocol.__name__} are needed", got=value)
        setattr(settings, name, value)

    apply.__qualname__ = option
    return _Configure(apply)


def with_clock(clock: Clock) -> SchedulerOption:
    """Take the time from *clock*, for tests :class:`gocron_py.testing.FakeClock` (Go: ``WithClock``).

    :raises ErrWithClockNil: from ``new_scheduler``: ``None``, or no clock.
    """
    return _set("with_clock", "clock", clock, Clock, ErrWithClockNil)


def with_distributed_elector(elector: Elector) -> SchedulerOption:
    """Run jobs only while *elector* says that this instance leads (Go: ``WithDistributedElector``).

    With a locker too, both are asked, the elector first.

    :raises ErrWithDistributedElectorNil: from ``new_scheduler``.
    """
    return _set("with_distributed_elector", "elector", elector, Elector, ErrWithDistributedElectorNil)


def with_distributed_locker(locker: Locker) -> SchedulerOption:
    """Take *locker*'s lock, by the job's name, around each run (Go: ``WithDistributedLocker``).

    :raises ErrWithDistributedLockerNil: from ``new_scheduler``.
    """
    return _set("with_distributed_locker", "locker", locker, Locker, ErrWithDistributedLockerNil)


def with_global_job_options(*job_options: JobOption) -> SchedulerOption:
    """Give every job these options, before its own; may be said several times (Go: ``WithGlobalJobOptions``).

    :raises ErrInvalidArgument: not options of a job. What they say themselves comes from ``new_job``.
    """
    for option in job_options:
        check_option(option, JobOption, "a global job option")

    def apply(settings: Settings) -> None:
        settings.global_job_options += job_options

    return _Configure(apply)


def with_limit_concurrent_jobs(limit: int, mode: LimitMode) -> SchedulerOption:
    """Let at most *limit* runs of all jobs go on at once (Go: ``WithLimitConcurrentJobs``).

    In ``LimitMode.WAIT`` at most 1,000 ticks wait; what comes beyond is dropped, with an event.

    :raises ErrWithLimitConcurrentJobsZero: from ``new_scheduler``: *limit* is less than 1.
    :raises ErrInvalidArgument: *limit* is no int, *mode* no LimitMode.
    """
    check_kind(limit, int, "limit")
    check_kind(mode, LimitMode, "mode")

    def apply(settings: Settings) -> None:
        if limit < 1:
            raise ErrWithLimitConcurrentJobsZero(got=limit)
        settings.limit, settings.limit_mode = limit, mode

    return _Configure(apply)


def with_location(location: tzinfo | str) -> SchedulerOption:
    """The zone of times of day, crontabs and of every datetime given back (Go: ``WithLocation``).

    :param location: a tzinfo, or the name of a zone in the time zone database. Default: the machine's zone.
    :raises ErrInvalidArgument: neither, or a tzinfo that does not tell its offset from UTC.
    :raises ErrWithLocationNil: from ``new_scheduler``: ``None``.
    :raises ErrWithLocationUnknown: from ``new_scheduler``: no such zone.
    """
    if location is not None and not isinstance(location, tzinfo | str):
        raise ErrInvalidArgument("location must be a tzinfo or the name of a zone", got=location)
    if isinstance(location, tzinfo):
        offset_of(0, location)  # one of a user's own that fails is refused here, not by the first job

    def apply(settings: Settings) -> None:
        if location is None:
            raise ErrWithLocationNil
        settings.location = load_location(location) if isinstance(location, str) else location

    return _Configure(apply)


def with_logger(logger: Logger | logging.Logger) -> SchedulerOption:
    """Log through *logger* (Go: ``WithLogger``). Default: the standard library's logger ``gocron_py``.

    :param logger: one with Go's methods, or a logger of the standard library's.
    :raises ErrWithLoggerNil: from ``new_scheduler``.
    """
    # It has the methods' names, but formats its arguments in another way.
    given = StandardLogger(logger) if isinstance(logger, logging.Logger) else logger
    return _set("with_logger", "logger", given, Logger, ErrWithLoggerNil)


def with_monitor(monitor: Monitor) -> SchedulerOption:
    """Tell *monitor* of every run (Go: ``WithMonitor``).

    :raises ErrWithMonitorNil: from ``new_scheduler``.
    """
    return _set("with_monitor", "monitor", monitor, Monitor, ErrWithMonitorNil)


def with_monitor_status(monitor: MonitorStatus) -> SchedulerOption:
    """Tell *monitor* the timing of every run with its outcome (Go: ``WithMonitorStatus``).

    :raises ErrWithMonitorNil: from ``new_scheduler``.
    """
    return _set("with_monitor_status", "monitor_status", monitor, MonitorStatus, ErrWithMonitorNil)


def with_scheduler_monitor(monitor: SchedulerMonitor) -> SchedulerOption:
    """Tell *monitor* what the scheduler does (Go: ``WithSchedulerMonitor``).

    :raises ErrSchedulerMonitorNil: from ``new_scheduler``.
    """
    return _set("with_scheduler_monitor", "scheduler_monitor", monitor, SchedulerMonitor, ErrSchedulerMonitorNil)


def with_stop_timeout(timeout: timedelta) -> SchedulerOption:
    """How long ``stop_jobs`` and ``shutdown`` wait for running jobs (Go: ``WithStopTimeout``). Default: 10 s.

    :raises ErrInvalidArgument: not a timedelta.
    :raises ErrWithStopTimeoutZeroOrNegative: from ``new_scheduler``.
    """
    check_kind(timeout, timedelta, "timeout")

    def apply(settings: Settings) -> None:
        if timeout <= timedelta(0):
            raise ErrWithStopTimeoutZeroOrNegative(got=timeout)
        settings.stop_timeout = timeout

    return _Configure(apply)


def with_max_workers(n: int) -> SchedulerOption:
    """At most *n* threads run jobs (not in Go, whose jobs have no such limit). Default: 1,000.

    Threads are started as they are needed; runs beyond them wait.

    :raises ErrInvalidArgument: *n* is no int, or less than 1.
    """
    check_kind(n, int, "n")
    if n < 1:
        raise ErrInvalidArgument("n must be greater than 0", got=n)

    def apply(settings: Settings) -> None:
        settings.max_workers = n

    return _Configure(apply)


@final
class _ExecutorOption(SchedulerOption, JobOption):
    __slots__ = ("_executor",)

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def configure(self, settings: Settings) -> None:
        settings.executor = self._executor

    def apply(self, settings: JobSettings, setup: Setup) -> None:
        settings.executor = self._executor


def with_executor(executor: Executor) -> _ExecutorOption:
    """Call the task's function on *executor*; all that is around it stays here. Not in Go.

    An option of a scheduler and of a job. Any :class:`concurrent.futures.Executor`: a process pool, or a
    cluster's, such as Dask's ``Client.get_executor()``. Its owner shuts it down. What crosses to another
    process must pickle; a :class:`Context <gocron_py.Context>` does not. There
    :func:`current_run <gocron_py.current_run>` tells of tick, attempt and fence.

    When the run's context ends, its call is cancelled. Where the executor cannot tell a call that waits from one
    that runs (Dask's cannot), the run is over then, and the function may go on over there.

    A cluster may begin a call a second time, after the loss of a worker for example. Its own settings can forbid
    some of that (Dask: ``distributed.scheduler.allowed-failures: 0``); the fence, which is the same both times,
    keeps the rest from writing twice.

    :raises ErrInvalidArgument: not an Executor.
    """
    check_kind(executor, Executor, "executor")
    return _ExecutorOption(executor)
