"""The ticks that an instance is to catch up with, for they came while it could not run them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

from gocron_py.distributed.decision import Record
from gocron_py.distributed.policy import TickPolicy
from gocron_py.instant import Instant

if TYPE_CHECKING:
    from gocron_py.schedules import Schedule


@final
@dataclass(frozen=True, slots=True)
class Owed:
    """Ticks to run if nobody has run them, and if the policy wants it.

    :ivar before: they came before this. What is due later is on the scheduler's own list.
    :ivar since: the first one that an outage of the store has kept from being run.
    :ivar from_last: from the last one on that somebody has run: what no instance was there for. What was not
        run before that one had its reason.
    """

    before: Instant
    since: Instant | None = None
    from_last: bool = True

    def ticks(self, record: Record, schedule: Schedule, policy: TickPolicy, now: Instant) -> list[Instant]:
        """Those of a job, by what its record says."""
        after = [max((record.floor, *record.seen[-1:]))] if self.from_last else []
        if self.since is not None:
            after.append(max(self.since - 1, record.floor))
        first = schedule.next(min(after))
        if first is None:
            return []
        return [at for at in policy.owed(schedule, first, now) if at < self.before and at not in record.seen]


def with_tick(owed: Owed | None, at: Instant) -> Owed:
    """What is owed when a tick could not be run because of the store."""
    if owed is None:
        return Owed(at + 1, at, from_last=False)
    since = at if owed.since is None else min(owed.since, at)
    return replace(owed, before=max(owed.before, at + 1), since=since)
