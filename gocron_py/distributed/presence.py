"""Which instances share a store, and what they ran last: written by each, seldom; read by all, with the jobs' records.

The *roster* is one entry with the instances' names in numbered slots; it changes as they come. Each has an entry of
its own, by the number of its slot, and writes it every few seconds. The slot of one that has not been heard of
for an hour is given to another, so the store does not grow.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, final

from gocron_py.clock import elapsed
from gocron_py.distributed.claim import Load, Step, Write
from gocron_py.distributed.names import own_key
from gocron_py.distributed.store import Entry, Snapshot, TickStore
from gocron_py.errors import StoreCorrupt
from gocron_py.instant import LAST, SECOND, Instant, Micros, datetime_of

MOST_INSTANCES: Final = 128
"""So many are seen; more share ticks as well, unseen."""

MOST_RUNS: Final = 20
"""So many of its last runs an instance tells of."""

_BEAT: Final = 5.0
_OLD: Final[Micros] = 3600 * SECOND
_LONGEST_TEXT: Final = 200
_LONGEST_ENTRY: Final = 64_000
_FORMAT: Final = 1

ROSTER: Final = own_key("instances")


@final
@dataclass(frozen=True, slots=True)
class InstanceRun:
    """One of the last runs of an instance; times are in UTC.

    :ivar job: the job's name, or the key that its policy gives it.
    :ivar outcome: ``success``, ``fail`` or ``skip``.
    """

    job: str
    tick: datetime
    started: datetime | None
    completed: datetime | None
    outcome: str
    attempt: int
    fence: int | None


@final
@dataclass(frozen=True, slots=True)
class Instance:
    """A process that shares a store; times are in UTC.

    :ivar id: its name in claims; another one after each start.
    :ivar since: when it came.
    :ivar seen: its last sign of life, on the store's clock.
    :ivar alive: where the store can tell, exactly; else whether it was seen within :meth:`TickLocker.window`.
    :ivar leads: what its elector says; ``None`` where it has none of this library's.
    :ivar label: the locker's ``label``.
    :ivar runs: its last runs, oldest first; told within some seconds, at most 20.
    """

    id: str
    host: str
    pid: int
    since: datetime
    seen: datetime
    alive: bool
    leads: bool | None
    label: str
    runs: tuple[InstanceRun, ...]


# What is kept of a run: job, tick, started, completed, outcome, attempt, fence.
PastRun = tuple[str, Instant, Instant | None, Instant | None, str, int, int | None]


@final
@dataclass(frozen=True, slots=True)
class Card:
    """What an instance's entry says.

    :ivar group: the same for instances that look after the same jobs; empty in entries of before there were any.
    """

    id: str
    host: str
    pid: int
    since: Instant
    seen: Instant
    leads: bool | None
    label: str
    gone: bool = False
    runs: tuple[PastRun, ...] = ()
    group: str = ""


def encode(card: Card) -> str:
    """As the store keeps it: JSON."""
    fields = {name: getattr(card, name) for name in Card.__slots__}
    return json.dumps({"format": _FORMAT, **fields}, separators=(",", ":"))


def decode(text: object) -> Card:
    """What the store holds of an instance.

    :raises StoreCorrupt: it is something else.
    """
    try:
        fields = _fields(text)
        leads = fields["leads"]
        return Card(
            id=_text(fields["id"]),
            host=_text(fields["host"]),
            pid=_number(fields["pid"]),
            since=_number(fields["since"]),
            seen=_number(fields["seen"]),
            leads=None if leads is None else _flag(leads),
            label=_text(fields["label"]),
            gone=_flag(fields["gone"]),
            runs=tuple(_run(*each) for each in fields["runs"][:MOST_RUNS]),
            group=_text(fields.get("group", "")),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise StoreCorrupt(f"an instance's entry: {type(error).__name__}: {error!s:.120}") from error


def encode_roster(slots: Sequence[str]) -> str:
    """The names of instances by the numbers of their slots."""
    return json.dumps({"format": _FORMAT, "slots": list(slots)}, separators=(",", ":"))


def decode_roster(text: object) -> tuple[str, ...]:
    """The names of instances by the numbers of their slots.

    :raises StoreCorrupt: it is something else.
    """
    try:
        slots = tuple(_text(each) for each in _fields(text)["slots"])
        if len(slots) > MOST_INSTANCES:
            raise ValueError(f"{len(slots)} slots")
        return slots
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise StoreCorrupt(f"the roster of instances: {type(error).__name__}: {error!s:.120}") from error


def _fields(text: object) -> Any:
    if not isinstance(text, str) or len(text) > _LONGEST_ENTRY:
        raise ValueError("not a text, or one that is too long")
    fields = json.loads(text)
    if fields["format"] != _FORMAT:
        raise ValueError("it is not one of this version's")
    return fields


def _run(job: object, tick: object, started: object, completed: object, *more: object) -> PastRun:
    outcome, attempt, fence = more
    times = (None if each is None else _time(each) for each in (started, completed))
    last = None if fence is None else _number(fence)
    return (_text(job), _time(tick), *times, _text(outcome), _number(attempt), last)  # type: ignore[return-value]


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 2 * _LONGEST_TEXT:
        raise ValueError(f"{value!r:.40} is no text, or too long")
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value <= 2 * LAST:
        raise ValueError(f"{value!r:.40} is no such number")
    return value


def _time(value: object) -> Instant:
    number = _number(value)
    if number > LAST:
        raise ValueError(f"{value!r:.40} is no time")
    return number


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r:.40} is no yes or no")
    return value


def slot_key(number: int) -> str:
    """The key of the instance's entry in a slot."""
    return own_key("instance", str(number))


