"""Daily, weekly and monthly schedules: intervals, gaps, repeated hours, days that months lack."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from schedule_tools import DEFAULT, RUN_AFTER, SKIP, built, instant, shown, ticks, within

import gocron_py as gocron
from gocron_py.instant import FIRST, LAST, SECOND
from gocron_py.schedules.wall_time import DaylightSavingsTimePolicy, Weekday

MONDAY, FRIDAY, SATURDAY, SUNDAY = Weekday.MONDAY, Weekday.FRIDAY, Weekday.SATURDAY, Weekday.SUNDAY


def daily(interval: int, *at: str) -> gocron.JobDefinition:
    return gocron.daily_job(interval, [time.fromisoformat(text) for text in at])


def weekly(interval: int, days: list[Weekday], *at: str) -> gocron.JobDefinition:
    return gocron.weekly_job(interval, days, [time.fromisoformat(text) for text in at])


def monthly(interval: int, days: list[int], *at: str) -> gocron.JobDefinition:
    return gocron.monthly_job(interval, days, [time.fromisoformat(text) for text in at])


class TestIntervals:
    """What is left of the period comes first, then whole periods are counted."""

    def test_daily(self) -> None:
        """Every third day, after what is left of today."""
        assert ticks(daily(3, "08:00", "17:00"), "UTC", "2024-06-15T12:00", 4) == [
            "2024-06-15T17:00:00+00:00",
            "2024-06-18T08:00:00+00:00",
            "2024-06-18T17:00:00+00:00",
            "2024-06-21T08:00:00+00:00",
        ]
        assert ticks(daily(3, "08:00"), "UTC", "2024-06-15T12:00", 1) == ["2024-06-18T08:00:00+00:00"]

    def test_weekly(self) -> None:
        """Weeks begin on Sunday: on Saturday the 15th this one is over."""
        assert ticks(weekly(2, [FRIDAY, MONDAY], "00:00"), "UTC", "2024-06-15T12:00", 4) == [
            "2024-06-24T00:00:00+00:00",
            "2024-06-28T00:00:00+00:00",
            "2024-07-08T00:00:00+00:00",
            "2024-07-12T00:00:00+00:00",
        ]

    def test_monthly(self) -> None:
        """Every second month, after what is left of June."""
        assert ticks(monthly(2, [5, 31, -1], "00:00"), "UTC", "2024-06-15T12:00", 4) == [
            "2024-06-30T00:00:00+00:00",
            "2024-08-05T00:00:00+00:00",
            "2024-08-31T00:00:00+00:00",
            "2024-10-05T00:00:00+00:00",
        ]

    def test_order_and_repetition_do_not_matter(self) -> None:
        """Times and days may come in any order, and twice."""
        assert ticks(daily(1, "17:00", "08:00", "17:00"), "UTC", "2024-06-15", 3) == [
            "2024-06-15T08:00:00+00:00",
            "2024-06-15T17:00:00+00:00",
            "2024-06-16T08:00:00+00:00",
        ]
        # The 15th of April is its 16th last day.
        assert ticks(monthly(12, [-16, 15], "00:00"), "UTC", "2024-04-01", 2) == [
            "2024-04-15T00:00:00+00:00",
            "2025-04-15T00:00:00+00:00",
        ]

    def test_the_present_is_past(self) -> None:
        """A time of day that is now has gone by."""
        assert ticks(daily(1, "12:00"), "UTC", "2024-06-15T12:00", 1) == ["2024-06-16T12:00:00+00:00"]

    def test_times_are_in_the_location(self) -> None:
        """Whatever the zone of the start."""
        assert ticks(daily(1, "09:00"), "Asia/Tokyo", "2024-06-15T23:30:00+00:00", 2) == [
            "2024-06-16T09:00:00+09:00",
            "2024-06-17T09:00:00+09:00",
        ]


class TestMonths:
    """Days that months lack."""

    def test_31(self) -> None:
        """Left out."""
        assert [tick[5:10] for tick in ticks(monthly(1, [31], "00:00"), "UTC", "2023-12-31", 4)] == [
            "01-31",
            "03-31",
            "05-31",
            "07-31",
        ]

    def test_last_days(self) -> None:
        """-1 is the last day."""
        assert [tick[5:10] for tick in ticks(monthly(1, [-1], "00:00"), "UTC", "2024-01-01", 4)] == [
            "01-31",
            "02-29",
            "03-31",
            "04-30",
        ]

    def test_minus_31(self) -> None:
        """The first day of long months."""
        assert [tick[5:10] for tick in ticks(monthly(1, [-31], "00:00"), "UTC", "2024-01-02", 3)] == [
            "03-01",
            "05-01",
            "07-01",
        ]

    def test_minus_30(self) -> None:
        """There is none in February, of which Go's reckoning gives the 30th of January."""
        assert [tick[5:10] for tick in ticks(monthly(1, [-30], "00:00"), "UTC", "2024-01-31", 3)] == [
            "03-02",
            "04-01",
            "05-02",
        ]

    def test_leap_days(self) -> None:
        """Every fourth year, but not in 2100."""
        assert [tick[:10] for tick in ticks(monthly(12, [29], "00:00"), "UTC", "2092-02-01", 3)] == [
            "2092-02-29",
            "2096-02-29",
            "2104-02-29",
        ]

    @pytest.mark.parametrize(
        ("interval", "day", "now"),
        [
            (12, 30, "2024-02-10"),
            (12, -30, "2024-02-10"),
            (12, 31, "2024-04-10"),
            (12, -31, "2024-11-10"),
            (24, 29, "2023-02-10"),
            (1200, 29, "2023-02-10"),
            (36, 31, "2024-06-30"),
        ],
    )
    def test_never(self, interval: int, day: int, now: str) -> None:
        """Where no month in question has the day, Go searches for ever."""
        with within(0.1), pytest.raises(gocron.ErrMonthlyJobDays, match=f"every {interval} months"):
            built(monthly(interval, [day], "10:30"), "UTC", now)

    def test_never_after_the_start(self) -> None:
        """The months are counted from the start time."""
        definition = monthly(12, [30], "10:30")
        built(definition, "UTC", "2024-01-05")
        for start in "2024-02-01", "2022-02-01":
            with pytest.raises(gocron.ErrMonthlyJobDays):
                built(definition, "UTC", "2024-01-05", start=start)
        built(definition, "UTC", "2024-01-05", start="2023-01-31")


