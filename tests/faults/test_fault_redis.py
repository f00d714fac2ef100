"""Faults 53 to 60: what can happen to a Redis server, and to the way to it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import redis
from fault_kit import SECOND, until

import gocron_py as gocron
from gocron_py.distributed.decision import decode
from gocron_py.distributed.events import TickEvent, TickEventKind
from gocron_py.distributed.redis import RedisElector, RedisLocker, RedisStore, RedisTickLocker
from tests.servers.proxy import Fault, Proxy
from tests.servers.redis import RedisServer
from tests.servers.system import HOST

pytestmark = pytest.mark.slow

SECRET = "hunter2secret"


class Instance:
    """A scheduler under a Redis server, with one job, on the real clock."""

    def __init__(
        self, url: str, interval: timedelta = SECOND / 2, work: float = 0.0, min_replicas: int = 0, **policy: Any
    ) -> None:
        self.events: list[TickEvent] = []
        self.ran: list[gocron.CurrentRun] = []
        self.failed: list[BaseException] = []
        self._work = work
        self.locker = RedisTickLocker(url, min_replicas=min_replicas, on_event=self.events.append)
        self.locker.store.poll = 0.3
        self.scheduler = gocron.new_scheduler(
            gocron.with_distributed_locker(self.locker),
            gocron.with_location("UTC"),
            gocron.with_logger(gocron.new_logger(gocron.LogLevel.ERROR)),
        )
        self.scheduler.new_job(
            gocron.duration_job(interval),
            gocron.new_task(self.task),
            gocron.with_name("job"),
            gocron.with_tick_policy(**{"start_deadline": 2 * SECOND, "lease": 2 * SECOND, **policy}),
            gocron.with_event_listeners(gocron.after_lock_error(lambda _id, _name, error: self.failed.append(error))),
        )
        self.scheduler.start()

    def task(self) -> None:
        run = gocron.current_run()
        self.ran.append(run)
        run.context.wait(self._work)

    def ticks(self) -> list[Any]:
        return [run.tick.at for run in list(self.ran)]

    def kinds(self) -> set[TickEventKind]:
        return {event.kind for event in list(self.events)}

    def close(self) -> None:
        self.scheduler.shutdown()
        self.locker.close()


@pytest.fixture
def instance() -> Iterator[Callable[..., Instance]]:
    with ExitStack() as stack:

        def made(url: str, **arguments: Any) -> Instance:
            return stack.enter_context(closing(Instance(url, **arguments)))

        yield made


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
        yield client


def check_once(*instances: Instance) -> None:
    ticks = [tick for each in instances for tick in each.ticks()]
    assert len(set(ticks)) == len(ticks)


def test_53_down_at_start_skips_ticks_and_recovers(
    redis_server: RedisServer, client: redis.Redis, instance: Callable[..., Instance]
) -> None:
    """The scheduler starts, tells why its ticks are skipped, and runs when the server is there."""
    with Proxy(redis_server.port) as road:
        road.fail(Fault.REFUSED)
        began = time.monotonic()
        one = instance(f"redis://{HOST}:{road.port}/0")
        assert time.monotonic() - began < 10
        until(lambda: TickEventKind.SKIPPED in one.kinds() and one.failed)
        assert one.ran == []
        assert {type(error) for error in one.failed} == {gocron.StoreDown}
        _check_calm(lambda: road.connections)
        road.heal()
        until(lambda: len(one.ran) >= 2)
        check_once(one)


def test_54_flushall_mid_run_starts_no_tick_twice(
    redis_server: RedisServer, client: redis.Redis, instance: Callable[..., Instance]
) -> None:
    """The run that goes on is told that its claim is lost, the amnesia is told of, and both instances go on.

    At most the ticks that were due in the wipe are lost.
    """
    one, two = instance(redis_server.url, work=0.2), instance(redis_server.url, work=0.2)
    until(lambda: len(one.ran) + len(two.ran) >= 2)
    wiped = datetime.now(UTC)
    client.flushall()
    done = len(one.ran) + len(two.ran)
    until(lambda: len(one.ran) + len(two.ran) >= done + 3)
    until(lambda: TickEventKind.AMNESIA in one.kinds() | two.kinds())
    check_once(one, two)
    with closing(RedisStore(redis_server.url)) as store:
        counts_from = datetime.fromtimestamp(decode(store.load(["job"]).entries["job"].text, "job").floor / 1e6, UTC)
    # All know of it by the next tick; the rest is for a busy machine.
    assert counts_from < wiped + SECOND / 2 + 2 * SECOND
    ticks = sorted(one.ticks() + two.ticks())
    due = {ticks[0] + number * SECOND / 2 for number in range(round((ticks[-1] - ticks[0]) / (SECOND / 2)))}
    assert all(tick <= counts_from for tick in due.difference(ticks))
    fences = sorted((run.tick.at, run.fence) for run in one.ran + two.ran)
    assert [fence for _, fence in fences] == sorted(fence for _, fence in fences)


def test_55_sigstop_of_the_server_for_3_s_bounds_callers_and_starts_no_tick_twice(
    redis_server: RedisServer, client: redis.Redis, instance: Callable[..., Instance]
) -> None:
    """Ticks are late, or missed and caught up with; meanwhile there is no hot loop."""
    with Proxy(redis_server.port) as road:
        one, two = (instance(f"redis://{HOST}:{road.port}/0") for _ in range(2))
        until(lambda: len(one.ran) + len(two.ran) >= 2)
        redis_server.pause()
        asked, paused = road.requests, time.monotonic()
        with closing(RedisStore(redis_server.url)) as store, closing(RedisLocker(redis_server.url)) as locker:
            for call in (lambda: store.load(["x"])), (lambda: locker.lock(gocron.context.background(), "x")):
                began = time.monotonic()
                with pytest.raises(gocron.StoreDown):
                    call()
                assert time.monotonic() - began < 2 + 2
            _check_few(road.requests - asked, paused, instances=2)
            redis_server.resume()
            done = len(one.ran) + len(two.ran)
            until(lambda: len(one.ran) + len(two.ran) >= done + 3)
            # The lock that nobody knew of is gone, too.
            until(lambda: not client.exists("gocron:x"))
        check_once(one, two)


def test_56_reply_lost_after_eval_is_claimed_again_and_runs_once(
    redis_server: RedisServer, client: redis.Redis, instance: Callable[..., Instance]
) -> None:
    """C1: the claim is found to be its own."""
    with Proxy(redis_server.port) as road:
        one = instance(f"redis://{HOST}:{road.port}/0")
        until(lambda: len(one.ran) >= 1)
        for _ in range(2):
            done = len(one.ran)
            # A write has the record's text in it.
            road.lose_reply(to=lambda data: b'"claims"' in data or b'"seen"' in data)
            road.wait_until_lost()
            until(lambda done=done: len(one.ran) >= done + 2)
        assert road.swallowed == 2
        check_once(one)
        ticks = one.ticks()
        assert all(after - before == SECOND / 2 for before, after in pairwise(ticks))


@pytest.mark.parametrize(("min_replicas", "runs"), [(0, 2), (1, 1)])
def test_57_failover_with_lost_writes_starts_a_tick_twice_only_without_min_replicas(
    min_replicas: int, runs: int
) -> None:
    """A replica that had not heard of a claim becomes the master. As documented."""
    with ExitStack() as stack:
        old, new = stack.enter_context(RedisServer()), stack.enter_context(RedisServer())
        road = stack.enter_context(Proxy(old.port))
        theirs = stack.enter_context(redis.Redis.from_url(new.url))
        before = stack.enter_context(closing(RedisStore(old.url, min_replicas=min_replicas)))
        after = stack.enter_context(closing(RedisStore(new.url)))
        theirs.replicaof(HOST, road.port)
        until(lambda: theirs.info("replication")["master_link_status"] == "up")
        until(lambda: _is_set(before, "job", None, "registered"))
        until(lambda: "job" in after.load(["job"]).entries)
        version = before.load(["job"]).entries["job"].version
        road.fail(Fault.NO_REPLIES)  # what the master tells its replica
        granted = int(_is_set(before, "job", version, "claimed"))  # with min_replicas nobody knows: it does not run
        old.kill()
        theirs.replicaof("NO", "ONE")
        granted += int(after.compare_and_set("job", version, "claimed"))
        assert granted == runs


def test_57_nothing_runs_while_no_replica_has_the_claims(instance: Callable[..., Instance]) -> None:
    """Though the master has them, and a claim that is asked for again is found there. It goes on with a replica."""
    with ExitStack() as stack:
        master, replica = stack.enter_context(RedisServer()), stack.enter_context(RedisServer())
        theirs = stack.enter_context(redis.Redis.from_url(replica.url))
        one = instance(master.url, min_replicas=1)
        until(lambda: len(one.failed) >= 3)
        assert one.ran == []
        assert {type(error) for error in one.failed} == {gocron.StoreDown}
        theirs.replicaof(HOST, master.port)
        until(lambda: len(one.ran) >= 2)
        replica.kill()
        # What was claimed before may begin now; a tick that was not due yet was not claimed.
        killed, told = datetime.now(UTC), len(one.failed)
        until(lambda: len(one.failed) >= told + 3)
        assert [tick for tick in one.ticks() if tick > killed] == []
        replica.restart()
        theirs.replicaof(HOST, master.port)
        done = len(one.ran)
        until(lambda: len(one.ran) >= done + 2)
        check_once(one)


def _is_set(store: RedisStore, key: str, version: object, text: str) -> bool:
    try:
        return store.compare_and_set(key, version, text)
    except gocron.StoreDown:
        return False


def _refuse(client: redis.Redis, how: str) -> None:
    if how == "OOM":
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
    elif how == "READONLY":
        client.replicaof(HOST, 1)
    elif how == "MISCONF":
        client.config_set("dir", "/proc")
        client.config_set("save", "1 1")
        client.set("changed", 1)
        with pytest.raises(redis.ResponseError):
            client.save()


def _forgive(client: redis.Redis) -> None:
    client.replicaof("NO", "ONE")
    client.config_set("maxmemory", 0)
    client.config_set("save", "")


@pytest.mark.parametrize("how", ["OOM", "READONLY", "MISCONF"])
def test_59_server_that_refuses_writes_is_a_typed_error_without_a_hot_loop(
    how: str, instance: Callable[..., Instance]
) -> None:
    """OOM, READONLY, MISCONF: StoreDown with the server's word, at most two calls a second, recovery by itself."""
    with RedisServer() as server, redis.Redis.from_url(server.url) as client, Proxy(server.port) as road:
        one = instance(f"redis://{HOST}:{road.port}/0", start_deadline=SECOND)
        until(lambda: len(one.ran) >= 1)
        _refuse(client, how)
        # Newer servers say it so that the client makes a class of its own of it.
        words = {"OOM": (how, "OutOfMemoryError"), "READONLY": (how, "ReadOnlyError")}.get(how, (how,))
        until(lambda: any(word in str(event.detail) for event in list(one.events) for word in words), f"{how} is told")
        _check_calm(lambda: road.requests)
        assert {type(error) for error in one.failed} == {gocron.StoreDown}
        done = len(one.ran)
        _forgive(client)
        until(lambda: len(one.ran) >= done + 2)
        check_once(one)
        # Two ticks may wait for the server then, and one of them for the other until its deadline.
        assert {type(error) for error in one.failed} <= {gocron.StoreDown, gocron.TickBusy}


