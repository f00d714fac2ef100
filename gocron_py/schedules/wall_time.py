"""Wall clocks: zones, gaps, repeated hours, and the rules that turn a reading into an instant.

Inside the schedules a wall-clock reading is a plain number, a :data:`Wall`: the microseconds
since 1970-01-01 00:00 *as that clock shows it*. A zone is asked one thing only, its offset at
an instant, which every kind of ``tzinfo`` answers rightly (pytz's too), gap or no gap.
"""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta, timezone, tzinfo
from enum import Enum, IntEnum
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from dateutil.tz import tzlocal

from gocron_py.errors import ErrInvalidArgument, ErrWithLocationUnknown
from gocron_py.instant import SECOND, WIDEST_OFFSET, Instant, Micros, datetime_of, offset_of

Wall: TypeAlias = int
"""Microseconds since 1970-01-01 00:00 on some zone's wall clock."""

DAY: Micros = 86_400 * SECOND

# No zone has ever changed its clocks and back again within so long; Freetown did within four days, in 1939.
_SPAN: Micros = 3 * DAY

EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (a reading has no zone)
_MICROSECOND = timedelta(microseconds=1)

# Longer than any change of clocks (in Samoa, in 2011, by a whole day).
LONGEST_CHANGE: Micros = 25 * 3600 * SECOND


class DaylightSavingsTimePolicy(Enum):
    """What becomes of a time of day that clocks jump over in spring (Go: ``DaylightSavingsTimePolicy``)."""

    DEFAULT = 0
    """Crontabs leave it out; daily, weekly and monthly jobs run after the change, by the clock's adjustment."""
    SKIP = 1
    """It is left out."""
    RUN_AFTER_TRANSITION = 2
    """The job runs after the change, by the clock's adjustment: 02:30 becomes 03:30."""


class Weekday(IntEnum):
    """The days of the week, numbered as in Go and in crontabs (Go: ``time.Weekday``)."""

    SUNDAY = 0
    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6


