"""What :mod:`benchmarks.stores` measures: a locker's work on a server, and a bare client's beside it.

The bare client is the library that the locker is built on, as a program has it: a connection that is open, the
same number of round trips, of the same kind (reads, writes; on Redis the same scripts) and with records of the same
sizes. It decides nothing, limits no time, encodes nothing.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.claims import claim_one, drive
from gocron_py.context import background
from gocron_py.distributed.claim import end
from gocron_py.distributed.decision import finish
from gocron_py.distributed.elector import CampaigningElector
from gocron_py.distributed.mutex import MutexLocker
from gocron_py.distributed.store import TickStore
from gocron_py.errors import LockError
from gocron_py.instant import Instant

JOBS = 100
JOB = "job7"
_LOCK = "lock + unlock"
_CLAIM = "claim + finish"
_MUTEX = "mutex, lock + unlock"
_ELECTION = "lead + resign"


@dataclass(frozen=True)
class Pair:
    """Two ways to do the same work.

    :ivar trips: to the server, of each.
    :ivar go: what a Go program needs for the same, in seconds, a few times; ``None`` where there is no Go, or no twin.
    """

    store: str
    work: str
    trips: int
    ours: Callable[[], None]
    bare: Callable[[], None]
    go: Callable[[], list[float]] | None = None


def go_calls(stack: ExitStack, kind: str, **settings: object) -> Callable[[], list[float]] | None:
    """The lock, or the election, of that kind in Go, on the same server."""
    from tests.peer.program import GoPeer
    from tests.servers.system import ServerMissing

    try:
        peer = stack.enter_context(GoPeer(kind, name=f"go-{kind}", ttl="15s", **settings))
    except ServerMissing:
        return None
    if kind in ("etcd-election", "lease"):
        peer.ask("resign", "resigned")  # it stands from its start on

    def work() -> list[float]:
        return [micros / 1e6 for micros in peer.ask("time", "times")["micros"]]

    return work


def machine_time() -> Instant:
    """That of stores on this machine."""
    return time.time_ns() // 1000


def claims(store: TickStore, now: Callable[[], Instant] = machine_time) -> Callable[[], None]:
    """Claims a tick and finishes it, of a job that has run for a while beside others."""
    store.load([JOB])  # some learn the time so
    for number in range(JOBS):
        try:
            claim_one(store, f"job{number}", now())  # registers it; the tick itself is too old
        except LockError:
            pass

    def work() -> None:
        drive(store, end(JOB, claim_one(store, JOB, now()), finish))

    for _ in range(70):  # a full window
        work()
    return work


def records(store: TickStore, now: Callable[[], Instant] = machine_time) -> tuple[str, str]:
    """What the store holds of the job while it runs, and afterwards: not of the same length."""
    token = claim_one(store, JOB, now())
    running = store.load([JOB]).entries[JOB].text
    drive(store, end(JOB, token, finish))
    return running, store.load([JOB]).entries[JOB].text


def locks(locker: MutexLocker) -> Callable[[], None]:
    """Locks and unlocks a job."""

    def work() -> None:
        locker.lock(background(), JOB).unlock(background())

    work()
    return work


def elections(elector: CampaigningElector, stand_anew: Callable[[], None]) -> Callable[[], None]:
    """Wins an election that is free, and resigns: what an elector's thread does, over a connection that stays.

    :param stand_anew: forgets the last time.
    """

    def work() -> None:
        stand_anew()
        elector._stand()
        assert elector.leads(), elector.reason()
        elector._follow("it resigns")
        elector._resign()

    work()
    return work


# -- the stores ------------------------------------------------------------------------------------


@contextmanager
def sqlite() -> Iterator[list[Pair]]:
    """The file of :class:`SQLiteTickLocker`, and Python's own module."""
    from gocron_py.distributed.sqlite import SQLiteStore

    with TemporaryDirectory() as name, closing(SQLiteStore(Path(name) / "ours" / "ticks.db")) as store:
        ours, texts = claims(store), records(store)
        with closing(sqlite3.connect(Path(name) / "bare.db", isolation_level=None)) as bare:
            bare.execute("PRAGMA journal_mode = WAL")
            bare.execute("PRAGMA synchronous = FULL")
            bare.execute("CREATE TABLE t (key TEXT PRIMARY KEY, version INTEGER, text TEXT) WITHOUT ROWID")
            bare.executemany("INSERT INTO t VALUES (?, 1, ?)", [(f"job{number}", texts[0]) for number in range(JOBS)])

            def work() -> None:
                for text in texts:
                    bare.execute("SELECT version, text FROM t WHERE key = ?", (JOB,)).fetchall()
                    bare.execute("UPDATE t SET version = version + 1, text = ? WHERE key = ?", (text, JOB))

            yield [Pair("SQLite", _CLAIM, 4, ours, work)]


