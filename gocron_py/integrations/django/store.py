"""Ticks in a database of the project: a row for each job, changed by ``UPDATE … WHERE version = …``.

The store has a connection of its own, in autocommit: the transactions of requests and tests are not its, and a task
that leaves one open, or breaks its connection, takes no claim along.
"""

from __future__ import annotations

import copy
import logging
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from os import dup
from typing import Any, TypeVar, Unpack, final
from urllib.parse import quote

from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    Error,
    IntegrityError,
    OperationalError,
    connections,
)

from gocron_py.distributed.circuit import CALL_TIMEOUT, Circuit, described
from gocron_py.distributed.events import EventCallback
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.names import digest, raw
from gocron_py.distributed.policy import PolicyOverrides
from gocron_py.distributed.store import Entry, Snapshot, TickStore
from gocron_py.distributed.timelimit import TimeLimit
from gocron_py.errors import ErrInvalidArgument, LockError, StoreCorrupt, StoreDown

T = TypeVar("T")

_logger = logging.getLogger("gocron_py")

TABLE = "gocron_tick"

# A statement takes a limited number of parameters.
_MOST_KEYS = 500

# How long a call takes at most. SQLite lets those that wait for a lock in by chance, not in turn.
_PATIENCE = {"postgresql": CALL_TIMEOUT, "mysql": CALL_TIMEOUT, "sqlite": 3 * CALL_TIMEOUT}

# The server gives up a little earlier than this side: then it is known what became of a statement.
_SERVER_LIMIT = {vendor: round(seconds * 750) for vendor, seconds in _PATIENCE.items()}

# Microseconds, whatever the zone of the session; not that of a transaction's begin. SQLite has no clock but the host's.
_NOW = {
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
    "mysql": "TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))",
    "sqlite": "%s",
}

_SETTINGS = {
    "postgresql": (f"SET statement_timeout = {_SERVER_LIMIT['postgresql']}",),
    "mysql": ("SET SESSION innodb_lock_wait_timeout = 1", "SET SESSION lock_wait_timeout = 1"),
    "sqlite": (f"PRAGMA busy_timeout = {_SERVER_LIMIT['sqlite']}", "PRAGMA synchronous = FULL"),
}

_SECONDS = int(CALL_TIMEOUT)
_LIMITS: dict[str, dict[str, Any]] = {
    "postgresql": {"connect_timeout": _SECONDS},
    "mysql": {"connect_timeout": _SECONDS, "read_timeout": _SECONDS, "write_timeout": _SECONDS},
    "sqlite": {"timeout": _PATIENCE["sqlite"]},
}

# MySQL's: a deadlock; changed since it was read. Nothing was written, because somebody else has written.
_LOST_RACES = (1213, 1020)


