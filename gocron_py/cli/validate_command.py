"""``gocron-py validate``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from gocron_py.cli.crontab_file import load, told
from gocron_py.cli.output import console, plain, print_json, styled
from gocron_py.crontab.file import Crontab, Entry
from gocron_py.crontab.schedule import LineDefinition
from gocron_py.definitions import Setup
from gocron_py.instant import datetime_of
from gocron_py.schedules.wall_time import local_location


@click.command("validate")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--with-seconds", is_flag=True, help="Lines have six fields, the first for seconds.")
@click.option("--system", is_flag=True, help="A column with the user follows the fields, as in /etc/crontab.")
@click.option("--json", "as_json", is_flag=True, help="For machines: entries with their next run, and problems.")
def command(file: Path, with_seconds: bool, system: bool, as_json: bool) -> int:
    """Check the crontab FILE: print every error and warning with its line.

    The exit code is 1 if there is an error. What is accepted, and how it differs from Debian's cron, is in the
    documentation under "The command line".
    """
    crontab = load(file, with_seconds, system)
    if as_json:
        print_json(_as_json(file, crontab))
    else:
        _print(file, crontab)
    return 1 if crontab.errors else 0


def _print(file: Path, crontab: Crontab) -> None:
    out = console()
    for line, problem in zip(told(file, crontab), crontab.problems, strict=True):
        out.print(styled(line, "red" if problem.is_error else "yellow"))
    warnings = len(crontab.problems) - len(crontab.errors)
    counts = [_count(len(crontab.entries), "entry", "entries"), _count(len(crontab.errors), "error", "errors")]
    out.print(styled(f"{file}: {', '.join([*counts, _count(warnings, 'warning', 'warnings')])}"))


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _as_json(file: Path, crontab: Crontab) -> dict[str, Any]:
    return {
        "file": plain(str(file)),
        "entries": [_entry(entry) for entry in crontab.entries],
        "problems": [
            {
                "line": problem.line or None,
                "level": "error" if problem.is_error else "warning",
                "text": plain(problem.text),
            }
            for problem in crontab.problems
        ],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    following = None
    if entry.timing.times is not None:
        now, location = time.time_ns() // 1000, entry.zone or local_location()
        definition = LineDefinition(entry.schedule, entry.timing.times, entry.timing.is_wild, entry.zone)
        tick = definition.build(Setup(location, now)).next(now)
        following = None if tick is None else datetime_of(tick, location).isoformat()
    return {
        "line": entry.line,
        "name": plain(entry.name),
        "schedule": plain(entry.schedule),
        "zone": None if entry.zone is None else str(entry.zone),
        "command": plain(entry.command),
        "user": None if entry.user is None else plain(entry.user),
        "timeout": entry.timeout.total_seconds() if entry.timeout else None,
        "next": following,
    }
