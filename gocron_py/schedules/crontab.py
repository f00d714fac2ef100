"""The grammar of crontabs: that of robfig/cron v3.0.1, which gocron uses, down to its error texts.

Functions here are named after what they do in robfig's ``parser.go``; what looks odd in them is
the grammar's own: see the tests of each rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Final, TypeAlias

from gocron_py.errors import ErrCronJobParse, ErrWithLocationUnknown
from gocron_py.instant import SECOND, Micros
from gocron_py.schedules.go_numbers import Refused, cut, parse_duration, parse_int, simple_lower
from gocron_py.schedules.wall_time import load_location


@dataclass(frozen=True, slots=True)
class Times:
    """The readings of a wall clock that a crontab names.

    Each field holds its numbers in ascending order. A day counts if *days* and *weekdays* both
    name it, or with *either_day* if one of them does.
    """

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either_day: bool


@dataclass(frozen=True, slots=True)
class Every:
    """``@every``: a distance from the last tick, in whole seconds."""

    distance: Micros


Spec: TypeAlias = Times | Every


@dataclass(frozen=True, slots=True)
class _Field:
    """What a field of a crontab may hold."""

    low: int
    high: int
    names: dict[str, int]


_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

_SECONDS = _MINUTES = _Field(0, 59, {})
_HOURS = _Field(0, 23, {})
_DAYS = _Field(1, 31, {})
_MONTHS = _Field(1, 12, {name: number for number, name in enumerate(_MONTH_NAMES, 1)})
_WEEKDAYS = _Field(0, 6, {name: number for number, name in enumerate(_WEEKDAY_NAMES)})

_DESCRIPTORS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

# Go's unicode.IsSpace. Python's str.split splits at U+001C to U+001F as well.
_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_WORD = re.compile(f"[^{_SPACE}]+")
_OUTER_SPACE = re.compile(f"^[{_SPACE}]+|[{_SPACE}]+$")


def parse(crontab: str, with_seconds: bool, location: tzinfo) -> tuple[Spec, tzinfo]:
    """What a crontab names, and the zone whose clock is meant.

    :param with_seconds: six fields are allowed; the first one, the seconds, may be left out.
    :param location: the zone of crontabs without a prefix, and of ``TZ=Local``.
    :raises ErrCronJobParse: the crontab breaks the grammar; the text says where, in Go's words.
    """
    try:
        zone, text = _split_zone(crontab, location)
        return _spec(text, with_seconds), zone
    except Refused as refused:
        error = ErrCronJobParse(cut(str(refused)), got=crontab)
        if refused.hint:
            error.add_note(refused.hint)
        raise error from None


# As often as a program has jobs of one crontab, or makes them anew.
@lru_cache(maxsize=1024)
def _spec(text: str, with_seconds: bool) -> Spec:
    return _descriptor(text) if text.startswith("@") else _times(_WORD.findall(text), with_seconds)


def _split_zone(crontab: str, location: tzinfo) -> tuple[tzinfo, str]:
    zone = location
    text = crontab
    if text.startswith(("TZ=", "CRON_TZ=")):
        prefix, space, text = text.partition(" ")
        if not space:
            raise Refused(f"a time zone must be followed by a space and the fields: {crontab}")
        zone = _zone(prefix.partition("=")[2], location)
    return zone, _OUTER_SPACE.sub("", text)


def _zone(name: str, location: tzinfo) -> tzinfo:
    if name == "":
        return UTC
    if name == "Local":
        return location
    if ".." in name or name[0] in "/\\":
        raise Refused(f"provided bad location {name}: time: invalid location name")
    try:
        return load_location(name)
    except ErrWithLocationUnknown:
        raise Refused(f"provided bad location {name}: unknown time zone {name}") from None


def _descriptor(text: str) -> Spec:
    if text in _DESCRIPTORS:
        return _times(_DESCRIPTORS[text].split(), with_seconds=False)
    if not text.startswith("@every "):
        raise Refused(f"unrecognized descriptor: {text}")
    try:
        nanoseconds = parse_duration(text.removeprefix("@every "))
    except Refused as refused:
        raise Refused(f"failed to parse duration {text}: {refused}") from None
    return Every(max(nanoseconds // 1_000_000_000, 1) * SECOND)


def _times(words: list[str], with_seconds: bool) -> Times:
    most = 6 if with_seconds else 5
    if not 5 <= len(words) <= most:
        expected = "5 to 6 fields" if with_seconds else "exactly 5 fields"
        is_one_more = len(words) == 6 and not with_seconds
        hint = "with_seconds=True, or --with-seconds, reads six" if is_one_more else ""
        raise Refused(f"expected {expected}, found {len(words)}: [{' '.join(words)}]", hint)
    if len(words) == 5:
        words = ["0", *words]
    seconds, _ = _get_field(words[0], _SECONDS)
    minutes, _ = _get_field(words[1], _MINUTES)
    hours, _ = _get_field(words[2], _HOURS)
    days, any_day = _get_field(words[3], _DAYS)
    months, _ = _get_field(words[4], _MONTHS)
    weekdays, any_weekday = _get_field(words[5], _WEEKDAYS)
    return Times(seconds, minutes, hours, days, months, weekdays, either_day=not (any_day or any_weekday))


def _get_field(word: str, field: _Field) -> tuple[tuple[int, ...], bool]:
    """The numbers of a field, and whether a star stands in it. Empty members of a list are dropped."""
    numbers: set[int] = set()
    star = False
    for expr in dict.fromkeys(filter(None, word.split(","))):
        members, is_star = _get_range(expr, field)
        numbers.update(members)
        star = star or is_star
    return tuple(sorted(numbers)), star


def _get_range(expr: str, field: _Field) -> tuple[range, bool]:
    """``*``, ``N`` or ``N-M``, each with an optional ``/step``; ``N/step`` goes on to the end of the field."""
    bounds, *steps = expr.split("/")
    low, *highs = bounds.split("-")
    if low in ("*", "?"):
        # Whatever follows a hyphen here is not looked at.
        start, end, star = field.low, field.high, True
    else:
        start = end = _number_or_name(low, field)
        star = False
        if len(highs) == 1:
            end = _number_or_name(highs[0], field)
        elif highs:
            raise Refused(f"too many hyphens: {expr}")
    step = 1
    if len(steps) == 1:
        step = _number(steps[0])
        if not highs:
            end = field.high
        # So that days and days of the week are combined as in other crons.
        star = star and step <= 1
    elif steps:
        raise Refused(f"too many slashes: {expr}")
    _check_range(start, end, step, expr, field)
    return range(start, end + 1, step), star


def _check_range(start: int, end: int, step: int, expr: str, field: _Field) -> None:
    if start < field.low:
        raise Refused(f"beginning of range ({start}) below minimum ({field.low}): {expr}")
    if end > field.high:
        hint = "in gocron's grammar Sunday is 0, not 7" if field is _WEEKDAYS and end == 7 else ""
        raise Refused(f"end of range ({end}) above maximum ({field.high}): {expr}", hint)
    if start > end:
        raise Refused(f"beginning of range ({start}) beyond end of range ({end}): {expr}")
    if step == 0:
        raise Refused(f"step of range should be a positive number: {expr}")


def _number_or_name(text: str, field: _Field) -> int:
    named = field.names.get(simple_lower(text)) if len(text) == 3 else None
    return _number(text) if named is None else named


def _number(text: str) -> int:
    try:
        number = parse_int(text)
    except Refused as refused:
        raise Refused(f"failed to parse int from {text}: {refused}") from None
    if number < 0:
        raise Refused(f"negative number ({number}) not allowed: {text}")
    return number
