"""The rules by which instances share ticks: pure functions on the record of one job.

No clock, no store, no thread: what a rule needs is given to it, and what it decides is a new record,
which counts only if the store still holds the one it was made from (compare-and-set). All stores and
the simulation run these same functions.

Why no tick starts twice: a granted tick is in ``seen`` until it is popped into ``floor``, ``floor``
only grows, and neither what is in ``seen`` nor what is not later than ``floor`` is ever granted. Except for what
is ``owed``: a tick gets in there only while it could be granted anyway, and leaves when it is granted.
That takes no assumption about anybody's clock. Clocks matter only to *when* a tick is granted.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import ge
from typing import Any, Final, final

from gocron_py.distributed.tick import TickKind
from gocron_py.errors import (
    LockError,
    StoreAmnesia,
    StoreCorrupt,
    TickBusy,
    TickEarly,
    TickPaused,
    TickStale,
    TickTaken,
)
from gocron_py.instant import LAST, Instant, Micros

WINDOW = 64
"""So many granted ticks are remembered one by one, as in the anti-replay windows of IPsec and DTLS."""

FARTHEST: Final = 2 * LAST
"""No number of a record is larger, or less than the negative of it."""

MOST_OWED = 100
"""So many ticks that nobody could run in time are kept for later, the latest ones."""

_MOST_CLAIMS = 64
_LARGEST = 2**20  # characters; one that is written here, with a name of a usual length, has 20,000 at most
# So many runs that go on at one time are written twice for the price of one and a half.
_MOST_RUNS = 256
_FORMAT = 1
# Of the records of paused jobs: a version that knows no pauses must neither run the job nor write the pause away.
_FORMAT_PAUSED = 2


@final
@dataclass(frozen=True, slots=True)
class Claim:
    """A run that was granted and is not finished.

    :ivar token: random, one per claim: whoever knows it is the holder.
    :ivar owner: the instance; empty where the claim was given back before the task began.
    :ivar until: the end of the lease on the store's clock, where the store cannot tell who lives.
    :ivar attempt: how many times the task was begun, this one included.
    :ivar lease: how long a renewal lasts, for stores without a clock: who looks measures it.
    """

    at: Instant
    token: str
    owner: str
    until: Instant
    attempt: int
    fence: int
    lease: Micros = 0


@final
@dataclass(frozen=True, slots=True)
class Record:
    """What the store holds of one job.

    :ivar name: in full, for the stores whose keys are shortened.
    :ivar floor: nothing up to here is granted any more.
    :ivar seen: the ticks after *floor* that were granted, ascending.
    :ivar fence: of the last claim.
    :ivar claims: runs that go on, or were cut off.
    :ivar next_at: the next tick, where it counts from the end of the last run.
    :ivar life: random, of the record's making: who knows another life of it knows that the store was wiped.
    :ivar paused: no tick is granted, but those that somebody asks for with ``run_now``.
    :ivar owed: ticks that nobody could run in time and that are to be run yet, ascending: whatever *floor* says.
    """

    name: str
    floor: Instant
    seen: tuple[Instant, ...] = ()
    fence: int = 0
    claims: tuple[Claim, ...] = ()
    next_at: Instant | None = None
    life: str = ""
    paused: bool = False
    owed: tuple[Instant, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Request:
    """What an instance asks for.

    :ivar at: the tick; START, MANUAL and DYNAMIC ones are given the store's time instead.
    :ivar period: START: there may be no tick in ``seen`` from here on.
    :ivar next_at: DYNAMIC: the tick after this one, should its run never be finished.
    :ivar max_attempts: how often a tick may be begun in all: 1 where a crash is not made good.
    :ivar is_owed: the tick is one that the record said is owed: it may be no longer, if there was a pause.
    """

    at: Instant
    kind: TickKind
    token: str
    owner: str
    lease: Micros
    overlap: bool = False
    max_attempts: int = 1
    period: Instant = 0
    next_at: Instant | None = None
    is_owed: bool = False


Alive = Callable[[Claim], bool]


@final
@dataclass(frozen=True, slots=True)
class Granted:
    """Run it, once *record* is written; ``None``: it was written before, and only the answer was lost."""

    record: Record | None
    claim: Claim
    crashed: tuple[Claim, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Later:
    """Not now. *at* is when on the store's clock, if that is known; *error* is for who stops waiting."""

    error: type[LockError]
    at: Instant | None = None
    record: None = None


