"""Wrong calls: each is refused where it is made, at once, in words that help, and changes nothing."""

from __future__ import annotations

import logging
import signal
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from inspect import isfunction
from inspect import signature as signature_of
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

import gocron_py
from gocron_py.distributed import TickLocker, hold_at_least
from gocron_py.distributed.memory import MemoryElector, MemoryStore, MemoryTickLocker
from gocron_py.distributed.sqlite import SQLiteElector, SQLiteStore, SQLiteTickLocker
from gocron_py.testing import FakeClock, wait_for_runs

# Most calls here are wrong in kind, on purpose: a type checker is not to look at them.
gocron: Any = gocron_py

NOW = datetime(2024, 6, 15, 12, tzinfo=UTC)  # a Saturday; 14:00 in Berlin
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
NIL, KNOWN, REMOVED, UNKNOWN = (uuid.UUID(int=number) for number in range(4))

AT_ONCE = 0.1
"""Seconds that a wrong call may take."""

HUGE = 10**30


def work() -> None: ...


def work_with_two(first: int, second: int) -> None: ...


def work_with_keyword(*, size: int) -> None: ...


def work_with_context(ctx: gocron_py.Context, size: int) -> None: ...


def listen(job_id: uuid.UUID, job_name: str) -> None: ...


def beats(*args: object) -> Iterator[int]:
    yield 1


async def beats_async() -> AsyncIterator[int]:
    yield 1


class Beats:
    def __call__(self) -> Iterator[int]:
        yield 1

    def beats(self) -> Iterator[int]:
        yield 1


class Plain:
    """None of the methods that a protocol asks for."""


class Half:
    """One method of each protocol that has several."""

    def now(self) -> datetime:
        return NOW

    def is_valid(self, *args: object) -> None: ...
    def debug(self, *args: object) -> None: ...
    def increment_job(self, *args: object) -> None: ...
    def record_job_timing(self, *args: object) -> None: ...
    def scheduler_started(self, *args: object) -> None: ...


class Locker:
    def lock(self, ctx: gocron_py.Context, key: str) -> gocron_py.Lock:
        raise NotImplementedError


class Elector:
    def is_leader(self, ctx: gocron_py.Context) -> None: ...


