"""What the functions that define jobs accept and refuse, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from schedule_tools import built, instant

import gocron_py as gocron
from gocron_py.definitions import Setup
from gocron_py.instant import LAST
from gocron_py.schedules.wall_time import load_location

NINE = time(9)


class Odd:
    """An object of no use."""


WRONG_KINDS: list[tuple[Callable[..., object], tuple[object, ...]]] = [
    (gocron.cron_job, (None,)),
    (gocron.cron_job, (b"* * * * *",)),
    (gocron.cron_job, (5,)),
    (gocron.cron_job, ("* * * * *", 1)),
    (gocron.cron_job, ("* * * * *", None)),
    (gocron.new_default_cron, ("yes",)),
    (gocron.duration_job, (1.5,)),
    (gocron.duration_job, (60,)),
    (gocron.duration_job, (float("nan"),)),
    (gocron.duration_job, (1e30,)),
    (gocron.duration_job, (None,)),
    (gocron.duration_job, ("1h",)),
    (gocron.duration_random_job, (timedelta(1), 2)),
    (gocron.duration_random_job, (1.0, timedelta(2))),
    (gocron.daily_job, ("1", [NINE])),
    (gocron.daily_job, (1.0, [NINE])),
    (gocron.daily_job, (True, [NINE])),
    (gocron.daily_job, (None, [NINE])),
    (gocron.daily_job, (1, NINE)),
    (gocron.daily_job, (1, "09:00")),
    (gocron.daily_job, (1, ["09:00"])),
    (gocron.daily_job, (1, [(9, 0, 0)])),
    (gocron.daily_job, (1, {NINE: 1})),
    (gocron.daily_job, (1, iter([NINE]))),
    (gocron.daily_job, (1, [datetime(2024, 1, 1, 9, tzinfo=UTC)])),
    (gocron.daily_job, (1, [NINE.replace(tzinfo=UTC)])),
    (gocron.daily_job, (1, [time(9, 0, 0, 1)])),
    (gocron.daily_job, (1, [Odd()])),
    (gocron.weekly_job, (1.0, [1], [NINE])),
    (gocron.weekly_job, (1, 5, [NINE])),
    (gocron.weekly_job, (1, "135", [NINE])),
    (gocron.weekly_job, (1, ["monday"], [NINE])),
    (gocron.weekly_job, (1, [None], [NINE])),
    (gocron.weekly_job, (1, [True], [NINE])),
    (gocron.weekly_job, (1, [1.0], [NINE])),
    (gocron.weekly_job, (1, [7], [NINE])),
    (gocron.weekly_job, (1, [-1], [NINE])),
    (gocron.monthly_job, ("1", [1], [NINE])),
    (gocron.monthly_job, (1, 15, [NINE])),
    (gocron.monthly_job, (1, "15", [NINE])),
    (gocron.monthly_job, (1, ["15"], [NINE])),
    (gocron.monthly_job, (1, [1.5], [NINE])),
    (gocron.monthly_job, (1, [True], [NINE])),
    (gocron.monthly_job, (1, [None], [NINE])),
    (gocron.one_time_job, (None,)),
    (gocron.one_time_job, (datetime(2030, 1, 1, tzinfo=UTC),)),
    (gocron.one_time_job_start_date_time, ("2030-01-01",)),
    (gocron.one_time_job_start_date_time, (date(2030, 1, 1),)),
    (gocron.one_time_job_start_date_time, (1893456000,)),
    (gocron.one_time_job_start_date_times, (datetime(2030, 1, 1, tzinfo=UTC), "x")),
    (gocron.rrule_job, (None,)),
    (gocron.rrule_job, (["FREQ=DAILY"],)),
    (gocron.rrule_job, (b"FREQ=DAILY",)),
    (gocron.new_at_time, ("9", 0, 0)),
    (gocron.new_at_time, (9, 0.0, 0)),
    (gocron.new_at_time, (9, 0, True)),
    (gocron.new_at_times, (9,)),
    (gocron.new_at_times, ([NINE],)),
    (gocron.new_weekdays, ("mon",)),
    (gocron.new_weekdays, (8,)),
    (gocron.new_days_of_the_month, ("1",)),
    (gocron.time_from_at_time, (NINE, None)),
    (gocron.time_from_at_time, (NINE, "UTC")),
    (gocron.time_from_at_time, ("09:00", UTC)),
    (gocron.time_from_at_time, (gocron.new_at_time(24, 0, 0), UTC)),
]


@pytest.mark.parametrize(
    ("function", "arguments"), WRONG_KINDS, ids=[f"{call[0].__name__}-{row}" for row, call in enumerate(WRONG_KINDS)]
)
def test_wrong_kinds(function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    """What Go's compiler would refuse is refused at once, and said to be so."""
    with pytest.raises(gocron.ErrInvalidArgument) as caught:
        function(*arguments)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, TypeError)
    text, _, detail = str(caught.value).partition("\n")
    assert text == "gocron: invalid argument"
    assert detail
    assert any(note.startswith("got ") for note in caught.value.__notes__)


