"""Ticks that were named one by one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import tzinfo
from typing import final

from gocron_py.instant import Instant
from gocron_py.schedules.description import OneTimeJobSchedule
from gocron_py.schedules.wall_time import shown_in


@final
class OneTimeSchedule:
    """A list of instants (Go: ``OneTimeJob``); after the last one there is no next tick."""

    __slots__ = ("_location", "_ticks")

    def __init__(self, ticks: Iterable[Instant], location: tzinfo) -> None:
        """:param ticks: in any order; equal ones count once, whatever zone they were given in."""
        self._ticks = tuple(sorted(set(ticks)))
        self._location = location

    @property
    def elapsed(self) -> bool:
        """See :attr:`Schedule.elapsed <gocron_py.schedules.Schedule.elapsed>`."""
        return False

    def next(self, after: Instant) -> Instant | None:
        """See :meth:`Schedule.next <gocron_py.schedules.Schedule.next>`."""
        index = bisect_right(self._ticks, after)
        return self._ticks[index] if index < len(self._ticks) else None

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """See :meth:`Schedule.resume <gocron_py.schedules.Schedule.resume>`."""
        if start >= now:
            return start
        index = bisect_left(self._ticks, now)
        return self._ticks[index] if index < len(self._ticks) else None

    def describe(self) -> OneTimeJobSchedule:
        """The instants."""
        return OneTimeJobSchedule(shown_in(self._ticks, self._location))
