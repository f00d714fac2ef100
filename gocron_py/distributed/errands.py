"""What an instance does for a job besides its ticks as they come: errands, of two kinds. Pure.

Ticks that nobody could run in time are run later, the oldest first; runs that a crash has cut off are begun again.
All instances look after both, by the job's record; the claim sees to it that each is done once. An errand that comes
back without its claim, as the job was busy or the store away, is still in the record: it is tried again.

A run that was cut off takes the first gap between two runs. A tick that is late takes one that no tick in time
needs: those that wait for the job to be free look for it at least twice a second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from gocron_py.distributed.claim import LONGEST_PAUSE
from gocron_py.distributed.decision import Alive, Record, cut_off, living
from gocron_py.distributed.owed import is_tick
from gocron_py.distributed.policy import TickPolicy, recent
from gocron_py.instant import Instant, Micros

if TYPE_CHECKING:
    from gocron_py.schedules import Schedule

# With overlap so many of a job's are under way at once, on each instance.
_AT_ONCE = 8

# The pause after those that came back in vain doubles so often, one after the other: to 4 s.
_MOST_DOUBLED = 3

# So many of the last ticks are looked at for one that waits.
_MOST_WAITING = 8


def _nobody(has_run: bool) -> None:
    pass


@final
@dataclass(frozen=True, slots=True)
class Errand:
    """What a scheduler is to run.

    :ivar victim: the token of the claim of the run that was cut off; ``None``: the tick was not begun.
    :ivar over: to be called when that is over, with whether the task was begun. From any thread.
    """

    at: Instant
    victim: str | None = None
    over: Callable[[bool], None] = field(default=_nobody, compare=False)


@final
class Errands:
    """Those of one job on one instance.

    :param pause: who waits for the job to be free looks this often at most, in microseconds.

    :ivar out: under way.
    :ivar are_left: whether there was anything to do at the last look.
    :ivar again: when a look may find more than the last one, by the clock of *elapsed*; ``None``: nobody knows.
    """

    __slots__ = (
        "_fence",
        "_idle",
        "_own",
        "_pause",
        "_policy",
        "_rest",
        "_schedule",
        "_vain",
        "_work",
        "again",
        "are_left",
        "out",
    )

    def __init__(self, policy: TickPolicy, schedule: Schedule, pause: Micros = 0) -> None:
        self._policy = policy
        self._schedule = schedule
        self._pause = max(pause, LONGEST_PAUSE)
        self.out: set[Errand] = set()
        self.are_left = False
        self.again: Micros | None = None
        # The last fence that was seen, and since when the job was seen to be free.
        self._fence = -1
        self._idle: Micros = 0
        # The fence of the last run in time that ended here, and how long the last run took.
        self._own = -1
        self._work: Micros = 0
        # How many have come back in vain since a run ended here, and until when there are no more.
        self._vain = 0
        self._rest: Micros = 0

    def came_back(self, errand: Errand, has_run: bool, elapsed: Micros) -> None:
        """It is over. If it has not run, others are faster, or an elector is against it, or the store is away."""
        self.out.discard(errand)
        if not has_run:
            self._rest = elapsed + (self._pause << min(self._vain, _MOST_DOUBLED))
            self._vain += 1

    def ended(self, fence: int, work: Micros, in_time: bool) -> None:
        """A run of the job has ended here.

        :param in_time: it was no errand.
        """
        self._work, self._vain, self._rest = work, 0, 0
        if in_time:
            self._own = fence

    def due(self, record: Record, alive: Alive, now: Instant, elapsed: Micros) -> list[Errand]:
        """Those to be begun now.

        :param now: the scheduler's time.
        :param elapsed: a clock that nobody sets.
        """
        policy, self.again = self._policy, None
        is_busy = not policy.overlap and living(record, alive)
        if is_busy or record.fence != self._fence:
            self._fence, self._idle = record.fence, elapsed
        cut = [Errand(each.at, each.token) for each in cut_off(record, alive, policy.attempts)]
        late = [Errand(at) for at in self._late(record, now)]
        self.are_left = bool(cut or late)
        if late and not policy.overlap and (is_busy or not self._is_free(record, now, elapsed)):
            late = []
        room = (_AT_ONCE if policy.overlap else 1) - len(self.out)
        found = [each for each in (*cut, *late) if each not in self.out]
        return [] if is_busy or elapsed < self._rest else found[: max(room, 0)]

    def _late(self, record: Record, now: Instant) -> list[Instant]:
        if not record.owed:
            return []
        # What is still to come was written by a machine whose clock is ahead.
        past = [at for at in record.owed if at <= now and is_tick(self._schedule, at)]
        owed = self._policy.worth(past, now)
        # Of the latest one, a later one has made it stale.
        return owed if self._policy.catch_up == "all" else [at for at in owed if (0, *record.seen)[-1] < at]

    def _is_free(self, record: Record, now: Instant, elapsed: Micros) -> bool:
        """Whether no tick in time needs the job now, or would have to wait too long for it."""
        if not self._has_time(now):
            return False
        if self._own == record.fence and not self._somebody_waits(record, now):
            return True
        free = self._idle + self._pause
        self.again = free if elapsed < free else None
        return self.again is None

    def _has_time(self, now: Instant) -> bool:
        following = self._schedule.next(now)
        if following is None or not self._work:
            return True
        latest = following + self._policy.deadline_of(self._schedule, following)
        return now + self._work + min(self._work, self._pause) <= latest

    def _somebody_waits(self, record: Record, now: Instant) -> bool:
        since = now - self._policy.deadline_of(self._schedule, now)
        ticks = recent(self._schedule, since, now, _MOST_WAITING)
        return any(at > record.floor and at not in record.seen and at not in record.owed for at in ticks)