@pytest.mark.parametrize(
    ("definition", "error"),
    [
        (gocron.duration_job(timedelta(0)), gocron.ErrDurationJobIntervalZero),
        (gocron.duration_job(timedelta(seconds=-1)), gocron.ErrDurationJobIntervalNegative),
        (gocron.duration_job(timedelta.min), gocron.ErrDurationJobIntervalNegative),
        (gocron.duration_job(timedelta.max), gocron.ErrNoNextRun),
        (gocron.duration_random_job(timedelta(2), timedelta(1)), gocron.ErrDurationRandomJobMinMax),
        (gocron.duration_random_job(timedelta(1), timedelta(1)), gocron.ErrDurationRandomJobMinMax),
        (gocron.duration_random_job(timedelta(0), timedelta(1)), gocron.ErrDurationRandomJobPositive),
        (gocron.duration_random_job(timedelta(-1), timedelta(1)), gocron.ErrDurationRandomJobPositive),
        (
            gocron.duration_random_job(timedelta.max - timedelta(microseconds=1), timedelta.max),
            gocron.ErrNoNextRun,
        ),
        (gocron.daily_job(0, [NINE]), gocron.ErrDailyJobZeroInterval),
        (gocron.daily_job(-3, [NINE]), gocron.ErrDailyJobZeroInterval),
        (gocron.daily_job(1, None), gocron.ErrDailyJobAtTimesNil),
        (gocron.daily_job(1, []), gocron.ErrDailyJobAtTimesNil),
        (gocron.daily_job(1, gocron.new_at_times()), gocron.ErrDailyJobAtTimesNil),
        (gocron.daily_job(1, [NINE, None]), gocron.ErrDailyJobAtTimeNil),
        (gocron.daily_job(1, [gocron.new_at_time(24, 0, 0)]), gocron.ErrDailyJobHours),
        (gocron.daily_job(1, [gocron.new_at_time(-1, 0, 0)]), gocron.ErrDailyJobHours),
        (gocron.daily_job(1, [gocron.new_at_time(23, 60, 0)]), gocron.ErrDailyJobMinutesSeconds),
        (gocron.daily_job(1, [gocron.new_at_time(23, 0, -1)]), gocron.ErrDailyJobMinutesSeconds),
        (gocron.weekly_job(0, [1], [NINE]), gocron.ErrWeeklyJobZeroInterval),
        (gocron.weekly_job(1, None, [NINE]), gocron.ErrWeeklyJobDaysOfTheWeekNil),
        (gocron.weekly_job(1, [], [NINE]), gocron.ErrWeeklyJobDaysOfTheWeekNil),
        (gocron.weekly_job(1, [1], None), gocron.ErrWeeklyJobAtTimesNil),
        (gocron.weekly_job(1, [1], []), gocron.ErrWeeklyJobAtTimesNil),
        (gocron.weekly_job(1, [1], [None]), gocron.ErrWeeklyJobAtTimeNil),
        (gocron.weekly_job(1, [1], [gocron.new_at_time(24, 0, 0)]), gocron.ErrWeeklyJobHours),
        (gocron.weekly_job(1, [1], [gocron.new_at_time(0, 0, 60)]), gocron.ErrWeeklyJobMinutesSeconds),
        (gocron.monthly_job(0, [1], [NINE]), gocron.ErrMonthlyJobZeroInterval),
        (gocron.monthly_job(1, None, [NINE]), gocron.ErrMonthlyJobDaysNil),
        (gocron.monthly_job(1, [], [NINE]), gocron.ErrMonthlyJobDaysNil),
        (gocron.monthly_job(1, [0], [NINE]), gocron.ErrMonthlyJobDays),
        (gocron.monthly_job(1, [32], [NINE]), gocron.ErrMonthlyJobDays),
        (gocron.monthly_job(1, [1, -32], [NINE]), gocron.ErrMonthlyJobDays),
        (gocron.monthly_job(1, [10**30], [NINE]), gocron.ErrMonthlyJobDays),
        (gocron.monthly_job(1, [1], None), gocron.ErrMonthlyJobAtTimesNil),
        (gocron.monthly_job(1, [1], []), gocron.ErrMonthlyJobAtTimesNil),
        (gocron.monthly_job(1, [1], [None]), gocron.ErrMonthlyJobAtTimeNil),
        (gocron.monthly_job(1, [1], [gocron.new_at_time(99, 99, 99)]), gocron.ErrMonthlyJobHours),
        (gocron.monthly_job(1, [1], [gocron.new_at_time(9, 99, 99)]), gocron.ErrMonthlyJobMinutesSeconds),
    ],
    ids=str,
)
def test_wrong_values(definition: gocron.JobDefinition, error: type[gocron.GocronError]) -> None:
    """Wrong values are found when the job is made, by the errors that Go has for them."""
    with pytest.raises(error) as caught:
        built(definition)
    assert type(caught.value) is error
    assert str(caught.value).startswith(error.message)


