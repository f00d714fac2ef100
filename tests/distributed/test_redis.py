"""Redis: the store's kit, locks and elections on real servers."""

from __future__ import annotations

import base64
import gc
import hashlib
import os
import secrets
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import timedelta
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from queue import Empty, Full
from typing import Any

import pytest
import redis
import redis.asyncio
from redis.sentinel import MasterNotFoundError, Sentinel

import gocron_py as gocron
from gocron_py.context import background
from gocron_py.distributed import redis as redis_module
from gocron_py.distributed.redis import RedisElector, RedisLocker, RedisStore, RedisTickLocker
from gocron_py.distributed.redis_connection import Free
from gocron_py.distributed.store import TickStore
from gocron_py.testing.store_kit import StoreKit
from tests.servers.proxy import Fault, Proxy
from tests.servers.redis import RedisServer
from tests.servers.system import HOST, free_port

pytestmark = pytest.mark.slow

MS = timedelta(milliseconds=1)


def until(is_so: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never became so"
        time.sleep(0.005)


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """A client of the server's user, of a server with nothing in it."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def url(redis_server: RedisServer, client: redis.Redis) -> str:
    return redis_server.url


@pytest.fixture
def closed_at_the_end() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class TestRedisStore(StoreKit):
    # It is for stores that know who lives.
    test_a_frozen_process_lives_and_a_killed_one_does_not = None  # type: ignore[assignment]

    @pytest.fixture
    def open_store(self, url: str) -> Callable[[], TickStore]:
        return partial(RedisStore, url)


# -- the store -------------------------------------------------------------------------------------


def test_the_parser_is_hiredis_on_the_newest_python_and_redis_pys_own_on_the_oldest(url: str) -> None:
    """So all of this file is run with both."""
    with closing(RedisStore(url)) as store:
        connection = store._server._client.connection_pool.make_connection()
        assert type(connection._parser).__name__ == (
            "_HiredisParser" if sys.version_info >= (3, 13) else "_RESP2Parser"
        )


def test_somebody_elses_key_is_corrupt_and_no_other_job_minds(client: redis.Redis, url: str) -> None:
    """A key of another type, another hash, or bytes that are no text: the entry cannot be decoded, others can."""
    with closing(RedisStore(url)) as store:
        assert store.compare_and_set("good", None, "text")
        client.rpush("{gocron}:tick:list", "x")
        client.hset("{gocron}:tick:hash", "a", "b")
        client.hset("{gocron}:tick:bytes", mapping={"version": b"\xff", "text": b"\xff"})
        client.hset("{gocron}:tick:version", "version", "1")
        client.hset("{gocron}:tick:text", "text", "{}")
        entries = store.load(["good", "list", "hash", "bytes", "version", "text", "none"]).entries
        assert entries["good"].text == "text"
        assert set(entries) == {"good", "list", "hash", "bytes", "version", "text"}
        for key in "list", "hash", "bytes", "version", "text":
            with pytest.raises(gocron.StoreCorrupt):
                redis_module_decode(entries[key].text, key)
        assert not store.compare_and_set("hash", None, "mine")
        with pytest.raises(gocron.StoreCorrupt):
            store.compare_and_set("list", None, "mine")


def redis_module_decode(text: str, key: str) -> object:
    from gocron_py.distributed.decision import decode

    return decode(text, key)


def test_more_jobs_than_one_script_reads(url: str) -> None:
    """They come in parts, with one time."""
    with closing(RedisStore(url)) as store:
        for number in 0, 499, 500, 1200:
            assert store.compare_and_set(f"job{number}", None, str(number))
        entries = store.load([f"job{number}" for number in range(1201)]).entries
    assert sorted(entries) == ["job0", "job1200", "job499", "job500"]


def test_the_clients_own_settings_do_not_unbound_the_calls(redis_server: RedisServer) -> None:
    """Neither a client's time limit and retries nor a URL's make a call to a hung server last for more than 2 s."""
    key = secrets.token_hex(8)  # the server's first database is that of other tests, too
    patient = redis.Redis.from_url(redis_server.url, socket_timeout=60, decode_responses=True)
    with (
        patient,
        closing(RedisStore(patient)) as one,
        closing(RedisStore(redis_server.url + "?socket_timeout=60")) as two,
    ):
        assert one.compare_and_set(key, None, "text")
        assert one.load([key]).entries[key].text == "text"
        redis_server.pause()
        for store in one, two:
            began = time.monotonic()
            with pytest.raises(gocron.StoreDown):
                store.load([key])
            assert time.monotonic() - began < 2 + 3  # the rest is for a busy machine; redis-py's own would be a minute
        redis_server.resume()
        assert patient.get_connection_kwargs()["socket_timeout"] == 60


def test_slow_network_does_not_unbound_the_calls(redis_server: RedisServer, url: str) -> None:
    """One time limit for a call: for the connection, the login and each piece of each answer together."""
    with Proxy(redis_server.port) as road:
        there = f"redis://{HOST}:{road.port}/3"
        with closing(RedisStore(there)) as store, closing(RedisLocker(there)) as locker:
            road.delay = 1.5
            for call in (lambda: store.load(["large"])), (lambda: locker.lock(background(), "job")):
                assert _seconds(call) < 2 + 2
            road.heal()
            until(lambda: _writes(store))
            assert store.compare_and_set("large", None, "x" * 2_000_000)
            road.delay = 0.3
            assert _seconds(lambda: store.load(["large"])) < 2 + 2


def _seconds(call: Callable[[], object]) -> float:
    """How long it takes, whether it succeeds or is given up."""
    began = time.monotonic()
    try:
        call()
    except gocron.StoreDown:
        pass
    return time.monotonic() - began


def test_new_connection_is_one_request_and_no_more(redis_server: RedisServer, url: str) -> None:
    """It says nothing of itself to the server, and asks it nothing, but to log in and for another database."""
    with closing(RedisStore(url)) as store:
        store.load(["key"])  # the server knows the script now
    with Proxy(redis_server.port) as road:
        for database, requests in (0, 1), (3, 2):
            before = road.requests
            with closing(RedisStore(f"redis://{HOST}:{road.port}/{database}")) as store:
                store.load(["key"])
            assert road.requests - before == requests


def check_fork(store: TickStore) -> None:
    """Parent and child load at the same time, many times, and neither reads the other's answers."""
    assert store.compare_and_set("key", None, "text")
    child = os.fork()
    if child == 0:
        try:
            good = all(store.load(["key"]).entries["key"].text == "text" for _ in range(300))
            os._exit(0 if good else 1)
        finally:
            os._exit(2)
    assert all(store.load(["key"]).entries["key"].text == "text" for _ in range(300))
    assert os.waitpid(child, 0)[1] == 0


def test_forked_child_has_connections_of_its_own(url: str) -> None:
    """Parent and child load at the same time, many times, and neither reads the other's answers."""
    with closing(RedisStore(url)) as store:
        check_fork(store)


@pytest.mark.parametrize(
    "wrong", ["http://x", "redis://:sec/ret@host", "redis://user:secret@host:port", None, 5, object()]
)
def test_what_is_no_client_is_refused_without_its_password(wrong: object) -> None:
    """At the call, with a text that has nothing of the URL."""
    with pytest.raises(gocron.ErrInvalidArgument) as caught:
        RedisStore(wrong)
    assert "sec" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("redis://:sec@host?colour=sec", "an option that redis-py does not take: colour"),
        ("rediss://:sec@host?ssl_ca_certs=/sec/none.pem", "no such file or directory as ssl_ca_certs says"),
        (redis.asyncio.Redis(), "got 'redis.asyncio.client.Redis'"),
    ],
)
def test_what_is_wrong_with_a_client_is_told(wrong: object, told: str) -> None:
    """Which option, which file, which class; never the value."""
    with pytest.raises(gocron.ErrInvalidArgument) as caught:
        RedisStore(wrong)
    text = "".join(traceback.format_exception_only(caught.value))
    assert told in text
    assert "sec" not in text.replace("rediss", "")


