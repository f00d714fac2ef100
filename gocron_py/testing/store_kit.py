"""What every :class:`~gocron_py.distributed.TickStore` has to do, as tests. For authors of stores.

Needs pytest and Hypothesis. Say how your store is opened; pytest does the rest::

    class TestMyStore(StoreKit):
        @pytest.fixture
        def open_store(self, tmp_path):
            return partial(MyStore, tmp_path / "data")  # each call: another client of the same data

Two tests start processes, and pickle what ``open_store`` gives for them. A store for one process leaves
them out: ``test_processes_race = None``, ``test_a_frozen_process_lives_and_a_killed_one_does_not = None``.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from gocron_py.distributed.decision import (
    MOST_OWED,
    WINDOW,
    Claim,
    Granted,
    Record,
    Request,
    claim,
    decode,
    encode,
    registered,
)
from gocron_py.distributed.store import TickStore
from gocron_py.distributed.tick import TickKind
from gocron_py.errors import StoreDown
from gocron_py.testing.histories import Histories

OpenStore = Callable[[], TickStore]

HOSTILE_KEYS = (
    "",
    " ",
    "job",
    "JOB",
    "jöb",
    "jo\u0308b",
    "%",
    "a%00b",
    "a\0b",
    "a\nb",
    "'; DROP TABLE gocron_ticks; --",
    "../../etc/passwd",
    "{a}:*?[b]",
    "🕐" * 100,
    "\ud800",
    "x" * 10_000,
)

_RACES = 300
_LIMIT = 30.0  # seconds


class StoreKit:
    """Derive a class of tests from it, with a fixture ``open_store``.

    :cvar examples: how many histories Hypothesis makes up.
    :cvar outlives: for so many seconds at most a process that was killed counts as alive: a store's lease.
    """

    examples: ClassVar[int] = 40
    outlives: ClassVar[float] = 0.0

    @pytest.fixture
    def open_store(self) -> OpenStore:
        """To be replaced: what opens the store."""
        raise NotImplementedError("a store kit needs a fixture open_store")

    @pytest.fixture
    def store(self, open_store: OpenStore) -> Any:
        """One client."""
        store = open_store()
        yield store
        store.close()

    # -- texts and versions ------------------------------------------------------------------------

    def test_knows_nothing_at_first(self, store: TickStore) -> None:
        assert store.load(["a", "b"]).entries == {}
        assert store.load([]).entries == {}

    def test_time_is_in_microseconds_and_goes_on(self, store: TickStore) -> None:
        before = store.load([]).now
        assert 1_500_000_000 * 10**6 < before < 5_000_000_000 * 10**6
        assert store.load(["a"]).now >= before

    def test_write_and_load(self, store: TickStore) -> None:
        assert store.compare_and_set("a", None, "text")
        assert not store.compare_and_set("a", None, "other")
        entry = store.load(["a"]).entries["a"]
        assert entry.text == "text"
        assert store.compare_and_set("a", entry.version, "second")
        assert not store.compare_and_set("a", entry.version, "third")
        assert store.load(["a"]).entries["a"].text == "second"

    def test_an_entry_that_is_not_there_has_no_version(self, store: TickStore) -> None:
        store.compare_and_set("a", None, "text")
        version = store.load(["a"]).entries["a"].version
        assert not store.compare_and_set("b", version, "text")
        assert store.load(["b"]).entries == {}

    def test_the_version_changes_with_every_write(self, store: TickStore) -> None:
        """Also if the text does not: this is how a late write is kept out."""
        store.compare_and_set("a", None, "text")
        versions: list[object] = []
        for _ in range(5):
            version = store.load(["a"]).entries["a"].version
            assert version not in versions
            versions.append(version)
            assert store.compare_and_set("a", version, "text")

    def test_clients_see_each_other(self, store: TickStore, open_store: OpenStore) -> None:
        other = open_store()
        assert store.compare_and_set("a", None, "text")
        entry = other.load(["a"]).entries["a"]
        assert other.compare_and_set("a", entry.version, "second")
        assert store.load(["a"]).entries["a"].text == "second"
        other.close()

    def test_any_name_is_a_key(self, store: TickStore) -> None:
        for number, key in enumerate(HOSTILE_KEYS):
            assert store.compare_and_set(key, None, str(number)), repr(key[:20])
        entries = store.load(HOSTILE_KEYS).entries
        assert {key: entries[key].text for key in HOSTILE_KEYS} == {
            key: str(number) for number, key in enumerate(HOSTILE_KEYS)
        }

    def test_many_keys(self, store: TickStore) -> None:
        keys = [f"job{number}" for number in range(1500)]
        for key in keys[::10]:
            assert store.compare_and_set(key, None, key)
        assert set(store.load(keys).entries) == set(keys[::10])

    def test_a_large_record(self, store: TickStore) -> None:
        start = 1_700_000_000_000_000
        claims = tuple(Claim(start, "f" * 24, "o" * 100, start, 1, start) for _ in range(64))
        record = Record("job", start, tuple(range(start, start + WINDOW)), start, claims, start)
        record = replace(record, owed=tuple(range(start - MOST_OWED, start)))
        assert store.compare_and_set("job", None, encode(record))
        assert decode(store.load(["job"]).entries["job"].text, "job") == record

    # -- who lives ---------------------------------------------------------------------------------

    def test_owners(self, store: TickStore, open_store: OpenStore) -> None:
        other = open_store()
        assert store.owner() == store.owner()
        assert store.owner() != other.owner()
        assert "" not in (store.owner(), other.owner())
        tells = store.is_alive("") is not None
        assert store.is_alive("") in (None, False)
        assert store.is_alive("nobody") in ((False,) if tells else (None,))
        assert store.is_alive(store.owner()) in ((True,) if tells else (None,))
        owner = other.owner()
        assert store.is_alive(owner) in ((True,) if tells else (None,))
        other.close()
        assert store.is_alive(owner) in ((False,) if tells else (None,))

    @pytest.mark.slow
    def test_a_frozen_process_lives_and_a_killed_one_does_not(self, store: TickStore, open_store: OpenStore) -> None:
        if store.is_alive("") is None:
            return  # this store leaves it to leases who lives
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_enrol, args=(open_store, there), daemon=True)
        process.start()
        assert process.pid is not None
        try:
            assert here.poll(30)
            owner: str = here.recv()
            assert store.is_alive(owner) is True
            os.kill(process.pid, signal.SIGSTOP)
            assert store.is_alive(owner) is True
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.join()
        end = time.monotonic() + self.outlives
        while store.is_alive(owner) and time.monotonic() < end:
            time.sleep(0.05)
        assert store.is_alive(owner) is False

    # -- the rules ---------------------------------------------------------------------------------

    @pytest.mark.slow
    def test_rules_hold(self, store: TickStore) -> None:
        """Histories of claims, crashes and late writes, against a model that knows no record."""
        numbers = iter(range(1_000_000))
        run_state_machine_as_test(
            lambda: Histories(store, f"rules{next(numbers)}"),  # type: ignore[arg-type]  # any callable will do
            settings=settings(
                max_examples=self.examples,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
            ),
        )

    # -- races -------------------------------------------------------------------------------------

    def test_threads_race(self, store: TickStore) -> None:
        counts: list[int] = []

        def run(number: int) -> None:
            counts.append(_count(store, str(number), 20))

        threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert counts == [20] * 8
        assert json.loads(store.load(["counter"]).entries["counter"].text) == {str(number): 20 for number in range(8)}

    @pytest.mark.slow
    def test_processes_race(self, store: TickStore, open_store: OpenStore) -> None:
        """Two processes claim the same ticks at the same time: each is granted to one of them."""
        context = multiprocessing.get_context("spawn")
        # Far enough ahead that both are there, and so near to each other that they meet.
        first = store.load([]).now + 3_000_000
        assert store.compare_and_set("race", None, encode(registered("race", first - 1, "life")))
        pipes, processes = [], []
        for _ in range(2):
            here, there = context.Pipe()
            process = context.Process(target=_race, args=(open_store, first, there), daemon=True)
            process.start()
            pipes.append(here)
            processes.append(process)
        try:
            answers = []
            for pipe in pipes:
                assert pipe.poll(60)
                answers.append(pipe.recv())
        finally:
            for process in processes:
                process.kill()
                process.join()
        granted = [tick for answer in answers for tick in answer]
        assert sorted(granted) == [first + number for number in range(_RACES)]


def _enrol(open_store: OpenStore, pipe: Connection) -> None:
    store = open_store()
    pipe.send(store.owner())
    time.sleep(600)


def _count(store: TickStore, name: str, times: int) -> int:
    """Add so often one to a number that stands beside those of others."""
    done, in_doubt, end = 0, False, time.monotonic() + _LIMIT
    while done < times:
        try:
            entry = store.load(["counter"]).entries.get("counter")
            version, numbers = (None, {}) if entry is None else (entry.version, json.loads(entry.text))
            number = numbers.get(name, 0)
            assert number == done or (in_doubt and number == done + 1), "a write is gone, or was made twice"
            if number > done or store.compare_and_set("counter", version, json.dumps({**numbers, name: done + 1})):
                done, in_doubt = done + 1, False
        except StoreDown:  # it was busy: whether it has written is seen when it is asked again
            in_doubt = True
            if time.monotonic() > end:
                raise
    return done


def _race(open_store: OpenStore, first: int, pipe: Connection) -> None:
    store = open_store()
    granted = []
    for number in range(_RACES):
        tick = first + number
        request = Request(tick, TickKind.GRID, f"{os.getpid()}-{tick}", str(os.getpid()), 10**9, overlap=True)
        outcome, end = None, time.monotonic() + _LIMIT
        while outcome is None:
            try:
                outcome = _try(store, request)
            except StoreDown:  # it was busy: whether it has written is seen when it is asked again
                if time.monotonic() > end:
                    raise
        if outcome:
            granted.append(tick)
    pipe.send(granted)
    store.close()


def _try(store: TickStore, request: Request) -> bool | None:
    """Whether the tick is granted; ``None``: it is not known yet."""
    snapshot = store.load(["race"])
    entry = snapshot.entries["race"]
    answer = claim(decode(entry.text, "race"), request, "race", snapshot.now, lambda held: False)
    if snapshot.now < request.at:
        return None
    if not isinstance(answer, Granted):
        return False
    return answer.record is None or store.compare_and_set("race", entry.version, encode(answer.record)) or None
