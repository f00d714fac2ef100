"""What can happen to a database, or to the way there: no tick twice, calls that end in time, and recovery."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fault_kit import claimed_tick
from sqlalchemy import QueuePool, create_engine

import gocron_py as gocron
from gocron_py.context import background
from gocron_py.distributed import sql_database
from gocron_py.distributed.decision import decode
from gocron_py.distributed.events import TickEventKind
from gocron_py.distributed.sql import SQLElector, SQLLocker, SQLStore, SQLTickLocker, tables_as_sql
from tests.distributed.sql_places import Place
from tests.servers.proxy import Fault, Proxy

pytestmark = pytest.mark.slow

# In seconds, for a machine that has other things to do.
SLACK = 1.5
SECRET = "s3cr3t-p4ss"


@pytest.fixture(params=["postgres", "mariadb"])
def place(request: pytest.FixtureRequest) -> Place:
    return Place(request.getfixturevalue(f"{request.param}_server"))


# What does not depend on the database or its driver.
on_postgresql = pytest.mark.parametrize("place", ["postgres"], indirect=True)


@pytest.fixture
def proxy(place: Place) -> Iterator[Proxy]:
    with Proxy(place.server.port) as proxy:
        yield proxy


@pytest.fixture
def opened() -> Iterator[Callable[[Any], Any]]:
    """Closes stores and lockers at the end."""
    with ExitStack() as stack:

        def keep(what: Any) -> Any:
            stack.callback(what.close)
            return what

        yield keep


def until(is_so: Callable[[], object], seconds: float = 30.0) -> None:
    pause = threading.Event()
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never became so"
        pause.wait(0.02)


def failure(call: Callable[[], object], limit: float = 2 + SLACK) -> Exception:
    """What the call raises, in time."""
    began = time.monotonic()
    with pytest.raises(gocron.StoreError) as caught:
        call()
    assert time.monotonic() - began < limit
    return caught.value


@contextmanager
def making_table(place: Place) -> Iterator[None]:
    """For a user who may not."""
    store = SQLStore(place.url)
    store.load(["a"])
    store.close()
    yield


def works(store: SQLStore) -> Callable[[], bool]:
    def is_so() -> bool:
        try:
            store.load(["a"])
        except gocron.StoreDown:
            return False
        return True

    return is_so


class Fleet:
    """Two schedulers with a locker each, and a job every 200 ms."""

    def __init__(self, *databases: Any, start_deadline: float = 0.5) -> None:
        self.runs: list[tuple[datetime, int | None]] = []
        self.errors: list[Exception] = []
        self.lockers = [SQLTickLocker(each, start_deadline=timedelta(seconds=start_deadline)) for each in databases]
        self.schedulers = []
        for locker in self.lockers:
            locker.store.poll = 0.5
            scheduler = gocron.new_scheduler(
                gocron.with_distributed_locker(locker),
                gocron.with_logger(gocron.new_logger(gocron.LogLevel.ERROR)),
            )
            scheduler.new_job(
                gocron.duration_job(timedelta(seconds=0.2)),
                gocron.new_task(self.run),
                gocron.with_name("job"),
                gocron.with_event_listeners(gocron.after_lock_error(self.refused)),
            )
            self.schedulers.append(scheduler)

    def __enter__(self) -> Fleet:
        for scheduler in self.schedulers:
            scheduler.start()
        return self

    def __exit__(self, *_: object) -> None:
        for scheduler in self.schedulers:
            scheduler.shutdown()
        for locker in self.lockers:
            locker.close()

    def run(self) -> None:
        run = gocron.current_run()
        self.runs.append((run.tick.at, run.fence))

    def ticks(self) -> set[datetime]:
        return {at for at, _ in self.runs}

    def refused(self, job_id: object, name: str, error: Exception) -> None:
        if not isinstance(error, gocron.TickTaken):
            self.errors.append(error)

    def goes_on(self) -> None:
        """Wait until ticks run that were not due yet at the call."""
        now = datetime.now(UTC)
        until(lambda: sum(1 for at, _ in self.runs if at > now) >= 3)

    def fails_with(self, kind: type[Exception]) -> Exception:
        before = len(self.errors)
        until(lambda: any(type(error) is kind for error in self.errors[before:]))
        return next(error for error in self.errors[before:] if type(error) is kind)

    def counts(self, kind: TickEventKind) -> int:
        return sum(locker.counts()[kind] for locker in self.lockers)

    def ran_nothing_twice(self) -> None:
        assert [tick for tick, count in Counter(at for at, _ in self.runs).items() if count > 1] == []
        fences = [fence or 0 for _, fence in self.runs]
        assert fences == sorted(set(fences))


# -- the way there ---------------------------------------------------------------------------------


def test_connection_dropped_after_commit_was_sent_is_the_same_claim_and_runs_once(place: Place, proxy: Proxy) -> None:
    """The claim was written and nobody was told: it is asked for again, and granted by rule C1."""
    claimed: list[datetime] = []

    def is_claim(data: bytes) -> bool:
        if at := claimed_tick(data):
            claimed.append(at)
        return at is not None

    # Time to connect anew, also on a busy machine.
    with Fleet(place.through(proxy.port), start_deadline=5) as fleet:
        fleet.goes_on()
        for _ in range(3):
            proxy.lose_reply(to=is_claim)
            proxy.wait_until_lost()
            # On a disk that is slow it may have been claimed once more before, on another connection.
            until(lambda: set(claimed) <= fleet.ticks())
            fleet.goes_on()
    fleet.ran_nothing_twice()


def test_lock_whose_answer_was_lost_is_undone_long_before_its_time_to_live(
    place: Place, proxy: Proxy, opened: Callable[[Any], Any]
) -> None:
    """It was got, nobody was told, and nobody would give it back."""
    other = opened(SQLLocker(place.url))
    locker = opened(SQLLocker(place.through(proxy.port)))
    for _ in range(2):
        locker.lock(background(), "job").unlock(background())
        proxy.lose_reply(to=lambda data: b"gocron_locks" in data or b"token" in data or b"=" in data)
        assert type(failure(lambda: locker.lock(background(), "job"))) is gocron.StoreDown
        proxy.wait_until_lost()
        until(lambda: can_lock(other), 10)


def can_lock(locker: SQLLocker) -> bool:
    try:
        locker.lock(background(), "job").unlock(background())
    except gocron.TickBusy:
        return False
    return True


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls may take a fourth of the time that they have."""
    monkeypatch.setattr(sql_database, "CALL_TIMEOUT", 0.5)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("how", ["frozen server", "half-open network"])