def test_wait_for_replicas(client: redis.Redis, url: str, redis_server: RedisServer) -> None:
    """With ``min_replicas`` nothing is claimed while too few of them follow; a replica that follows is enough."""
    with closing(RedisStore(url, min_replicas=1)) as store:
        with pytest.raises(gocron.StoreDown, match="0 of 1 replicas"):
            store.compare_and_set("alone", None, "text")
        with RedisServer() as replica, redis.Redis.from_url(replica.url) as its:
            its.replicaof(HOST, redis_server.port)
            until(lambda: its.info("replication")["master_link_status"] == "up")
            until(lambda: _writes(store))


def test_what_no_replica_has_is_not_read_back(client: redis.Redis, url: str, redis_server: RedisServer) -> None:
    """A write that may be on the master alone is no answer to who has made it, and somebody's write on top of it is
    none either; others can read it, other keys can be read, and with a replica all is confirmed."""
    with closing(RedisStore(url, min_replicas=1)) as store, closing(RedisStore(url)) as other:
        assert other.compare_and_set("job", None, "registered")
        registered = store.load(["job"]).entries["job"].version
        with pytest.raises(gocron.StoreDown, match="0 of 1 replicas"):
            store.compare_and_set("job", registered, "claimed")
        assert store.load(["another"]).entries == {}
        with pytest.raises(gocron.StoreDown, match="0 of 1 replicas"):
            store.load(["another", "job"])
        theirs = other.load(["job"]).entries["job"]
        assert theirs.text == "claimed"
        assert other.compare_and_set("job", theirs.version, "claimed, and paused")
        with pytest.raises(gocron.StoreDown, match="0 of 1 replicas"):
            store.load(["job"])
        with RedisServer() as replica, redis.Redis.from_url(replica.url) as its:
            its.replicaof(HOST, redis_server.port)
            until(lambda: its.info("replication")["master_link_status"] == "up")
            until(lambda: _text_of(store, "job") == "claimed, and paused")
            assert its.hget("{gocron}:tick:job", "text") == b"claimed, and paused"
            calls = client.info("commandstats")["cmdstat_wait"]["calls"]
            assert store.load(["job"]).entries["job"].version == other.load(["job"]).entries["job"].version
            assert client.info("commandstats")["cmdstat_wait"]["calls"] == calls


def _text_of(store: TickStore, key: str) -> str | None:
    try:
        return store.load([key]).entries[key].text
    except gocron.StoreDown:  # the circuit rests after the failure of before
        return None


