"""Runs a recorded case through the definitions, as a scheduler would, and tells what came of it.

The rest of the suite knows :func:`outcome_of` only.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gocron_py import definitions, errors
from gocron_py.instant import Instant, datetime_of, instant_of
from gocron_py.schedules.description import DescribedSchedule
from gocron_py.schedules.wall_time import DaylightSavingsTimePolicy

HERE = Path(__file__).parent

Case = dict[str, Any]


@dataclass
class Outcome:
    """The name of the error or the next runs; *fires_at_start*: the job ran at the start, not among them."""

    error: str | None = None
    next_runs: list[Instant] = field(default_factory=list)
    fires_at_start: bool = False

    def show(self, location: str) -> str:
        """For messages."""
        zone = ZoneInfo(location)
        runs = ", ".join(datetime_of(tick, zone).isoformat() for tick in self.next_runs)
        return self.error or f"[{runs}]{' and at the start' if self.fires_at_start else ''}"


def cases(name: str) -> Iterator[Case]:
    """The lines of a recorded file."""
    with gzip.open(HERE / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def instant(text: str) -> Instant:
    """An instant from RFC 3339."""
    return instant_of(datetime.fromisoformat(text), ZoneInfo("UTC"))


def outcome_of(case: Case, count: int = 12) -> Outcome:
    """What new_job, start and next_runs(count) give."""
    location = ZoneInfo(case["location"])
    setup = definitions.Setup(location=location, now=instant(case["now"]))
    try:
        stop = _apply_options(case["options"], setup)
        schedule = definition_of(case).build(setup)
    except errors.GocronError as error:
        return Outcome(error=type(error).__name__)
    first = setup.start
    if first is None:
        first = schedule.next(setup.now)
    elif first < setup.now:
        first = schedule.resume(first, setup.now)
    ticks = _chain(schedule, first)
    return outcome_from(ticks, setup.now, stop, count)


def _chain(schedule: DescribedSchedule, tick: Instant | None) -> Iterator[Instant]:
    while tick is not None:
        yield tick
        tick = schedule.next(tick)


def outcome_from(ticks: Iterable[Instant], now: Instant, stop: Instant | None, count: int = 12) -> Outcome:
    """What a scheduler that is started *now* makes of ticks from *now* on."""
    ahead = iter(ticks)
    runs: list[Instant] = []
    for tick in islice(ahead, count + 1):
        if stop is not None and tick >= stop:
            if not [run for run in runs if run > now]:
                # Removed at the start, or after the run at the start.
                return Outcome(error="ErrJobNotFound")
            break
        runs.append(tick)
    if not runs:
        return Outcome(error="ErrJobNotFound")
    if runs[0] == now:
        return Outcome(next_runs=runs[1:], fires_at_start=True)
    return Outcome(next_runs=runs[:count])


def _apply_options(options: dict[str, Any], setup: definitions.Setup) -> Instant | None:
    """Go's checks of the start and stop times, in the order of the options; the stop time."""
    stop: Instant | None = None
    setup.dst_policy = DaylightSavingsTimePolicy[options.get("dst_policy", "default").upper()]
    for name in options.get("order", ["start_at", "start_at_past", "stop_at"]):
        name = {"start": "start_at" if "start_at" in options else "start_at_past", "stop": "stop_at"}.get(name, name)
        if name not in options or name == "dst_policy":
            continue
        moment = instant(options[name])
        if name == "stop_at":
            if moment < setup.now:
                raise errors.ErrWithStopDateTimePast
            if setup.start is not None and moment < setup.start:
                raise errors.ErrStopTimeEarlierThanStartTime
            stop = moment
            continue
        if name == "start_at" and moment < setup.now:
            raise errors.ErrWithStartDateTimePast
        if stop is not None and stop < moment:
            raise errors.ErrStartTimeLaterThanEndTime
        setup.start = moment
    return stop


def definition_of(case: Case) -> definitions.JobDefinition:
    """The definition of a case."""
    return _DEFINITIONS[case["kind"]](case["args"])


def _at_times(given: list[list[int] | None] | None) -> definitions.AtTimes | None:
    if given is None:
        return None
    return [at if at is None else definitions.new_at_time(*at) for at in given]


def _duration(nanoseconds: int) -> timedelta:
    # Nothing but an invalid duration has parts of a microsecond.
    return timedelta(microseconds=-(-nanoseconds // 1000) if nanoseconds > 0 else nanoseconds // 1000)


_DEFINITIONS = {
    "cron": lambda args: definitions.cron_job(args["crontab"], args["with_seconds"]),
    "duration": lambda args: definitions.duration_job(_duration(args["interval_ns"])),
    "daily": lambda args: definitions.daily_job(args["interval"], _at_times(args["at_times"])),
    "weekly": lambda args: definitions.weekly_job(args["interval"], args["weekdays"], _at_times(args["at_times"])),
    "monthly": lambda args: definitions.monthly_job(args["interval"], args["days"], _at_times(args["at_times"])),
    "one_time": lambda args: definitions.one_time_job(
        definitions.one_time_job_start_date_times(*map(datetime.fromisoformat, args["times"]))
    ),
}
