"""Every error that gocron_py raises.

A class named ``ErrX`` stands for the Go variable ``ErrX`` of gocron v2.22.0 and carries its
text to the letter, so ``str(error)`` in a port is what the original printed. What was *given*
is added as a note (:pep:`678`): tracebacks show it, the text stays Go's.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

from gocron_py.printable import without_passwords

_NOTHING = object()


class _Shortened(reprlib.Repr):
    """What was given may be a crontab of a megabyte, or a URL with a password in it."""

    def repr_str(self, x: str, level: int) -> str:
        return super().repr_str(without_passwords(x), level)


_shortened = _Shortened()
_shortened.maxstring = _shortened.maxother = 120


class GocronError(Exception):
    """The base of all errors of this library.

    :param detail: appended to the class's text on a line of its own, as Go's ``errors.Join``.
    :param got: the offending value; shown as a note, shortened, never in ``str()``.
    """

    message: ClassVar[str] = "gocron: error"

    def __init__(self, detail: str = "", *, got: object = _NOTHING) -> None:
        super().__init__(f"{self.message}\n{detail}" if detail else self.message)
        if got is not _NOTHING:
            self.add_note(f"got {_shortened.repr(got)}")

    def __reduce__(self) -> tuple[Callable[..., GocronError], tuple[object, ...]]:
        # An exception is restored by calling its class with its args, here the finished text.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[GocronError], args: tuple[object, ...], state: dict[str, object]) -> GocronError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class ValidationError(GocronError, ValueError):
    """The base of errors about a wrong value: also a :class:`ValueError`."""


class WrongKindError(ValidationError, TypeError):
    """The base of errors about a wrong kind of object: also a :class:`TypeError`."""


class ErrInvalidArgument(WrongKindError):
    """An argument that Go's compiler would refuse: a wrong type or an impossible number."""

    message = "gocron: invalid argument"


