"""Faults 1 to 13: bad input. The long table of wrong calls is tests/test_bad_input.py; here is what follows from it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fault_kit import HOUR, MINUTE, NOW, SECOND, Witness

import gocron_py
from gocron_py.testing import FakeClock

gocron: Any = gocron_py  # wrong kinds too, on purpose

MakeScheduler = Callable[..., gocron_py.Scheduler]


def work() -> None: ...


def task() -> Any:
    return gocron.new_task(work)


def refuses(make: Callable[[], Any], error: type[BaseException], *options: Callable[[], Any]) -> None:
    """new_job on a started scheduler raises *error* within 100 ms, and there is no job."""
    scheduler = gocron.new_scheduler(gocron.with_clock(FakeClock(NOW)), gocron.with_location("UTC"))
    with scheduler:
        took = []
        while len(took) < 20 and min(took, default=1) >= 0.1:  # the best of twenty at most: the machine has other work
            started = time.perf_counter()
            with pytest.raises(error):
                scheduler.new_job(make(), task(), *(option() for option in options))
            took.append(time.perf_counter() - started)
        assert [] == scheduler.jobs()
        assert min(took) < 0.1


def next_runs(start: str, definition: Any, *options: Any, zone: str = "UTC", count: int = 4) -> list[str]:
    """The first ticks of a job that is made at *start*, as texts in the zone."""
    clock = FakeClock(datetime.fromisoformat(start))
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location(zone)) as scheduler:
        job = scheduler.new_job(definition, task(), *options)
        return [tick.isoformat() for tick in job.next_runs(count)]


@pytest.mark.parametrize(
    "crontab",
    ["", "* * * *", "60 * * * *", "*/0 * * * *", "@every x", "x" * 100_000, "* " * 50_000],
    ids=lambda text: repr(text[:12]),
)
def test_01_a_text_that_is_no_crontab(crontab: str) -> None:
    """It is a ValueError of new_job at once, however long the text is."""
    refuses(lambda: gocron.cron_job(crontab), ValueError)


@pytest.mark.parametrize("crontab", ["0 0 30 2 *", "0 0 31 4 *", "0 0 31 2,4,6,9,11 *"])
def test_02_a_day_that_never_comes(crontab: str) -> None:
    """A crontab of 30 February is refused by new_job, so nothing of it runs at once (as in Celery)."""
    refuses(lambda: gocron.cron_job(crontab), gocron.ErrCronJobInvalid)


@pytest.mark.parametrize(
    "name",
    ["Europe/Nowhere", "../../etc/passwd", "\0", "x" * 5000, "/etc/passwd", "Europe", ""],
    ids=lambda name: repr(name[:17]),
)
def test_03_no_zone(name: str) -> None:
    """One error whatever is wrong with the name (ZoneInfo raises several), and no file outside is looked at."""
    with pytest.raises(gocron.ErrWithLocationUnknown):
        gocron.new_scheduler(gocron.with_location(name))
    if name:  # an empty one means UTC there, as in robfig/cron
        refuses(lambda: gocron.cron_job(f"TZ={name} 0 0 * * *"), gocron.ErrCronJobParse)


def test_03_no_file_outside_the_database_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even an open() is tried for a path."""
    opened: list[object] = []
    real = open

    def spy(file: Any, *args: Any, **kwargs: Any) -> Any:
        opened.append(file)
        return real(file, *args, **kwargs)

    monkeypatch.setattr("builtins.open", spy)
    for name in ("../../etc/passwd", "/etc/passwd", "Europe/../../../../etc/passwd"):
        with pytest.raises(gocron.ErrWithLocationUnknown):
            gocron.new_scheduler(gocron.with_location(name))
    assert [] == [file for file in opened if "passwd" in str(file)]


@pytest.mark.parametrize(
    "duration",
    [timedelta(0), -SECOND, float("nan"), 1e30, timedelta.max, float("inf"), None],
    ids=str,
)
def test_04_no_length_of_time(duration: Any) -> None:
    """Zero, negative, endless and what is no timedelta at all: a ValueError."""
    refuses(lambda: gocron.duration_job(duration), ValueError)