def _check_calm(calls: Callable[[], int]) -> None:
    """While the server is down there are few of the calls of one instance, which are counted by *calls*."""
    before, began = calls(), time.monotonic()
    time.sleep(1.5)
    _check_few(calls() - before, began)


def _check_few(calls: int, since: float, instances: int = 1) -> None:
    """Of each instance two a second, and not a burst more than a call of each kind."""
    assert calls <= instances * (2 * (time.monotonic() - since) + 2)


class SlowlyLoading(RedisServer):
    """A tenth of a millisecond for each key that it reads from its file; clients are answered after each thousand."""

    def command(self) -> list[str]:
        return [*super().command(), "--key-load-delay", "100"]


def test_59_loading_server_is_a_typed_error_and_recovers(instance: Callable[..., Instance]) -> None:
    """LOADING: while it reads its file after a crash, without a hot loop; it knows what was claimed before."""
    with SlowlyLoading(durable=True) as server, redis.Redis.from_url(server.url) as client:
        pipe = client.pipeline()
        for number in range(20_000):
            pipe.set(f"ballast{number}", "x")
        pipe.execute()
        one = instance(server.url, start_deadline=SECOND)
        until(lambda: len(one.ran) >= 1)
        server.kill()
        server.launch()
        launched = time.monotonic()
        until(lambda: any("loading" in str(event.detail) for event in list(one.events)), "LOADING is told")
        until(lambda: not client.info("persistence")["loading"])
        _check_few(client.info("commandstats")["cmdstat_evalsha"]["rejected_calls"], launched)
        done = len(one.ran)
        until(lambda: len(one.ran) >= done + 2)
        check_once(one)


