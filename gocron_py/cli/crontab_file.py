"""The crontab that a command is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gocron_py.cli.output import fail
from gocron_py.crontab.file import Crontab, parse, read
from gocron_py.crontab.suspicions import suspicions


def load(file: Path, with_seconds: bool, system: bool) -> Crontab:
    """What is in *file*, with what is suspicious among its problems. Ends the command if it cannot be read."""
    try:
        crontab = parse(read(file), with_seconds, system)
    except ValueError as error:
        fail(f"{file}: {error}")
    crontab.problems += suspicions(crontab, with_seconds, system)
    crontab.problems.sort(key=lambda problem: problem.line)
    return crontab


def told(file: Path, crontab: Crontab) -> Sequence[str]:
    """One line for each problem."""
    return [
        f"{file}{f':{problem.line}' if problem.line else ''}: {'error' if problem.is_error else 'warning'}: "
        f"{problem.text}"
        for problem in crontab.problems
    ]