@contextmanager
def redis() -> Iterator[list[Pair]]:
    """redis-py."""
    from redis import Redis

    from gocron_py.distributed import redis as redis_store
    from gocron_py.distributed.redis import RedisLocker, RedisStore
    from tests.servers.redis import RedisServer
    from tests.servers.system import HOST

    with RedisServer() as server, Redis.from_url(server.url) as bare, ExitStack() as stack:
        store = stack.enter_context(closing(RedisStore(server.url)))
        locker = stack.enter_context(closing(RedisLocker(server.url)))
        ours, texts = claims(store), records(store)
        load, write, release = (
            bare.script_load(each) for each in (redis_store._LOAD, redis_store._COMPARE_AND_SET, redis_store._RELEASE)
        )
        version = ["", "0123456789abcdef"]
        bare.evalsha(write, 1, "bare", "", version[1], texts[0])

        def tick() -> None:
            for text in texts:
                bare.evalsha(load, 1, "bare")
                version.reverse()
                version[1] = f"{time.time_ns():016x}"
                bare.evalsha(write, 1, "bare", version[0], version[1], text)

        def lock() -> None:
            bare.set("lock", "0123456789abcdef01234567", nx=True, px=30_000)
            bare.evalsha(release, 1, "lock", "0123456789abcdef01234567")

        go = go_calls(stack, "redis", address=f"{HOST}:{server.port}")
        yield [Pair("Redis", _LOCK, 2, locks(locker), lock, go), Pair("Redis", _CLAIM, 4, ours, tick)]


@contextmanager
def etcd() -> Iterator[list[Pair]]:
    """python-etcd3."""
    import etcd3  # type: ignore[import-untyped]

    from gocron_py.distributed.etcd import EtcdElector, EtcdLocker, EtcdStore
    from tests.servers.etcd import EtcdServer
    from tests.servers.system import HOST

    with EtcdServer() as server, ExitStack() as stack:
        address = f"{HOST}:{server.port}"
        url = f"etcd://{address}"
        bare = stack.enter_context(closing(etcd3.client(HOST, server.port)))
        store = stack.enter_context(closing(EtcdStore(url)))
        locker = stack.enter_context(closing(EtcdLocker(url)))
        mutex = stack.enter_context(closing(EtcdLocker(url, layout="mutex")))
        elector = stack.enter_context(closing(EtcdElector(url)))
        ours, texts = claims(store), records(store)
        do = bare.transactions

        def tick() -> None:
            for text in texts:
                bare.get("bare")
                bare.transaction([do.mod("none") == 0], [do.put("bare", text)], [])

        def lock() -> None:
            lease = bare.lease(30)
            bare.transaction([do.create("lock") == 0], [do.put("lock", "x" * 40, lease), do.get("lock")], [])
            bare.transaction([do.create("none") == 0], [do.delete("lock")], [])
            lease.revoke()

        def enter(value: str) -> Any:
            lease = bare.lease(15)
            key = f"queue/{lease.id:x}"
            found = [do.get(key), do.get("queue/", "queue0")]
            bare.transaction([do.create(key) == 0], [do.put(key, value, lease), *found], found)
            return lease

        def lock_in_turn() -> None:
            lease = enter("")
            bare.transaction([do.create("none") == 0], [do.delete(f"queue/{lease.id:x}")], [])
            lease.revoke()

        def lead() -> None:
            enter("x" * 40).revoke()

        yield [
            Pair("etcd", _LOCK, 4, locks(locker), lock, go_calls(stack, "etcd-key", address=address)),
            Pair("etcd", _MUTEX, 4, locks(mutex), lock_in_turn, go_calls(stack, "etcd-mutex", address=address)),
            Pair(
                *("etcd", _ELECTION, 3, elections(elector, elector._stand_anew), lead),
                go_calls(stack, "etcd-election", address=address),
            ),
            Pair("etcd", _CLAIM, 4, ours, tick),
        ]


