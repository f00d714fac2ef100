"""The elector on a real API server: client-go's rules, kills, freezes and outages. Durations are shortened."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

import gocron_py as gocron
from gocron_py.context import background
from gocron_py.distributed.kubernetes import KubernetesElector
from tests import soak
from tests.distributed.elector_checks import leads
from tests.distributed.kube_tools import Cluster, until
from tests.servers.kube import KubeServer
from tests.servers.proxy import Fault, Proxy
from tests.servers.system import freeze

MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

CHANGES = soak.long(1000, 24)


@pytest.fixture
def cluster(kube_server: KubeServer) -> Cluster:
    return Cluster(kube_server)


@pytest.fixture
def candidate(cluster: Cluster) -> Iterator[Callable[..., KubernetesElector]]:
    """Makes candidates, which are closed at the end."""
    electors: list[KubernetesElector] = []

    def make(
        lease: float = 15, deadline: float = 10, retry: float = 0.25, client: object = None, **more: Any
    ) -> KubernetesElector:
        elector = KubernetesElector(
            client or cluster.client(),
            namespace=cluster.namespace,
            lease_duration=timedelta(seconds=lease),
            renew_deadline=timedelta(seconds=deadline),
            retry_period=timedelta(seconds=retry),
            **more,
        )
        electors.append(elector)
        return elector

    yield make
    for elector in electors:
        elector.close()


Candidate = Callable[..., KubernetesElector]


def renewed(cluster: Cluster) -> dict[str, Any]:
    """The Lease's spec after the next renewal."""
    before = cluster.spec()
    until(lambda: cluster.spec()["renewTime"] != before["renewTime"])
    return cluster.spec()


# -- the wire --------------------------------------------------------------------------------------


def test_writes_what_client_go_writes(cluster: Cluster, candidate: Candidate) -> None:
    """The first leader's Lease: five fields, times with six digits; a renewal changes one of them."""
    elector = candidate()
    assert leads(elector)
    first = cluster.spec()
    assert first == {
        "holderIdentity": elector.identity,
        "leaseDurationSeconds": 15,
        "acquireTime": first["renewTime"],
        "renewTime": first["renewTime"],
        "leaseTransitions": 0,
    }
    assert MICRO_TIME.fullmatch(first["renewTime"])
    later = renewed(cluster)
    assert {**first, "renewTime": later["renewTime"]} == later


def test_a_successor_leads_at_once_after_close(cluster: Cluster, candidate: Candidate) -> None:
    """The Lease is released as client-go does it, and taken long before it would have run out."""
    first, second = candidate(), candidate()
    assert leads(first)
    assert not leads(second)
    first.close()
    closed = time.monotonic()
    until(lambda: leads(second))
    assert time.monotonic() - closed < 10
    assert not leads(first)
    spec = cluster.spec()
    assert (second.identity, 1, 15) == (
        spec["holderIdentity"],
        spec["leaseTransitions"],
        spec["leaseDurationSeconds"],
    )
    second.close()
    released = cluster.spec()
    assert ("", 1, 1) == (released["holderIdentity"], released["leaseDurationSeconds"], released["leaseTransitions"])
    assert released["acquireTime"] == released["renewTime"]


@pytest.mark.parametrize("holder", [{}, {"holderIdentity": ""}], ids=["none", "empty"])
def test_a_lease_of_nobody_is_taken_at_once(holder: dict[str, str], cluster: Cluster, candidate: Candidate) -> None:
    """Whatever else is in it, and what others have put into its metadata stays."""
    cluster.put({**holder, "leaseDurationSeconds": 3600, "leaseTransitions": 7}, labels={"team": "night"})
    elector = candidate()
    assert leads(elector)
    lease = cluster.lease()
    assert lease is not None
    assert (8, 15) == (lease["spec"]["leaseTransitions"], lease["spec"]["leaseDurationSeconds"])
    assert {"team": "night"} == lease["metadata"]["labels"]


