"""Ticks at a distance from the last one: fixed, or random within bounds."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from random import randrange
from typing import final

from gocron_py.instant import LAST, Instant, Micros
from gocron_py.schedules.description import DurationJobSchedule, DurationRandomJobSchedule


@final
class DurationSchedule:
    """Every *duration* microseconds (Go: ``DurationJob``). Changes of clocks do not matter."""

    __slots__ = ("_duration",)

    def __init__(self, duration: Micros) -> None:
        """:param duration: more than 0."""
        self._duration = duration

    @property
    def elapsed(self) -> bool:
        """See :attr:`Schedule.elapsed <gocron_py.schedules.Schedule.elapsed>`."""
        return True

    def next(self, after: Instant) -> Instant | None:
        """See :meth:`Schedule.next <gocron_py.schedules.Schedule.next>`."""
        tick = after + self._duration
        return tick if tick <= LAST else None

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """See :meth:`Schedule.resume <gocron_py.schedules.Schedule.resume>`."""
        if start >= now:
            return start
        tick = now + (start - now) % self._duration
        return tick if tick <= LAST else None

    def describe(self) -> DurationJobSchedule:
        """The duration."""
        return DurationJobSchedule(timedelta(microseconds=self._duration))


# It says nothing but its duration: one does for all jobs that have it.
shared_duration = lru_cache(maxsize=1024)(DurationSchedule)


@final
class DurationRandomSchedule:
    """Every so often: at least *shortest* and less than *longest* microseconds (Go: ``DurationRandomJob``)."""

    __slots__ = ("_longest", "_shortest")

    def __init__(self, shortest: Micros, longest: Micros) -> None:
        """:param shortest: more than 0, and less than *longest*."""
        self._shortest = shortest
        self._longest = longest

    @property
    def elapsed(self) -> bool:
        """See :attr:`Schedule.elapsed <gocron_py.schedules.Schedule.elapsed>`."""
        return True

    def next(self, after: Instant) -> Instant | None:
        """See :meth:`Schedule.next <gocron_py.schedules.Schedule.next>`. Two calls differ."""
        tick = after + randrange(self._shortest, self._longest)
        return tick if tick <= LAST else None

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """See :meth:`Schedule.resume <gocron_py.schedules.Schedule.resume>`.

        Where a long random chain passes *now* is as random as each of its steps, so all but
        its last few steps are left out: the chain is taken up at a random place before *now*.
        """
        if start >= now:
            return start
        tick: Instant | None = max(start, now - randrange(1, self._longest))
        while tick is not None and tick < now:
            tick = self.next(tick)
        return tick

    def describe(self) -> DurationRandomJobSchedule:
        """The bounds."""
        return DurationRandomJobSchedule(timedelta(microseconds=self._shortest), timedelta(microseconds=self._longest))
