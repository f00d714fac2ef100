"""Faults 61 to 64 of etcd, and those of holders on it: on real servers, with the outcome in each name."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import etcd3  # type: ignore[import-untyped]
import grpc  # type: ignore[import-untyped]
import pytest
from etcd_kit import Calls, Instance, OwnEtcd, gaps_of, ticks_of, url_of
from fault_kit import MS, SECOND, until

import gocron_py as gocron
from gocron_py.context import background
from gocron_py.distributed.etcd import EtcdElector, EtcdLocker, EtcdStore
from gocron_py.distributed.events import TickEventKind
from gocron_py.errors import LockError
from tests.servers.etcd import EtcdCluster, EtcdServer
from tests.servers.proxy import Fault, Proxy
from tests.servers.system import HOST

pytestmark = pytest.mark.slow


@pytest.fixture
def prefix() -> str:
    """No other test's."""
    return f"/{secrets.token_hex(8)}/"


@pytest.fixture
def bare(etcd_server: EtcdServer) -> Iterator[Any]:
    """A client as its users have it."""
    with closing(etcd3.client(HOST, etcd_server.port, timeout=10)) as client:
        yield client


@pytest.fixture
def proxy(etcd_server: EtcdServer) -> Iterator[Proxy]:
    with Proxy(etcd_server.port) as proxy:
        yield proxy


Begin = Callable[..., Instance]


@pytest.fixture
def begin(etcd_server: EtcdServer, prefix: str) -> Iterator[Begin]:
    """Starts instances, on the one server unless another URL is given."""
    made: list[Instance] = []

    def start(url: str | None = None, **options: Any) -> Instance:
        made.append(Instance(url or url_of(etcd_server.port), prefix, **options))
        return made[-1]

    yield start
    for instance in made:
        instance.end()


# -- leases ----------------------------------------------------------------------------------------


def test_61_74_lease_that_expires_behind_a_cut_network_is_lost_in_time_and_the_run_begins_again_elsewhere(
    begin: Begin, proxy: Proxy
) -> None:
    """The holder stops before the other one begins, and its late finish changes nothing."""
    options: dict[str, Any] = {"on_crash": "rerun", "lease": 9 * SECOND, "start_deadline": SECOND}
    first = begin(url_of(proxy.port), every=2 * SECOND, is_open=False, **options)
    until(lambda: first.runs)
    second = begin(every=2 * SECOND, **options)
    proxy.fail(Fault.SILENCE)
    until(lambda: first.causes)
    assert isinstance(first.causes[0], gocron.LockLost)
    assert second.runs == []
    until(lambda: [run for run in second.runs if run.attempt == 2], limit=40)
    run, again = first.runs[0], next(run for run in second.runs if run.attempt == 2)
    assert (again.tick.at, again.attempt) == (run.tick.at, 2)
    assert run.fence is not None
    assert again.fence is not None
    assert again.fence > run.fence
    proxy.heal()
    until(lambda: TickEventKind.LOST in first.kinds())
    assert TickEventKind.RECOVERED in second.kinds()
    assert len(first.runs) == 1


def test_62_keepalive_without_a_time_to_live_is_lost(begin: Begin, bare: Any, prefix: str) -> None:
    """The lease was revoked: no error says so. The run hears of it; the next one has a lease again."""
    instance = begin(is_open=False)
    until(lambda: instance.runs)
    owner = instance.locker.store.owner()
    bare.revoke_lease(bare.get(f"{prefix}instances/{owner}")[1].lease_id)
    until(lambda: instance.causes)
    assert isinstance(instance.causes[0], gocron.LockLost)
    until(lambda: TickEventKind.LOST in instance.kinds())
    instance.gate.set()
    until(lambda: len(instance.runs) >= 3)
    assert instance.locker.store.owner() != owner
    assert instance.locker.store.is_alive(instance.locker.store.owner())


# -- the server ------------------------------------------------------------------------------------


def test_63_compaction_goes_unnoticed(begin: Begin, bare: Any) -> None:
    """No history is read."""
    instance = begin(every=100 * MS)
    until(lambda: instance.runs)
    for _ in range(5):
        seen = len(instance.runs)
        bare.put("some", "thing")
        bare.compact(bare.get("some")[1].mod_revision, physical=True)
        until(lambda seen=seen: len(instance.runs) > seen)  # type: ignore[misc]
    assert instance.errors == []
    assert gaps_of(ticks_of(instance), 0.1) == 0