@pytest.mark.parametrize("how", ["NOAUTH", "WRONGPASS", "NOPERM"])
def test_58_access_refused_is_a_typed_error_without_a_hot_loop_or_a_secret(
    how: str, instance: Callable[..., Instance], caplog: pytest.LogCaptureFixture
) -> None:
    """NOAUTH, WRONGPASS, NOPERM: StoreDown; nobody reads the password; recovery without a restart."""
    with RedisServer() as server, redis.Redis.from_url(server.url) as admin, Proxy(server.port) as road:
        admin.ping()
        admin.execute_command("ACL", "SETUSER", "admin", "on", "nopass", "~*", "+@all")
        admin.execute_command("AUTH", "admin", "")
        rights = ["~*", "+ping"] if how == "NOPERM" else ["~*", "+@all"]
        password = f">{SECRET}" if how == "NOPERM" else ">another"
        admin.execute_command("ACL", "SETUSER", "worker", "on", password, *rights)
        admin.execute_command("ACL", "SETUSER", "default", "resetpass", ">another")
        login = "" if how == "NOAUTH" else f"worker:{SECRET}@"
        url = f"redis://{login}{HOST}:{road.port}/0"
        one = instance(url, start_deadline=SECOND)
        word = {"NOAUTH": "Authentication", "WRONGPASS": "invalid username-password", "NOPERM": "permissions"}[how]
        until(lambda: any(word in str(event.detail) for event in list(one.events)))
        _check_calm(lambda: road.requests)
        with closing(RedisLocker(url)) as locker, pytest.raises(gocron.StoreDown) as refused:
            locker.lock(gocron.context.background(), "key")
        with closing(RedisElector(url)) as elector, pytest.raises(gocron.NotLeader) as not_leader:
            elector.is_leader(gocron.context.background())
        assert {type(error) for error in one.failed} == {gocron.StoreDown}
        admin.execute_command("ACL", "SETUSER", "worker", "on", f">{SECRET}", "~*", "+@all")
        admin.execute_command("ACL", "SETUSER", "default", "on", "nopass", "~*", "+@all")
        until(lambda: len(one.ran) >= 2)
        check_once(one)
        told = [
            caplog.text,
            *one.events,
            *one.failed,
            refused.value,
            not_leader.value,
            locker,
            elector,
            one.locker.store,
        ]
        assert SECRET not in " ".join(f"{each!r} {each}" for each in told)