def test_who_does_not_answer_is_down_in_time_and_comes_back(
    how: str, place: Place, proxy: Proxy, opened: Callable[[Any], Any]
) -> None:
    """On a connection that was there, and on a new one, which cannot be had."""
    check_silence(how, place, proxy, opened(SQLStore(place.through(proxy.port))), 0.5)


@on_postgresql
def test_frozen_server_is_down_within_two_seconds(place: Place, proxy: Proxy, opened: Callable[[Any], Any]) -> None:
    """With the time limit that everybody has."""
    check_silence("frozen server", place, proxy, opened(SQLStore(place.through(proxy.port))), 2.0)


def states_of(pids: Sequence[int]) -> set[str]:
    """Those of their threads, some of which go on for a moment after a SIGSTOP."""
    return {
        stat.read_text().rpartition(") ")[2][0] for pid in pids for stat in Path(f"/proc/{pid}/task").glob("*/stat")
    }


def check_silence(how: str, place: Place, proxy: Proxy, store: SQLStore, limit: float) -> None:
    until(works(store))
    assert store.compare_and_set("a", None, "text")
    if how == "frozen server":
        place.server.pause()
        until(lambda: states_of(place.server.pids()) <= {"T"})
    else:
        proxy.fail(Fault.SILENCE)
    for _ in range(2):
        assert type(failure(lambda: store.load(["a"]), limit + SLACK)) is gocron.StoreDown
    if how == "frozen server":
        place.server.resume()
    else:
        proxy.heal()
    until(works(store), 5)
    assert store.load(["a"]).entries["a"].text == "text"


@on_postgresql
def test_refused_connections_are_down_and_tried_twice_a_second_at_most(
    place: Place, proxy: Proxy, opened: Callable[[Any], Any]
) -> None:
    """However often the store is asked."""
    store = opened(SQLStore(place.through(proxy.port)))
    proxy.fail(Fault.REFUSED)
    for _ in range(2):
        failure(lambda: store.load(["a"]))
    before, began = proxy.connections, time.monotonic()
    while time.monotonic() < began + 2:
        failure(lambda: store.load(["a"]))
        time.sleep(0.002)
    assert 1 <= proxy.connections - before <= 2 * (time.monotonic() - began) + 1
    proxy.heal()
    until(works(store), 5)


