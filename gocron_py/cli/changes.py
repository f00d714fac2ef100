"""What changes of a zone's clocks do to a schedule: ticks whose time of day does not exist, or comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import final

from gocron_py.instant import SECOND, Instant, Micros
from gocron_py.schedules import Schedule
from gocron_py.schedules.wall_time import first_change, offset_at

# Of a schedule of seconds an hour has 3,600.
_MOST = 10_000


@final
@dataclass(frozen=True, slots=True)
class Change:
    """Clocks are changed at an instant, from one distance from UTC to another."""

    at: Instant
    before: Micros
    after: Micros

    @property
    def is_gap(self) -> bool:
        """Whether they are put forward."""
        return self.after > self.before


@final
@dataclass(frozen=True, slots=True)
class Oddity:
    """What becomes of the tick that the schedule names for a reading that is skipped, or comes twice.

    :ivar nominal: when the old clock shows the reading.
    :ivar runs: when the job runs for it: never, once or twice.
    """

    nominal: Instant
    runs: tuple[Instant, ...]


def changes(zone: tzinfo, start: Instant, end: Instant) -> Iterator[Change]:
    """The changes of a zone's clocks, from *start* to *end*."""
    while (at := first_change(start, end, zone)) is not None:
        yield Change(at, offset_at(at - 1, zone), offset_at(at, zone))
        start = at


def oddities(real: Schedule, steady: Schedule, change: Change, since: Instant | None, is_put_off: bool) -> list[Oddity]:
    """The ticks that a change concerns.

    :param real: the schedule.
    :param steady: what it would be if the clock had not been changed.
    :param since: a tick before the change, where ticks are counted from the last one.
    :param is_put_off: what is in a gap is run after it, by the clock's adjustment; else left out.
    """
    length = abs(change.after - change.before)
    begin, end = (change.at, change.at + length) if change.is_gap else (change.at - length, change.at)
    last = begin - 1 if since is None else since
    nominal = [tick for tick in _ticks(steady, last, end - 1) if tick >= begin]
    if not nominal:
        return []
    if change.is_gap:
        return [Oddity(tick, (tick,) if is_put_off else ()) for tick in nominal]
    runs = set(_ticks(real, last, change.at + length))
    return [Oddity(tick, tuple(at for at in (tick, tick + length) if at in runs)) for tick in nominal]


def _ticks(schedule: Schedule, after: Instant, last: Instant) -> Iterator[Instant]:
    count, tick = 0, schedule.next(after)
    while tick is not None and tick <= last and count < _MOST:
        yield tick
        count, tick = count + 1, schedule.next(tick)


def readings(change: Change) -> tuple[Micros, Micros]:
    """Which readings of the wall clock are skipped, or come twice: from the first to before the second, of the day."""
    first, last = sorted((change.before, change.after))
    return (change.at + first) // SECOND * SECOND, (change.at + last) // SECOND * SECOND


def last_before(schedule: Schedule, start: Instant, end: Instant) -> Instant | None:
    """The last tick before *end* of those that follow *start*. Walked: for schedules of days, not of seconds."""
    last, tick = None, schedule.next(start)
    while tick is not None and tick < end:
        last, tick = tick, schedule.next(tick)
    return last
