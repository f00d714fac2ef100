"""Schedules in words: what is said of each kind, and that crontabs described alike mean the same."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

import gocron_py as gocron
from gocron_py import words
from gocron_py.errors import ErrInvalidArgument
from gocron_py.schedules import crontab as grammar
from gocron_py.schedules.description import (
    CronJobSchedule,
    DailyJobSchedule,
    DurationJobSchedule,
    DurationRandomJobSchedule,
    MonthlyJobSchedule,
    OneTimeJobSchedule,
    RRuleJobSchedule,
    WeeklyJobSchedule,
)

BERLIN = ZoneInfo("Europe/Berlin")

CRONTABS = {
    "*/5 9-17 * * 1-5": "every 5 minutes from 09:00 to 17:55, Monday to Friday",
    "0 3 * * *": "every day at 03:00",
    "30 2 1 * *": "day 1 of the month at 02:30",
    "0 0 13 * 5": "day 13 of the month or every Friday at 00:00",
    "0 0 1-31 * 5": "every day at 00:00",
    "* * * * *": "every minute",
    "0 * * * *": "every hour",
    "30 * * * *": "every hour at minute 30",
    "1,2,5 * * * *": "at minutes 1, 2 and 5 of every hour",
    "1,2,5 * * * 0": "at minutes 1, 2 and 5 of every hour, every Sunday",
    "*/7 * * * *": "at every 7th minute of every hour",
    "2-59/5 * * * *": "every 5 minutes from 00:02",
    "0 */2 * * *": "every 2 hours from 00:00",
    "0 9-17 * * *": "every hour from 09:00 to 17:00",
    "15 */6 * * *": "every day at 00:15, 06:15, 12:15 and 18:15",
    "10-20 1,4,9 * * *": "at minutes 10 to 20 of hours 1, 4 and 9",
    "0 0 1 1 *": "day 1 of the month in January at 00:00",
    "0 0 */2 * *": "every 2nd day of the month at 00:00",
    "0 0 * 1,3-6,12 *": "every day in January, March to June and December at 00:00",
    "*/10 * * * * *": "every 10 seconds",
    "5 * * * * *": "at second 5 of every minute",
    "*/10 */5 9-17 * * *": "every 10 seconds of every 5th minute of hours 9 to 17",
    "30 0 4 * * 0": "every Sunday at 04:00:30",
    "@every 1h30m": "every 1 hour 30 minutes",
    "@every 1m": "every minute",
    "@weekly": "every Sunday at 00:00",
    "CRON_TZ=Asia/Tokyo 0 9 * * *": "every day at 09:00 (Asia/Tokyo)",
    "0 0 L * *": "by the crontab 0 0 L * *",
}


@pytest.mark.parametrize("crontab", CRONTABS)
def test_a_crontab(crontab: str) -> None:
    """A crontab is told by the times and days that it names."""
    assert CRONTABS[crontab] == words.describe(CronJobSchedule(crontab))


OTHERS = [
    (DurationJobSchedule(timedelta(minutes=90)), "every 1 hour 30 minutes"),
    (DurationJobSchedule(timedelta(seconds=1)), "every second"),
    (DurationJobSchedule(timedelta(days=1, milliseconds=1500)), "every 1 day 1.5 seconds"),
    (DurationRandomJobSchedule(timedelta(minutes=1), timedelta(minutes=5)), "every 1 minute to 5 minutes, at random"),
    (DailyJobSchedule(1, (time(9), time(17, 30))), "every day at 09:00 and 17:30"),
    (DailyJobSchedule(3, (time(9, 0, 5),)), "every 3 days at 09:00:05"),
    (
        DailyJobSchedule(1, tuple(time(hour) for hour in range(8))),
        "every day at 00:00, 01:00, 02:00, 03:00, 04:00, 05:00 and 2 more times",
    ),
    (WeeklyJobSchedule(1, tuple(gocron.Weekday), (time(9),)), "every day at 09:00"),
    (WeeklyJobSchedule(1, (gocron.Weekday.MONDAY,), (time(9),)), "every Monday at 09:00"),
    (
        WeeklyJobSchedule(2, (gocron.Weekday.SUNDAY, gocron.Weekday.SATURDAY), (time(9),)),
        "every 2 weeks, Saturday and Sunday at 09:00",
    ),
    (
        MonthlyJobSchedule(1, (1, 2, 3, 15), (-1,), (time(9),)),
        "days 1 to 3 and 15 and the last day of the month at 09:00",
    ),
    (MonthlyJobSchedule(3, (), (-2,), (time(9),)), "the 2nd last day of every 3rd month at 09:00"),
    (OneTimeJobSchedule((datetime(2024, 3, 31, 2, 30, tzinfo=UTC),)), "once, on 31 March 2024 at 02:30"),
    (OneTimeJobSchedule(()), "once, at once"),
    (RRuleJobSchedule("DTSTART:20240101\nRRULE:FREQ=DAILY"), "by the recurrence DTSTART:20240101 RRULE:FREQ=DAILY"),
]


@pytest.mark.parametrize(("schedule", "expected"), OTHERS, ids=[expected for _, expected in OTHERS])
def test_other_kinds(schedule: gocron.JobSchedule, expected: str) -> None:
    """Every kind of schedule has its words."""
    assert expected == words.describe(schedule)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (CronJobSchedule("0 9 * * *"), "every day at 09:00 (Europe/Berlin)"),
        (CronJobSchedule("CRON_TZ=Asia/Tokyo 0 9 * * *"), "every day at 09:00 (Asia/Tokyo)"),
        (CronJobSchedule("@every 1h"), "every hour"),
        (DurationJobSchedule(timedelta(hours=1)), "every hour"),
        (
            OneTimeJobSchedule((datetime(2024, 3, 31, 0, 30, tzinfo=UTC), datetime(2024, 3, 31, 1, 30, tzinfo=UTC))),
            "on 31 March 2024 at 01:30 and 31 March 2024 at 03:30 (Europe/Berlin)",
        ),
    ],
)
def test_the_zone_is_named(schedule: gocron.JobSchedule, expected: str) -> None:
    """A location's name stands after times of day, unless the crontab names one; not after intervals."""
    assert expected == words.describe(schedule, BERLIN)