def fill(bare: Any) -> None:
    with suppress(grpc.RpcError):
        for number in range(100):
            bare.put(f"/junk/{number}", "x" * 100_000)


def test_63_nospace_alarm_is_a_typed_error_and_over_when_the_alarm_is(begin: Begin, prefix: str) -> None:
    """A real one: of a database that is full."""
    with OwnEtcd("--quota-backend-bytes=2000000") as server:
        instance = begin(url_of(server.port), start_deadline=500 * MS)
        locker = EtcdLocker(url_of(server.port), prefix=prefix)
        until(lambda: instance.runs)
        with closing(etcd3.client(HOST, server.port, timeout=10)) as bare:
            fill(bare)
            until(lambda: instance.errors)
            with pytest.raises(gocron.StoreDown, match="RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded"):
                locker.lock(background(), "job")
            assert isinstance(instance.errors[-1], gocron.StoreDown)
            calls, owner, started = Calls(instance), instance.locker.store.owner(), time.monotonic()
            until(lambda: time.monotonic() - started > 4)
            # Its lease of 2 s is kept alive meanwhile, which is 6 calls more.
            assert calls.count <= 2 * 4 + 2 + 6
            assert instance.locker.store.holds(owner)
            bare.delete_prefix("/junk/")
            bare.compact(bare.get_response("x").header.revision, physical=True)
            bare.defragment()
            for alarm in bare.list_alarms():
                bare.disarm_alarm(alarm.member_id)
        done = len(instance.runs)
        until(lambda: len(instance.runs) > done + 1)
        locker.lock(background(), "job").unlock(background())
        locker.close()
        instance.end()
    ticks = ticks_of(instance)
    assert sorted(set(ticks)) == ticks


def enable_auth(server: EtcdServer, password: str) -> None:
    rpc = etcd3.etcdrpc
    with closing(etcd3.client(HOST, server.port, timeout=10)) as client:
        auth = client.authstub
        auth.UserAdd(rpc.AuthUserAddRequest(name="root", password=password), 10)
        auth.UserGrantRole(rpc.AuthUserGrantRoleRequest(user="root", role="root"), 10)
        auth.AuthEnable(rpc.AuthEnableRequest(), 10)


def test_63_auth_token_that_expires_is_renewed_and_without_the_password_a_typed_error(prefix: str) -> None:
    """No text has the password."""
    password = secrets.token_hex(8)
    with OwnEtcd("--auth-token=simple", "--auth-token-ttl=1") as server:
        enable_auth(server, password)
        with closing(etcd3.client(HOST, server.port, timeout=10, user="root", password=password)) as theirs:
            ours = EtcdStore(f"etcd://root:{password}@{HOST}:{server.port}", prefix=prefix)
            borrowed = EtcdStore(theirs, prefix=prefix)
            wrong = EtcdStore(f"etcd://root:{password}x@{HOST}:{server.port}", prefix=prefix)
            nobody = EtcdStore(url_of(server.port), prefix=prefix)
            assert ours.compare_and_set("job", None, "text")
            assert borrowed.load(["job"]).entries["job"].text == "text"

            def has_expired() -> bool:
                try:
                    borrowed.load(["job"])
                except gocron.StoreDown as error:
                    return "UNAUTHENTICATED: etcdserver: invalid auth token" in str(error)
                time.sleep(2.5)  # using it renews it
                return False

            until(has_expired)
            version = ours.load(["job"]).entries["job"].version
            assert ours.compare_and_set("job", version, "second")
            for store in (wrong, nobody):
                with pytest.raises(gocron.StoreDown) as caught:
                    store.load(["job"])
                assert password not in "".join(map(repr, (caught.value, caught.value.__cause__, vars(caught.value))))
            for store in (ours, borrowed, wrong, nobody):
                store.close()