@pytest.mark.slow
def test_the_records_own_duration_counts(cluster: Cluster, candidate: Candidate) -> None:
    """Another's Lease of 3 s is waited for 3 s from when it was seen, whatever its times say, and its fields kept."""
    cluster.put(
        {
            "holderIdentity": "go_1",
            "leaseDurationSeconds": 3,
            "acquireTime": "2001-02-03T04:05:06.000000Z",
            "renewTime": "2001-02-03T04:05:06.000000Z",
            "leaseTransitions": 4,
        }
    )
    elector = candidate(lease=1, deadline=0.5, retry=0.1)
    seen = time.monotonic()
    assert not leads(elector)
    assert "go_1 leads" in str(reason(elector))
    until(lambda: leads(elector))
    assert time.monotonic() - seen >= 3
    assert 5 == cluster.spec()["leaseTransitions"]


def reason(elector: KubernetesElector) -> gocron.NotLeader:
    with pytest.raises(gocron.NotLeader) as caught:
        elector.is_leader(background())
    return caught.value


@pytest.mark.slow
def test_a_renewed_lease_is_not_taken(cluster: Cluster, candidate: Candidate) -> None:
    """As long as another one renews, a candidate with a shorter lease waits; the time that it renews by is wrong."""
    stopped = threading.Event()
    held = {"holderIdentity": "go_1", "leaseDurationSeconds": 1, "leaseTransitions": 0}

    def renew() -> None:
        number = 0
        while not stopped.wait(0.2):
            number += 1
            cluster.put({**held, "renewTime": f"2001-01-01T00:00:00.{number:06}Z"})

    cluster.put(held)
    thread = threading.Thread(target=renew)
    thread.start()
    elector = candidate(lease=1, deadline=0.5, retry=0.1)
    try:
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            assert not leads(elector)
            time.sleep(0.01)
    finally:
        stopped.set()
        thread.join()
    until(lambda: leads(elector))


def test_a_stolen_lease_is_noticed(cluster: Cluster, candidate: Candidate) -> None:
    """A leader that another one has replaced follows as soon as it sees that."""
    changes: list[bool] = []
    elector = candidate(on_change=changes.append)
    assert leads(elector)
    cluster.put({"holderIdentity": "go_1", "leaseDurationSeconds": 3600, "leaseTransitions": 1})
    until(lambda: not leads(elector))
    assert "go_1 leads" in str(reason(elector))
    until(lambda: changes == [True, False])
    elector.close()
    assert "go_1" == cluster.spec()["holderIdentity"]


def test_a_deleted_lease_is_made_anew(cluster: Cluster, candidate: Candidate) -> None:
    """The leader goes on, with the number of its term."""
    cluster.put({"leaseTransitions": 7})
    elector = candidate()
    assert leads(elector)
    cluster.delete()
    until(lambda: cluster.lease() is not None)
    assert (elector.identity, 8) == (cluster.spec()["holderIdentity"], cluster.spec()["leaseTransitions"])
    assert leads(elector)


def test_identities_are_of_one_object(candidate: Candidate) -> None:
    """Two candidates of one process are two."""
    identities = {candidate().identity for _ in range(3)}
    assert 3 == len(identities)


# -- kills, freezes, outages -----------------------------------------------------------------------

CHILD = """
import sys
from datetime import timedelta
sys.path.insert(0, {root!r})
from gocron_py.distributed.kubernetes import KubernetesElector
from tests import soak
from tests.distributed.elector_checks import leads
from tests.distributed.kube_tools import client_at
elector = KubernetesElector(
    client_at({url!r}, {ca_file!r}, {token!r}), namespace={namespace!r}, lease_duration=timedelta(seconds=2),
    renew_deadline=timedelta(seconds=1.5), retry_period=timedelta(seconds=0.2))
for line in sys.stdin:
    print(leads(elector), flush=True)
"""