def test_60_script_flush_reloads_and_no_tick_is_lost(
    redis_server: RedisServer, client: redis.Redis, instance: Callable[..., Instance]
) -> None:
    """NOSCRIPT is answered with the script itself."""
    one = instance(redis_server.url)
    until(lambda: len(one.ran) >= 1)
    for _ in range(5):
        done = len(one.ran)
        client.script_flush()
        until(lambda done=done: len(one.ran) > done)
    ticks = one.ticks()
    assert all(after - before == SECOND / 2 for before, after in pairwise(ticks))
    assert one.failed == []


def test_60_clock_of_the_server_an_hour_back_starts_no_tick_twice(
    redis_server: RedisServer, client: redis.Redis, instance: Callable[..., Instance]
) -> None:
    """Ticks are late as long as it is wrong, then go on. Its time is set back on the way to who has asked for it."""

    def an_hour_back(data: bytes) -> bytes:
        return _TIME.sub(lambda found: found[1] + b"%d" % (int(found[2]) - 3600) + found[3], data)

    with Proxy(redis_server.port) as road:
        url = f"redis://{HOST}:{road.port}/0"
        one, two = instance(url), instance(url)
        until(lambda: len(one.ran) + len(two.ran) >= 2)
        with closing(RedisStore(url)) as store:
            right = store.load(["x"]).now
            road.rewrite = an_hour_back
            assert -3600 <= (store.load(["x"]).now - right) / 1_000_000 < -3590
        set_back = datetime.now(UTC)
        until(lambda: len(one.failed) + len(two.failed) >= 2)
        # By a clock that is behind these ticks were never due.
        assert [tick for tick in (*one.ticks(), *two.ticks()) if tick > set_back] == []
        check_once(one, two)
        road.rewrite = bytes
        done = len(one.ran) + len(two.ran)
        until(lambda: len(one.ran) + len(two.ran) >= done + 3)
        check_once(one, two)


# The seconds at the head of a load's answer.
_TIME = re.compile(rb"(\A\*\d+\r\n\$10\r\n)(\d{10})(\r\n\$\d\r\n)")
