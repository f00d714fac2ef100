"""Ticks of iCalendar recurrences (RFC 5545), by python-dateutil. Not in Go.

dateutil finds the occurrences of a rule one by one from its start. So that the ten-thousandth
tick costs what the first one does, each search begins with a copy of the rule that starts a
few of its periods before the moment in question, in the same phase. And of a rule by the hour,
minute or second dateutil finds the days only, as it would go through all hours of those between.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from itertools import islice
from typing import Any, Final, final

from dateutil.rrule import DAILY, MONTHLY, YEARLY, rrule, rrulebase, rruleset, rrulestr

from gocron_py.errors import ErrInvalidArgument
from gocron_py.instant import LAST, Instant, datetime_of, instant_of
from gocron_py.schedules.description import RRuleJobSchedule
from gocron_py.schedules.wall_time import (
    DAY,
    DaylightSavingsTimePolicy,
    date_of,
    first_instant_at,
    is_steady,
    load_location,
    reading_of,
    wall_at,
    wall_of,
)

MOST_COUNTED = 10_000
"""A rule's ``COUNT`` may not be larger: only by going through all occurrences is it known where it ends."""

MOST_EXCLUDED = 1_000
"""So many occurrences in a row may be excluded by ``EXRULE`` or ``EXDATE``; the schedule ends beyond."""

# How much is looked at for one occurrence. Days, by the year and month: 400 years, after which the
# calendar repeats itself; by shorter periods, a day of which costs more: 50 years. Hours and minutes
# of those days: a tenth of a second.
_MOST_DAYS_BY_MONTH = 146_097
_MOST_DAYS = 18_263
_MOST_HOURS = 100_000

_PERIODS: Final = {
    2: timedelta(weeks=1),
    3: timedelta(days=1),
    4: timedelta(hours=1),
    5: timedelta(minutes=1),
    6: timedelta(seconds=1),
}

_UNTIL_UTC = re.compile(r"\bUNTIL=[0-9T]+Z", re.IGNORECASE)


class _TooFar(Exception):  # it never gets out of here
    """The next occurrence is not to be found, or not in time."""


class _Watched:
    """The months, hours or minutes of a rule; gives up when it was asked too often.

    dateutil searches up to the year 9999, which takes it minutes for a 30 February by the second.
    """

    def __init__(self, numbers: Iterable[int], limit: int) -> None:
        self._numbers = tuple(numbers)
        self._limit = self._left = limit

    def __contains__(self, number: int) -> bool:
        self._left -= 1
        if self._left < 0:
            raise _TooFar
        return number in self._numbers

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def found(self) -> None:
        """An occurrence was found: begin anew."""
        self._left = self._limit


def _occurrences(rule: rrule, total: bool = False) -> Iterator[datetime]:
    """The occurrences of a rule that is not used otherwise.

    :param total: what is looked at is limited for all of them, not for each one.
    :raises _TooFar: the next one would take too long to find, or there is none.
    """
    parts: dict[str, Any] = vars(rule)
    days = _MOST_DAYS_BY_MONTH if parts["_freq"] <= MONTHLY else _MOST_DAYS
    watched = []
    # Which Monday is the twentieth depends on whether months are named.
    if parts["_bymonth"] or parts["_freq"] != YEARLY or not parts["_bynweekday"]:
        parts["_bymonth"] = _Watched(parts["_bymonth"] or range(1, 13), days)
        watched.append(parts["_bymonth"])
    for name in "_byhour", "_byminute":
        if parts[name]:
            parts[name] = _Watched(parts[name], _MOST_HOURS)
            watched.append(parts[name])
    try:
        for occurrence in rule:
            yield occurrence
            if not total:
                for numbers in watched:
                    numbers.found()
    except (OverflowError, ValueError, IndexError):
        # This is how dateutil and datetime end with the year 9999, and with rules that name nothing.
        return