@on_postgresql
def test_server_down_at_start_skips_ticks_and_runs_them_when_it_is_there(place: Place, proxy: Proxy) -> None:
    """Nothing is restarted for that."""
    proxy.fail(Fault.REFUSED)
    with Fleet(place.through(proxy.port), place.through(proxy.port)) as fleet:
        assert isinstance(fleet.fails_with(gocron.StoreDown), gocron.StoreDown)
        assert fleet.runs == []
        proxy.heal()
        fleet.goes_on()
    fleet.ran_nothing_twice()


@on_postgresql
def test_server_killed_and_restarted_runs_nothing_twice(place: Place) -> None:
    """SIGKILL: what was committed is there afterwards."""
    with Fleet(place.url, place.url) as fleet:
        fleet.goes_on()
        place.server.kill()
        fleet.fails_with(gocron.StoreDown)
        place.server.restart()
        fleet.goes_on()
    assert fleet.counts(TickEventKind.AMNESIA) == 0
    fleet.ran_nothing_twice()


def test_connections_that_the_server_ended_while_idle_cost_no_call(place: Place, opened: Callable[[Any], Any]) -> None:
    """A lock that is asked for once a day is not refused because the server has cleaned up."""
    with place.user(rights="SELECT, INSERT, UPDATE, DELETE") as url:
        locker = opened(SQLLocker(place.url))
        locker.lock(background(), "job").unlock(background())  # makes the table
        if place.kind == "postgres":
            place.admin("GRANT ALL ON ALL TABLES IN SCHEMA public TO app")
        locker = opened(SQLLocker(url))
        for _ in range(3):
            locker.lock(background(), "job").unlock(background())
            place.disconnect("app")
            time.sleep(0.2)  # the news has to arrive


# -- transactions ----------------------------------------------------------------------------------


def test_serialization_failure_is_a_lost_race_and_writes_nothing(place: Place, opened: Callable[[Any], Any]) -> None:
    """Whoever asked decides anew on what is there then; the statement is not simply repeated."""
    options = {
        "postgres": {"options": "-c default_transaction_isolation=serializable"},
        "mariadb": {"init_command": "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE"},
    }
    engine = place.engine(connect_args=options[place.kind])
    store = opened(SQLStore(engine))
    assert store.compare_and_set("a", None, "text")
    version = store.load(["a"]).entries["a"].version
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(store.compare_and_set("a", version, "mine")))
    with place.transaction() as other:
        other.exec_driver_sql("UPDATE gocron_ticks SET record = 'theirs', version = 'b.2.c'")
        thread.start()
        until(lambda: is_waiting(place))
    thread.join(20)
    assert answers == [False]
    assert store.load(["a"]).entries["a"].text == "theirs"
    engine.dispose()