def test_a_write_that_comes_late_is_not_made_once_its_key_was_read(
    client: redis.Redis, url: str, redis_server: RedisServer
) -> None:
    """It was in doubt, and the load that found it not made has seen to it that it fails."""
    with RedisServer() as replica, redis.Redis.from_url(replica.url) as its, Proxy(redis_server.port) as road:
        its.replicaof(HOST, redis_server.port)
        until(lambda: its.info("replication")["master_link_status"] == "up")
        with closing(RedisStore(f"redis://{HOST}:{road.port}/0", min_replicas=1)) as store:
            until(lambda: _writes(store))
            assert store.compare_and_set("job", None, "registered")
            version = store.load(["job"]).entries["job"].version
            road.fail(Fault.NO_REQUESTS)
            with pytest.raises(gocron.StoreDown):
                store.compare_and_set("job", version, "claimed")
            road.heal()
            assert store.load(["job"]).entries["job"].text == "registered"
            with closing(RedisStore(url)) as late:
                assert not late.compare_and_set("job", version, "claimed")


def _writes(store: TickStore) -> bool:
    try:
        return store.compare_and_set(f"key {time.monotonic()}", None, "text")
    except gocron.StoreDown:  # the circuit rests after the failure of before
        return False


class Node(RedisServer):
    """Of a cluster."""

    def __init__(self) -> None:
        super().__init__()
        while self.port > 22_000:  # its nodes talk on a port 10,000 above, not to be one of outgoing connections
            self.port = free_port()

    def command(self) -> list[str]:
        return [*super().command(), "--cluster-enabled", "yes"]


# redis-py leaves clients of nodes that it has found anew to the garbage collector, sockets and all.
of_cluster = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture
def node() -> Iterator[Node]:
    """A cluster of one, which has all slots."""
    with Node() as node, redis.Redis.from_url(node.url) as client:
        client.execute_command("CLUSTER", "ADDSLOTS", *range(16384))
        until(lambda: client.cluster("info")["cluster_state"] == "ok")
        client.cluster("saveconfig")  # which it does after that anyhow, and answers nobody until the disk has it
        yield node
    gc.collect()  # now, not in the test of somebody who closes everything


@of_cluster
def test_cluster_ticks_and_locks(node: Node) -> None:
    """All records are on one node, by their hash tag; a lock is where its name puts it."""
    with redis.RedisCluster(HOST, node.port) as cluster:
        with closing(RedisStore(cluster)) as store:
            for key in "a", "b", "c":
                assert store.compare_and_set(key, None, key)
                assert not store.compare_and_set(key, None, key)
            assert set(store.load(["a", "b", "c", "d"]).entries) == {"a", "b", "c"}
        with closing(RedisLocker(cluster)) as locker:
            lock = locker.lock(background(), "job")
            with pytest.raises(gocron.TickBusy):
                locker.lock(background(), "job")
            lock.unlock(background())
            locker.lock(background(), "job").unlock(background())


@of_cluster
def test_lost_answer_of_a_cluster_leaves_no_lock_that_nobody_holds(node: Node) -> None:
    """Whatever its client is set to: a retry would find its own lock, and say that another has it."""
    with Proxy(node.port) as road, redis.Redis.from_url(node.url) as client:
        cluster = redis.RedisCluster(HOST, road.port, address_remap=lambda _: (HOST, road.port))
        with cluster, closing(RedisLocker(cluster)) as locker:

            def works() -> bool:
                with suppress(gocron.LockError):
                    locker.lock(background(), "job").unlock(background())
                    return True
                return False

            until(works)  # the first call has to connect as well, in its time
            road.lose_reply(to=lambda data: b"SET" in data and b"gocron:job" in data)
            with pytest.raises(gocron.StoreDown):
                locker.lock(background(), "job")
            until(lambda: not client.exists("gocron:job"))
            locker.lock(background(), "job").unlock(background())


@of_cluster
def test_calls_of_a_cluster_are_bounded(node: Node) -> None:
    """Also the first one, for which a client is made, and what the client asks other nodes after a failure."""
    with (
        redis.RedisCluster(HOST, node.port, socket_timeout=60) as cluster,
        closing(RedisStore(cluster)) as store,
        closing(RedisStore(cluster)) as unused,
    ):
        assert store.compare_and_set("key", None, "text")
        node.pause()
        for each in store, unused:
            began = time.monotonic()
            with pytest.raises(gocron.StoreDown):
                each.load(["key"])
            assert time.monotonic() - began < 2 + 3
        node.resume()
        until(lambda: _text_of(store, "key") == _text_of(unused, "key") == "text")


@of_cluster
def test_cluster_whose_master_hangs_goes_on_with_the_replica_that_took_over(node: Node) -> None:
    """There is time left in a call to find out who it is."""
    with Node() as second, redis.Redis.from_url(second.url) as its, redis.Redis.from_url(node.url) as client:
        its.execute_command("CLUSTER", "MEET", HOST, node.port)
        master = client.execute_command("CLUSTER", "MYID")
        assert isinstance(master, bytes)
        until(lambda: master.decode() in str(its.execute_command("CLUSTER", "NODES")))
        until(lambda: its.cluster("info")["cluster_state"] == "ok")
        its.execute_command("CLUSTER", "REPLICATE", master)
        until(lambda: its.info("replication").get("master_link_status") == "up")
        until(lambda: str(second.port) in str(client.execute_command("CLUSTER", "SLOTS")))
        with redis.RedisCluster(HOST, node.port) as cluster, closing(RedisStore(cluster)) as store:
            assert store.compare_and_set("key", None, "text")
            until(lambda: its.dbsize() == 1)
            node.pause()
            its.execute_command("CLUSTER", "FAILOVER", "TAKEOVER")
            until(lambda: its.info("replication")["role"] == "master")
            until(lambda: _text_of(store, "key") == "text")
            entry = store.load(["key"]).entries["key"]
            assert store.compare_and_set("key", entry.version, "changed")
            node.resume()