class NullMonitor:
    """All three monitors and a logger: says yes to whatever method is asked for."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args: None


class MyMonitor:
    def increment_job(self, *args: object) -> None: ...
    def record_job_timing(self, *args: object) -> None: ...


class Verdict:
    """A cron implementation that refuses, in one way or another."""

    def __init__(self, verdict: object, tick: object = None) -> None:
        self.verdict = verdict
        self.tick = tick

    def is_valid(self, crontab: str, location: object, now: datetime) -> object:
        if isinstance(self.verdict, type):
            raise self.verdict("no")
        return self.verdict

    def next(self, last_run: datetime) -> object:
        return self.tick


def hourly() -> Any:
    return gocron.duration_job(HOUR)


def task() -> Any:
    return gocron.new_task(work)


@dataclass
class Scene:
    """A started scheduler with jobs, one that was not started, one that was shut down."""

    clock: FakeClock
    scheduler: Any
    idle: Any
    closed: Any
    jobs: list[Any]
    removed: Any
    idle_job: Any
    closed_job: Any
    beats: list[datetime] = field(default_factory=list)

    def state(self) -> object:
        """All that a wrong call could have changed."""
        return [
            [
                (job.id(), job.name(), job.tags(), job.schedule(), job.next_run(), job.next_runs(3), len(job.history()))
                for job in scheduler.jobs()
            ]
            for scheduler in (self.scheduler, self.idle)
        ]


@pytest.fixture
def scene() -> Iterator[Scene]:
    clock = FakeClock(NOW)
    made = [
        gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("Europe/Berlin"), gocron.with_logger(QUIET))
        for _ in range(3)
    ]
    scheduler, idle, closed = made
    beats: list[datetime] = []
    jobs = [
        scheduler.new_job(
            gocron.duration_job(10 * SECOND),
            gocron.new_task(lambda: beats.append(clock.now())),
            gocron.with_identifier(KNOWN),
            gocron.with_name("beat"),
            gocron.with_tags("heart"),
        ),
        scheduler.new_job(gocron.cron_job("30 2 * * *"), task(), gocron.with_name("nightly")),
        scheduler.new_job(gocron.one_time_job(gocron.one_time_job_start_date_time(NOW + HOUR)), task()),
    ]
    removed = scheduler.new_job(hourly(), task(), gocron.with_identifier(REMOVED))
    scheduler.remove_job(REMOVED)
    idle_job = idle.new_job(hourly(), task())
    closed_job = closed.new_job(hourly(), task())
    closed.start()
    closed.shutdown()
    scheduler.start()
    yield Scene(clock, scheduler, idle, closed, jobs, removed, idle_job, closed_job, beats)
    scheduler.shutdown()
    idle.shutdown()


class Quiet:
    def debug(self, msg: str, *args: object) -> None: ...
    def error(self, msg: str, *args: object) -> None: ...
    def info(self, msg: str, *args: object) -> None: ...
    def warn(self, msg: str, *args: object) -> None: ...


QUIET = Quiet()

Call = Callable[[Scene], object]


class Wrong(NamedTuple):
    name: str
    call: Call
    error: type[BaseException]
    words: tuple[str, ...]


def definition(make: Callable[[], Any], *options: Callable[[], Any]) -> Call:
    """new_job with a wrong definition."""
    return lambda scene: scene.scheduler.new_job(make(), task(), *(option() for option in options))


def option(*make: Callable[[], Any]) -> Call:
    """new_job with wrong options."""
    return lambda scene: scene.scheduler.new_job(hourly(), task(), *(each() for each in make))


def with_task(make: Callable[[], Any]) -> Call:
    """new_job with a wrong task."""
    return lambda scene: scene.scheduler.new_job(hourly(), make())


def setting(*make: Callable[[], Any]) -> Call:
    """new_scheduler with wrong options."""
    return lambda scene: gocron.new_scheduler(*(each() for each in make))


def crontab(text: Any, with_seconds: Any = False) -> Call:
    return definition(lambda: gocron.cron_job(text, with_seconds))


def shown(value: object) -> str:
    text = getattr(value, "__qualname__", None) or repr(value)
    return text if len(text) <= 40 else f"{text[:30]}… ({len(text)})"


KIND = gocron.ErrInvalidArgument
PARSE = gocron.ErrCronJobParse
NEVER = gocron.ErrCronJobInvalid


def crontabs() -> Iterator[Wrong]:
    """Texts that are no crontabs, and what the error says about them."""
    rows: list[tuple[str, type[BaseException], str]] = [
        ("", PARSE, "expected exactly 5 fields, found 0"),
        (" \t\n", PARSE, "found 0"),
        ("* * * *", PARSE, "expected exactly 5 fields, found 4: [* * * *]"),
        ("* * * * * *", PARSE, "found 6"),
        ("60 * * * *", PARSE, "end of range (60) above maximum (59)"),
        ("* 24 * * *", PARSE, "above maximum (23)"),
        ("* * 0 * *", PARSE, "below minimum (1)"),
        ("* * 32 * *", PARSE, "above maximum (31)"),
        ("* * * 0 *", PARSE, "below minimum (1)"),
        ("* * * 13 *", PARSE, "above maximum (12)"),
        ("* * * * 7", PARSE, "end of range (7) above maximum (6)"),
        ("* * * * 1-7", PARSE, "above maximum (6)"),
        ("*/0 * * * *", PARSE, "step of range should be a positive number"),
        ("*/-1 * * * *", PARSE, "negative number (-1) not allowed"),
        ("5-1 * * * *", PARSE, "beginning of range (5) beyond end of range (1)"),
        ("1-2-3 * * * *", PARSE, "too many hyphens"),
        ("1/2/3 * * * *", PARSE, "too many slashes"),
        ("1.5 * * * *", PARSE, "failed to parse int from 1.5"),
        ("0x1 * * * *", PARSE, "0x1"),
        ("1_0 * * * *", PARSE, "1_0"),
        ("mon * * * *", PARSE, "failed to parse int from mon"),
        ("* * * mon *", PARSE, "mon"),
        ("* * * * jan", PARSE, "jan"),
        ("* * * foo *", PARSE, "foo"),
        ("* * * january *", PARSE, "january"),
        ("* * L * *", PARSE, "failed to parse int from L"),
        ("* * 15W * *", PARSE, "15W"),
        ("* * * * 5#2", PARSE, "5#2"),
        ("H * * * *", PARSE, "H"),
        ("* * * * * # why", PARSE, "found 7"),
        ("\u0663 * * * *", PARSE, "\u0663"),
        ("\uff15 * * * *", PARSE, "\uff15"),
        ("\u00b2 * * * *", PARSE, "\u00b2"),
        ("\0 * * * *", PARSE, "failed to parse int"),
        ("* * * * 1\0", PARSE, "failed to parse int"),
        ("\ud800 * * * *", PARSE, "failed to parse int"),
        ("99999999999999999999 * * * *", PARSE, "99999999999999999999"),
        ("*/99999999999999999999 * * * *", PARSE, "99999999999999999999"),
        ("9" * 100_000 + " * * * *", PARSE, "failed to parse int"),
        ("x" * 100_000, PARSE, "found 1"),
        ("* " * 50_000, PARSE, "found 50000"),
        ("@" + "x" * 100_000, PARSE, "unrecognized descriptor"),
        ("@reboot", PARSE, "unrecognized descriptor: @reboot"),
        ("@Daily", PARSE, "unrecognized descriptor"),
        ("@", PARSE, "unrecognized descriptor"),
        ("@every", PARSE, "unrecognized descriptor"),
        ("@every x", PARSE, "failed to parse duration @every x"),
        ("@every 1", PARSE, "missing unit"),
        ("@every 1 hour", PARSE, "failed to parse duration"),
        ("@every " + "9" * 100_000 + "h", PARSE, "failed to parse duration"),
        ("TZ=UTC", PARSE, "followed by a space"),
        ("CRON_TZ=UTC\t0 0 * * *", PARSE, "UTC\t0"),
        ("0 0 30 2 *", NEVER, "no day that its months have"),
        ("0 0 31 4,6,9,11 *", NEVER, "no day that its months have"),
        (", * * * *", NEVER, "a field that names nothing"),
    ]
    for text, error, words in rows:
        yield Wrong(f"crontab {shown(text)}", crontab(text), error, (words,))
    for text, words in (
        ("* * * * * * *", "expected 5 to 6 fields, found 7"),
        ("60 * * * * *", "above maximum (59)"),
        ("* 60 * * * *", "above maximum (59)"),
    ):
        yield Wrong(f"crontab with seconds {text!r}", crontab(text, True), PARSE, (words,))
    hints = [("* * * * * *", "with_seconds=True"), ("0 9 * * 7", "Sunday is 0"), ("0 9 * * 1-7", "Sunday is 0")]
    for text, hint in hints:
        yield Wrong(f"crontab {text!r}, with a hint", crontab(text), PARSE, (hint,))
    for value in (None, 5, b"* * * * *", ["*"] * 5):
        yield Wrong(f"crontab {value!r}", crontab(value), KIND, ("crontab must be of type str", f"got {value!r}"[:20]))
    for value in (None, 1, "yes"):
        yield Wrong(
            f"with_seconds {value!r}", crontab("* * * * *", value), KIND, ("with_seconds must be of type bool",)
        )


NO_ZONES = [
    "Europe/Nowhere",
    "../../etc/passwd",
    "Europe/../../../../etc/passwd",
    "/etc/passwd",
    "/usr/share/zoneinfo/Europe/Berlin",
    "\0",
    "Europe/Berlin\0",
    "x" * 5000,
    "Europe/" + "x" * 5000,
    "europe/berlin",
    "EUROPE/BERLIN",
    "Europe",
    "Europe/",
    "Europe/Berlin/",
    "Europe\\Berlin",
    " UTC",
    "zone.tab",
    "+02:00",
    "UTC+2",
    "M\u00fcnchen",
    "\udcff",
    ".",
    "..",
]


def zones() -> Iterator[Wrong]:
    """Names of no zone, for the scheduler and in a crontab, and what is no name."""
    unknown = gocron.ErrWithLocationUnknown
    for name in ("", *NO_ZONES):
        words = ("WithLocation: unknown time zone", f"got {name!r}"[:15])
        yield Wrong(f"location {shown(name)}", setting(partial(gocron.with_location, name)), unknown, words)
    for name in NO_ZONES:
        if " " not in name:
            words = ("provided bad location",)
            yield Wrong(f"crontab in {shown(name)}", crontab(f"TZ={name} 0 0 * * *"), PARSE, words)
    for value in (5, b"UTC", HOUR, timezone):
        words = ("location must be a tzinfo or the name of a zone",)
        yield Wrong(f"location {value!r}", setting(partial(gocron.with_location, value)), KIND, words)


def durations() -> Iterator[Wrong]:
    """Lengths of time that no job can have."""
    zero, negative = gocron.ErrDurationJobIntervalZero, gocron.ErrDurationJobIntervalNegative
    never = gocron.ErrNoNextRun
    rows: list[tuple[object, type[BaseException], str]] = [
        (timedelta(0), zero, "interval is 0"),
        (-SECOND, negative, "must be greater than 0"),
        (timedelta(microseconds=-1), negative, "got"),
        (timedelta.min, negative, "got"),
        (timedelta.max, never, "after the year 9999"),
        (timedelta(days=365 * 8000), never, "after the year 9999"),
    ]
    rows += [
        (value, KIND, "duration must be of type timedelta")
        for value in (None, 1, True, 1.5, float("nan"), float("inf"), 1e30, "1h", date(2024, 1, 1))
    ]
    for value, error, words in rows:
        yield Wrong(f"duration {value!r}", definition(partial(gocron.duration_job, value)), error, (words,))
    bounds, positive = gocron.ErrDurationRandomJobMinMax, gocron.ErrDurationRandomJobPositive
    pairs: list[tuple[object, object, type[BaseException], str]] = [
        (timedelta(0), SECOND, positive, "must be greater than 0"),
        (-SECOND, SECOND, positive, "got"),
        (SECOND, SECOND, bounds, "minimum duration must be less than maximum"),
        (2 * SECOND, SECOND, bounds, "got"),
        (timedelta(days=365 * 8000), timedelta.max, never, "after the year 9999"),
        (SECOND, timedelta.max, never, "after the year 9999"),
        (None, SECOND, KIND, "min_duration must be of type timedelta"),
        (SECOND, None, KIND, "max_duration must be of type timedelta"),
        (1.0, SECOND, KIND, "min_duration"),
        (SECOND, "1m", KIND, "max_duration"),
    ]
    for low, high, error, words in pairs:
        make = partial(gocron.duration_random_job, low, high)
        yield Wrong(f"random duration {low!r}, {high!r}", definition(make), error, (words,))


TIMES = [gocron.new_at_time(10, 30, 0)]


def at(hours: int, minutes: int, seconds: int) -> Any:
    return gocron.new_at_times(gocron.new_at_time(hours, minutes, seconds))


def days() -> Iterator[Wrong]:
    """Daily, weekly and monthly jobs: intervals, days, times of day."""
    jobs: list[tuple[str, Callable[[Any, Any], Any]]] = [
        ("Daily", lambda interval, times: gocron.daily_job(interval, times)),
        ("Weekly", lambda interval, times: gocron.weekly_job(interval, [1], times)),
        ("Monthly", lambda interval, times: gocron.monthly_job(interval, [1], times)),
    ]
    for name, make in jobs:
        err = lambda suffix, name=name: getattr(gocron, f"Err{name}Job{suffix}")  # noqa: E731
        rows: list[tuple[str, Callable[[], Any], type[BaseException], str]] = [
            ("interval 0", partial(make, 0, TIMES), err("ZeroInterval"), "greater than 0"),
            ("interval -1", partial(make, -1, TIMES), err("ZeroInterval"), "got -1"),
            ("interval huge", partial(make, HUGE, TIMES), gocron.ErrNoNextRun, "after the year 9999"),
            ("times None", partial(make, 1, None), err("AtTimesNil"), "atTimes must not be nil"),
            ("times empty", partial(make, 1, []), err("AtTimesNil"), "there are none"),
            ("a time None", partial(make, 1, [None]), err("AtTimeNil"), "within atTimes must not be nil"),
            ("24:00:00", lambda make=make: make(1, at(24, 0, 0)), err("Hours"), "between 0 and 23"),
            ("-1:00:00", lambda make=make: make(1, at(-1, 0, 0)), err("Hours"), "got"),
            ("00:60:00", lambda make=make: make(1, at(0, 60, 0)), err("MinutesSeconds"), "between 0 and 59"),
            ("00:-1:00", lambda make=make: make(1, at(0, -1, 0)), err("MinutesSeconds"), "got"),
            ("00:00:60", lambda make=make: make(1, at(0, 0, 60)), err("MinutesSeconds"), "got"),
            ("huge hour", lambda make=make: make(1, at(HUGE, 0, 0)), err("Hours"), "between 0 and 23"),
            ("huge minute", lambda make=make: make(1, at(0, HUGE, 0)), err("MinutesSeconds"), "between 0 and 59"),
        ]
        rows += [
            (f"interval {value!r}", partial(make, value, TIMES), KIND, "interval must be of type int")
            for value in (None, True, 1.0, "1", SECOND)
        ]
        rows += [
            (f"times {value!r}", partial(make, 1, value), KIND, words)
            for value, words in (
                ("10:30", "at_times must be a list, a tuple or a set of times of day"),
                (b"10", "at_times must be a list"),
                (10, "at_times must be a list"),
                ({}, "at_times must be a list"),
                (TIMES[0], "at_times must be a list"),
                (["10:30"], "a time of day is a datetime.time, or made by new_at_time"),
                ([10], "a time of day is"),
                ([NOW], "a time of day is"),
                ([SECOND], "a time of day is"),
                ([NOW.timetz()], "without a tzinfo"),
                ([NOW.time().replace(microsecond=1)], "whole seconds"),
            )
        ]
        for what, call, error, words in rows:
            yield Wrong(f"{name} {what}", definition(call), error, (words,))
    for value in (None, 1.0, "1", True):
        yield Wrong(f"new_at_time {value!r}", lambda _, value=value: gocron.new_at_time(value, 0, 0), KIND, ("hours",))
        yield Wrong(
            f"new_at_time :{value!r}", lambda _, value=value: gocron.new_at_time(0, 0, value), KIND, ("seconds",)
        )
    yield from weekdays()
    yield from days_of_the_month()


def weekdays() -> Iterator[Wrong]:
    nil = gocron.ErrWeeklyJobDaysOfTheWeekNil
    rows: list[tuple[object, type[BaseException], str]] = [
        (None, nil, "daysOfTheWeek must not be nil"),
        ([], nil, "there are none"),
        ([7], KIND, "0 (Sunday) to 6"),
        ([-1], KIND, "got -1"),
        (["monday"], KIND, "a day of the week must be of type int"),
        ([True], KIND, "a day of the week must be of type int"),
        ([1.0], KIND, "a day of the week"),
        ([None], KIND, "a day of the week"),
        (gocron.Weekday.MONDAY, KIND, "days_of_the_week must be a list"),
        ("15", KIND, "days_of_the_week must be a list"),
    ]
    for value, error, words in rows:
        make = partial(gocron.weekly_job, 1, value, TIMES)
        yield Wrong(f"weekdays {value!r}", definition(make), error, (words,))
    yield Wrong("new_weekdays 7", lambda _: gocron.new_weekdays(7), KIND, ("0 (Sunday) to 6", "got 7"))


def days_of_the_month() -> Iterator[Wrong]:
    wrong, nil = gocron.ErrMonthlyJobDays, gocron.ErrMonthlyJobDaysNil
    rows: list[tuple[object, type[BaseException], str]] = [
        (None, nil, "daysOfTheMonth must not be nil"),
        ([], nil, "there are none"),
        ([0], wrong, "got 0"),
        ([32], wrong, "between 31 and -31 inclusive"),
        ([-32], wrong, "got -32"),
        ([1, HUGE], wrong, "between 31 and -31"),
        (["1"], KIND, "a day of the month must be of type int"),
        ([1.5], KIND, "a day of the month"),
        ([True], KIND, "a day of the month"),
        (15, KIND, "days_of_the_month must be a list"),
    ]
    for value, error, words in rows:
        make = partial(gocron.monthly_job, 1, value, TIMES)
        yield Wrong(f"days {value!r}", definition(make), error, (words,))
    make = partial(gocron.monthly_job, 12, [31], TIMES)
    yield Wrong("a 31 June", definition(make), wrong, ("no month that comes every 12 months",))


def moments() -> Iterator[Wrong]:
    """Points in time: of one-time jobs, of starts and stops."""
    past = gocron.ErrOneTimeJobStartDateTimePast
    late, zone = datetime.max.replace(tzinfo=UTC), timezone(timedelta(hours=-12))
    no_datetime = [5, 1.5, "2030-01-01", date(2030, 1, 1), NOW.time(), SECOND]
    rows: list[tuple[tuple[object, ...], type[BaseException], str]] = [
        ((), past, "must not be in the past"),
        ((None,), past, "got"),
        ((NOW,), past, "got"),
        ((NOW - SECOND,), past, "got"),
        ((NOW - SECOND, NOW - HOUR), past, "got"),
        ((datetime(2024, 6, 15, 13, 59),), past, "got"),  # noqa: DTZ001 - naive: in the scheduler's location
        ((datetime.min.replace(tzinfo=UTC),), past, "got"),
        ((datetime.min.replace(tzinfo=timezone(HOUR)),), KIND, "outside the years 1 to 9999"),
        ((late,), gocron.ErrNoNextRun, "year"),
        ((datetime.max.replace(tzinfo=zone),), KIND, "outside the years 1 to 9999"),
        *(((value,), KIND, "the time of a one-time job must be of type datetime") for value in no_datetime),
    ]
    for times, error, words in rows:
        make = lambda times=times: gocron.one_time_job(gocron.one_time_job_start_date_times(*times))  # noqa: E731
        yield Wrong(f"one time {times!r}", definition(make), error, (words,))
    for value in (None, NOW, gocron.one_time_job_start_immediately):
        make = partial(gocron.one_time_job, value)
        yield Wrong(f"one_time_job {value!r:.30}", definition(make), KIND, ("start_at must be of type",))
    start, before = gocron.with_start_date_time, gocron.with_start_date_time_past
    stop, from_, until = gocron.with_stop_date_time, gocron.with_start_at, gocron.with_stop_at
    options: list[tuple[str, list[Callable[[], Any]], type[BaseException], str]] = [
        ("start None", [lambda: from_(start(None))], gocron.ErrWithStartDateTimePast, "must not be in the past"),
        ("start past", [lambda: from_(start(NOW - SECOND))], gocron.ErrWithStartDateTimePast, "got"),
        (
            "start past, naive",
            [lambda: from_(start(datetime(2024, 6, 15, 13, 59)))],  # noqa: DTZ001
            gocron.ErrWithStartDateTimePast,
            "got",
        ),
        ("start past None", [lambda: from_(before(None))], gocron.ErrWithStartDateTimePastZero, "must not be zero"),
        ("start beyond", [lambda: from_(start(late))], gocron.ErrNoNextRun, "year"),
        ("stop None", [lambda: until(stop(None))], gocron.ErrWithStopDateTimePast, "must not be in the past"),
        ("stop past", [lambda: until(stop(NOW - SECOND))], gocron.ErrWithStopDateTimePast, "got"),
        (
            "stop before start",
            [lambda: from_(start(NOW + HOUR)), lambda: until(stop(NOW + SECOND))],
            gocron.ErrStopTimeEarlierThanStartTime,
            "end must not be earlier than start",
        ),
        (
            "start after stop",
            [lambda: until(stop(NOW + SECOND)), lambda: from_(start(NOW + HOUR))],
            gocron.ErrStartTimeLaterThanEndTime,
            "start must not be later than end",
        ),
        (
            "past start after stop",
            [lambda: until(stop(NOW + SECOND)), lambda: from_(before(NOW + HOUR))],
            gocron.ErrStartTimeLaterThanEndTime,
            "got",
        ),
        ("start of a stop", [lambda: from_(stop(NOW + HOUR))], KIND, "option must be of type StartAtOption"),
        ("stop of a start", [lambda: until(start(NOW + HOUR))], KIND, "option must be of type StopAtOption"),
        ("start at a datetime", [lambda: from_(NOW + HOUR)], KIND, "option must be of type StartAtOption"),
        ("stop at a datetime", [lambda: until(NOW + HOUR)], KIND, "option must be of type StopAtOption"),
        ("start without with_start_at", [lambda: start(NOW + HOUR)], KIND, "a job option must be of type JobOption"),
        ("stop without with_stop_at", [lambda: stop(NOW + HOUR)], KIND, "a job option must be of type JobOption"),
        ("start uncalled", [lambda: from_(gocron.with_start_immediately)], KIND, "StartAtOption"),
    ]
    options += [
        (f"{each.__name__} {value!r}", [lambda wrap=wrap, each=each, value=value: wrap(each(value))], KIND, "datetime")
        for each, wrap in ((start, from_), (before, from_), (stop, until))
        for value in no_datetime
    ]
    for name, make, error, words in options:
        yield Wrong(name, option(*make), error, (words,))


def tasks() -> Iterator[Wrong]:
    """What is no task, no function, or gets other arguments than it takes."""
    number, not_func = gocron.ErrNewJobWrongNumberOfParameters, gocron.ErrNewJobTaskNotFunc
    new = gocron.new_task
    yield Wrong("task None", with_task(lambda: None), gocron.ErrNewJobTaskNil, ("Task must not be nil",))
    for value in (work, "work", 5, (work,), new):
        yield Wrong(f"task {value!r:.20}", with_task(partial(lambda value: value, value)), KIND, ("new_task(",))
    for value in (None, "text", 42, Plain(), (n for n in "ab"), [work]):
        yield Wrong(f"function {value!r:.20}", with_task(partial(new, value)), not_func, (f"got {value!r}"[:10],))
    rows: list[tuple[str, Callable[[], Any], str]] = [
        ("too many", lambda: new(work, 1), "too many positional arguments"),
        ("too few", lambda: new(work_with_two, 1), "missing a required argument: 'second'"),
        ("none", lambda: new(work_with_two), "missing a required argument: 'first'"),
        ("unknown keyword", lambda: new(work, size=1), "unexpected keyword argument 'size'"),
        ("twice", lambda: new(work_with_two, 1, 2, first=1), "first"),
        ("keyword missing", lambda: new(work_with_keyword), "missing a required"),
        ("keyword by position", lambda: new(work_with_keyword, 1), "too many positional arguments"),
        ("after the context", lambda: new(work_with_context), "missing a required argument: 'size'"),
        ("after a given context", lambda: new(work_with_context, gocron.context.background()), "'size'"),
        ("partial", lambda: new(partial(work_with_two, 1)), "missing a required argument: 'second'"),
        ("a class", lambda: new(Verdict), "missing a required argument: 'verdict'"),
        ("a method", lambda: new(Verdict(None).is_valid, 1), "missing a required argument: 'location'"),
        ("a builtin", lambda: new(len), "missing a required argument"),
    ]
    for name, make, words in rows:
        yield Wrong(f"arguments: {name}", with_task(make), number, (words,))
    yield Wrong("a call", with_task(lambda: new(work())), not_func, ("new_task(f, 1), not new_task(f(1))",))
    generators = (beats, partial(beats, 1), beats_async, Beats(), Beats().beats, Beats.__call__)
    for which, function in enumerate(generators):
        yield Wrong(f"a generator function {which}", with_task(partial(new, function)), KIND, ("loop over it",))


def listeners() -> Iterator[Wrong]:
    """Functions that cannot hear of what they are to hear of."""
    nil = gocron.ErrEventListenerFuncNil
    kinds = {
        2: ("before_job_runs", "before_job_runs_skip_if_before_func_errors", "after_job_runs"),
        3: ("after_job_runs_with_error", "after_job_runs_with_panic", "after_lock_error"),
    }
    for count, names in kinds.items():
        for name in names:
            make = getattr(gocron, name)
            functions: list[tuple[str, object, str]] = [
                ("None", None, "must not be nil"),
                ("text", "log", "got 'log'"),
                ("one argument", lambda job_id: None, f"calls its function with {count} arguments"),
                ("four arguments", lambda a, b, c, d: None, "missing a required argument"),
                ("a keyword", lambda *args, size: None, "size"),
            ]
            if count == 3:
                functions.append(("two arguments", listen, "too many positional arguments"))
            for what, function, words in functions:
                call = lambda make=make, function=function: gocron.with_event_listeners(make(function))  # noqa: E731
                yield Wrong(f"{name} {what}", option(call), nil, (words,))
    for value in (None, listen, gocron.before_job_runs, [gocron.before_job_runs(listen)]):
        call = partial(gocron.with_event_listeners, value)
        yield Wrong(f"listener {value!r:.20}", option(call), KIND, ("a listener must be of type EventListener",))
    bare = partial(gocron.before_job_runs, listen)
    yield Wrong("listener as an option", option(bare), KIND, ("a job option must be of type JobOption",))


def job_options() -> Iterator[Wrong]:
    """Values that options of jobs do not take."""
    rows: list[tuple[str, list[object], type[BaseException], str]] = [
        ("with_name", [""], gocron.ErrWithNameEmpty, "must not be empty"),
        ("with_name", [None, 5, b"name", ["name"]], KIND, "name must be of type str"),
        ("with_tags", [None, 5, ["a", "b"], b"tag"], KIND, "a tag must be of type str"),
        ("with_identifier", [None, NIL], gocron.ErrWithIdentifierNil, "must not be nil"),
        ("with_identifier", [str(UNKNOWN), 5, UNKNOWN.bytes], KIND, "id must be of type UUID"),
        ("with_identifier", [KNOWN], gocron.ErrJobIdentifierInUse, "in use by another job"),
        ("with_context", [None], gocron.ErrWithContextNil, "context must not be nil"),
        ("with_context", [5, "ctx", gocron.context.background], KIND, "ctx must be of type Context"),
        ("with_singleton_mode", [None, 1, True, "wait"], KIND, "mode must be of type LimitMode"),
        ("with_limited_runs", [0, -1, -HUGE], gocron.ErrWithLimitedRunsZero, "must be greater than 0"),
        ("with_limited_runs", [None, True, 1.0, "1"], KIND, "limit must be of type int"),
        ("with_daylight_savings_time_policy", [None, 0, 99, "skip"], KIND, "DaylightSavingsTimePolicy"),
        ("with_disabled_distributed_job_locker", [None, 1, "yes"], KIND, "disabled must be of type bool"),
        ("with_distributed_job_locker", [None], gocron.ErrWithDistributedJobLockerNil, "locker must not be nil"),
        (
            "with_distributed_job_locker",
            [Plain(), "redis", Locker().lock, Locker],
            gocron.ErrWithDistributedJobLockerNil,
            "lock(ctx, key)",
        ),
        ("with_cron_implementation", [5, Plain(), Half(), Verdict], KIND, "is_valid and next"),
        ("with_history_size", [None, True, 1.5, "20"], KIND, "n must be of type int"),
        ("with_history_size", [-1], KIND, "zero or more"),
        ("with_history_size", [2**63, HUGE], KIND, "n must be"),
        ("with_executor", [None, 5, "processes", ProcessPoolExecutor, Plain()], KIND, "executor must be of type"),
    ]
    for name, values, error, words in rows:
        for value in values:
            call = partial(getattr(gocron, name), value)
            yield Wrong(f"{name}({shown(value)}) {error.__name__}", option(call), error, (words,))
    crons: list[tuple[str, Verdict, type[BaseException], str]] = [
        ("raises", Verdict(LookupError), LookupError, "no"),
        ("says no", Verdict(False), NEVER, "invalid crontab"),
        ("returns an error", Verdict(ValueError("what")), ValueError, "what"),
        ("never", Verdict(None, None), NEVER, "invalid crontab"),
        ("gives a number", Verdict(None, 5), NEVER, "invalid crontab"),
        ("goes back", Verdict(None, NOW - HOUR), NEVER, "invalid crontab"),
    ]
    for name, cron, error, words in crons:
        call = definition(lambda: gocron.cron_job("* * * * *"), partial(gocron.with_cron_implementation, cron))
        yield Wrong(f"a cron that {name}", call, error, (words,))


def scheduler_options() -> Iterator[Wrong]:
    """Values that options of schedulers do not take."""
    wait = gocron.LimitMode.WAIT
    zero = gocron.ErrWithLimitConcurrentJobsZero
    rows: list[tuple[str, list[tuple[object, ...]], type[BaseException], str]] = [
        ("with_clock", [(None,)], gocron.ErrWithClockNil, "clock must not be nil"),
        (
            "with_clock",
            [(Plain(),), (Half(),), (time,), (NOW,), (FakeClock,)],
            gocron.ErrWithClockNil,
            "the methods of Clock are needed",
        ),
        ("with_distributed_elector", [(None,)], gocron.ErrWithDistributedElectorNil, "elector must not be nil"),
        (
            "with_distributed_elector",
            [(Plain(),), (Locker(),), (Elector,)],
            gocron.ErrWithDistributedElectorNil,
            "the methods of Elector",
        ),
        ("with_distributed_locker", [(None,)], gocron.ErrWithDistributedLockerNil, "locker must not be nil"),
        (
            "with_distributed_locker",
            [(Plain(),), (Elector(),), (Locker,)],
            gocron.ErrWithDistributedLockerNil,
            "the methods of Locker",
        ),
        ("with_limit_concurrent_jobs", [(0, wait), (-1, wait)], zero, "must be greater than 0"),
        (
            "with_limit_concurrent_jobs",
            [(True, wait), ("1", wait), (1.0, wait), (None, wait)],
            KIND,
            "limit must be of type int",
        ),
        (
            "with_limit_concurrent_jobs",
            [(1, None), (1, 1), (1, "wait"), (1, 99)],
            KIND,
            "mode must be of type LimitMode",
        ),
        ("with_location", [(None,)], gocron.ErrWithLocationNil, "location must not be nil"),
        ("with_logger", [(None,)], gocron.ErrWithLoggerNil, "logger must not be nil"),
        ("with_logger", [(Plain(),), (Half(),), (print,), (Quiet,)], gocron.ErrWithLoggerNil, "the methods of Logger"),
        ("with_monitor", [(None,)], gocron.ErrWithMonitorNil, "monitor must not be nil"),
        ("with_monitor", [(Plain(),), (MyMonitor,)], gocron.ErrWithMonitorNil, "the methods of Monitor are needed"),
        ("with_monitor_status", [(None,)], gocron.ErrWithMonitorNil, "monitor must not be nil"),
        ("with_monitor_status", [(MyMonitor(),)], gocron.ErrWithMonitorNil, "the methods of MonitorStatus"),
        ("with_scheduler_monitor", [(None,)], gocron.ErrSchedulerMonitorNil, "monitor must not be nil"),
        ("with_scheduler_monitor", [(Half(),)], gocron.ErrSchedulerMonitorNil, "the methods of SchedulerMonitor"),
        (
            "with_stop_timeout",
            [(timedelta(0),), (-SECOND,)],
            gocron.ErrWithStopTimeoutZeroOrNegative,
            "timeout must be greater than 0",
        ),
        ("with_stop_timeout", [(None,), (10,), (1.5,), ("10s",)], KIND, "timeout must be of type timedelta"),
        ("with_max_workers", [(None,), (True,), (1.0,), ("8",)], KIND, "n must be of type int"),
        ("with_max_workers", [(0,), (-1,)], KIND, "greater than 0"),
        ("with_global_job_options", [(None,), ("name",)], KIND, "a global job option must be of type JobOption"),
        ("with_executor", [(None,), ("processes",), (ProcessPoolExecutor,)], KIND, "executor must be of type Executor"),
    ]
    for name, values, error, words in rows:
        for value in values:
            call = partial(getattr(gocron, name), *value)
            yield Wrong(f"{name}{shown(value)} of the scheduler", setting(call), error, (words,))


def levels() -> Iterator[Wrong]:
    """Options in the wrong place, and what is no option, definition or job at all."""
    job, scheduler = "a job option must be of type JobOption", "a scheduler option must be of type SchedulerOption"
    for name, value in (("with_clock", FakeClock()), ("with_location", "UTC"), ("with_stop_timeout", SECOND)):
        call = partial(getattr(gocron, name), value)
        yield Wrong(f"{name} for a job", option(call), KIND, (job, f"{name}(…) belongs in new_scheduler"))
        yield Wrong(
            f"{name} as a global job option",
            setting(lambda call=call: gocron.with_global_job_options(call())),
            KIND,
            ("a global job option must be of type JobOption",),
        )
    for name, value in (("with_name", "a"), ("with_tags", "a"), ("with_limited_runs", 1)):
        belongs = f"{name}(…) belongs in new_job"
        call = partial(getattr(gocron, name), value)
        yield Wrong(f"{name} for a scheduler", setting(call), KIND, (scheduler, belongs))
    bare = gocron.with_start_immediately
    yield Wrong("a bare start", option(bare), KIND, (job, "with_start_immediately(…) belongs in with_start_at"))
    bare = partial(gocron.after_job_runs, listen)
    yield Wrong("a bare listener", option(bare), KIND, (job, "belongs in with_event_listeners"))
    for value in (None, "name", 5, [], gocron.with_name, gocron.with_clock):
        yield Wrong(f"job option {value!r:.20}", option(partial(lambda value: value, value)), KIND, (job,))
        yield Wrong(f"scheduler option {value!r:.20}", setting(partial(lambda value: value, value)), KIND, (scheduler,))
    for value in (None, "0 * * * *", HOUR, 5, NOW, gocron.cron_job, Plain()):
        call = definition(partial(lambda value: value, value))
        yield Wrong(f"definition {value!r:.20}", call, KIND, ("the definition must be of type JobDefinition",))
    wrong_name = partial(gocron.with_name, "")
    yield Wrong(
        "a wrong global option",
        lambda _: gocron.new_scheduler(gocron.with_global_job_options(wrong_name())).new_job(hourly(), task()),
        gocron.ErrWithNameEmpty,
        ("must not be empty",),
    )


def methods() -> Iterator[Wrong]:
    """Calls of schedulers and jobs."""
    unknown, shut = gocron.ErrJobNotFound, gocron.ErrSchedulerShutdown
    failed = gocron.ErrJobRunNowFailed
    rows: list[tuple[str, Call, type[BaseException], str]] = [
        ("remove unknown", lambda s: s.scheduler.remove_job(UNKNOWN), unknown, "job not found"),
        ("remove removed", lambda s: s.scheduler.remove_job(REMOVED), unknown, "got UUID"),
        ("update unknown", lambda s: s.scheduler.update(UNKNOWN, hourly(), task()), unknown, "got UUID"),
        ("update removed", lambda s: s.scheduler.update(REMOVED, hourly(), task()), unknown, "job not found"),
        ("update nil", lambda s: s.scheduler.update(NIL, hourly(), task()), unknown, "job not found"),
        ("update by a job", lambda s: s.scheduler.update(s.jobs[0], hourly(), task()), KIND, "job_id must be of type"),
        (
            "update to another id",
            lambda s: s.scheduler.update(KNOWN, hourly(), task(), gocron.with_identifier(UNKNOWN)),
            KIND,
            "update keeps the job's identifier",
        ),
        (
            "update to a wrong definition",
            lambda s: s.scheduler.update(KNOWN, gocron.cron_job("60 * * * *"), task()),
            PARSE,
            "above maximum (59)",
        ),
        ("update to no task", lambda s: s.scheduler.update(KNOWN, hourly(), None), gocron.ErrNewJobTaskNil, "nil"),
        (
            "update to a wrong option",
            lambda s: s.scheduler.update(KNOWN, hourly(), task(), gocron.with_limited_runs(0)),
            gocron.ErrWithLimitedRunsZero,
            "got 0",
        ),
        ("tags None", lambda s: s.scheduler.remove_by_tags("heart", None), KIND, "a tag must be of type str"),
        ("tags list", lambda s: s.scheduler.remove_by_tags(["heart"]), KIND, "a tag must be of type str"),
        ("next_runs -1", lambda s: s.jobs[0].next_runs(-1), KIND, "zero or more"),
        ("next_runs True", lambda s: s.jobs[0].next_runs(True), KIND, "zero or more"),
        ("next_runs 1.5", lambda s: s.jobs[0].next_runs(1.5), KIND, "got 1.5"),
        ("next_runs text", lambda s: s.jobs[0].next_runs("3"), KIND, "got '3'"),
        ("run_now before start", lambda s: s.idle_job.run_now(), failed, "scheduler unreachable"),
        ("run_now after shutdown", lambda s: s.closed_job.run_now(), failed, "scheduler unreachable"),
        ("new_job after shutdown", lambda s: s.closed.new_job(hourly(), task()), shut, "shut down"),
        ("wrong new_job after shutdown", lambda s: s.closed.new_job(None, None), shut, "shut down"),
        ("update after shutdown", lambda s: s.closed.update(s.closed_job.id(), hourly(), task()), shut, "shut down"),
        ("start after shutdown", lambda s: s.closed.start(), shut, "shut down"),
        ("with after shutdown", lambda s: s.closed.__enter__(), shut, "shut down"),
        ("run_until_signal after shutdown", lambda s: s.closed.run_until_signal(), shut, "shut down"),
        ("remove after shutdown", lambda s: s.closed.remove_job(s.closed_job.id()), unknown, "job not found"),
        ("wait for text", lambda s: s.idle.wait("1s"), KIND, "got '1s'"),
        ("wait for NaN", lambda s: s.idle.wait(float("nan")), KIND, "got nan"),
        ("wait True", lambda s: s.idle.wait(True), KIND, "got True"),
    ]
    last = ("last_run", "last_run_started_at", "last_run_completed_at")
    rows += [
        (f"{name} of a removed job", lambda s, name=name: getattr(s.removed, name)(), unknown, "got UUID")
        for name in (*last, "next_run", "is_running", "run_now", "history")
    ]
    rows.append(("next_runs of a removed job", lambda s: s.removed.next_runs(1), unknown, "job not found"))
    for value in (None, "id", 5, str(KNOWN)):
        name = f"{value!r}"
        rows += [
            (f"remove {name}", lambda s, v=value: s.scheduler.remove_job(v), KIND, "job_id must be of type UUID"),
            (f"update {name}", lambda s, v=value: s.scheduler.update(v, hourly(), task()), KIND, "job_id must be"),
            (f"stop with {name}", lambda s, v=value: s.scheduler.stop_jobs_with_context(v), KIND, "ctx must be"),
            (f"shut down with {name}", lambda s, v=value: s.scheduler.shutdown_with_context(v), KIND, "ctx must be"),
        ]
    for name, call, error, words in rows:
        yield Wrong(name, call, error, (words,))
    for value in (None, "SIGTERM", 0, 9999, signal.SIGKILL):
        yield Wrong(
            f"run_until_signal {value!r}",
            lambda s, v=value: s.idle.run_until_signal(signal.SIGTERM, v),
            KIND,
            ("signal",),
        )


def recurrences() -> Iterator[Wrong]:
    """iCalendar rubbish."""
    rubbish = [
        "",
        "x",
        "RRULE:",
        "FREQ=NEVER",
        "INTERVAL=1",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=x",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=10001",
        "FREQ=DAILY;BYDAY=XX",
        "FREQ=DAILY;UNTIL=never",
        "FREQ=DAILY;WHAT=1",
        "FREQ=DAILY;BYEASTER=x",
        "DTSTART;TZID=Europe/Nowhere:20240101T000000\nRRULE:FREQ=DAILY",
        "DTSTART;TZID=../../etc/passwd:20240101T000000\nRRULE:FREQ=DAILY",
        "DTSTART;TZID=/etc/passwd:20240101T000000\nRRULE:FREQ=DAILY",
        "DTSTART:99999999T999999\nRRULE:FREQ=DAILY",
        "FREQ=DAILY;BYHOUR=\0",
        "x" * 100_000,
        "FREQ=DAILY;" * 10_000,
    ]
    for text in rubbish:
        call = definition(partial(gocron.rrule_job, text))
        yield Wrong(f"rrule {shown(text)}", call, gocron.ValidationError, ("recurrence",))
    for value in (None, 5, b"FREQ=DAILY", ["FREQ=DAILY"], HOUR):
        yield Wrong(f"rrule {value!r}", definition(partial(gocron.rrule_job, value)), KIND, ("RFC 5545 string",))
    for text in (
        "FREQ=DAILY;UNTIL=20240101T000000Z",
        "DTSTART:20200101T000000\nRRULE:FREQ=DAILY;COUNT=3",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    ):
        call = definition(partial(gocron.rrule_job, text))
        yield Wrong(f"rrule {text!r}", call, gocron.ValidationError, ("recurrence",))


def tools() -> Iterator[Wrong]:
    """What is there beside schedulers: loggers, crons, times, the clock for tests."""
    cron, context = gocron.new_default_cron, gocron.context
    berlin = gocron_py.schedules.wall_time.load_location("Europe/Berlin")
    rows: list[tuple[str, Callable[[], Any], type[BaseException], str]] = [
        ("cron never asked", lambda: cron(False).next(NOW), NEVER, "is_valid comes first"),
        ("cron of 60", lambda: cron(False).is_valid("60 * * * *", UTC, NOW), PARSE, "(59)"),
        ("cron of no text", lambda: cron(False).is_valid(None, UTC, NOW), KIND, "crontab"),
        ("cron nowhere", lambda: cron(False).is_valid("* * * * *", None, NOW), KIND, "location"),
        (
            "cron in Nowhere",
            lambda: cron(False).is_valid("* * * * *", "Nowhere", NOW),
            gocron.ErrWithLocationUnknown,
            "got",
        ),
        ("cron at no time", lambda: cron(False).is_valid("* * * * *", UTC, "now"), KIND, "a datetime is needed"),
        (
            "time of 24:00",
            lambda: gocron.time_from_at_time(gocron.new_at_time(24, 0, 0), berlin),
            KIND,
            "no time of day",
        ),
        ("time of text", lambda: gocron.time_from_at_time("10:30", berlin), KIND, "the time of day must be"),
        ("time nowhere", lambda: gocron.time_from_at_time(TIMES[0], None), KIND, "location must be"),
        ("panic in a wrong place", lambda: context.with_cancel(None), KIND, "nil parent"),
        ("clock at text", lambda: FakeClock("now"), KIND, "a datetime is needed"),  # type: ignore[arg-type]
        ("clock back", lambda: FakeClock().advance(-SECOND), KIND, "zero or more"),
        ("clock by a number", lambda: FakeClock().advance(5), KIND, "got 5"),  # type: ignore[arg-type]
        ("clock to text", lambda: FakeClock().set("now"), KIND, "a datetime is needed"),  # type: ignore[arg-type]
        ("clock beyond", lambda: FakeClock().advance(timedelta.max), KIND, "year"),
    ]
    rows += [(f"new_logger {v!r}", partial(gocron.new_logger, v), KIND, "LogLevel") for v in (None, "INFO", 20, True)]
    rows += [(f"new_default_cron {v!r}", partial(cron, v), KIND, "with_seconds must be") for v in (None, 1, "yes")]
    for name, make, error, words in rows:
        yield Wrong(name, lambda _, make=make: make(), error, (words,))


def policies() -> Iterator[Wrong]:
    """Fields that a tick policy does not have, and values that they do not take."""
    words = {"on_crash": "'skip', 'rerun'", "catch_up": "'latest', 'all', 'none'", "on_store_error": "'skip', 'run'"}
    rows: list[tuple[str, list[object], str]] = [
        (name, [None, "", "always", 5, True, ["skip"]], f"{name} must be one of {choices}")
        for name, choices in words.items()
    ]
    rows += [
        ("max_attempts", [0, -1, 1001, HUGE], "from 1 to 1,000"),
        ("max_attempts", [None, True, "2", 2.0], "max_attempts must be of type int"),
        ("overlap", [None, 1, "yes"], "overlap must be of type bool"),
        ("start_deadline", [timedelta(0), -SECOND, timedelta(days=2)], "more than 0, at most a day"),
        ("start_deadline", [5, "5s"], "start_deadline must be of type timedelta"),
        ("lease", [timedelta(0), -SECOND, timedelta(milliseconds=999), timedelta.max], "from 1 second to 1 day"),
        ("lease", [None, 30], "lease must be of type timedelta"),
        ("splay", [-SECOND, timedelta.min], "must not be negative"),
        ("splay", [None, 5], "splay must be of type timedelta"),
        ("key", [""], "key must not be empty"),
        ("key", [5, b"a", Plain()], "key must be of type str"),
        ("leese", [SECOND], "has no 'leese'; it has on_crash, max_attempts"),
        ("x" * 100_000, [SECOND], "has no 'xxx"),
    ]
    for name, values, said in rows:
        for value in values:
            fields = {name: value}
            shown_as = f"{shown(name)}={shown(value)}"
            yield Wrong(f"policy {shown_as}", option(partial(gocron.with_tick_policy, **fields)), KIND, (said,))
            if name != "key":
                call = partial(MemoryTickLocker, **fields)  # type: ignore[arg-type]
                yield Wrong(f"locker {shown_as}", lambda _, call=call: call(), KIND, (said,))


class PathOf:
    def __init__(self, path: object) -> None:
        self._path = path

    def __fspath__(self) -> Any:
        return self._path


def in_directory(use: Callable[[Any], object]) -> Call:
    """A call with a directory that holds a file, a link to it, and a directory in which everybody may write."""

    def call(scene: Scene) -> object:
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            (directory / "file").touch()
            (directory / "link").symlink_to(directory / "file")
            (directory / "open").mkdir()
            (directory / "open").chmod(0o777)
            return use(directory)

    return call


def tick_lockers() -> Iterator[Wrong]:
    """Stores that cannot be, and what tick lockers and electors do not take."""
    paths: list[tuple[str, Callable[[Any], object], str]] = [
        (shown(path), lambda _, path=path: path, "path must be the path of a file")
        for path in (None, "", 5, b"jobs.db", ["jobs.db"], HOUR)
    ]
    paths += [
        (shown(path), lambda _, path=path: path, "path must be that of a file which processes can share")
        for path in (":memory:", "file:jobs.db?mode=ro", "a\0b")
    ]
    paths += [
        ("a path of bytes", lambda _: PathOf(b"jobs.db"), "a file which processes can share"),
        ("a path of nothing", lambda _: PathOf(""), "the path of a file"),
        ("a class", lambda _: Path, "the path of a file"),
        ("a directory", lambda directory: directory, "is not that of a file"),
        ("a file for a directory", lambda directory: directory / "file" / "jobs.db", "file is a file, not a directory"),
        ("a file above", lambda directory: directory / "file" / "deep" / "jobs.db", "file is a file, not a directory"),
        ("a device", lambda _: "/dev/null", "is not that of a file"),
        ("a link", lambda directory: directory / "link", "must not be a symbolic link"),
        ("an open directory", lambda directory: directory / "open" / "jobs.db", "everybody may write"),
    ]
    for name, path, words in paths:
        for kind in (SQLiteTickLocker, SQLiteElector, SQLiteStore):
            call = in_directory(lambda directory, kind=kind, path=path: kind(path(directory)))
            yield Wrong(f"{kind.__name__} at {name}", call, KIND, (words,))
    ctx, lock = gocron.context.background(), MemoryTickLocker
    store: Any = MemoryStore()
    wrong: Any = 5
    rows: list[tuple[str, Callable[[], object], str]] = [
        ("a key for all jobs", lambda: lock(key="a"), "key is for a single job"),
        ("on_event 5", lambda: lock(on_event=wrong), "on_event must be callable"),
        ("locker of no store", lambda: TickLocker(wrong), "store must be a TickStore"),
        ("locker of a class", lambda: TickLocker(MemoryStore), "store must be a TickStore"),  # type: ignore[arg-type]
        ("memory locker of no store", lambda: lock(wrong), "store must be a TickStore"),
        ("a context of nobody's", lambda: lock().lock(ctx, "a"), "the context that a scheduler gives"),
        ("elector of no store", lambda: MemoryElector(wrong), "store must be of type TickStore"),
        ("elector without a name", lambda: MemoryElector(store, name=""), "name must not be empty"),
        ("elector named 5", lambda: MemoryElector(store, name=wrong), "name must be of type str"),
        ("elector that calls 5", lambda: MemoryElector(store, on_change=wrong), "on_change must be callable"),
        ("tick from text", lambda: gocron.tick_from("ctx"), "ctx must be of type Context"),
        ("hold no locker", lambda: hold_at_least(wrong, SECOND), "the method lock(ctx, key)"),
        ("hold a class", lambda: hold_at_least(Locker, SECOND), "the method lock(ctx, key)"),  # type: ignore[arg-type]
        ("hold a tick locker", lambda: hold_at_least(lock(), SECOND), "never runs a tick twice"),
        ("hold for 5", lambda: hold_at_least(Locker(), wrong), "must be of type timedelta"),
        ("hold for nothing", lambda: hold_at_least(Locker(), timedelta(0)), "more than 0"),
        ("hold back", lambda: hold_at_least(Locker(), -SECOND), "more than 0"),
        ("hold for a day", lambda: hold_at_least(Locker(), timedelta(days=1)), "at most an hour"),
    ]
    for name, make, words in rows:
        yield Wrong(name, lambda _, make=make: make(), KIND, (words,))

    def nobody(_: Scene) -> object:
        return gocron.current_run()

    yield Wrong("current_run of nobody", nobody, LookupError, ("current_run() is for tasks",))


GROUPS = [
    crontabs,
    zones,
    durations,
    days,
    moments,
    tasks,
    listeners,
    job_options,
    scheduler_options,
    levels,
    methods,
    recurrences,
    tools,
    policies,
    tick_lockers,
]

TABLE = [wrong for group in GROUPS for wrong in group()]


def in_ascii(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")


@pytest.mark.parametrize("wrong", TABLE, ids=[in_ascii(wrong.name) for wrong in TABLE])
def test_refused(scene: Scene, wrong: Wrong) -> None:
    """The call raises its error at once, says what is wrong, and leaves everything as it was, still running."""
    before = scene.state()
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    # What counts is the call, not what else the machine does at that moment: the time of a processor, unless it waits.
    took: list[float] = []
    while len(took) < 20 and min(took, default=AT_ONCE) >= AT_ONCE:
        started = time.perf_counter(), time.thread_time()
        with pytest.raises(wrong.error) as caught:
            wrong.call(scene)
        waited, worked = time.perf_counter() - started[0], time.thread_time() - started[1]
        took.append(worked if waited < 20 * AT_ONCE else waited)
    error = caught.value
    said = "\n".join([str(error), *getattr(error, "__notes__", ())])
    assert [] == [words for words in wrong.words if words not in said], said
    assert len(said) < 3000
    assert min(took) < AT_ONCE
    assert before == scene.state()
    assert handlers == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    beats = len(scene.beats)
    scene.clock.advance(10 * SECOND)
    wait_for_runs(scene.scheduler)
    assert beats + 1 == len(scene.beats)


def test_the_table_is_as_long_as_promised() -> None:
    """At least 150 wrong calls, no two of one name."""
    names = [wrong.name for wrong in TABLE]
    assert len(names) >= 150
    assert [] == sorted({name for name in names if names.count(name) > 1})


# -- None where a thing is due -----------------------------------------------------------------------

GIVEN: dict[str, dict[str, Any]] = {
    "cron_job": {"crontab": "0 * * * *", "with_seconds": False},
    "daily_job": {"interval": 1, "at_times": TIMES},
    "duration_job": {"duration": HOUR},
    "duration_random_job": {"min_duration": SECOND, "max_duration": HOUR},
    "monthly_job": {"interval": 1, "days_of_the_month": [1], "at_times": TIMES},
    "weekly_job": {"interval": 1, "days_of_the_week": [1], "at_times": TIMES},
    "one_time_job": {"start_at": gocron.one_time_job_start_date_time(NOW + HOUR)},
    "rrule_job": {"rule": "FREQ=DAILY"},
    "one_time_job_start_date_time": {"start": NOW + HOUR},
    "one_time_job_start_date_times": {"times": NOW + HOUR},
    "new_at_time": {"hours": 1, "minutes": 2, "seconds": 3},
    "new_at_times": {"at_times": TIMES[0]},
    "new_days_of_the_month": {"days": 1},
    "new_weekdays": {"days": 1},
    "tick_from": {"ctx": gocron.context.background()},
    "time_from_at_time": {"at": TIMES[0], "location": UTC},
    "new_default_cron": {"with_seconds": True},
    "new_logger": {"level": gocron.LogLevel.INFO},
    "new_scheduler": {"options": gocron.with_location("UTC")},
    "new_task": {"function": work},
    "after_job_runs": {"event_listener_func": listen},
    "after_job_runs_with_error": {"event_listener_func": lambda *args: None},
    "after_job_runs_with_panic": {"event_listener_func": lambda *args: None},
    "after_lock_error": {"event_listener_func": lambda *args: None},
    "before_job_runs": {"event_listener_func": listen},
    "before_job_runs_skip_if_before_func_errors": {"event_listener_func": lambda *args: None},
    "with_clock": {"clock": FakeClock()},
    "with_context": {"ctx": gocron.context.background()},
    "with_daylight_savings_time_policy": {"policy": gocron.DaylightSavingsTimePolicy.SKIP},
    "with_disabled_distributed_job_locker": {"disabled": True},
    "with_distributed_elector": {"elector": Elector()},
    "with_distributed_job_locker": {"locker": Locker()},
    "with_distributed_locker": {"locker": Locker()},
    "with_event_listeners": {"event_listeners": gocron.before_job_runs(listen)},
    "with_executor": {"executor": None},
    "with_global_job_options": {"job_options": gocron.with_name("a")},
    "with_history_size": {"n": 3},
    "with_identifier": {"id": UNKNOWN},
    "with_limit_concurrent_jobs": {"limit": 1, "mode": gocron.LimitMode.WAIT},
    "with_limited_runs": {"limit": 1},
    "with_location": {"location": "UTC"},
    "with_logger": {"logger": QUIET},
    "with_max_workers": {"n": 1},
    "with_monitor": {"monitor": NullMonitor()},
    "with_monitor_status": {"monitor": NullMonitor()},
    "with_name": {"name": "a"},
    "with_scheduler_monitor": {"monitor": NullMonitor()},
    "with_singleton_mode": {"mode": gocron.LimitMode.WAIT},
    "with_start_at": {"option": gocron.with_start_immediately()},
    "with_start_date_time": {"start": NOW + HOUR},
    "with_start_date_time_past": {"start": NOW - HOUR},
    "with_stop_at": {"option": gocron.with_stop_date_time(NOW + HOUR)},
    "with_stop_date_time": {"end": NOW + HOUR},
    "with_stop_timeout": {"timeout": SECOND},
    "with_surroundings": {"enter": nullcontext},
    "with_tags": {"tags": "a"},
}
"""For every public function a right value of every parameter."""

NONE_MEANS_SOMETHING = {("panic", "value"), ("with_cron_implementation", "c")}


def with_none(name: str, none: str) -> list[Any]:
    function = getattr(gocron, name)
    values = []
    for parameter in signature_of(function).parameters.values():
        if parameter.name == none:
            values.append(None)
        elif parameter.name in GIVEN[name]:
            values.append(GIVEN[name][parameter.name])
    return [function(*values)]


def hand_on(scene: Scene, made: Any) -> object:
    """Give what a function made to where it belongs."""
    if isinstance(made, tuple):  # times of day, days
        return scene.scheduler.new_job(gocron.daily_job(1, made), task())
    if isinstance(made, gocron.EventListener):
        made = gocron.with_event_listeners(made)
    elif isinstance(made, gocron.StartAtOption):
        made = gocron.with_start_at(made)
    elif isinstance(made, gocron.StopAtOption):
        made = gocron.with_stop_at(made)
    elif isinstance(made, gocron.OneTimeJobStartAtOption):
        made = gocron.one_time_job(made)
    if isinstance(made, gocron.Task):
        return scene.scheduler.new_job(hourly(), made)
    if isinstance(made, gocron.JobOption):
        return scene.scheduler.new_job(hourly(), task(), made)
    if isinstance(made, gocron.SchedulerOption):
        return gocron.new_scheduler(made)
    return scene.scheduler.new_job(made, task())


PARAMETERS = [(name, parameter) for name, values in GIVEN.items() for parameter in values]


def test_every_public_function_is_listed() -> None:
    """No function of the public API is left out of the table of parameters."""
    functions = {
        (name, parameter)
        for name in gocron_py.__all__
        if isfunction(function := getattr(gocron_py, name))
        for parameter, how in signature_of(function).parameters.items()
        if not (name == "new_task" and parameter in {"args", "kwargs"}) and how.kind is not how.VAR_KEYWORD
    }
    assert functions - NONE_MEANS_SOMETHING == set(PARAMETERS)


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS, ids=[f"{n}-{p}" for n, p in PARAMETERS])
def test_none_where_a_thing_is_due(scene: Scene, name: str, parameter: str) -> None:
    """None for any parameter of any public function is refused, at the latest by new_job or new_scheduler."""
    before = scene.state()
    with pytest.raises(gocron.ValidationError) as caught:
        hand_on(scene, with_none(name, parameter)[0])
    assert "gocron: " in str(caught.value)
    assert before == scene.state()


# -- mistakes that look right ------------------------------------------------------------------------


def test_a_logger_of_the_standard_library_works(capsys: pytest.CaptureFixture[str]) -> None:
    """with_logger(logging.getLogger()), whose arguments mean something else, does not end in logging's own errors."""
    plain = logging.getLogger("tests.bad_input")
    heard: list[str] = []
    plain.addHandler(SimpleHandler(heard))
    plain.propagate = False
    plain.setLevel(logging.DEBUG)
    with gocron.new_scheduler(gocron.with_logger(plain)):
        pass
    assert "Logging error" not in capsys.readouterr().err
    assert any("scheduler started" in line and "jobs" in line for line in heard)