@final
@dataclass(frozen=True, slots=True)
class Refused:
    """Never. A *record* is to be written all the same."""

    error: type[LockError]
    record: Record | None = None
    retry_at: Instant | None = None


Answer = Granted | Later | Refused


def registered(name: str, now: Instant, life: str) -> Record:
    """The record of a job that the store does not know: ticks count from now on."""
    return Record(name, floor=now, life=life)


def reborn(record: Record, now: Instant) -> Record:
    """A record in another life than one has known: it was made anew, perhaps long ago by a write that came late.

    What ran in between is unknown, so ticks count from now on.
    """
    return replace(record, floor=max(record.floor, now), owed=())


def pause(record: Record) -> Record:
    """No tick starts any more. What runs goes on; what was cut off waits; what was owed is not."""
    return replace(record, paused=True, owed=())


def resume(record: Record, now: Instant) -> Record:
    """Ticks start again: those after *now*. What came during the pause was not missed, nobody catches up with it."""
    return replace(record, paused=False, floor=max(record.floor, now), owed=()) if record.paused else record


def owe(record: Record, kept: Iterable[Instant], more: Iterable[Instant]) -> Record:
    """Of what is owed only *kept* is from now on; and *more*, as far as it may still run."""
    if record.paused:
        return record
    old = set(record.owed)
    owed = {at for at in kept if at in old} | {at for at in more if at > record.floor and at not in record.seen}
    return replace(record, owed=tuple(sorted(owed)[-MOST_OWED:]))


def claim(record: Record | None, request: Request, name: str, now: Instant, alive: Alive) -> Answer:
    """May this tick run here, now?

    :param now: the store's time.
    :param alive: whether the holder of a claim lives, as far as the store can tell.
    """
    if record is None:  # C0
        return Refused(StoreAmnesia, registered(name, now, request.token))
    for held in record.claims:  # C1
        if held.token == request.token:
            return Granted(None, held)
    refusal = _refuse(record, request, now)
    if refusal is not None:
        return refusal
    if record.paused and request.kind is not TickKind.MANUAL:
        return Refused(TickPaused, retry_at=request.next_at if request.kind is TickKind.DYNAMIC else None)
    living, rest, crashed = _sorted_out(record.claims, alive, request.max_attempts)
    if living and not request.overlap:  # C5
        if request.kind is TickKind.DYNAMIC:
            # It will count from the end of that run, which is not before now.
            return Refused(TickBusy, retry_at=request.next_at)
        return Later(TickBusy)
    return _grant(record, request, now, (*rest, *living), crashed)


def _refuse(record: Record, request: Request, now: Instant) -> Later | Refused | None:
    """C2 to C4, as they are for each kind of tick."""
    kind, at = request.kind, request.at
    if kind is TickKind.MANUAL:
        return None
    if kind is TickKind.START:
        taken = bool(record.seen) and record.seen[-1] >= request.period
        return Refused(TickTaken) if taken else None
    if kind is TickKind.DYNAMIC:
        wait = record.next_at is not None and record.next_at > now
        return Refused(TickTaken, retry_at=record.next_at) if wait else None
    if record.seen and at <= record.seen[-1] and at in record.seen:  # C4; most ticks are later than all of them
        return Refused(TickTaken)
    if at not in record.owed and (request.is_owed or at <= record.floor):  # C3
        return Refused(TickStale)
    return Later(TickEarly, at) if at > now else None  # C2