@contextmanager
def kubernetes() -> Iterator[list[Pair]]:
    """The client of Kubernetes, with plain dictionaries."""
    from kubernetes.client import ApiClient, Configuration, CustomObjectsApi

    from gocron_py.distributed.kubernetes import KubernetesElector, KubernetesStore
    from tests.servers.kube import KubeServer

    leases = ("coordination.k8s.io", "v1", "default", "leases")
    with KubeServer() as server, ExitStack() as stack:
        configuration = Configuration(host=server.url, ssl_ca_cert=str(server.ca_file))
        configuration.api_key = {"authorization": f"Bearer {server.token}"}
        client = stack.enter_context(ApiClient(configuration))
        store = stack.enter_context(closing(KubernetesStore(client, namespace="default")))
        elector = stack.enter_context(closing(KubernetesElector(client, namespace="default")))
        now = store._api.clock.now  # to the second, from its answers
        ours, texts = claims(store, now), records(store, now)
        bare = CustomObjectsApi(client)
        metadata = {"name": "bare", "annotations": {"text": texts[0]}}
        kind = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
        bare.create_namespaced_custom_object(*leases, {**kind, "metadata": metadata, "spec": {}})

        def tick() -> None:
            for text in texts:
                lease: Any = bare.get_namespaced_custom_object(*leases, "bare")
                # What changes nothing is not written.
                lease["metadata"]["annotations"]["text"] = text + str(time.time_ns())
                bare.replace_namespaced_custom_object(*leases, "bare", lease)

        bare.create_namespaced_custom_object(*leases, {**kind, "metadata": {"name": "lead"}, "spec": {}})

        def lead() -> None:
            for holder in (f"{time.time_ns():040}", ""):
                lease: Any = bare.get_namespaced_custom_object(*leases, "lead")
                now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
                times = {"acquireTime": now, "renewTime": now, "leaseDurationSeconds": 15, "leaseTransitions": 1}
                lease["spec"] = {**times, "holderIdentity": holder}
                bare.replace_namespaced_custom_object(*leases, "lead", lease)

        go = go_calls(stack, "lease", address=server.url, token=server.token, ca=server.ca_file)
        yield [  # claims first: the store's idea of the time must not have grown old
            Pair("Kubernetes", _CLAIM, 4, ours, tick),
            Pair("Kubernetes", _ELECTION, 4, elections(elector, elector._start_over), lead, go),
        ]


@contextmanager
def postgresql() -> Iterator[list[Pair]]:
    """SQLAlchemy on psycopg."""
    from tests.servers.postgres import PostgresServer

    with PostgresServer() as server, _sql("PostgreSQL", server.url) as pairs:
        yield pairs


@contextmanager
def mariadb() -> Iterator[list[Pair]]:
    """SQLAlchemy on PyMySQL."""
    from tests.servers.mariadb import MariaDBServer

    with MariaDBServer() as server, _sql("MariaDB", server.url) as pairs:
        yield pairs


@contextmanager
def _sql(name: str, url: str) -> Iterator[list[Pair]]:
    import sqlalchemy as sa

    from gocron_py.distributed.sql import SQLLocker, SQLStore

    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with ExitStack() as stack:
        store = stack.enter_context(closing(SQLStore(url)))
        locker = stack.enter_context(closing(SQLLocker(url)))
        ours, texts = claims(store), records(store)
        bare = stack.enter_context(engine.connect())
        size = len(texts[0])
        table = sa.Table(
            "bare",
            sa.MetaData(),
            sa.Column("id", sa.String(64), primary_key=True),
            sa.Column("version", sa.String(64)),
            sa.Column("record", sa.Text),
        )
        table.create(bare)
        bare.execute(table.insert(), [{"id": f"{n:064}", "version": "1", "record": "x" * size} for n in range(JOBS)])
        key, version = f"{7:064}", "0123456789ab.1234.0123456789ab"
        read = sa.select(table).where(table.c.id == sa.bindparam("key"))
        is_it = table.c.id == sa.bindparam("key")
        write = table.update().where(is_it).values(version=sa.bindparam("new"), record=sa.bindparam("text"))
        mark = table.update().where(is_it).values(version=sa.bindparam("new"))

        def tick() -> None:
            for text in texts:
                bare.execute(read, {"key": key}).all()
                bare.execute(write, {"key": key, "new": f"{time.time_ns()}", "text": text})

        def lock() -> None:
            for _ in range(2):
                bare.execute(mark, {"key": key, "new": f"{version}{time.time_ns()}"})

        yield [Pair(name, _LOCK, 2, locks(locker), lock), Pair(name, _CLAIM, 4, ours, tick)]


STORES = {each.__name__: each for each in (sqlite, redis, etcd, kubernetes, postgresql, mariadb)}
