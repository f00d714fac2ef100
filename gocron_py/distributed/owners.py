"""Which processes of this machine live: each holds a lock on a file of its own.

The kernel frees such a lock when its process ends, even by SIGKILL, and not before; a stopped process
keeps it. On Linux it belongs to the open file (an open-file-description lock): that the process opens and
closes the file a second time, as a backup in it does, costs nothing. The other side of that: a child which
inherits the open file keeps it locked. So a fork closes it, in the child, and an exec does; where a child comes
about in another way, in C, its parent counts as alive for as long as the child has it: late, but never twice.

Elsewhere it is a POSIX record lock, with two traps: a process does not see its own, and loses one with any close
of the file. So a process's own files are in a table, and not opened by it a second time.

A file can be deleted under its owner, who is dead to all others then. It finds that out by a look at the path,
and comes back under another name.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
import secrets
import stat
import struct
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import final

from gocron_py.errors import StoreDown

_OWNER = re.compile(r"[0-9a-f-]{1,64}\.[0-9]{1,10}\.[0-9a-f]{16}")

# Dead owners' files are swept up after this, in seconds: nobody asks about them by then.
_OLD = 3600.0

# Linux's struct flock: type, whence, start, length, pid. Elsewhere it is another one.
_FLOCK = "hhqqi4x"
_HAS_OPEN_FILE_LOCKS = sys.platform == "linux" and hasattr(fcntl, "F_OFD_SETLK")

_log = logging.getLogger("gocron_py")

# Held over a fork, so that no file is open and not in the table when a child closes what is in it.
_lock = threading.RLock()
_own: dict[str, int] = {}


def _forget() -> None:
    """A child lives under a name of its own. What it closes costs the parent nothing."""
    global _lock
    _lock = threading.RLock()
    for descriptor in _own.values():
        os.close(descriptor)
    _own.clear()


os.register_at_fork(before=lambda: _lock.acquire(), after_in_parent=lambda: _lock.release(), after_in_child=_forget)


@final
class Owners:
    """The files of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._name = ""
        # Of the file: where it is, as a text, for that is looked at with every call; device and inode.
        self._place = ""
        self._file = (0, 0)
        # The process that wants to be there; a child does only when it is asked for its name.
        self._pid = 0
        self._boot = _boot_id()
        # Who has been seen dead stays so: a name is used once.
        self._dead: set[str] = set()

    def enrol(self) -> str:
        """This process's name, by which it lives for as long as it does not :meth:`leave`.

        It is another one once the file of the last one is gone.

        :raises OSError: the directory cannot be written to.
        :raises StoreDown: it is no directory, or one that everybody may write to.
        """
        with _lock:
            is_here = self._pid == os.getpid()
            if is_here and self._name and self._is_in_place():
                return self._name
            was, self._name, self._pid = self._name if is_here else "", "", os.getpid()
            _close(was)
        if was:
            path = self._directory / was
            _log.warning("gocron: %s was deleted or replaced: what ran under that name counts as cut off", path)
        with _lock:
            if not self._name:
                name, self._file = self._new()
                self._name, self._place = name, str(self._directory / name)
            return self._name

    def stay(self) -> None:
        """See to it that this process is still there, if it has enrolled, or has tried to.

        :raises OSError: it cannot be told, or the directory cannot be written to.
        """
        if self._pid == os.getpid():
            self.enrol()

    def holds(self, name: str) -> bool:
        """Whether *name* is this process's, and its file is where others look for it."""
        if name != self._name or self._pid != os.getpid():
            return False
        try:
            return self._is_in_place()
        except OSError:  # then the others cannot tell either, and nobody takes over
            return True

    def leave(self) -> None:
        """Be dead from now on."""
        with _lock:
            if self._pid == os.getpid() and self._name:
                _close(self._name)
                with suppress(OSError):
                    (self._directory / self._name).unlink()
            self._name, self._pid = "", 0

    def is_alive(self, owner: str) -> bool:
        """Whether the process that enrolled as *owner* lives and has not left.

        :raises OSError: it cannot be told.
        """
        if owner in self._dead:
            return False
        alive = _OWNER.fullmatch(owner) is not None and owner.startswith(f"{self._boot}.") and self._is_there(owner)
        if not alive:
            self._dead.add(owner)
        return alive

    def _new(self) -> tuple[str, tuple[int, int]]:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        status = self._directory.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_mode & stat.S_IWOTH:
            raise StoreDown(f"{self._directory} must be a directory that only its owner writes to")
        self._sweep()
        name = f"{self._boot}.{os.getpid()}.{secrets.token_hex(8)}"
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._directory / name, flags, 0o600)
        try:
            _take(descriptor)
            status = os.fstat(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        _own[name] = descriptor
        return name, (status.st_dev, status.st_ino)

    def _is_in_place(self) -> bool:
        try:
            status = os.stat(self._place, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == self._file

    def _is_there(self, owner: str) -> bool:
        with _lock:  # or the file could become our own between the look and the opening
            if owner in _own:
                return True
            try:
                return _is_taken(self._directory / owner)
            except FileNotFoundError:
                return False

    def _sweep(self) -> None:
        now = time.time()
        with os.scandir(self._directory) as files:
            for file in files:
                if file.name in _own or not _OWNER.fullmatch(file.name):
                    continue
                try:
                    if now - file.stat(follow_symlinks=False).st_mtime < _OLD or _is_taken(file.path):
                        continue
                    os.unlink(file.path)
                except OSError:  # somebody else swept it up
                    continue


def _close(name: str) -> None:
    descriptor = _own.pop(name, None)
    if descriptor is not None:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    if _open_file_lock(descriptor, "F_OFD_SETLK", fcntl.F_WRLCK) is None:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_taken(path: str | Path) -> bool:
    """Whether another process holds the lock of a file; not to be asked of this process's own."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = _open_file_lock(descriptor, "F_OFD_GETLK", fcntl.F_RDLCK)
        if found is not None:
            return found != fcntl.F_UNLCK
        # A shared one: two that look at the same time do not take each other for the owner.
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    finally:
        os.close(descriptor)
    return False


def _open_file_lock(descriptor: int, command: str, kind: int) -> int | None:
    """Take a lock that belongs to the open file, or look for one that is in its way: the kind of lock found.

    ``None``: this system has none.
    """
    if not _HAS_OPEN_FILE_LOCKS:
        return None
    wanted = struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)
    try:
        answer = fcntl.fcntl(descriptor, getattr(fcntl, command), wanted)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None
        raise
    return int(struct.unpack(_FLOCK, answer)[0])


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:  # not Linux; a boot frees all locks anyhow
        return "0"
