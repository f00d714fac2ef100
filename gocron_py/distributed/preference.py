"""Which of several instances is to claim a tick first, and how the others wait for it. Pure: no clock, no store.

It is about calls alone. All instances could claim every tick at once, and one would get it; but then each job due
costs the store a call of each instance. So one instance is preferred for a job, by a hash of the job and the
instances that live, and claims at once; the others look a moment later, at all jobs of that moment with one
call, and find most ticks taken. What is not taken they claim as ever, on the record that they have just seen. Whether a
tick may run is decided by the rules alone, so a wrong idea of who lives costs calls or a moment, never a tick.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, final

from gocron_py.distributed.claim import Attempt, Glance, decided
from gocron_py.distributed.decision import Answer, Later, Refused
from gocron_py.distributed.store import Snapshot
from gocron_py.errors import StoreCorrupt
from gocron_py.instant import SECOND, Instant, Micros

FIRST_LOOK: Final[Micros] = SECOND // 20
"""So long after a tick the others look for the first time; with some stores later."""

_LONGEST_PAUSE: Final[Micros] = SECOND // 2


def rank(key: str, own: str, others: Iterable[str]) -> int:
    """How many of the instances *others* are before *own* for a job (rendezvous hashing)."""
    ours = _weight(key, own)
    return sum(_weight(key, each) > ours for each in others)


def _weight(key: str, instance: str) -> bytes:
    return blake2b(f"{instance}\0{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()


def group_of(keys: Iterable[str]) -> str:
    """The same for all instances that look after the same jobs: only they can be preferred to one another."""
    hashed = blake2b(digest_size=8)
    for key in sorted(keys):
        hashed.update(_weight(key, ""))
    return hashed.hexdigest()


@final
class Peers:
    """The other instances that look after the same jobs, as of the last look, and the ranks of jobs among them.

    Set by one thread, asked by many.
    """

    __slots__ = ("_group", "_keys", "_ranks", "others", "own")

    def __init__(self) -> None:
        self.own = ""
        self.others: tuple[str, ...] = ()
        self._ranks: dict[str, int] = {}
        self._keys: frozenset[str] = frozenset()
        self._group = ""

    def group(self, keys: frozenset[str]) -> str:
        """See :func:`group_of`."""
        if keys != self._keys:
            self._group, self._keys = group_of(keys), keys
        return self._group

    def saw(self, own: str, others: tuple[str, ...]) -> None:
        """A look has found these."""
        if (own, others) != (self.own, self.others):
            self.own, self.others, self._ranks = own, others, {}

    def rank(self, key: str) -> int:
        """See :func:`rank`."""
        ranks = self._ranks
        found = ranks.get(key)
        if found is None:
            found = ranks[key] = rank(key, self.own, self.others)
        return found


def room_of(deadline: Micros, gap: Micros, late: Micros) -> Micros:
    """How long a tick may be left to others, at most: half of the time that is left for it."""
    return (min(deadline, gap) - late) // 2


@final
@dataclass(slots=True, eq=False)
class Turn:
    """A tick that is left to others for a while.

    :ivar at: when it is due.
    :ivar rank: so many instances are before this one.
    :ivar end: it is left to others until then, at most, in microseconds since some moment.
    :ivar attempt: asks the rules; what has been seen of the store when the wait was over is in it.
    """

    at: Instant
    rank: int
    end: Micros
    attempt: Attempt


@final
@dataclass(slots=True)
class Watch:
    """The ticks of one moment that are left to others.

    A look in which none of them has got a taker lets those claim that come next in rank. While there are takers, a busy
    store is not asked more often, but less.

    :ivar first: the pause before the first look, and after one that found no taker.
    :ivar due: when to look next.
    """

    first: Micros
    due: Micros
    turns: list[Turn] = field(default_factory=list)
    _pause: Micros = 0
    _level: int = 0

    def enter(self, turn: Turn) -> None:
        """One more."""
        self.turns.append(turn)
        self.due = min(self.due, turn.end)

    def leave(self, turns: Iterable[Turn]) -> None:
        """They wait no longer."""
        gone = set(turns)
        if gone:
            self.turns = [turn for turn in self.turns if turn not in gone]

    def keys(self) -> list[str]:
        """What to load."""
        return list({turn.attempt.key: None for turn in self.turns})

    def look(self, snapshot: Snapshot, asked: Micros, now: Micros) -> list[Turn]:
        """Take over what the store has answered. Gives the ticks that are left to others no longer.

        :param asked: when the store was asked.
        :param now: the same clock's time now.
        """
        answers = [(turn, _answer(turn.attempt, snapshot)) for turn in self.turns]
        taken = {turn for turn, answer in answers if answer is None or isinstance(answer, Refused)}
        ahead = _ahead([answer for _, answer in answers], snapshot.now)
        if not taken and not ahead:
            self._level += 1
        longest = max(_LONGEST_PAUSE, self.first)
        self._pause = min(max(2 * self._pause, self.first), longest) if taken else self.first
        over = [turn for turn in self.turns if turn in taken or turn.rank <= self._level or turn.end <= now]
        self.leave(over)
        self.due = min([now + ahead + self._pause, *(turn.end for turn in self.turns)])
        for turn in over:
            turn.attempt.glance = Glance(snapshot, asked)
        return over


def _answer(attempt: Attempt, snapshot: Snapshot) -> Answer | None:
    """What the rules say to a claim. ``None``: the record is none."""
    try:
        return decided(attempt, snapshot.entries.get(attempt.key), snapshot.now)
    except StoreCorrupt:
        return None


def _ahead(answers: Sequence[Answer | None], now: Instant) -> Micros:
    """How long it is until ticks that are early by the store's clock have come."""
    return max((each.at - now for each in answers if isinstance(each, Later) and each.at is not None), default=0)
