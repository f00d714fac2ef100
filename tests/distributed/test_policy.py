"""Which late ticks are still run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gocron_py as gocron
from gocron_py.distributed.policy import LONGEST_CATCH_UP, MOST_CAUGHT_UP, TickPolicy, recent
from gocron_py.schedules.cron import CronSchedule, search_for
from gocron_py.schedules.grid import GridSchedule

SECOND = 1_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND

durations = st.integers(1, 10**6)
instants = st.integers(-(10**7), 10**7)


def walked(schedule: GridSchedule, since: int, now: int) -> list[int]:
    ticks = []
    tick = schedule.next(since - 1)
    while tick is not None and tick <= now:
        ticks.append(tick)
        tick = schedule.next(tick)
    return ticks


@given(st.integers(1, 50), instants, st.integers(0, 3000), st.integers(1, 10))
def test_recent_is_the_end_of_the_walk(duration: int, since: int, span: int, most: int) -> None:
    schedule = GridSchedule(duration, 3)
    assert recent(schedule, since, since + span, most) == walked(schedule, since, since + span)[-most:]


def test_recent_of_a_year_of_seconds_is_fast() -> None:
    steps = 0

    class Counted:
        def __init__(self) -> None:
            self.schedule = GridSchedule(SECOND, 0)

        def next(self, after: int) -> int | None:
            nonlocal steps
            steps += 1
            return self.schedule.next(after)

    year = 365 * 86_400 * SECOND
    ticks = recent(Counted(), 0, year, 100)  # type: ignore[arg-type]
    assert ticks == [year - number * SECOND for number in range(99, -1, -1)]
    assert steps < 10_000


def test_recent_of_a_burst_is_fast() -> None:
    """Every second, but on New Year's day only: doubling finds a whole day at once."""
    crontab = "* * * 1 1 *"
    schedule = CronSchedule(crontab, search_for(crontab, True, ZoneInfo("UTC")), ZoneInfo("UTC"))
    now = 200 * 86_400 * SECOND  # July 1970
    assert recent(schedule, 0, now, 2) == [86_398 * SECOND, 86_399 * SECOND]


@given(durations, instants, st.integers(0, 10**7))
def test_following_is_later_and_on_the_grid(duration: int, tick: int, late: int) -> None:
    schedule = GridSchedule(duration, 0)
    first = schedule.next(tick)
    assert first is not None
    now = first + late
    for catch_up in ("latest", "all", "none"):
        policy = TickPolicy(catch_up=catch_up)  # type: ignore[arg-type]
        following = policy.following(schedule, first, now)
        assert following is not None
        assert following > first
        assert following % duration == 0
        if following <= now:
            assert policy.wants(schedule, following, now)


@given(st.integers(1, 20), st.integers(0, 400))
def test_following_leaves_out_nothing_that_is_wanted(duration: int, late: int) -> None:
    """The chain from tick to tick, as the executor walks it after a sleep: all the wanted ones that have no backlog."""
    schedule = GridSchedule(duration, 0)
    for policy in (TickPolicy(), TickPolicy(start_deadline=timedelta(microseconds=37)), TickPolicy(catch_up="all")):
        chain = []
        tick = policy.following(schedule, 0, late)
        while tick is not None and tick <= late:
            chain.append(tick)
            tick = policy.following(schedule, tick, late)
        wanted = [at for at in walked(schedule, 1, late) if policy.wants(schedule, at, late)]
        assert chain == [at for at in wanted if not policy.is_behind(schedule, at, late)]
        if policy.catch_up == "all":  # the rest is for the backlog
            assert all(late - at <= policy.deadline_of(schedule, at) for at in chain)
            assert set(wanted) - set(chain) <= set(policy.owed(schedule, 1, late))


@pytest.mark.parametrize(
    ("late", "policy", "wanted"),
    [
        (60 * SECOND, {}, True),  # the start deadline of an hourly job
        (61 * SECOND, {"catch_up": "none"}, False),
        (61 * SECOND, {}, True),  # the latest one, and within an hour
        (61 * SECOND, {"start_deadline": timedelta(seconds=61), "catch_up": "none"}, True),
        (HOUR - 1, {}, True),
        (HOUR, {}, False),  # there is a later one
        (HOUR, {"catch_up": "all"}, True),
        (MOST_CAUGHT_UP * HOUR - 1, {"catch_up": "all"}, True),
        (MOST_CAUGHT_UP * HOUR, {"catch_up": "all"}, False),
    ],
)
def test_wants(late: int, policy: dict[str, Any], wanted: bool) -> None:
    schedule = GridSchedule(HOUR, 0)
    assert TickPolicy(**policy).wants(schedule, 5 * HOUR, 5 * HOUR + late) is wanted


def test_a_daily_tick_is_caught_up_with_for_an_hour() -> None:
    schedule = GridSchedule(24 * HOUR, 0)
    assert TickPolicy().wants(schedule, 0, LONGEST_CATCH_UP)
    assert not TickPolicy().wants(schedule, 0, LONGEST_CATCH_UP + 1)


def test_period() -> None:
    schedule = GridSchedule(10 * MINUTE, 0)
    assert TickPolicy().period(schedule, 25 * MINUTE) == 20 * MINUTE
    assert TickPolicy().period(schedule, 20 * MINUTE) == 20 * MINUTE


@pytest.mark.parametrize(
    "wrong",
    [
        {"on_crash": "retry"},
        {"on_crash": None},
        {"catch_up": True},
        {"on_store_error": ""},
        {"max_attempts": 0},
        {"max_attempts": 1001},
        {"max_attempts": True},
        {"max_attempts": 2.0},
        {"lease": timedelta(0)},
        {"lease": timedelta(days=2)},
        {"lease": 30},
        {"start_deadline": timedelta(0)},
        {"start_deadline": timedelta(seconds=-1)},
        {"start_deadline": timedelta(days=2)},
        {"start_deadline": 5},
        {"overlap": 1},
        {"splay": timedelta(seconds=-1)},
        {"splay": None},
        {"key": ""},
        {"key": 7},
        {"timeout": 7},
        {"on_crash": ["skip"]},
    ],
)
def test_wrong_policies_are_refused_at_the_call(wrong: dict[str, Any]) -> None:
    with pytest.raises(gocron.ErrInvalidArgument):
        gocron.with_tick_policy(**wrong)
