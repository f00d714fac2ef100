"""The command line: ``python -m gocron_py`` and ``gocron-py``. The extra ``cli`` is needed.

A command is a module of its own, imported when it is asked for. What is wrong is one line on standard error:
exit code 2 where the words of the command line are, 1 for what fails.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, cast, final

import click

from gocron_py.cli.output import fail, one_line, print_error
from gocron_py.errors import GocronError

__all__ = ("fail", "run")

NAME: Final = "gocron-py"

# In the order of --help: module and what it does.
_COMMANDS: Final = {
    "next": "When a schedule runs next.",
    "run": "Run a scheduler of yours as a service.",
    "crontab": "Run the commands of a crontab: a cron for containers.",
    "validate": "Check a crontab: every error, with its line.",
    "status": "What a store knows: instances, their last runs, what is paused.",
    "pause": "Pause a job, or all, on every instance.",
    "resume": "Let a paused job, or all, go on.",
    "doctor": "Check this machine: clock, zones, packages, stores.",
    "demo": "Kill and freeze processes that share a SQLite file, and see each tick start once.",
}


@final
class _Commands(click.Group):
    """The commands, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        return cast("click.Command", import_module(f"gocron_py.cli.{cmd_name}_command").command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gocron_py", prog_name=NAME)
def _main() -> None:
    """gocron_py, a job scheduler: look at schedules, run schedulers and crontabs."""


def run(arguments: Sequence[str]) -> int:
    """Do what *arguments* say.

    :return: the exit code.
    """
    try:
        code = _run(arguments)
        if sys.stdout is not None:  # closed by whoever started this
            sys.stdout.flush()
        return code
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
        # Somebody who reads no further (`| head`) is no reason to complain. Python flushes once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1


def _run(arguments: Sequence[str]) -> int:
    try:
        code = _main.main(list(arguments) or ["--help"], prog_name=NAME, standalone_mode=False)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if isinstance(context, click.Context) else NAME
        print_error(f"{where}: {error.format_message()}")
        return error.exit_code
    except GocronError as error:
        print_error(f"{NAME}: {one_line(error)}")
        return 1
    except (click.Abort, KeyboardInterrupt):
        return 130
    return code if isinstance(code, int) else 0
