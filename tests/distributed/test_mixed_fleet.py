"""Go and Python on one key, row, election, Lease: each refuses while the other holds, and takes over when it may.

The Go side is a real program on gocron, redsync, clientv3/concurrency and client-go's leaderelection. In databases
nothing of Go's has a format that could be shared; there it has the rows of SQLLocker.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
import redis

import gocron_py as gocron
from gocron_py.context import background
from gocron_py.distributed.elector import CampaigningElector
from gocron_py.distributed.etcd import EtcdElector, EtcdLocker
from gocron_py.distributed.kubernetes import KubernetesElector
from gocron_py.distributed.mutex import MutexLock, MutexLocker
from gocron_py.distributed.redis import RedisLocker
from gocron_py.distributed.sql import SQLLocker
from tests import soak
from tests.distributed import mixed_ledger
from tests.distributed.kube_tools import client_at
from tests.peer.program import GoPeer
from tests.servers.etcd import EtcdServer
from tests.servers.kube import KubeServer
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer
from tests.servers.system import HOST

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("go_peer")]

# etcd counts in seconds, and takes 2 for less.
TTL = timedelta(seconds=2)

# What a busy machine may need for what takes a moment.
REST = 10.0

HAND_OVERS = 1000
CHANGES = soak.long(1000, 60)


def until(is_so: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.005)


# -- locks -----------------------------------------------------------------------------------------


class Room:
    """A lock that both know, by a name of its own."""

    def __init__(self, locker: Callable[[], MutexLocker], peer: Callable[[], GoPeer], job: str) -> None:
        self._stack = ExitStack()
        self.locker = locker()
        self._stack.callback(self.locker.close)
        self._peer = peer
        self.peer = self.another_peer()
        self.job = job

    def another_peer(self) -> GoPeer:
        return self._stack.enter_context(self._peer())

    def lock(self) -> gocron.Lock:
        return self.locker.lock(background(), self.job)

    def is_refused(self) -> bool:
        try:
            lock = self.lock()
        except gocron.TickBusy:
            return True
        lock.unlock(background())
        return False

    def close(self) -> None:
        self._stack.close()


class MakeRoom(Protocol):
    def __call__(self, ttl: timedelta = TTL) -> Room: ...


def _redis_room(server: RedisServer, ttl: timedelta) -> Room:
    job = f"job-{secrets.token_hex(6)}"
    address = f"{HOST}:{server.port}"
    settings = {"address": address, "name": f"gocron:{job}", "ttl": f"{ttl.total_seconds()}s"}
    return Room(partial(RedisLocker, server.url, ttl=ttl), partial(GoPeer, "redis", **settings), job)


def _etcd_room(layout: Any, server: EtcdServer, ttl: timedelta) -> Room:
    job = f"job-{secrets.token_hex(6)}"
    address = f"{HOST}:{server.port}"
    settings = {"address": address, "name": f"/gocron/locks/{job}", "ttl": f"{ttl.total_seconds()}s"}
    locker = partial(EtcdLocker, f"etcd://{address}", layout=layout, ttl=ttl)
    return Room(locker, partial(GoPeer, f"etcd-{layout}", **settings), job)


def _sql_room(server: PostgresServer, ttl: timedelta) -> Room:
    job = f"job-{secrets.token_hex(6)}"
    settings = {"address": mixed_ledger.where("sql", server)["address"], "name": job, "ttl": f"{ttl.total_seconds()}s"}
    room = Room(partial(SQLLocker, server.url, ttl=ttl), partial(GoPeer, "sql", **settings), job)
    room.lock().unlock(background())  # the first one makes the table
    return room


LOCKS = {
    "sql": ("postgres_server", _sql_room),
    "redis": ("redis_server", _redis_room),
    "etcd-key": ("etcd_server", partial(_etcd_room, "key")),
    "etcd-mutex": ("etcd_server", partial(_etcd_room, "mutex")),
}


@pytest.fixture(params=LOCKS)
def make_room(request: pytest.FixtureRequest) -> Iterator[MakeRoom]:
    fixture, make = LOCKS[request.param]
    server = request.getfixturevalue(fixture)
    rooms: list[Room] = []

    def make_room(ttl: timedelta = TTL) -> Room:
        rooms.append(make(server, ttl))
        return rooms[-1]

    yield make_room
    for room in rooms:
        room.close()


def test_each_refuses_while_the_other_holds_and_gets_it_after_release(make_room: MakeRoom) -> None:
    """By turns; what one has locked, the other does not get."""
    room = make_room()
    assert "locked" == room.peer.ask("lock", "locked", "refused")["what"]
    assert room.is_refused()
    assert "error" not in room.peer.ask("unlock", "unlocked")
    lock = room.lock()
    assert "refused" == room.peer.ask("lock", "locked", "refused")["what"]
    lock.unlock(background())
    assert "locked" == room.peer.ask("lock", "locked", "refused")["what"]


def test_held_for_longer_than_the_ttl(make_room: MakeRoom) -> None:
    """Each extends its lock: when the TTL is long over the other is still refused."""
    room = make_room()
    lock = room.lock()
    end = time.monotonic() + 1.5 * TTL.total_seconds()
    while time.monotonic() < end:
        assert "refused" == room.peer.ask("lock", "locked", "refused")["what"]
        time.sleep(0.1)
    lock.unlock(background())
    room.peer.ask("lock", "locked")
    end = time.monotonic() + 1.5 * TTL.total_seconds()
    while time.monotonic() < end:
        assert room.is_refused()
        time.sleep(0.1)


def test_a_killed_go_instance_lets_go_after_the_ttl(make_room: MakeRoom) -> None:
    """Not before."""
    room = make_room()
    room.peer.ask("lock", "locked")
    killed = time.monotonic()
    room.peer.kill()
    assert room.is_refused()
    until(lambda: not room.is_refused(), TTL.total_seconds() + REST)
    assert time.monotonic() - killed > TTL.total_seconds() / 3  # it extended the lock a third of that before


def test_a_frozen_go_instance_does_not_disturb_who_has_taken_over(make_room: MakeRoom) -> None:
    """Past the TTL its lock is ours; when it wakes, its extension and its release leave ours alone."""
    room = make_room()
    room.peer.ask("lock", "locked")
    room.peer.freeze()
    locks: list[gocron.Lock] = []

    def is_got() -> bool:
        try:
            locks.append(room.lock())
        except gocron.TickBusy:
            return False
        return True

    until(is_got, TTL.total_seconds() + REST)
    room.peer.thaw()
    room.peer.ask("unlock", "unlocked")
    assert "refused" == room.another_peer().ask("lock", "locked", "refused")["what"]
    lock = locks[0]
    assert isinstance(lock, MutexLock)
    assert not lock.context.done()
    lock.unlock(background())


def test_go_gets_what_a_dead_python_instance_held(make_room: MakeRoom) -> None:
    """A locker that is closed with a lock in its hands extends it no more, as one whose process has died."""
    room = make_room()
    room.lock()
    room.locker.close()
    assert "refused" == room.peer.ask("lock", "locked", "refused")["what"]
    until(lambda: room.peer.ask("lock", "locked", "refused")["what"] == "locked", TTL.total_seconds() + REST)


@pytest.mark.timeout(300)
def test_hand_overs(make_room: MakeRoom) -> None:
    """Both want it all the time; never do both have it, and each gets it after the other's release."""
    room = make_room(10 * TTL)
    for turn in range(HAND_OVERS // 2):
        lock = room.lock()
        assert "refused" == room.peer.ask("lock", "locked", "refused")["what"], turn
        lock.unlock(background())
        assert "locked" == room.peer.ask("lock", "locked", "refused")["what"], turn
        assert room.is_refused(), turn
        assert "error" not in room.peer.ask("unlock", "unlocked"), turn


def test_keys_of_gocron_redis_lock(redis_server: RedisServer) -> None:
    """Without a prefix the key is the job's name, and its value 24 characters of base64, as Go's."""
    job = f"job-{secrets.token_hex(6)}"
    locker = RedisLocker(redis_server.url, prefix="", ttl=TTL)
    with redis.Redis.from_url(redis_server.url, decode_responses=True) as client:
        lock = locker.lock(background(), job)
        ours = client.get(job)
        with GoPeer("redis", address=f"{HOST}:{redis_server.port}", name=job) as peer:
            assert "refused" == peer.ask("lock", "locked", "refused")["what"]
            lock.unlock(background())
            peer.ask("lock", "locked")
            theirs = client.get(job)
    locker.close()
    assert [24, 24] == [len(str(ours)), len(str(theirs))]


# -- elections -------------------------------------------------------------------------------------


class Election:
    """One that both stand in."""

    def __init__(self, elector: Callable[[], CampaigningElector], peer: Callable[..., GoPeer]) -> None:
        self._elector = elector
        self._peer = peer
        self._stack = ExitStack()

    def python(self) -> CampaigningElector:
        """One that campaigns from now on."""
        elector = self._elector()
        self._stack.callback(elector.close)
        leads(elector)
        return elector

    def go(self) -> GoPeer:
        return self._stack.enter_context(self._peer(identity=f"go-{secrets.token_hex(4)}"))

    def close(self) -> None:
        self._stack.close()


def leads(elector: CampaigningElector) -> bool:
    try:
        elector.is_leader(background())
    except gocron.NotLeader:
        return False
    return True


def go_leads(peer: GoPeer) -> bool:
    return bool(peer.ask("leads", "answer")["leads"])


def _etcd_election(server: EtcdServer) -> Election:
    name = f"/gocron/{secrets.token_hex(6)}"
    address = f"{HOST}:{server.port}"
    elector = partial(EtcdElector, f"etcd://{address}", name=name, ttl=TTL)
    settings = {"address": address, "name": name, "ttl": f"{TTL.total_seconds()}s"}
    return Election(elector, partial(GoPeer, "etcd-election", **settings))


def _lease_election(server: KubeServer) -> Election:
    name = f"leader-{secrets.token_hex(6)}"
    retry, deadline = timedelta(seconds=0.2), timedelta(seconds=1.5)
    durations = {"lease_duration": TTL, "renew_deadline": deadline, "retry_period": retry}
    client = client_at(server.url, str(server.ca_file), server.token)
    elector = partial(KubernetesElector, client, name=name, namespace="default", **durations)
    settings = {"address": server.url, "token": server.token, "ca": server.ca_file, "name": name}
    times = {"ttl": f"{TTL.total_seconds()}s", "deadline": "1.5s", "retry": "200ms"}
    return Election(elector, partial(GoPeer, "lease", **settings, **times))


ELECTIONS = {"etcd": ("etcd_server", _etcd_election), "lease": ("kube_server", _lease_election)}


@pytest.fixture(params=ELECTIONS)
def election(request: pytest.FixtureRequest) -> Iterator[Election]:
    fixture, make = ELECTIONS[request.param]
    election = make(request.getfixturevalue(fixture))
    yield election
    election.close()


def test_go_leads_and_python_waits_until_it_resigns(election: Election) -> None:
    """Then it leads at once, without waiting for the lease to run out."""
    go = election.go()
    go.wait_for("leads", leads=True)
    python = election.python()
    assert not leads(python)
    go.ask("resign", "resigned")
    until(lambda: leads(python), REST)


def test_python_leads_and_go_waits_until_it_resigns(election: Election) -> None:
    """And Go knows by its own means who leads meanwhile."""
    python = election.python()
    until(lambda: leads(python))
    go = election.go()
    assert not go.wait_for("observed")["leader"].startswith("go-")
    assert not go_leads(go)
    python.close()
    assert not leads(python)
    go.wait_for("leads", leads=True, limit=REST)


def test_python_leads_after_go_was_killed(election: Election) -> None:
    """When its lease has run out."""
    go = election.go()
    go.wait_for("leads", leads=True)
    python = election.python()
    go.kill()
    assert not leads(python)
    until(lambda: leads(python), TTL.total_seconds() + REST)


def test_a_frozen_go_leader_steps_down_when_it_wakes(election: Election) -> None:
    """Python leads meanwhile, and goes on leading."""
    go = election.go()
    go.wait_for("leads", leads=True)
    python = election.python()
    go.freeze()
    until(lambda: leads(python), TTL.total_seconds() + REST)
    go.thaw()
    until(lambda: not go_leads(go), REST)
    assert leads(python)
    python.close()
    # client-go may win again within the time in which it tries to renew, and then says nothing of it.
    until(lambda: go_leads(go), TTL.total_seconds() + REST)


@pytest.mark.timeout(3600)
def test_changes_of_leader(election: Election) -> None:
    """Two of each language stand; whoever leads resigns, and one of the other language stands. Never do two lead."""
    candidates: list[CampaigningElector | GoPeer] = [election.python(), election.python(), election.go(), election.go()]
    languages = set()
    for change in range(CHANGES):
        leaders: list[CampaigningElector | GoPeer] = []
        until(partial(_find_leaders, candidates, leaders), REST)
        # Nobody has resigned between two answers.
        assert 1 == len(leaders), change
        (leader,) = leaders
        languages.add(type(leader))
        candidates.remove(leader)
        if isinstance(leader, GoPeer):
            leader.end()
            candidates.append(election.python())
        else:
            leader.close()
            candidates.append(election.go())
    assert 2 == len(languages)


def _find_leaders(candidates: list[CampaigningElector | GoPeer], found: list[CampaigningElector | GoPeer]) -> bool:
    found[:] = [each for each in candidates if (go_leads(each) if isinstance(each, GoPeer) else leads(each))]
    return bool(found)


# -- one job ---------------------------------------------------------------------------------------

SERVERS = {"sql": "postgres_server", "redis": "redis_server", "lease": "kube_server"}


@pytest.mark.parametrize("kind", mixed_ledger.KINDS)
def test_one_job_of_three_instances_under_kills(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A Go instance and two Python ones: no two run it at one moment, and after each kill it goes on."""
    server = request.getfixturevalue(SERVERS.get(kind, "etcd_server"))
    ledger = mixed_ledger.Fleet(kind, mixed_ledger.where(kind, server), tmp_path, seed=1).run(5.0)
    assert [] == ledger.overlaps
    assert ledger.longest_gap < mixed_ledger.LONGEST_GAP, str(ledger)
    assert sum(ledger.starts.values()) >= 3, str(ledger)
