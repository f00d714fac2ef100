"""Runs a recorded case on a scheduler, and tells what came of it.

The rest of the suite knows :func:`outcome_of` only.
"""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import gocron_py as gocron
from gocron_py import definitions, errors
from gocron_py.instant import Instant, datetime_of, instant_of
from gocron_py.logger import StandardLogger
from gocron_py.schedules.wall_time import DaylightSavingsTimePolicy
from gocron_py.testing import FakeClock, wait_for_runs

HERE = Path(__file__).parent

Case = dict[str, Any]

_logger = logging.getLogger("tests.conformance")
_logger.disabled = True
QUIET = StandardLogger(_logger)


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
    """What new_job, start and next_runs(count) give, on a clock that stands still, as recorded from Go."""
    clock = FakeClock(datetime.fromisoformat(case["now"]))
    options = gocron.with_clock(clock), gocron.with_location(case["location"])
    scheduler = gocron.new_scheduler(*options, gocron.with_logger(QUIET))
    try:
        job = scheduler.new_job(definition_of(case), gocron.new_task(int), *_options(case["options"]))
        scheduler.start()
        clock.advance(timedelta(0))  # what is due at this very moment has been handed out
        wait_for_runs(scheduler)
        runs = [instant_of(run, ZoneInfo("UTC")) for run in job.next_runs(count)]
        return Outcome(next_runs=runs, fires_at_start=bool(job.history()))
    except errors.GocronError as error:
        return Outcome(error=type(error).__name__)
    finally:
        scheduler.shutdown()


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


def _options(options: dict[str, Any]) -> list[gocron.JobOption]:
    """The options of a case, in its order."""
    policy = DaylightSavingsTimePolicy[options.get("dst_policy", "default").upper()]
    zone = ZoneInfo(options["start_at_location"]) if "start_at_location" in options else None

    def start(text: str) -> datetime:
        moment = datetime.fromisoformat(text)
        return moment if zone is None else moment.astimezone(zone)

    make = {
        "dst_policy": lambda _: gocron.with_daylight_savings_time_policy(policy),
        "start_at": lambda text: gocron.with_start_at(gocron.with_start_date_time(start(text))),
        "start_at_past": lambda text: gocron.with_start_at(gocron.with_start_date_time_past(start(text))),
        "stop_at": lambda text: gocron.with_stop_at(gocron.with_stop_date_time(datetime.fromisoformat(text))),
    }
    return [make[name](options[name]) for name in options.get("order", make) if name in options]


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