# Zone, reading, policy, from when, the following ticks of a daily job. Changes of clocks are in the comments.
CHANGES = [
    # 2024-03-10, from 02:00 to 03:00
    ("America/New_York", "02:30", DEFAULT, "2024-03-09", "09T02:30-05:00 10T03:30-04:00 11T02:30-04:00"),
    ("America/New_York", "02:30", RUN_AFTER, "2024-03-09", "09T02:30-05:00 10T03:30-04:00 11T02:30-04:00"),
    ("America/New_York", "02:30", SKIP, "2024-03-09", "09T02:30-05:00 11T02:30-04:00 12T02:30-04:00"),
    # 2024-11-03, from 02:00 back to 01:00
    ("America/New_York", "01:30", DEFAULT, "2024-11-02", "02T01:30-04:00 03T01:30-04:00 04T01:30-05:00"),
    # 2024-03-31, from 02:00 to 03:00
    ("Europe/Berlin", "02:30", DEFAULT, "2024-03-30", "30T02:30+01:00 31T03:30+02:00 01T02:30+02:00"),
    ("Europe/Berlin", "02:30", SKIP, "2024-03-30", "30T02:30+01:00 01T02:30+02:00 02T02:30+02:00"),
    # 2024-10-27, from 03:00 back to 02:00: east of Greenwich the second time
    ("Europe/Berlin", "02:30", DEFAULT, "2024-10-26", "26T02:30+02:00 27T02:30+01:00 28T02:30+01:00"),
    # 2018-11-04, from 00:00 to 01:00
    ("America/Sao_Paulo", "00:00", DEFAULT, "2018-11-03T12:00", "04T01:00-02:00 05T00:00-02:00 06T00:00-02:00"),
    ("America/Sao_Paulo", "00:00", SKIP, "2018-11-03T12:00", "05T00:00-02:00 06T00:00-02:00 07T00:00-02:00"),
    # Go never runs this one again, or stands still.
    ("America/Sao_Paulo", "08:00", DEFAULT, "2018-11-03T07:00", "03T08:00-03:00 04T08:00-02:00 05T08:00-02:00"),
    ("America/Sao_Paulo", "23:00", DEFAULT, "2018-11-03T12:00", "03T23:00-03:00 04T23:00-02:00 05T23:00-02:00"),
    ("America/Sao_Paulo", "08:00", SKIP, "2018-11-03T09:00", "04T08:00-02:00 05T08:00-02:00 06T08:00-02:00"),
    # 2018-02-18, from 00:00 back to 23:00 on the 17th
    ("America/Sao_Paulo", "23:30", DEFAULT, "2018-02-17", "17T23:30-02:00 18T23:30-03:00 19T23:30-03:00"),
    # 2024-10-06, from 02:00 to 02:30
    ("Australia/Lord_Howe", "02:15", DEFAULT, "2024-10-05", "05T02:15+10:30 06T02:45+11:00 07T02:15+11:00"),
    # 2024-03-30, from 23:00 to 00:00
    ("America/Nuuk", "23:30", DEFAULT, "2024-03-29", "29T23:30-02:00 31T00:30-01:00 31T23:30-01:00"),
    # No 2011-12-30
    ("Pacific/Apia", "15:00", DEFAULT, "2011-12-29", "29T15:00-10:00 31T15:00+14:00 01T15:00+14:00"),
    ("Pacific/Apia", "15:00", SKIP, "2011-12-29", "29T15:00-10:00 31T15:00+14:00 01T15:00+14:00"),
]


