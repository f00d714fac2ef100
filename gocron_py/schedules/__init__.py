"""Schedules: pure arithmetic from one instant to the next. No clock, no threads, no state."""

from __future__ import annotations

from typing import Protocol

from gocron_py.instant import Instant


class Schedule(Protocol):
    """When a job runs. Immutable, so threads share it freely."""

    def __hash__(self) -> int:
        """So that what was found out about a schedule can be remembered."""
        ...

    @property
    def elapsed(self) -> bool:
        """Whether ticks are measured in time that passes, not read off the wall clock.

        When the wall clock is set, such a schedule keeps its distance and moves with it.
        """
        ...

    def next(self, after: Instant) -> Instant | None:
        """The first tick later than *after*, which is a tick itself or the present moment.

        ``None``: there is no further tick (before the year 9999).
        """
        ...

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """The first tick at or after *now* of the chain ``start, next(start), next(next(start)), …``.

        *start* counts as a tick even where the definition does not name it. The chain is never
        walked: what lies between *start* and *now* is stepped over by arithmetic.
        """
        ...