@final
class _Rule:
    """One RRULE or EXRULE."""

    def __init__(self, rule: rrule, location: tzinfo, policy: DaylightSavingsTimePolicy) -> None:
        # dateutil does not say in public what a rule is made of.
        parts: dict[str, Any] = vars(rule)
        self._frequency: int = parts["_freq"]
        self._interval: int = parts["_interval"]
        self._start: datetime = parts["_dtstart"]
        self._months: tuple[int, ...] | None = parts["_bymonth"]
        self._month_days = (*parts["_bymonthday"], *parts["_bynmonthday"]) or None
        if not isinstance(self._interval, int) or self._interval < 1:
            raise ErrInvalidArgument("the INTERVAL of a recurrence must be greater than 0", got=self._interval)
        self._zone = self._start.tzinfo or location
        self._policy = policy
        self._rule = rule
        self._until: datetime | None = parts["_until"]
        # For a rule by the hour, minute or second: its days, and the times of all of them.
        self._days: rrule | None = None
        if self._frequency > DAILY and self._interval == 1 and not parts["_bysetpos"]:
            self._days = rule.replace(freq=DAILY, byhour=0, byminute=0, bysecond=0, count=None, cache=False)
            self._hours = sorted(parts["_byhour"] or range(24))
            self._minutes = sorted(parts["_byminute"] or range(60))
            self._seconds = sorted(parts["_bysecond"] or range(60))
        if parts["_count"] is not None:
            self._until = self._last(parts["_count"])
            self._rule = rule.replace(count=None, until=self._until, cache=False)

    def first(self, after: Instant) -> Instant | None:
        """The first occurrence later than *after*, whatever is excluded."""
        # Readings and instants may differ in order where clocks are changed, by no more than the change.
        calm = is_steady(after - DAY, after + DAY, self._zone)
        margin = 0 if calm else DAY // 8
        base = wall_at(after, self._zone)
        best: Instant | None = None
        for occurrence in self._from(base - margin):
            if best is not None and wall_of(occurrence.replace(tzinfo=None)) > base + 2 * margin:
                break
            tick = self._instant(occurrence)
            if tick is None or tick <= after:
                continue
            if tick > LAST:
                break
            best = tick if best is None else min(best, tick)
            if calm or tick - after > DAY:
                break
        return best

    def _instant(self, occurrence: datetime) -> Instant | None:
        # RFC 5545, 3.3.5: a reading in a gap counts by the offset before it; of two, the first one is meant.
        return first_instant_at(wall_of(occurrence.replace(tzinfo=None)), self._zone, self._policy)

    def _from(self, wall: int) -> Iterator[datetime]:
        """The occurrences from about *wall* on, and some before."""
        try:
            if self._days is None:
                yield from _occurrences(self._moved_to(wall))
            else:
                yield from self._by_days(self._days, wall)
        except _TooFar:
            return

    def _by_days(self, days: rrule, wall: int, total: bool = False) -> Iterator[datetime]:
        """The occurrences from *wall* on, as of :func:`_occurrences`."""
        begin = reading_of(max(wall, wall_of(self._start.replace(tzinfo=None)))).replace(tzinfo=self._start.tzinfo)
        midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
        for day in _occurrences(days.replace(dtstart=midnight), total):
            for moment in self._moments(day, begin):
                if self._until is not None and moment > self._until:
                    return
                yield moment

    def _moments(self, day: datetime, begin: datetime) -> Iterator[datetime]:
        for hour in self._hours:
            if day.replace(hour=hour, minute=59, second=59) < begin:
                continue
            for minute in self._minutes:
                if day.replace(hour=hour, minute=minute, second=59) < begin:
                    continue
                for second in self._seconds:
                    moment = day.replace(hour=hour, minute=minute, second=second)
                    if moment >= begin:
                        yield moment

    def _last(self, count: int) -> datetime:
        """Where a ``COUNT`` ends, which counts from the first start."""
        if count > MOST_COUNTED:
            raise ErrInvalidArgument(f"the COUNT of a recurrence may be {MOST_COUNTED} at most; use UNTIL", got=count)
        if self._days is None:
            occurrences = _occurrences(self._rule.replace(cache=False), total=True)
        else:
            occurrences = self._by_days(self._days, wall_of(self._start.replace(tzinfo=None)), total=True)
        last = None
        try:
            for last in islice(occurrences, max(count, 0)):  # noqa: B007
                pass
        except _TooFar:
            said = "it takes too long to count the recurrence; use UNTIL"
            raise ErrInvalidArgument(said, got=str(self._rule)) from None
        if last is None:
            raise ErrInvalidArgument("the recurrence has no occurrence at all", got=str(self._rule))
        return last

    def _moved_to(self, wall: int) -> rrule:
        """The rule with a later start in the same phase, two periods and more before *wall*."""
        if self._frequency <= MONTHLY:
            return self._moved_by_months(wall)
        period = self._interval * (_PERIODS[self._frequency] // timedelta(microseconds=1))
        start = wall_of(self._start.replace(tzinfo=None))
        periods = (wall - start) // period - 2
        if periods <= 0:
            return self._rule.replace(cache=False)
        moved = reading_of(start + periods * period).replace(tzinfo=self._start.tzinfo)
        return self._rule.replace(dtstart=moved, cache=False)

    def _moved_by_months(self, wall: int) -> rrule:
        months_a_period = self._interval * (12 if self._frequency == YEARLY else 1)
        day = date_of(wall)
        periods = ((day.year - self._start.year) * 12 + day.month - self._start.month) // months_a_period - 1
        if periods <= 0:
            return self._rule.replace(cache=False)
        year, month = divmod(self._start.year * 12 + self._start.month - 1 + periods * months_a_period, 12)
        if self._frequency == YEARLY:
            month = 0
        # What the old start implied is said aloud, for the new one is the first of a month.
        return self._rule.replace(
            dtstart=self._start.replace(year=year, month=month + 1, day=1),
            bymonth=self._months,
            bymonthday=self._month_days,
            cache=False,
        )


@final
class RRuleSchedule:
    """The occurrences of an iCalendar recurrence."""

    __slots__ = ("_dates", "_excluded", "_excluding", "_rules", "_text")

    def __init__(
        self,
        rule: str | rrulebase,
        now: Instant,
        location: tzinfo,
        policy: DaylightSavingsTimePolicy,
    ) -> None:
        """:param rule: without a ``DTSTART`` it starts *now*; without a zone it is read in *location*.
        :raises ErrInvalidArgument: not a recurrence, or one that cannot be used; the text says why.
        """
        parsed = _parse(rule, datetime_of(now, location)) if isinstance(rule, str) else rule
        rules, dates, excluding, excluded = _parts_of(parsed)
        self._text = rule if isinstance(rule, str) else _text_of(parsed)
        self._rules = [_Rule(each, location, policy) for each in rules]
        self._dates = sorted({instant_of(date, location) for date in dates})
        self._excluding = [_Rule(each, location, policy) for each in excluding]
        self._excluded = frozenset(instant_of(date, location) for date in excluded)

    @property
    def elapsed(self) -> bool:
        """See :attr:`Schedule.elapsed <gocron_py.schedules.Schedule.elapsed>`."""
        return False

    def next(self, after: Instant) -> Instant | None:
        """See :meth:`Schedule.next <gocron_py.schedules.Schedule.next>`."""
        for _ in range(MOST_EXCLUDED):
            tick = self._first(after)
            if tick is None or not self._is_excluded(tick):
                return tick
            after = tick
        return None

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """See :meth:`Schedule.resume <gocron_py.schedules.Schedule.resume>`."""
        return start if start >= now else self.next(now - 1)

    def describe(self) -> RRuleJobSchedule:
        """The recurrence as text."""
        return RRuleJobSchedule(self._text)

    def _first(self, after: Instant) -> Instant | None:
        ticks = [tick for rule in self._rules if (tick := rule.first(after)) is not None]
        ticks += self._dates[bisect_right(self._dates, after) :][:1]
        return min(ticks, default=None)

    def _is_excluded(self, tick: Instant) -> bool:
        return tick in self._excluded or any(rule.first(tick - 1) == tick for rule in self._excluding)


def _parse(text: str, now: datetime) -> rrulebase:
    # dateutil wants the start to have a zone if and only if the end has one.
    start = now if _UNTIL_UTC.search(text) else now.replace(tzinfo=None)
    try:
        return rrulestr(text, dtstart=start, tzids=load_location)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise ErrInvalidArgument(f"not an iCalendar recurrence: {error!s:.200}", got=text) from error


_Parts = tuple[list[rrule], list[datetime], list[rrule], list[datetime]]


def _parts_of(rule: rrulebase) -> _Parts:
    if isinstance(rule, rrule):
        return [rule], [], [], []
    # As with a rule, there is no public way to the parts of a set.
    parts: dict[str, Any] = vars(rule)
    if not isinstance(rule, rruleset):
        raise ErrInvalidArgument("a recurrence is a dateutil rrule, a rruleset or an RFC 5545 string", got=rule)
    return list(parts["_rrule"]), list(parts["_rdate"]), list(parts["_exrule"]), list(parts["_exdate"])


def _text_of(rule: rrulebase) -> str:
    rules, dates, excluding, excluded = _parts_of(rule)
    lines = [str(each) for each in rules]
    lines += [f"RDATE:{date:%Y%m%dT%H%M%S}" for date in dates]
    lines += [str(each).replace("RRULE:", "EXRULE:") for each in excluding]
    lines += [f"EXDATE:{date:%Y%m%dT%H%M%S}" for date in excluded]
    return "\n".join(lines)
