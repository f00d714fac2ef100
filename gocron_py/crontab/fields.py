"""The time fields of a real crontab, as Debian's cron (Vixie's, 3.0pl1) reads them.

gocron's own grammar, robfig's, is another one: there 7 is no Sunday, ``*/2`` does not count as a star when the day of
the month and the day of the week are combined, ``5/2`` goes on to the end, and no time is special when clocks change.

Two things are refused that Debian's cron takes without a word and does something else with: what follows a whole
field (``*-5``, ``0~30``, ``1-5/2/2``: it reads ``*``, ``0`` and ``1-5/2``), and ranges that run backwards (``5-1``: it
never runs the line). ``fri-sun`` is one of those there, and means what it says here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, final

from gocron_py.instant import SECOND
from gocron_py.schedules.crontab import Every, Times
from gocron_py.schedules.go_numbers import Refused, cut, parse_duration

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True, slots=True)
class _Field:
    """What a field may hold."""

    name: str
    low: int
    high: int
    names: dict[str, int]


_SECOND = _Field("second", 0, 59, {})
_MINUTE = _Field("minute", 0, 59, {})
_HOUR = _Field("hour", 0, 23, {})
_DAY = _Field("day of month", 1, 31, {})
_MONTH = _Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)})
_WEEKDAY = _Field("day of week", 0, 7, {name: number for number, name in enumerate(_WEEKDAYS)})

_FIVE = (_MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY)

WORDS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

# Sixty numbers with commas need less than 200.
_LONGEST: Final = 1000

_PART = re.compile(r"(?P<star>\*)|(?P<low>\w+)(?:-(?P<high>\w+))?", re.ASCII)
_STEPPED = re.compile(r"(?P<range>[^/]+)(?:/(?P<step>[0-9]+))?", re.ASCII)


@final
@dataclass(frozen=True, slots=True)
class Timing:
    """When a line is due.

    :ivar times: ``None`` for ``@reboot``.
    :ivar is_wild: a star begins the minute or the hour, so that the line follows the wall clock wherever it goes.
    """

    times: Times | Every | None
    is_wild: bool


REBOOT: Final = Timing(None, True)


def parse_fields(words: list[str]) -> Timing:
    """The five fields, or six with the seconds first.

    :raises ValueError: the text says which one is wrong.
    """
    fields = _FIVE if len(words) == 5 else (_SECOND, *_FIVE)
    numbers = [_numbers(word, field) for word, field in zip(words, fields, strict=True)]
    seconds = numbers[0] if len(words) == 6 else (0,)
    minutes, hours, days, months, weekdays = numbers[-5:]
    either_day = not (words[-3].startswith("*") or words[-1].startswith("*"))
    # 7 is Sunday, too.
    weekdays = tuple(sorted({day % 7 for day in weekdays}))
    times = Times(seconds, minutes, hours, days, months, weekdays, either_day)
    return Timing(times, words[-5].startswith("*") or words[-4].startswith("*"))


def parse_word(word: str) -> Timing:
    """``@daily`` and the like, in small letters as in cron.

    :raises ValueError: there is no such word.
    """
    if word == "@reboot":
        return REBOOT
    if word not in WORDS:
        raise ValueError(f"no such word: {cut(word)}; there are @reboot, @every and a duration, {', '.join(WORDS)}")
    timing = parse_fields(WORDS[word].split())
    # Debian's cron sets out @hourly from the times of day.
    return Timing(timing.times, word == "@hourly")


def parse_every(length: str) -> Timing:
    """``@every`` and a Go duration: not in cron, but in gocron's grammar.

    :raises ValueError: no duration of a second or more.
    """
    try:
        seconds = parse_duration(length) // 1_000_000_000
    except Refused:
        seconds = 0
    if seconds < 1:
        raise ValueError(f"@every takes a duration of a second or more, such as 90s or 1h30m: {cut(length)}")
    return Timing(Every(seconds * SECOND), True)


def _numbers(word: str, field: _Field) -> tuple[int, ...]:
    numbers: set[int] = set()
    if len(word) > _LONGEST:
        raise ValueError(f"bad {field.name} {cut(word)!r}: it is too long")
    for part in word.split(","):
        try:
            numbers.update(_range(part, field))
        except ValueError as error:
            raise ValueError(f"bad {field.name} {cut(word)!r}: {error}") from None
    return tuple(sorted(numbers))


def _range(part: str, field: _Field) -> range:
    stepped = _STEPPED.fullmatch(part)
    found = _PART.fullmatch(stepped["range"]) if stepped else None
    if stepped is None or found is None:
        raise ValueError("a number, a range, * or a list of them is expected" if part else "a number is missing")
    step = int(stepped["step"][:9]) if stepped["step"] else 1
    if step == 0:
        raise ValueError("a step of 0")
    if found["star"]:
        return range(field.low, (6 if field is _WEEKDAY else field.high) + 1, step)
    low = _number(found["low"], field)
    if found["high"] is None:
        if stepped["step"]:
            raise ValueError("a step needs a range or a star before it")
        return range(low, low + 1)
    high = _number(found["high"], field)
    if found["high"].lower() == "sun" and low > 0:
        high = 7
    if low > high:
        raise ValueError("the range runs backwards")
    return range(low, high + 1, step)


def _number(text: str, field: _Field) -> int:
    number = field.names.get(text.lower())
    if number is None:
        if not re.fullmatch("[0-9]{1,9}", text):
            raise ValueError(f"{cut(text)!r} is no number" + (" and no name" if field.names else ""))
        number = int(text)
    if not field.low <= number <= field.high:
        raise ValueError(f"{number} is not from {field.low} to {field.high}")
    return number
