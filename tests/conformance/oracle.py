"""What is right, told the slow way: every day is looked at, every reading of the clock is tried.

Written from the contract and PEP 495, with nothing of the library's schedules in it, for the cases
in which Go's own answer is not what the port should give.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

Case = dict[str, Any]
DAY = timedelta(days=1)


def next_runs(case: Case, count: int) -> list[datetime]:
    """The first *count* runs from now on, in UTC; the stop time is not regarded."""
    options = case["options"]
    zone = ZoneInfo(case["location"])
    now = datetime.fromisoformat(case["now"]).astimezone(UTC)
    given = options.get("start_at", options.get("start_at_past"))
    start = datetime.fromisoformat(given).astimezone(UTC) if given else None
    begin = now if start is None else start
    if case["kind"] == "cron":
        ticks = _cron_chain(case, zone, begin)
    else:
        ticks = _calendar_ticks(case, zone, begin)
    runs = (tick for tick in ticks if tick >= now)
    if start is not None and start >= now:
        return [start, *islice(runs, count - 1)]
    return list(islice(runs, count))


# Wall clocks


def occurrences(reading: datetime, zone: ZoneInfo) -> tuple[list[datetime], datetime | None]:
    """The instants at which a clock shows *reading*; and, in a gap, the one at which it would have."""
    first = reading.replace(tzinfo=zone, fold=0)
    second = reading.replace(tzinfo=zone, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    assert before is not None
    assert after is not None
    if before == after:
        return [first.astimezone(UTC)], None
    if before > after:
        return [first.astimezone(UTC), second.astimezone(UTC)], None
    return [], first.astimezone(UTC)


# Daily, weekly, monthly


def _calendar_ticks(case: Case, zone: ZoneInfo, begin: datetime) -> Iterator[datetime]:
    args = case["args"]
    times = sorted(time(*at) for at in args["at_times"])
    skip = case["options"].get("dst_policy") == "skip"
    last = begin
    first_day = begin.astimezone(zone).date()
    day = first_day
    while day.year < 2500:
        if _is_due(case["kind"], args, first_day, day):
            for at in times:
                tick = _once(datetime.combine(day, at), zone, skip)
                if tick is not None and tick > last:
                    yield tick
                    last = tick
        day += DAY


def _once(reading: datetime, zone: ZoneInfo, skip: bool) -> datetime | None:
    found, put_off = occurrences(reading, zone)
    if not found:
        return None if skip else put_off
    before = reading.replace(tzinfo=zone, fold=0).utcoffset()
    assert before is not None
    # Of two: east of Greenwich the second one, west of it the first.
    return found[-1] if before > timedelta(0) else found[0]


def _is_due(kind: str, args: dict[str, Any], first: date, day: date) -> bool:
    if kind == "daily":
        return (day - first).days % args["interval"] == 0
    if kind == "weekly":
        weeks = (_sunday(day) - _sunday(first)).days // 7
        return weeks % args["interval"] == 0 and day.isoweekday() % 7 in args["weekdays"]
    months = (day.year - first.year) * 12 + day.month - first.month
    if months % args["interval"]:
        return False
    next_month = (day.replace(day=28) + 4 * DAY).replace(day=1)
    return day.day in args["days"] or (day - next_month).days in args["days"]


def _sunday(day: date) -> date:
    return day - DAY * (day.isoweekday() % 7)


# Crontabs

_FIELDS = (
    (0, 59, ()),
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (0, 6, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
)
_NAMED = {"@yearly": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *"}


def _numbers(field: str, low: int, high: int, names: Iterable[str]) -> tuple[set[int], bool]:
    table = {name: number for number, name in enumerate(names, low)}

    def number(text: str) -> int:
        return table[text.lower()] if text.lower() in table else int(text)

    numbers: set[int] = set()
    star = False
    for member in filter(None, field.split(",")):
        bounds, _, step = member.partition("/")
        first, hyphen, last = bounds.partition("-")
        if first in "*?":
            start, end = low, high
            star = star or int(step or 1) == 1
        else:
            start = number(first)
            end = number(last) if hyphen else high if step else start
        numbers.update(range(start, end + 1, int(step or 1)))
    return numbers, star


def _cron_ticks(case: Case, location: ZoneInfo, begin: datetime) -> Iterator[datetime]:
    """All readings that the crontab names, twice in a repeated hour, in a gap by the policy."""
    text, zone = case["args"]["crontab"].strip(), location
    if "TZ=" in text:
        prefix, text = text.split(" ", 1)
        zone = ZoneInfo(prefix.partition("=")[2])
    words = _NAMED.get(text.strip(), text).split()
    fields = [_numbers(word, *field) for word, field in zip(["0"] * (6 - len(words)) + words, _FIELDS, strict=True)]
    (seconds, minutes, hours, days, months, weekdays), (*_, any_day, _, any_weekday) = zip(*fields, strict=True)
    runs_after_gap = case["options"].get("dst_policy") == "run_after_transition"
    waiting: list[datetime] = []
    day = begin.astimezone(zone).date() - 2 * DAY
    while day.year < 2200:
        in_month, in_week = day.day in days, day.isoweekday() % 7 in weekdays
        if day.month in months and (in_month and in_week if any_day or any_weekday else in_month or in_week):
            midnight = datetime.combine(day, time())
            for hour in hours:
                for minute in minutes:
                    for second in seconds:
                        found, put_off = occurrences(
                            midnight + timedelta(hours=hour, minutes=minute, seconds=second), zone
                        )
                        waiting += found
                        if put_off is not None and runs_after_gap:
                            waiting.append(put_off)
        safe = datetime.combine(day, time(), UTC) - DAY
        yield from sorted({tick for tick in waiting if begin < tick <= safe})
        waiting = [tick for tick in waiting if tick > safe]
        day += DAY


def _cron_chain(case: Case, location: ZoneInfo, begin: datetime) -> Iterator[datetime]:
    """The ticks, without one whose reading in the scheduler's location is that of the run before it."""
    last, dropped = begin, False
    for tick in _cron_ticks(case, location, begin):
        if not dropped and _reading(tick, location) == _reading(last, location):
            dropped = True
            continue
        dropped = False
        last = tick
        yield tick


def _reading(tick: datetime, location: ZoneInfo) -> datetime:
    return tick.astimezone(location).replace(microsecond=0, tzinfo=None, fold=0)
