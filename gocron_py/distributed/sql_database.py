"""Connections to a database whose every use ends in time.

They are a store's own: a user's engine says how to connect, and its pool is left alone. So a claim does not wait for
connections that the program uses up, and the settings that are made on one are nobody else's.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar, final

from sqlalchemy import URL, Connection, Engine, NullPool, Table, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.schema import CreateTable

from gocron_py.clock import elapsed
from gocron_py.distributed.circuit import CALL_TIMEOUT, Circuit, described
from gocron_py.distributed.sql_dialects import LIMITS, Failure, dialect_of
from gocron_py.distributed.timelimit import TimeLimit
from gocron_py.errors import ErrInvalidArgument, LockError, StoreCorrupt, StoreDown, check_kind
from gocron_py.instant import SECOND, Micros

T = TypeVar("T")

MOST_CONNECTIONS: Final = 4

# A connection that nobody has used for so long may be gone without a word.
_LONGEST_IDLE: Final[Micros] = 60 * SECOND

# An attempt to connect that takes longer, of a user's own way to connect, is given up.
_LONGEST_DIAL: Final[Micros] = 30 * SECOND


@final
@dataclass(slots=True, eq=False)
class _Line:
    """A connection, and when it was last used."""

    connection: Connection
    driver: Any
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
class Database:
    """A table in a database: work on it is bounded, of one kind of error, and without a secret in it.

    :param target: an ``Engine``, or a URL.
    :param table: made at the first use if it is not there.
    :raises ErrInvalidArgument: neither, or of a database that is not known.
    """

    def __init__(self, target: object, table: Table, create_table: bool) -> None:
        check_kind(create_table, bool, "create_tables")
        self._target = _checked(target)
        self._table = table
        self._creates = create_table
        self.kind = self._target.dialect.name
        self.dialect = dialect_of(self.kind)
        # What was the primary before a failover is read from, and not written to.
        self._circuit = Circuit(self._typed, ("read", "write"))
        self._limit = TimeLimit(CALL_TIMEOUT)
        self._closed = False
        self.begin()

    def begin(self) -> None:
        """As new: also in a forked child, whose connections are its parent's."""
        self._lock = threading.Condition()
        self._idle: list[_Line] = []
        self._out = 0
        self._dial: tuple[Future[_Line], Micros] | None = None
        self._engine = _own_engine(self._target)
        self._circuit.begin()
        self._limit.begin()

    def forked(self) -> None:
        """This is a forked child now."""
        # To close them here, even by collecting them, would say goodbye to the server in the parent's name.
        _inherited.extend(self._idle)
        self.begin()

    def close(self) -> None:
        """Close the connections. A user's engine stays as it is."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            dial, self._dial = self._dial, None
            self._lock.notify_all()
        if dial is not None:
            dial[0].add_done_callback(_close_late)
        for line in idle:
            line.close()
        self._limit.close()

    # -- work --------------------------------------------------------------------------------------

    def read(self, work: Callable[[Connection], T]) -> T:
        """What a statement that changes nothing gives.

        :raises StoreError: it failed, or took too long.
        """
        return self._circuit.call(lambda: self._with_table(work), "read")

    def wins(self, work: Callable[[Connection], int]) -> bool:
        """Whether a statement, a transaction of its own, has changed one row; ``False`` also if others were faster.

        :raises StoreError: it failed, or took too long; nobody knows whether the change was made.
        """

        def change(connection: Connection) -> bool:
            try:
                return work(connection) == 1
            except DBAPIError as error:
                # Another round of whoever asked decides anew: a transaction is not simply done again here.
                if self.dialect.failure(error) is Failure.LOST_RACE:
                    return False
                raise

        return self._circuit.call(lambda: self._with_table(change), "write")

    def _with_table(self, work: Callable[[Connection], T]) -> T:
        failure: DBAPIError | None = None
        for _ in range(3):
            try:
                return self._do(work)
            except DBAPIError as error:
                if not self._creates or self.dialect.failure(error) is not Failure.NO_TABLE:
                    raise
            failure = self._create()
        raise failure or StoreDown(f"the table {self._table.fullname} is removed all the time")

    def _create(self) -> DBAPIError | None:
        """Make the table. Of instances that do it at once, all but one may fail, and have it all the same."""
        try:
            self._do(lambda connection: connection.execute(CreateTable(self._table, if_not_exists=True)))
        except DBAPIError as error:
            return error
        return None

    def _do(self, work: Callable[[Connection], T]) -> T:
        line = self._take()
        is_good = False
        try:
            with self._limit.on(line.cut):
                result = work(line.connection)
            is_good = True
        except DBAPIError as error:
            # What is wrong with a table is not wrong with a connection; of all else one cannot be sure.
            is_good = self.dialect.failure(error) is Failure.NO_TABLE
            raise
        finally:
            self._give_back(line, is_good)
        return result

    def _typed(self, error: Exception) -> LockError:
        if not isinstance(error, DBAPIError):
            return StoreDown(described(error))
        kind = StoreCorrupt if self.dialect.failure(error) is Failure.STRANGE else StoreDown
        # Not SQLAlchemy's own text, which holds the statement with its parameters.
        return kind(described(error.orig or error))

    # -- connections -------------------------------------------------------------------------------

    def _take(self) -> _Line:
        with self._lock:
            if not self._lock.wait_for(lambda: self._out < MOST_CONNECTIONS or self._closed, CALL_TIMEOUT):
                raise StoreDown(f"all {MOST_CONNECTIONS} connections to the database are in use")
            if self._closed:
                raise StoreDown("the store is closed")
            self._out += 1
            # The one that was used last, so that the others come of age.
            line = self._idle.pop() if self._idle else None
        try:
            if line is not None and line.is_good():
                return line
            if line is not None:
                line.close()
            return self._connect()
        except BaseException:
            self._leave()
            raise

    def _give_back(self, line: _Line, is_good: bool) -> None:
        line.used = elapsed()
        with self._lock:
            is_kept = is_good and not self._closed
            if is_kept:
                self._idle.append(line)
        if not is_kept:
            line.close()
        self._leave()

    def _leave(self) -> None:
        with self._lock:
            self._out -= 1
            self._lock.notify()

    def _connect(self) -> _Line:
        """A new connection. One attempt is made at a time, on a thread that may take longer than its caller waits."""
        end = elapsed() + round(CALL_TIMEOUT * SECOND)
        while (left := end - elapsed()) > 0:
            dial, is_new = self._dialled()
            wait([dial], left / SECOND)
            # One that others had begun may have failed for reasons of another time.
            if dial.done() and self._is_taken(dial) and (is_new or dial.exception() is None):
                return dial.result()
        raise StoreDown(f"no connection to the database within {CALL_TIMEOUT:.0f} s")

    def _dialled(self) -> tuple[Future[_Line], bool]:
        """The attempt that is under way, or a new one; whether it is new."""
        with self._lock:
            if self._dial is not None:
                dial, since = self._dial
                if elapsed() - since < _LONGEST_DIAL:
                    return dial, False
                dial.add_done_callback(_close_late)
            dial = Future()
            self._dial = dial, elapsed()
        call = partial(_open, dial, self._engine, self.dialect.settings)
        try:
            threading.Thread(target=call, name="gocron-database-connect", daemon=True).start()
        except RuntimeError:  # the interpreter ends
            call()
        return dial, True

    def _is_taken(self, dial: Future[_Line]) -> bool:
        """Whether what has come of it is the caller's."""
        with self._lock:
            is_mine = self._dial is not None and self._dial[0] is dial
            if is_mine:
                self._dial = None
        return is_mine


