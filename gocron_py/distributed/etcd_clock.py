"""What time it is where the store has no clock: this machine's, unless all the others say that it cannot be."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC
from typing import Final, final

from gocron_py.clock import Clock, elapsed
from gocron_py.distributed.claim import LONGEST_EARLY
from gocron_py.instant import Instant, Micros, instant_of

TOLERANCE: Final[Micros] = LONGEST_EARLY
"""So far a clock may be ahead of the others'. The clocks of a fleet differ, and no tick is to wait for the slowest."""


@final
class FleetClock:
    """This instance's clock, held back where it is more than 30 s ahead of those of all other machines.

    Where there are two, nobody knows which one is right: it is the slower that goes on, and no tick is lost.

    Each instance writes its time down now and then. Who reads it does not know how old it is; but it was written after
    the last look, so the other's clock cannot be further by now than what it wrote and the time since that look.

    :param longest: how old a time can be that is read for the first time, in microseconds.
    """

    def __init__(self, clock: Clock, longest: Micros) -> None:
        self.clock = clock
        self._longest = longest
        self.begin()

    def begin(self) -> None:
        """As new: also in a forked child."""
        self._lock = threading.Lock()
        self.looked: Micros | None = None
        # Of each: the time that it wrote, and when on elapsed() that was done at the earliest.
        self._others: dict[str, tuple[Instant, Micros]] = {}

    def own(self) -> Instant:
        """What this machine says."""
        return instant_of(self.clock.now(), UTC)

    def heard(self, times: Mapping[str, Instant], asked: Micros) -> None:
        """What the instances on other machines wrote last, as it was found by a look that began at *asked*."""
        with self._lock:
            since = asked - self._longest if self.looked is None else self.looked
            self._others = {
                name: self._others[name] if name in self._others and self._others[name][0] == time else (time, since)
                for name, time in times.items()
            }
            self.looked = asked

    def now(self) -> Instant:
        """The time, in microseconds since the epoch."""
        own = self.own()
        with self._lock:
            passed = elapsed()
            latest = [time + passed - since for time, since in self._others.values()]
        return min(own, max(latest) + TOLERANCE) if latest else own