# The version of an entry, what it says, and since when it is known to.
Seen = tuple[object, Card | None, Micros]

Complain = Callable[[StoreCorrupt], object]


@final
class Presence:
    """What this process says of itself, and what it knows of the others.

    The procedures are the keeper's thread's; the view may be asked for by any thread.
    """

    def __init__(self, store: TickStore) -> None:
        self._store = store
        self.label = os.path.basename(sys.argv[0] if sys.argv else "")[:100]
        self.begin()

    def begin(self) -> None:
        """As new: also in a forked child, which is another instance."""
        self._lock = threading.Lock()
        self._runs: deque[PastRun] = deque(maxlen=MOST_RUNS)
        self._since: Instant | None = None
        self._slots: tuple[str, ...] = ()
        self._slot: int | None = None
        self._beaten: float | None = None
        self._group = ""
        # By slot.
        self._cards: dict[int, Seen] = {}
        self._now: Instant = 0
        self._looked: Micros | None = None

    @property
    def beat(self) -> float:
        """How often, in seconds, an instance says that it is there."""
        return max(self._store.poll, _BEAT)

    @property
    def window(self) -> float:
        """An instance that was not seen for so long, in seconds, counts as dead where the store cannot tell."""
        return 3 * self.beat

    def ran(self, run: PastRun) -> None:
        """A run is over. Nothing is written now."""
        self._runs.append((run[0][:_LONGEST_TEXT], *run[1:]))

    def keys(self) -> list[str]:
        """What a look has to load."""
        return [ROSTER, *(slot_key(number) for number in range(len(self._slots)))]

    # -- a look ------------------------------------------------------------------------------------

    def look(self, snapshot: Snapshot, complain: Complain) -> Generator[Step, Any, None]:
        """Take over what a look at the store has found."""
        entry = snapshot.entries.get(ROSTER)
        slots: tuple[str, ...] = ()
        try:
            slots = () if entry is None else decode_roster(entry.text)
        except StoreCorrupt as error:
            complain(error)
        entries = dict(snapshot.entries)
        unseen = [slot_key(number) for number in range(len(self._slots), len(slots))]
        if unseen:
            more: Snapshot = yield Load(unseen)
            entries |= more.entries
        cards: dict[int, Seen] = {}
        for number, name in enumerate(slots):
            is_new = self._slots[number : number + 1] != (name,)
            cards[number] = self._read(number, entries.get(slot_key(number)), is_new, complain)
        with self._lock:
            self._slots, self._cards, self._now, self._looked = slots, cards, snapshot.now, elapsed()

    def _read(self, number: int, entry: Entry | None, is_new: bool, complain: Complain) -> Seen:
        version, card, since = self._cards.get(number, (None, None, 0))
        if entry is not None and entry.version != version:
            card, is_new = None, True
            try:
                card = decode(entry.text)
            except StoreCorrupt as error:
                complain(error)
        elif entry is None and version is not None:
            card, is_new = None, True
        return None if entry is None else entry.version, card, elapsed() if is_new else since

    # -- what is said ------------------------------------------------------------------------------

    def tell(
        self, snapshot: Snapshot, leads: bool | None, group: str = "", gone: bool = False
    ) -> Generator[Step, Any, None]:
        """Say that this instance is there, if it is time to or its jobs have changed, or that it leaves."""
        if group != self._group and not gone:
            self._group, self._beaten = group, None
        owner = self._store.owner()
        if self._slot is None or self._slots[self._slot : self._slot + 1] != (owner,):
            if gone:
                return
            yield from self._join(owner, snapshot)
        elif not gone and self._beaten is not None and elapsed() - self._beaten < self.beat * SECOND:
            return
        if self._slot is not None:
            yield from self._write(self._card(owner, snapshot.now, leads, gone), self._slot)

    def _card(self, owner: str, now: Instant, leads: bool | None, gone: bool) -> Card:
        if self._since is None:
            self._since = now
        card = Card(owner, socket.gethostname()[:_LONGEST_TEXT], os.getpid(), self._since, now, leads, self.label, gone)
        return replace(card, runs=tuple(self._runs), group=self._group)

    def _join(self, owner: str, snapshot: Snapshot) -> Generator[Step, Any, None]:
        """Take a slot: a free one, that of an instance long gone, or a new one."""
        entry = snapshot.entries.get(ROSTER)
        slots = list(self._slots)
        number = self._free(slots, snapshot.now)
        self._slot = None
        if number is None:
            return
        slots[number : number + 1] = [owner]
        if (yield Write(ROSTER, None if entry is None else entry.version, encode_roster(slots))):
            self._slot, self._slots = number, tuple(slots)
            self._beaten = None

    def _free(self, slots: Sequence[str], now: Instant) -> int | None:
        for number, name in enumerate(slots):
            _, card, since = self._cards.get(number, (None, None, 0))
            if card is None or card.id != name:  # it may be about to write
                is_free = elapsed() - since > self.window * SECOND
            else:
                is_free = card.gone or now - card.seen > _OLD
            if is_free:
                return number
        return len(slots) if len(slots) < MOST_INSTANCES else None

    def _write(self, card: Card, number: int) -> Generator[Step, Any, None]:
        self._beaten = elapsed()
        version = self._cards[number][0] if number in self._cards else None
        if not (yield Write(slot_key(number), version, encode(card))):
            # Somebody else has written there, or it was wiped: the next look knows more.
            self._beaten = None

    # -- what is known -----------------------------------------------------------------------------

    def is_fresh(self) -> bool:
        """Whether the last look is not older than looks are."""
        return self._looked is not None and elapsed() - self._looked < (2 * self._store.poll + 1) * SECOND

    def peers(self, group: str) -> tuple[str, ...]:
        """The other instances of a group that live and were heard of lately. Asks no server."""
        own = self._store.owner()
        with self._lock:
            seen = [self._cards[number] for number in range(len(self._slots)) if number in self._cards]
            now = self._now + elapsed() - (self._looked or 0)
        found = [card for _, card, since in seen if card is not None and self._is_awake(card, now, since)]
        return tuple(card.id for card in found if card.group == group and card.id != own)

    def _is_awake(self, card: Card, now: Instant, since: Micros) -> bool:
        return not card.gone and self._was_seen(card, now, since) and self._store.is_alive(card.id) is not False

    def _was_seen(self, card: Card, now: Instant, since: Micros) -> bool:
        """Whether it has said that it is there within the window."""
        window = round(self.window * SECOND)
        return now - card.seen < window if self._store.has_clock else elapsed() - since < window

    def view(self) -> list[Instance]:
        """The instances, those that came first first. Asks no server."""
        with self._lock:
            cards = [
                (name, *self._cards[number][1:]) for number, name in enumerate(self._slots) if number in self._cards
            ]
            now = self._now + elapsed() - (self._looked or 0)
        found = [self._shown(card, now, since) for name, card, since in cards if card is not None and card.id == name]
        return sorted(found, key=lambda each: (each.since, each.id))

    def _shown(self, card: Card, now: Instant, since: Micros) -> Instance:
        alive = False if card.gone else self._store.is_alive(card.id)
        if alive is None:
            alive = self._was_seen(card, now, since)
        since_then, seen = (datetime_of(min(each, LAST), UTC) for each in (card.since, card.seen))
        runs = tuple(_shown_run(run) for run in card.runs)
        return Instance(card.id, card.host, card.pid, since_then, seen, alive, card.leads, card.label, runs)


def _shown_run(run: PastRun) -> InstanceRun:
    job, tick, started, completed, outcome, attempt, fence = run
    shown = [None if each is None else datetime_of(each, UTC) for each in (tick, started, completed)]
    assert shown[0] is not None
    return InstanceRun(job, shown[0], shown[1], shown[2], outcome, attempt, fence)
