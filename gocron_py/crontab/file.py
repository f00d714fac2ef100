"""A crontab's lines: entries with the environment that holds for them, and everything that is wrong, by line."""

from __future__ import annotations

import hashlib
import re
import stat
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Final, final

from gocron_py.crontab.fields import Timing, parse_every, parse_fields, parse_word
from gocron_py.errors import ErrWithLocationUnknown
from gocron_py.schedules.cron_search import why_never
from gocron_py.schedules.crontab import Times
from gocron_py.schedules.go_numbers import Refused, cut, parse_duration
from gocron_py.schedules.wall_time import load_location

LARGEST: Final = 4_000_000
"""A file of more bytes is no crontab."""

# Linux takes no argument of 128 KiB or more.
_LONGEST_COMMAND: Final = 131_000

# Debian's cron, by its own code: names and values may be quoted, in matching quotes; an empty value has to be.
_ASSIGNMENT = re.compile(
    r"""(?:'(?P<n1>[^']*)'|"(?P<n2>[^"]*)"|(?P<n3>[^\s='"][^\s=]*))\s*=\s*"""
    r"""(?:'(?P<v1>[^']*)'\s*|"(?P<v2>[^"]*)"\s*|(?P<v3>[^\s'"].*))""",
    re.DOTALL,
)
_LIKE_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\s*=")
_SPECIAL = re.compile(r"\\.|%", re.DOTALL)
_WORD = re.compile(r"[ \t]*([^ \t]+)")


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """A command and when it runs.

    :ivar line: its number in the file.
    :ivar schedule: the time fields, as they were written, with single blanks.
    :ivar zone: of CRON_TZ; ``None``: the scheduler's.
    :ivar command: for the shell.
    :ivar stdin: what stood after the first ``%``; ``None``: there was none.
    :ivar timeout: of GOCRON_TIMEOUT; ``None``: that of the command line.
    :ivar user: of a system crontab.
    :ivar name: which instances share; see :func:`parse`.
    """

    line: int
    schedule: str
    timing: Timing
    zone: tzinfo | None
    command: str
    stdin: bytes | None
    environment: Mapping[str, str]
    timeout: timedelta | None
    user: str | None
    name: str


@final
@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, or will surprise, with which line; 0 is the whole file."""

    line: int
    text: str
    is_error: bool = True


@final
@dataclass(slots=True)
class Crontab:
    """What was read."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: int = 0

    @property
    def errors(self) -> list[Problem]:
        """Without the warnings."""
        return [problem for problem in self.problems if problem.is_error]


def read(path: Path) -> bytes:
    """The bytes of a crontab.

    :raises ValueError: it cannot be read; the text says why, and does not name the file.
    """
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            raise ValueError("it is a directory")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from None
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST:,} bytes")
    return data


def parse(data: bytes, with_seconds: bool = False, system: bool = False) -> Crontab:
    """The entries of a crontab. Never raises: what is wrong is among the problems.

    The name of an entry is that of GOCRON_NAME, or its program and a hash of schedule, zone, user and command. So
    it is the same on all instances, and stays the same when other lines are changed. The second of two equal
    lines has ``#2`` behind its name, and so on. (Not the whole command: a name is shown in many places, and the
    arguments of a command may be secrets.)

    :param with_seconds: every line has six fields, the first for seconds.
    :param system: a column with the user follows the fields.
    """
    reader = _Reader(with_seconds, system)
    reader.read(data)
    return reader.crontab


