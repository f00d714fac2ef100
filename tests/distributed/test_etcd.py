"""Ticks and locks on a real etcd."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Any

import etcd3  # type: ignore[import-untyped]
import pytest

import gocron_py as gocron
from gocron_py.context import background, cause
from gocron_py.demo.instance import SkewedClock
from gocron_py.distributed import etcd_client
from gocron_py.distributed.decision import decode
from gocron_py.distributed.etcd import EtcdLocker, EtcdStore, EtcdTickLocker
from gocron_py.distributed.etcd_client import parsed
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.store import TickStore
from gocron_py.testing.store_kit import StoreKit
from tests.servers.etcd import EtcdServer
from tests.servers.system import HOST, freeze

SECOND = timedelta(seconds=1)


@pytest.fixture(params=["etcd_server", pytest.param("newest_etcd_server", marks=pytest.mark.slow)])
def server(request: pytest.FixtureRequest) -> EtcdServer:
    """That of the wheel, and that of today."""
    server: EtcdServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def url(server: EtcdServer) -> str:
    return f"etcd://{HOST}:{server.port}"


@pytest.fixture
def prefix() -> str:
    """No other test's."""
    return f"/{secrets.token_hex(8)}/"


@pytest.fixture
def bare(server: EtcdServer) -> Iterator[Any]:
    """A client as its users have it."""
    client = etcd3.client(HOST, server.port, timeout=10)
    yield client
    client.close()


def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never became so"
        time.sleep(0.01)


class TestEtcdStore(StoreKit):
    """The kit, on etcd."""

    examples = 8
    outlives = 20.0  # the lease, and what the server takes until it notices

    @pytest.fixture
    def open_store(self, url: str, prefix: str) -> Callable[[], TickStore]:
        return partial(EtcdStore, url, prefix=prefix, lease=2 * SECOND)