class Child:
    """A candidate in a process of its own, which answers when it is asked."""

    def __init__(self, cluster: Cluster) -> None:
        server = cluster.server
        script = CHILD.format(
            root=os.getcwd(),
            url=server.url,
            ca_file=str(server.ca_file),
            token=server.token,
            namespace=cluster.namespace,
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def answer(self) -> bool:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip() == "True"

    def leads(self) -> bool:
        self.ask()
        return self.answer()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def child(cluster: Cluster) -> Iterator[Child]:
    process = Child(cluster)
    yield process
    process.end()


@pytest.mark.slow
def test_frozen_past_the_deadline_is_not_leader_at_its_first_answer(child: Child, candidate: Candidate) -> None:
    """A leader that is stopped loses, and knows it at once when it goes on."""
    until(child.leads)
    freeze(child.process.pid)
    child.ask()
    second = candidate(lease=2, deadline=1.5, retry=0.2)
    until(lambda: leads(second))
    child.process.send_signal(signal.SIGCONT)
    assert child.answer() is False
    assert leads(second)


@pytest.mark.slow
def test_a_killed_leader_is_replaced(child: Child, candidate: Candidate) -> None:
    """After its lease: it could not release it."""
    until(child.leads)
    child.end()
    second = candidate(lease=2, deadline=1.5, retry=0.2)
    until(lambda: leads(second))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["hangs", "is down"])
def test_leadership_ends_with_the_deadline_and_returns_with_the_server(
    how: str, cluster: Cluster, candidate: Candidate
) -> None:
    """A leader whose server is away follows after the deadline, and leads within 5 s of its return."""
    elector = candidate(lease=3, deadline=2, retry=0.5)
    assert leads(elector)
    away = time.monotonic()
    cluster.server.pause() if how == "hangs" else cluster.server.kill()
    until(lambda: not leads(elector))
    assert time.monotonic() - away < 10
    time.sleep(soak.long(60, 1))  # an outage: its real time is what the test is about
    cluster.server.mend()
    cluster.server.wait_until_ready()
    back = time.monotonic()
    until(lambda: leads(elector))
    assert time.monotonic() - back < 5


# -- never two -------------------------------------------------------------------------------------


class Referee:
    """Looks for two that lead at one moment, again and again.

    One that leads before and after another one did has led together with it.
    """

    def __init__(self) -> None:
        self.electors: list[KubernetesElector] = []
        self.looks = 0
        self.fouls: list[tuple[str, str]] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Referee:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def leaders(self) -> list[KubernetesElector]:
        return [elector for elector in self.electors if leads(elector)]

    def _watch(self) -> None:
        while not self._stopped.wait(0.001):
            first = self.leaders()
            if len(first) > 1:
                again = self.leaders()
                twice = [elector for elector in first if elector in again]
                if len(twice) > 1:
                    self.fouls.append((twice[0].identity, twice[1].identity))
            self.looks += 1


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_never_two_leaders_over_forced_changes(cluster: Cluster, candidate: Candidate) -> None:
    """Leaders resign, or are cut off from the server; another one leads each time, and never two."""

    def join(line: Proxy) -> KubernetesElector:
        return candidate(lease=2, deadline=1, retry=0.05, client=cluster.client(line.port))

    with Referee() as referee, ExitStack() as stack:
        lines = {join(line): line for line in [stack.enter_context(Proxy(cluster.server.port)) for _ in range(3)]}
        referee.electors = list(lines)
        for number in range(CHANGES):
            until(referee.leaders)
            leader = referee.leaders()[0]
            if number % 8 == 7:
                lines[leader].fail(Fault.SILENCE)
                until(lambda leader=leader: set(referee.leaders()) - {leader})  # type: ignore[misc]
                lines[leader].heal()
            else:
                leader.close()
                line = lines.pop(leader)
                lines[join(line)] = line
                referee.electors = list(lines)
        until(referee.leaders)
    assert [] == referee.fouls
    assert cluster.spec()["leaseTransitions"] >= CHANGES - 1
    assert referee.looks > CHANGES


@pytest.mark.slow
def test_a_hundred_candidates_settle(cluster: Cluster, candidate: Candidate) -> None:
    """One of them leads, the others know which."""
    electors = [candidate(retry=2) for _ in range(100)]
    threads = [threading.Thread(target=leads, args=(elector,)) for elector in electors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: sum(map(leads, electors)) == 1)
    (leader,) = filter(leads, electors)
    rest = [elector for elector in electors if elector is not leader]
    until(lambda: all(f"{leader.identity} leads" in str(reason(elector)) for elector in rest))
