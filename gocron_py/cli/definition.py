"""Schedules as people type them: crontabs, and a small grammar for all other definitions.

::

    */5 9-17 * * mon-fri          a crontab; CRON_TZ=zone before it, @daily and the like, @every 90m
    every 90m                     at a distance (Go: 1h30m, 45s; or: every 5 minutes)
    every 10m to 20m              at a random distance
    daily at 03:00, 15:30         times of day, with seconds or without
    every 3 days at 03:00
    weekly on mon, fri at 09:00   days by their names, or their first three letters
    every 2 weeks on sun at 23:59:30
    monthly on 1, 15, -1 at 00:30 -1, or last, is the last day
    every 3 months on last at 18:00
    once at 2027-01-01T00:00      several moments: separated by commas
    RRULE:FREQ=WEEKLY;BYDAY=MO    an iCalendar rule
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, tzinfo
from typing import Final

from gocron_py.cli.output import duration_of
from gocron_py.definitions import (
    JobDefinition,
    cron_job,
    daily_job,
    duration_job,
    duration_random_job,
    monthly_job,
    one_time_job,
    one_time_job_start_date_times,
    rrule_job,
    weekly_job,
)
from gocron_py.schedules.crontab import parse as parse_crontab
from gocron_py.schedules.wall_time import Weekday

_FORMS: Final = (
    "one of: every 90m, every 10m to 20m, daily at 03:00, weekly on mon at 09:00, monthly on 1, -1 at 00:30, "
    "once at 2027-01-01T00:00, RRULE:FREQ=WEEKLY;BYDAY=MO; see `gocron-py next --help`"
)

_UNITS: Final = {"second": "s", "minute": "m", "hour": "h"}

# What the words of a definition look like once blanks around commas are gone.
_DISTANCE = re.compile(r"every (?:(?P<count>\d+) )?(?P<unit>second|minute|hour)s?")
_RANDOM = re.compile(r"every (?P<least>\S+) to (?P<most>\S+)")
_EVERY = re.compile(r"every (?P<length>\S+)")
_CALENDAR = re.compile(
    r"(?:(?P<word>daily|weekly|monthly)|every (?:(?P<count>\d+) )?(?P<unit>day|week|month)s?)"
    r"(?: on (?P<days>\S+))?(?: at (?P<times>\S+))?"
)
_ONCE = re.compile(r"once at (?P<moments>.+)")
_RULE = re.compile(r"(rrule|dtstart|rdate|freq=)", re.IGNORECASE)
_ZONE = re.compile(r"(?:CRON_)?TZ=(?P<zone>\S*)\s+(?P<rest>.*)", re.DOTALL)


def parse_definition(text: str, with_seconds: bool = False) -> JobDefinition:
    """The definition that *text* means; see the module.

    :raises ValueError: it means none. (What is wrong with a crontab or a rule is found when it is built.)
    """
    if _RULE.match(text):
        return rrule_job(text)
    words = re.sub(r"\s*,\s*", ",", " ".join(text.split()))
    lower = words.lower()
    for pattern, make in _SHAPES.items():
        if found := pattern.fullmatch(lower):
            return make(found)
    if found := _ONCE.fullmatch(words):
        return _once(found)
    # No crontab begins with a letter, but for that of a zone.
    if lower[:1].isalpha() and not _ZONE.match(text):
        raise ValueError(f"{text!r:.120} cannot be understood: neither a crontab nor {_FORMS}")
    return cron_job(text, with_seconds)


def zone_of(text: str, location: tzinfo) -> tuple[tzinfo, str]:
    """The zone that a crontab's prefix names, else *location*; and the definition without the prefix.

    :raises ErrCronJobParse: no such zone.
    """
    found = _ZONE.fullmatch(text)
    if found is None:
        return location, text
    return parse_crontab(f"CRON_TZ={found['zone']} * * * * *", False, location)[1], found["rest"]


def _distance(found: re.Match[str]) -> JobDefinition:
    return duration_job(duration_of(f"{found['count'] or 1}{_UNITS[found['unit']]}"))


def _random(found: re.Match[str]) -> JobDefinition:
    return duration_random_job(duration_of(found["least"]), duration_of(found["most"]))


def _every(found: re.Match[str]) -> JobDefinition:
    return duration_job(duration_of(found["length"]))


def _calendar(found: re.Match[str]) -> JobDefinition:
    kind = {"daily": "day", "weekly": "week", "monthly": "month"}.get(found["word"], found["unit"])
    count, days = int((found["count"] or "1")[:9]), found["days"]
    times = [_time(word) for word in (found["times"] or "00:00").split(",")]
    if kind == "day":
        if days:
            raise ValueError("days are said of weeks and months: weekly on mon at 09:00")
        return daily_job(count, times)
    if not days:
        raise ValueError(f"on which days? {kind}ly on {'mon,fri' if kind == 'week' else '1,-1'} at 09:00")
    if kind == "week":
        return weekly_job(count, [_weekday(word) for word in days.split(",")], times)
    return monthly_job(count, [_day(word) for word in days.split(",")], times)


def _once(found: re.Match[str]) -> JobDefinition:
    try:
        moments = [datetime.fromisoformat(word.strip()) for word in found["moments"].split(",")]
    except ValueError:
        raise ValueError(f"{found['moments']!r:.80} is no moment such as 2027-01-01T18:00") from None
    return one_time_job(one_time_job_start_date_times(*moments))


def _time(word: str) -> time:
    if re.fullmatch(r"\d\d?:\d\d(:\d\d)?", word, re.ASCII):
        hour, minute, second = map(int, f"{word}:0".split(":")[:3])
        try:
            return time(hour, minute, second)
        except ValueError:
            pass
    raise ValueError(f"{word!r:.40} is no time of day such as 03:00")


def _weekday(word: str) -> Weekday:
    for day in Weekday:
        if word in (day.name.lower(), day.name.lower()[:3]):
            return day
    raise ValueError(f"{word!r:.40} is no day of the week such as mon or monday")


def _day(word: str) -> int:
    if word == "last":
        return -1
    if not re.fullmatch(r"-?\d{1,3}", word, re.ASCII):
        raise ValueError(f"{word!r:.40} is no day of the month: 1 to 31, -1 or last for the last one")
    return int(word)


_SHAPES: Final[dict[re.Pattern[str], Callable[[re.Match[str]], JobDefinition]]] = {
    _DISTANCE: _distance,
    _CALENDAR: _calendar,
    _RANDOM: _random,
    _EVERY: _every,
}