@pytest.mark.parametrize("at_once", [True, False])
def test_many_records_are_read(url: str, prefix: str, at_once: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one transaction, or one by one from an etcd that such a transaction may end: the same is found."""
    monkeypatch.setattr(etcd_client, "_SURVIVES_READS", (3, 0, 0) if at_once else (99, 0, 0))
    with closing(EtcdStore(url, prefix=prefix)) as store:
        keys = [f"job{number}" for number in range(230)]
        for key in keys[::2]:
            assert store.compare_and_set(key, None, f"record of {key}")
        for some in (keys, keys[:100], keys[100:102], keys[:1], keys[1:2]):
            found = store.load(some).entries
            assert {key: entry.text for key, entry in found.items()} == {
                key: f"record of {key}" for key in some if key in keys[::2]
            }
        assert store.is_alive(store.owner())


# -- locks -----------------------------------------------------------------------------------------

LAYOUTS = pytest.mark.parametrize("layout", ["key", "mutex"])


class Rooms:
    """Lockers of one prefix, closed at the end."""

    def __init__(self, url: str, prefix: str) -> None:
        self.url = url
        self.prefix = prefix
        self.lockers: list[EtcdLocker] = []

    def locker(self, layout: Any, url: str | None = None, **options: Any) -> EtcdLocker:
        self.lockers.append(EtcdLocker(url or self.url, layout=layout, prefix=self.prefix, **options))
        return self.lockers[-1]


@pytest.fixture
def rooms(url: str, prefix: str) -> Iterator[Rooms]:
    rooms = Rooms(url, prefix)
    yield rooms
    for locker in rooms.lockers:
        locker.close()


def keys_below(bare: Any, prefix: str) -> list[tuple[str, bytes]]:
    return [(found.key.decode("utf-8", "surrogatepass"), value) for value, found in bare.get_prefix(prefix)]


@LAYOUTS
def test_one_holds_the_lock_until_it_is_released(rooms: Rooms, layout: str) -> None:
    """Another is refused meanwhile, at once, and gets it afterwards; other names are free."""
    first, second = rooms.locker(layout), rooms.locker(layout)
    lock = first.lock(background(), "job")
    for locker in (first, second):
        with pytest.raises(gocron.TickBusy):
            locker.lock(background(), "job")
    second.lock(background(), "other").unlock(background())
    lock.unlock(background())
    assert lock.lost is None
    second.lock(background(), "job").unlock(background())


@LAYOUTS
def test_nothing_is_left_in_etcd_after_a_release_or_a_refusal(
    rooms: Rooms, bare: Any, prefix: str, layout: str, server: EtcdServer
) -> None:
    """No key, and no lease that would have to run out."""
    leases = leases_of(server)
    lock = rooms.locker(layout).lock(background(), "job")
    with pytest.raises(gocron.TickBusy):
        rooms.locker(layout).lock(background(), "job")
    assert len(leases_of(server) - leases) == 1
    lock.unlock(background())
    assert keys_below(bare, prefix) == []
    assert leases_of(server) <= leases


def leases_of(server: EtcdServer) -> set[str]:
    """python-etcd3 has no call for that."""
    return {lease["ID"] for lease in server._ask("POST", "/v3/lease/leases").get("leases", ())}


def test_layout_key_is_that_of_the_guide(rooms: Rooms, bare: Any, prefix: str) -> None:
    """The key itself, with the name as it is, on a lease; and who makes it by hand holds the lock."""
    for name in ("nightly report", "a/b", "100 % jöb"):
        lock = rooms.locker("key").lock(background(), name)
        ((key, _),) = keys_below(bare, prefix)
        assert key == prefix + name
        assert bare.get(key)[1].lease_id
        lock.unlock(background())
    made, _ = bare.transaction(
        [bare.transactions.create(f"{prefix}job") == 0], [bare.transactions.put(f"{prefix}job", "Go")], []
    )
    assert made
    with pytest.raises(gocron.TickBusy):
        rooms.locker("key").lock(background(), "job")


def test_layout_mutex_is_that_of_clientv3(rooms: Rooms, bare: Any, prefix: str) -> None:
    """A key of the name and the lease in hexadecimal digits, without a value; the oldest one holds."""
    lock = rooms.locker("mutex").lock(background(), "job")
    ((key, value),) = keys_below(bare, prefix)
    assert (key, value) == (f"{prefix}job/{bare.get(key)[1].lease_id:x}", b"")
    lock.unlock(background())
    bare.put(f"{prefix}job/694d7c1d3a4f0c01", "")
    with pytest.raises(gocron.TickBusy):
        rooms.locker("mutex").lock(background(), "job")
    # It waits for nobody, and leaves no key for others to wait for.
    assert keys_below(bare, prefix) == [(f"{prefix}job/694d7c1d3a4f0c01", b"")]


@LAYOUTS
@pytest.mark.parametrize(
    "names", [("a", "a/b"), ("a", "a/694d"), ("", "/"), ("job", "JOB"), ("\ud800", "\ud801"), ("x", "x" * 5000)]
)
def test_names_are_not_mistaken_for_each_other(rooms: Rooms, layout: str, names: tuple[str, str]) -> None:
    """Both are locked at one time, and each excludes itself."""
    locker = rooms.locker(layout)
    for pair in (names, names[::-1]):
        locks = [locker.lock(background(), name) for name in pair]
        for name in names:
            with pytest.raises(gocron.TickBusy):
                rooms.locker(layout).lock(background(), name)
        for lock in locks:
            lock.unlock(background())


@pytest.mark.slow
def test_a_lock_is_kept_alive_beyond_its_time_to_live(rooms: Rooms) -> None:
    """For as long as the task runs."""
    layouts = ("key", "mutex")
    locks = [rooms.locker(layout, ttl=SECOND).lock(background(), layout) for layout in layouts]
    others = [rooms.locker(layout) for layout in layouts]
    end = time.monotonic() + 4  # etcd makes 2 of 1
    while time.monotonic() < end:
        for layout, other in zip(layouts, others, strict=True):
            with pytest.raises(gocron.TickBusy):
                other.lock(background(), layout)
        time.sleep(0.1)
    for lock in locks:
        assert lock.lost is None
        lock.unlock(background())


@LAYOUTS
def test_the_task_hears_of_it_when_the_key_is_deleted_under_it(
    rooms: Rooms, bare: Any, prefix: str, layout: str
) -> None:
    """Its context ends with LockLost as the cause; so at the release."""
    lock = rooms.locker(layout, ttl=SECOND).lock(background(), "job")
    bare.delete_prefix(prefix)
    until(lambda: lock.lost is not None)
    assert isinstance(cause(lock.context), gocron.LockLost)
    lock = rooms.locker(layout).lock(background(), "job")
    bare.delete_prefix(prefix)
    lock.unlock(background())
    assert isinstance(lock.lost, gocron.LockLost)


@LAYOUTS
def test_a_late_release_leaves_the_lock_of_the_next_one_alone(
    rooms: Rooms, bare: Any, prefix: str, layout: str
) -> None:
    """The key is there again, and is another's."""
    lock = rooms.locker(layout).lock(background(), "job")
    bare.delete_prefix(prefix)
    second = rooms.locker(layout).lock(background(), "job")
    lock.unlock(background())
    with pytest.raises(gocron.TickBusy):
        rooms.locker(layout).lock(background(), "job")
    second.unlock(background())
    assert second.lost is None


@LAYOUTS
def test_a_lock_is_held_for_some_time_at_least(rooms: Rooms, bare: Any, prefix: str, layout: str) -> None:
    """By the server: the key moves to a lease that ends by then, and the locker may be closed."""
    locker = rooms.locker(layout, lock_at_least_for=10 * SECOND)
    lock = locker.lock(background(), "job")
    lock.unlock(background())
    locker.close()
    assert lock.lost is None
    with pytest.raises(gocron.TickBusy):
        rooms.locker(layout).lock(background(), "job")
    ((key, _),) = keys_below(bare, prefix)
    assert 8 <= bare.get_lease_info(bare.get(key)[1].lease_id).TTL <= 10
    assert lock.context.done()


@LAYOUTS
def test_many_threads_and_lockers_never_hold_it_together(rooms: Rooms, layout: str) -> None:
    """And each of them gets it."""
    holders, counts = 0, [0] * 6

    def work(number: int, locker: EtcdLocker) -> None:
        nonlocal holders
        while counts[number] < 5:
            try:
                lock = locker.lock(background(), "job")
            except gocron.TickBusy:
                time.sleep(0.002)
                continue
            holders += 1
            assert holders == 1
            counts[number] += 1
            holders -= 1
            lock.unlock(background())
            time.sleep(0.02)

    lockers = [rooms.locker(layout) for _ in range(2)]
    threads = [threading.Thread(target=work, args=(number, lockers[number % 2])) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert counts == [5] * 6


_HOLDER = """
import sys
from datetime import timedelta
from gocron_py.context import background
from gocron_py.distributed.etcd import EtcdLocker
locker = EtcdLocker(sys.argv[1], layout=sys.argv[2], prefix=sys.argv[3], ttl=timedelta(seconds=2))
lock = locker.lock(background(), "job")
print("held", flush=True)
lock.context.wait(60)
print("lost" if lock.lost else "kept", flush=True)
"""


@pytest.fixture
def holder(url: str, prefix: str) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts processes that hold the lock of the name "job" in a layout, with a time to live of 2 s."""
    made: list[subprocess.Popen[str]] = []

    def start(layout: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _HOLDER, url, layout, prefix]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        made.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in made:
        process.kill()
        process.communicate()


def gets_it(locker: EtcdLocker) -> bool:
    try:
        locker.lock(background(), "job").unlock(background())
    except gocron.TickBusy:
        return False
    return True


@pytest.mark.slow
def test_71_a_holder_that_is_killed_frees_the_lock_when_its_lease_is_over(
    rooms: Rooms, holder: Callable[[str], subprocess.Popen[str]]
) -> None:
    """Not before: nobody knows that it is dead."""
    for process in [holder(layout) for layout in ("key", "mutex")]:
        process.kill()
    lockers = [rooms.locker(layout) for layout in ("key", "mutex")]
    assert [gets_it(locker) for locker in lockers] == [False, False]
    for locker in lockers:
        until(partial(gets_it, locker))


@pytest.mark.slow
def test_71_a_holder_that_was_stopped_past_its_lease_hears_that_the_lock_is_lost(
    rooms: Rooms, holder: Callable[[str], subprocess.Popen[str]]
) -> None:
    """As soon as it goes on; another one has had it meanwhile."""
    processes = {layout: holder(layout) for layout in ("key", "mutex")}
    freeze(*(process.pid for process in processes.values()))
    for layout, process in processes.items():
        until(partial(gets_it, rooms.locker(layout)))
        process.send_signal(signal.SIGCONT)
        assert process.stdout is not None
        assert process.stdout.readline() == "lost\n"


# -- clients ---------------------------------------------------------------------------------------


def test_a_client_of_the_users_own_is_taken(server: EtcdServer, prefix: str, bare: Any) -> None:
    """Its addresses are; calls go over connections with time limits, and it stays open."""
    several = etcd3.MultiEndpointEtcd3Client([etcd3.Endpoint(HOST, server.port, secure=False)])
    for client in (bare, several):
        store = EtcdStore(client, prefix=prefix)
        store.load(["a"])
        store.close()
        assert client.get("a") == (None, None)
    several.close()


@pytest.mark.parametrize(
    "client",
    [
        None,
        5,
        "",
        "localhost:2379",
        "ftp://localhost:2379",
        "etcd://",
        "etcd://:2379",
        "etcd://localhost:x",
        "etcd://localhost:2379/path",
        "etcd://localhost,",
        "etcd://one:2379, two:2379",
        "etcd://localhost?ca=file",
        "etcds://localhost?verify=no",
        "etcds://localhost?ca=/nowhere/ca.pem",
        "etcds://localhost?cert=/nowhere/cert.pem",
        "etcd://user@localhost",
        "etcd://user:@localhost",
    ],
)
@pytest.mark.parametrize("kind", [EtcdStore, EtcdLocker, EtcdTickLocker])
def test_what_is_no_client_is_refused_at_once(kind: Callable[[object], object], client: object) -> None:
    """And no URL that would do less than it says."""
    with pytest.raises(gocron.ErrInvalidArgument):
        kind(client)


def test_members_and_users_are_in_a_url() -> None:
    """With the port of etcd where none is named, and the password as it was meant."""
    members, user = parsed("etcd://ann:p%40ss%2Fword@one,two:1234,[::1]:5")
    assert [(member.host, member.port, member.credentials) for member in members] == [
        ("one", 2379, None),
        ("two", 1234, None),
        ("[::1]", 5, None),
    ]
    assert user is not None
    assert (user.name, user.password) == ("ann", "p@ss/word")
    assert "p@ss" not in repr(user)
    for secure in (False, True):
        for scheme in ("etcd", "http"):
            (member,), _ = parsed(f"{scheme}{'s' * secure}://one:1")
            assert (member.credentials is not None) is secure


class TLSEtcd(EtcdServer):
    """Knows only clients with a certificate of its authority."""

    def prepare(self) -> None:
        self.openssl("ca")
        self.openssl("other")
        self.openssl("me", "-CA", "ca.pem", "-CAkey", "ca-key.pem")

    def openssl(self, name: str, *signed: str) -> None:
        subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:{HOST}"]
        self.run(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            *subject,
            *signed,
            "-keyout",
            f"{name}-key.pem",
            "-out",
            f"{name}.pem",
        )

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    def command(self) -> list[str]:
        return [
            *super().command(),
            "--cert-file=me.pem",
            "--key-file=me-key.pem",
            "--client-cert-auth",
            "--trusted-ca-file=ca.pem",
        ]

    def ping(self) -> None:
        store = EtcdStore(self.with_files("ca"))
        try:
            store.load(["a"])
        finally:
            store.close()

    def with_files(self, ca: str) -> str:
        files = {"ca": f"{ca}.pem", "cert": "me.pem", "key": "me-key.pem"}
        return f"etcds://{HOST}:{self.port}?" + "&".join(f"{name}={self.home / file}" for name, file in files.items())


@pytest.mark.slow
def test_tls_is_verified_both_ways(prefix: str) -> None:
    """Another authority, none but the system's, no certificate, or no TLS at all: no answer."""
    with TLSEtcd() as server:
        locker = EtcdLocker(server.with_files("ca"), prefix=prefix)
        locker.lock(background(), "job").unlock(background())
        locker.close()
        me = server.with_files("ca")
        for url in (
            server.with_files("other"),
            me.replace(f"ca={server.home / 'ca.pem'}&", ""),
            me.partition("&")[0],
            f"etcd://{HOST}:{server.port}",
        ):
            store = EtcdStore(url, prefix=prefix)
            with pytest.raises(gocron.StoreDown):
                store.load(["job"])
            store.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"ttl": timedelta(milliseconds=900)},
        {"ttl": 5},
        {"layout": "lock"},
        {"prefix": b"x"},
        {"lock_at_least_for": timedelta(minutes=1)},
    ],
)
def test_wrong_arguments_of_a_locker(wrong: dict[str, Any]) -> None:
    """Refused where they are given."""
    with pytest.raises(gocron.ErrInvalidArgument):
        EtcdLocker("etcd://localhost", **wrong)