def _grant(
    record: Record, request: Request, now: Instant, others: tuple[Claim, ...], crashed: tuple[Claim, ...]
) -> Granted:
    """C6."""
    is_named = request.kind in (TickKind.GRID, TickKind.ONCE)
    at = request.at if is_named else now
    fence = max(record.fence + 1, now)
    granted = Claim(at, request.token, request.owner, now + request.lease, 1, fence, request.lease)
    floor, seen, owed = record.floor, record.seen, record.owed
    if request.kind is not TickKind.MANUAL:
        floor, seen = _joined(floor, seen, at)
        owed = tuple(each for each in owed if each != at) if owed else ()
    next_at = request.next_at if request.kind is TickKind.DYNAMIC else record.next_at
    claims = (*others, granted)
    forgotten = claims[:-_MOST_CLAIMS]
    kept = claims[-_MOST_CLAIMS:]
    after = Record(record.name, floor, seen, fence, kept, next_at, record.life, record.paused, owed)
    return Granted(after, granted, (*crashed, *forgotten))


def _joined(floor: Instant, seen: tuple[Instant, ...], at: Instant) -> tuple[Instant, tuple[Instant, ...]]:
    place = bisect_left(seen, at)
    if seen[place : place + 1] == (at,):
        return floor, seen
    ticks = (*seen[:place], at, *seen[place:])
    return (max(floor, ticks[0]), ticks[1:]) if len(ticks) > WINDOW else (floor, ticks)


def _sorted_out(
    claims: Iterable[Claim], alive: Alive, max_attempts: int
) -> tuple[list[Claim], list[Claim], tuple[Claim, ...]]:
    """Those whose holder lives; those to be begun again; those that are over for good."""
    living: list[Claim] = []
    rest: list[Claim] = []
    crashed: list[Claim] = []
    for each in claims:
        if each.owner and alive(each):
            living.append(each)
        elif each.attempt < max_attempts:
            rest.append(each)
        else:
            crashed.append(each)
    return living, rest, tuple(crashed)


def recover(record: Record, victim: str, request: Request, now: Instant, alive: Alive) -> Answer:
    """May the run whose claim has the token *victim* be begun again, here?"""
    for held in record.claims:
        if held.token == request.token:
            return Granted(None, held)
    if record.paused:
        return Refused(TickPaused)
    living, rest, crashed = _sorted_out(record.claims, alive, request.max_attempts)
    cut_off = next((each for each in rest if each.token == victim), None)
    if cut_off is None:
        return Refused(TickTaken)
    if living and not request.overlap:
        return Later(TickBusy)
    fence = max(record.fence + 1, now)
    until, attempt = now + request.lease, cut_off.attempt + 1
    again = Claim(cut_off.at, request.token, request.owner, until, attempt, fence, request.lease)
    others = [each for each in rest if each is not cut_off]
    return Granted(replace(record, fence=fence, claims=(*others, *living, again)), again, crashed)


def living(record: Record, alive: Alive) -> bool:
    """Whether a run goes on."""
    return any(each.owner and alive(each) for each in record.claims)


def cut_off(record: Record, alive: Alive, max_attempts: int) -> list[Claim]:
    """The runs that wait to be begun again."""
    return _sorted_out(record.claims, alive, max_attempts)[1]


def reap(record: Record, alive: Alive, max_attempts: int) -> tuple[Record, tuple[Claim, ...]]:
    """The record without the runs that a crash has ended for good, and these."""
    crashed = _sorted_out(record.claims, alive, max_attempts)[2]
    kept = tuple(each for each in record.claims if each not in crashed)
    return replace(record, claims=kept), crashed


def renew(record: Record | None, token: str, until: Instant) -> Record | None:
    """The lease goes on until *until*. ``None``: the claim is lost.

    Its end always moves, if only by a microsecond: who looks sees that it was renewed.
    """
    return _changed(record, token, lambda held: replace(held, until=max(held.until + 1, until)))


def finish(record: Record | None, token: str) -> Record | None:
    """The run is over. ``None``: the claim was lost before."""
    claims = () if record is None else tuple(held for held in record.claims if held.token != token)
    if record is None or len(claims) == len(record.claims):
        return None
    return replace(record, claims=claims)


