"""Which processes of this machine live: each holds a POSIX record lock on a file of its own.

The kernel frees such a lock when its process ends, even by SIGKILL, and not before; a stopped process
keeps it. Two traps: a process does not see its own locks, and loses one with any close of the file,
however it was opened. So a process's own files are in a table, and opened once.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import stat
import threading
import time
from pathlib import Path
from typing import final

from gocron_py.errors import StoreDown

_OWNER = re.compile(r"[0-9a-f-]{1,64}\.[0-9]{1,10}\.[0-9a-f]{16}")

# Dead owners' files are swept up after this, in seconds: nobody asks about them by then.
_OLD = 3600.0

_lock = threading.Lock()
_own: dict[str, int] = {}


def _forget() -> None:
    """A child has none of its parent's locks. What it closes costs the parent nothing."""
    global _lock
    _lock = threading.Lock()
    for descriptor in _own.values():
        os.close(descriptor)
    _own.clear()


os.register_at_fork(after_in_child=_forget)


@final
class Owners:
    """The files of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._name = ""
        self._pid = 0
        self._boot = _boot_id()
        # Who has been seen dead stays so: a name is used once.
        self._dead: set[str] = set()

    def enrol(self) -> str:
        """This process's name, by which it lives for as long as it does not :meth:`leave`.

        :raises OSError: the directory cannot be written to.
        """
        if self._name and self._pid == os.getpid():
            return self._name
        with _lock:
            if self._name and self._pid == os.getpid():
                return self._name
            self._directory.mkdir(mode=0o700, exist_ok=True)
            status = self._directory.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_mode & stat.S_IWOTH:
                raise StoreDown(f"{self._directory} must be a directory that only its owner writes to")
            self._sweep()
            name = f"{self._boot}.{os.getpid()}.{secrets.token_hex(8)}"
            flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self._directory / name, flags, 0o600)
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                raise
            _own[name] = descriptor
            self._name, self._pid = name, os.getpid()
            return name

    def leave(self) -> None:
        """Be dead from now on."""
        with _lock:
            descriptor = _own.pop(self._name, None) if self._pid == os.getpid() else None
            if descriptor is not None:
                os.close(descriptor)
                (self._directory / self._name).unlink(missing_ok=True)
            self._name = ""

    def is_alive(self, owner: str) -> bool:
        """Whether the process that enrolled as *owner* lives and has not left.

        :raises OSError: it cannot be told.
        """
        if owner in self._dead:
            return False
        alive = _OWNER.fullmatch(owner) is not None and owner.startswith(f"{self._boot}.") and self._holds(owner)
        if not alive:
            self._dead.add(owner)
        return alive

    def _holds(self, owner: str) -> bool:
        with _lock:  # or the file could become our own between the look and the opening
            if owner in _own:
                return True
            try:
                return _is_locked(self._directory / owner)
            except FileNotFoundError:
                return False

    def _sweep(self) -> None:
        now = time.time()
        with os.scandir(self._directory) as files:
            for file in files:
                if file.name in _own or not _OWNER.fullmatch(file.name):
                    continue
                try:
                    if now - file.stat(follow_symlinks=False).st_mtime < _OLD or _is_locked(file.path):
                        continue
                    os.unlink(file.path)
                except OSError:  # somebody else swept it up
                    continue


def _is_locked(path: str | Path) -> bool:
    """Whether another process holds the lock of a file; not to be asked of this process's own."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        # A shared one: two that look at the same time do not take each other for the owner.
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    finally:
        os.close(descriptor)
    return False


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:  # not Linux; a boot frees all locks anyhow
        return "0"