def test_a_url_with_a_path_is_told_where_that_is_said() -> None:
    """As for Redis, where it is the number of a database, or for a proxy's users."""
    with pytest.raises(gocron.ErrInvalidArgument, match="has no path: where keys begin is said with prefix="):
        EtcdLocker("etcd://localhost/gocron")


@pytest.mark.parametrize("wrong", [{"lease": timedelta(0)}, {"lease": 5}, {"prefix": None}, {"clock": time}])
def test_wrong_arguments_of_a_store(wrong: dict[str, Any]) -> None:
    """Refused where they are given."""
    with pytest.raises(gocron.ErrInvalidArgument):
        EtcdStore("etcd://localhost", **wrong)


# -- who lives -------------------------------------------------------------------------------------


def test_a_look_at_many_jobs_tells_who_holds_them(url: str, prefix: str) -> None:
    """No call for each of them; one whose instance has gone away is asked about."""
    stores = [EtcdStore(url, prefix=prefix) for _ in range(2)]
    owner = stores[1].owner()
    stores[0].load(["a", "b"])
    asked: list[object] = []
    client = stores[0]._client
    attempt = client._try
    client._try = lambda work: (asked.append(work), attempt(work))[1]  # type: ignore[method-assign]
    assert stores[0].is_alive(owner)
    assert asked == []
    stores[1].close()
    stores[0].load(["a", "b"])
    assert not stores[0].is_alive(owner)
    assert len(asked) == 2
    stores[0].close()


