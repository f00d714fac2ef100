"""Ticks at times of day, on every n-th day, week or month.

All three are one rule with another *period*. From a tick, what is left of its own period comes
first; then the interval is counted in whole periods from that one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import MAXYEAR, MINYEAR, date, time, tzinfo
from typing import final

from gocron_py.instant import LAST, SECOND, Instant, Micros
from gocron_py.schedules.description import (
    DailyJobSchedule,
    JobSchedule,
    MonthlyJobSchedule,
    WeeklyJobSchedule,
)
from gocron_py.schedules.wall_time import (
    DAY,
    DaylightSavingsTimePolicy,
    Wall,
    Weekday,
    date_of,
    instant_at,
    midnight_of,
    steady_offset,
    wall_at,
)


class CalendarSchedule(ABC):
    """What daily, weekly and monthly schedules have in common.

    Within a day the times of day keep the order of the wall clock, as in Go: a time in a gap
    that is run after the change replaces those that it then comes after.
    """

    __slots__ = ("_anchor", "_at_times", "_interval", "_location", "_policy", "_since_midnight")

    def __init__(
        self,
        interval: int,
        at_times: Iterable[time],
        location: tzinfo,
        policy: DaylightSavingsTimePolicy,
        anchor: date | None = None,
    ) -> None:
        """:param interval: in periods, at least 1.
        :param at_times: naive, at least one.
        :param anchor: whole intervals are counted from its period, whatever tick is asked about; ``None``:
            from the period of that tick, as in Go.
        """
        self._anchor = anchor
        self._interval = interval
        self._at_times = tuple(sorted(set(at_times)))
        self._since_midnight = tuple(map(_since_midnight, self._at_times))
        self._location = location
        self._policy = policy

    @property
    def elapsed(self) -> bool:
        """See :attr:`Schedule.elapsed <gocron_py.schedules.Schedule.elapsed>`."""
        return False

    def next(self, after: Instant) -> Instant | None:
        """See :meth:`Schedule.next <gocron_py.schedules.Schedule.next>`."""
        day = self._day_of(after)
        return self._first(self._aligned(self._period(day)), day, after + 1)

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """See :meth:`Schedule.resume <gocron_py.schedules.Schedule.resume>`.

        Periods are counted from *start*'s. (A zone that leaves out a whole day, such as Samoa in
        December 2011, does not move the count here; step by step it does.)
        """
        if start >= now:
            return start
        first = self._aligned(self._period(self._day_of(start)))
        # A tick that was put off by a gap belongs to a period that may have ended the day before.
        eve = date_of(wall_at(now, self._location) - DAY)
        elapsed = max(self._period(eve) - first, 0)
        return self._first(first + elapsed - elapsed % self._interval, eve, now)

    @abstractmethod
    def describe(self) -> JobSchedule:
        """The interval, the days and the times of day."""

    @abstractmethod
    def _period(self, day: date) -> int:
        """The number of the period that *day* lies in."""

    @abstractmethod
    def _days(self, period: int) -> Sequence[date] | None:
        """The schedule's days in a period, ascending; ``None`` after the year 9999."""

    def _aligned(self, period: int) -> int:
        """The first period from *period* on that the interval counts."""
        if self._anchor is None:
            return period
        return period + (self._period(self._anchor) - period) % self._interval

    def _first(self, period: int, from_day: date, earliest: Instant) -> Instant | None:
        """The first tick from *earliest* on; only days from *from_day* on are looked at."""
        while (days := self._days(period)) is not None:
            for day in days:
                if day >= from_day and (tick := self._first_on(day, earliest)) is not None:
                    return tick if tick <= LAST else None
            period += self._interval
        return None

    def _first_on(self, day: date, earliest: Instant) -> Instant | None:
        midnight = midnight_of(day)
        offset = steady_offset(midnight, midnight + DAY, self._location)
        if offset is not None:
            index = bisect_left(self._since_midnight, earliest - midnight + offset)
            return midnight + self._since_midnight[index] - offset if index < len(self._at_times) else None
        for since_midnight in self._since_midnight:
            tick = self._at(midnight + since_midnight)
            if tick is not None and tick >= earliest:
                return tick
        return None

    def _day_of(self, instant: Instant) -> date:
        """The day that *instant* counts for: its own, or the eve if that is where a gap put it off from."""
        wall = wall_at(instant, self._location)
        midnight = wall - wall % DAY
        own, eve = date_of(midnight), date_of(midnight - DAY)
        if steady_offset(midnight - DAY, midnight, self._location) is not None or not self._is_due(eve):
            return own
        if self._is_due(own) and wall % DAY in self._since_midnight:
            return own
        put_off = (self._at(midnight - DAY + since_midnight) for since_midnight in self._since_midnight)
        return eve if instant in put_off else own

    def _is_due(self, day: date) -> bool:
        return day in (self._days(self._period(day)) or ())

    def _at(self, wall: Wall) -> Instant | None:
        return instant_at(wall, self._location, self._policy)