class SimpleHandler(logging.StreamHandler[Any]):
    """Formats like any handler, and keeps the text."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__(SimpleNamespace(write=heard.append, flush=lambda: None))


def test_one_wrong_option_among_right_ones_changes_nothing(scene: Scene) -> None:
    """The options before the wrong one have left no trace: neither the name nor the identifier is taken."""
    with pytest.raises(gocron.ErrWithLimitedRunsZero):
        scene.scheduler.new_job(
            hourly(),
            task(),
            gocron.with_name("once"),
            gocron.with_identifier(UNKNOWN),
            gocron.with_limited_runs(0),
        )
    job = scene.scheduler.new_job(hourly(), task(), gocron.with_name("once"), gocron.with_identifier(UNKNOWN))
    assert (UNKNOWN, "once") == (job.id(), job.name())


def test_a_random_duration_is_refused_or_not_always_alike(scene: Scene) -> None:
    """Bounds of which one lies beyond the year 9999 give one answer, not a throw of dice."""
    answers = set()
    for _ in range(50):
        try:
            job = scene.scheduler.new_job(gocron.duration_random_job(SECOND, timedelta(days=365 * 12_000)), task())
        except gocron.ErrNoNextRun:
            answers.add("refused")
        else:
            answers.add("taken")
            scene.scheduler.remove_job(job.id())
    assert 1 == len(answers)


@pytest.mark.parametrize("timeout", [timedelta.max, 1e30, 10**400], ids=["timedelta.max", "1e30", "10**400"])
def test_a_wait_longer_than_the_machine_can_count_is_a_wait(timeout: Any) -> None:
    """A huge time-out of wait() means for ever: it ends with the shutdown."""
    scheduler = gocron.new_scheduler(gocron.with_logger(QUIET))
    scheduler.shutdown()
    assert scheduler.wait(timeout)


def test_a_class_in_place_of_an_object_is_refused_by_name() -> None:
    """Parentheses that were forgotten are found by new_scheduler, not by every single run."""
    with pytest.raises(gocron.ErrWithDistributedLockerNil) as caught:
        gocron.new_scheduler(gocron.with_distributed_locker(Locker))
    assert "Locker" in "\n".join(caught.value.__notes__)
