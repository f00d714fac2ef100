"""What the commands print: no name or text can change the terminal's state, and a broken pipe is no fault."""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from typing import Final, NoReturn

import click
from rich.console import Console
from rich.text import Text

from gocron_py.printable import printable
from gocron_py.schedules.go_numbers import Refused, parse_duration

_LONGEST: Final = 2000

# Of what is no terminal: columns of tables are not cut.
_WIDE: Final = 10_000


def plain(text: str, longest: int = _LONGEST) -> str:
    """*text* on one line, whatever it holds: control characters are escaped, the middle of a very long one is cut."""
    if len(text) > longest:
        kept = longest // 2
        text = f"{text[:kept]} … {text[-kept // 4 :]} ({len(text)} characters)"
    return printable(text)


def one_line(error: BaseException) -> str:
    """An error's text, with the notes that say why."""
    text = ": ".join(line.strip() for line in str(error).splitlines() if line.strip()) or type(error).__name__
    notes = [note for note in getattr(error, "__notes__", ()) if not note.startswith("got ")]
    return plain("; ".join([text.removeprefix("gocron: ").removeprefix("invalid argument: "), *notes]))


def fail(message: str) -> NoReturn:
    """End the command with one line on standard error, and exit code 1: what was asked for does not work."""
    raise Failure(message)


def refuse(message: str) -> NoReturn:
    """End the command with one line on standard error, and exit code 2: what was asked for cannot be meant."""
    raise click.UsageError(message, click.get_current_context(silent=True))


class Failure(click.ClickException):
    """A command that could not do what it was told; knows which."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.ctx = click.get_current_context(silent=True)


def print_error(message: str) -> None:
    """One line on standard error."""
    print(plain(message.replace("\n", " ")), file=sys.stderr)


def console() -> Console:
    """Standard output: colours on a terminal that wants them (NO_COLOR), plain text elsewhere, lines never broken."""
    # Of NO_COLOR rich would keep what is bold.
    is_plain = False if os.environ.get("NO_COLOR") else None
    made = Console(highlight=False, markup=False, emoji=False, soft_wrap=True, force_terminal=is_plain)
    if not made.is_terminal:
        made.width = _WIDE
    return made


def styled(text: str, style: str = "") -> Text:
    """A text to be printed as it is, made harmless."""
    return Text(plain(text), style=style)


def print_json(value: object) -> None:
    """*value* as JSON in ASCII, indented."""
    click.echo(json.dumps(value, indent=2))


def duration(text: str | timedelta) -> timedelta:
    """The type of an option that is a length of time, as Go writes it: ``30s``, ``1h30m``."""
    if isinstance(text, timedelta):
        return text
    try:
        return duration_of(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def duration_of(text: str) -> timedelta:
    """A length of time, as Go writes it.

    :raises ValueError: it is none, or not more than nothing.
    """
    try:
        nanoseconds = parse_duration(text)
    except Refused:
        raise ValueError(f"{text!r:.80} is no length of time such as 30s or 1h30m") from None
    if nanoseconds < 1000:
        raise ValueError(f"{text!r:.80} must be more than 0")
    return timedelta(microseconds=nanoseconds // 1000)