def freed(record: Record, over: Iterable[str]) -> Record:
    """The same, without the runs that have these tokens: they are over, and their end could not be written yet."""
    for token in over:
        record = finish(record, token) or record
    return record


def unclaim(record: Record | None, token: str) -> Record | None:
    """The task was not begun: another instance may. ``None``: the claim was lost before."""
    return _changed(record, token, lambda held: replace(held, owner="", until=0, attempt=held.attempt - 1))


def cut(record: Record | None, token: str) -> Record | None:
    """The task broke off, as its run had to stop: as if a crash had. ``None``: the claim was lost before."""
    return _changed(record, token, lambda held: replace(held, owner="", until=0))


def _changed(record: Record | None, token: str, change: Callable[[Claim], Claim]) -> Record | None:
    if record is None or all(held.token != token for held in record.claims):
        return None
    return replace(record, claims=tuple(change(held) if held.token == token else held for held in record.claims))


# -- as text ---------------------------------------------------------------------------------------


_to_json = json.JSONEncoder(separators=(",", ":")).encode


def encode(record: Record) -> str:
    """The record as a store keeps it: JSON."""
    fields: dict[str, Any] = {
        "format": _FORMAT_PAUSED if record.paused else _FORMAT,
        "name": record.name,
        "floor": record.floor,
        "fence": record.fence,
        "claims": [_as_list(each) for each in record.claims],
        "next_at": record.next_at,
        "life": record.life,
    }
    if record.owed:
        fields["owed"] = record.owed
    return f'{_to_json(fields)[:-1]},"seen":{_as_array(record.seen)}}}'


@lru_cache(_MOST_RUNS)
def _as_array(ticks: tuple[Instant, ...]) -> str:
    """Most of a record's text, and at the end of a run the same as at its claim."""
    return _to_json(ticks)


def _as_list(held: Claim) -> list[object]:
    return [held.at, held.token, held.owner, held.until, held.attempt, held.fence, held.lease]


def decode(text: object, name: str) -> Record:
    """The record of the job *name* that a store holds.

    :raises StoreCorrupt: it is not one, or that of another job.
    """
    try:
        if not isinstance(text, str):
            raise TypeError("not a text")
        if len(text) > _LARGEST:
            raise ValueError(f"it has {len(text)} characters")
        fields = json.loads(text)
        if fields["format"] not in (_FORMAT, _FORMAT_PAUSED):
            raise ValueError(f"format {fields['format']!r:.20} is not known to this version")
        record = Record(
            _text(fields["name"]),
            _number(fields["floor"]),
            _ticks(fields["seen"], WINDOW),
            _number(fields["fence"]),
            tuple(_claim(*each) for each in fields["claims"]),
            None if fields["next_at"] is None else _number(fields["next_at"]),
            _text(fields["life"]),
            paused=fields["format"] == _FORMAT_PAUSED,
            owed=_ticks(fields.get("owed", []), MOST_OWED),
        )
        if record.name != name:
            raise ValueError(f"it is that of the job {record.name!r:.80}")
        return record
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise StoreCorrupt(f"job {name!r:.80}: {type(error).__name__}: {error!s:.120}") from error


def _ticks(values: object, most: int) -> tuple[Instant, ...]:
    """Looked at as a whole, and in C: most of what a record is are these."""
    if not isinstance(values, list) or len(values) > most:
        raise ValueError(f"the ticks are no list of {most} at most")
    if not set(map(type, values)) <= {int} or any(map(ge, values, values[1:])):
        raise ValueError("the ticks are not numbers in order")
    for outermost in values[:1] + values[-1:]:
        _number(outermost)
    return tuple(values)


def _claim(at: object, token: object, owner: object, *numbers: object) -> Claim:
    until, attempt, fence, lease = map(_number, numbers)
    return Claim(_number(at), _text(token), _text(owner), until, attempt, fence, lease)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > FARTHEST:
        raise ValueError(f"{value!r:.40} is no number of microseconds")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.40} is no text")
    return value
