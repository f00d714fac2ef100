"""Histories of one record, made up by Hypothesis: part of the store kit."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gocron_py.distributed.decision import (
    WINDOW,
    Answer,
    Claim,
    Granted,
    Record,
    Request,
    claim,
    cut_off,
    decode,
    encode,
    finish,
    pause,
    reap,
    recover,
    registered,
    renew,
    resume,
    unclaim,
)
from gocron_py.distributed.store import Entry, TickStore
from gocron_py.distributed.tick import TickKind


class Histories(RuleBasedStateMachine):
    """Instances that claim, renew, finish, crash and come late; what the store holds must obey the rules.

    The model knows which ticks were begun, and who lives; it does not know how a record says so.
    """

    def __init__(self, store: TickStore, key: str) -> None:
        super().__init__()
        self.store = store
        self.key = key
        self.now = 1_000_000
        self.tokens = 0
        self.dead: set[str] = set()
        # By tick: how many times it was begun. By token: (tick, owner), of claims that are not given up.
        self.begun: dict[int, int] = {}
        self.held: dict[str, tuple[int, str]] = {}
        self.fences: list[int] = []
        self.floor = 0
        self.paused = False
        # Ticks up to here were before the end of a pause.
        self.resumed = 0
        self.stale: list[tuple[object, str]] = []
        assert store.compare_and_set(key, None, encode(registered(key, self.now, "life")))

    # -- what instances do -------------------------------------------------------------------------

    def _load(self) -> tuple[Entry, Record]:
        entry = self.store.load([self.key]).entries[self.key]
        return entry, decode(entry.text, self.key)

    def _alive(self, held: Claim) -> bool:
        return held.owner not in self.dead

    def _write(self, entry: Entry, record: Record) -> None:
        assert decode(encode(record), self.key) == record
        assert self.store.compare_and_set(self.key, entry.version, encode(record))
        self.stale.append((entry.version, entry.text))

    def _request(self, at: int, kind: TickKind, owner: str, overlap: bool, attempts: int) -> Request:
        self.tokens += 1
        return Request(at, kind, f"t{self.tokens}", owner, 30, overlap, attempts, period=at - 50, next_at=self.now + 70)

    def _take(self, entry: Entry, answer: Answer, overlap: bool) -> Granted | None:
        if not isinstance(answer, Granted):
            return None
        living = [token for token, (_, owner) in self.held.items() if owner not in self.dead]
        assert overlap or not living
        assert answer.record is not None
        assert answer.record.paused is self.paused
        self._write(entry, answer.record)
        for crashed in answer.crashed:
            self.held.pop(crashed.token, None)
        granted = answer.claim
        assert all(granted.fence > fence for fence in self.fences)
        self.fences.append(granted.fence)
        self.held[granted.token] = granted.at, granted.owner
        return answer

    @rule(
        ahead=st.integers(-200, 20),
        kind=st.sampled_from(TickKind),
        owner=st.sampled_from("ABC"),
        overlap=st.booleans(),
        attempts=st.integers(1, 3),
    )
    def claims(self, ahead: int, kind: TickKind, owner: str, overlap: bool, attempts: int) -> None:
        """An instance claims a tick, which may be old or still to come."""
        if owner in self.dead:
            return
        entry, record = self._load()
        at = self.now + ahead
        request = self._request(at, kind, owner, overlap, attempts)
        granted = self._take(entry, claim(record, request, self.key, self.now, self._alive), overlap)
        if granted is None:
            return
        tick = granted.claim.at
        assert kind is TickKind.MANUAL or not self.paused
        if kind in (TickKind.GRID, TickKind.ONCE):
            assert tick == at
            assert at > self.resumed
            assert at <= self.now
            assert at > self.floor
            assert at not in self.begun
        if kind is not TickKind.MANUAL:
            self.begun[tick] = 1
        # The same claim once more, as after a lost answer.
        entry, record = self._load()
        again = claim(record, request, self.key, self.now, self._alive)
        assert again == Granted(None, granted.claim)

    @rule(data=st.data(), owner=st.sampled_from("ABC"), overlap=st.booleans(), attempts=st.integers(1, 3))
    def recovers(self, data: st.DataObject, owner: str, overlap: bool, attempts: int) -> None:
        """An instance begins again what was cut off, or what somebody gave back."""
        entry, record = self._load()
        if owner in self.dead or not record.claims:
            return
        victim = data.draw(st.sampled_from(record.claims))
        waits = victim in cut_off(record, self._alive, attempts)
        request = self._request(0, TickKind.GRID, owner, overlap, attempts)
        answer = recover(record, victim.token, request, self.now, self._alive)
        granted = self._take(entry, answer, overlap)
        if granted is None:
            return
        assert waits
        assert not self.paused
        assert not victim.owner or victim.owner in self.dead
        assert granted.claim.attempt == victim.attempt + 1 <= attempts
        assert granted.claim.at == victim.at
        self.held.pop(victim.token, None)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), what=st.sampled_from(["renew", "finish", "unclaim"]))
    def ends(self, data: st.DataObject, what: str) -> None:
        """A holder renews, finishes or gives back what it holds, or held."""
        token = data.draw(st.sampled_from(sorted(self.held)))
        entry, record = self._load()
        is_there = any(held.token == token for held in record.claims)
        if what == "renew":
            after = renew(record, token, self.now + 30)
        else:
            after = finish(record, token) if what == "finish" else unclaim(record, token)
        assert (after is not None) is is_there
        if after is not None:
            self._write(entry, after)
        if what != "renew":
            self.held.pop(token)

    @rule(owner=st.sampled_from("ABC"), step=st.integers(1, 3))
    def lives_on(self, owner: str, step: int) -> None:
        """Many short runs, until the window is full and moves on."""
        if owner in self.dead:
            return
        for _ in range(WINDOW // 2):
            self.now += step
            self.claims(0, TickKind.GRID, owner, True, 3)
            entry, record = self._load()
            token = f"t{self.tokens}"
            after = finish(record, token)
            if after is not None:
                self._write(entry, after)
                self.held.pop(token)

    @rule(paused=st.booleans())
    def is_paused_or_goes_on(self, paused: bool) -> None:
        """Somebody says so, perhaps once more."""
        entry, record = self._load()
        if self.paused and not paused:
            self.resumed = self.now
        self.paused = paused
        self._write(entry, pause(record) if paused else resume(record, self.now))

    @rule(owner=st.sampled_from("ABC"))
    def dies(self, owner: str) -> None:
        """An instance is killed."""
        self.dead.add(owner)

    @rule()
    def are_started_anew(self) -> None:
        """New instances, under new names, in place of the dead ones: their claims are nobody's."""
        for token in [token for token, (_, owner) in self.held.items() if owner in self.dead]:
            del self.held[token]
        entry, record = self._load()
        after, crashed = reap(record, self._alive, 1)
        assert all(not each.owner or each.owner in self.dead for each in crashed)
        if crashed:
            self._write(entry, after)
        self.dead.clear()

    @rule(step=st.integers(1, 300))
    def time_passes(self, step: int) -> None:
        """The store's clock goes on."""
        self.now += step

    @precondition(lambda self: self.stale)
    @rule(data=st.data())
    def comes_late(self, data: st.DataObject) -> None:
        """A write arrives that was made long ago."""
        version, text = data.draw(st.sampled_from(self.stale))
        assert not self.store.compare_and_set(self.key, version, text)

    # -- what always holds -------------------------------------------------------------------------

    @invariant()
    def record_is_sound(self) -> None:
        """The window is a window."""
        _, record = self._load()
        assert record.paused is self.paused
        assert record.floor >= self.floor
        self.floor = record.floor
        assert list(record.seen) == sorted(set(record.seen))
        assert len(record.seen) <= WINDOW
        assert all(tick <= record.floor or tick in record.seen for tick in self.begun)
        tokens = [held.token for held in record.claims]
        assert len(tokens) == len(set(tokens))
