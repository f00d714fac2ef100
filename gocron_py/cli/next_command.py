"""``gocron-py next``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, final

import click

from gocron_py.cli.changes import Change, Oddity, changes, last_before, oddities, readings
from gocron_py.cli.definition import parse_definition, zone_of
from gocron_py.cli.output import console, one_line, plain, print_json, refuse, styled
from gocron_py.definitions import Setup
from gocron_py.errors import ErrWithLocationUnknown, GocronError
from gocron_py.instant import SECOND, Instant, datetime_of, instant_of
from gocron_py.schedules.description import (
    DescribedSchedule,
    DurationJobSchedule,
    DurationRandomJobSchedule,
    JobType,
)
from gocron_py.schedules.wall_time import DAY, load_location, local_location, reading_of

_YEAR = 366 * DAY

_CALENDAR = (JobType.CRON, JobType.DAILY, JobType.WEEKLY, JobType.MONTHLY)
_PUT_OFF = (JobType.DAILY, JobType.WEEKLY, JobType.MONTHLY)


@final
@dataclass(slots=True)
class _Question:
    """What is asked about."""

    text: str
    with_seconds: bool
    location: tzinfo
    zone: tzinfo
    now: Instant
    start: Instant

    def build(self, location: tzinfo, text: str | None = None) -> DescribedSchedule:
        definition = parse_definition(self.text if text is None else text, self.with_seconds)
        return definition.build(Setup(location, self.start))

    def ticks(self, count: int) -> list[Instant]:
        schedule = self.build(self.location)
        tick = schedule.next(self.start)
        # A moment that was asked about counts itself, where it is a time of the clock and not a distance from it.
        if not schedule.elapsed and self.start != self.now and schedule.next(self.start - 1) == self.start:
            tick = self.start
        found: list[Instant] = []
        while tick is not None and len(found) < count:
            found.append(tick)
            tick = schedule.next(tick)
        return found


@click.command("next")
@click.argument("schedule")
@click.option("-n", "--count", type=click.IntRange(1, 100_000), default=5, help="How many (default: 5).")
@click.option("--tz", metavar="ZONE", help="The zone of the schedule, such as Europe/Berlin (default: the machine's).")
@click.option("--from", "start", metavar="TIME", help="From then on: 2027-03-28 or 2027-03-28T01:30 (default: now).")
@click.option("--with-seconds", is_flag=True, help="A crontab may have six fields, the first for seconds.")
@click.option("--explain", is_flag=True, help="Say the schedule in words.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def command(
    schedule: str, count: int, tz: str | None, start: str | None, with_seconds: bool, explain: bool, as_json: bool
) -> None:
    """When SCHEDULE runs next, and what the changes of clocks in the next year do to it.

    SCHEDULE is a crontab in gocron's grammar, or one of these:

    \b
      every 90m                      every 10m to 20m (at random)
      daily at 03:00, 15:30          every 3 days at 03:00
      weekly on mon, fri at 09:00    every 2 weeks on sun at 23:59:30
      monthly on 1, -1 at 00:30      every 3 months on last at 18:00
      once at 2027-01-01T00:00       RRULE:FREQ=WEEKLY;BYDAY=MO

    \b
    Examples:
      gocron-py next "*/5 9-17 * * mon-fri" --tz America/New_York -n 10
      gocron-py next "30 2 * * *" --tz Europe/Berlin --explain
    """
    try:
        question = _question(schedule, tz, start, with_seconds)
        ticks = question.ticks(count)
        odd = _odd(question, ticks)
        words = _words(question) if explain else None
    except (GocronError, ValueError, OverflowError) as error:
        refuse(one_line(error))
    if as_json:
        print_json(_as_json(question, ticks, odd, words))
    else:
        _print(question, ticks, odd, words)


def _question(text: str, tz: str | None, start: str | None, with_seconds: bool) -> _Question:
    location = local_location() if tz is None else _location(tz)
    zone, _ = zone_of(text, location)
    now = time.time_ns() // 1000
    return _Question(text, with_seconds, location, zone, now, now if start is None else _moment(start, zone))


def _location(name: str) -> tzinfo:
    try:
        return load_location(name)
    except ErrWithLocationUnknown:
        raise ValueError(f"--tz: there is no zone {name!r:.80}") from None


def _moment(text: str, zone: tzinfo) -> Instant:
    try:
        return instant_of(datetime.fromisoformat(text), zone)
    except ValueError:
        raise ValueError(f"--from: {text!r:.60} is no time such as 2027-03-28 or 2027-03-28T01:30") from None


def _words(question: _Question) -> str:
    from gocron_py.words import describe

    return describe(question.build(question.location).describe(), question.location)


def _odd(question: _Question, ticks: list[Instant]) -> list[tuple[Change, list[Oddity]]]:
    schedule = question.build(question.location)
    kind = schedule.describe().job_type()
    if kind not in _CALENDAR or schedule.elapsed:
        return []
    text = zone_of(question.text, question.location)[1]
    end = max(question.start + _YEAR, ticks[-1] + DAY if ticks else 0)
    found = []
    for change in changes(question.zone, question.start, end):
        steady = question.build(timezone(timedelta(microseconds=change.before)), text)
        since = last_before(schedule, question.start, change.at - DAY) if kind in _PUT_OFF else None
        concerned = oddities(schedule, steady, change, since, kind in _PUT_OFF)
        if concerned:
            found.append((change, concerned))
    return found


# -- for people ------------------------------------------------------------------------------------


def _print(
    question: _Question, ticks: list[Instant], odd: list[tuple[Change, list[Oddity]]], words: str | None
) -> None:
    out = console()
    if words is not None:
        out.print(styled(words, "bold"))
    notes, is_coarse = _notes(odd), _is_coarse(question)
    if not ticks:
        out.print(styled("never again"))
    for tick in ticks:
        note = f"  <- {notes[tick]}" if tick in notes else ""
        out.print(
            _shown(tick // SECOND * SECOND if is_coarse else tick, question.zone)
            + styled(f"  {_distance(tick - question.now)}", "dim")
            + styled(note, "yellow")
        )
    for change, concerned in odd:
        out.print(styled(_told(change, concerned, question.zone), "yellow"))


def _is_coarse(question: _Question) -> bool:
    """Whether fractions of seconds are noise: at random, or that of now."""
    match question.build(question.location).describe():
        case DurationRandomJobSchedule(least, most):
            return not least.microseconds and not most.microseconds
        case DurationJobSchedule(duration):
            return question.start == question.now and not duration.microseconds
    return False


def _shown(tick: Instant, zone: tzinfo) -> Any:
    moment = datetime_of(tick, zone)
    part = f".{moment:%f}".rstrip("0").rstrip(".") if tick % SECOND else ""
    return styled(f"{moment:%a %Y-%m-%d %H:%M:%S}{part} {moment:%Z}")


def _distance(micros: int) -> str:
    seconds = abs(micros) // SECOND
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")]
    first = next((index for index, (number, _) in enumerate(parts) if number), 3)
    said = " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number) or "0 s"
    return f"in {said}" if micros >= 0 else f"{said} ago"


def _notes(odd: list[tuple[Change, list[Oddity]]]) -> dict[Instant, str]:
    notes: dict[Instant, str] = {}
    for change, concerned in odd:
        for oddity in concerned:
            for number, tick in enumerate(oddity.runs):
                if change.is_gap:
                    notes[tick] = "put off by the clocks' change"
                elif len(oddity.runs) > 1:
                    notes[tick] = f"this time of day comes twice, and is run twice ({number + 1})"
                else:
                    notes[tick] = "this time of day comes twice, and is run once"
    return notes


def _told(change: Change, concerned: list[Oddity], zone: tzinfo) -> str:
    """One line on one change."""
    first, last = (reading_of(wall) for wall in readings(change))
    day = datetime_of(change.at, zone)
    which = f"{first:%H:%M} to {last:%H:%M}"
    names = [
        f"{datetime_of(oddity.nominal, UTC) + timedelta(microseconds=change.before):%H:%M:%S}" for oddity in concerned
    ]
    shown = [name.removesuffix(":00") for name in names]
    said = ", ".join(shown) if len(shown) <= 3 else f"{shown[0]}, {shown[1]}, … {shown[-1]} ({len(shown)} ticks)"
    if change.is_gap:
        fate = "are left out" if len(shown) > 1 else "is left out"
        if concerned[0].runs:
            later = [f"{datetime_of(oddity.runs[0], zone):%H:%M}" for oddity in concerned[:3]]
            fate = f"{'run' if len(shown) > 1 else 'runs'} at {', '.join(later)}{', …' if len(shown) > 3 else ''}"
        return f"{day:%a %Y-%m-%d}: {which} does not exist: {said} {fate}"
    runs = sum(len(oddity.runs) for oddity in concerned)
    fate = {0: "no run", len(shown): "run once", 2 * len(shown): "run twice"}.get(runs, f"{runs} runs for {len(shown)}")
    return f"{day:%a %Y-%m-%d}: {which} comes twice: {said} {fate}"


# -- for machines ----------------------------------------------------------------------------------


def _as_json(
    question: _Question, ticks: list[Instant], odd: list[tuple[Change, list[Oddity]]], words: str | None
) -> dict[str, Any]:
    def iso(instant: Instant) -> str:
        return datetime_of(instant, question.zone).isoformat()

    notes = _notes(odd)
    answer: dict[str, Any] = {
        "schedule": question.text,
        "zone": str(question.zone),
        "from": iso(question.start),
        "runs": [
            {"at": iso(tick), "unix": tick / SECOND, **({"note": notes[tick]} if tick in notes else {})}
            for tick in ticks
        ],
        "clock_changes": [
            {
                "at": iso(change.at),
                "kind": "gap" if change.is_gap else "fold",
                "ticks": [
                    {
                        "reading": reading_of(oddity.nominal + change.before).isoformat(),
                        "runs": [iso(tick) for tick in oddity.runs],
                    }
                    for oddity in concerned[:100]
                ],
                "count": len(concerned),
            }
            for change, concerned in odd
        ],
    }
    if words is not None:
        answer["words"] = plain(words)
    return answer
