"""``gocron-py resume``."""

from __future__ import annotations

import click

from gocron_py.cli.pause_command import change
from gocron_py.cli.store import store_option


@click.command("resume")
@click.argument("job", required=False)
@store_option
@click.option("--all", "everything", is_flag=True, help="What `pause --all` has paused. Jobs paused alone stay so.")
def command(job: str | None, store: str, everything: bool) -> None:
    """Let JOB go on, on every instance that shares the store."""
    change(job, store, everything, paused=False)