def test_a_user_who_may_read_and_write_below_the_prefix_can_do_all_that_is_needed() -> None:
    """As the documentation says; and elsewhere it is a typed error."""
    with OwnEtcd("--auth-token=simple") as server:
        rpc = etcd3.etcdrpc
        with closing(etcd3.client(HOST, server.port, timeout=10)) as client:
            auth = client.authstub
            auth.RoleAdd(rpc.AuthRoleAddRequest(name="jobs"), 10)
            below = {"key": b"/gocron/", "range_end": b"/gocron0"}
            permission = etcd3.etcdrpc.auth_pb2.Permission(permType="READWRITE", **below)
            auth.RoleGrantPermission(rpc.AuthRoleGrantPermissionRequest(name="jobs", perm=permission), 10)
            auth.UserAdd(rpc.AuthUserAddRequest(name="ann", password="pass"), 10)
            auth.UserGrantRole(rpc.AuthUserGrantRoleRequest(user="ann", role="jobs"), 10)
        enable_auth(server, "root's")
        url = f"etcd://ann:pass@{HOST}:{server.port}"
        instance = Instance(url, "/gocron/ticks/")
        until(lambda: instance.runs)
        instance.end()
        assert instance.errors == []
        assert instance.kinds() == []
        for layout in ("key", "mutex"):
            locker = EtcdLocker(url, layout=layout, lock_at_least_for=SECOND)  # type: ignore[arg-type]
            lock = locker.lock(background(), "job")
            assert locker._extend("job", lock.token)
            lock.unlock(background())
            assert lock.lost is None
            locker.close()
        elector = EtcdElector(url)
        elector.is_leader(background())
        elector.close()
        elsewhere = EtcdStore(url, prefix="/other/")
        with pytest.raises(gocron.StoreDown, match="PERMISSION_DENIED: etcdserver: permission denied"):
            elsewhere.load(["job"])
        elsewhere.close()


def test_63_member_killed_and_a_leader_that_hangs_cost_seconds_and_no_tick_twice(
    begin: Begin, etcd_cluster: EtcdCluster
) -> None:
    """Two instances go on with what is left, and with all members when they are back."""
    url = url_of(*(member.port for member in etcd_cluster.members))
    instances = [begin(url, lease=10 * SECOND, catch_up="all") for _ in range(2)]

    def go_on() -> None:
        done = len(ticks_of(*instances))
        until(lambda: len(ticks_of(*instances)) > done + 3)

    go_on()
    etcd_cluster.leader().kill()
    go_on()
    etcd_cluster.mend()
    etcd_cluster.leader().pause()  # as one does whose disk does not answer
    go_on()
    etcd_cluster.mend()
    go_on()
    # What could not be run in time is made good after the outage.
    until(lambda: gaps_of(ticks_of(*instances), 0.5) == 0)
    ticks = ticks_of(*instances)
    assert sorted(set(ticks)) == ticks
    assert TickEventKind.LOST not in [kind for instance in instances for kind in instance.kinds()]


def test_63_server_that_hangs_bounds_calls_and_is_asked_twice_a_second_at_most(
    begin: Begin, etcd_server: EtcdServer
) -> None:
    """And goes on within a moment of its return, with the last of the ticks that were missed."""
    instance = begin(every=200 * MS, start_deadline=SECOND, on_crash="rerun")
    until(lambda: instance.runs)
    calls = Calls(instance)
    etcd_server.pause()
    until(lambda: instance.errors)
    asked, started = calls.count, time.monotonic()
    until(lambda: time.monotonic() - started > 4)
    assert calls.count - asked <= 2 * 4 + 2
    assert calls.longest < 4
    print(f"{calls.count - asked} calls in 4 s")
    etcd_server.resume()
    back = time.monotonic()
    done = len(instance.runs)
    until(lambda: len(instance.runs) > done)
    print(f"back after {time.monotonic() - back:.2f} s")
    assert {type(error) for error in instance.errors} <= {gocron.StoreDown, gocron.TickMissed, gocron.TickBusy}