LAST_DAYS = datetime(9999, 12, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    "definition",
    [
        gocron.duration_job(timedelta(hours=12)),
        gocron.duration_random_job(14 * HOUR, 15 * HOUR),
        gocron.daily_job(1, [gocron.new_at_time(12, 0, 0), gocron.new_at_time(0, 0, 1)]),
        gocron.weekly_job(1, range(7), [gocron.new_at_time(12, 0, 0)]),
        gocron.monthly_job(1, range(1, 32), [gocron.new_at_time(12, 0, 0)]),
        gocron.cron_job("0 */12 * * *"),
        gocron.cron_job("@every 12h"),
        gocron.rrule_job("FREQ=HOURLY;INTERVAL=12"),
    ],
    ids=lambda definition: type(definition).__name__,
)
def test_05_the_end_of_time(definition: Any) -> None:
    """At the end of the year 9999 a job has no next run; its scheduler lives on, and runs other jobs."""
    clock = FakeClock(LAST_DAYS)
    witness = Witness()
    runs: list[str] = []
    with gocron.new_scheduler(
        gocron.with_clock(clock), gocron.with_location("UTC"), gocron.with_logger(witness)
    ) as scheduler:
        job = scheduler.new_job(definition, gocron.new_task(runs.append, "last"))
        clock.advance(timedelta(days=1, hours=22))
        assert runs
        assert None is job.next_run()
        assert [] == job.next_runs(3)
        scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(runs.append, "after"))
        clock.advance(HOUR)
        assert "after" == runs[-1]
    assert [] == witness.said("error")


@pytest.mark.parametrize("interval", [10**6, 10**12, 10**30])
@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly"])
def test_05_an_interval_beyond_the_calendar(interval: int, kind: str) -> None:
    """Days, weeks, months that end after the year 9999: no next run is refused, and nothing overflows."""
    make = {
        "daily": lambda: gocron.daily_job(interval * 10, [gocron.new_at_time(11, 0, 0)]),
        "weekly": lambda: gocron.weekly_job(interval, [gocron.Weekday.SUNDAY], [gocron.new_at_time(11, 0, 0)]),
        "monthly": lambda: gocron.monthly_job(interval, [1], [gocron.new_at_time(11, 0, 0)]),
    }[kind]
    refuses(make, gocron.ErrNoNextRun)


def test_06_29_february() -> None:
    """Crontab and monthly job wait for the next leap year, and 2100 is none."""
    expected = ["2096-02-29T06:00:00+00:00", "2104-02-29T06:00:00+00:00", "2108-02-29T06:00:00+00:00"]
    six = [gocron.new_at_time(6, 0, 0)]
    assert expected == next_runs("2096-02-01T00:00Z", gocron.cron_job("0 6 29 2 *"), count=3)
    assert expected == next_runs("2096-02-01T00:00Z", gocron.monthly_job(12, [29], six), count=3)
    assert expected[1:] == next_runs("2097-01-01T00:00Z", gocron.cron_job("0 6 29 2 *"), count=2)


def test_07_days_that_a_month_does_not_have() -> None:
    """31 and -31 are left out of shorter months, -1 is the last day of any."""
    six = [gocron.new_at_time(6, 0, 0)]

    def days(day: int) -> list[str]:
        return [tick[:10] for tick in next_runs("2024-01-01T07:00Z", gocron.monthly_job(1, [day], six))]

    assert ["2024-01-31", "2024-03-31", "2024-05-31", "2024-07-31"] == days(31)
    assert ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"] == days(-1)
    assert ["2024-03-01", "2024-05-01", "2024-07-01", "2024-08-01"] == days(-31)


@pytest.mark.parametrize("day", [0, 32, -32])
def test_07_no_day_of_any_month(day: int) -> None:
    """0, 32 and -32 are an error of new_job."""
    refuses(lambda: gocron.monthly_job(1, [day], [gocron.new_at_time(6, 0, 0)]), gocron.ErrMonthlyJobDays)


HALF_PAST_TWO = [gocron.new_at_time(2, 30, 0)]
POLICY = gocron.DaylightSavingsTimePolicy
AFTER, NEXT_DAY = "2024-03-10T03:30:00-04:00", "2024-03-11T02:30:00-04:00"


