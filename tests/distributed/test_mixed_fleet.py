"""Go and Python on one key, row, election, Lease: each refuses while the other holds, and takes over when it may.

The Go side is a real program on gocron, redsync, clientv3/concurrency and client-go's leaderelection. In databases
nothing of Go's has a format that could be shared; there it has the rows of SQLLocker.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta, tzinfo
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
from tests.distributed.kube_tools import Cluster, client_at
from tests.distributed.mixed_instance import DEADLINE, RETRY, TTL, PythonPeer, leads
from tests.peer.program import GoPeer
from tests.servers.etcd import EtcdServer
from tests.servers.kube import KubeServer
from tests.servers.kube_front import KubeFront
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer
from tests.servers.system import HOST

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("go_peer")]

# So long that nobody gets by waiting what was to be released.
LONG = timedelta(seconds=30)

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

    def __init__(
        self,
        locker: Callable[[], MutexLocker],
        peer: Callable[[], GoPeer],
        job: str,
        python: Callable[[str], PythonPeer],
    ) -> None:
        self._stack = ExitStack()
        self.locker = locker()
        self._stack.callback(self.locker.close)
        self._peer = peer
        self.peer = self.another_peer()
        self.job = job
        self._python = python

    def another_peer(self) -> GoPeer:
        return self._stack.enter_context(self._peer())

    def python(self) -> PythonPeer:
        """A process that can die; the locker's TTL is :data:`TTL`."""
        return self._stack.enter_context(self._python(self.job))

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


def _python(kind: str, server: Any, name: str = "") -> Callable[[str], PythonPeer]:
    return partial(PythonPeer, kind, mixed_ledger.where(kind, server), name)


def _redis_room(server: RedisServer, ttl: timedelta) -> Room:
    job = f"job-{secrets.token_hex(6)}"
    address = f"{HOST}:{server.port}"
    settings = {"address": address, "name": f"gocron:{job}", "ttl": f"{ttl.total_seconds()}s"}
    locker = partial(RedisLocker, server.url, ttl=ttl)
    return Room(locker, partial(GoPeer, "redis", **settings), job, _python("redis", server))


def _etcd_room(layout: Any, server: EtcdServer, ttl: timedelta) -> Room:
    job = f"job-{secrets.token_hex(6)}"
    address = f"{HOST}:{server.port}"
    settings = {"address": address, "name": f"/gocron/locks/{job}", "ttl": f"{ttl.total_seconds()}s"}
    locker = partial(EtcdLocker, f"etcd://{address}", layout=layout, ttl=ttl)
    return Room(locker, partial(GoPeer, f"etcd-{layout}", **settings), job, _python(f"etcd-{layout}", server))


def _sql_room(server: PostgresServer, ttl: timedelta) -> Room:
    job = f"job-{secrets.token_hex(6)}"
    settings = {"address": mixed_ledger.where("sql", server)["address"], "name": job, "ttl": f"{ttl.total_seconds()}s"}
    locker = partial(SQLLocker, server.url, ttl=ttl)
    room = Room(locker, partial(GoPeer, "sql", **settings), job, _python("sql", server))
    room.lock().unlock(background())  # the first one makes the table
    return room


