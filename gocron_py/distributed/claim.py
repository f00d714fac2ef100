"""How a claim is made, kept and given up, step by step, without doing any of the steps.

Each procedure is a generator: it yields what it wants of the outside (:class:`Load`, :class:`Write`,
:class:`Sleep`), is sent the answer, and returns its result. :class:`~gocron_py.distributed.locker.TickLocker`
does the steps on a real store and real threads; the simulation of the tests does the same procedures on
thousands of made-up ones.

A write whose answer is lost may have been made, and may still be made later. So a claim is made again
with the same token, which the record knows (rule C1), and one that is given up in doubt is settled.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

from gocron_py.distributed.decision import (
    Answer,
    Granted,
    Later,
    Record,
    Refused,
    pause,
    reborn,
    registered,
    renew,
    resume,
    unclaim,
)
from gocron_py.distributed.remembered import as_record, as_text
from gocron_py.distributed.store import Entry, Snapshot
from gocron_py.errors import LockError, StoreAmnesia, StoreDown, TickEarly
from gocron_py.instant import SECOND, Instant, Micros

# A clock that is further ahead of the store's than this is wrong, and waiting no help.
LONGEST_EARLY: Micros = 30 * SECOND

LONGEST_PAUSE: Micros = SECOND // 2
"""Who waits for a job to be free looks at least this often, unless the store is to be asked less."""

_LONGEST_NAP: Micros = SECOND
_FIRST_PAUSE: Micros = SECOND // 100
_MARGIN: Micros = 1000

# Who asks for the last time so short of the deadline can still be answered in time; at a store that is slow, twice as
# short as the last answer took. A claim that is granted when its tick is over is given up, and is nobody else's either.
_LAST_CALL: Micros = SECOND // 20


@final
@dataclass(frozen=True, slots=True)
class Load:
    """Wants a :class:`Snapshot <gocron_py.distributed.store.Snapshot>` of the keys."""

    keys: Sequence[str]


@final
@dataclass(frozen=True, slots=True)
class Write:
    """Wants a compare-and-set; the answer is a bool."""

    key: str
    version: object
    text: str


@final
@dataclass(frozen=True, slots=True)
class Sleep:
    """Wants to go on later."""

    micros: Micros


@final
@dataclass(frozen=True, slots=True)
class Glance:
    """What a load of many keys has found: the answer to the first load of a claim, which may come late as any.

    :ivar asked: when the store was asked, on the clock of :attr:`Attempt.elapsed`.
    """

    snapshot: Snapshot
    asked: Micros


Step = Load | Write | Sleep
Procedure = Generator[Step, Any]


@final
@dataclass(slots=True)
class Attempt:
    """One try for a tick, and what is known of it if it is broken off.

    :ivar decide: the rule, on (record, store's now).
    :ivar patience: how long, from when the tick has come, it may take.
    :ivar elapsed: microseconds since some moment; runs on while the machine sleeps.
    :ivar lease: where leases decide who lives: a claim made so long ago is no longer trusted.
    :ivar known: the life of the job's record that this instance has seen, if any.
    :ivar paused: whether the job is paused, as this instance knows it: a record that is made anew says so too.
    :ivar doubtful: the versions on which a claim may have been written, unseen.
    :ivar pause: before it asks again for the first time, at most.
    :ivar dice: from 0 to 1: those who wait for one thing do not all ask at once.
    :ivar glance: in place of the first load.
    :ivar was_down: whether the store could not be asked when it was to be: that has cost the tick some of its time.
    :ivar early: how far the tick was still to come by the store's clock when it was asked first. To wait for it costs
        no patience, and makes no tick late.
    """

    key: str
    token: str
    decide: Callable[[Record | None, Instant], Answer]
    patience: Micros
    elapsed: Callable[[], Micros]
    lease: Micros | None
    known: str | None
    paused: bool = False
    doubtful: list[object] = field(default_factory=list)
    pause: Micros = _FIRST_PAUSE
    dice: Callable[[], float] = random.random
    glance: Glance | None = None
    was_down: bool = False
    early: Micros = 0


def claim_tick(attempt: Attempt) -> Generator[Step, Any, Granted]:
    """Get the tick, or raise the reason why not: a :exc:`~gocron_py.LockError`."""
    began = attempt.elapsed()
    pause, last_call = attempt.pause, _LAST_CALL
    while True:
        asked = attempt.elapsed()
        try:
            answer = yield from _ask(attempt)
        except StoreDown as error:
            attempt.was_down = True
            failure: LockError = error
        else:
            if isinstance(answer, Granted):
                return answer
            if answer is None:
                continue
            if answer.at is not None:
                yield Sleep(answer.at)
                continue
            failure = answer.error()
            last_call = max(_LAST_CALL, 2 * (attempt.elapsed() - asked))
        left = attempt.patience + attempt.early - (attempt.elapsed() - began) - last_call
        if left <= 0:
            raise failure
        yield Sleep(min(round(pause * (0.5 + attempt.dice() / 2)), left))
        pause = max(min(2 * pause, LONGEST_PAUSE), attempt.pause)


def _ask(attempt: Attempt) -> Generator[Step, Any, Granted | Later | None]:
    """Ask the rule once, and write what it says.

    :return: ``None``: to be asked again at once; of a :class:`Later` the time is how long to sleep.
    """
    glance, attempt.glance = attempt.glance, None
    if glance is None:
        asked = attempt.elapsed()
        snapshot: Snapshot = yield Load((attempt.key,))
    else:
        asked, snapshot = glance.asked, glance.snapshot
    entry = snapshot.entries.get(attempt.key)
    answer = decided(attempt, entry, snapshot.now)
    if answer.record is not None:
        written: bool = yield from _write(attempt, entry, answer)
        if not written:
            return None
    if isinstance(answer, Granted):
        # If it took so long that somebody may have taken over, look again.
        is_fresh = attempt.lease is None or attempt.elapsed() - asked < attempt.lease // 2
        return answer if is_fresh else None
    if isinstance(answer, Refused):
        if answer.error is StoreAmnesia:
            was_known, attempt.known = attempt.known is not None, None
            if not was_known:
                return None  # that was its registration
        raise _refusal(answer, snapshot.now)
    if answer.at is None:
        return answer
    ahead = answer.at - snapshot.now
    if ahead > LONGEST_EARLY:
        raise TickEarly(f"this machine's clock is {ahead / SECOND:.1f} s ahead of the store's")
    attempt.early = max(attempt.early, ahead)
    return Later(answer.error, min(ahead + _MARGIN, _LONGEST_NAP))


def decided(attempt: Attempt, entry: Entry | None, now: Instant) -> Answer:
    """What the rule says of what a store holds.

    :raises StoreCorrupt: that is no record.
    """
    record = None if entry is None else as_record(entry.text, attempt.key)
    if record is not None and attempt.known not in (None, record.life):
        answer: Answer = Refused(StoreAmnesia, reborn(record, now))
    else:
        attempt.known = attempt.known if record is None else record.life
        answer = attempt.decide(record, now)
    if attempt.paused and isinstance(answer, Refused) and answer.error is StoreAmnesia and answer.record is not None:
        return Refused(StoreAmnesia, pause(answer.record))
    return answer


def _write(attempt: Attempt, entry: Entry | None, answer: Answer) -> Generator[Step, Any, bool]:
    version = None if entry is None else entry.version
    assert answer.record is not None
    try:
        written: bool = yield Write(attempt.key, version, as_text(answer.record))
    except StoreDown:
        if isinstance(answer, Granted):
            attempt.doubtful.append(version)
        raise
    return written


def _refusal(answer: Refused, now: Instant) -> LockError:
    error = answer.error()
    if answer.retry_at is not None:
        error.retry_after = max(answer.retry_at - now, _MARGIN)
    return error


def keep(key: str, token: str, lease: Micros | None) -> Generator[Step, Any, bool]:
    """Renew a claim, or where the store tells who lives only look after it. ``False``: it is lost."""
    while True:
        snapshot: Snapshot = yield Load((key,))
        entry = snapshot.entries.get(key)
        if entry is None:
            return False
        record = renew(as_record(entry.text, key), token, snapshot.now + (lease or 0))
        if record is None:
            return False
        if lease is None or (yield Write(key, entry.version, as_text(record))):
            return True


def end(
    key: str,
    token: str,
    how: Callable[[Record | None, str], Record | None],
    next_at: Callable[[Instant], Instant | None] | None = None,
) -> Generator[Step, Any, bool]:
    """The end of a claim. ``False``: it was lost before.

    :param how: :func:`~gocron_py.distributed.decision.finish` where the task was begun, ``unclaim`` where it was not,
        ``cut`` where it broke off.
    :param next_at: gives the tick that counts from this end, by the store's time.
    """
    while True:
        snapshot: Snapshot = yield Load((key,))
        entry = snapshot.entries.get(key)
        record = None if entry is None else as_record(entry.text, key)
        record = how(record, token)
        if record is not None and next_at is not None:
            record = replace(record, next_at=next_at(snapshot.now) or record.next_at)
        if record is None or entry is None:
            return False
        if (yield Write(key, entry.version, as_text(record))):
            return True


def settle(key: str, token: str, versions: Sequence[object]) -> Procedure:
    """Nobody will run what was claimed in doubt: give the claim back, or see to it that it is never written."""
    while True:
        snapshot: Snapshot = yield Load((key,))
        entry = snapshot.entries.get(key)
        record = registered(key, snapshot.now, token) if entry is None else as_record(entry.text, key)
        given_back = unclaim(record, token)
        version = None if entry is None else entry.version
        if given_back is None and version not in versions:
            return
        # Written as it is, the record has a new version, on which the late write will fail.
        if (yield Write(key, version, as_text(given_back or record))):
            return


def register(
    keys: Sequence[str], life: str, also: Sequence[str] = (), paused: Callable[[str], bool] = lambda key: False
) -> Generator[Step, Any, tuple[Snapshot, list[str]]]:
    """See to it that each job has a record.

    :param life: of the records that are made; random.
    :param also: what is to be loaded besides; no keys of jobs.
    :param paused: whether a job is paused as this instance knows it, should the store have forgotten.
    :return: what the store had, and the keys it did not have.
    """
    snapshot: Snapshot = yield Load((*keys, *also))
    missing = [key for key in keys if key not in snapshot.entries]
    for key in missing:
        record = registered(key, snapshot.now, life)
        # Where this fails another instance was faster, and that is as good.
        yield Write(key, None, as_text(pause(record) if paused(key) else record))
    return snapshot, missing


def set_paused(key: str, paused: bool, life: str) -> Generator[Step, Any, Record]:
    """Pause a job, or have it go on. Gives its record as it is then.

    :param life: of a record that is made for it; random.
    """
    while True:
        snapshot: Snapshot = yield Load((key,))
        entry = snapshot.entries.get(key)
        record = registered(key, snapshot.now, life) if entry is None else as_record(entry.text, key)
        after = pause(record) if paused else resume(record, snapshot.now)
        # Written even if it is as it was: a late write that says otherwise then fails.
        if (yield Write(key, None if entry is None else entry.version, as_text(after))):
            return after


def amend(key: str, life: str, change: Callable[[Record], Record]) -> Generator[Step, Any, Record | None]:
    """Change the job's record, if it is still in that life. Gives it as it is then; ``None``: it is not."""
    while True:
        snapshot: Snapshot = yield Load((key,))
        entry = snapshot.entries.get(key)
        record = None if entry is None else as_record(entry.text, key)
        if record is None or entry is None or record.life != life:
            return None
        after = change(record)
        if after == record or (yield Write(key, entry.version, as_text(after))):
            return after


def forget(key: str, known: str, paused: bool = False) -> Generator[Step, Any, str | None]:
    """The job's record is not the one whose life is *known*: have ticks count from now on.

    :param paused: whether the forgotten record was that of a paused job; it stays so.
    :return: the life that it has; ``None``: there is no record.
    """
    while True:
        snapshot: Snapshot = yield Load((key,))
        entry = snapshot.entries.get(key)
        if entry is None:
            return None
        record = as_record(entry.text, key)
        if record.life == known:
            return record.life
        after = reborn(pause(record) if paused else record, snapshot.now)
        if (yield Write(key, entry.version, as_text(after))):
            return record.life