def test_a_forked_child_is_another_instance(url: str, prefix: str) -> None:
    """With connections of its own; and the parent stays who it is."""
    store = EtcdStore(url, prefix=prefix)
    locker = TickLocker(store)
    owner = store.owner()
    child = os.fork()
    if child == 0:
        try:
            is_other = store.owner() != owner and store.is_alive(store.owner()) and store.is_alive(owner)
            os._exit(0 if is_other and not store.holds(owner) else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.owner() == owner
    assert store.is_alive(owner)
    locker.close()


# -- what time it is -------------------------------------------------------------------------------

HOUR = 3600 * 10**6


@pytest.fixture
def on_machines(url: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, int], EtcdStore]]:
    """Opens stores as instances on machines, by their names, whose clocks are ahead; they are enrolled."""
    made: list[EtcdStore] = []

    def store(machine: str, ahead: int) -> EtcdStore:
        monkeypatch.setattr("gocron_py.distributed.etcd_store._machine", lambda: machine)
        made.append(EtcdStore(url, prefix=prefix, clock=SkewedClock(ahead)))
        made[-1].load([])
        made[-1].owner()
        return made[-1]

    yield store
    for each in made:
        each.close()


def ahead(store: EtcdStore) -> float:
    """In seconds."""
    return (store.load([]).now - time.time_ns() / 1000) / 10**6


