"""The ticks that an instance knows to be owed, for they came while it could not run them. Pure.

What it knows it writes into the job's record, where all instances find it: whoever goes on with them need not have
been there, and whoever wrote it may die.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

from gocron_py.distributed.decision import Record, owe
from gocron_py.distributed.policy import TickPolicy
from gocron_py.instant import Instant

if TYPE_CHECKING:
    from gocron_py.schedules import Schedule


@final
@dataclass(frozen=True, slots=True)
class Owed:
    """Ticks to run if nobody has run them, and if the policy wants it.

    :ivar before: they came before this. What is due later is on the scheduler's own list.
    :ivar since: the first one that this instance could not run.
    :ivar from_last: from the last one on that somebody has run: what no instance was there for. What was not
        run before that one had its reason. So it is at an instance's first look at a job.
    :ivar last: that one, once it is known: what is run after the look is another matter.
    """

    before: Instant
    since: Instant | None = None
    from_last: bool = True
    last: Instant | None = None

    def at(self, record: Record) -> Owed:
        """The same, once the record has been seen."""
        return replace(self, last=max((record.floor, *record.seen[-1:]))) if self.last is None else self

    def ticks(self, record: Record, schedule: Schedule, policy: TickPolicy, now: Instant) -> list[Instant]:
        """Those of a job, by what its record says."""
        last = self.at(record).last or 0
        after = [max(record.floor, last)] if self.from_last else []
        if self.since is not None:
            after.append(max(self.since - 1, record.floor))
        first = schedule.next(min(after))
        if first is None:
            return []
        return [at for at in policy.owed(schedule, first, now) if at < self.before and at not in record.seen]


def with_ticks(owed: Owed | None, since: Instant, before: Instant) -> Owed:
    """What is owed when ticks could not be run here: those from *since* on, before *before*."""
    if owed is None:
        return Owed(before, since, from_last=False)
    return replace(owed, before=max(owed.before, before), since=since if owed.since is None else min(owed.since, since))


def from_last(owed: Owed | None, before: Instant) -> Owed:
    """What is owed when ticks may have found no instance that runs them, up to *before*."""
    if owed is None:
        return Owed(before)
    return replace(owed, before=max(owed.before, before), from_last=True)


def noted(
    record: Record, owed: Owed | None, schedule: Schedule, policy: TickPolicy, now: Instant, resumed: Instant = 0
) -> Record:
    """The record with what an instance knows.

    At its first look the job may have another schedule or policy than before: what that does not want is dropped.

    :param resumed: when everything that was paused went on. What came before that is not owed.
    """
    kept = [at for at in record.owed if at > resumed]
    if owed is None:
        return owe(record, kept, ())
    if owed.from_last:
        kept = policy.worth([at for at in kept if is_tick(schedule, at)], now)
    return owe(record, kept, [at for at in owed.ticks(record, schedule, policy, now) if at > resumed])


def is_tick(schedule: Schedule, at: Instant) -> bool:
    """Whether the schedule has a tick at that time."""
    return schedule.next(at - 1) == at
