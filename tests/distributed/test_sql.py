"""The kit, locks and elections, and what is a database's own, on PostgreSQL, MariaDB and SQLite."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sql_places import Place
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.pool import AssertionPool, NullPool, QueuePool, SingletonThreadPool, StaticPool

import gocron_py as gocron
from gocron_py.context import background
from gocron_py.distributed import sql_lines
from gocron_py.distributed.sql import SQLLocker, SQLStore, SQLTickLocker, tables_as_sql
from gocron_py.distributed.store import TickStore
from gocron_py.testing.store_kit import StoreKit
from tests.servers.system import freeze

pytestmark = pytest.mark.slow

MS = timedelta(milliseconds=1)


def until(is_so: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never became so"
        time.sleep(0.005)


class TestPostgreSQL(StoreKit):
    examples = 4

    @pytest.fixture
    def open_store(self, postgres_server: Any) -> Callable[[], TickStore]:
        return partial(SQLStore, Place(postgres_server).url)


class TestMariaDB(StoreKit):
    examples = 4

    @pytest.fixture
    def open_store(self, mariadb_server: Any) -> Callable[[], TickStore]:
        return partial(SQLStore, Place(mariadb_server).url)


class TestSQLite(StoreKit):
    examples = 4

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], TickStore]:
        return partial(SQLStore, f"sqlite:///{tmp_path / 'ticks.db'}")


@pytest.fixture(params=["postgres", "mariadb", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'jobs.db'}"
    return Place(request.getfixturevalue(f"{request.param}_server")).url


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def rows(url: str, table: str) -> list[Any]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return list(connection.execute(sqlalchemy.text(f"SELECT * FROM {table}")).mappings())


# -- the mutex locker ------------------------------------------------------------------------------


def test_one_holds_the_lock_and_the_next_gets_it_when_it_is_released(url: str, stack: ExitStack) -> None:
    """A row per job, whatever its name."""
    one, two = (stack.enter_context(closing(SQLLocker(url))) for _ in range(2))
    for name in "job", "JOB", "job ", "jöb", "a\0b", "\ud800", "x" * 10_000:
        lock = one.lock(background(), name)
        with pytest.raises(gocron.TickBusy):
            two.lock(background(), name)
        lock.unlock(background())
        two.lock(background(), name).unlock(background())
    assert len(rows(url, "gocron_locks")) == 7


def unreachable(*_: object) -> bool:
    raise gocron.StoreDown


def test_lock_of_a_holder_that_is_gone_ends_with_its_time_to_live(
    url: str, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the database's clock; and the late release of the old holder leaves the new one's alone."""
    one, two = (stack.enter_context(closing(SQLLocker(url, ttl=400 * MS))) for _ in range(2))
    monkeypatch.setattr(one, "_extend", unreachable)
    lock = one.lock(background(), "job")
    until(lambda: gets(two, "job"))
    lock.unlock(background())
    assert lock.lost is not None
    with pytest.raises(gocron.TickBusy):
        one.lock(background(), "job")


def gets(locker: SQLLocker, name: str) -> bool:
    try:
        locker.lock(background(), name)
    except gocron.TickBusy:
        return False
    return True


def test_lock_is_extended_while_it_is_held(url: str, stack: ExitStack) -> None:
    """For longer than its time to live."""
    one, two = (stack.enter_context(closing(SQLLocker(url, ttl=600 * MS))) for _ in range(2))
    lock = one.lock(background(), "job")
    first = rows(url, "gocron_locks")[0]["expires"]
    until(lambda: rows(url, "gocron_locks")[0]["expires"] > first + 900_000)
    with pytest.raises(gocron.TickBusy):
        two.lock(background(), "job")
    assert lock.lost is None
    lock.unlock(background())


def test_lost_lock_cancels_the_task(url: str, stack: ExitStack) -> None:
    """Somebody has taken it away."""
    locker = stack.enter_context(closing(SQLLocker(url, ttl=300 * MS)))
    lock = locker.lock(background(), "job")
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE gocron_locks SET token = 'theirs'"))
    assert lock.context.wait(20)
    assert isinstance(lock.context.cause(), gocron.LockLost)
    lock.unlock(background())


