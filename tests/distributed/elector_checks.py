"""The checks of electors, on any store; a store's tests derive from :class:`ElectorChecks`.

They say in a fixture where the election is held.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

import gocron_py as gocron
from gocron_py.clock import elapsed
from gocron_py.context import background
from gocron_py.demo.instance import named
from gocron_py.distributed import elector as rules
from gocron_py.distributed.elector import CampaigningElector
from tests import soak
from tests.servers.proxy import Fault, Proxy
from tests.servers.system import freeze

# What a busy machine may need for what takes a moment.
REST = 3.0


def leads(elector: gocron.Elector) -> bool:
    """Whether it says so."""
    try:
        elector.is_leader(background())
    except gocron.NotLeader:
        return False
    return True


def until(is_so: Callable[[], Any], seconds: float = 30.0) -> float:
    """How long it took."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() < started + seconds, "it never became so"
        time.sleep(0.005)
    return time.monotonic() - started


def check_fork_of_leader(elector: gocron.Elector) -> None:
    """The child does not lead, and its parent goes on."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(1 if leads(elector) else 0)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert leads(elector)


# -- processes -------------------------------------------------------------------------------------


class Candidate:
    """One in a process of its own, which answers when it is asked.

    :param maker: what makes its elector, ``module:attribute``, of the *arguments*.
    :param pause: of its campaign, in seconds; empty: the elector's own.
    """

    def __init__(self, maker: str, *arguments: str, pause: str = "") -> None:
        figures = json.dumps({name: getattr(rules, name) for name in ("LEASE", "DEADLINE", "RETRY")})
        command = [sys.executable, "-m", "tests.distributed.candidate", maker, figures, pause, *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def ask(self) -> None:
        """Also one that is frozen: its next answer is that to this question."""
        assert self._process.stdin is not None
        self._process.stdin.write("?\n")
        self._process.stdin.flush()

    def answer(self) -> bool:
        assert self._process.stdout is not None
        word = self._process.stdout.readline().strip()
        assert word in ("leads", "follows")
        return word == "leads"

    def leads(self) -> bool:
        self.ask()
        return self.answer()

    def freeze(self) -> None:
        freeze(self._process.pid)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def resign(self) -> None:
        self._process.communicate()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


# -- checkers --------------------------------------------------------------------------------------


def check_changes(elector: Callable[..., CampaigningElector], changes: int) -> None:
    """Leaders are closed as soon as they lead, and new candidates come; nobody begins before the last one has ended.

    By the word of each elector, from its first ``True`` to its ``False``, which comes before it resigns.
    """
    won, leaders, most = 0, 0, 0
    lock = threading.Lock()

    def changed(is_leader: bool) -> None:
        nonlocal won, leaders, most
        with lock:
            won += is_leader
            leaders += 1 if is_leader else -1
            most = max(most, leaders)

    def stand() -> None:
        while won < changes:
            with closing(elector(on_change=changed)) as mine:
                while not leads(mine) and won < changes:
                    time.sleep(0.002)

    threads = [threading.Thread(target=stand) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won >= changes
    assert (leaders, most) == (0, 1)


def check_rough_changes(candidate: Callable[[], Candidate], changes: int, seconds: float = 60.0) -> None:
    """Leaders in processes of their own resign, are killed, or are frozen until another one leads. Never do two lead.

    :param seconds: a change takes less.
    """
    seed = secrets.randbelow(10_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    with ExitStack() as stack:
        candidates = [stack.enter_context(candidate()) for _ in range(3)]

        def leader() -> Candidate | None:
            found = [each for each in candidates if each.leads()]
            if len(found) > 1:
                # They were asked one after the other, and the leader may have changed in between.
                assert not (found[1].leads() and found[0].leads()), "two lead at one time"
            return found[-1] if found else None

        deeds: list[str] = []
        while len(deeds) < changes:
            until(leader, seconds)
            if (last := leader()) is None:
                continue
            # Each of them at first, however few the changes.
            possible = [deed for deed in ("resign", "kill", "freeze") if deed not in deeds or len(deeds) >= 3]
            deeds.append(dice.choice(possible))
            candidates.remove(last)
            if deeds[-1] == "freeze":
                last.freeze()
                last.ask()
                until(leader, seconds)
                last.thaw()
                assert not last.answer()
                candidates.append(last)
                continue
            last.kill() if deeds[-1] == "kill" else last.resign()
            candidates.append(stack.enter_context(candidate()))


# -- where -----------------------------------------------------------------------------------------


class Road(AbstractContextManager["Road"]):
    """The way to a store, which can be closed.

    :ivar at: the address by this way.
    """

    at: str

    @property
    def attempts(self) -> int:
        """How many there were to go by it."""
        return 0

    def close(self, fault: Fault) -> None:
        raise NotImplementedError

    def open(self) -> None:
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        self.open()


class Network(Road):
    """To a server.

    :param tries: so many connections a client makes for one call, at most, where they end at once.
    """

    def __init__(self, port: int, through: Callable[[int], str], tries: int = 1) -> None:
        self._proxy = Proxy(port)
        self._tries = tries
        self.at = through(self._proxy.port)

    @property
    def attempts(self) -> int:
        return self._proxy.connections // self._tries

    def close(self, fault: Fault) -> None:
        self._proxy.fail(fault)

    def open(self) -> None:
        self._proxy.heal()

    def __exit__(self, *_: object) -> None:
        self._proxy.close()


class WriteLock(Road):
    """To a SQLite file, which somebody writes to all the time: there is no other fault that it knows and gets over."""

    def __init__(self, at: str, file: Path) -> None:
        self.at = at
        self._connection = sqlite3.connect(file, isolation_level=None)

    def close(self, fault: Fault) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def open(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def __exit__(self, *_: object) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Election:
    """Where it is held: a store with nothing in it.

    :ivar maker: what makes an elector, ``module:attribute``; it is called with *at*, and ``on_change``.
    :ivar at: the address of the store.
    :ivar road: a new way to it.
    :ivar changes: so many by closing take some seconds.
    """

    maker: str
    at: str
    road: Callable[[], Road]
    changes: int = 150

    def elector(self, at: str | None = None, **options: Any) -> CampaigningElector:
        elector: CampaigningElector = named(self.maker)(at or self.at, **options)
        return elector

    def candidate(self, pause: str = "") -> Candidate:
        return Candidate(self.maker, self.at, pause=pause)


def check_outage(election: Election, fault: Fault) -> None:
    """Of the store: nobody leads from the deadline on, few look whether it is back, and leadership returns with it."""
    with election.road() as road, closing(election.elector(road.at)) as elector:
        until(lambda: leads(elector))
        last = elector._sent
        road.close(fault)
        left = (last + rules.DEADLINE - elapsed()) / 1e6
        began, attempts = time.monotonic(), road.attempts
        # By the last renewal, after which there may have been one more.
        assert left - 0.01 < until(lambda: not leads(elector)) < rules.DEADLINE / 1e6 + REST
        time.sleep(soak.long(60, 1.5))  # an outage: its real time is what the test is about
        assert not leads(elector)
        assert road.attempts - attempts <= 2 * (time.monotonic() - began)
        road.open()
        assert until(lambda: leads(elector)) < 5


# -- the checks ------------------------------------------------------------------------------------


@pytest.mark.slow
class ElectorChecks:
    """What all electors keep to; a subclass has the fixture ``election``."""

    @pytest.fixture
    def election(self) -> Election:
        raise NotImplementedError

    @pytest.fixture
    def in_a_hurry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Leases of 3 s and deadlines of 2 s instead of 15 and 10, unless it is a soak."""
        if not soak.SECONDS:
            monkeypatch.setattr(rules, "LEASE", 3_000_000)
            monkeypatch.setattr(rules, "DEADLINE", 2_000_000)
            monkeypatch.setattr(rules, "RETRY", 0.4)

    def test_a_successor_leads_within_one_retry_period_of_a_close(self, election: Election) -> None:
        """One of three leads; when it resigns, another one leads within 2 s, and the rest is for a busy machine."""
        with ExitStack() as stack:
            electors = [stack.enter_context(closing(election.elector())) for _ in range(3)]
            until(lambda: any(map(leads, electors)))
            (first,) = [elector for elector in electors if leads(elector)]
            others = [elector for elector in electors if elector is not first]
            first.close()
            assert not leads(first)
            assert until(lambda: any(map(leads, others))) < rules.RETRY + REST

    @pytest.mark.usefixtures("in_a_hurry")
    def test_leadership_ends_with_the_deadline_and_returns_within_5_s_of_the_store(self, election: Election) -> None:
        """After an outage longer than the lease, in a soak of a minute: nobody leads in it, and somebody after it."""
        check_outage(election, Fault.REFUSED)

    @pytest.mark.usefixtures("in_a_hurry")
    def test_a_leader_frozen_past_its_deadline_says_not_leader_at_its_first_answer(self, election: Election) -> None:
        """It was leader a moment before, by its own count; another one leads since.

        Only the deadline can tell it so: its campaign, which would learn it from the store, is asleep.
        """
        with election.candidate(pause="60") as frozen, closing(election.elector()) as successor:
            until(frozen.leads)
            assert not leads(successor)
            frozen.freeze()
            frozen.ask()
            until(lambda: leads(successor), 40)
            frozen.thaw()
            assert not frozen.answer()
            assert leads(successor)

    def test_a_forked_child_does_not_lead(self, election: Election) -> None:
        """It is another candidate, and its parent goes on."""
        with closing(election.elector()) as elector:
            until(lambda: leads(elector))
            check_fork_of_leader(elector)

    @pytest.mark.timeout(0 if soak.SECONDS else 120)
    def test_never_two_leaders_in_forced_changes(self, election: Election, monkeypatch: pytest.MonkeyPatch) -> None:
        """Hundreds, by closing; a thousand in a soak."""
        monkeypatch.setattr(rules, "RETRY", 0.01)
        check_changes(election.elector, soak.long(1000, election.changes))

    @soak.only
    @pytest.mark.usefixtures("in_a_hurry")
    @pytest.mark.timeout(0)
    def test_never_two_leaders_through_kills_and_freezes(self, election: Election) -> None:
        """Of processes; one of them that is frozen says that it does not lead as soon as it wakes."""
        check_rough_changes(election.candidate, changes=100)

    @pytest.mark.timeout(120)
    def test_a_hundred_candidates_settle(self, election: Election) -> None:
        """One leads, and all others know."""
        with ExitStack() as stack:
            electors = [stack.enter_context(closing(election.elector())) for _ in range(100)]
            threads = [threading.Thread(target=leads, args=(elector,)) for elector in electors]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            until(lambda: sum(map(leads, electors)) == 1)
            (leader,) = filter(leads, electors)
            rest = [elector for elector in electors if elector is not leader]
            until(lambda: len({elector.reason() for elector in rest}) == 1)
            assert rest[0].reason().endswith(" leads")
            for elector in electors:
                elector._closed = True  # together: one after the other would be a hundred elections
                elector._bell.set()


class ServerElectorChecks(ElectorChecks):
    """Of electors on servers, to which there is a network."""

    @pytest.mark.usefixtures("in_a_hurry")
    def test_leadership_returns_within_5_s_of_the_end_of_a_silence(self, election: Election) -> None:
        """A connection that is there is half-open, and new ones hang."""
        check_outage(election, Fault.SILENCE)
