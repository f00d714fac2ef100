"""Searching the ticks of a crontab.

croniter finds the readings of a wall clock that a crontab names. As long as clocks are not
changed, that is all there is to it. Around a change gocron's results are those of the way in
which robfig/cron v3.0.1 walks over it, so there its walk is taken, step by step.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from datetime import MAXYEAR, date, datetime, tzinfo
from functools import lru_cache
from threading import Lock
from typing import final

from croniter import croniter

from gocron_py.instant import LAST, SECOND, Instant, Micros
from gocron_py.schedules.crontab import Times
from gocron_py.schedules.wall_time import (
    DAY,
    LONGEST_CHANGE,
    Wall,
    go_date,
    is_steady,
    midnight_of,
    offset_at,
    put_off,
    reading_of,
    wall_at,
    wall_of,
)

_MINUTE = 60 * SECOND
_HOUR = 60 * _MINUTE

# The longest wait that a crontab can ask for is from one 29 February to the next, over a year such as 2100.
_LONGEST_WAIT_YEARS = 8

_ANY_READING = reading_of(0)


def why_never(times: Times) -> str | None:
    """Why there is no such reading, in words; ``None`` if there is one."""
    if not (times.seconds and times.minutes and times.hours and times.months):
        return "a field that names nothing"
    if times.either_day:
        return None if times.weekdays or _possible_days(times) else "no day that its months have"
    if not times.weekdays:
        return "a field that names nothing"
    return None if _possible_days(times) else "no day that its months have"


def _possible_days(times: Times) -> bool:
    # In the leap year 2000, as in every fourth year, February has 29 days.
    return bool(times.days) and any(times.days[0] <= monthrange(2000, month)[1] for month in times.months)


@final
class Readings:
    """The readings that a crontab names, one after the other, by croniter."""

    __slots__ = ("_engine", "_lock")

    def __init__(self, times: Times) -> None:
        """:param times: at least one reading, see :func:`why_never`."""
        self._engine = croniter(_expression(times), _ANY_READING, max_years_between_matches=_LONGEST_WAIT_YEARS + 1)
        # croniter keeps the start of a search in itself.
        self._lock = Lock()

    def after(self, wall: Wall) -> Wall | None:
        """The first reading later than *wall*; ``None`` if it is not before the year 10000."""
        try:
            with self._lock:
                return wall_of(self._engine.get_next(datetime, start_time=reading_of(wall)))
        except (OverflowError, ValueError):
            return None


# One for all jobs with the same crontab: croniter takes ten times as long to read an expression as to find a time.
shared_readings = lru_cache(maxsize=1024)(Readings)


def _expression(times: Times) -> str:
    """The crontab in croniter's words: every number written out, seconds last.

    croniter lets either of two days do as soon as neither field is a star.
    """
    days, weekdays = _field(times.days, 31), _field(times.weekdays, 7)
    if times.either_day:
        if "*" in (days, weekdays):
            days = weekdays = "*"
        elif not _possible_days(times):
            days = "*"
        elif not times.weekdays:
            weekdays = "*"
    others = (_field(times.minutes, 60), _field(times.hours, 24), days, _field(times.months, 12), weekdays)
    return " ".join((*others, _field(times.seconds, 60)))


def _field(numbers: tuple[int, ...], size: int) -> str:
    return "*" if len(numbers) == size else ",".join(map(str, numbers))


@final
class TimesSearch:
    """The ticks of a crontab on the wall clock of a zone.

    What was found last answers all questions from its own up to it: that of the next job with the same crontab, of the
    other jobs of a tick.
    """

    __slots__ = ("_last", "_readings", "_runs_after_gap", "_times", "_zone")

    def __init__(self, times: Times, zone: tzinfo, runs_after_gap: bool = False) -> None:
        """:param times: at least one reading, see :func:`why_never`.
        :param runs_after_gap: readings that clocks jump over are ticks after the change; else they are none.
        """
        self._times = times
        self._readings = shared_readings(times)
        self._zone = zone
        self._runs_after_gap = runs_after_gap
        # An instant, and the first tick after it; far from changes of clocks only. One tuple: no lock is needed.
        self._last: tuple[Instant, Instant] = (0, 0)

    def first(self, after: Instant) -> Instant | None:
        """The first tick later than *after*."""
        asked, found = self._last
        if asked <= after < found:
            return found
        offset = offset_at(after, self._zone)
        reading = self._readings.after(after + offset)
        if reading is None:
            return None
        tick = reading - offset
        if not is_steady(self._look_back(after, offset), tick + LONGEST_CHANGE, self._zone):
            return self._near_a_change(after, offset, reading)
        if tick > LAST:
            return None
        self._last = after, tick
        return tick

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """The first tick from *now* on; where the search was begun is taken not to matter to it."""
        return start if start >= now else self.first(now - 1)

    def _near_a_change(self, after: Instant, offset: Micros, reading: Wall) -> Instant | None:
        tick = _Walk(self._times, self._zone, after).result()
        if tick is not None and tick <= after:
            # Within a repeated hour the walk can go back to the first occurrence of it, before its beginning.
            tick = reading - offset
        if self._runs_after_gap:
            late = self._first_put_off(after, offset, reading)
            tick = min((t for t in (tick, late) if t is not None), default=None)
        return tick if tick is not None and tick <= LAST else None

    def _first_put_off(self, after: Instant, offset: Micros, reading: Wall) -> Instant | None:
        """The tick later than *after* that a gap puts off, unless others come before the gap."""
        earlier = offset_at(after - LONGEST_CHANGE, self._zone)
        if earlier < offset:
            # Clocks have just been put forward. Old ones, that nobody changed, may still show readings in the gap.
            tick = self._put_off(self._readings.after(after + earlier))
            if tick is not None and tick > after:
                return tick
        return self._put_off(reading)

    def _put_off(self, reading: Wall | None) -> Instant | None:
        if reading is None:
            return None
        instant = put_off(reading, self._zone)
        return instant if wall_at(instant, self._zone) != reading else None

    def _look_back(self, after: Instant, offset: Micros) -> Instant:
        """From when on a change of clocks matters: the walk may begin with the first midnight of a day or month."""
        reading = reading_of(after + SECOND + offset)
        days = 1 if reading.month in self._times.months else reading.day
        return after - days * DAY - LONGEST_CHANGE


@final
class _Walk:
    """robfig's ``SpecSchedule.Next``: from unit to unit until all fields match, beginning anew when one wraps.

    Months and days are stepped on the wall clock, the rest in real time, and the walk goes on
    from wherever it lands. So across a change by half an hour whole hours can be missed.
    """

    __slots__ = ("_at", "_limit", "_times", "_truncated", "_zone")

    def __init__(self, times: Times, zone: tzinfo, after: Instant) -> None:
        self._times = times
        self._zone = zone
        self._at = after - after % SECOND + SECOND
        # Lower units are reset once, before the first step.
        self._truncated = False
        # robfig gives up after five years.
        self._limit = self._reading().year + 2 * _LONGEST_WAIT_YEARS

    def result(self) -> Instant | None:
        """The tick; ``None`` if there is none for many years."""
        while self._at <= LAST and self._reading().year <= self._limit:
            if self._to_month() and self._to_day() and self._to_hour() and self._to_minute() and self._to_second():
                return self._at
        return None

    def _reading(self) -> datetime:
        return reading_of(wall_at(self._at, self._zone))

    def _truncate(self, instant: Instant) -> None:
        if not self._truncated:
            self._truncated = True
            self._at = instant

    def _to_month(self) -> bool:
        """Each of these goes to a matching unit; False: the next larger one has changed."""
        reading = self._reading()
        if reading.month in self._times.months:
            return True
        since_first = wall_of(reading) - midnight_of(reading.date().replace(day=1)) if self._truncated else 0
        self._truncated = True
        year, month = reading.year, reading.month
        while month not in self._times.months:
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
            if year > MAXYEAR:
                self._at = LAST + 1
                return False
            # Go steps on from where a gap at midnight puts it, and so loses the next first of January.
            first = midnight_of(date(year, month, 1))
            self._at = put_off(first + since_first, self._zone)
            if month == 1:
                return False
        return True

    def _to_day(self) -> bool:
        while not self._matches_day(reading := self._reading()):
            if not self._truncated:
                self._truncate(go_date(midnight_of(reading.date()), self._zone))
            self._at = self._in_next_day()
            if self._at > LAST:
                return False
            hour = self._reading().hour
            # Midnight is in a gap.
            if hour > 12:
                self._at += (24 - hour) * _HOUR
            else:
                self._at -= hour * _HOUR
            if self._reading().day == 1:
                return False
        return True

    def _in_next_day(self) -> Instant:
        wall = wall_at(self._at, self._zone) + DAY
        instant = go_date(wall, self._zone)
        if instant <= self._at:
            # The whole day is in a gap. Go steps on the spot here, for ever.
            instant = put_off(wall, self._zone)
        return instant

    def _matches_day(self, reading: datetime) -> bool:
        in_month = reading.day in self._times.days
        in_week = reading.isoweekday() % 7 in self._times.weekdays
        return in_month or in_week if self._times.either_day else in_month and in_week

    def _to_hour(self) -> bool:
        while (reading := self._reading()).hour not in self._times.hours:
            if not self._truncated:
                self._truncate(go_date(wall_of(reading.replace(minute=0, second=0)), self._zone))
                reading = self._reading()
            self._at += self._stride(_HOUR, reading.hour, (*self._times.hours, 24))
            if self._reading().hour == 0:
                return False
        return True

    def _to_minute(self) -> bool:
        while (minute := self._reading().minute) not in self._times.minutes:
            self._truncate(self._at - self._at % _MINUTE)
            self._at += self._stride(_MINUTE, minute, (*self._times.minutes, 60))
            if self._reading().minute == 0:
                return False
        return True

    def _to_second(self) -> bool:
        while (second := self._reading().second) not in self._times.seconds:
            self._truncated = True
            self._at += self._stride(SECOND, second, (*self._times.seconds, 60))
            if self._reading().second == 0:
                return False
        return True

    def _stride(self, unit: Micros, number: int, numbers: tuple[int, ...]) -> Micros:
        """One step, or at once all those to the next of *numbers*, if clocks are not changed on the way."""
        steps = numbers[bisect_right(numbers, number)] - number
        steady = offset_at(self._at, self._zone) == offset_at(self._at + steps * unit, self._zone)
        return steps * unit if steady else unit
