"""Can a store be reached, does it agree on the time, and who may read or write it?"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gocron_py.cli.checks import Finding, State
from gocron_py.cli.output import one_line
from gocron_py.cli.store import path_of
from gocron_py.distributed.sqlite import file_system_of
from gocron_py.distributed.urls import tick_locker
from gocron_py.errors import GocronError
from gocron_py.instant import SECOND

_MOST_SKEW: Final = 1.0


def check_store(url: str) -> Iterator[Finding]:
    """All that can be told of it without changing anything."""
    path = path_of(url)
    if path is not None:
        yield from _file(path)
        if not path.exists():
            return
    try:
        locker = tick_locker(url)
        try:
            began = time.monotonic()
            snapshot = locker.store.load(("gocron-py doctor",))
            took, skew = time.monotonic() - began, (time.time_ns() // 1000 - snapshot.now) / SECOND
        finally:
            locker.close()
    except GocronError as error:
        yield Finding("store", State.FAILURE, one_line(error))
        return
    yield Finding("store", State.OK, f"it answers within {took * 1000:.0f} ms")
    if locker.store.has_clock and abs(skew) > _MOST_SKEW:
        yield Finding("store", State.WARNING, f"this machine's clock is {skew:+.1f} s from the store's, which decides")


def _file(path: Path) -> Iterator[Finding]:
    directory = path.absolute().parent
    if not directory.is_dir():
        yield Finding("store", State.FAILURE, f"{directory}: there is no such directory")
        return
    kind = file_system_of(directory)
    yield Finding("store", State.OK, f"{path}: on {kind or 'a file system of an unknown kind'}")
    if directory.stat().st_mode & stat.S_IWOTH:
        yield Finding("store", State.FAILURE, f"{directory}: everybody may write to it")
    if not os.access(directory, os.W_OK | os.X_OK):
        yield Finding("store", State.FAILURE, f"{directory}: this user may not write to it")
    if not path.exists():
        yield Finding("store", State.OK, f"{path}: it is not there yet")
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o022:
        yield Finding("store", State.WARNING, f"{path}: others may write to it (mode {mode:04o})")
    elif mode & 0o044:
        yield Finding("store", State.WARNING, f"{path}: others may read it (mode {mode:04o})")
    if not os.access(path, os.R_OK | os.W_OK):
        yield Finding("store", State.FAILURE, f"{path}: this user may not read and write it")