@of_cluster
def test_forked_child_has_a_cluster_client_of_its_own(node: Node) -> None:
    """Parent and child load at the same time, as over plain connections."""
    with redis.RedisCluster(HOST, node.port) as cluster, closing(RedisTickLocker(cluster)) as locker:
        check_fork(locker.store)


def test_more_threads_than_connections_take_turns(client: redis.Redis, redis_server: RedisServer) -> None:
    """All calls of eight threads get through on two connections, and no third one is made."""
    few = redis.Redis.from_url(redis_server.url, max_connections=2, client_name="few")
    failures = []

    def work(key: str) -> None:
        try:
            version = None
            for number in range(50):
                assert store.compare_and_set(key, version, str(number))
                version = store.load((key,)).entries[key].version
        except BaseException as error:
            failures.append(error)

    with closing(RedisStore(few)) as store:
        threads = [threading.Thread(target=work, args=(f"job{number}",)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        connections = [each for each in client.client_list() if each["name"] == "few"]
        assert failures == []
        assert 1 <= len(connections) <= 2
        texts = [store.load((f"job{number}",)).entries[f"job{number}"].text for number in range(8)]
        assert texts == ["49"] * 8


def test_one_thread_keeps_to_one_connection(client: redis.Redis, redis_server: RedisServer) -> None:
    """The one that was given back last is taken first."""
    with closing(RedisStore(redis.Redis.from_url(redis_server.url, client_name="one"))) as store:
        for _ in range(20):
            store.load(("job",))
        assert [each["name"] for each in client.client_list()].count("one") == 1


def test_who_gets_no_connection_in_time_is_told_so(redis_server: RedisServer, client: redis.Redis) -> None:
    with closing(RedisStore(redis.Redis.from_url(redis_server.url, max_connections=1))) as store:
        pool = store._server._client.connection_pool
        pool.timeout = 0.05
        taken = pool.get_connection()
        with pytest.raises(gocron.StoreDown, match="No connection available"):
            store.load(("job",))
        pool.release(taken)
        assert store.load(("job",)).entries == {}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """That of a server named localhost: the one to trust, and what the server needs."""
    directory = tmp_path_factory.mktemp("tls")
    key, trusted = directory / "key", directory / "certificate"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", trusted]
    subprocess.run([*made, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, key)
    return trusted, context


NOTHING = b"*4\r\n$1\r\n1\r\n$1\r\n0\r\n$-1\r\n$-1\r\n"


@contextmanager
def answering(
    answers: Iterator[bytes], context: ssl.SSLContext | None = None
) -> Iterator[tuple[int, list[socket.socket]]]:
    """A server that answers requests with these, one after the other. Its port, and its connections."""
    connections: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):  # it is over
            while connection.recv(65536):
                connection.sendall(next(answers))

    def accept(listener: socket.socket, pool: ThreadPoolExecutor) -> None:
        with suppress(OSError):
            while True:
                plain = listener.accept()[0]
                connections.append(plain if context is None else context.wrap_socket(plain, server_side=True))
                pool.submit(serve, connections[-1])

    with socket.create_server((HOST, 0)) as listener, ThreadPoolExecutor() as pool:
        pool.submit(accept, listener, pool)
        try:
            yield listener.getsockname()[1], connections
        finally:
            listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
@pytest.mark.parametrize("more", ["nothing", "with it", "after it", "the end"])
def test_what_was_not_asked_for_is_no_answer(more: str, scheme: str, certificate: tuple[Path, ssl.SSLContext]) -> None:
    """What comes with an answer, or after it, is not that of the next call; nor does the end of the connection fail
    that. Where nothing came, not even TLS's own tickets make for a new connection."""
    trusted, context = certificate
    trust = f"?ssl_ca_certs={trusted}" if scheme == "rediss" else ""
    first = NOTHING + (b":1\r\n" if more == "with it" else b"")
    with answering(chain([first], repeat(b":0\r\n")), context if scheme == "rediss" else None) as (port, connections):
        with closing(RedisStore(f"{scheme}://localhost:{port}{trust}")) as store:
            assert store.load(["job"]).entries == {}
            if more == "after it":
                connections[0].sendall(b":1\r\n")
            elif more == "the end":
                connections[0].shutdown(socket.SHUT_RDWR)
            assert not store.compare_and_set("job", None, "text")
        assert len(connections) == (1 if more == "nothing" else 2)


@pytest.mark.parametrize("answer", [b":1\r\n", b"*0\r\n", b"$-1\r\n", b"+QUEUED\r\n", b"*2\r\n:1\r\n:1\r\n", b"?\r\n"])
def test_what_is_no_answer_of_redis_is_down(answer: bytes) -> None:
    """Whatever shape it has."""
    with (
        answering(repeat(answer)) as (port, _),
        closing(RedisStore(f"redis://{HOST}:{port}")) as store,
        pytest.raises(gocron.StoreDown),
    ):
        store.load(["job"])


def test_answer_without_end_is_given_up() -> None:
    """Though each piece of it is there at once."""
    endless = chain([b"*100000000\r\n"], repeat(b":1\r\n" * 100))

    def pour(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            for some in endless:
                connection.sendall(some)

    with (
        socket.create_server((HOST, 0)) as listener,
        ThreadPoolExecutor() as pool,
        closing(RedisStore(f"redis://{HOST}:{listener.getsockname()[1]}")) as store,
    ):
        pool.submit(lambda: pour(listener.accept()[0]))
        began = time.monotonic()
        with pytest.raises(gocron.StoreDown):
            store.load(["job"])
        assert time.monotonic() - began < 2 + 3


def test_without_poll_it_goes_another_way(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where eventlet has taken it away."""
    monkeypatch.delattr(select, "poll")
    monkeypatch.setattr("redis._parsers.hiredis._HAS_POLL", False)  # what it has found out when it was imported
    with closing(RedisStore(url)) as store:
        for _ in range(3):
            assert store.load(["job"]).entries == {}


def test_wait_for_a_connection_ends_in_time_though_another_thread_takes_what_has_come() -> None:
    """A waiting thread is woken, and finds nothing; it does not wait for ever then."""
    free, ended = Free(1), threading.Event()
    free.put_nowait("connection")
    assert free.get() == "connection"

    def wait() -> None:
        with pytest.raises(Empty):
            free.get(timeout=0.3)
        ended.set()

    switch = sys.getswitchinterval()
    thread = threading.Thread(target=wait, daemon=True)
    try:
        thread.start()
        until(lambda: free._waiting)
        sys.setswitchinterval(0.5)  # the other thread does not run until this one waits
        began = time.monotonic()
        free.put_nowait("connection")
        assert free.get() == "connection"
        while time.monotonic() - began < 0.4:
            pass
    finally:
        sys.setswitchinterval(switch)
    assert ended.wait(5)
    thread.join()


def test_free_connections_are_kept_in_order_and_counted() -> None:
    """Last in, first out, and no more than there are."""
    free = Free(2)
    free.put_nowait(1)
    free.put_nowait(2)
    with pytest.raises(Full):
        free.put_nowait(3)
    assert [free.get(), free.get(block=False)] == [2, 1]
    with pytest.raises(Empty):
        free.get(block=False)


class Interrupted(BaseException):
    """As Ctrl-C, or what a program's own signal handler raises."""


@pytest.mark.parametrize("by", ["url", "sentinel"])
def test_answer_to_what_was_interrupted_is_not_that_of_the_next_call(
    by: str, redis_server: RedisServer, client: redis.Redis
) -> None:
    """It comes later, when somebody else is asking."""

    def interrupt(*_: object) -> None:
        raise Interrupted

    with Proxy(redis_server.port) as road, ExitStack() as stack:
        given: Any = f"redis://{HOST}:{road.port}"
        if by == "sentinel":
            watcher = stack.enter_context(SentinelServer(road))
            sentinel = Sentinel([(HOST, watcher.port)], socket_timeout=5)
            stack.callback(lambda: [each.close() for each in sentinel.sentinels])
            until(lambda: _discovers(sentinel))
            given = stack.enter_context(sentinel.master_for("jobs"))
        store = stack.enter_context(closing(RedisStore(given)))
        assert store.compare_and_set("key", None, "text")
        version = store.load(["key"]).entries["key"].version
        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            road.delay = 0.4
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(Interrupted):
                store.compare_and_set("key", version, "new text")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert not store.compare_and_set("key", "of nobody", "other text")


def test_connection_that_was_asked_and_not_read_is_not_used(redis_server: RedisServer, client: redis.Redis) -> None:
    """What broke the call off came between the two."""
    with Proxy(redis_server.port) as road, closing(RedisStore(f"redis://{HOST}:{road.port}")) as store:
        assert store.compare_and_set("key", None, "text")
        pool = store._server._client.connection_pool
        connection = pool.get_connection()
        road.delay = 0.4
        connection.send_command("HLEN", "{gocron}:tick:key")
        pool.release(connection)
        assert not store.compare_and_set("key", "of nobody", "other text")


class SentinelServer(RedisServer):
    """Watches one master."""

    def __init__(self, master: RedisServer | Proxy) -> None:
        super().__init__()
        self._master = master

    def prepare(self) -> None:
        settings = f"port {self.port}\nbind {HOST}\nsentinel monitor jobs {HOST} {self._master.port} 1\n"
        (self.home / "sentinel.conf").write_text(settings)

    def command(self) -> list[str]:
        return [super().command()[0], str(self.home / "sentinel.conf"), "--sentinel"]


def test_client_of_sentinel_is_bounded_and_goes_where_the_master_is(redis_server: RedisServer, url: str) -> None:
    """Its time limits are the library's; the master is asked for."""
    with SentinelServer(redis_server) as watcher:
        sentinel = Sentinel([(HOST, watcher.port)], sentinel_kwargs={"socket_timeout": 1}, socket_timeout=60)
        until(lambda: _discovers(sentinel))
        with sentinel.master_for("jobs") as master, closing(RedisStore(master)) as store:
            assert store.compare_and_set("key", None, "text")
            redis_server.pause()
            began = time.monotonic()
            with pytest.raises(gocron.StoreDown):
                store.load(["key"])
            assert time.monotonic() - began < 2 + 3
            redis_server.resume()
        for each in sentinel.sentinels:
            each.close()


def test_sentinel_that_hangs_is_passed_over(redis_server: RedisServer, url: str) -> None:
    """In the same call, whatever time limits and retries the user's own connections to it have."""
    with SentinelServer(redis_server) as first, SentinelServer(redis_server) as second:
        sentinel = Sentinel([(HOST, first.port), (HOST, second.port)])
        alone = [Sentinel([(HOST, each.port)]) for each in (first, second)]
        for each in alone:
            until(lambda each=each: _discovers(each))
        first.pause()
        with sentinel.master_for("jobs") as master, closing(RedisStore(master)) as store:
            began = time.monotonic()
            assert store.compare_and_set("key", None, "text")
            second.pause()
            redis_server.pause()
            with pytest.raises(gocron.StoreDown):
                store.load(["key"])
            with closing(RedisStore(master)) as unused, pytest.raises(gocron.StoreDown):
                unused.load(["key"])
            assert time.monotonic() - began < 3 * 2 + 3
        for server in first, second, redis_server:
            server.resume()
        for each in sentinel, *alone:
            for watcher in each.sentinels:
                watcher.close()


def _discovers(sentinel: Sentinel) -> bool:
    try:
        return bool(sentinel.discover_master("jobs"))
    except MasterNotFoundError:
        return False


# -- mutex lockers ---------------------------------------------------------------------------------


def test_scripts_are_redsyncs() -> None:
    """To the letter: a server keeps one copy for Go and Python."""
    assert hashlib.sha1(redis_module._RELEASE.encode()).hexdigest() == "e950836ed1e694540c503ef9972b8de518044d3b"
    assert hashlib.sha1(redis_module._EXTEND.encode()).hexdigest() == "d75bb8b5bd13532ddedd17762e772346e39b321e"


def test_key_and_value_are_those_of_go(client: redis.Redis, url: str) -> None:
    """16 bytes in base64 under the prefix and the name as it is."""
    with closing(RedisLocker(url)) as locker, closing(RedisLocker(url, prefix="")) as bare:
        lock = locker.lock(background(), "a job/ü")
        other = bare.lock(background(), "a job/ü")
        value = client.get("gocron:a job/ü")
        assert value is not None
        assert len(base64.b64decode(value, validate=True)) == 16
        assert len(value) == 24
        assert client.get("a job/ü") not in (None, value)
        assert 29_000 <= client.pttl("gocron:a job/ü") <= 30_000
        lock.unlock(background())
        other.unlock(background())
        assert client.keys("*") == []


def test_excludes_until_it_is_released(url: str) -> None:
    """One of two instances has it; of many threads one."""
    with closing(RedisLocker(url)) as one, closing(RedisLocker(url)) as two:
        lock = one.lock(background(), "job")
        with pytest.raises(gocron.TickBusy):
            two.lock(background(), "job")
        lock.unlock(background())
        got: list[object] = []
        barrier = threading.Barrier(16)

        def race(locker: RedisLocker) -> None:
            barrier.wait()
            try:
                got.append(locker.lock(background(), "job"))
            except gocron.TickBusy:
                pass

        threads = [threading.Thread(target=race, args=((one, two)[number % 2],)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 1


def test_is_extended_while_it_is_held(client: redis.Redis, url: str) -> None:
    """Far beyond its time to live; a second unlock does nothing."""
    with closing(RedisLocker(url, ttl=400 * MS)) as locker, closing(RedisLocker(url)) as other:
        lock = locker.lock(background(), "job")
        extended = 0
        last = client.pttl("gocron:job")
        while extended < 6:
            left = client.pttl("gocron:job")
            assert left > 0
            extended += left > last
            last = left
            time.sleep(0.01)
        lock.unlock(background())
        taken = other.lock(background(), "job")
        lock.unlock(background())
        assert client.exists("gocron:job")
        assert lock.lost is None
        taken.unlock(background())


@pytest.mark.parametrize("loss", ["deleted", "another's"])
def test_loss_cancels_the_task_with_the_cause_lock_lost(loss: str, client: redis.Redis, url: str) -> None:
    """And the release leaves alone what is another's now."""
    with closing(RedisLocker(url, ttl=300 * MS)) as locker:
        lock = locker.lock(background(), "job")
        if loss == "deleted":
            client.delete("gocron:job")
        else:
            client.set("gocron:job", "another's", px=60_000)
        assert lock.context.wait(20)
        assert isinstance(gocron.context.cause(lock.context), gocron.LockLost)
        lock.unlock(background())
        assert client.get("gocron:job") == (None if loss == "deleted" else b"another's")


def test_loss_is_an_event_of_the_job(client: redis.Redis, url: str) -> None:
    """``after_lock_error`` hears of it when the run has ended, and the task's own context has the cause."""
    heard: list[Exception] = []
    causes: list[BaseException | None] = []
    begun = threading.Event()

    def task() -> None:
        begun.set()
        context = gocron.current_run().context
        assert context.wait(20)
        causes.append(gocron.context.cause(context))

    locker = RedisLocker(url, ttl=300 * MS)
    with closing(locker), gocron.new_scheduler(gocron.with_distributed_locker(locker)) as scheduler:
        scheduler.new_job(
            gocron.one_time_job(gocron.one_time_job_start_immediately()),
            gocron.new_task(task),
            gocron.with_name("job"),
            gocron.with_event_listeners(gocron.after_lock_error(lambda _id, _name, error: heard.append(error))),
        )
        assert begun.wait(20)
        client.delete("gocron:job")
        until(lambda: heard)
    assert [type(error) for error in (*heard, *causes)] == [gocron.LockLost] * 2


@pytest.mark.parametrize("how", [Fault.REFUSED, Fault.SILENCE])
def test_loss_is_told_before_another_can_have_it(how: Fault, redis_server: RedisServer, url: str) -> None:
    """A holder that cannot reach the server gives up while the lock is its own still: for a sixth of its time.

    Also in the midst of a call that would end after that.
    """
    with (
        Proxy(redis_server.port) as road,
        closing(RedisLocker(f"redis://{HOST}:{road.port}/0", ttl=6000 * MS)) as locker,
    ):
        lock = locker.lock(background(), "job")
        with redis.Redis.from_url(url) as client:
            road.fail(how)
            assert lock.context.wait(20)
            assert client.exists("gocron:job")
        road.heal()


def test_loss_of_many_locks_on_a_slow_server_is_told_in_time(redis_server: RedisServer, url: str) -> None:
    """They are extended one after the other, and the last ones too late: they are given up before."""
    there: list[int] = []
    with (
        Proxy(redis_server.port) as road,
        closing(RedisLocker(f"redis://{HOST}:{road.port}/0", ttl=6000 * MS)) as locker,
        redis.Redis.from_url(url) as client,
    ):
        locks = [locker.lock(background(), f"job {number}") for number in range(20)]
        for lock in locks:
            gocron.context.after_func(lock.context, lambda lock=lock: there.append(client.exists(f"gocron:{lock.key}")))
        road.delay = 0.6
        until(lambda: all(lock.lost or lock.renewed > lock.since for lock in locks))
        road.heal()
        assert 0 < len(there) < 20
        assert set(there) == {1}


def test_lock_at_least_for_is_kept_by_the_server(client: redis.Redis, url: str) -> None:
    """After the unlock for the rest of the time, though nobody holds it."""
    with closing(RedisLocker(url, ttl=timedelta(seconds=30), lock_at_least_for=timedelta(seconds=10))) as locker:
        lock = locker.lock(background(), "job")
        lock.unlock(background())
        assert 5_000 < client.pttl("gocron:job") <= 10_000
        with pytest.raises(gocron.TickBusy):
            locker.lock(background(), "job")


def test_reply_to_set_lost_leaves_no_ghost_lock(redis_server: RedisServer, client: redis.Redis) -> None:
    """The lock is ours and we do not know: it is undone in a moment, not after its time to live."""
    with Proxy(redis_server.port) as road, closing(RedisLocker(f"redis://{HOST}:{road.port}/0")) as locker:
        road.lose_reply(to=lambda data: b"SET" in data)
        with pytest.raises(gocron.StoreDown):
            locker.lock(background(), "job")
        until(lambda: not client.exists("gocron:job"), 10)
        locker.lock(background(), "job").unlock(background())


def test_unlock_that_fails_is_made_up_for(redis_server: RedisServer, client: redis.Redis) -> None:
    """As soon as the server answers again."""
    with Proxy(redis_server.port) as road, closing(RedisLocker(f"redis://{HOST}:{road.port}/0")) as locker:
        lock = locker.lock(background(), "job")
        road.fail(Fault.REFUSED)
        with pytest.raises(gocron.StoreDown):
            lock.unlock(background())
        assert client.exists("gocron:job")
        road.heal()
        until(lambda: not client.exists("gocron:job"), 10)


def test_unlock_that_fails_is_one_line(
    redis_server: RedisServer, client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """That the server is away is foreseen: no traceback."""
    begun, done = threading.Event(), threading.Event()

    def task() -> None:
        begun.set()
        done.wait(20)

    with (
        Proxy(redis_server.port) as road,
        closing(RedisLocker(f"redis://{HOST}:{road.port}/0")) as locker,
        gocron.new_scheduler(gocron.with_distributed_locker(locker)) as scheduler,
    ):
        once = gocron.one_time_job(gocron.one_time_job_start_immediately())
        scheduler.new_job(once, gocron.new_task(task), gocron.with_name("job"))
        assert begun.wait(20)
        road.fail(Fault.REFUSED)
        done.set()
        until(lambda: caplog.records)
        road.heal()
    (record,) = caplog.records
    assert "could not be released" in record.getMessage()
    assert record.exc_info is None
    assert "\n" not in record.getMessage()


def test_forked_child_neither_extends_nor_releases(client: redis.Redis, url: str) -> None:
    """The lock is the parent's; the child can have others."""
    with closing(RedisLocker(url)) as locker:
        lock = locker.lock(background(), "job")
        child = os.fork()
        if child == 0:
            try:
                lock.unlock(background())
                locker.lock(background(), "child").unlock(background())
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert client.exists("gocron:job")
        lock.unlock(background())
        assert not client.exists("gocron:job")


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[RedisServer]]:
    """Five servers that know nothing of each other."""
    servers = [RedisServer() for _ in range(5)]
    with ExitStack() as stack:
        yield [stack.enter_context(server) for server in servers]


@pytest.mark.parametrize(("size", "down"), [(3, 1), (5, 2)])
def test_quorum_goes_on_without_a_minority_and_not_without_a_majority(
    nodes: list[RedisServer], size: int, down: int
) -> None:
    """Of three servers one may be down, of five two; callers do not wait for long; no remains of a failed try."""
    used = nodes[:size]
    for server in used:
        server.mend()
        with redis.Redis.from_url(server.url) as client:
            client.flushall()
    urls = [server.url for server in used]
    with closing(RedisLocker(nodes=urls)) as one, closing(RedisLocker(nodes=urls)) as two:
        for server in used[:down]:
            server.pause()
        began = time.monotonic()
        lock = one.lock(background(), "job")
        with pytest.raises(gocron.TickBusy):
            two.lock(background(), "job")
        assert time.monotonic() - began < 10
        lock.unlock(background())
        two.lock(background(), "job").unlock(background())
        used[down].pause()
        with pytest.raises(gocron.StoreDown):
            one.lock(background(), "other")
        for server in used:
            server.resume()
        for server in used:
            with redis.Redis.from_url(server.url) as client:
                until(lambda client=client: not client.exists("gocron:other"), 20)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"client": "redis://x", "nodes": ["redis://x"]},
        {"nodes": []},
        {"nodes": ["redis://x", "redis://X:6379/3", "redis://y"]},
        {"client": "redis://x/jobs"},
        {"client": "redis://x/0?no_such_option=1"},
        {"client": "redis://x/0?protocol=9"},
        {"client": "redis://x", "ttl": timedelta(0)},
        {"client": "redis://x", "lock_at_least_for": timedelta(minutes=1)},
    ],
)
def test_impossible_lockers_are_refused(wrong: dict[str, Any]) -> None:
    """At the call."""
    with pytest.raises(gocron.ErrInvalidArgument):
        RedisLocker(**wrong)


# -- TLS and access rights -------------------------------------------------------------------------


@pytest.fixture
def tls(redis_server: RedisServer, certificate: tuple[Path, ssl.SSLContext]) -> Iterator[tuple[int, Path]]:
    """The server behind TLS: the port, and the certificate to trust."""
    trusted, context = certificate
    listener = socket.create_server((HOST, 0))
    ends: list[socket.socket] = [listener]

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                inner = context.wrap_socket(plain, server_side=True)
            except OSError:
                plain.close()
                continue
            outer = socket.create_connection((HOST, redis_server.port))
            ends.extend((inner, outer))
            for pair in (inner, outer), (outer, inner):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], trusted
    listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)
    for end in ends:
        end.close()


def test_tls_is_verified(tls: tuple[int, Path]) -> None:
    """Without the certificate, and under another name than it is made out to, nothing is said to the server."""
    port, certificate = tls
    with (
        closing(RedisStore(f"rediss://localhost:{port}/0")) as store,
        pytest.raises(gocron.StoreDown, match="CERTIFICATE"),
    ):
        store.load(["key"])
    other = RedisStore(f"rediss://{HOST}:{port}/0?ssl_ca_certs={certificate}")
    with closing(other) as store, pytest.raises(gocron.StoreDown, match="CERTIFICATE"):
        store.load(["key"])


def test_tls_by_url_and_by_client(tls: tuple[int, Path]) -> None:
    """The certificate's file comes along with the URL or the client."""
    port, certificate = tls
    with redis.Redis(host="localhost", port=port, ssl=True, ssl_ca_certs=str(certificate)) as client:
        for given in client, f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}":
            with closing(RedisStore(given)) as store:
                assert store.load(["key"]).now > 0