LOCKS = {
    "sql": ("postgres_server", _sql_room),
    "redis": ("redis_server", _redis_room),
    "etcd-key": ("newest_etcd_server", partial(_etcd_room, "key")),
    "etcd-mutex": ("newest_etcd_server", partial(_etcd_room, "mutex")),
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


def go_gets_it(room: Room) -> bool:
    return room.peer.ask("lock", "locked", "refused")["what"] == "locked"


def test_go_gets_what_a_python_process_releases_and_what_a_killed_one_held(make_room: MakeRoom) -> None:
    """After the release at once, after the kill not before the TTL is over."""
    room = make_room()
    python = room.python()
    python.ask("lock", "locked")
    assert not go_gets_it(room)
    python.ask("unlock", "unlocked")
    assert go_gets_it(room)
    assert "refused" == python.ask("lock", "locked", "refused")["what"]
    assert "error" not in room.peer.ask("unlock", "unlocked")
    python.ask("lock", "locked")
    killed = time.monotonic()
    python.kill()
    assert not go_gets_it(room)
    until(lambda: go_gets_it(room), TTL.total_seconds() + REST)
    assert time.monotonic() - killed > TTL.total_seconds() / 3  # it extended the lock a third of that before


def test_a_frozen_python_process_loses_what_go_has_taken_over(make_room: MakeRoom) -> None:
    """Past the TTL its lock is Go's; when it wakes it says that it has lost, and its release leaves Go's alone."""
    room = make_room()
    python = room.python()
    python.ask("lock", "locked")
    python.freeze()
    until(lambda: go_gets_it(room), TTL.total_seconds() + REST)
    assert [] == [event for event in python.told if event["what"] == "lost"]
    python.thaw()
    python.wait_for("lost", limit=REST)
    python.ask("unlock", "unlocked")
    assert room.is_refused()
    assert "refused" == python.ask("lock", "locked", "refused")["what"]
    assert "error" not in room.peer.ask("unlock", "unlocked")


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

    def __init__(
        self,
        elector: Callable[[], CampaigningElector],
        peer: Callable[..., GoPeer],
        process: Callable[[str], PythonPeer],
    ) -> None:
        self._elector = elector
        self._peer = peer
        self._process = process
        self._stack = ExitStack()

    def python(self) -> CampaigningElector:
        """One that campaigns from now on."""
        elector = self._elector()
        self._stack.callback(elector.close)
        leads(elector)
        return elector

    def python_process(self) -> PythonPeer:
        """One that can die, and that campaigns; its TTL is :data:`TTL`."""
        return self._stack.enter_context(self._process(""))

    def go(self) -> GoPeer:
        return self._stack.enter_context(self._peer(identity=f"go-{secrets.token_hex(4)}"))

    def close(self) -> None:
        self._stack.close()


def go_leads(peer: GoPeer) -> bool:
    return bool(peer.ask("leads", "answer")["leads"])


def _etcd_election(server: EtcdServer, ttl: timedelta) -> Election:
    name = f"/gocron/{secrets.token_hex(6)}"
    address = f"{HOST}:{server.port}"
    elector = partial(EtcdElector, f"etcd://{address}", name=name, ttl=ttl)
    settings = {"address": address, "name": name, "ttl": f"{ttl.total_seconds()}s"}
    kind = "etcd-election"
    return Election(elector, partial(GoPeer, kind, **settings), _python(kind, server, name))


def _lease_election(server: KubeServer, ttl: timedelta) -> Election:
    name = f"leader-{secrets.token_hex(6)}"
    durations = {"lease_duration": ttl, "renew_deadline": DEADLINE, "retry_period": RETRY}
    client = client_at(server.url, str(server.ca_file), server.token)
    elector = partial(KubernetesElector, client, name=name, namespace="default", **durations)
    return Election(elector, _lease_peer(server, name, ttl), _python("lease", server, name))


def _lease_peer(server: KubeServer, name: str, ttl: timedelta = TTL) -> Callable[..., GoPeer]:
    settings = {"address": server.url, "token": server.token, "ca": server.ca_file, "name": name}
    times = {"ttl": ttl, "deadline": DEADLINE, "retry": RETRY}
    return partial(GoPeer, "lease", **settings, **{key: f"{time.total_seconds()}s" for key, time in times.items()})


ELECTIONS = {"etcd": ("newest_etcd_server", _etcd_election), "lease": ("kube_server", _lease_election)}


class MakeElection(Protocol):
    def __call__(self, ttl: timedelta) -> Election: ...


@pytest.fixture(params=ELECTIONS)
def make_election(request: pytest.FixtureRequest) -> Iterator[MakeElection]:
    fixture, make = ELECTIONS[request.param]
    server = request.getfixturevalue(fixture)
    with ExitStack() as stack:

        def make_election(ttl: timedelta) -> Election:
            return stack.enter_context(closing(make(server, ttl)))

        yield make_election


@pytest.fixture
def election(make_election: MakeElection) -> Election:
    return make_election(TTL)


def test_go_leads_and_python_waits_until_it_resigns(make_election: MakeElection) -> None:
    """Then it leads at once, without waiting for the lease to run out."""
    election = make_election(LONG)
    go = election.go()
    go.wait_for("leads", leads=True)
    python = election.python()
    assert not leads(python)
    go.ask("resign", "resigned")
    until(lambda: leads(python), REST)


def test_python_leads_and_go_waits_until_it_resigns(make_election: MakeElection) -> None:
    """And Go knows by its own means who leads meanwhile; then it leads at once, too."""
    election = make_election(LONG)
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


def led_by_python(election: Election) -> tuple[PythonPeer, GoPeer]:
    """A Python process that leads, and a Go one that knows it."""
    python = election.python_process()
    python.wait_for("leads", leads=True)
    go = election.go()
    assert not go.wait_for("observed")["leader"].startswith("go-")
    assert not go_leads(go)
    return python, go


def test_go_leads_after_a_python_process_was_killed(election: Election) -> None:
    """When its lease has run out."""
    python, go = led_by_python(election)
    python.kill()
    assert not go_leads(go)
    go.wait_for("leads", leads=True, limit=TTL.total_seconds() + REST)


def test_a_frozen_python_leader_says_at_its_first_answer_that_it_leads_no_more(election: Election) -> None:
    """Go leads meanwhile, and goes on leading; after that the Python process leads again."""
    python, go = led_by_python(election)
    python.freeze()
    go.wait_for("leads", leads=True, limit=TTL.total_seconds() + REST)
    python.thaw()
    assert not python.ask("leads", "answer")["leads"]
    assert go_leads(go)
    assert not python.ask("leads", "answer")["leads"]
    go.ask("resign", "resigned")
    python.wait_for("leads", leads=True, limit=REST)


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


# -- the wire of Leases ----------------------------------------------------------------------------


class WholeSeconds(datetime):
    """A clock whose every time is one of those, of which there is one in a million."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> WholeSeconds:
        return super().now(tz).replace(microsecond=0)


def test_go_reads_times_of_whole_seconds_and_takes_a_lease_of_nobody(
    kube_server: KubeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have six digits on the wire. Go waits for who writes them, and takes at once what it has left."""
    monkeypatch.setattr("gocron_py.distributed.kubernetes.datetime", WholeSeconds)
    cluster, name = Cluster(kube_server), f"leader-{secrets.token_hex(6)}"
    cluster.namespace = "default"
    with ExitStack() as stack:
        front = stack.enter_context(KubeFront(kube_server, tmp_path))
        times = {"lease_duration": TTL, "renew_deadline": DEADLINE, "retry_period": RETRY}
        client = cluster.client(front.port, ca_file=front.ca_file)
        python = stack.enter_context(closing(KubernetesElector(client, name=name, namespace="default", **times)))
        assert leads(python)
        go = stack.enter_context(_lease_peer(kube_server, name)(identity="go-1"))
        assert python.identity == go.wait_for("observed")["leader"]
        # Many a renewal: longer than Go waits for a Lease that does not change.
        end = time.monotonic() + 1.5 * TTL.total_seconds()
        while time.monotonic() < end:
            assert leads(python)
            assert not go_leads(go)
            time.sleep(0.05)
        go.end()
        python.close()
        _check_times(front)
        left = cluster.spec(name)
        assert "" == left["holderIdentity"]
        # Nor does it wait for that to run out.
        cluster.put({**left, "leaseDurationSeconds": 3600}, name)
        go = stack.enter_context(_lease_peer(kube_server, name)(identity="go-2"))
        go.wait_for("leads", leads=True, limit=REST)
        taken = cluster.spec(name)
        assert ("go-2", left["leaseTransitions"] + 1) == (taken["holderIdentity"], taken["leaseTransitions"])
        until(lambda: cluster.spec(name)["renewTime"] != taken["renewTime"])
        assert go_leads(go)


def _check_times(front: KubeFront) -> None:
    """Of all that was written through it."""
    written = [json.loads(call.body)["spec"] for call in front.calls if call.method in ("POST", "PUT")]
    assert len(written) >= 3
    for spec in written:
        for moment in spec["acquireTime"], spec["renewTime"]:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z", moment)


# -- one job ---------------------------------------------------------------------------------------

SERVERS = {"sql": "postgres_server", "redis": "redis_server", "lease": "kube_server"}


@pytest.mark.timeout(soak.long(0, 180))
@pytest.mark.parametrize("kind", mixed_ledger.KINDS)
def test_one_job_of_three_instances_under_kills(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A Go instance and two Python ones: no two run it at one moment, and after each kill it goes on."""
    server = request.getfixturevalue(SERVERS.get(kind, "newest_etcd_server"))
    fleet = mixed_ledger.Fleet(kind, mixed_ledger.where(kind, server), tmp_path, seed=1)
    ledger = fleet.run(soak.long(soak.SECONDS, 5.0))
    print(ledger)
    assert [] == ledger.overlaps
    assert ledger.longest_gap < mixed_ledger.LONGEST_GAP, str(ledger)
    assert sum(ledger.starts.values()) >= 3, str(ledger)
    # Or the test says nothing.
    assert ledger.kills >= 1, str(ledger)
    assert {"go", "python"} == ledger.starts.keys(), str(ledger)