def check_kind(value: object, kind: type, what: str) -> None:
    """Raise :exc:`ErrInvalidArgument` unless *value* is a *kind*; a bool is no int here."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ErrInvalidArgument(f"{what} must be of type {kind.__name__}", got=value)


def satisfies(value: object, protocol: Any) -> bool:
    """Whether *value* is an object with the methods of *protocol*. A class has them too, and cannot be asked."""
    # isinstance() of a protocol looks past __getattr__ from Python 3.12 on, and so past proxies.
    return not isinstance(value, type) and all(callable(getattr(value, name, None)) for name in _methods(protocol))


@cache
def _methods(protocol: Any) -> tuple[str, ...]:
    return tuple(name for name in dir(protocol) if not name.startswith("_"))


class ErrNoNextRun(ValidationError):
    """A schedule that can never run, or not before the year 9999. Not in Go."""

    message = "gocron: the schedule has no next run"


class ErrSchedulerShutdown(GocronError, RuntimeError):
    """A call that needs a living scheduler came after its shutdown. Go does nothing, silently."""

    message = "gocron: scheduler is shut down"


class ErrSchedulerForked(GocronError, RuntimeError):
    """The scheduler belongs to the parent process: threads do not survive ``os.fork``. Not in Go."""

    message = (
        "gocron: this scheduler belongs to the parent process and does not run in a forked child; "
        "create and start one in the child"
    )


class ErrJobIdentifierInUse(ValidationError):
    """``with_identifier`` names a job that is already there. Go replaces that job unseen."""

    message = "gocron: WithIdentifier: identifier is in use by another job"


class ErrWithLocationUnknown(ValidationError):
    """A zone name that the time zone database does not hold. Not in Go."""

    message = "gocron: WithLocation: unknown time zone"


class ErrCronJobInvalid(ValidationError):
    message = "gocron: CronJob: invalid crontab"


class ErrCronJobParse(ValidationError):
    message = "gocron: CronJob: crontab parse failure"


class ErrDailyJobAtTimeNil(WrongKindError):
    message = "gocron: DailyJob: atTime within atTimes must not be nil"


class ErrDailyJobAtTimesNil(WrongKindError):
    message = "gocron: DailyJob: atTimes must not be nil"


class ErrDailyJobHours(ValidationError):
    message = "gocron: DailyJob: atTimes hours must be between 0 and 23 inclusive"


class ErrDailyJobZeroInterval(ValidationError):
    message = "gocron: DailyJob: interval must be greater than 0"


class ErrDailyJobMinutesSeconds(ValidationError):
    message = "gocron: DailyJob: atTimes minutes and seconds must be between 0 and 59 inclusive"


class ErrDurationJobIntervalZero(ValidationError):
    message = "gocron: DurationJob: time interval is 0"


class ErrDurationJobIntervalNegative(ValidationError):
    message = "gocron: DurationJob: time interval must be greater than 0"


class ErrDurationRandomJobPositive(ValidationError):
    message = "gocron: DurationRandomJob: minimum and maximum durations must be greater than 0"


class ErrDurationRandomJobMinMax(ValidationError):
    message = "gocron: DurationRandomJob: minimum duration must be less than maximum duration"


class ErrEventListenerFuncNil(WrongKindError):
    message = "gocron: eventListenerFunc must not be nil"


class ErrJobNotFound(GocronError, LookupError):
    message = "gocron: job not found"


class ErrJobParameterMismatch(WrongKindError):
    message = "gocron: job function called with wrong number of parameters"


class ErrJobRunNowFailed(GocronError, RuntimeError):
    message = "gocron: Job: RunNow: scheduler unreachable"


class ErrMonthlyJobDays(ValidationError):
    message = "gocron: MonthlyJob: daysOfTheMonth must be between 31 and -31 inclusive, and not 0"


class ErrMonthlyJobAtTimeNil(WrongKindError):
    message = "gocron: MonthlyJob: atTime within atTimes must not be nil"


class ErrMonthlyJobAtTimesNil(WrongKindError):
    message = "gocron: MonthlyJob: atTimes must not be nil"


class ErrMonthlyJobDaysNil(WrongKindError):
    message = "gocron: MonthlyJob: daysOfTheMonth must not be nil"


class ErrMonthlyJobHours(ValidationError):
    message = "gocron: MonthlyJob: atTimes hours must be between 0 and 23 inclusive"


class ErrMonthlyJobZeroInterval(ValidationError):
    message = "gocron: MonthlyJob: interval must be greater than 0"


class ErrMonthlyJobMinutesSeconds(ValidationError):
    message = "gocron: MonthlyJob: atTimes minutes and seconds must be between 0 and 59 inclusive"


class ErrNewJobTaskNil(WrongKindError):
    message = "gocron: NewJob: Task must not be nil"


class ErrNewJobTaskNotFunc(WrongKindError):
    message = "gocron: NewJob: Task.Function must be of kind reflect.Func"


class ErrNewJobWrongNumberOfParameters(WrongKindError):
    message = "gocron: NewJob: Number of provided parameters does not match expected"


class ErrNewJobWrongTypeOfParameters(WrongKindError):
    """For ported code that names it; type checkers do its work, nothing raises it at run time."""

    message = "gocron: NewJob: Type of provided parameters does not match expected"


class ErrOneTimeJobStartDateTimePast(ValidationError):
    message = "gocron: OneTimeJob: start must not be in the past"


class ErrStopExecutorTimedOut(GocronError, TimeoutError):
    message = "gocron: timed out waiting for executor to stop"


class ErrStopJobsTimedOut(GocronError, TimeoutError):
    message = "gocron: timed out waiting for jobs to finish"


class ErrStopSchedulerTimedOut(GocronError, TimeoutError):
    message = "gocron: timed out waiting for scheduler to stop"


class ErrWeeklyJobAtTimeNil(WrongKindError):
    message = "gocron: WeeklyJob: atTime within atTimes must not be nil"


class ErrWeeklyJobAtTimesNil(WrongKindError):
    message = "gocron: WeeklyJob: atTimes must not be nil"


class ErrWeeklyJobDaysOfTheWeekNil(WrongKindError):
    message = "gocron: WeeklyJob: daysOfTheWeek must not be nil"


class ErrWeeklyJobHours(ValidationError):
    message = "gocron: WeeklyJob: atTimes hours must be between 0 and 23 inclusive"


class ErrWeeklyJobZeroInterval(ValidationError):
    message = "gocron: WeeklyJob: interval must be greater than 0"


class ErrWeeklyJobMinutesSeconds(ValidationError):
    message = "gocron: WeeklyJob: atTimes minutes and seconds must be between 0 and 59 inclusive"


class ErrPanicRecovered(GocronError, RuntimeError):
    """What the error path gets after a panic; the exception that was raised is its ``__cause__``.

    :param value: what the task panicked with: the value given to :func:`gocron_py.panic`, or
        the exception itself.
    """

    message = "gocron: panic recovered"

    def __init__(self, value: object = None) -> None:
        Exception.__init__(self, f"{self.message} from {_as_go_prints(value)}")
        self.value = value


def _as_go_prints(value: object) -> str:
    """An error is its text, as with Go's ``%v``. What has none, or is no Exception, says nothing without its type."""
    text = str(value)
    if not isinstance(value, BaseException) or (text and isinstance(value, Exception)):
        return text
    return f"{type(value).__name__}: {text}" if text else type(value).__name__


