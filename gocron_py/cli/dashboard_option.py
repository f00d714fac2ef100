"""``--dashboard``: the page of a scheduler that a command runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from gocron_py.cli.output import one_line
from gocron_py.errors import ErrInvalidArgument
from gocron_py.scheduler import Scheduler

CREDENTIALS: Final = "GOCRON_DASHBOARD_AUTH"
"""The variable with ``user:password``."""


def _address(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        from gocron_py.dashboard.server import split_address

        try:
            split_address(value)
        except ErrInvalidArgument as error:
            raise click.BadParameter(f"{value!r:.80}: {one_line(error)}", ctx, param) from None
    return value


dashboard_option = click.option(
    "--dashboard",
    metavar="ADDRESS",
    callback=_address,
    help=f"Serve the dashboard: :8080 for this machine only; 0.0.0.0:8080 needs {CREDENTIALS}=user:password.",
)


@contextmanager
def dashboard(scheduler: Scheduler, address: str | None) -> Iterator[str | None]:
    """Serve it meanwhile; its URL. With credentials it can pause, resume and run jobs, else it is for reading.

    :raises ErrInvalidArgument: an address that cannot be had, or that others can reach without credentials.
    """
    if address is None:
        yield None
        return
    from gocron_py.dashboard import BasicAuth, serve

    given = os.environ.get(CREDENTIALS)
    authorize = None
    if given is not None:
        user, _, password = given.partition(":")
        if not user or not password:
            raise ErrInvalidArgument(f"{CREDENTIALS} must be user:password")
        authorize = BasicAuth({user: password})
    try:
        server = serve(scheduler, address, actions=authorize is not None, authorize=authorize)
    except ErrInvalidArgument as error:
        if authorize is None and "authorize" in str(error):
            raise ErrInvalidArgument(
                f"--dashboard {address}: others can reach it; set {CREDENTIALS}=user:password"
            ) from None
        raise ErrInvalidArgument(f"--dashboard {address}: {one_line(error)}") from None
    with server:
        yield server.url