@pytest.mark.parametrize(
    ("policy", "cron", "daily"),
    [
        (POLICY.DEFAULT, [NEXT_DAY], [AFTER, NEXT_DAY]),
        (POLICY.SKIP, [NEXT_DAY], [NEXT_DAY]),
        (POLICY.RUN_AFTER_TRANSITION, [AFTER, NEXT_DAY], [AFTER, NEXT_DAY]),
    ],
    ids=lambda value: value.name if isinstance(value, POLICY) else "",
)
def test_08_a_time_that_clocks_jump_over(policy: Any, cron: list[str], daily: list[str]) -> None:
    """02:30 on the night to summer time: left out, or after the change, as the policy says."""
    option = gocron.with_daylight_savings_time_policy(policy)
    start, zone = "2024-03-09T12:00-05:00", "America/New_York"
    for expected, definition in (
        (cron, gocron.cron_job("30 2 * * *")),
        (daily, gocron.daily_job(1, HALF_PAST_TWO)),
        (daily, gocron.weekly_job(1, range(7), HALF_PAST_TWO)),
        (daily, gocron.monthly_job(1, range(1, 32), HALF_PAST_TWO)),
    ):
        assert expected == next_runs(start, definition, option, zone=zone, count=len(expected))


def test_08_the_jump_is_walked_over_by_a_running_scheduler() -> None:
    """The same with runs: they start at those instants and no others."""
    clock = FakeClock(datetime.fromisoformat("2024-03-09T12:00-05:00"))
    starts: list[str] = []
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("America/New_York")) as scheduler:
        scheduler.new_job(
            gocron.daily_job(1, HALF_PAST_TWO), gocron.new_task(lambda: starts.append(clock.now().isoformat()))
        )
        clock.advance(timedelta(days=2))
    assert ["2024-03-10T07:30:00+00:00", "2024-03-11T06:30:00+00:00"] == starts


def test_09_an_hour_that_comes_twice() -> None:
    """A daily job runs once in it, a half-hourly crontab four times; as instants in UTC no two ticks are the same."""
    start, zone = "2024-11-03T00:45-04:00", "America/New_York"
    daily = gocron.daily_job(1, [gocron.new_at_time(1, 30, 0)])
    assert ["2024-11-03T01:30:00-04:00", "2024-11-04T01:30:00-05:00"] == next_runs(start, daily, zone=zone, count=2)
    assert [
        "2024-11-03T01:00:00-04:00",
        "2024-11-03T01:30:00-04:00",
        "2024-11-03T01:00:00-05:00",
        "2024-11-03T01:30:00-05:00",
    ] == next_runs(start, gocron.cron_job("*/30 * * * *"), zone=zone)


def test_09_the_two_occurrences_are_two_instants_in_the_history() -> None:
    """What identifies a tick is the UTC instant, which differs where the readings are alike."""
    clock = FakeClock(datetime.fromisoformat("2024-11-03T00:45-04:00"))
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("America/New_York")) as scheduler:
        job = scheduler.new_job(gocron.cron_job("*/30 * * * *"), task())
        clock.advance(timedelta(hours=2, minutes=30))
        ticks = [record.scheduled for record in job.history()]
    assert 5 == len(ticks) == len({tick.astimezone(UTC) for tick in ticks})
    assert 3 == len({tick.strftime("%H:%M") for tick in ticks})


def test_09_odd_changes_of_clocks() -> None:
    """Half an hour on Lord Howe Island, a gap at midnight in Sao Paulo, a day that Samoa left out."""
    daily = gocron.daily_job(1, [gocron.new_at_time(2, 15, 0)])
    assert ["2024-10-06T02:45:00+11:00", "2024-10-07T02:15:00+11:00"] == next_runs(
        "2024-10-05T12:00+10:30", daily, zone="Australia/Lord_Howe", count=2
    )
    midnight = gocron.daily_job(1, [gocron.new_at_time(0, 0, 0)])
    assert ["2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"] == next_runs(
        "2018-11-02T12:00-03:00", midnight, zone="America/Sao_Paulo", count=3
    )
    noon = gocron.daily_job(1, [gocron.new_at_time(12, 0, 0)])
    ticks = next_runs("2011-12-28T13:00-10:00", noon, zone="Pacific/Apia", count=3)
    assert "2011-12-29T12:00:00-10:00" == ticks[0]
    assert ["2011-12-31T12:00:00+14:00", "2012-01-01T12:00:00+14:00"] == ticks[-2:]
    assert ["2011-12-31T12:00:00+14:00"] == next_runs(
        "2011-12-29T13:00-10:00", gocron.cron_job("0 12 31 12 *"), zone="Pacific/Apia", count=1
    )


def start_at(moment: datetime) -> Any:
    return gocron.with_start_at(gocron.with_start_date_time(moment))


def stop_at(moment: datetime) -> Any:
    return gocron.with_stop_at(gocron.with_stop_date_time(moment))


