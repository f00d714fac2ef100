"""Instants: the one representation of time inside the library.

An instant is a whole number of microseconds since 1970-01-01T00:00Z. It has no zone, compares
as a plain number and never meets Python's rule that aware datetimes of one zone are compared
and added to by wall clock. Datetimes live at the borders only: what a caller gives is turned
into an instant at once, what a caller gets is an aware datetime in the scheduler's location.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeAlias

from gocron_py.errors import ErrInvalidArgument, check_kind

Instant: TypeAlias = int
"""Microseconds since the Unix epoch, UTC."""

Micros: TypeAlias = int
"""A length of time in microseconds."""

SECOND: Micros = 1_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_DAY: Micros = 86_400 * SECOND
_MIN: Instant = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_MAX: Instant = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND

FIRST: Instant = _MIN + 2 * _DAY
"""The first instant that every zone can show."""

LAST: Instant = _MAX - 2 * _DAY
"""The last instant that is used: two days short of the year 10000, so every zone can show it."""

WIDEST_OFFSET: Micros = 17 * 3600 * SECOND
"""Wider than any offset of a zone from UTC has ever been (Manila and Alaska come near 16 hours)."""


def check_moment(value: datetime, what: str) -> None:
    """Raise :exc:`ErrInvalidArgument` unless *value* is a datetime whose zone, if it has one, can be used."""
    check_kind(value, datetime, what)
    if value.tzinfo is not None:
        instant_of(value, value.tzinfo)


def instant_of(moment: datetime, location: tzinfo) -> Instant:
    """The instant of a datetime; a naive one is read in *location*, as everywhere in this library.

    :raises ErrInvalidArgument: not a datetime, one outside the years 1 to 9999 in UTC, or of a zone that fails.
    """
    if not isinstance(moment, datetime):
        raise ErrInvalidArgument("a datetime is needed", got=moment)
    zone = moment.tzinfo
    if zone is None:
        instant = _instant_of_reading(moment, location)
        if not _MIN <= instant <= _MAX:
            raise _outside(moment)
        return instant
    try:
        if moment.utcoffset() is not None:
            return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND
    except OverflowError as error:
        raise _outside(moment) from error
    except Exception as error:
        raise _no_offset(zone) from error
    raise _no_offset(zone)


def _instant_of_reading(reading: datetime, zone: tzinfo) -> Instant:
    """Of two instants the first, in a gap the one by the clock before it; with ``fold`` the other one (:pep:`495`).

    Not ``reading.replace(tzinfo=zone)``: pytz's zones then give their local mean time.
    """
    wall = (reading.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
    meant, other = offset_of(wall - WIDEST_OFFSET, zone), offset_of(wall + WIDEST_OFFSET, zone)
    if reading.fold:
        meant, other = other, meant
    if offset_of(wall - meant, zone) != meant and offset_of(wall - other, zone) == other:
        meant = other
    return wall - meant


def offset_of(instant: Instant, zone: tzinfo) -> Micros:
    """How far *zone*'s wall clock is ahead of UTC at an instant (or at the nearest one that has a date).

    :raises ErrInvalidArgument: the zone, a user's own perhaps, does not tell.
    """
    moment = _EPOCH + timedelta(microseconds=min(max(instant, FIRST), LAST))
    try:
        offset = moment.astimezone(zone).utcoffset()
    except Exception as error:
        raise _no_offset(zone) from error
    if offset is None:
        raise _no_offset(zone)
    return offset // _MICROSECOND


def _outside(moment: datetime) -> ErrInvalidArgument:
    return ErrInvalidArgument("the datetime lies outside the years 1 to 9999", got=moment)


def _no_offset(zone: tzinfo) -> ErrInvalidArgument:
    return ErrInvalidArgument(f"the time zone, a {type(zone).__name__}, does not tell its offset from UTC", got=zone)


def datetime_of(instant: Instant, location: tzinfo) -> datetime:
    """An instant as an aware datetime in *location*."""
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(location)


def micros_of(length: timedelta) -> Micros:
    """A timedelta in whole microseconds."""
    return length // _MICROSECOND
