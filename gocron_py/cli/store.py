"""The store that a command is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import click

from gocron_py.cli.output import fail, one_line, refuse
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.urls import tick_locker
from gocron_py.errors import GocronError

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
        locker = _locker(url)
        try:
            yield locker
        finally:
            locker.close()
    except GocronError as error:
        fail(f"--store: {one_line(error)}")


def _locker(url: str) -> TickLocker:
    try:
        return tick_locker(url)
    except GocronError as error:
        refuse(f"--store: {one_line(error)}")


def path_of(url: str) -> Path | None:
    """The file of a SQLite store."""
    scheme, _, path = url.partition(":///")
    return Path(unquote(path)) if scheme.lower() == "sqlite" and path else None
