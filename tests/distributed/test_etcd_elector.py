"""Elections on a real etcd, by the rules of clientv3/concurrency."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import etcd3  # type: ignore[import-untyped]
import pytest
from elector_checks import REST, Candidate, check_changes, check_fork_of_leader, check_rough_changes, leads, until

import gocron_py as gocron
from gocron_py.distributed import etcd as etcd_module
from gocron_py.distributed.elector import RETRY
from gocron_py.distributed.etcd import EtcdElector
from tests import soak
from tests.servers.etcd import EtcdServer
from tests.servers.proxy import Fault, Proxy
from tests.servers.system import HOST

SECOND = timedelta(seconds=1)


class Election:
    """Electors of one election, closed at the end."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.name = f"/{secrets.token_hex(8)}/elector"
        self.electors: list[EtcdElector] = []

    def elector(self, port: int | None = None, **options: Any) -> EtcdElector:
        options.setdefault("ttl", 3 * SECOND)
        self.electors.append(EtcdElector(f"etcd://{HOST}:{port or self.port}", name=self.name, **options))
        return self.electors[-1]

    def candidate(self, pause: str = "") -> Candidate:
        maker = "tests.distributed.etcd_fleet:elector"
        return Candidate(maker, f"etcd://{HOST}:{self.port}", self.name, pause=pause)

    def leaders(self) -> list[EtcdElector]:
        return [elector for elector in self.electors if leads(elector)]

    def leader(self) -> EtcdElector:
        """Waits until there is one."""
        until(lambda: len(self.leaders()) == 1)
        return self.leaders()[0]


@pytest.fixture
def election(etcd_server: EtcdServer) -> Iterator[Election]:
    election = Election(etcd_server.port)
    yield election
    for elector in election.electors:
        elector.close()


@pytest.fixture
def bare(etcd_server: EtcdServer) -> Iterator[Any]:
    with closing(etcd3.client(HOST, etcd_server.port, timeout=10)) as client:
        yield client


def keys_of(bare: Any, election: Election) -> dict[str, str]:
    """The candidates' keys, oldest first, and their values."""
    found = bare.get_prefix(f"{election.name}/", sort_order="ascend", sort_target="create")
    return {each.key.decode(): value.decode() for value, each in found}


def test_keys_are_those_of_clientv3(election: Election, bare: Any) -> None:
    """The name, a slash and the lease in hexadecimal digits; the identity is the value."""
    electors = [election.elector(ttl=10 * SECOND) for _ in range(2)]
    assert leads(electors[0])
    assert not leads(electors[1])
    keys = keys_of(bare, election)
    assert list(keys.values()) == [elector.identity for elector in electors]
    for key in keys:
        lease = bare.get(key)[1].lease_id
        assert key == f"{election.name}/{lease:x}"
        assert bare.get_lease_info(lease).grantedTTL == 10
    assert electors[1].reason() == f"{electors[0].identity} leads"


@pytest.mark.slow
def test_a_candidate_of_another_language_is_waited_for_while_its_key_is_older(election: Election, bare: Any) -> None:
    """And ours is in place, so that it can wait for ours. Whose key is made last is last."""
    lease = bare.lease(30)
    bare.put(f"{election.name}/{lease.id:x}", "go-1", lease)
    elector = election.elector()
    assert not leads(elector)
    assert elector.reason() == "go-1 leads"
    assert list(keys_of(bare, election).values()) == ["go-1", elector.identity]
    lease.revoke()
    until(lambda: leads(elector))
    bare.put(f"{election.name}/1", "go-2")
    until(lambda: len(keys_of(bare, election)) == 2)
    elector.close()
    assert list(keys_of(bare, election).values()) == ["go-2"]


def test_elections_below_each_other_are_different_ones(election: Election, etcd_server: EtcdServer) -> None:
    """The keys of one begin as those of the other do."""
    below = EtcdElector(f"etcd://{HOST}:{etcd_server.port}", name=f"{election.name}/694d")
    assert leads(below)
    assert leads(election.elector())
    assert leads(below)
    below.close()


@pytest.mark.slow
def test_a_successor_leads_within_a_retry_period_after_close(election: Election, bare: Any) -> None:
    """The lease is revoked: nobody waits until it is over."""
    changes: list[tuple[int, bool]] = []

    def note(number: int) -> Callable[[bool], None]:
        return lambda is_leader: changes.append((number, is_leader))

    for number in range(3):
        election.elector(ttl=60 * SECOND, on_change=note(number))
    for closed in range(2):
        leader = election.leader()
        leader.close()
        assert not leads(leader)
        assert leader.identity not in keys_of(bare, election).values()
        took = until(lambda: len(election.leaders()) == 1)
        assert took < RETRY + REST
        assert changes[2 * closed + 1] == (election.electors.index(leader), False)
    assert [is_leader for _, is_leader in changes] == [True, False, True, False, True]


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_hundred_candidates_settle_on_one(election: Election, bare: Any) -> None:
    """And on the next, when it leaves."""
    for _ in range(100):
        election.elector(ttl=30 * SECOND)
    for elector in election.electors:
        leads(elector)
    until(lambda: len(keys_of(bare, election)) == 100)
    first = election.leader()
    assert next(iter(keys_of(bare, election).values())) == first.identity
    first.close()
    until(lambda: len(election.leaders()) == 1)
    assert next(iter(keys_of(bare, election).values())) == election.leader().identity
    assert len(keys_of(bare, election)) == 99