@pytest.mark.parametrize(("zone", "at", "policy", "now", "expected"), CHANGES)
def test_changes_of_clocks(zone: str, at: str, policy: DaylightSavingsTimePolicy, now: str, expected: str) -> None:
    """A time in a gap runs after it or is left out; a repeated one runs once."""
    found = [tick[8:16] + tick[19:] for tick in ticks(daily(1, at), zone, now, 3, policy)]
    assert expected.split() == found


class TestChangesAndIntervals:
    """A change of clocks does not disturb the count."""

    def test_skipped(self) -> None:
        """The next one after a time that is left out is a whole interval away."""
        # America/New_York: 2024-03-10, from 02:00 to 03:00
        assert ticks(daily(2, "02:30"), "America/New_York", "2024-03-08", 2, SKIP) == [
            "2024-03-08T02:30:00-05:00",
            "2024-03-12T02:30:00-04:00",
        ]

    def test_put_off_into_the_next_day(self) -> None:
        """It counts for the day that it was meant for."""
        # America/Nuuk: 2024-03-30, a Saturday, from 23:00 to 00:00
        assert ticks(daily(2, "23:30"), "America/Nuuk", "2024-03-28", 3) == [
            "2024-03-28T23:30:00-02:00",
            "2024-03-31T00:30:00-01:00",
            "2024-04-01T23:30:00-01:00",
        ]
        assert ticks(weekly(2, [SATURDAY], "23:30"), "America/Nuuk", "2024-03-28", 2) == [
            "2024-03-31T00:30:00-01:00",
            "2024-04-13T23:30:00-01:00",
        ]

    def test_put_off_past_another_time(self) -> None:
        """In a day times keep the order of the clock: one that is put off replaces those it overtakes, as in Go."""
        # Europe/Berlin: 2024-03-31, from 02:00 to 03:00
        assert ticks(daily(1, "02:30", "03:00"), "Europe/Berlin", "2024-03-31", 2) == [
            "2024-03-31T03:30:00+02:00",
            "2024-04-01T02:30:00+02:00",
        ]

    def test_a_lost_friday(self) -> None:
        """Weekly and monthly jobs of a day that never was run the day after, by the clock's adjustment."""
        # Pacific/Apia: no 2011-12-30, a Friday
        assert ticks(weekly(1, [FRIDAY], "09:00", "10:00"), "Pacific/Apia", "2011-12-28", 3) == [
            "2011-12-31T09:00:00+14:00",
            "2011-12-31T10:00:00+14:00",
            "2012-01-06T09:00:00+14:00",
        ]
        assert ticks(monthly(1, [30], "09:00", "10:00"), "Pacific/Apia", "2011-12-28", 3) == [
            "2011-12-31T09:00:00+14:00",
            "2011-12-31T10:00:00+14:00",
            "2012-01-30T09:00:00+14:00",
        ]
        assert ticks(monthly(1, [30], "09:00"), "Pacific/Apia", "2011-12-28", 1, SKIP) == ["2012-01-30T09:00:00+14:00"]

    def test_first_of_the_month_in_a_gap(self) -> None:
        """Months are stepped over by the calendar, not by midnights."""
        # America/Havana: 2012-04-01, from 00:00 to 01:00
        assert ticks(monthly(1, [1], "00:30"), "America/Havana", "2012-03-15", 2) == [
            "2012-04-01T01:30:00-04:00",
            "2012-05-01T00:30:00-04:00",
        ]