@final
class _Reader:
    """Reads line by line; holds the environment that grows on the way."""

    def __init__(self, with_seconds: bool, system: bool) -> None:
        self._count = 6 if with_seconds else 5
        self._system = system
        self._environment: dict[str, str] = {}
        self._zone: tzinfo | None = None
        self._timeout: timedelta | None = None
        self._name: tuple[int, str] | None = None
        self._names: Counter[str] = Counter()
        self.crontab = Crontab()

    def read(self, data: bytes) -> None:
        """All lines."""
        if data.startswith(b"\xef\xbb\xbf"):
            data = data[3:]
            self._warn(1, "a byte order mark is ignored; cron would refuse the line")
        lines = data.split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        elif lines[-1].strip():
            self._warn(len(lines), "the last line has no newline; cron would ignore the file")
        if any(line.endswith(b"\r") for line in lines):
            first = next(number for number, line in enumerate(lines, 1) if line.endswith(b"\r"))
            self._warn(first, "carriage returns at the ends of lines are ignored; cron would hand them to commands")
        for number, line in enumerate(lines, 1):
            try:
                self._line(number, line.removesuffix(b"\r").decode("utf-8", "surrogateescape"))
            except ValueError as error:
                self.crontab.problems.append(Problem(number, str(error)))
        if self._name is not None:
            self._warn(self._name[0], "GOCRON_NAME is for the entry that follows, and none does")
        self.crontab.lines = len(lines)
        self.crontab.problems.sort(key=lambda problem: problem.line)

    def _warn(self, line: int, text: str) -> None:
        self.crontab.problems.append(Problem(line, text, is_error=False))

    def _line(self, number: int, line: str) -> None:
        text = line.lstrip(" \t")
        if not text.strip() or text.startswith("#"):
            return
        if "\0" in text:
            raise ValueError("a NUL byte: no command and no variable can hold one")
        assignment = _ASSIGNMENT.fullmatch(text)
        if assignment is None:
            self._entry(number, text)
            return
        groups = assignment.groupdict()
        name = next(groups[key] for key in ("n1", "n2", "n3") if groups[key] is not None)
        quoted = groups["v1"] if groups["v2"] is None else groups["v2"]
        self._assign(number, name, groups["v3"].rstrip() if quoted is None else quoted)

    # -- variables ---------------------------------------------------------------------------------

    def _assign(self, number: int, name: str, value: str) -> None:
        if not name or "=" in name:
            raise ValueError("the variable has no name that can be used")
        if name == "CRON_TZ":
            self._zone = _zone(value) if value else None
        elif name == "GOCRON_TIMEOUT":
            self._timeout = _timeout(value)
            return
        elif name == "GOCRON_NAME":
            if not value:
                raise ValueError("GOCRON_NAME must not be empty")
            self._name = number, value
            return
        elif name in ("MAILTO", "MAILFROM"):
            self._warn(number, f"{name} is ignored: output goes to the log, not into mail")
        elif name == "LOGNAME":
            self._warn(number, "LOGNAME is ignored, as in cron: it is always the user's name")
            return
        self._environment = {**self._environment, name: value}

    # -- entries -----------------------------------------------------------------------------------

    def _entry(self, number: int, text: str) -> None:
        name, self._name = self._name, None
        words, rest = _split(text, 1)
        if words[0].startswith("@"):
            timing = parse_word(words[0]) if words[0] != "@every" else None
            if timing is None:
                more, rest = _split(rest, 1)
                timing = parse_every(*(more or [""]))
                words += more
        else:
            words, rest = _split(text, self._count)
            timing = self._fields(words, text)
        user = self._user(rest) if self._system else None
        if user is not None:
            rest = _split(rest, 1)[1]
        if isinstance(timing.times, Times) and (reason := why_never(timing.times)):
            raise ValueError(f"it names {reason}: it would never run")
        line = rest.lstrip(" \t")
        command, stdin = split_percent(line)
        if not command.strip():
            raise ValueError("there is no command")
        if len(command.encode("utf-8", "surrogateescape")) > _LONGEST_COMMAND:
            raise ValueError(f"the command is longer than {_LONGEST_COMMAND:,} bytes")
        schedule = " ".join(words)
        self.crontab.entries.append(
            Entry(
                number, schedule, timing, self._zone, command, stdin, self._environment, self._timeout, user,
                self._unique(number, name, _digest(schedule, str(self._zone or ""), user or "", line), line),
            )
        )  # fmt: skip

    def _fields(self, words: list[str], text: str) -> Timing:
        if _LIKE_ASSIGNMENT.match(text):
            raise ValueError(
                'neither a variable (the value is missing, or its quotes; an empty one is "") nor an entry'
            )
        if len(words) < self._count:
            raise ValueError(f"{self._count} fields and a command are expected, found {cut(' '.join(words))!r}")
        return parse_fields(words)

    def _user(self, rest: str) -> str:
        words, _ = _split(rest, 1)
        if not words:
            raise ValueError("there is no user and no command")
        return words[0]

    def _unique(self, number: int, given: tuple[int, str] | None, digest: str, line: str) -> str:
        if given is not None:
            name = given[1]
            self._names[name] += 1
            if self._names[name] > 1:
                raise ValueError(f"GOCRON_NAME {cut(name)!r} is taken by another entry")
            return name
        name = f"{_program(line)} {digest}"
        self._names[name] += 1
        if self._names[name] == 1:
            return name
        self._warn(number, "the same line stands in the file before: its command runs twice")
        return f"{name}#{self._names[name]}"


def split_percent(text: str) -> tuple[str, bytes | None]:
    """What is to be run, and what it is to read: ``%`` as Debian's cron takes it.

    The first ``%`` ends the command; what follows is its standard input, with newlines for further ones, and one at
    the end. ``\\%`` is a percent sign. In the command, two backslashes are one (its documentation is silent on that).
    """
    parts: list[str] = []
    position = 0
    for found in _SPECIAL.finditer(text):
        parts.append(text[position : found.start()])
        position = found.end()
        if found[0] == "%":
            return "".join(parts), _input(text[position:])
        parts.append(found[0][1] if found[0][1] in "\\%" else found[0])
    return "".join([*parts, text[position:]]), None


def _input(text: str) -> bytes:
    data = re.sub(r"\\%|%", lambda found: "%" if len(found[0]) == 2 else "\n", text)
    return (data if data.endswith("\n") or not data else data + "\n").encode("utf-8", "surrogateescape")


def _split(text: str, count: int) -> tuple[list[str], str]:
    """So many words, or those that there are; and the rest."""
    words: list[str] = []
    position = 0
    while len(words) < count and (found := _WORD.match(text, position)):
        words.append(found[1])
        position = found.end()
    return words, text[position:]


def _program(line: str) -> str:
    """What a command line starts, without its directory; assignments before it are left out."""
    words = [word for word in line.split() if "=" not in word]
    return re.sub(r"[^\w.+-]", "", words[0].rpartition("/")[2])[:40] or "sh" if words else "sh"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _zone(name: str) -> tzinfo:
    try:
        return load_location(name)
    except ErrWithLocationUnknown:
        raise ValueError(f"CRON_TZ: no such zone: {cut(name)!r}") from None


def _timeout(value: str) -> timedelta | None:
    if value in ("", "0", "none"):
        return timedelta(0)
    try:
        nanoseconds = parse_duration(value)
    except Refused:
        nanoseconds = 0
    if nanoseconds < 1_000_000:
        raise ValueError(
            f"GOCRON_TIMEOUT: {cut(value)!r} is no length of time such as 30s or 1h30m; none takes it away"
        )
    return timedelta(microseconds=nanoseconds // 1000)
