"""The store on the databases of a Django project: the kit, transactions of others, and connections that die."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import django_site
import pytest

from gocron_py.distributed.store import TickStore
from gocron_py.errors import ErrInvalidArgument, StoreCorrupt, StoreDown
from gocron_py.testing.store_kit import StoreKit

django_site.set_up()

from django.db import connections, transaction  # noqa: E402

from gocron_py.integrations.django.models import Tick  # noqa: E402
from gocron_py.integrations.django.store import DjangoStore, DjangoTickLocker  # noqa: E402


def open_it(url: str) -> TickStore:
    """In this process, and in those that the kit starts."""
    django_site.set_up()
    if "kit" not in connections.settings:
        django_site.add_database("kit", url)
    return DjangoStore("kit")


def emptied(url: str) -> str:
    """The database, with an empty table of ticks."""
    django_site.add_database("kit", url)
    with connections["kit"].schema_editor() as editor:
        if Tick._meta.db_table in connections["kit"].introspection.table_names():
            editor.delete_model(Tick)
        editor.create_model(Tick)
    connections["kit"].close()
    return url


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """The connections of this thread."""
    yield
    for each in connections.all(initialized_only=True):
        each.close()


class TestSQLite(StoreKit):
    examples = 2  # each step waits for the disk

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], TickStore]:
        return partial(open_it, emptied(f"sqlite:///{tmp_path / 'ticks.db'}"))


class TestPostgreSQL(StoreKit):
    examples = 3

    @pytest.fixture
    def open_store(self, postgres_server: Any) -> Callable[[], TickStore]:
        return partial(open_it, emptied(postgres_server.url))


class TestMariaDB(StoreKit):
    examples = 3

    @pytest.fixture
    def open_store(self, mariadb_server: Any) -> Callable[[], TickStore]:
        return partial(open_it, emptied(mariadb_server.url))


@pytest.fixture(params=["sqlite", "postgres_server"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DjangoStore]:
    """A store, on SQLite and on PostgreSQL."""
    file = f"sqlite:///{tmp_path / 'ticks.db'}"
    emptied(file if request.param == "sqlite" else request.getfixturevalue(request.param).url)
    store = DjangoStore("kit")
    yield store
    store.close()


def test_a_transaction_of_the_caller_is_not_its(store: DjangoStore) -> None:
    """What it writes inside of one that is rolled back, stays; and what it reads is of now."""
    with transaction.atomic(using="kit"):
        assert list(Tick.objects.using("kit").values_list("pk")) == []
        assert store.compare_and_set("job", None, "first")
        transaction.set_rollback(True, using="kit")
    entry = store.load(["job"]).entries["job"]
    assert entry.text == "first"
    with transaction.atomic(using="kit"):
        other = threading.Thread(target=lambda: store.compare_and_set("job", entry.version, "second"))
        other.start()
        other.join(20)
        assert store.load(["job"]).entries["job"].text == "second"


def test_it_lives_through_the_loss_of_its_connection(store: DjangoStore) -> None:
    """A connection that has died unseen is no failure of what comes next."""
    assert store.compare_and_set("job", None, "first")
    for _ in range(2):
        store._connection.connection.close()
        assert store.load(["job"]).entries["job"].text == "first"


def test_it_lives_through_a_connection_that_the_server_ends(postgres_server: Any) -> None:
    """An administrator ends all sessions; the next look at the store makes a new one."""
    emptied(postgres_server.url)
    store = DjangoStore("kit")
    assert store.compare_and_set("job", None, "first")
    with connections["kit"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert store.load(["job"]).entries["job"].text == "first"
    store.close()


def test_a_server_that_hangs_is_given_up(postgres_server: Any) -> None:
    """Within a few seconds, however long the server is silent."""
    emptied(postgres_server.url)
    store = DjangoStore("kit")
    assert store.compare_and_set("job", None, "first")
    postgres_server.pause()
    begun = time.monotonic()
    with pytest.raises(StoreDown):
        store.load(["job"])
    assert time.monotonic() - begun < 20
    postgres_server.resume()
    store.close()


def test_a_database_that_is_not_there_says_so_without_secrets() -> None:
    """The password is in no text."""
    django_site.add_database("kit", "postgresql://someone@127.0.0.1:1/nowhere")
    connections.settings["kit"]["PASSWORD"] = "hush-hush"
    store = DjangoStore("kit")
    with pytest.raises(StoreDown) as raised:
        store.load(["job"])
    assert "hush-hush" not in str(raised.value)
    assert "OperationalError" in str(raised.value)
    store.close()


def test_a_missing_table_says_which_command_makes_it(tmp_path: Path) -> None:
    """migrate was forgotten."""
    django_site.add_database("kit", f"sqlite:///{tmp_path / 'empty.db'}")
    store = DjangoStore("kit")
    with pytest.raises(StoreDown, match=r"has 'manage\.py migrate' been run\?"):
        store.load(["job"])
    store.close()


def test_sqlite_without_wal_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Once, with the setting that mends it."""
    emptied(f"sqlite:///{tmp_path / 'ticks.db'}")
    connections.settings["kit"]["OPTIONS"] = {"init_command": "PRAGMA journal_mode = DELETE"}
    store = DjangoStore("kit")
    for _ in range(2):
        store.load(["job"])
        store._disconnect()
    assert caplog.text.count("is not in WAL mode") == 1
    store.close()


def test_a_row_of_another_job_is_corrupt(store: DjangoStore) -> None:
    """As the key is a hash, the name is compared."""
    assert store.compare_and_set("job", None, "text")
    Tick.objects.using("kit").update(name="another")
    with pytest.raises(StoreCorrupt, match="another"):
        store.load(["job"])


def test_a_forked_child_has_a_connection_of_its_own(store: DjangoStore) -> None:
    """The parent's goes on, whatever the child does."""
    locker = DjangoTickLocker("kit")  # it tells the stores of lockers of a fork
    shared = locker.store
    assert shared.compare_and_set("job", None, "first")
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            entry = shared.load(["job"]).entries["job"]
            code = 0 if shared.compare_and_set("job", entry.version, "of the child") else 2
            shared.close()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert shared.load(["job"]).entries["job"].text == "of the child"
    locker.close()


def test_what_is_wrong_is_refused() -> None:
    """An alias that is not there."""
    with pytest.raises(ErrInvalidArgument, match="alias"):
        DjangoStore("nowhere")
    with pytest.raises(ErrInvalidArgument, match="no 'leese'"):
        DjangoTickLocker(leese=3)  # type: ignore[call-arg]


def test_a_closed_store_is_down(store: DjangoStore) -> None:
    """And says so."""
    store.close()
    with pytest.raises(StoreDown, match="closed"):
        store.load(["job"])