def test_clocks_that_differ_by_seconds_are_left_alone(on_machines: Callable[[str, int], EtcdStore]) -> None:
    """No tick waits for the slowest of them."""
    stores = {by: on_machines(f"machine {by}".replace(" ", "-"), by * 10**6) for by in (0, 5, -5)}
    for by, store in stores.items():
        store._look_around(())
        assert by - 1 < ahead(store) < by + 1


def test_a_clock_that_is_an_hour_ahead_of_all_other_machines_is_held_back(
    on_machines: Callable[[str, int], EtcdStore],
) -> None:
    """To their time, the tolerance and what is not known of it; also if several on that machine agree."""
    good, worse = on_machines("a", 0), [on_machines("b", HOUR) for _ in range(2)]
    for store in worse:
        assert 29 < ahead(store) < 30 + 30 + 5
        store._look_around(())
    good._look_around(())
    assert -1 < ahead(good) < 1
    good.close()
    worse[0]._look_around(())
    assert 3590 < ahead(worse[0])  # nobody is there to tell


def test_a_tick_of_a_clock_that_is_an_hour_ahead_is_early(on_machines: Callable[[str, int], EtcdStore]) -> None:
    """It does not become the floor, nor is it in the way of the others' ticks."""
    good, wrong = on_machines("a", 0), on_machines("b", HOUR)
    locker = TickLocker(wrong)
    errors: list[Exception] = []
    scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker), gocron.with_clock(SkewedClock(HOUR)))
    scheduler.new_job(
        gocron.duration_job(timedelta(milliseconds=200)),
        gocron.new_task(lambda: None),
        gocron.with_name("job"),
        gocron.with_event_listeners(gocron.after_lock_error(lambda job_id, name, error: errors.append(error))),
    )
    scheduler.start()
    until(lambda: bool(errors))
    record = decode(good.load(["job"]).entries["job"].text, "job")
    scheduler.shutdown()
    locker.close()
    assert isinstance(errors[0], gocron.TickEarly)
    assert record.seen == ()
    assert record.floor < good.load([]).now + 70 * 10**6