def test_any_collection_will_do() -> None:
    """Lists, tuples, sets; times as datetime.time or by new_at_time; days as numbers or by name."""
    expected = built(gocron.weekly_job(1, [gocron.Weekday.MONDAY, gocron.Weekday.FRIDAY], [NINE])).describe()  # type: ignore[attr-defined]
    days: list[Any] = [(1, 5), {1, 5}, frozenset({5, 1}), gocron.new_weekdays(5, 1), [gocron.Weekday.FRIDAY, 1]]
    at_times: list[Any] = [(NINE,), {NINE}, gocron.new_at_times(NINE), gocron.new_at_times(gocron.new_at_time(9, 0, 0))]
    for weekdays in days:
        for at in at_times:
            assert built(gocron.weekly_job(1, weekdays, at)).describe() == expected  # type: ignore[attr-defined]
    description = built(gocron.monthly_job(1, range(1, 4), [NINE])).describe()  # type: ignore[attr-defined]
    assert description.days == (1, 2, 3)


def test_definitions_are_values() -> None:
    """They do not change with the lists that they were made of, can be compared, and serve many jobs."""
    at = [NINE]
    definition = gocron.daily_job(1, at)
    at.append(time(10))
    assert definition == gocron.daily_job(1, [NINE])
    assert built(definition).describe() == built(definition, "Asia/Tokyo").describe()  # type: ignore[attr-defined]
    with pytest.raises(FrozenInstanceError):
        definition.interval = 2  # type: ignore[attr-defined]


def test_time_from_at_time() -> None:
    """A time of day with a zone."""
    assert gocron.time_from_at_time(gocron.new_at_time(1, 2, 3), UTC) == time(1, 2, 3, tzinfo=UTC)
    assert gocron.time_from_at_time(NINE, UTC) == time(9, tzinfo=UTC)


def test_job_types() -> None:
    """Every description says its kind."""
    at = [NINE]
    moment = gocron.one_time_job_start_date_time(datetime(2030, 1, 1, tzinfo=UTC))
    for definition, name in [
        (gocron.cron_job("* * * * *"), "CRON"),
        (gocron.duration_job(timedelta(1)), "DURATION"),
        (gocron.duration_random_job(timedelta(1), timedelta(2)), "DURATION_RANDOM"),
        (gocron.daily_job(1, at), "DAILY"),
        (gocron.weekly_job(1, [1], at), "WEEKLY"),
        (gocron.monthly_job(1, [1], at), "MONTHLY"),
        (gocron.one_time_job(moment), "ONE_TIME"),
        (gocron.rrule_job("FREQ=DAILY"), "RRULE"),
    ]:
        assert isinstance(definition, gocron.JobDefinition)
        description = built(definition).describe()  # type: ignore[attr-defined]
        assert isinstance(description, gocron.JobSchedule)
        assert description.job_type() is gocron.JobType[name]


class TestUsable:
    """A schedule needs a tick after the job's first run."""

    YEARLY = gocron.cron_job("0 0 1 1 *")

    def test_counts_from_the_start(self) -> None:
        """Not from now, if there is a start."""
        utc, now = load_location("UTC"), instant("9998-06-01")
        self.YEARLY.build(Setup(utc, now))
        with pytest.raises(gocron.ErrCronJobInvalid):
            self.YEARLY.build(Setup(utc, now, start=instant("9999-06-01")))
        self.YEARLY.build(Setup(utc, now, start=instant("1990-06-01")))

    def test_counts_from_now_if_immediately(self) -> None:
        """Then the start is not looked at."""
        setup = Setup(load_location("UTC"), instant("9998-06-01"), start=instant("9999-06-01"), start_immediately=True)
        self.YEARLY.build(setup)

    @pytest.mark.parametrize(
        "definition",
        [
            gocron.duration_job(timedelta(seconds=1)),
            gocron.duration_random_job(timedelta(seconds=1), timedelta(seconds=2)),
            gocron.daily_job(1, [NINE]),
            gocron.weekly_job(1, [1], [NINE]),
            gocron.cron_job("* * * * * *", True),
            gocron.cron_job("@every 1s"),
            gocron.rrule_job("FREQ=SECONDLY"),
        ],
    )
    def test_the_end_of_time(self, definition: gocron.JobDefinition) -> None:
        """Nothing overflows."""
        for now in LAST - 1, LAST, LAST + 1, LAST + 86_400_000_000:
            with pytest.raises(gocron.GocronError):
                definition.build(Setup(load_location("Asia/Tokyo"), now))