def test_lock_at_least_for_outlives_a_short_job(url: str, stack: ExitStack) -> None:
    """The database keeps it; nobody waits."""
    one, two = (stack.enter_context(closing(SQLLocker(url, lock_at_least_for=1500 * MS))) for _ in range(2))
    two.lock(background(), "another job").unlock(background())  # it is connected, and there is a table
    began = time.monotonic()
    one.lock(background(), "job").unlock(background())
    with pytest.raises(gocron.TickBusy):
        two.lock(background(), "job")
    until(lambda: gets(two, "job"))
    assert time.monotonic() - began >= 1.45


def test_many_ask_for_one_lock_and_one_has_it_at_a_time(url: str, stack: ExitStack) -> None:
    """Also at the very first time, when there is no row, and no table."""
    lockers = [stack.enter_context(closing(SQLLocker(url))) for _ in range(6)]
    holders: list[int] = []
    most: list[int] = []
    start = threading.Barrier(len(lockers))

    def contend(locker: SQLLocker) -> None:
        start.wait()
        for _ in range(10):
            try:
                lock = locker.lock(background(), "job")
            except gocron.TickBusy:
                continue
            holders.append(1)
            most.append(len(holders))
            holders.pop()
            lock.unlock(background())

    threads = [threading.Thread(target=contend, args=(locker,)) for locker in lockers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    assert set(most) == {1}


# -- engines ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("pool", [NullPool, QueuePool, StaticPool, AssertionPool])
def test_engine_of_any_pool_is_left_alone(pool: type[Any], url: str, stack: ExitStack) -> None:
    """Its way to connect is used, with its events; the store's connections are not its, and it stays open."""
    if pool is SingletonThreadPool and not url.startswith("sqlite"):
        return
    engine = create_engine(url, poolclass=pool)
    connected: list[object] = []
    event.listen(engine, "connect", lambda driver, record: connected.append(driver))
    with closing(SQLStore(engine)) as store, ExitStack() as threads:
        barrier = threading.Barrier(4)

        def work(number: int) -> None:
            barrier.wait()
            key = f"job{number}"
            try:
                assert store.compare_and_set(key, None, "text")
            except gocron.StoreDown:  # several connections at once may take too long on a busy machine
                until(lambda: is_written(store, key))

        workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for worker in workers:
            worker.start()
            threads.callback(worker.join, 20)
    assert connected
    before = len(connected)
    with closing(SQLStore(engine)) as store:
        assert len(store.load([f"job{number}" for number in range(4)]).entries) == 4
    assert len(connected) == before + 1
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT count(*) FROM gocron_ticks")).scalar_one() == 4
    engine.dispose()


def is_written(store: SQLStore, key: str) -> bool:
    """Now, or by a call whose answer did not come."""
    try:
        return store.compare_and_set(key, None, "text") or key in store.load([key]).entries
    except gocron.StoreDown:
        return False


def test_arguments_and_do_connect_of_an_engine_count(postgres_server: Any) -> None:
    """A token that is made for each connection, say."""
    url = Place(postgres_server).url
    engine = create_engine(url, connect_args={"application_name": "shop"})
    tokens: list[str] = []

    @event.listens_for(engine, "do_connect")
    def give_token(dialect: object, record: object, arguments: object, options: dict[str, Any]) -> None:
        tokens.append("t")
        options["password"] = "token"

    with closing(SQLStore(engine)) as store:
        names = store._database.read(lambda line: line.connection.exec_driver_sql("SHOW application_name").scalar_one())
        limit = store._database.read(
            lambda line: line.connection.exec_driver_sql("SHOW statement_timeout").scalar_one()
        )
    assert ("shop", "1500ms", ["t"]) == (names, limit, tokens)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "0"
    engine.dispose()


def test_commits_that_a_crash_forgets_are_switched_on(postgres_server: Any) -> None:
    """On the store's own connections only."""
    engine = create_engine(Place(postgres_server).url, connect_args={"options": "-c synchronous_commit=off"})
    with closing(SQLStore(engine)) as store:
        setting = store._database.read(
            lambda line: line.connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
        )
    assert setting == "on"


@pytest.mark.parametrize("zone", ["+09:00", "-11:00"])
def test_time_does_not_depend_on_the_sessions_zone(zone: str, url: str) -> None:
    """And is the machine's, as the servers are on it."""
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def elsewhere(driver: Any, record: object) -> None:
        if not url.startswith("sqlite"):
            cursor = driver.cursor()
            cursor.execute(f"SET {'TIME ZONE' if url.startswith('post') else 'time_zone ='} '{zone}'")
            cursor.close()
            driver.commit()

    with closing(SQLStore(engine)) as store:
        assert abs(store.load([]).now - time.time_ns() // 1000) < 5_000_000
    engine.dispose()


def test_what_is_no_database_is_refused_at_once(tmp_path: Path) -> None:
    """With a word about what is wanted."""
    for wrong in (None, 1, object(), "", "nothing", "sqlite://", "sqlite:///:memory:", "redis://localhost"):
        with pytest.raises(gocron.ErrInvalidArgument):
            SQLTickLocker(wrong)
    with pytest.raises(gocron.ErrInvalidArgument, match="memory"):
        SQLStore(create_engine("sqlite://"))
    with pytest.raises(gocron.ErrInvalidArgument, match="asynchronous"):
        SQLStore(create_engine("postgresql+psycopg_async://host/db", poolclass=NullPool))
    with pytest.raises(gocron.ErrInvalidArgument, match="not installed"):
        SQLStore("postgresql+pg8000://host/db")
    with pytest.raises(gocron.ErrInvalidArgument, match="does not know the driver"):
        SQLStore("postgresql+none://host/db")
    for table in "", "a\0b", "x" * 64:
        with pytest.raises(gocron.ErrInvalidArgument, match="table"):
            SQLStore(f"sqlite:///{tmp_path / 'jobs.db'}", table=table)


@pytest.mark.parametrize(
    ("url", "driver", "older", "package"),
    [
        ("postgresql://host/db", "psycopg", "psycopg2", r"'psycopg\[binary\]'"),
        ("postgres://host/db", "psycopg", "psycopg2", r"'psycopg\[binary\]'"),
        ("mysql://host/db", "pymysql", "MySQLdb", "PyMySQL"),
        ("mariadb://host/db", "pymysql", "MySQLdb", "PyMySQL"),
    ],
)
def test_url_without_a_driver_takes_the_one_of_today(
    url: str, driver: str, older: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the one that SQLAlchemy would take; and if there is neither, the text says what to install."""
    with closing(SQLStore(url)) as store:
        assert store._database._target.dialect.driver == driver
    scheme, _, rest = url.partition(":")
    for named in f"{scheme.upper()}:{rest}", f"{scheme}+{driver}:{rest}":
        with closing(SQLStore(named)) as store:
            assert store._database._target.dialect.driver == driver
    there = {older}
    monkeypatch.setattr(sql_lines, "find_spec", lambda name: name in there or None)
    assert sql_lines._with_driver(make_url(url)).get_driver_name() == older.lower()
    there.clear()
    with pytest.raises(gocron.ErrInvalidArgument, match=f"pip install {package}"):
        SQLStore(url)


# -- tables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["my ticks", "select", 'a"b`c', "x; DROP TABLE y"])
def test_table_of_any_name(table: str, url: str) -> None:
    """It is quoted."""
    if url.startswith("mysql") and table.endswith(" "):
        return
    with closing(SQLStore(url, table=table)) as store:
        assert store.compare_and_set("a", None, "text")
        assert store.load(["a"]).entries["a"].text == "text"
    assert table in sqlalchemy.inspect(create_engine(url, poolclass=NullPool)).get_table_names()
    engine = create_engine(url, poolclass=NullPool)
    sqlalchemy.Table(table, sqlalchemy.MetaData()).drop(engine)


def test_table_in_a_schema(postgres_server: Any) -> None:
    """Which has to be there."""
    place = Place(postgres_server)
    place.admin("CREATE SCHEMA jobs")
    try:
        with closing(SQLStore(place.url, schema="jobs")) as store, closing(SQLLocker(place.url, schema="jobs")) as two:
            assert store.compare_and_set("a", None, "text")
            two.lock(background(), "job").unlock(background())
        assert [("gocron_locks",), ("gocron_ticks",)] == [
            tuple(row) for row in place.admin("SELECT tablename FROM pg_tables WHERE schemaname = 'jobs' ORDER BY 1")
        ]
    finally:
        place.admin("DROP SCHEMA jobs CASCADE")


def test_statements_for_an_administrator() -> None:
    """What the library would do itself."""
    shown = tables_as_sql("postgresql", schema="jobs")
    assert shown.count("CREATE TABLE jobs.gocron_") == 2
    assert "MEDIUMTEXT" in tables_as_sql("mysql")
    assert "InnoDB" in tables_as_sql("mariadb")
    with pytest.raises(gocron.ErrInvalidArgument):
        tables_as_sql("oracle")


def test_many_make_the_table_at_once(url: str, stack: ExitStack) -> None:
    """All of them have it."""
    stores = [stack.enter_context(closing(SQLStore(url))) for _ in range(8)]
    start = threading.Barrier(len(stores))
    written: list[bool] = []

    def begin(store: SQLStore) -> None:
        start.wait()
        written.append(store.compare_and_set("a", None, "text"))

    threads = [threading.Thread(target=begin, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    assert [False] * 7 + [True] == sorted(written)


# -- processes -------------------------------------------------------------------------------------

FORK = """
import os, sys, warnings
from gocron_py.context import background
from gocron_py.distributed.sql import SQLLocker, SQLTickLocker
ticks, locker = SQLTickLocker(sys.argv[1]), SQLLocker(sys.argv[1])
store = ticks.store
assert store.compare_and_set("a", None, "text")
lock = locker.lock(background(), "job")
warnings.simplefilter("ignore", DeprecationWarning)  # of forks with threads
child = os.fork()
if child == 0:
    code = 1
    try:
        entry = store.load(["a"]).entries["a"]
        assert store.compare_and_set("a", entry.version, "the child's")
        store.close()
        locker.close()
        code = 0
    finally:
        import gc
        gc.collect()
        os._exit(code)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
from gocron_py.distributed import sql_database
for place in store._database, locker._database:
    assert [line.is_good() for line in place._idle] == [True]
assert store.load(["a"]).entries["a"].text == "the child's"
lock.unlock(background())
assert lock.lost is None
store.close()
locker.close()
print("well")
"""


def test_forked_child_has_connections_of_its_own(url: str) -> None:
    """And leaves its parent's, and the locks that it holds, as they are."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORK, url], capture_output=True, text=True, timeout=50, check=False
    )
    assert ("well\n", "") == (done.stdout, done.stderr)


HOLD = """
import sys, time
from gocron_py.distributed.sql import SQLStore
store = SQLStore(sys.argv[1])
store.load([])
def hold(line):
    line.driver.execute("BEGIN IMMEDIATE")
    print("held", flush=True)
    time.sleep(60)
store._database.read(hold)
"""


def test_sqlite_that_a_frozen_process_writes_to_is_down_in_time(tmp_path: Path) -> None:
    """Until that process is gone."""
    url = f"sqlite:///{tmp_path / 'jobs.db'}"
    with closing(SQLStore(url)) as store:
        assert store.compare_and_set("a", None, "text")
        process = subprocess.Popen([sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            process.stdout.readline()
            freeze(process.pid)
            began = time.monotonic()
            with pytest.raises(gocron.StoreDown, match="locked"):
                store.compare_and_set("b", None, "text")
            assert time.monotonic() - began < 3.5
        finally:
            process.kill()
            process.communicate()
        assert store.compare_and_set("b", None, "text")