def _open(dial: Future[_Line], engine: Engine, settings: tuple[str, ...]) -> None:
    _dialling.limits = LIMITS.get(engine.dialect.driver, {})
    try:
        connection = engine.connect()
        try:
            # It is out of the pool now, and nobody else's any more.
            connection.detach()
            driver = connection.connection.dbapi_connection
            line = _Line(connection, driver, elapsed())
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


def _close_late(dial: Future[_Line]) -> None:
    if dial.exception() is None:
        dial.result().close()


# -- engines ---------------------------------------------------------------------------------------

_dialling = threading.local()

# Connections of a parent process, which must never be closed in its child.
_inherited: list[_Line] = []


def _checked(target: object) -> Engine:
    engine = target if isinstance(target, Engine) else _engine_of(target)
    if engine.dialect.is_async:
        raise ErrInvalidArgument("the engine must not be asynchronous", got=engine.dialect.driver)
    if engine.dialect.name == "sqlite" and _is_in_memory(engine.url):
        raise ErrInvalidArgument("a database in memory is that of one process: use MemoryTickLocker", got="sqlite://")
    return engine


def _is_in_memory(url: URL) -> bool:
    return url.database in (None, "", ":memory:") or "mode=memory" in str(url.database) + str(url.query)


def _engine_of(target: object) -> Engine:
    if not isinstance(target, str | URL):
        raise ErrInvalidArgument("an Engine of SQLAlchemy or a URL is needed", got=type(target).__name__)
    try:
        url = make_url(target)
        dialect_of(url.get_backend_name())
        return create_engine(url, poolclass=NullPool)
    except ErrInvalidArgument:
        raise
    except ModuleNotFoundError as error:
        raise ErrInvalidArgument(f"the driver of the database is not installed: {error.name}") from None
    except (ArgumentError, SQLAlchemyError, ValueError, TypeError) as error:
        # Not its text, which may hold the whole URL.
        raise ErrInvalidArgument(f"not a URL of a database ({type(error).__name__})") from None


def _own_engine(target: Engine) -> Engine:
    """One that connects as *target* does, with the events and arguments of that."""
    if not event.contains(target, "do_connect", _connect_in_time):
        event.listen(target, "do_connect", _connect_in_time)
    return create_engine(target.url, pool=target.pool.recreate(), isolation_level="AUTOCOMMIT")


def _connect_in_time(dialect: Any, record: object, arguments: list[Any], options: dict[str, Any]) -> Any:
    """Connect with time limits where a store does it; ``None``, the engine's own way, where others do."""
    limits = getattr(_dialling, "limits", None)
    return None if limits is None else dialect.connect(*arguments, **{**options, **limits})