def test_10_starts_and_stops_that_cannot_be() -> None:
    """A start in the past (naive ones are read in the scheduler's location), a stop before the start: errors."""
    hourly = lambda: gocron.duration_job(HOUR)  # noqa: E731
    refuses(hourly, gocron.ErrWithStartDateTimePast, lambda: start_at(NOW - SECOND))
    refuses(hourly, gocron.ErrWithStartDateTimePast, lambda: start_at((NOW - SECOND).replace(tzinfo=None)))
    refuses(
        hourly,
        gocron.ErrStopTimeEarlierThanStartTime,
        lambda: start_at(NOW + HOUR),
        lambda: stop_at(NOW + MINUTE),
    )


def test_10_a_naive_start_is_read_in_the_schedulers_location() -> None:
    """13:00 on the wall in Berlin is 11:00 in UTC."""
    naive = datetime(2024, 6, 15, 13)  # noqa: DTZ001 - that is the point
    assert ["2024-06-15T13:00:00+02:00"] == next_runs(
        "2024-06-15T10:00Z", gocron.duration_job(HOUR), start_at(naive), zone="Europe/Berlin", count=1
    )


NAMES = [
    "a",
    "x" * 10_000,
    "\u00fcn\u00efc\u00f6d\u00e9 \U0001f600",
    "line\nbreak",
    "{}*",
    "a/b/../c",
    "%s",
    "\0",
    "\u202e",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:8]))
def test_11_odd_names_and_tags(make_scheduler: MakeScheduler, clock: FakeClock, name: str) -> None:
    """They are kept as they are, and are the lock's key to the letter; an empty tag is a tag as well.

    (That they are safe as keys of each store is for the stores' kit, gocron_py.testing.store_kit.)
    """
    witness = Witness()
    scheduler = make_scheduler(*witness.options(), gocron.with_distributed_locker(witness))
    scheduler.start()
    job = scheduler.new_job(
        gocron.duration_job(SECOND), task(), gocron.with_name(name), gocron.with_tags(name, "", name)
    )
    clock.advance(SECOND)
    scheduler.stop_jobs()
    assert (name, [name, "", name]) == (job.name(), job.tags())
    assert [name] == witness.locked == witness.unlocked
    scheduler.remove_by_tags("")
    assert [] == scheduler.jobs()


def test_12_one_name_twice(make_scheduler: MakeScheduler) -> None:
    """Two jobs of one name share a lock: that is allowed, with a warning that names them."""
    witness = Witness()
    scheduler = make_scheduler(gocron.with_logger(witness))
    name = gocron.with_name("report")
    scheduler.new_job(gocron.duration_job(HOUR), task(), name)
    assert [] == witness.said("warn")
    scheduler.new_job(gocron.duration_job(HOUR), task(), name)
    assert [("job", "report")] == [args for level, _, args in witness.lines if level == "warn"]
    assert ["report", "report"] == [job.name() for job in scheduler.jobs()]


def test_12_a_name_that_was_freed(make_scheduler: MakeScheduler) -> None:
    """A removed or renamed job's name is free again: no warning."""
    witness = Witness()
    scheduler = make_scheduler(gocron.with_logger(witness))
    first = scheduler.new_job(gocron.duration_job(HOUR), task(), gocron.with_name("report"))
    scheduler.remove_job(first.id())
    second = scheduler.new_job(gocron.duration_job(HOUR), task(), gocron.with_name("report"))
    scheduler.update(second.id(), gocron.duration_job(HOUR), task(), gocron.with_name("other"))
    scheduler.new_job(gocron.duration_job(HOUR), task(), gocron.with_name("report"))
    assert [] == witness.said("warn")


@pytest.mark.parametrize(
    "make",
    [
        lambda: gocron.new_task(None),
        lambda: gocron.new_task("work"),
        lambda: gocron.new_task(work, 1),
        lambda: gocron.new_task(lambda one: None),
        lambda: gocron.new_task(work, size=1),
    ],
    ids=["None", "text", "too many", "too few", "keyword"],
)
def test_13_what_cannot_be_called(make_scheduler: MakeScheduler, make: Callable[[], Any]) -> None:
    """No function, or other arguments than it takes: a TypeError of new_job, not of the first run."""
    scheduler = make_scheduler()
    with pytest.raises(TypeError):
        scheduler.new_job(gocron.duration_job(HOUR), make(), gocron.with_identifier(uuid.uuid4()))
    assert [] == scheduler.jobs()
