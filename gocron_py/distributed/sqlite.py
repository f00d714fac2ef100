"""Ticks shared by the processes of one machine, in a SQLite file. No server, no dependency.

Who lives is not guessed from leases: each process holds a lock on a file of its own beside the database. The
kernel frees it the moment the process is gone, however it went, and keeps it while the process is stopped.
"""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar, Unpack, final

from gocron_py.distributed.elector import LeadershipCallback, StoreElector
from gocron_py.distributed.events import EventCallback
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.owners import Owners
from gocron_py.distributed.policy import PolicyOverrides
from gocron_py.distributed.store import Entry, Snapshot, TickStore
from gocron_py.errors import ErrInvalidArgument, StoreCorrupt, StoreDown

__all__ = ("SQLiteElector", "SQLiteStore", "SQLiteTickLocker")

T = TypeVar("T")

BUSY_TIMEOUT: Final = 2.0
"""So long, in seconds, a call waits for another process's write."""

# On these a lock taken on one machine means nothing on another, or is lost with a connection.
_NETWORK_FILE_SYSTEMS: Final = frozenset(
    {"afs", "ceph", "cifs", "coda", "gfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2"}
    | {"orangefs", "prl_fs", "smb2", "smb3", "smbfs", "vboxsf"}
    | {"fuse.ceph", "fuse.gcsfuse", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs"}
)

_STAMP: Final = "CREATE TABLE IF NOT EXISTS gocron_store (inode INTEGER NOT NULL)"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS gocron_ticks (
    key BLOB PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    text TEXT NOT NULL
) WITHOUT ROWID
"""

# Of all names of the files beside the database, and SQLite's own bound on Unix.
_LONGEST_SUFFIX: Final = len("-journal")
_LONGEST_PATH: Final = 512

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

# SQLite is asked in pieces: it takes a limited number of parameters.
_MOST_KEYS: Final = 500


@final
class SQLiteStore(TickStore):
    """A store in a SQLite file on a local disk.

    :param path: of the file. It is created with mode 0600, a missing directory with 0700.
    :raises ErrInvalidArgument: not a path; a symbolic link; in a directory that everybody may write to;
        on a network file system.
    """

    poll = 0.5

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = _checked(path)
        self._place = str(self._path)  # for what is asked with every call
        self._owners = Owners(self._path.with_name(self._path.name + ".owners"))
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._closed = False

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def load(self, keys: Sequence[str]) -> Snapshot:
        """See :meth:`TickStore.load`."""
        return self._do(lambda connection: self._load(connection, keys))

    def _load(self, connection: sqlite3.Connection, keys: Sequence[str]) -> Snapshot:
        entries: dict[str, Entry] = {}
        now = time.time_ns() // 1000
        for first in range(0, len(keys), _MOST_KEYS):
            some = [key.encode("utf-8", "surrogatepass") for key in keys[first : first + _MOST_KEYS]]
            marks = ",".join("?" * len(some))
            query = f"SELECT key, version, text FROM gocron_ticks WHERE key IN ({marks})"
            for key, version, text in connection.execute(query, some):
                entries[bytes(key).decode("utf-8", "surrogatepass")] = Entry(text, version)
        # After the reading: a file that was put in its place later was read by nobody before that.
        if self._identity() != self._file:
            raise _Replaced
        return Snapshot(now, entries)

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        """See :meth:`TickStore.compare_and_set`."""
        raw = key.encode("utf-8", "surrogatepass")
        # Versions are random at first: that of a record that was made anew is not one of the old record's.
        if version is None:
            first = secrets.randbits(62)
            return self._do(
                lambda connection: (
                    connection.execute(
                        "INSERT INTO gocron_ticks VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (raw, first, text)
                    ).rowcount
                    == 1
                )
            )
        return self._do(
            lambda connection: (
                connection.execute(
                    "UPDATE gocron_ticks SET version = version + 1, text = ? WHERE key = ? AND version = ?",
                    (text, raw, version),
                ).rowcount
                == 1
            )
        )

    def owner(self) -> str:
        """See :meth:`TickStore.owner`."""
        try:
            return self._owners.enrol()
        except OSError as error:
            raise StoreDown(f"{self._path}: {error}") from error

    def is_alive(self, owner: str) -> bool | None:
        """Whether the process holds its lock."""
        try:
            return self._owners.is_alive(owner)
        except OSError as error:
            raise StoreDown(f"{self._path}: {error}") from error

    def holds(self, owner: str) -> bool:
        """See :meth:`TickStore.holds`: whether the file that *owner* is the name of is where others look for it."""
        return self._owners.holds(owner)

    def forked(self) -> None:
        """See :meth:`TickStore.forked`."""
        self._lock = threading.Lock()
        if self._connection is not None:
            # To close it here would drop the parent's locks from under it.
            _inherited.append(self._connection)
        self._connection = self._file = None

    def close(self) -> None:
        """See :meth:`TickStore.close`."""
        with self._lock:
            self._closed = True
            self._disconnect()
            self._owners.leave()

    # -- the connection ----------------------------------------------------------------------------

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if not self._lock.acquire(timeout=BUSY_TIMEOUT):
            raise StoreDown(f"{self._path}: other threads wait for it")
        try:
            if self._closed:
                raise StoreDown("the locker is closed")
            for _ in range(10):
                try:
                    # With every call: one who cannot be seen to live can claim nothing.
                    self._owners.stay()
                    return work(self._connected())
                except _Replaced:
                    self._disconnect()
                except sqlite3.Error as error:
                    # A new connection the next time: this one may be to a file that is gone.
                    self._disconnect()
                    raise _typed(self._path, error) from error
                except OSError as error:
                    self._disconnect()
                    raise StoreDown(f"{self._path}: {error}") from error
        finally:
            self._lock.release()
        raise StoreDown(f"{self._path}: the file is being replaced all the time")

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        _create(self._path)
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False, cached_statements=16
        )
        try:
            identity = self._identity()
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            connection.execute("PRAGMA synchronous = FULL")
            if self._identity() != identity or identity is None:
                raise _Replaced
            _make_own(connection, identity[1])
        except BaseException:
            connection.close()
            raise
        self._connection, self._file = connection, identity
        return connection

    def _disconnect(self) -> None:
        connection, self._connection, self._file = self._connection, None, None
        try:
            if connection is not None:
                connection.close()
        except sqlite3.Error:  # it is broken, and that is why it is closed
            pass

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self._place, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino


def _make_own(connection: sqlite3.Connection, inode: int) -> None:
    """See to it that the file has its tables, and that what they hold is its own.

    A copy, a backup that was put back say, knows less than has happened since: it counts as wiped.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(_STAMP)
        connection.execute(_SCHEMA)
        if connection.execute("SELECT inode FROM gocron_store").fetchall() != [(inode,)]:
            connection.execute("DELETE FROM gocron_store")
            connection.execute("INSERT INTO gocron_store VALUES (?)", (inode,))
            connection.execute("DELETE FROM gocron_ticks")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


class _Replaced(Exception):  # it never gets out of here
    """The path leads to another file than the one that is open."""


# Connections of a parent process, which must never be closed in its child.
_inherited: list[sqlite3.Connection] = []


def _typed(path: Path, error: sqlite3.Error) -> StoreDown | StoreCorrupt:
    name = getattr(error, "sqlite_errorname", "") or ""
    is_broken = name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_MISMATCH")) or "malformed" in str(error)
    # A table that is not there, or has other columns.
    is_strange = name == "SQLITE_ERROR"
    kind = StoreCorrupt if is_broken or is_strange else StoreDown
    return kind(f"{path}: {error}{f' ({name})' if name else ''}")


def _checked(path: object) -> Path:
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise ErrInvalidArgument("path must be the path of a file", got=path)
    text = os.fspath(path)
    if isinstance(text, str) and _URL.match(text):  # not shown: it may have a password in it
        raise ErrInvalidArgument("path is a URL; tick_locker() of gocron_py.distributed.urls takes those")
    if isinstance(text, str) and text.startswith("~"):
        raise ErrInvalidArgument("a ~ is not expanded here: give os.path.expanduser(path)", got=path)
    if not isinstance(text, str) or "\0" in text or text == ":memory:" or text.startswith("file:"):
        raise ErrInvalidArgument("path must be that of a file which processes can share", got=path)
    try:
        return _checked_place(Path(os.path.abspath(text)))
    except (OSError, ValueError) as error:
        if isinstance(error, ErrInvalidArgument):
            raise
        raise ErrInvalidArgument(f"the path cannot be used: {error}", got=path) from error


def _checked_place(whole: Path) -> Path:
    most = _LONGEST_PATH - _LONGEST_SUFFIX
    if len(os.fsencode(whole)) > most:
        raise ErrInvalidArgument(f"SQLite takes paths of {most} bytes at most", got=str(whole))
    file = next((each for each in whole.parents if each.exists() and not each.is_dir()), None)
    if file is not None:
        raise ErrInvalidArgument(f"{file} is a file, not a directory", got=str(whole))
    whole.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    longest = os.pathconf(whole.parent, "PC_NAME_MAX") - _LONGEST_SUFFIX
    if len(os.fsencode(whole.name)) > longest:
        raise ErrInvalidArgument(f"with the files beside it, its name may have {longest} bytes here", got=str(whole))
    if whole.is_symlink():
        raise ErrInvalidArgument("the file of a store must not be a symbolic link", got=str(whole))
    if whole.exists() and not whole.is_file():
        raise ErrInvalidArgument("path is not that of a file", got=str(whole))
    if whole.parent.stat().st_mode & stat.S_IWOTH:
        raise ErrInvalidArgument("everybody may write to the directory; give the store one of its own", got=str(whole))
    kind = file_system_of(whole.parent)
    if kind in _NETWORK_FILE_SYSTEMS:
        raise ErrInvalidArgument(f"SQLite's locks do not hold on a network file system ({kind})", got=str(whole))
    return whole


def file_system_of(directory: Path, mounts: str | None = None) -> str:
    """The type of the file system that *directory* is on; empty where it cannot be told.

    :param mounts: the text of ``/proc/self/mountinfo``.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return ""
    whole = directory.resolve()
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = _unescaped(before.split()[4]) if len(before.split()) > 4 else ""
        # Of those on one point, the last one mounted is seen.
        if after and whole.is_relative_to(point) and len(point) >= best:
            best, kind = len(point), after.split()[0]
    return kind


def _unescaped(point: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point


def _create(path: Path) -> None:
    """An empty file with mode 0600, which SQLite fills; an existing one is left alone.

    Never opened but to create it: a process that closes any file loses all of its POSIX locks on it.
    """
    if path.is_symlink():
        raise StoreDown(f"{path} has become a symbolic link")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        pass


@final
class SQLiteTickLocker(TickLocker):
    """Each tick once among the processes of one machine.

    ::

        locker = SQLiteTickLocker("/var/lib/myapp/jobs.db")
        scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))

    :param path: of the database; see :class:`SQLiteStore`. It may be one that holds other tables too.
    :param on_event: see :class:`~gocron_py.distributed.TickLocker`.
    :param policy: the fields of :class:`~gocron_py.TickPolicy`.
    :raises ErrInvalidArgument: the path cannot be used, or an impossible value.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        on_event: EventCallback | None = None,
        **policy: Unpack[PolicyOverrides],
    ) -> None:
        super().__init__(SQLiteStore(path), on_event=on_event, **policy)


@final
class SQLiteElector(StoreElector):
    """One leader among the processes of one machine.

    :param path: of the database; see :class:`SQLiteStore`.
    :param name: of the election.
    :param on_change: called with ``True`` and ``False`` as this instance begins and ceases to lead.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        name: str = "gocron-leader",
        on_change: LeadershipCallback | None = None,
    ) -> None:
        super().__init__(SQLiteStore(path), name=name, on_change=on_change)
