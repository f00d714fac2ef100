"""Short words for tests of schedules: zones by name, instants and ticks as ISO strings."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from gocron_py.definitions import JobDefinition, Setup
from gocron_py.instant import Instant, datetime_of, instant_of
from gocron_py.schedules import Schedule
from gocron_py.schedules.wall_time import DaylightSavingsTimePolicy, load_location

DEFAULT = DaylightSavingsTimePolicy.DEFAULT
SKIP = DaylightSavingsTimePolicy.SKIP
RUN_AFTER = DaylightSavingsTimePolicy.RUN_AFTER_TRANSITION


def instant(text: str, zone: str = "UTC") -> Instant:
    """The instant of an ISO string; without an offset it is read in *zone*."""
    return instant_of(datetime.fromisoformat(text), load_location(zone))


def built(
    definition: JobDefinition,
    zone: str = "UTC",
    now: str = "2024-01-01",
    policy: DaylightSavingsTimePolicy = DEFAULT,
    start: str | None = None,
) -> Schedule:
    """The schedule that a scheduler in *zone* would build at *now*."""
    begin = None if start is None else instant(start, zone)
    return definition.build(Setup(location=load_location(zone), now=instant(now, zone), dst_policy=policy, start=begin))


def ticks(
    definition: JobDefinition,
    zone: str,
    now: str,
    count: int,
    policy: DaylightSavingsTimePolicy = DEFAULT,
) -> list[str]:
    """The next *count* ticks as ISO strings in *zone*."""
    schedule = built(definition, zone, now, policy)
    found: list[str] = []
    tick: Instant | None = instant(now, zone)
    while len(found) < count and tick is not None:
        tick = schedule.next(tick)
        if tick is not None:
            found.append(shown(tick, zone))
    return found


def shown(tick: Instant, zone: str) -> str:
    """An instant as a clock in *zone* shows it."""
    return datetime_of(tick, load_location(zone)).isoformat()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What this thread does in here takes less processor time than that, be the machine busy or not.

    Without the garbage collector, which would go through all that the tests of this process have left.
    """
    traced = sys.gettrace() is not None or "coverage" in sys.modules
    gc.disable()
    try:
        before = time.thread_time()
        yield
        took = time.thread_time() - before
    finally:
        gc.enable()
    assert took < seconds * (10 if traced else 1)
