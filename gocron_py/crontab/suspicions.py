"""What a crontab's lines may mean, and do not: a file that was written for other options than it is read with.

Such a line is valid, and runs something else than its writer meant: so these are warnings.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
from collections.abc import Iterator

from gocron_py.crontab.file import Crontab, Entry, Problem

# Of numbers and stars. Names of days are looked for among the programs first.
_FIELD = re.compile(r"[\d*][\d*/,-]*")
_DAYS = re.compile(r"(?:(?:sun|mon|tue|wed|thu|fri|sat)(?:[,-]|$))+", re.IGNORECASE)


def suspicions(crontab: Crontab, with_seconds: bool, system: bool) -> list[Problem]:
    """Warnings about a crontab that was read with these options: see :func:`gocron_py.crontab.file.parse`.

    Unlike the parser this asks the machine: for its users, and for programs of the entries' ``PATH``.
    """
    if not crontab.entries and not crontab.errors:
        return [Problem(0, "it has no entries: a mount that is missing?", is_error=False)]
    return [
        Problem(entry.line, text, is_error=False)
        for entry in crontab.entries
        for text in _of_entry(entry, with_seconds, system)
    ]


def _of_entry(entry: Entry, with_seconds: bool, system: bool) -> Iterator[str]:
    words = entry.command.split()
    first = entry.user if entry.user is not None else words[0]
    if _is_field(first, entry) and not entry.schedule.startswith("@"):
        what = f"{first[:40]!r} would be the {'user' if system else 'command'}, and looks like one more time field"
        yield what + (", but there are six with --with-seconds" if with_seconds else ": --with-seconds reads six")
    elif not system and len(words) > 1 and _is_user(first) and not _is_program(first, entry):
        yield f"{first[:40]!r} would be the command, and is a user: --system reads a column with the user"


def _is_field(word: str, entry: Entry) -> bool:
    return bool(_FIELD.fullmatch(word) or _DAYS.fullmatch(word)) and not _is_program(word, entry)


def _is_user(word: str) -> bool:
    try:
        pwd.getpwnam(word)
    except (KeyError, ValueError, UnicodeError):
        return word == "root"
    return True


def _is_program(word: str, entry: Entry) -> bool:
    path = entry.environment.get("PATH", os.environ.get("PATH", os.defpath))
    return shutil.which(word, path=path) is not None
