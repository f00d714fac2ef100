"""Connections of a store's own, and what is done on one. Of a user's engine the way to connect is used."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, final

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from gocron_py.clock import elapsed
from gocron_py.distributed.sql_dialects import LIMITS, dialect_of
from gocron_py.errors import ErrInvalidArgument
from gocron_py.instant import SECOND, Micros

# A connection that nobody has used for so long may be gone without a word.
_LONGEST_IDLE: Final[Micros] = 60 * SECOND

# The modules of drivers for URLs that name none, the best first, and how to get that one.
_MYSQL: Final = ("pymysql", "MySQLdb")
_DRIVERS: Final = {"postgresql": ("psycopg", "psycopg2"), "mysql": _MYSQL, "mariadb": _MYSQL}
_PACKAGES: Final = {"postgresql": "'psycopg[binary]'", "mysql": "PyMySQL", "mariadb": "PyMySQL"}


@final
@dataclass(slots=True, eq=False)
class Line:
    """A connection, the driver's own and a cursor of it, and when it was last used."""

    connection: Connection
    driver: Any
    cursor: Any
    used: Micros

    def is_good(self) -> bool:
        """Whether it may be used again: a server that goes away says so, and nobody else says anything unasked."""
        if elapsed() - self.used > _LONGEST_IDLE:
            return False
        number = _descriptor(self.driver)
        if number is None:
            return True
        poll = select.poll()
        poll.register(number, select.POLLIN)
        return not poll.poll(0)

    def cut(self) -> None:
        """Have whoever waits for an answer on it fail, now."""
        number = _descriptor(self.driver)
        if number is None:
            if hasattr(self.driver, "interrupt"):  # SQLite's
                self.driver.interrupt()
            return
        with suppress(OSError), socket.socket(fileno=os.dup(number)) as end:
            end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """The end of it."""
        # The driver's own, as SQLAlchemy would roll back first: over a connection that is broken, in vain and loudly.
        with suppress(Exception):
            self.driver.close()


def _descriptor(driver: Any) -> int | None:
    """Of the connection's socket, if there is one."""
    try:
        holder = driver if hasattr(driver, "fileno") else getattr(driver, "_sock", None)  # PyMySQL has but that
        number = -1 if holder is None else int(holder.fileno())
    except Exception:  # it is closed
        return None
    return number if number >= 0 else None


@final
class Statement:
    """One that is compiled once, and done on the driver's own cursor.

    SQLAlchemy makes it, for whatever database; to have it execute it, too, costs as much again as the round trip.
    """

    __slots__ = ("_compiled", "_what")

    def __init__(self, what: Any) -> None:
        self._what = what
        self._compiled: Any = None

    def done_on(self, line: Line, parameters: Mapping[str, object]) -> Any:
        """Do it; the cursor, with what has come of it."""
        compiled = self._compiled
        if compiled is None:
            compiled = self._compiled = self._what.compile(dialect=line.connection.dialect)
        values = compiled.construct_params(parameters)
        given = [values[name] for name in compiled.positiontup] if compiled.positional else values
        line.cursor.execute(compiled.string, given)
        return line.cursor


def open_line(dial: Future[Line], engine: Engine, settings: tuple[str, ...]) -> None:
    """Connect; what comes of it is put into *dial*."""
    _dialling.limits = LIMITS.get(engine.dialect.driver, {})
    try:
        connection = engine.connect()
        try:
            # It is out of the pool now, and nobody else's any more.
            connection.detach()
            driver: Any = connection.connection.dbapi_connection
            line = Line(connection, driver, driver.cursor(), elapsed())
            for setting in settings:
                connection.execute(text(setting))
        except BaseException:
            connection.close()
            raise
    except BaseException as error:
        dial.set_exception(error)
    else:
        dial.set_result(line)
    finally:
        _dialling.limits = None


def close_late(dial: Future[Line]) -> None:
    """Nobody waits for it any more."""
    if dial.exception() is None:
        dial.result().close()


# -- engines ---------------------------------------------------------------------------------------

_dialling = threading.local()


def engine_of(target: object) -> Engine:
    """The user's own, or one that is made of a URL.

    :raises ErrInvalidArgument: neither, or of a database that is not known.
    """
    engine = target if isinstance(target, Engine) else _engine_by(target)
    _refuse_asynchronous(engine.dialect)
    if engine.dialect.name == "sqlite" and _is_in_memory(engine.url):
        raise ErrInvalidArgument("a database in memory is that of one process: use MemoryTickLocker", got="sqlite://")
    return engine


def _refuse_asynchronous(dialect: Any) -> None:
    if dialect.is_async:
        raise ErrInvalidArgument("the driver must not be asynchronous", got=dialect.driver)


def _is_in_memory(url: URL) -> bool:
    return url.database in (None, "", ":memory:") or "mode=memory" in str(url.database) + str(url.query)


def _engine_by(target: object) -> Engine:
    if not isinstance(target, str | URL):
        raise ErrInvalidArgument("an Engine of SQLAlchemy or a URL is needed", got=type(target).__name__)
    if isinstance(target, str) and target.count("@") > 1:  # a piece of the password would be taken for the host
        raise ErrInvalidArgument("not a URL of a database: what is special in a password is percent-encoded")
    try:
        url = _with_driver(make_url(target))
        dialect_of(url.get_backend_name())
        _refuse_asynchronous(url.get_dialect())  # before the driver is looked for
        return create_engine(url, poolclass=NullPool)
    except ErrInvalidArgument:
        raise
    except ModuleNotFoundError as error:
        raise ErrInvalidArgument(f"the driver of the database is not installed: {error.name}") from None
    except ImportError as error:
        raise ErrInvalidArgument(f"the driver of the database cannot be imported: {error!s:.200}") from None
    except NoSuchModuleError:
        raise ErrInvalidArgument("SQLAlchemy does not know the driver that the URL of the database names") from None
    except (ArgumentError, SQLAlchemyError, ValueError, TypeError) as error:
        # Not its text, which may hold the whole URL.
        raise ErrInvalidArgument(f"not a URL of a database ({type(error).__name__})") from None


def _with_driver(url: URL) -> URL:
    """With the driver of today where it names none: SQLAlchemy's own choice is that of years ago."""
    kind, _, driver = url.drivername.lower().partition("+")
    kind = "postgresql" if kind == "postgres" else kind
    if not driver and kind in _DRIVERS:
        known = [module for module in _DRIVERS[kind] if find_spec(module) is not None]
        if not known:
            raise ErrInvalidArgument(f"a database {kind}:// needs a driver: pip install {_PACKAGES[kind]}")
        driver = known[0].lower()
    return url.set(drivername=f"{kind}+{driver}" if driver else kind)


def own_engine(target: Engine) -> Engine:
    """One that connects as *target* does, with the events and arguments of that."""
    if not event.contains(target, "do_connect", _connect_in_time):
        event.listen(target, "do_connect", _connect_in_time)
    return create_engine(target.url, pool=target.pool.recreate(), isolation_level="AUTOCOMMIT")


def _connect_in_time(dialect: Any, record: object, arguments: list[Any], options: dict[str, Any]) -> Any:
    """Connect with time limits where a store does it; ``None``, the engine's own way, where others do."""
    limits = getattr(_dialling, "limits", None)
    return None if limits is None else dialect.connect(*arguments, **{**options, **limits})
