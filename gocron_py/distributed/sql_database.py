"""Connections to a database whose every use ends in time.

They are a store's own: a user's engine says how to connect, and its pool is left alone. So a claim does not wait for
connections that the program uses up, and the settings that are made on one are nobody else's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from typing import Final, TypeVar, final

from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from gocron_py.clock import elapsed
from gocron_py.distributed.circuit import CALL_TIMEOUT, Circuit, described
from gocron_py.distributed.sql_dialects import Failure, dialect_of
from gocron_py.distributed.sql_lines import Line, close_late, engine_of, open_line, own_engine
from gocron_py.distributed.timelimit import TimeLimit
from gocron_py.errors import LockError, StoreCorrupt, StoreDown, check_kind
from gocron_py.instant import SECOND, Micros

T = TypeVar("T")

MOST_CONNECTIONS: Final = 4

# An attempt to connect that takes longer, of a user's own way to connect, is given up.
_LONGEST_DIAL: Final[Micros] = 30 * SECOND


@final
class Database:
    """A table in a database: work on it is bounded, of one kind of error, and without a secret in it.

    :param target: an ``Engine``, or a URL.
    :param table: made at the first use if it is not there.
    :raises ErrInvalidArgument: neither, or of a database that is not known.
    """

    def __init__(self, target: object, table: Table, create_table: bool) -> None:
        check_kind(create_table, bool, "create_tables")
        self._target = engine_of(target)
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
        self._idle: list[Line] = []
        self._out = 0
        self._dial: tuple[Future[Line], Micros] | None = None
        self._engine = own_engine(self._target)
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
            dial[0].add_done_callback(close_late)
        for line in idle:
            line.close()
        self._limit.close()

    # -- work --------------------------------------------------------------------------------------

    def read(self, work: Callable[[Line], T]) -> T:
        """What a statement that changes nothing gives.

        :raises StoreError: it failed, or took too long.
        """
        return self._circuit.call(lambda: self._with_table(work), "read")

    def wins(self, work: Callable[[Line], int]) -> bool:
        """Whether a statement, a transaction of its own, has changed one row; ``False`` also if others were faster.

        :raises StoreError: it failed, or took too long; nobody knows whether the change was made.
        """

        def change(line: Line) -> bool:
            try:
                return work(line) == 1
            except Exception as error:
                # Another round of whoever asked decides anew: a transaction is not simply done again here.
                if self.dialect.failure(error) is Failure.LOST_RACE:
                    return False
                raise

        return self._circuit.call(lambda: self._with_table(change), "write")

    def _with_table(self, work: Callable[[Line], T]) -> T:
        failure: Exception | None = None
        for _ in range(3):
            try:
                return self._do(work)
            except Exception as error:
                if not self._creates or self.dialect.failure(error) is not Failure.NO_TABLE:
                    raise
            failure = self._create()
        raise failure or StoreDown(f"the table {self._table.fullname} is removed all the time")

    def _create(self) -> Exception | None:
        """Make the table. Of instances that do it at once, all but one may fail, and have it all the same."""
        try:
            self._do(lambda line: line.connection.execute(CreateTable(self._table, if_not_exists=True)))
        except DBAPIError as error:
            return error
        return None

    def _do(self, work: Callable[[Line], T]) -> T:
        line = self._take()
        is_good = False
        try:
            with self._limit.on(line.cut):
                result = work(line)
            is_good = True
        except Exception as error:
            # What is wrong with a table is not wrong with a connection; of all else one cannot be sure.
            is_good = self.dialect.failure(error) is Failure.NO_TABLE
            raise
        finally:
            self._give_back(line, is_good)
        return result

    def _typed(self, error: Exception) -> LockError:
        kind = StoreCorrupt if self.dialect.failure(error) is Failure.STRANGE else StoreDown
        # Not SQLAlchemy's own text, which holds the statement with its parameters.
        return kind(described((isinstance(error, DBAPIError) and error.orig) or error))

    # -- connections -------------------------------------------------------------------------------

    def _take(self) -> Line:
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

    def _give_back(self, line: Line, is_good: bool) -> None:
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

    def _connect(self) -> Line:
        """A new connection. One attempt is made at a time, on a thread that may take longer than its caller waits."""
        end = elapsed() + round(CALL_TIMEOUT * SECOND)
        while (left := end - elapsed()) > 0:
            dial, is_new = self._dialled()
            wait([dial], left / SECOND)
            # One that others had begun may have failed for reasons of another time.
            if dial.done() and self._is_taken(dial) and (is_new or dial.exception() is None):
                return dial.result()
        raise StoreDown(f"no connection to the database within {CALL_TIMEOUT:.0f} s")

    def _dialled(self) -> tuple[Future[Line], bool]:
        """The attempt that is under way, or a new one; whether it is new."""
        with self._lock:
            if self._dial is not None:
                dial, since = self._dial
                if elapsed() - since < _LONGEST_DIAL:
                    return dial, False
                dial.add_done_callback(close_late)
            dial = Future()
            self._dial = dial, elapsed()
        call = partial(open_line, dial, self._engine, self.dialect.settings)
        try:
            threading.Thread(target=call, name="gocron-database-connect", daemon=True).start()
        except RuntimeError:  # the interpreter ends
            call()
        return dial, True

    def _is_taken(self, dial: Future[Line]) -> bool:
        """Whether what has come of it is the caller's."""
        with self._lock:
            is_mine = self._dial is not None and self._dial[0] is dial
            if is_mine:
                self._dial = None
        return is_mine


# Connections of a parent process, which must never be closed in its child.
_inherited: list[Line] = []