def offset_at(instant: Instant, zone: tzinfo) -> Micros:
    """How far *zone*'s wall clock is ahead of UTC at an instant (or at the nearest one that has a date)."""
    try:
        offset = _offset_of_span(instant // _SPAN, zone)
    except TypeError:  # such as dateutil's zones, which have no hash
        offset = None
    return offset_of(instant, zone) if offset is None else offset


# Of so many spans and zones it is known: a question to a zone takes five times as long.
@lru_cache(maxsize=4096)
def _offset_of_span(number: int, zone: tzinfo) -> Micros | None:
    """The one offset of a span, counted from the epoch; ``None``: clocks are changed in it."""
    offset = offset_of(number * _SPAN, zone)
    return offset if offset == offset_of((number + 1) * _SPAN, zone) else None


def wall_at(instant: Instant, zone: tzinfo) -> Wall:
    """What *zone*'s wall clock shows at an instant."""
    return instant + offset_at(instant, zone)


def wall_of(reading: datetime) -> Wall:
    """A naive datetime as a number."""
    return (reading - _NAIVE_EPOCH) // _MICROSECOND


def reading_of(wall: Wall) -> datetime:
    """A number as a naive datetime.

    :raises OverflowError: outside the years 1 to 9999.
    """
    return _NAIVE_EPOCH + timedelta(microseconds=wall)


def date_of(wall: Wall) -> date:
    """The calendar day of a reading; outside the years 1 to 9999 the nearest day inside."""
    return date.fromordinal(min(max(wall // DAY + EPOCH_ORDINAL, 1), date.max.toordinal()))


def midnight_of(day: date) -> Wall:
    """The reading with which a calendar day begins."""
    return (day.toordinal() - EPOCH_ORDINAL) * DAY


def go_date(wall: Wall, zone: tzinfo) -> Instant:
    """Go's ``time.Date``: *wall*, read as UTC, less the offset at that instant less the offset there.

    A reading that comes twice means the first occurrence west of Greenwich and the second one
    east of it. One that is jumped over comes out an hour early in the west, late in the east.
    """
    return wall - offset_at(wall - offset_at(wall, zone), zone)


def put_off(wall: Wall, zone: tzinfo) -> Instant:
    """The instant at which *zone*'s wall clock shows *wall*, see :func:`go_date`; in a gap, at which it would.

    That is after the change: the old clock, had nobody changed it, would show *wall* then.
    (Go's default gives that in the east only.)
    """
    instant = go_date(wall, zone)
    return wall - min(offset_at(instant, zone), wall - instant)


def instant_at(wall: Wall, zone: tzinfo, policy: DaylightSavingsTimePolicy) -> Instant | None:
    """As :func:`put_off`, but for ``None`` in a gap by the policy ``SKIP``."""
    instant = put_off(wall, zone)
    if policy is DaylightSavingsTimePolicy.SKIP and wall_at(instant, zone) != wall:
        return None
    return instant


def first_instant_at(wall: Wall, zone: tzinfo, policy: DaylightSavingsTimePolicy) -> Instant | None:
    """As :func:`instant_at`, but of two instants the first one, which is what RFC 5545 means."""
    instant = instant_at(wall, zone, policy)
    if instant is None:
        return None
    first = wall - offset_at(instant - LONGEST_CHANGE, zone)
    return first if first < instant and wall_at(first, zone) == wall else instant


def steady_offset(start: Wall, end: Wall, zone: tzinfo) -> Micros | None:
    """The offset that holds for all readings from *start* to *end*; ``None`` if clocks may be changed meanwhile."""
    before = offset_at(start - WIDEST_OFFSET, zone)
    return before if before == offset_at(end + WIDEST_OFFSET, zone) else None


def is_steady(start: Instant, end: Instant, zone: tzinfo) -> bool:
    """Whether *zone*'s clocks keep one offset from *start* to *end*.

    Asked at distances within which no zone changes them and back.
    """
    offset = offset_at(end, zone)
    return all(offset_at(instant, zone) == offset for instant in range(start, end, _SPAN))


def change_between(earlier: Instant, later: Instant, zone: tzinfo) -> Instant:
    """The instant of a change of *zone*'s clocks, given two instants with different offsets around it."""
    offset = offset_at(earlier, zone)
    while later - earlier > 1:
        middle = (earlier + later) // 2
        if offset_at(middle, zone) == offset:
            earlier = middle
        else:
            later = middle
    return later


def first_change(start: Instant, end: Instant, zone: tzinfo) -> Instant | None:
    """The first instant after *start*, and not after *end*, with which *zone*'s clocks are changed.

    Asked as by :func:`is_steady`.
    """
    if isinstance(zone, timezone):
        return None
    offset, earlier = offset_at(start, zone), start
    while earlier < end:
        later = min(earlier + _SPAN, end)
        if offset_at(later, zone) != offset:
            return change_between(earlier, later, zone)
        earlier = later
    return None


def load_location(name: str) -> ZoneInfo:
    """A zone of the time zone database by its name, as Go's ``time.LoadLocation``.

    Whatever is wrong, there is one error; nothing outside the database is ever opened.

    :param name: such as ``"Europe/Berlin"``; upper and lower case matter.
    :raises ErrWithLocationUnknown: no such zone, or not the name of a zone at all.
    :raises ErrInvalidArgument: not a string.
    """
    if not isinstance(name, str):
        raise ErrInvalidArgument("the name of a time zone is a string", got=name)
    try:
        # ZoneInfo itself refuses absolute paths and whatever leaves the database by "..".
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, ImportError) as error:
        raise ErrWithLocationUnknown(f"got {name!r:.120}") from error


def local_location() -> tzinfo:
    """The machine's zone, as Go's ``time.Local``: that of ``TZ``, else that of ``/etc/localtime``.

    A zone of the database where there is one, so that changes of the rules to come are known.
    """
    name = os.environ.get("TZ")
    if name is None:
        name = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
    try:
        return load_location(name.removeprefix(":"))
    except ErrWithLocationUnknown:
        return tzlocal()


def shown_in(instants: tuple[Instant, ...], location: tzinfo) -> tuple[datetime, ...]:
    """Instants as aware datetimes in *location*."""
    return tuple(datetime_of(instant, location) for instant in instants)
