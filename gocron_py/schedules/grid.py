"""Intervals on a grid that all instances of a fleet share. Used under tick lockers; not in Go.

A tick is a function of the definition alone: no instance's start, and no dice, have a part in it.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import final

from gocron_py.instant import LAST, Instant, Micros
from gocron_py.schedules.description import DurationJobSchedule, DurationRandomJobSchedule


def share_of(name: str, below: Micros) -> Micros:
    """A number from 0 to less than *below*, the same for one *name* everywhere."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % below if below > 0 else 0


@final
class GridSchedule:
    """Every *duration* microseconds from *anchor*, in both directions of time."""

    __slots__ = ("_anchor", "_duration")

    def __init__(self, duration: Micros, anchor: Instant) -> None:
        """:param duration: more than 0."""
        self._duration = duration
        self._anchor = anchor

    @property
    def elapsed(self) -> bool:
        """See :attr:`Schedule.elapsed <gocron_py.schedules.Schedule.elapsed>`."""
        return False

    def next(self, after: Instant) -> Instant | None:
        """See :meth:`Schedule.next <gocron_py.schedules.Schedule.next>`."""
        tick = after + self._duration - (after - self._anchor) % self._duration
        return tick if tick <= LAST else None

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """See :meth:`Schedule.resume <gocron_py.schedules.Schedule.resume>`."""
        return start if start >= now else self.next(now - 1)

    def describe(self) -> DurationJobSchedule:
        """The duration."""
        return DurationJobSchedule(timedelta(microseconds=self._duration))


@final
class RandomGridSchedule:
    """Ticks that look random: at least *shortest* and at most *longest* microseconds apart, the same everywhere.

    Each lies in the first part of a box of the grid, where a hash of the name and the box's number puts it.
    """

    __slots__ = ("_box", "_longest", "_name", "_play", "_shortest")

    def __init__(self, shortest: Micros, longest: Micros, name: str) -> None:
        """:param shortest: more than 0, and less than *longest*."""
        self._shortest = shortest
        self._longest = longest
        self._box = (shortest + longest) // 2
        self._play = (longest - shortest) // 2
        self._name = name

    @property
    def elapsed(self) -> bool:
        """See :attr:`Schedule.elapsed <gocron_py.schedules.Schedule.elapsed>`."""
        return False

    def next(self, after: Instant) -> Instant | None:
        """See :meth:`Schedule.next <gocron_py.schedules.Schedule.next>`."""
        number = after // self._box
        tick = self._tick(number)
        if tick <= after:
            tick = self._tick(number + 1)
        return tick if tick <= LAST else None

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """See :meth:`Schedule.resume <gocron_py.schedules.Schedule.resume>`."""
        return start if start >= now else self.next(now - 1)

    def describe(self) -> DurationRandomJobSchedule:
        """The bounds."""
        return DurationRandomJobSchedule(timedelta(microseconds=self._shortest), timedelta(microseconds=self._longest))

    def _tick(self, number: int) -> Instant:
        return number * self._box + share_of(f"{number}:{self._name}", self._play + 1)
