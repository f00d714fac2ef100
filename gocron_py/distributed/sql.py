"""Ticks, locks and elections in a database: PostgreSQL, MySQL, MariaDB, SQLite. The extra ``sql`` is needed.

A database is given as an ``Engine`` of SQLAlchemy or as a URL. Of an engine the way to connect is used, with its
arguments and events; its pool is left alone. A store has connections of its own, four at most, with time limits.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self, Unpack, final

try:
    from sqlalchemy import BigInteger, Table, and_, bindparam, select
    from sqlalchemy.schema import CreateTable
except ModuleNotFoundError as error:  # pragma: no cover - the tests have it
    raise ModuleNotFoundError("pip install 'gocron_py[sql]'", name=error.name) from error

from gocron_py.distributed.elector import LeadershipCallback, StoreElector
from gocron_py.distributed.events import EventCallback
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.mutex import MutexLocker, new_token
from gocron_py.distributed.names import digest, readable
from gocron_py.distributed.policy import PolicyOverrides
from gocron_py.distributed.sql_database import Database
from gocron_py.distributed.sql_dialects import compiler_of, insert_new, locks_table, ticks_table
from gocron_py.distributed.sql_lines import Line, Statement
from gocron_py.distributed.store import Entry, Snapshot, TickStore
from gocron_py.errors import ErrInvalidArgument, LockError, StoreCorrupt, TickBusy, check_kind
from gocron_py.instant import Instant, Micros

__all__ = ("SQLElector", "SQLLocker", "SQLStore", "SQLTickLocker", "tables_as_sql")

TICKS: Final = "gocron_ticks"
LOCKS: Final = "gocron_locks"

# A statement takes a limited number of parameters.
_MOST_KEYS: Final = 1000

_LONGEST_NAME: Final = 63


def tables_as_sql(database: str, *, ticks: str = TICKS, locks: str = LOCKS, schema: str | None = None) -> str:
    """The statements that make the tables, for who makes them by hand (``create_tables=False``).

    :param database: ``"postgresql"``, ``"mysql"``, ``"mariadb"`` or ``"sqlite"``.
    :param ticks: the name of the table of :class:`SQLTickLocker` and :class:`SQLElector`.
    :param locks: the name of the table of :class:`SQLLocker`.
    :param schema: of both; default: that of the connection.
    :raises ErrInvalidArgument: another database, or no name.
    """
    check_kind(database, str, "database")
    dialect = compiler_of(database)
    tables = _named(ticks_table, ticks, schema), _named(locks_table, locks, schema)
    return "".join(f"{str(CreateTable(table).compile(dialect=dialect)).strip()};\n" for table in tables)


@final
class SQLStore(TickStore):
    """A store in a table of a database. Each record is a row, each change one statement in a transaction of its own.

    The database's time counts, on SQLite the host's. Its promise is as durable as the database is: the connections
    have to lead to the one server that writes.

    :param database: an ``Engine`` of SQLAlchemy, or a URL (``postgresql+psycopg://…``, ``mysql+pymysql://…``).
    :param table: the name of the table.
    :param schema: of the table; default: that of the connection.
    :param create_tables: make the table at the first use, if it is not there. See :func:`tables_as_sql`.
    :raises ErrInvalidArgument: no engine and no URL, another database, or an impossible value.
    """

    def __init__(
        self, database: object, *, table: str = TICKS, schema: str | None = None, create_tables: bool = True
    ) -> None:
        rows = _named(ticks_table, table, schema)
        self._database = Database(database, rows, create_tables)
        column = rows.c
        now = self._database.dialect.now.label("now")
        found = select(now, column.id, column.name, column.version, column.record)
        self._select = Statement(found.where(column.id == bindparam("key")))
        self._select_many = found.where(column.id.in_(bindparam("keys", expanding=True)))
        self._now = Statement(select(now))
        values = {"id": "key", "name": "job", "version": "new", "record": "text"}
        new: dict[str, Any] = {each: bindparam(parameter) for each, parameter in values.items()}
        self._insert = Statement(insert_new(rows, self._database.kind).values(new))
        is_it = and_(column.id == bindparam("key"), column.version == bindparam("old"))
        changed = {each: new[each] for each in ("version", "record")}
        self._update = Statement(rows.update().where(is_it).values(changed))
        self._delete = Statement(rows.delete().where(is_it))
        # The newest version of each record that this process knows.
        self._newest: dict[str, _Version] = {}

    def load(self, keys: Sequence[str]) -> Snapshot:
        """See :meth:`TickStore.load`."""
        entries: dict[str, Entry] = {}
        now: Instant | None = None
        for first in range(0, len(keys) or 1, _MOST_KEYS):
            some = {digest(key): key for key in keys[first : first + _MOST_KEYS]}
            # From before the reading: what others write meanwhile is newer than that.
            known = [self._newest.get(key) for key in some.values()]
            rows = self._read(list(some))
            now = rows[0][0] if now is None else now
            found = {some[row[1]]: row[2:] for row in rows if len(row) > 1 and row[1] in some}
            for key, newest in zip(some.values(), known, strict=True):
                if key in found and self._is_of_now(key, entry := _entry(key, *found[key]), newest):
                    entries[key] = entry
        if not isinstance(now, int):
            raise StoreCorrupt(f"the database tells no time but {now!r:.40}")
        return Snapshot(now, entries)

    def _read(self, keys: list[str]) -> Sequence[Any]:
        """The rows, the time before each. At least one, which may be but the time."""

        def work(line: Line) -> Sequence[Any]:
            rows: Sequence[Any] = ()
            if len(keys) == 1:
                rows = self._select.done_on(line, {"key": keys[0]}).fetchall()
            elif keys:
                rows = line.connection.execute(self._select_many, {"keys": keys}).all()
            if not rows:
                rows = self._now.done_on(line, {}).fetchall()
            return rows

        return self._database.read(work)

    def _is_of_now(self, key: str, entry: Entry, newest: _Version | None) -> bool:
        """Whether it is not older than what was there before.

        Of a database that was put back, or whose successor had not heard all, the record would grant anew what has
        run since. It counts as wiped.
        """
        version = _Version.parsed(entry.version)
        if version is None:
            return True
        if newest is None or version.birth != newest.birth or version.count >= newest.count:
            self._newest[key] = version
            return True
        there = {"key": digest(key), "old": entry.version}
        self._database.wins(lambda line: self._delete.done_on(line, there).rowcount)
        self._newest.pop(key, None)
        return False

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        """See :meth:`TickStore.compare_and_set`."""
        if version is None:
            new = _Version.first()
            row = {"key": digest(key), "job": readable(key), "new": str(new), "text": text}
            return self._has_won(key, new, self._insert, row)
        old = _Version.parsed(version)
        if old is None:
            raise StoreCorrupt(f"job {key!r:.80}: its row is not one of this library's")
        new = old.next()
        row = {"key": digest(key), "old": str(old), "new": str(new), "text": text}
        return self._has_won(key, new, self._update, row)

    def _has_won(self, key: str, new: _Version, statement: Statement, row: Mapping[str, object]) -> bool:
        is_written = self._database.wins(lambda line: statement.done_on(line, row).rowcount)
        if is_written:
            self._newest[key] = new
        return is_written

    def forked(self) -> None:
        """See :meth:`TickStore.forked`."""
        super().forked()
        self._database.forked()

    def close(self) -> None:
        """See :meth:`TickStore.close`. A user's engine stays open."""
        self._database.close()


@final
@dataclass(frozen=True, slots=True)
class _Version:
    """Which state of a record it is.

    :ivar birth: of the record; random.
    :ivar count: of its changes: tells the older from the newer.
    :ivar mark: random: after a database was put back, counts come again that there have been.
    """

    birth: str
    count: int
    mark: str

    @classmethod
    def first(cls) -> Self:
        return cls(secrets.token_hex(6), 1, secrets.token_hex(6))

    @classmethod
    def parsed(cls, text: object) -> Self | None:
        birth, _, rest = text.partition(".") if isinstance(text, str) else ("", "", "")
        count, _, mark = rest.partition(".")
        is_one = birth and mark and count.isascii() and count.isdecimal() and len(count) < 20
        return cls(birth, int(count), mark) if is_one else None

    def next(self) -> _Version:
        return _Version(self.birth, self.count + 1, secrets.token_hex(6))

    def __str__(self) -> str:
        return f"{self.birth}.{self.count}.{self.mark}"


def _entry(key: str, name: object, version: object, record: object) -> Entry:
    if name != readable(key) or _Version.parsed(version) is None or not isinstance(record, str):
        # No record is empty: whoever reads it says StoreCorrupt, of this job and of no other.
        return Entry("", "")
    return Entry(record, version)


def _named(make: Callable[[str, str | None], Table], name: object, schema: object) -> Table:
    """A table, of a name and a schema that are ones.

    SQLAlchemy quotes them, whatever is in them; what no database has is refused here.
    """
    for what, text in ("table", name), ("schema", schema):
        if what == "schema" and text is None:
            continue
        check_kind(text, str, what)
        if not text or "\0" in str(text) or len(str(text)) > _LONGEST_NAME:
            raise ErrInvalidArgument(f"{what} must be a name of 1 to {_LONGEST_NAME} characters", got=text)
    return make(str(name), None if schema is None else str(schema))


@final
class SQLTickLocker(TickLocker):
    """Each tick once among all instances that share a database.

    ::

        locker = SQLTickLocker("postgresql+psycopg://app@db.example/app")
        scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))

    :param database: see :class:`SQLStore`, also for the next three.
    :param on_event: see :class:`~gocron_py.distributed.TickLocker`.
    :param policy: the fields of :class:`~gocron_py.TickPolicy`.
    :raises ErrInvalidArgument: no engine and no URL, another database, or an impossible value.
    """

    def __init__(
        self,
        database: object,
        *,
        table: str = TICKS,
        schema: str | None = None,
        create_tables: bool = True,
        on_event: EventCallback | None = None,
        **policy: Unpack[PolicyOverrides],
    ) -> None:
        store = SQLStore(database, table=table, schema=schema, create_tables=create_tables)
        super().__init__(store, on_event=on_event, **policy)


@final
class SQLElector(StoreElector):
    """One leader among the instances that share a database.

    :param database: see :class:`SQLStore`, also for the table, the schema and ``create_tables``.
    :param name: of the election.
    :param on_change: called with ``True`` and ``False`` as this instance begins and ceases to lead.
    """

    def __init__(
        self,
        database: object,
        *,
        name: str = "gocron-leader",
        table: str = TICKS,
        schema: str | None = None,
        create_tables: bool = True,
        on_change: LeadershipCallback | None = None,
    ) -> None:
        store = SQLStore(database, table=table, schema=schema, create_tables=create_tables)
        super().__init__(store, name=name, on_change=on_change)


@final
class SQLLocker(MutexLocker):
    """A lock per job: a row of a table, which outlives the lock. The database's time counts.

    :param database: an ``Engine`` of SQLAlchemy, or a URL; see :class:`SQLStore`, also for the next three.
    :param ttl: how long the lock outlives a holder that has gone away; it is extended while the task runs.
    :param lock_at_least_for: keep it so long at least; see :class:`~gocron_py.distributed.mutex.MutexLocker`.
    :raises ErrInvalidArgument: no engine and no URL, another database, or an impossible value.
    """

    def __init__(
        self,
        database: object,
        *,
        table: str = LOCKS,
        schema: str | None = None,
        create_tables: bool = True,
        ttl: timedelta = timedelta(seconds=30),
        lock_at_least_for: timedelta = timedelta(0),
    ) -> None:
        super().__init__(ttl, lock_at_least_for)
        rows = _named(locks_table, table, schema)
        self._database = Database(database, rows, create_tables)
        column, now = rows.c, self._database.dialect.now
        until = now + bindparam("length", type_=BigInteger)
        new = {"id": bindparam("key"), "name": bindparam("job"), "token": bindparam("mine"), "expires": until}
        self._insert = Statement(insert_new(rows, self._database.kind).values(new))
        is_over = and_(column.id == bindparam("key"), column.expires <= now)
        self._steal = Statement(rows.update().where(is_over).values(token=new["token"], expires=until))
        is_mine = and_(column.id == bindparam("key"), column.token == bindparam("mine"))
        self._prolong = Statement(rows.update().where(is_mine).values(expires=until))
        self._leave = Statement(rows.update().where(is_mine).values(expires=until, token=""))

    def _acquire(self, key: str) -> str:
        token = new_token()
        row = {"key": digest(key), "job": readable(key), "mine": token, "length": self._ttl}
        tried: list[str] = []

        def take(line: Line) -> int:
            tried.append(token)
            # The row is there from the second time on.
            changed: int = self._steal.done_on(line, row).rowcount or self._insert.done_on(line, row).rowcount
            return changed

        try:
            if self._database.wins(take):
                return token
        except LockError:
            if tried:
                # The answer was lost, perhaps: it may be ours, and nobody would know.
                self._undo_later(key, token)
            raise
        raise TickBusy("the lock is held by another instance")

    def _extend(self, key: str, token: str) -> bool:
        return self._change(self._prolong, key, token, self._ttl)

    def _release(self, key: str, token: str, after: Micros) -> bool:
        return self._change(self._leave, key, token, after)

    def _change(self, statement: Statement, key: str, token: str, length: Micros) -> bool:
        row = {"key": digest(key), "mine": token, "length": length}
        return self._database.wins(lambda line: statement.done_on(line, row).rowcount)

    def _forked(self) -> None:
        self._database.forked()

    def _disconnect(self) -> None:
        self._database.close()