def test_63_server_that_is_restarted_is_found_again(begin: Begin, etcd_server: EtcdServer) -> None:
    """SIGKILL, then a while without it."""
    instance = begin(every=200 * MS, start_deadline=SECOND)
    until(lambda: instance.runs)
    calls = Calls(instance)
    etcd_server.kill()
    until(lambda: instance.errors)
    asked, started = calls.count, time.monotonic()
    until(lambda: time.monotonic() - started > 2)
    assert calls.count - asked <= 2 * 2 + 2
    etcd_server.restart()
    back, done = time.monotonic(), len(instance.runs)
    until(lambda: len(instance.runs) > done + 1)
    print(f"back after {time.monotonic() - back:.2f} s")
    ticks = ticks_of(instance)
    assert sorted(set(ticks)) == ticks


# -- what nobody knows -----------------------------------------------------------------------------


def is_write(data: bytes) -> bool:
    """Of a record."""
    return b'"format":1' in data


def test_64_claim_whose_answer_is_lost_after_the_commit_runs_once(begin: Begin, proxy: Proxy) -> None:
    """The retry is the same claim (C1); the finish whose answer is lost is done once, too."""
    instance = begin(url_of(proxy.port))
    until(lambda: instance.runs)
    for _ in range(6):
        done = len(instance.runs)
        proxy.lose_reply(is_write)
        proxy.wait_until_lost()
        until(lambda done=done: len(instance.runs) > done)  # type: ignore[misc]
    # One may have overtaken another that was asked for again.
    until(lambda: gaps_of(ticks_of(instance), 0.5) == 0, f"{instance.errors} {instance.events}")
    ticks = ticks_of(instance)
    assert sorted(set(ticks)) == ticks
    assert instance.errors == []
    assert instance.kinds() == []
    assert {run.attempt for run in instance.runs} == {1}


@pytest.mark.parametrize("layout", ["key", "mutex"])
def test_64_lock_whose_answer_is_lost_after_the_commit_is_given_back(
    proxy: Proxy, bare: Any, prefix: str, layout: Any
) -> None:
    """Nobody knows whether it is held, so the lease is revoked: the next one gets the lock at once."""
    locker = EtcdLocker(url_of(proxy.port), prefix=prefix, layout=layout)
    proxy.lose_reply(lambda data: prefix.encode() in data)
    with pytest.raises(gocron.StoreDown):
        locker.lock(background(), "job")
    proxy.wait_until_lost()
    until(lambda: list(bare.get_prefix(prefix)) == [], limit=5)  # far less than the lease
    locker.lock(background(), "job").unlock(background())
    locker.close()


@pytest.mark.parametrize("layout", ["key", "mutex"])
def test_64_lock_that_is_applied_after_its_time_out_is_given_back_too(
    etcd_server: EtcdServer, bare: Any, prefix: str, layout: Any
) -> None:
    """The server hung, and did all of it when it woke: the grant at the least is left, until it runs out."""
    locker = EtcdLocker(url_of(etcd_server.port), prefix=prefix, layout=layout, ttl=2 * SECOND)
    locker.lock(background(), "job").unlock(background())
    etcd_server.pause()
    started = time.monotonic()
    with pytest.raises(gocron.StoreDown):
        locker.lock(background(), "job")
    assert time.monotonic() - started < 6
    etcd_server.resume()

    def is_free() -> bool:
        try:
            locker.lock(background(), "job").unlock(background())
        except (gocron.TickBusy, gocron.StoreDown):
            return False
        return True

    until(is_free)
    assert list(bare.get_prefix(prefix)) == []
    locker.close()


def test_a_look_that_breaks_off_does_not_end_the_server() -> None:
    """A transaction of reads whose caller is gone ends an etcd before 3.5.7 (its issues 14110 and 14891)."""
    keys = [f"job{number}" for number in range(100)]
    with EtcdServer() as server, Proxy(server.port) as road, closing(EtcdStore(url_of(server.port))) as writer:
        for key in keys:
            assert writer.compare_and_set(key, None, "x" * 3_000)
        over = threading.Event()

        def look() -> None:
            while not over.is_set():
                with closing(EtcdStore(url_of(road.port))) as store, suppress(LockError):
                    while not over.is_set():
                        store.load(keys)

        lookers = [threading.Thread(target=look, daemon=True) for _ in range(4)]
        for each in lookers:
            each.start()
        end = time.monotonic() + 10
        while time.monotonic() < end:
            time.sleep(0.05)
            road.cut()
        over.set()
        for each in lookers:
            each.join(30)
        assert writer.load(keys).entries.keys() == set(keys)