class TestResume:
    """The first tick from now on of a chain that began long ago."""

    @pytest.mark.parametrize(
        "definition", [daily(3, "08:00", "17:00"), weekly(3, [MONDAY, FRIDAY], "08:00"), monthly(5, [1, -1], "08:00")]
    )
    def test_phase(self, definition: gocron.JobDefinition) -> None:
        """Periods are counted from the start's: the slow walk comes to the same tick."""
        zone = "Europe/Berlin"
        schedule = built(definition, zone)
        for start in "1999-12-30T12:00", "1999-12-31T12:00", "2000-01-01T07:00":
            now = instant("2024-06-15T12:00", zone)
            walked: int | None = instant(start, zone)
            while walked is not None and walked < now:
                walked = schedule.next(walked)
            assert walked == schedule.resume(instant(start, zone), now)

    def test_phase_in_numbers(self) -> None:
        """From a Thursday, every third day."""
        schedule = built(daily(3, "08:00"))
        assert schedule.resume(instant("1970-01-01"), instant("1970-01-09")) == instant("1970-01-10T08:00")

    def test_the_start_is_a_tick(self) -> None:
        """At or after now it is the first one."""
        schedule = built(daily(1, "08:00"))
        now = instant("2024-06-15T12:34:56")
        assert schedule.resume(now, now) == now
        assert schedule.resume(now + 5, now) == now + 5
        assert schedule.resume(now - 5, now) == instant("2024-06-16T08:00")

    def test_now_may_be_a_tick(self) -> None:
        """Then it is the first one."""
        schedule = built(daily(2, "08:00"))
        assert schedule.resume(instant("2024-06-11T12:00"), instant("2024-06-15T08:00")) == instant("2024-06-15T08:00")

    def test_after_a_change(self) -> None:
        """A tick that a gap puts off into the next day is not lost."""
        # America/Nuuk: 2024-03-30, from 23:00 to 00:00
        zone = "America/Nuuk"
        schedule = built(daily(2, "23:30"), zone)
        start = instant("2024-03-28T12:00", zone)
        for now in "2024-03-30T22:59", "2024-03-31T00:10", "2024-03-31T00:30":
            tick = schedule.resume(start, instant(now, zone))
            assert tick is not None
            assert shown(tick, zone) == "2024-03-31T00:30:00-01:00"


class TestTheEnd:
    """The year 9999 and before the year 1."""

    @pytest.mark.parametrize(
        "definition",
        [
            daily(1, "23:59:59"),
            daily(365, "12:00"),
            weekly(1, [SUNDAY], "00:00"),
            monthly(1, [-1], "23:59"),
            monthly(7, [31], "12:00"),
        ],
    )
    @pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/New_York"])
    def test_ends(self, definition: gocron.JobDefinition, zone: str) -> None:
        """There is a tick, or none, and no error."""
        schedule = built(definition, zone)
        for after in LAST - 400 * 86400 * SECOND, LAST - SECOND, LAST, LAST + 1, LAST + 10 * 86400 * SECOND:
            tick = schedule.next(after)
            assert tick is None or after < tick <= LAST
        assert schedule.next(LAST) is None
        assert schedule.resume(FIRST, LAST + 1) is None
        for start in FIRST, instant("0001-01-01"):
            assert schedule.next(start) is not None
            assert schedule.resume(start, instant("2024-01-01")) is not None

    @pytest.mark.parametrize("interval", [4_000_000, 10**18, 10**40])
    def test_huge_intervals(self, interval: int) -> None:
        """A second run that would be after the year 9999 is none; a first one that would be is refused."""
        for definition in (
            daily(interval, "08:00"),
            weekly(interval, [MONDAY], "08:00"),
            monthly(interval, [1], "08:00"),
        ):
            assert len(ticks(definition, "UTC", "2024-01-01", 2)) == 1
            with pytest.raises(gocron.ErrNoNextRun, match="after the year 9999"):
                built(definition, now="2024-06-29T09:00")


def test_many_times_of_day() -> None:
    """Every second of the day is a time of day, if somebody wants that."""
    at = [(time.min, timedelta(seconds=second)) for second in range(0, 86400, 7)]
    times = [time(offset.seconds // 3600, offset.seconds // 60 % 60, offset.seconds % 60) for _, offset in at]
    schedule = built(gocron.daily_job(1, times), "Europe/Berlin")
    tick = schedule.next(instant("2024-06-15T12:00:01", "Europe/Berlin"))
    assert tick is not None
    with within(0.5):
        for _ in range(100):
            tick = schedule.next(tick)
            assert tick is not None


def test_descriptions() -> None:
    """Everything comes back in order, once, and can be compared."""
    eight, nine = time(8), time(9)
    at = [nine, eight, nine]
    assert built(gocron.daily_job(2, at)).describe() == gocron.DailyJobSchedule(2, (eight, nine))  # type: ignore[attr-defined]
    assert built(gocron.weekly_job(2, [5, 1, 5], at)).describe() == gocron.WeeklyJobSchedule(  # type: ignore[attr-defined]
        2, (MONDAY, FRIDAY), (eight, nine)
    )
    assert built(gocron.monthly_job(2, [-1, 5, 3, -2, 5], at)).describe() == gocron.MonthlyJobSchedule(  # type: ignore[attr-defined]
        2, (3, 5), (-2, -1), (eight, nine)
    )
    assert not built(gocron.daily_job(2, at)).elapsed