@final
class DjangoStore(TickStore):
    """A store in a table of a Django project. The database's time counts, on SQLite the host's.

    :param using: the alias of the database: PostgreSQL, MySQL, MariaDB or SQLite.
    :raises ErrInvalidArgument: no such alias, or another database.
    """

    poll = 5.0

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        if using not in list(connections):
            raise ErrInvalidArgument("using must be the alias of one of DATABASES", got=using)
        self._using = using
        self._vendor = str(connections.create_connection(using).vendor)
        if self._vendor not in _NOW:
            raise ErrInvalidArgument("the database must be PostgreSQL, MySQL, MariaDB or SQLite", got=self._vendor)
        self._circuit = Circuit(_typed)
        self._patience = _PATIENCE[self._vendor]
        self._limit = TimeLimit(self._patience)
        self._connection: Any = None
        self._closed = self._has_warned = False
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._connection = None
        self._circuit.begin()
        self._limit.begin()

    def load(self, keys: Sequence[str]) -> Snapshot:
        """See :meth:`TickStore.load`."""
        entries: dict[str, Entry] = {}
        now: int | None = None
        for first in range(0, len(keys) or 1, _MOST_KEYS):
            some = {digest(key): key for key in keys[first : first + _MOST_KEYS]}
            rows = self._call(partial(self._select, tuple(some)), again=True)
            now = rows[0][0] if now is None else now
            for _, key, name, version, record in rows:
                if key in some:
                    entries[some[key]] = _entry(some[key], name, version, record)
        if type(now) is not int:
            raise StoreCorrupt(f"the database tells no time but {now!r:.40}")
        return Snapshot(now, entries)

    def _select(self, keys: tuple[str, ...], cursor: Any) -> list[Any]:
        """One row at least, with the time; nothing more of a key that is not there."""
        marks = ", ".join(["%s"] * len(keys)) or "NULL"
        clock = [time.time_ns() // 1000] if self._vendor == "sqlite" else []
        cursor.execute(
            f"SELECT c.now, t.id, t.name, t.version, t.record FROM (SELECT {_NOW[self._vendor]} AS now) c "
            f"LEFT JOIN {TABLE} t ON t.id IN ({marks})",
            [*clock, *keys],
        )
        rows: list[Any] = cursor.fetchall()
        return rows

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        """See :meth:`TickStore.compare_and_set`."""
        # Random, so that the version of a record which is made anew is none of the old record's.
        new, row = secrets.token_hex(16), digest(key)
        if version is None:
            ignore = "" if self._vendor == "mysql" else " ON CONFLICT (id) DO NOTHING"
            statement = f"INSERT INTO {TABLE} (id, name, version, record) VALUES (%s, %s, %s, %s){ignore}"
            return self._changes(statement, [row, _readable(key), new, text])
        statement = f"UPDATE {TABLE} SET version = %s, record = %s WHERE id = %s AND version = %s"
        return self._changes(statement, [new, text, row, str(version)])

    def _changes(self, statement: str, parameters: list[str]) -> bool:
        def change(cursor: Any) -> bool:
            try:
                cursor.execute(statement, parameters)
            except IntegrityError:
                return False
            except OperationalError as error:
                if error.args[:1] and error.args[0] in _LOST_RACES:
                    return False
                raise
            return bool(cursor.rowcount == 1)

        return self._call(change, again=False)

    def forked(self) -> None:
        """See :meth:`TickStore.forked`."""
        if self._connection is not None:
            # To close it here would say goodbye to the server in the parent's name.
            _inherited.append(self._connection)
        self._begin()

    def close(self) -> None:
        """See :meth:`TickStore.close`."""
        with self._lock:
            self._closed = True
            self._disconnect()
        self._limit.close()

    # -- the connection ----------------------------------------------------------------------------

    def _call(self, work: Callable[[Any], T], again: bool) -> T:
        return self._circuit.call(lambda: self._with_lock(work, again))

    def _with_lock(self, work: Callable[[Any], T], again: bool) -> T:
        if not self._lock.acquire(timeout=self._patience):
            raise StoreDown("other threads wait for the database")
        try:
            is_old = self._connection is not None
            try:
                return self._do(work)
            except Error:
                # A connection that has been there may have died unseen since: what only reads is asked once more.
                if not (again and is_old):
                    raise
            return self._do(work)
        finally:
            self._lock.release()

    def _do(self, work: Callable[[Any], T]) -> T:
        if self._closed:
            raise StoreDown("the store is closed")
        try:
            if self._connection is None:
                self._connection = self._connected()
            connection = self._connection
            with self._limit.on(lambda: _cut(connection.connection)), connection.cursor() as cursor:
                return work(cursor)
        except BaseException:
            # A new one the next time: of this one nobody knows what is still to come on it.
            self._disconnect()
            raise

    def _connected(self) -> Any:
        """Made as Django makes them, but neither of its thread's, nor in a pool."""
        connection = connections.create_connection(self._using)
        own = copy.deepcopy(connection.settings_dict)
        own["AUTOCOMMIT"], own["CONN_MAX_AGE"] = True, None
        for name in "pool", "isolation_level":
            own["OPTIONS"].pop(name, None)
        own["OPTIONS"].update(_LIMITS[self._vendor])
        connection.settings_dict = own
        connection.inc_thread_sharing()
        with connection.cursor() as cursor:
            for statement in _SETTINGS[self._vendor]:
                cursor.execute(statement)
            if self._vendor == "sqlite":
                self._warn_without_wal(cursor)
        return connection

    def _warn_without_wal(self, cursor: Any) -> None:
        """Once. The file is the project's: its mode is not changed here."""
        cursor.execute("PRAGMA journal_mode")
        if not self._has_warned and cursor.fetchone()[0] != "wal":
            self._has_warned = True
            _logger.warning(
                "gocron: the SQLite database %r is not in WAL mode, so whoever reads it for long holds up jobs: "
                'give it OPTIONS = {"init_command": "PRAGMA journal_mode = WAL"}',
                self._using,
            )

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # it is broken, and that is why it is closed
                connection.close()


# Connections of a parent process, which must never be closed in its child.
_inherited: list[Any] = []


def _cut(driver: Any) -> None:
    """Have whoever waits for an answer on it fail, now. MySQL's have time limits of their own."""
    with suppress(Exception):
        if hasattr(driver, "fileno"):
            with socket.socket(fileno=dup(driver.fileno())) as end:
                end.shutdown(socket.SHUT_RDWR)
        elif hasattr(driver, "interrupt"):
            driver.interrupt()


def _typed(error: Exception) -> LockError:
    text = described(error)
    if isinstance(error, DatabaseError) and TABLE in str(error):
        return StoreDown(f"{text} (has 'manage.py migrate' been run?)")
    return StoreDown(text) if isinstance(error, Error) else StoreDown(f"the database cannot be used: {text}")


def _entry(key: str, name: object, version: object, record: object) -> Entry:
    if name != _readable(key) or not isinstance(record, str):
        raise StoreCorrupt(f"job {key!r:.80}: its row is that of {name!r:.80}")
    return Entry(record, version)


def _readable(name: str) -> str:
    return quote(raw(name), safe=" !#$&'()*+,/:;=?@[]^`{|}")


@final
class DjangoTickLocker(TickLocker):
    """Each tick once among all processes of a Django project, on one of its databases.

    What the setting ``GOCRON`` makes by default.

    :param using: the alias of the database; ``manage.py migrate`` makes the table.
    :param on_event: see :class:`~gocron_py.distributed.TickLocker`.
    :param policy: the fields of :class:`~gocron_py.TickPolicy`.
    :raises ErrInvalidArgument: no such alias, another database, or an impossible value.
    """

    def __init__(
        self,
        using: str = DEFAULT_DB_ALIAS,
        *,
        on_event: EventCallback | None = None,
        **policy: Unpack[PolicyOverrides],
    ) -> None:
        super().__init__(DjangoStore(using), on_event=on_event, **policy)