def meaning(crontab: str) -> object:
    """The moments that a crontab names, in a normal form."""
    spec, _ = grammar.parse(crontab, with_seconds=True, location=UTC)
    assert isinstance(spec, grammar.Times)
    every = spec.either_day and (len(spec.days) == 31 or len(spec.weekdays) == 7)
    days = (tuple(range(1, 32)), tuple(range(7)), False) if every else (spec.days, spec.weekdays, spec.either_day)
    return spec.seconds, spec.minutes, spec.hours, spec.months, days


def test_different_crontabs_have_different_words() -> None:
    """Nothing is left out: of thousands of crontabs those that are described alike mean the same."""
    seconds = "0", "*", "5", "*/20", "0,30", "10-19"
    minutes = "0", "*", "30", "*/5", "*/7", "2-59/5", "0-29", "0,30", "1,2,5"
    hours = "*", "0", "12", "9-17", "*/2", "*/5", "1-23/2", "1,4,9"
    days = "* * *", "1 * *", "*/2 * *", "*/3 * 1", "1-31 * 1", "* 1,6 *", "15 * 1-5", "* * 0,6", "* */2 1-5/2"
    described: defaultdict[str, set[object]] = defaultdict(set)
    for fields in product(seconds, minutes, hours, days):
        crontab = " ".join(fields)
        described[words.describe(CronJobSchedule(crontab))].add(meaning(crontab))

    assert len(described) > 3000
    assert {} == {said: meant for said, meant in described.items() if len(meant) > 1}


def test_not_a_schedule() -> None:
    """What is no schedule is refused at the call."""
    with pytest.raises(ErrInvalidArgument, match="a schedule is needed"):
        words.describe("*/5 * * * *")  # type: ignore[arg-type]
