"""Times of day, days and moments as users give them: kinds are checked here at once, values later."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from typing import NamedTuple, TypeAlias

from gocron_py.errors import ErrInvalidArgument, GocronError, check_kind
from gocron_py.instant import check_moment
from gocron_py.schedules.wall_time import Weekday


@dataclass(frozen=True, slots=True)
class AtTime:
    """A time of day, not yet checked (Go: ``AtTime``)."""

    hours: int
    minutes: int
    seconds: int


AtTimes: TypeAlias = Collection[AtTime | time | None]
"""Times of day, in any order (Go: ``AtTimes``)."""

Weekdays: TypeAlias = Collection[Weekday | int]
"""Days of the week, in any order; an int counts from 0, Sunday (Go: ``Weekdays``)."""

DaysOfTheMonth: TypeAlias = Collection[int]
"""Days of the month, 1 to 31, or -1 to -31 from its end, in any order (Go: ``DaysOfTheMonth``)."""


def new_at_time(hours: int, minutes: int, seconds: int) -> AtTime:
    """A time of day in the scheduler's location (Go: ``NewAtTime``). ``datetime.time`` serves as well.

    Whether there is such a time is looked at when the job is made.

    :param hours: 0 to 23; *minutes* and *seconds* are 0 to 59.
    :raises ErrInvalidArgument: not whole numbers.
    """
    for number, what in (hours, "hours"), (minutes, "minutes"), (seconds, "seconds"):
        check_kind(number, int, what)
    return AtTime(hours, minutes, seconds)


def new_at_times(*at_times: AtTime | time | None) -> AtTimes:
    """Times of day, in the scheduler's location (Go: ``NewAtTimes``). Any collection of them serves as well.

    :raises ErrInvalidArgument: something else than times of day.
    """
    _check_at_times(at_times)
    return at_times


def new_weekdays(*days: Weekday | int) -> Weekdays:
    """Days of the week (Go: ``NewWeekdays``). Any collection of them serves as well.

    :raises ErrInvalidArgument: not days of the week, 0 (Sunday) to 6.
    """
    return tuple(weekday_of(day) for day in days)


def new_days_of_the_month(*days: int) -> DaysOfTheMonth:
    """Days of the month (Go: ``NewDaysOfTheMonth``). Any collection of them serves as well.

    :param days: 1 to 31, or -1 to -31 counted from the end of the month: -1 is its last day.
    :raises ErrInvalidArgument: not whole numbers.
    """
    for day in days:
        check_kind(day, int, "a day of the month")
    return days


def time_from_at_time(at: AtTime | time, location: tzinfo) -> time:
    """A time of day as a :class:`datetime.time` with *location* (Go: ``TimeFromAtTime``, a time on a dummy date).

    :raises ErrInvalidArgument: there is no such time of day, or a wrong kind of object.
    """
    check_kind(location, tzinfo, "location")
    if isinstance(at, time):
        return at.replace(tzinfo=location)
    check_kind(at, AtTime, "the time of day")
    try:
        return time(at.hours, at.minutes, at.seconds, tzinfo=location)
    except (ValueError, OverflowError) as error:
        raise ErrInvalidArgument(f"no time of day: {error}", got=at) from error


def _check_at_times(at_times: AtTimes | None) -> None:
    if at_times is None:
        return
    check_collection(at_times, "at_times", "times of day")
    for at in at_times:
        if isinstance(at, time):
            if at.tzinfo is not None:
                raise ErrInvalidArgument("times of day are in the scheduler's location, so without a tzinfo", got=at)
            if at.microsecond:
                raise ErrInvalidArgument("times of day are whole seconds", got=at)
        elif at is not None and not isinstance(at, AtTime):
            raise ErrInvalidArgument("a time of day is a datetime.time, or made by new_at_time", got=at)


def check_collection(value: object, what: str, members: str) -> None:
    """Raise :exc:`ErrInvalidArgument` unless *value* is a collection, and not of characters."""
    if not isinstance(value, Collection) or isinstance(value, str | bytes | Mapping):
        raise ErrInvalidArgument(f"{what} must be a list, a tuple or a set of {members}", got=value)


def weekday_of(day: int) -> Weekday:
    """The day of the week with a number.

    :raises ErrInvalidArgument: there is none.
    """
    check_kind(day, int, "a day of the week")
    try:
        return Weekday(day)
    except ValueError:
        raise ErrInvalidArgument("a day of the week is 0 (Sunday) to 6", got=day) from None


class AtTimeErrors(NamedTuple):
    """What a kind of job raises for wrong times of day."""

    no_list: type[GocronError]
    no_time: type[GocronError]
    hours: type[GocronError]
    minutes_seconds: type[GocronError]


def times_of_day(at_times: tuple[AtTime | time | None, ...] | None, errors: AtTimeErrors) -> list[time]:
    """Times of day, checked in the order given; the first wrong one is raised."""
    if at_times is None:
        raise errors.no_list
    if not at_times:
        raise errors.no_list("there are none, so the job would never run")
    times = []
    for at in at_times:
        if at is None:
            raise errors.no_time
        if isinstance(at, time):
            times.append(at.replace(fold=0))
            continue
        if not 0 <= at.hours <= 23:
            raise errors.hours(got=at)
        if not (0 <= at.minutes <= 59 and 0 <= at.seconds <= 59):
            raise errors.minutes_seconds(got=at)
        times.append(time(at.hours, at.minutes, at.seconds))
    return times


def frozen_times(at_times: AtTimes | None) -> tuple[AtTime | time | None, ...] | None:
    """A copy, of which the kinds are checked."""
    _check_at_times(at_times)
    return None if at_times is None else tuple(at_times)


@dataclass(frozen=True, slots=True)
class OneTimeJobStartAtOption:
    """When a one-time job runs (Go: ``OneTimeJobStartAtOption``): moments, or *immediately* at the start."""

    immediately: bool
    moments: tuple[datetime | None, ...] = ()


def one_time_job_start_immediately() -> OneTimeJobStartAtOption:
    """Run when the scheduler starts, or at once if it has (Go: ``OneTimeJobStartImmediately``)."""
    return OneTimeJobStartAtOption(immediately=True)


def one_time_job_start_date_time(start: datetime | None) -> OneTimeJobStartAtOption:
    """Run at a moment in the future (Go: ``OneTimeJobStartDateTime``).

    :param start: a naive one is read in the scheduler's location; ``None``, Go's zero time, is in the past.
    :raises ErrInvalidArgument: not a datetime.
    """
    return one_time_job_start_date_times(start)


def one_time_job_start_date_times(*times: datetime | None) -> OneTimeJobStartAtOption:
    """Run at several moments, of which one at least is in the future (Go: ``OneTimeJobStartDateTimes``).

    :param times: in any order; naive ones are read in the scheduler's location.
    :raises ErrInvalidArgument: something else than datetimes.
    """
    for moment in times:
        if moment is not None:
            check_moment(moment, "the time of a one-time job")
    return OneTimeJobStartAtOption(immediately=False, moments=times)
