"""Durations, random durations and moments that were named one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from schedule_tools import built, instant, ticks, within

import gocron_py as gocron
from gocron_py.definitions import Setup
from gocron_py.instant import LAST, SECOND
from gocron_py.schedules.interval import DurationRandomSchedule, DurationSchedule
from gocron_py.schedules.one_time import OneTimeSchedule
from gocron_py.schedules.wall_time import load_location


class TestDuration:
    """A fixed distance."""

    def test_clocks_do_not_matter(self) -> None:
        """An hour is an hour in autumn too."""
        # America/New_York: 2024-11-03, from 02:00 back to 01:00
        assert ticks(gocron.duration_job(timedelta(hours=1)), "America/New_York", "2024-11-03T00:00:00.5", 3) == [
            "2024-11-03T01:00:00.500000-04:00",
            "2024-11-03T01:00:00.500000-05:00",
            "2024-11-03T02:00:00.500000-05:00",
        ]

    @pytest.mark.parametrize(
        ("start", "now", "expected"),
        [(0, 0, 0), (5, 0, 5), (0, 1, 10), (0, 10, 10), (0, 11, 20), (-7, 1, 3), (-7, 3, 3)],
    )
    def test_resume(self, start: int, now: int, expected: int) -> None:
        """The phase is that of the start."""
        assert DurationSchedule(10).resume(start, now) == expected

    def test_resume_is_arithmetic(self) -> None:
        """A microsecond since the year 1."""
        with within(0.001):
            now = instant("2024-01-01")
            assert DurationSchedule(1).resume(instant("0001-01-01"), now) == now

    def test_ends(self) -> None:
        """With the year 9999."""
        schedule = DurationSchedule(SECOND)
        assert schedule.next(LAST - SECOND) == LAST
        assert schedule.next(LAST) is None
        assert schedule.resume(0, LAST + 1) is None

    def test_description(self) -> None:
        """The duration; it is measured in time that passes."""
        schedule = built(gocron.duration_job(timedelta(seconds=90)))
        assert schedule.describe() == gocron.DurationJobSchedule(timedelta(seconds=90))  # type: ignore[attr-defined]
        assert schedule.elapsed


class TestDurationRandom:
    """A random distance."""

    def test_bounds(self) -> None:
        """At least the one, less than the other."""
        schedule = DurationRandomSchedule(10, 13)
        assert {schedule.next(100) for _ in range(200)} == {110, 111, 112}

    def test_resume(self) -> None:
        """At once, and never further than one step away."""
        schedule = DurationRandomSchedule(1, 1000 * SECOND)
        for start in instant("1970-01-01"), instant("2023-12-31T23:59:59.9"):
            for _ in range(200):
                now = instant("2024-01-01")
                tick = schedule.resume(start, now)
                assert tick is not None
                assert 0 <= tick - now < 1000 * SECOND
        assert schedule.resume(7, 7) == 7
        assert schedule.resume(8, 7) == 8

    def test_resume_keeps_the_distance(self) -> None:
        """Shortly after the start it is the first step from there."""
        schedule = DurationRandomSchedule(10, 13)
        assert {schedule.resume(100, 101) for _ in range(200)} <= {110, 111, 112}

    def test_ends(self) -> None:
        """With the year 9999."""
        schedule = DurationRandomSchedule(10, 13)
        assert schedule.next(LAST - 5) is None
        assert schedule.resume(0, LAST + 1) is None

    def test_description(self) -> None:
        """The bounds."""
        schedule = built(gocron.duration_random_job(timedelta(seconds=1), timedelta(seconds=2)))
        assert schedule.describe() == gocron.DurationRandomJobSchedule(timedelta(seconds=1), timedelta(seconds=2))  # type: ignore[attr-defined]
        assert schedule.elapsed


class TestOneTime:
    """Moments."""

    def test_next(self) -> None:
        """In order, each once, then nothing (Go: from the beginning again)."""
        schedule = OneTimeSchedule([30, 10, 20, 10], UTC)
        assert [schedule.next(after) for after in (0, 9, 10, 25, 30, 99)] == [10, 10, 20, 30, None, None]

    def test_resume(self) -> None:
        """The first from now on, or the start."""
        schedule = OneTimeSchedule([10, 20], UTC)
        assert [schedule.resume(5, now) for now in (5, 6, 10, 11, 21)] == [5, 10, 10, 20, None]

    def test_zones(self) -> None:
        """Equal instants in two zones are one; naive moments are in the scheduler's location."""
        utc = datetime(2024, 6, 1, 12, tzinfo=UTC)
        other = utc.astimezone(timezone(timedelta(hours=9)))
        naive = datetime.fromisoformat("2024-06-01T21:00")
        definition = gocron.one_time_job(gocron.one_time_job_start_date_times(other, naive, utc))
        schedule = built(definition, "Asia/Tokyo")
        description = schedule.describe()  # type: ignore[attr-defined]
        assert [moment.isoformat() for moment in description.start_at] == ["2024-06-01T21:00:00+09:00"]
        assert not schedule.elapsed

    def test_past(self) -> None:
        """Past and present moments are dropped; one in the future is needed."""
        now = datetime(2024, 6, 1, tzinfo=UTC)
        hour = timedelta(hours=1)
        schedule = built(
            gocron.one_time_job(gocron.one_time_job_start_date_times(now - hour, now, now + hour, None)),
            now="2024-06-01",
        )
        assert schedule.next(0) == instant("2024-06-01T01:00")
        for moments in (), (now,), (now - hour, None), (None,):
            with pytest.raises(gocron.ErrOneTimeJobStartDateTimePast):
                built(gocron.one_time_job(gocron.one_time_job_start_date_times(*moments)), now="2024-06-01")

    def test_immediately(self) -> None:
        """The scheduler is told; no moment is needed then, whoever says it."""
        setup = Setup(load_location("UTC"), 0)
        assert gocron.one_time_job(gocron.one_time_job_start_immediately()).build(setup).next(0) is None
        assert setup.start_immediately
        past = gocron.one_time_job(gocron.one_time_job_start_date_time(datetime(1960, 1, 1, tzinfo=UTC)))
        past.build(Setup(load_location("UTC"), 0, start_immediately=True))