# The line of docs/howto/redis.rst.
RIGHTS = "~{gocron}:* ~gocron:* -@all +eval +evalsha +time +hget +hmget +hset +exists +wait +set +get +del +pexpire"


def test_the_rights_that_the_docs_name_are_enough(client: redis.Redis, redis_server: RedisServer) -> None:
    """A user with these and no other rights ticks, locks and is elected."""
    assert RIGHTS in (Path(__file__).parents[2] / "docs/howto/redis.rst").read_text()
    client.execute_command("ACL", "SETUSER", "gocron", "on", ">s3cret", *RIGHTS.split())
    url = f"redis://gocron:s3cret@{HOST}:{redis_server.port}/0"
    try:
        with closing(RedisStore(url)) as store:
            assert store.compare_and_set("job", None, "text")
            assert store.load(["job"]).entries["job"].text == "text"
            with pytest.raises(gocron.StoreDown, match="0 of 1 replicas"):
                RedisStore(url, min_replicas=1).compare_and_set("job 2", None, "text")
        with closing(RedisLocker(url, ttl=300 * MS)) as locker:
            lock = locker.lock(background(), "job")
            assert not lock.context.wait(0.5)
            lock.unlock(background())
        with closing(RedisElector(url)) as elector:
            elector.is_leader(background())
    finally:
        client.execute_command("ACL", "DELUSER", "gocron")


def test_min_replicas_is_not_for_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    """WAIT is a node's: a cluster's client cannot keep that promise."""
    monkeypatch.setattr(redis.RedisCluster, "__init__", lambda self: None)
    with pytest.raises(gocron.ErrInvalidArgument, match="min_replicas"):
        RedisTickLocker(redis.RedisCluster(), min_replicas=1)