class ErrSchedulerBusy(GocronError, TimeoutError):
    message = "gocron: scheduler did not respond in time"


class ErrWithClockNil(WrongKindError):
    message = "gocron: WithClock: clock must not be nil"


class ErrWithContextNil(WrongKindError):
    message = "gocron: WithContext: context must not be nil"


class ErrWithDistributedElectorNil(WrongKindError):
    message = "gocron: WithDistributedElector: elector must not be nil"


class ErrWithDistributedLockerNil(WrongKindError):
    message = "gocron: WithDistributedLocker: locker must not be nil"


class ErrWithDistributedJobLockerNil(WrongKindError):
    message = "gocron: WithDistributedJobLocker: locker must not be nil"


class ErrWithIdentifierNil(WrongKindError):
    message = "gocron: WithIdentifier: identifier must not be nil"


class ErrSchedulerMonitorNil(WrongKindError):
    message = "gocron: WithSchedulerMonitor: monitor must not be nil"


class ErrWithLimitConcurrentJobsZero(ValidationError):
    message = "gocron: WithLimitConcurrentJobs: limit must be greater than 0"


class ErrWithLocationNil(WrongKindError):
    message = "gocron: WithLocation: location must not be nil"


class ErrWithLoggerNil(WrongKindError):
    message = "gocron: WithLogger: logger must not be nil"


class ErrWithMonitorNil(WrongKindError):
    message = "gocron: WithMonitor: monitor must not be nil"


class ErrWithNameEmpty(ValidationError):
    message = "gocron: WithName: name must not be empty"


class ErrWithStartDateTimePast(ValidationError):
    message = "gocron: WithStartDateTime: start must not be in the past"


class ErrWithStartDateTimePastZero(ValidationError):
    message = "gocron: WithStartDateTime: start must not be zero"


class ErrWithStopDateTimePast(ValidationError):
    message = "gocron: WithStopDateTime: end must not be in the past"


class ErrStartTimeLaterThanEndTime(ValidationError):
    message = "gocron: WithStartDateTime: start must not be later than end"


class ErrStopTimeEarlierThanStartTime(ValidationError):
    message = "gocron: WithStopDateTime: end must not be earlier than start"


class ErrWithStopTimeoutZeroOrNegative(ValidationError):
    message = "gocron: WithStopTimeout: timeout must be greater than 0"


class ErrWithLimitedRunsZero(ValidationError):
    message = "gocron: WithLimitedRuns: limit must be greater than 0"


class NotLeader(GocronError):
    """Another instance leads, or nobody can tell: what the electors here answer. Not in Go."""

    message = "gocron: this instance is not the leader"


class LockError(GocronError):
    """The base of what tick lockers answer when a run may not go; ``after_lock_error`` is told. Not in Go.

    :ivar retry_after: in how many microseconds the job's next tick comes, where it depends on other instances.
    """

    message = "gocron: lock error"
    retry_after: int | None = None


class TickTaken(LockError):
    """Another instance has run this tick, or is running it. What most instances hear, most of the time."""

    message = "gocron: the tick is taken by another instance"


class TickStale(LockError):
    """The tick lies before all that the store remembers, or before the job was first registered there."""

    message = "gocron: the tick is too old to tell whether it has run"


class TickEarly(LockError):
    """The tick is still to come on the store's clock, and the wait for it was broken off."""

    message = "gocron: the tick has not come yet by the store's clock"


class TickBusy(LockError):
    """Another run of the job was going on until the tick's start deadline."""

    message = "gocron: another run of the job is going on"


class TickMissed(LockError):
    """The tick came too late: after its start deadline, and ``catch_up`` does not allow for it."""

    message = "gocron: the tick is past its start deadline"


class TickPaused(LockError):
    """The job is paused in the store, by whichever instance. Its run counts as skipped, not as failed."""

    message = "gocron: the job is paused"


class LockLost(LockError):
    """The claim is no longer this instance's; the cause with which the task's context was cancelled."""

    message = "gocron: the lock was lost"


class StoreError(LockError):
    """The base of errors of the store itself."""

    message = "gocron: the store failed"


class StoreDown(StoreError):
    """The store cannot be reached, does not answer in time, or refuses; it is asked again."""

    message = "gocron: the store cannot be reached"


class StoreAmnesia(StoreError):
    """The store has forgotten the job: what ran before is unknown, so only ticks from now on may run."""

    message = "gocron: the store has lost the record of the job"


class StoreCorrupt(StoreError):
    """The store holds what this library has not written. A person has to look; nothing runs meanwhile."""

    message = "gocron: the store's record cannot be read"