def is_waiting(place: Place) -> bool:
    """Whether somebody waits for the lock of a row."""
    if place.kind == "postgres":
        return bool(place.admin("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
    return bool(place.admin("SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"))


def test_row_that_somebody_has_locked_is_down_in_time_and_not_written_later(
    place: Place, opened: Callable[[Any], Any]
) -> None:
    """The server gives up before this side does."""
    store = opened(SQLStore(place.url))
    assert store.compare_and_set("a", None, "text")
    version = store.load(["a"]).entries["a"].version
    with place.transaction() as other:
        other.exec_driver_sql("UPDATE gocron_ticks SET name = name")
        other.exec_driver_sql("SELECT * FROM gocron_ticks FOR UPDATE")
        assert type(failure(lambda: store.compare_and_set("a", version, "mine"))) is gocron.StoreDown
    assert store.load(["a"]).entries["a"].text == "text"
    assert store.compare_and_set("a", version, "mine")


def test_read_only_failover_is_down_asked_twice_a_second_and_works_when_it_may_write(
    place: Place, proxy: Proxy
) -> None:
    """The records can be read all the time; nothing is claimed."""
    with making_table(place), place.user(rights="SELECT, INSERT, UPDATE, DELETE") as url:
        fleet = Fleet(place.through(proxy.port, url))
        with fleet:
            fleet.goes_on()
            with place.read_only():
                fleet.fails_with(gocron.StoreDown)
                until(lambda: any("read" in str(each) for each in fleet.errors))
                before, began = proxy.connections, time.monotonic()
                until(lambda: time.monotonic() > began + 1.5)
                # A write that fails costs the connection.
                assert proxy.connections - before <= 2 * (time.monotonic() - began) + 1
            fleet.goes_on()
    fleet.ran_nothing_twice()


# -- connections -----------------------------------------------------------------------------------


def test_pool_that_the_program_has_used_up_does_not_stop_claims(place: Place, opened: Callable[[Any], Any]) -> None:
    """The store's connections are its own; the engine tells how to make them."""
    engine = place.engine(poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=30)
    with engine.connect():
        store = opened(SQLStore(engine))
        assert store.compare_and_set("a", None, "text")
        assert (1, 0) == (engine.pool.checkedout(), engine.pool.checkedin())  # type: ignore[attr-defined]
    engine.dispose()


@pytest.mark.usefixtures("short")
def test_own_connections_all_in_use_are_down_in_time(place: Place, proxy: Proxy, opened: Callable[[Any], Any]) -> None:
    """More callers than connections, all of which hang: some wait for one, in vain, and then for a new one."""
    store = opened(SQLStore(place.through(proxy.port)))
    until(works(store))
    proxy.fail(Fault.SILENCE)
    failures: list[Exception] = []

    def call() -> None:
        failures.append(failure(lambda: store.load(["a"]), 1 + SLACK))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [type(each) for each in failures] == [gocron.StoreDown] * 8


def test_server_without_a_free_connection_is_down_and_works_when_there_is_one(
    place: Place, opened: Callable[[Any], Any]
) -> None:
    """Too many connections, the server says."""
    with making_table(place), place.user(rights="SELECT, INSERT, UPDATE, DELETE", limit=1) as url:
        engine = create_engine(url)
        store = opened(SQLStore(url))
        with engine.connect():
            error = failure(lambda: store.load(["a"]))
            assert type(error) is gocron.StoreDown
            assert "too many connections" in str(error) or "max_user_connections" in str(error)
        engine.dispose()
        until(works(store), 5)
        store.close()


# -- rights and secrets ----------------------------------------------------------------------------


@pytest.fixture
def passwords_count(place: Place) -> Iterator[None]:
    """The server lets everybody in otherwise."""
    if place.kind != "postgres":
        yield
        return
    file = place.server.home / "data" / "pg_hba.conf"
    before = file.read_text()
    file.write_text("host all app 127.0.0.1/32 scram-sha-256\n" + before)
    place.admin("SELECT pg_reload_conf()")
    yield
    file.write_text(before)
    place.admin("SELECT pg_reload_conf()")


@pytest.mark.usefixtures("passwords_count")
def test_wrong_password_is_down_and_in_no_text(
    place: Place, opened: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in the error, nor in its traceback, nor in a log, nor in what is printed of the objects."""
    caplog.set_level(logging.DEBUG)
    with place.user(password="other") as url:
        wrong = url.replace(":other@", f":{SECRET}@")
        for make in SQLStore, SQLTickLocker, SQLLocker, SQLElector:
            made = opened(make(wrong))
            assert SECRET not in repr(made) + str(vars(made))
        store = opened(SQLStore(create_engine(wrong)))
        error = failure(lambda: store.load(["a"]))
        assert type(error) is gocron.StoreDown
        with Fleet(wrong) as fleet:
            fleet.fails_with(gocron.StoreDown)
    told = ["".join(traceback.format_exception(each)) + repr(each) for each in (error, *fleet.errors)]
    assert "app" in told[0]
    assert [text for text in (*told, caplog.text) if SECRET in text] == []


@pytest.mark.parametrize(
    "url", [f"postgres:/app:{SECRET}@host", f"mysql+nothing://app:{SECRET}@host/x", f"oracle://app:{SECRET}@host", ""]
)
def test_url_that_is_none_is_refused_at_once_without_its_secret(url: str) -> None:
    """Where it is given, not at the first tick."""
    with pytest.raises(gocron.ErrInvalidArgument) as caught:
        SQLTickLocker(url)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_missing_rights_are_down_and_say_what_is_missing(place: Place, opened: Callable[[Any], Any]) -> None:
    """First the one to make the table, then those to use it."""
    with place.user() as url:
        store = opened(SQLStore(url))
        error = failure(lambda: store.load(["a"]))
        assert type(error) is gocron.StoreDown
        assert "denied" in str(error)
        opened(SQLStore(place.url)).load(["a"])
        error = failure(lambda: opened(SQLStore(url)).load(["a"]))
        assert type(error) is gocron.StoreDown
        assert "denied" in str(error)


# -- what is in the table --------------------------------------------------------------------------


def test_dropped_table_is_made_anew_and_ticks_count_from_then_on(place: Place) -> None:
    """Amnesia, which is told; no tick runs twice for it."""
    with Fleet(place.url, place.url) as fleet:
        fleet.goes_on()
        place.admin("DROP TABLE gocron_ticks")
        fleet.goes_on()
        until(lambda: fleet.counts(TickEventKind.AMNESIA) >= 1)
    fleet.ran_nothing_twice()


def test_missing_table_is_down_if_none_is_to_be_made(place: Place, opened: Callable[[Any], Any]) -> None:
    """Until somebody makes it, with the statements that the library shows."""
    store = opened(SQLStore(place.url, create_tables=False))
    locker = opened(SQLLocker(place.url, create_tables=False))
    assert type(error := failure(lambda: store.load(["a"]))) is gocron.StoreDown
    assert "gocron_ticks" in str(error)
    statements = tables_as_sql("postgresql" if place.kind == "postgres" else "mariadb").split(";\n")
    place.admin(*filter(None, statements))
    until(works(store), 5)
    locker.lock(background(), "job").unlock(background())


@on_postgresql
def test_database_restored_from_an_older_copy_counts_as_wiped_and_runs_nothing_twice(place: Place) -> None:
    """The copy does not know what has run since; who has seen that does, and so no tick of then is granted."""
    with Fleet(place.url, place.url) as fleet:
        fleet.goes_on()
        place.admin("CREATE TABLE copy AS SELECT * FROM gocron_ticks")
        try:
            fleet.goes_on()
            place.admin("DELETE FROM gocron_ticks", "INSERT INTO gocron_ticks SELECT * FROM copy")
        finally:
            place.admin("DROP TABLE copy")
        fleet.goes_on()
        until(lambda: fleet.counts(TickEventKind.AMNESIA) >= 1)
    fleet.ran_nothing_twice()


@pytest.mark.parametrize("change", ["name = 'another'", "version = '1'", "version = 'a.-1.b'", "record = ''"])
def test_hostile_row_is_corrupt_and_no_other_job_minds(change: str, place: Place, opened: Callable[[Any], Any]) -> None:
    """It is not written over either."""
    store = opened(SQLStore(place.url))
    assert store.compare_and_set("a", None, "text")
    place.admin(f"UPDATE gocron_ticks SET {change}")
    assert store.compare_and_set("b", None, "good")
    entries = store.load(["a", "b"]).entries
    assert entries["b"].text == "good"
    with pytest.raises(gocron.StoreCorrupt):
        decode(entries["a"].text, "a")
    assert not store.compare_and_set("a", None, "mine")
    if entries["a"].version == "":
        assert type(failure(lambda: store.compare_and_set("a", "", "mine"))) is gocron.StoreCorrupt


@on_postgresql
def test_hostile_record_is_corrupt_and_the_job_goes_on_when_it_is_mended(place: Place) -> None:
    """Nothing runs meanwhile."""
    with Fleet(place.url) as fleet:
        fleet.goes_on()
        place.admin("UPDATE gocron_ticks SET record = '[]', version = 'x.1.y'")
        fleet.fails_with(gocron.StoreCorrupt)
        place.admin("DELETE FROM gocron_ticks")
        fleet.goes_on()
    fleet.ran_nothing_twice()


@pytest.mark.parametrize("columns", ["id VARCHAR(64)", "other INTEGER NOT NULL"])
def test_table_of_somebody_else_is_corrupt(columns: str, place: Place, opened: Callable[[Any], Any]) -> None:
    """It is left as it is."""
    place.admin(f"CREATE TABLE gocron_ticks ({columns})")
    try:
        store = opened(SQLStore(place.url))
        assert type(failure(lambda: store.load(["a"]))) is gocron.StoreCorrupt
        assert type(failure(lambda: store.compare_and_set("a", None, "text"))) is gocron.StoreCorrupt
    finally:
        place.clear()  # not every test clears up before it begins


def test_address_that_nobody_listens_at_is_down_at_once(place: Place, opened: Callable[[Any], Any]) -> None:
    """A closed port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    store = opened(SQLStore(place.through(port)))
    assert type(failure(lambda: store.load(["a"]))) is gocron.StoreDown
