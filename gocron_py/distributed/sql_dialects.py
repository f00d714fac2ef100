"""What differs from one database to the next: time, errors, time limits, tables."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, final

from sqlalchemy import BigInteger, Column, ColumnElement, MetaData, String, Table, Text, bindparam, literal_column
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from gocron_py.distributed.circuit import CALL_TIMEOUT
from gocron_py.errors import ErrInvalidArgument

# Servers give up a little before this side does: then it is known what became of a statement.
_SERVER_LIMIT: Final = round(CALL_TIMEOUT * 750)  # milliseconds


@final
class Failure(Enum):
    """What an error of a database means to a store."""

    DOWN = auto()
    """It may be otherwise the next time."""
    STRANGE = auto()
    """The table is not one of this library's."""
    NO_TABLE = auto()
    LOST_RACE = auto()
    """Nothing was written, because somebody else has written."""


@final
@dataclass(frozen=True, slots=True)
class Dialect:
    """A kind of database.

    :ivar now: its time in microseconds, whatever the zone of the session, and not that of a transaction's begin.
            SQLite has no clock but the host's.
    :ivar settings: statements for every new connection.
    :ivar codes: what the errors mean of which more is known than their class.
    """

    now: ColumnElement[int]
    settings: tuple[str, ...]
    codes: Mapping[object, Failure]

    def failure(self, error: Exception) -> Failure:
        """What went wrong, by an error of a driver or of SQLAlchemy."""
        theirs = (isinstance(error, DBAPIError) and error.orig) or error
        if "no such table" in str(theirs):  # SQLite has no code for it
            return Failure.NO_TABLE
        for code in _codes(theirs):
            if code in self.codes:
                return self.codes[code]
        # All drivers have classes of these names (PEP 249).
        names = {kind.__name__ for kind in type(theirs).__mro__}
        return Failure.STRANGE if names & {"IntegrityError", "DataError", "ProgrammingError"} else Failure.DOWN


def _codes(error: BaseException) -> list[object]:
    """What the drivers tell: PostgreSQL's by name, MySQL's as the first argument."""
    named = (getattr(error, name, None) for name in ("sqlstate", "pgcode", "sqlite_errorname"))
    return [*named, *error.args[:1]]


_POSTGRESQL: Final = Dialect(
    # Not now(), which is when the transaction began.
    literal_column("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)", BigInteger),
    (
        f"SET statement_timeout = {_SERVER_LIMIT}",
        # A claim that a crash of the server forgets is made again.
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    ),
    {
        "42P01": Failure.NO_TABLE,
        "42501": Failure.DOWN,  # privileges
        "23505": Failure.LOST_RACE,
        "40001": Failure.LOST_RACE,  # serialization
        "40P01": Failure.LOST_RACE,  # deadlock
    },
)

_MYSQL: Final = Dialect(
    # Not of the session's zone; and an hour of autumn comes once only.
    literal_column("TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))", BigInteger),
    ("SET SESSION innodb_lock_wait_timeout = 1", "SET SESSION lock_wait_timeout = 1"),
    {
        1146: Failure.NO_TABLE,
        1062: Failure.LOST_RACE,
        1213: Failure.LOST_RACE,  # deadlock; of a Galera cluster also: another node was faster
        1020: Failure.LOST_RACE,  # MariaDB: changed since it was read
        **dict.fromkeys((1054, 1136, 1364), Failure.STRANGE),  # columns
        **dict.fromkeys((1044, 1045, 1049, 1142, 1143, 1227, 1290, 1792, 1836), Failure.DOWN),  # privileges, read-only
    },
)

_SQLITE: Final = Dialect(
    bindparam("host_now", type_=BigInteger, callable_=lambda: time.time_ns() // 1000),
    # With a write-ahead log who reads does not wait for who writes, nor stop them.
    (f"PRAGMA busy_timeout = {_SERVER_LIMIT}", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"),
    {
        "SQLITE_CONSTRAINT_PRIMARYKEY": Failure.LOST_RACE,
        "SQLITE_CONSTRAINT_UNIQUE": Failure.LOST_RACE,
        "SQLITE_CORRUPT": Failure.STRANGE,
        "SQLITE_NOTADB": Failure.STRANGE,
        "SQLITE_MISMATCH": Failure.STRANGE,
        "SQLITE_ERROR": Failure.STRANGE,  # columns
    },
)

_DIALECTS: Final = {"postgresql": _POSTGRESQL, "mysql": _MYSQL, "mariadb": _MYSQL, "sqlite": _SQLITE}

# Arguments of the drivers: how long to connect, and to wait for a piece of an answer. The whole call is limited
# besides, but who waits for a connection cannot end the attempt.
_SECONDS: Final = int(CALL_TIMEOUT)
LIMITS: Final[Mapping[str, Mapping[str, Any]]] = {
    "psycopg": {"connect_timeout": _SECONDS},
    "psycopg2": {"connect_timeout": _SECONDS},
    "pymysql": {"connect_timeout": _SECONDS, "read_timeout": _SECONDS, "write_timeout": _SECONDS},
    "mysqldb": {"connect_timeout": _SECONDS, "read_timeout": _SECONDS, "write_timeout": _SECONDS},
    "pysqlite": {"timeout": CALL_TIMEOUT, "check_same_thread": False},
}


def dialect_of(name: str) -> Dialect:
    """The one that SQLAlchemy calls *name*.

    :raises ErrInvalidArgument: it is none of the three that are known here.
    """
    if name not in _DIALECTS:
        raise ErrInvalidArgument("the database must be PostgreSQL, MySQL, MariaDB or SQLite", got=name)
    return _DIALECTS[name]


def compiler_of(name: str) -> Any:
    """SQLAlchemy's own object for the kind of database."""
    dialect_of(name)
    return {"postgresql": postgresql, "sqlite": sqlite}.get(name, mysql).dialect()


# -- tables ----------------------------------------------------------------------------------------

_LONG = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


def ticks_table(name: str, schema: str | None) -> Table:
    """Where :class:`~gocron_py.distributed.sql.SQLStore` keeps its records.

    A name of a job is any text, of any length: the key is its SHA-256, and the name itself is there, percent-encoded,
    for people and to be compared.
    """
    return _table(name, schema, Column("version", String(64), nullable=False), _text("record"))


def locks_table(name: str, schema: str | None) -> Table:
    """Where :class:`~gocron_py.distributed.sql.SQLLocker` keeps its locks; *expires* is in microseconds since 1970."""
    expires = Column("expires", BigInteger, nullable=False)
    return _table(name, schema, Column("token", String(64), nullable=False), expires)


def _text(name: str) -> Column[str]:
    return Column(name, _LONG, nullable=False)


def _table(name: str, schema: str | None, *columns: Column[Any]) -> Table:
    key = Column("id", String(64), primary_key=True)
    return Table(
        name, MetaData(), key, _text("name"), *columns, schema=schema, mysql_engine="InnoDB", mariadb_engine="InnoDB"
    )


def insert_new(table: Table, dialect: str) -> Any:
    """An INSERT that changes no row where the key is there already; MySQL raises instead.

    Not to raise keeps the races of instances out of the server's log.
    """
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing(index_elements=["id"])
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=["id"])
    return table.insert()
