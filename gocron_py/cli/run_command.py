"""``gocron-py run``."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from gocron_py.cli import fail
from gocron_py.cli.dashboard_option import dashboard as serving
from gocron_py.cli.dashboard_option import dashboard_option
from gocron_py.cli.loading import load_scheduler
from gocron_py.cli.output import one_line, print_error
from gocron_py.errors import GocronError

LEVELS = ("debug", "info", "warning", "error")


@click.command("run")
@click.argument("target", metavar="MODULE:SCHEDULER")
@click.option("--log-level", type=click.Choice(LEVELS), default="info", help="Of the log on standard error (info).")
@dashboard_option
def command(target: str, log_level: str, dashboard: str | None) -> None:
    """Start the scheduler that MODULE:SCHEDULER names, until SIGTERM or Ctrl-C.

    MODULE is imported from the working directory or from wherever Python finds it. SCHEDULER is a scheduler in it,
    or a function without arguments that gives one.

    A signal stops it gently: tasks hear of it through their contexts, and have the scheduler's stop time-out. A
    second one ends it at once. The exit code is 0 after a stop, 1 if the scheduler could not be had or jobs still
    ran when the stop time-out was over.

    \b
    Example:
      gocron-py run myapp.jobs:scheduler --dashboard :8080
    """
    # A program that has set up its own log keeps it: this does nothing then, and the import comes first.
    scheduler = load_scheduler(target)
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(message)s")
    try:
        if not scheduler.jobs():
            print_error(f"gocron-py run: {target} has no jobs yet")
        for locker in scheduler.tick_lockers():
            # What the module has not named would be called by the name of this program.
            if locker.label == Path(sys.argv[0]).name:
                locker.label = target[:100]
        with serving(scheduler, dashboard) as url:
            if url is not None:
                print_error(f"gocron-py run: the dashboard is at {url}")
            scheduler.run_until_signal()
    except GocronError as error:
        fail(one_line(error))
