"""Instants: the one representation of time inside the library.

An instant is a whole number of microseconds since 1970-01-01T00:00Z. It has no zone, compares
as a plain number and never meets Python's rule that aware datetimes of one zone are compared
and added to by wall clock. Datetimes live at the borders only: what a caller gives is turned
into an instant at once, what a caller gets is an aware datetime in the scheduler's location.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeAlias

from gocron_py.errors import ErrInvalidArgument

Instant: TypeAlias = int
"""Microseconds since the Unix epoch, UTC."""

Micros: TypeAlias = int
"""A length of time in microseconds."""

SECOND: Micros = 1_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

LAST: Instant = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND - 2 * 86_400 * SECOND
"""The last instant that is used: two days short of the year 10000, so every zone can show it."""


def instant_of(moment: datetime, location: tzinfo) -> Instant:
    """The instant of a datetime; a naive one is read in *location*, as everywhere in this library.

    :raises ErrInvalidArgument: not a datetime, or one outside the years 1 to 9999 in UTC.
    """
    if not isinstance(moment, datetime):
        raise ErrInvalidArgument("a datetime is needed", got=moment)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=location)
    try:
        return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND
    except OverflowError as error:
        raise ErrInvalidArgument("the datetime lies outside the years 1 to 9999", got=moment) from error


def datetime_of(instant: Instant, location: tzinfo) -> datetime:
    """An instant as an aware datetime in *location*."""
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(location)


def micros_of(length: timedelta) -> Micros:
    """A timedelta in whole microseconds."""
    return length // _MICROSECOND
