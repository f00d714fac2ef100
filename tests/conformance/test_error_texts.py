"""The texts of errors and the order of checks, as recorded from Go."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from driver import HERE, instant

import gocron_py as gocron
from gocron_py.definitions import Setup
from gocron_py.schedules.wall_time import load_location

RECORDED = json.loads((HERE / "errors.json").read_text(encoding="utf-8"))

NOW = instant("2024-06-15T12:00:00Z")


def error_of(make: Callable[[], gocron.JobDefinition]) -> gocron.GocronError:
    with pytest.raises(gocron.GocronError) as caught:
        make().build(Setup(load_location("UTC"), NOW))
    return caught.value


@pytest.mark.parametrize("row", RECORDED["cron_texts"], ids=lambda row: repr(row["crontab"]))
def test_crontabs(row: dict[str, str]) -> None:
    """What is wrong with a crontab is said in Go's words, to the letter."""
    error = error_of(lambda: gocron.cron_job(row["crontab"], bool(row["with_seconds"])))
    assert row["error"] == type(error).__name__
    assert row["text"] == str(error)


def at(*numbers: int) -> gocron.AtTimes:
    return gocron.new_at_times(gocron.new_at_time(*numbers))


DEFINITIONS: dict[str, Callable[[], gocron.JobDefinition]] = {
    "DurationRandomJob(0, 0)": lambda: gocron.duration_random_job(timedelta(0), timedelta(0)),
    "DurationRandomJob(-1s, -2s)": lambda: gocron.duration_random_job(timedelta(seconds=-1), timedelta(seconds=-2)),
    "DailyJob(0, nil)": lambda: gocron.daily_job(0, None),
    "DailyJob(0, 24:00:00)": lambda: gocron.daily_job(0, at(24, 0, 0)),
    "DailyJob(1, 24:60:60)": lambda: gocron.daily_job(1, at(24, 60, 60)),
    "DailyJob(1, [00:60:00, 24:00:00])": lambda: gocron.daily_job(1, [*at(0, 60, 0), *at(24, 0, 0)]),
    "DailyJob(1, [24:00:00, nil])": lambda: gocron.daily_job(1, [*at(24, 0, 0), None]),
    "WeeklyJob(0, nil, nil)": lambda: gocron.weekly_job(0, None, None),
    "WeeklyJob(1, nil, nil)": lambda: gocron.weekly_job(1, None, None),
    "MonthlyJob(0, nil, nil)": lambda: gocron.monthly_job(0, None, None),
    "MonthlyJob(1, nil, nil)": lambda: gocron.monthly_job(1, None, None),
    "MonthlyJob(1, day 0, nil)": lambda: gocron.monthly_job(1, [0], None),
}


@pytest.mark.parametrize("row", RECORDED["precedence"], ids=lambda row: row["call"])
def test_the_first_of_several_errors(row: dict[str, str]) -> None:
    """Definitions are checked in Go's order. (What is about schedulers and options is tested with those.)"""
    make = DEFINITIONS.get(row["call"])
    if make is None:
        assert row["call"].startswith(("NewScheduler", "NewJob"))
        return
    assert row["result"] == type(error_of(make)).__name__