@pytest.mark.slow
def test_a_lease_that_is_revoked_under_the_leader_is_replaced(election: Election, bare: Any) -> None:
    """It says so within a retry period, and stands again behind the others, with a new key."""
    first = election.elector()
    assert leads(first)
    second = election.elector()
    assert not leads(second)
    key = next(iter(keys_of(bare, election)))
    bare.revoke_lease(int(key.rpartition("/")[2], 16))
    took = until(lambda: not leads(first))
    assert took < RETRY + REST
    until(lambda: leads(second))
    until(lambda: list(keys_of(bare, election).values()) == [second.identity, first.identity])


@pytest.mark.slow
def test_a_leader_behind_a_cut_network_stops_believing_before_another_leads(
    election: Election, etcd_server: EtcdServer
) -> None:
    """No moment with two of them; and it stands again when the network is back."""
    with Proxy(etcd_server.port) as proxy:
        cut_off = election.elector(proxy.port)
        assert leads(cut_off)
        other = election.elector()
        assert not leads(other)
        proxy.fail(Fault.SILENCE)

        def is_followed() -> bool:
            second = leads(other)
            # In this order: the first may end between the two answers, but not begin.
            assert not (second and leads(cut_off))
            return second

        until(is_followed)
        proxy.heal()
        other.close()
        until(lambda: leads(cut_off))


@pytest.mark.slow
def test_leadership_returns_within_5_s_of_the_server(election: Election, etcd_server: EtcdServer) -> None:
    """After an outage that was longer than the lease."""
    election.elector()
    assert election.leader()
    etcd_server.kill()
    until(lambda: not election.leaders())
    time.sleep(soak.long(60, 2))  # an outage: its real time is what the test is about
    etcd_server.restart()
    took = until(lambda: len(election.leaders()) == 1)
    print(f"{took:.2f} s")
    assert took < 5 + REST


@pytest.fixture
def candidate(election: Election) -> Iterator[Candidate]:
    """In a process of its own."""
    with election.candidate() as candidate:
        yield candidate


@pytest.mark.slow
def test_a_leader_that_was_stopped_past_its_deadline_says_so_at_its_first_answer(
    election: Election,
) -> None:
    """Another one leads by then. Only the deadline can tell it so: its campaign is asleep."""
    elector = election.elector()
    with election.candidate(pause="60") as candidate:
        assert candidate.leads()
        assert not leads(elector)
        candidate.freeze()
        candidate.ask()
        until(lambda: leads(elector))
        candidate.thaw()
        assert not candidate.answer()
        assert leads(elector)


@pytest.mark.slow
def test_a_leader_that_is_killed_is_followed_when_its_lease_is_over(election: Election, candidate: Candidate) -> None:
    """Not before."""
    assert candidate.leads()
    elector = election.elector()
    candidate.kill()
    assert not leads(elector)
    assert until(lambda: leads(elector)) > 0.5


@pytest.mark.slow
def test_a_forked_child_does_not_lead(election: Election) -> None:
    """It is another candidate."""
    elector = election.elector()
    assert leads(elector)
    check_fork_of_leader(elector)


@pytest.mark.slow
@pytest.mark.timeout(0 if soak.SECONDS else 120)
def test_never_two_leaders_in_forced_changes(election: Election, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds, by closing."""
    monkeypatch.setattr(etcd_module, "RETRY", 0.02)
    check_changes(election.elector, soak.long(1000, 150))


@pytest.mark.slow
@pytest.mark.timeout(0 if soak.SECONDS else 120)
def test_never_two_leaders_through_kills_and_freezes(election: Election) -> None:
    """Of processes."""
    check_rough_changes(election.candidate, soak.long(1000, 3))


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": 5}, {"on_change": "x"}, {"ttl": 5}, {"ttl": timedelta(0)}, {"ttl": timedelta(days=2)}],
)
def test_wrong_arguments(wrong: dict[str, Any]) -> None:
    """Refused where they are given."""
    with pytest.raises(gocron.ErrInvalidArgument):
        EtcdElector("etcd://localhost", **wrong)