@final
class DailySchedule(CalendarSchedule):
    """Every n-th day (Go: ``DailyJob``)."""

    __slots__ = ()

    def describe(self) -> DailyJobSchedule:
        """The interval and the times of day."""
        return DailyJobSchedule(self._interval, self._at_times)

    def _period(self, day: date) -> int:
        return day.toordinal()

    def _days(self, period: int) -> Sequence[date] | None:
        return (date.fromordinal(period),) if period <= _LAST_ORDINAL else None


@final
class WeeklySchedule(CalendarSchedule):
    """On days of the week, in every n-th week; weeks begin on Sunday (Go: ``WeeklyJob``)."""

    __slots__ = ("_weekdays",)

    def __init__(
        self,
        interval: int,
        weekdays: Iterable[Weekday],
        at_times: Iterable[time],
        location: tzinfo,
        policy: DaylightSavingsTimePolicy,
        anchor: date | None = None,
    ) -> None:
        """:param weekdays: at least one."""
        super().__init__(interval, at_times, location, policy, anchor)
        self._weekdays = tuple(sorted(set(weekdays)))

    def describe(self) -> WeeklyJobSchedule:
        """The interval, the days of the week and the times of day."""
        return WeeklyJobSchedule(self._interval, self._weekdays, self._at_times)

    def _period(self, day: date) -> int:
        # Day 7 of the year 1 was a Sunday.
        return day.toordinal() // 7

    def _days(self, period: int) -> Sequence[date] | None:
        sunday = period * 7
        if sunday > _LAST_ORDINAL:
            return None
        ordinals = (sunday + weekday for weekday in self._weekdays)
        return [date.fromordinal(ordinal) for ordinal in ordinals if 1 <= ordinal <= _LAST_ORDINAL]


@final
class MonthlySchedule(CalendarSchedule):
    """On days of the month, in every n-th month (Go: ``MonthlyJob``). Days that a month lacks are left out."""

    __slots__ = ("_days_from_end", "_days_of_month")

    def __init__(
        self,
        interval: int,
        days: Iterable[int],
        at_times: Iterable[time],
        location: tzinfo,
        policy: DaylightSavingsTimePolicy,
        anchor: date | None = None,
    ) -> None:
        """:param days: 1 to 31, or -31 to -1 counted from the end of the month; at least one."""
        super().__init__(interval, at_times, location, policy, anchor)
        ascending = sorted(set(days))
        self._days_of_month = tuple(day for day in ascending if day > 0)
        self._days_from_end = tuple(day for day in ascending if day < 0)

    def describe(self) -> MonthlyJobSchedule:
        """The interval, the days of the month from both ends and the times of day."""
        return MonthlyJobSchedule(self._interval, self._days_of_month, self._days_from_end, self._at_times)

    def _period(self, day: date) -> int:
        return day.year * 12 + day.month - 1

    def _days(self, period: int) -> Sequence[date] | None:
        year, month = divmod(period, 12)
        if not MINYEAR <= year <= MAXYEAR:
            return None
        length = monthrange(year, month + 1)[1]
        days = {day for day in self._days_of_month if day <= length}
        days.update(length + 1 + day for day in self._days_from_end if -day <= length)
        return [date(year, month + 1, day) for day in sorted(days)]


_LAST_ORDINAL = date.max.toordinal()


def _since_midnight(at_time: time) -> Micros:
    return ((at_time.hour * 60 + at_time.minute) * 60 + at_time.second) * SECOND
