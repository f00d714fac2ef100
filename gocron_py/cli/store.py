"""The store that a command is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import click

from gocron_py.cli.output import fail, one_line, refuse
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.sqlite import SQLiteStore
from gocron_py.distributed.urls import tick_locker
from gocron_py.errors import GocronError, StoreCorrupt, StoreDown

_VARIABLE: Final = "GOCRON_ONCE_ACROSS"


def _given(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    if value is None:
        raise click.UsageError(f"Missing option '--store', or {_VARIABLE} in the environment", ctx)
    return value


store_option = click.option(
    "--store", metavar="URL", envvar=_VARIABLE, callback=_given, help=f"Its URL (or ${_VARIABLE})."
)


@contextmanager
def opened(url: str) -> Iterator[TickLocker]:
    """The tick locker on a store; what goes wrong with it ends the command.

    A file that is not there is not made: to look at a store must not be the beginning of one.
    """
    try:
        if (path := path_of(url)) is not None and not path.exists():
            fail(f"{path}: No such file")
        locker = locker_of(url, "--store")
        try:
            yield locker
        finally:
            locker.close()
    except GocronError as error:
        fail(f"--store: {one_line(error)}")


def locker_of(url: str, option: str, **options: Any) -> TickLocker:
    """The tick locker on the store that an option names. Ends the command: the URL is none, or the file cannot be."""
    try:
        return tick_locker(url, **options)
    except GocronError as error:
        told = f"{option}: {one_line(error)}"
        if path_of(url) is not None:
            fail(told)
        refuse(told)


def why_unusable(locker: TickLocker) -> str | None:
    """Why the store cannot be what it is to be, whoever waits; ``None``: nothing is known against it.

    One that does not answer is no reason: it may do so when it is needed.
    """
    try:
        locker.store.load(("gocron-py",))
        if isinstance(locker.store, SQLiteStore):
            locker.store.owner()  # makes files of its own
    except StoreCorrupt as error:
        return one_line(error)
    except StoreDown as error:
        return one_line(error) if _is_for_good(error.__cause__) else None
    return None


def _is_for_good(cause: BaseException | None) -> bool:
    """Whether a file cannot be had by this user, or is none."""
    kind = getattr(cause, "sqlite_errorname", None) or ""
    is_denied = isinstance(cause, PermissionError | NotADirectoryError | IsADirectoryError)
    return is_denied or kind.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM"))


def path_of(url: str) -> Path | None:
    """The file of a SQLite store."""
    scheme, _, path = url.partition(":///")
    return Path(unquote(path)) if scheme.lower() == "sqlite" and path else None
