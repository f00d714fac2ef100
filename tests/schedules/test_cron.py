"""Crontabs on wall clocks: gaps, repeated hours, impossible dates, and implementations of users."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from schedule_tools import DEFAULT, RUN_AFTER, SKIP, built, instant, shown, ticks, within

import gocron_py as gocron
from gocron_py.definitions import Setup
from gocron_py.instant import LAST, SECOND
from gocron_py.schedules.cron import CronSchedule, EverySearch, search_for
from gocron_py.schedules.wall_time import DaylightSavingsTimePolicy, load_location


def cron(crontab: str, zone: str, now: str, count: int, policy: DaylightSavingsTimePolicy = DEFAULT) -> list[str]:
    return ticks(gocron.cron_job(crontab, True), zone, now, count, policy)


class TestSpring:
    """America/New_York: 2024-03-10, from 02:00 (-05:00) to 03:00 (-04:00)."""

    ZONE = "America/New_York"

    @pytest.mark.parametrize("policy", [DEFAULT, SKIP])
    def test_gap_is_left_out(self, policy: DaylightSavingsTimePolicy) -> None:
        """A daily job in the gap waits for the next day."""
        assert cron("30 2 * * *", self.ZONE, "2024-03-09", 3, policy) == [
            "2024-03-09T02:30:00-05:00",
            "2024-03-11T02:30:00-04:00",
            "2024-03-12T02:30:00-04:00",
        ]

    def test_gap_is_run_after(self) -> None:
        """Or runs after it, once."""
        assert cron("30 2 * * *", self.ZONE, "2024-03-09", 3, RUN_AFTER) == [
            "2024-03-09T02:30:00-05:00",
            "2024-03-10T03:30:00-04:00",
            "2024-03-11T02:30:00-04:00",
        ]

    @pytest.mark.parametrize(
        "now", ["2024-03-10T00:30", "2024-03-10T01:59:59", "2024-03-10T03:00", "2024-03-10T03:29:59"]
    )
    def test_gap_is_run_after_whenever_asked(self, now: str) -> None:
        """Also if asked less than a day before, or after the change (Go: the next day)."""
        assert cron("30 2 * * *", self.ZONE, now, 1, RUN_AFTER) == ["2024-03-10T03:30:00-04:00"]

    def test_several_readings_in_the_gap(self) -> None:
        """Every one of them runs, among those that are not in it."""
        assert cron("0,45 2,3 * * *", self.ZONE, "2024-03-10", 4, RUN_AFTER) == [
            "2024-03-10T03:00:00-04:00",
            "2024-03-10T03:45:00-04:00",
            "2024-03-11T02:00:00-04:00",
            "2024-03-11T02:45:00-04:00",
        ]

    def test_days_that_are_not_named(self) -> None:
        """Only the crontab's own days run after a gap (Go: every gap of later years)."""
        assert cron("30 2 10 3 *", self.ZONE, "2024-03-09", 3, RUN_AFTER) == [
            "2024-03-10T03:30:00-04:00",
            "2025-03-10T02:30:00-04:00",
            "2026-03-10T02:30:00-04:00",
        ]

    def test_the_crontab_has_a_zone_of_its_own(self) -> None:
        """The gap is that of its clock."""
        assert cron("TZ=America/New_York 30 2 * * *", "UTC", "2024-03-10", 2, RUN_AFTER) == [
            "2024-03-10T07:30:00+00:00",
            "2024-03-11T06:30:00+00:00",
        ]

    @pytest.mark.parametrize("policy", [DEFAULT, SKIP, RUN_AFTER])
    def test_half_hours(self, policy: DaylightSavingsTimePolicy) -> None:
        """What goes on all the time goes on, by any policy."""
        assert cron("*/30 * * * *", self.ZONE, "2024-03-10T01:00", 3, policy) == [
            "2024-03-10T01:30:00-05:00",
            "2024-03-10T03:00:00-04:00",
            "2024-03-10T03:30:00-04:00",
        ]


class TestAutumn:
    """America/New_York: 2024-11-03, from 02:00 (-04:00) back to 01:00 (-05:00)."""

    ZONE = "America/New_York"

    def test_daily_runs_once(self) -> None:
        """At the first of two readings."""
        assert cron("30 1 * * *", self.ZONE, "2024-11-02T12:00", 2) == [
            "2024-11-03T01:30:00-04:00",
            "2024-11-04T01:30:00-05:00",
        ]

    @pytest.mark.parametrize("crontab", ["0 * * * *", "@hourly", "@every 1h"])
    def test_hourly_leaves_one_out(self, crontab: str) -> None:
        """A reading that is the last one's again is dropped, as in Go."""
        assert cron(crontab, self.ZONE, "2024-11-03T00:00", 3) == [
            "2024-11-03T01:00:00-04:00",
            "2024-11-03T02:00:00-05:00",
            "2024-11-03T03:00:00-05:00",
        ]

    @pytest.mark.parametrize("crontab", ["*/30 * * * *", "@every 30m"])
    def test_half_hours_run_all(self, crontab: str) -> None:
        """There is another reading in between."""
        assert cron(crontab, self.ZONE, "2024-11-03T00:30", 5) == [
            "2024-11-03T01:00:00-04:00",
            "2024-11-03T01:30:00-04:00",
            "2024-11-03T01:00:00-05:00",
            "2024-11-03T01:30:00-05:00",
            "2024-11-03T02:00:00-05:00",
        ]

    def test_readings_are_compared_on_the_schedulers_clock(self) -> None:
        """So with a scheduler in UTC the daily job runs twice."""
        assert cron("TZ=America/New_York 30 1 * * *", "UTC", "2024-11-03", 3) == [
            "2024-11-03T05:30:00+00:00",
            "2024-11-03T06:30:00+00:00",
            "2024-11-04T06:30:00+00:00",
        ]

    def test_from_within_the_repeated_hour(self) -> None:
        """What is left of the first occurrence, then the second one."""
        schedule = built(gocron.cron_job("15,45 * * * *"), self.ZONE, "2024-11-03")
        first = schedule.next(instant("2024-11-03T05:20"))
        assert first is not None
        assert shown(first, self.ZONE) == "2024-11-03T01:45:00-04:00"
        second = schedule.next(first)
        assert second is not None
        assert shown(second, self.ZONE) == "2024-11-03T01:15:00-05:00"

    def test_never_back(self) -> None:
        """A search that begins in the second occurrence does not go back to the first (Go: it does)."""
        # Pacific/Chatham: 2030-04-07, from 03:45 (+13:45) back to 02:45 (+12:45)
        assert cron("59 * 3 * * *", "Pacific/Chatham", "2030-04-07T02:45:00+12:45", 2) == [
            "2030-04-07T03:00:59+12:45",
            "2030-04-07T03:01:59+12:45",
        ]


class TestOddZones:
    """Gaps at midnight, by half an hour, of a day."""

    def test_midnight_in_the_west(self) -> None:
        """America/Sao_Paulo: 2018-11-04, from 00:00 to 01:00."""
        assert cron("0 0 * * *", "America/Sao_Paulo", "2018-11-03", 2) == [
            "2018-11-05T00:00:00-02:00",
            "2018-11-06T00:00:00-02:00",
        ]
        assert cron("0 0 * * *", "America/Sao_Paulo", "2018-11-03", 2, RUN_AFTER) == [
            "2018-11-04T01:00:00-02:00",
            "2018-11-05T00:00:00-02:00",
        ]

    def test_midnight_in_the_east(self) -> None:
        """Africa/Cairo: 2032-04-30, a Friday, from 00:00 to 01:00. Stepping by days, Go steps over it."""
        assert cron("0 1,2 * * fri", "Africa/Cairo", "2032-04-28", 2) == [
            "2032-05-07T01:00:00+03:00",
            "2032-05-07T02:00:00+03:00",
        ]
        assert cron("0 1,2 * * *", "Africa/Cairo", "2032-04-29T12:00", 2) == [
            "2032-04-30T01:00:00+03:00",
            "2032-04-30T02:00:00+03:00",
        ]

    def test_half_an_hour(self) -> None:
        """Australia/Lord_Howe: 2024-10-06, from 02:00 to 02:30. Stepping by hours, Go comes to 04:30."""
        assert cron("0 0,30 */4 6 ? ?", "Australia/Lord_Howe", "2024-10-06T00:30:00", 2) == [
            "2024-10-06T04:30:00+11:00",
            "2024-10-06T08:00:00+11:00",
        ]

    @pytest.mark.parametrize("policy", [DEFAULT, SKIP])
    def test_a_day_that_never_was(self, policy: DaylightSavingsTimePolicy) -> None:
        """Pacific/Apia: there is no 30 December 2011. Go hangs."""
        assert cron("0 9 30 12 *", "Pacific/Apia", "2011-12-28", 1, policy) == ["2012-12-30T09:00:00+14:00"]
        assert cron("0 15 * * 5", "Pacific/Apia", "2011-12-28", 1, policy) == ["2012-01-06T15:00:00+14:00"]
        assert cron("0 0 31 12 *", "Pacific/Apia", "2011-12-28", 1, policy) == ["2011-12-31T00:00:00+14:00"]

    def test_a_day_that_never_was_run_after(self) -> None:
        """By the clock's adjustment that is the day after."""
        assert cron("0 9 30 12 *", "Pacific/Apia", "2011-12-28", 2, RUN_AFTER) == [
            "2011-12-31T09:00:00+14:00",
            "2012-12-30T09:00:00+14:00",
        ]

    def test_a_gap_at_the_first_of_a_month(self) -> None:
        """Asia/Amman: 2016-04-01, from 00:00 to 01:00. Stepping by months, Go loses 1 January 2017."""
        assert cron("@yearly", "Asia/Amman", "2016-01-01", 2) == [
            "2017-01-01T00:00:00+02:00",
            "2018-01-01T00:00:00+02:00",
        ]


class TestDates:
    """Days of the month and of the week."""

    def test_either_day(self) -> None:
        """The 13th and all Fridays."""
        assert cron("0 0 13 * 5", "UTC", "2024-06-01", 4) == [
            "2024-06-07T00:00:00+00:00",
            "2024-06-13T00:00:00+00:00",
            "2024-06-14T00:00:00+00:00",
            "2024-06-21T00:00:00+00:00",
        ]

    def test_a_step_is_no_star(self) -> None:
        """So every other day and all Fridays as well."""
        assert cron("0 0 */10 * 5", "UTC", "2024-06-01", 4) == [
            "2024-06-07T00:00:00+00:00",
            "2024-06-11T00:00:00+00:00",
            "2024-06-14T00:00:00+00:00",
            "2024-06-21T00:00:00+00:00",
        ]

    @pytest.mark.parametrize("crontab", ["0 0 30 2 1", "0 0 , 2 1"])
    def test_one_side_is_impossible(self, crontab: str) -> None:
        """The other one is enough."""
        assert cron(crontab, "UTC", "2024-02-20", 2) == ["2024-02-26T00:00:00+00:00", "2025-02-03T00:00:00+00:00"]

    def test_days_that_months_lack(self) -> None:
        """The 31st comes seven times a year."""
        assert [tick[5:7] for tick in cron("0 0 31 * *", "UTC", "2023-12-31", 7)] == [
            "01", "03", "05", "07", "08", "10", "12",
        ]  # fmt: skip

    def test_leap_days(self) -> None:
        """Every fourth year, but not in 2100."""
        assert cron("0 0 29 2 *", "UTC", "2091-01-01", 4) == [
            "2092-02-29T00:00:00+00:00",
            "2096-02-29T00:00:00+00:00",
            "2104-02-29T00:00:00+00:00",
            "2108-02-29T00:00:00+00:00",
        ]
        assert cron("0 0 29 2 *", "Europe/Berlin", "2097-01-01", 1) == ["2104-02-29T00:00:00+01:00"]

    @pytest.mark.parametrize(
        "crontab",
        [
            "0 0 30 2 *",
            "0 0 31 2,4,6,9,11 ?",
            "0 0 0 , * *",
            ", * * * * *",
            "* * * * , *",
            "0 0 , * *",
            "0 0 * * ,",
            "0 0 , * ,",
        ],
    )
    def test_impossible(self, crontab: str) -> None:
        """Refused at once; the text is Go's, a note says why."""
        with within(0.1), pytest.raises(gocron.ErrCronJobInvalid) as caught:
            built(gocron.cron_job(crontab, True), "Europe/Berlin")
        assert str(caught.value) == "gocron: CronJob: invalid crontab"
        assert any("never runs" in note for note in caught.value.__notes__)


class TestEvery:
    """``@every``."""

    def test_whole_seconds(self) -> None:
        """Parts of a second are left behind."""
        assert cron("@every 90s", "UTC", "2024-01-01T12:00:00.75", 2) == [
            "2024-01-01T12:01:30+00:00",
            "2024-01-01T12:03:00+00:00",
        ]

    def test_resume(self) -> None:
        """By arithmetic, in the phase of the start, without the repeated reading."""
        schedule = built(gocron.cron_job("@every 7m"), "UTC")
        start = instant("1970-01-01T00:00:30.5")
        assert schedule.resume(start, start) == start
        assert schedule.resume(start, start + 1) == start + 419_500_000
        now = instant("2024-01-01")
        tick = schedule.resume(start, now)
        assert tick is not None
        assert 0 <= tick - now < 420 * SECOND
        assert (tick - instant("1970-01-01T00:00:30")) % (420 * SECOND) == 0

    def test_too_far(self) -> None:
        """292 years at a time, up to the year 9999."""
        schedule = built(gocron.cron_job("@every 2562047h"))
        tick, count = schedule.next(0), 0
        while tick is not None:
            tick, count = schedule.next(tick), count + 1
        assert count == 27

    def test_elapsed(self) -> None:
        """``@every`` is a distance, other crontabs are readings of a clock."""
        assert built(gocron.cron_job("@every 1h")).elapsed
        assert not built(gocron.cron_job("@hourly")).elapsed


class TestResume:
    """The first tick from now on of a chain that began long ago."""

    def test_memory_is_not_needed(self) -> None:
        """Ticks do not depend on the start, which is one itself."""
        schedule = built(gocron.cron_job("*/5 * * * *"))
        start, now = instant("2020-01-01T00:01:30"), instant("2024-01-01T00:02")
        assert schedule.resume(start, now) == instant("2024-01-01T00:05")
        assert schedule.resume(start, instant("2024-01-01T00:05")) == instant("2024-01-01T00:05")
        assert schedule.resume(now, now) == now
        assert schedule.resume(now + 1, now) == now + 1

    @pytest.mark.parametrize("crontab", ["0 * * * *", "@every 1h"])
    def test_repeated_reading(self, crontab: str) -> None:
        """The second 01:00 is dropped here too, if the first one was a tick of this chain."""
        # America/New_York: 2024-11-03, from 02:00 (-04:00) back to 01:00 (-05:00)
        schedule = built(gocron.cron_job(crontab), "America/New_York")
        now = instant("2024-11-03T05:59")
        assert schedule.resume(instant("2024-11-01T04:00"), now) == instant("2024-11-03T07:00")
        assert schedule.resume(instant("2024-11-03T05:00"), now) == instant("2024-11-03T07:00")
        assert schedule.resume(instant("2024-11-03T05:00:00.9"), now) == instant("2024-11-03T07:00")

    def test_repeated_reading_that_is_the_first(self) -> None:
        """A chain that began in between has not seen it."""
        schedule = built(gocron.cron_job("0 * * * *"), "America/New_York")
        assert schedule.resume(instant("2024-11-03T05:30"), instant("2024-11-03T05:59")) == instant("2024-11-03T06:00")

    def test_repeated_reading_with_others_between(self) -> None:
        """Nothing is dropped."""
        schedule = built(gocron.cron_job("*/30 * * * *"), "America/New_York")
        assert schedule.resume(instant("2024-11-01T04:00"), instant("2024-11-03T05:59")) == instant("2024-11-03T06:00")

    def test_in_a_gap(self) -> None:
        """The reading that is put off is found from before and from after the change."""
        # America/New_York: 2024-03-10, from 02:00 (-05:00) to 03:00 (-04:00)
        schedule = built(gocron.cron_job("30 2 * * *"), "America/New_York", policy=RUN_AFTER)
        for now in "2024-03-10T06:59", "2024-03-10T07:01", "2024-03-10T07:30":
            assert schedule.resume(instant("2024-03-01"), instant(now)) == instant("2024-03-10T07:30")

    def test_is_fast(self) -> None:
        """A second since 1970 is stepped over, not through."""
        schedule = built(gocron.cron_job("* * * * * *", True), "Europe/Berlin")
        with within(0.005):
            assert schedule.resume(0, instant("2024-07-01T12:00:00.5")) == instant("2024-07-01T12:00:01")


class TestTheEnd:
    """The year 9999."""

    @pytest.mark.parametrize(
        "crontab", ["* * * * * *", "0 0 1 1 *", "0 0 29 2 *", "@every 1s", "@every 99999h", "0 0 13 * 5"]
    )
    @pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/New_York"])
    def test_ends(self, crontab: str, zone: str) -> None:
        """Near it, at it and after it there is a tick, or none, and no error."""
        schedule = built(gocron.cron_job(crontab, True), zone)
        for after in LAST - 366 * 86400 * SECOND, LAST - SECOND, LAST, LAST + 1, LAST + 10 * 86400 * SECOND:
            tick = schedule.next(after)
            assert tick is None or after < tick <= LAST
        assert schedule.next(LAST) is None
        assert schedule.resume(0, LAST + 1) is None

    def test_the_beginning(self) -> None:
        """The first days of the year 1 are no trouble either."""
        for zone in "UTC", "Pacific/Kiritimati", "America/New_York":
            start = instant("0001-01-01")
            schedule = built(gocron.cron_job("0 0 * * *"), zone)
            assert schedule.resume(start, instant("2024-01-01T12:00")) is not None

    def test_the_epoch(self) -> None:
        """The instant 0 is one like all others."""
        for crontab in "0 0 1 1 *", "@monthly", "@every 1h", "0 0 * * 4":
            assert built(gocron.cron_job(crontab), now="1969-12-31T23:00").next(instant("1969-12-31T23:00")) == 0
        assert cron("@yearly", "Europe/London", "1969-06-01", 1) == ["1970-01-01T00:00:00+01:00"]

    def test_no_next_run(self) -> None:
        """A crontab that has no tick left is refused."""
        with pytest.raises(gocron.ErrCronJobInvalid) as caught:
            built(gocron.cron_job("0 0 1 1 *"), now="9999-06-01")
        assert "there is no tick before the year 10000" in caught.value.__notes__


class Weekly:
    """A user's cron, by naive arithmetic."""

    def __init__(self, reading: str) -> None:
        self.reading = datetime.fromisoformat(reading)
        self.seen: list[tuple[str, tzinfo, datetime]] = []

    def is_valid(self, crontab: str, location: tzinfo, now: datetime) -> None:
        self.seen.append((crontab, location, now))

    def next(self, last_run: datetime) -> datetime | None:
        naive = last_run.replace(tzinfo=None)
        weeks = (naive - self.reading) // timedelta(weeks=1) + 1
        return self.reading + weeks * timedelta(weeks=1)


class Scripted:
    """A user's cron that says what it was told to."""

    def __init__(self, answer: object, verdict: object = None) -> None:
        self.answer, self.verdict = answer, verdict

    def is_valid(self, crontab: str, location: tzinfo, now: datetime) -> object:
        if isinstance(self.verdict, type):
            raise self.verdict
        return self.verdict

    def next(self, last_run: datetime) -> datetime | None:
        if isinstance(self.answer, type):
            raise self.answer
        return self.answer(last_run) if callable(self.answer) else self.answer  # type: ignore[return-value]


def with_cron(
    cron: object, policy: DaylightSavingsTimePolicy = DEFAULT, zone: str = "America/New_York"
) -> CronSchedule:
    setup = Setup(
        location=load_location(zone),
        now=instant("2024-03-01"),
        dst_policy=policy,
        cron=cron,  # type: ignore[arg-type]
    )
    schedule = gocron.cron_job("any text", False).build(setup)
    assert isinstance(schedule, CronSchedule)
    return schedule


class TestCustom:
    """Implementations of users, under with_cron_implementation."""

    def test_naive_times_are_in_the_location(self) -> None:
        """And the implementation gets aware ones in it."""
        implementation = Weekly("2024-01-07T09:00")
        schedule = with_cron(implementation)
        ((crontab, location, now),) = implementation.seen
        assert (crontab, str(location)) == ("any text", "America/New_York")
        assert now.isoformat() == "2024-02-29T19:00:00-05:00"
        assert schedule.next(instant("2024-03-06")) == instant("2024-03-10T13:00")

    @pytest.mark.parametrize(
        ("policy", "expected"),
        [(DEFAULT, "2024-03-17T06:30"), (SKIP, "2024-03-17T06:30"), (RUN_AFTER, "2024-03-10T07:30")],
    )
    def test_readings_in_a_gap(self, policy: DaylightSavingsTimePolicy, expected: str) -> None:
        """What does not exist is left out or put off, as with gocron's own."""
        # 2024-03-10, from 02:00 (-05:00) to 03:00 (-04:00)
        schedule = with_cron(Weekly("2024-01-07T02:30"), policy)
        assert schedule.next(instant("2024-03-06")) == instant(expected)

    def test_repeated_readings(self) -> None:
        """Are dropped."""
        schedule = with_cron(Scripted(lambda last: last + timedelta(0) + timedelta(hours=1)), zone="UTC")
        assert schedule.next(0) == 3600 * SECOND
        hourly = with_cron(Scripted(lambda last: last.astimezone(UTC) + timedelta(hours=1)))
        assert hourly.next(instant("2024-11-03T05:00")) == instant("2024-11-03T07:00")

    @pytest.mark.parametrize(
        "answer",
        [
            None,
            lambda last: last,
            lambda last: last - timedelta(days=1),
            datetime(2000, 1, 1, tzinfo=UTC),
            datetime(9999, 12, 31, 23, tzinfo=UTC),
        ],
    )
    def test_no_progress_is_the_end(self, answer: object) -> None:
        """A tick that is not later than the last one ends the schedule, where Go spins."""
        with pytest.raises(gocron.ErrCronJobInvalid):
            with_cron(Scripted(answer))

    @pytest.mark.parametrize("answer", [RuntimeError, "tomorrow", 5, OverflowError, timedelta(1)])
    def test_failures(self, answer: object) -> None:
        """Garbage and exceptions are one typed error, with the cause."""
        with pytest.raises(gocron.ErrCronJobInvalid, match="the Cron implementation failed") as caught:
            with_cron(Scripted(answer))
        assert caught.value.__cause__ is not None

    def test_verdicts(self) -> None:
        """is_valid refuses by raising; by returning an error or False, too."""
        answer = datetime(2025, 1, 1, tzinfo=UTC)
        with pytest.raises(ZeroDivisionError):
            with_cron(Scripted(answer, ZeroDivisionError))
        with pytest.raises(KeyError):
            with_cron(Scripted(answer, KeyError("as ported Go does")))
        with pytest.raises(gocron.ErrCronJobInvalid):
            with_cron(Scripted(answer, False))
        with_cron(Scripted(answer, True))

    def test_gocrons_own(self) -> None:
        """Given explicitly, gocron's own says whether there are seconds, and knows policies."""
        setup = Setup(
            load_location("America/New_York"), instant("2024-03-10"), RUN_AFTER, gocron.new_default_cron(True)
        )
        schedule = gocron.cron_job("5 30 2 * * *", False).build(setup)
        assert schedule.next(setup.now) == instant("2024-03-10T07:30:05")


class TestDefaultCron:
    """gocron's own cron without a scheduler."""

    def test_next(self) -> None:
        """In the zone of what is given, or of the crontab where that has none."""
        cron = gocron.new_default_cron(False)
        cron.is_valid("30 9 * * *", load_location("America/New_York"), datetime(2024, 6, 1, tzinfo=UTC))
        assert str(cron.next(datetime(2024, 6, 1, 12, tzinfo=UTC))) == "2024-06-01 13:30:00+00:00"
        naive = cron.next(datetime.fromisoformat("2024-06-01T12:00"))
        assert str(naive) == "2024-06-02 09:30:00-04:00"

    def test_names_of_zones(self) -> None:
        """A location may be given by name."""
        cron = gocron.new_default_cron(False)
        cron.is_valid("30 9 * * *", "Asia/Tokyo", datetime(2024, 6, 1, tzinfo=UTC))  # type: ignore[arg-type]
        assert str(cron.next(datetime(2024, 6, 1, 12, tzinfo=UTC))) == "2024-06-02 00:30:00+00:00"

    def test_errors(self) -> None:
        """Wrong crontabs, no crontab, wrong kinds."""
        cron = gocron.new_default_cron(False)
        now, location = datetime(2024, 6, 1, tzinfo=UTC), load_location("UTC")
        with pytest.raises(gocron.ErrCronJobInvalid, match="is_valid comes first"):
            cron.next(now)
        with pytest.raises(gocron.ErrCronJobParse, match="found 6"):
            cron.is_valid("0 0 0 * * *", location, now)
        with pytest.raises(gocron.ErrCronJobInvalid):
            cron.is_valid("0 0 30 2 *", location, now)
        for wrong in (None, location, now), ("* * * * *", None, now), ("* * * * *", location, None):
            with pytest.raises(gocron.ErrInvalidArgument):
                cron.is_valid(*wrong)

    def test_is_a_cron(self) -> None:
        """So are users' classes with the same methods."""
        assert isinstance(gocron.new_default_cron(True), gocron.Cron)
        assert isinstance(Weekly("2024-01-01"), gocron.Cron)
        assert not isinstance(object(), gocron.Cron)


def test_threads() -> None:
    """Many threads ask one schedule at the same time."""
    schedule = built(gocron.cron_job("*/7 3-20 * * 1-5"), "Europe/Berlin")
    starts = [instant("2024-01-01") + number * 977_000_000_000 for number in range(300)]
    expected = [schedule.next(start) for start in starts]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert expected == list(pool.map(schedule.next, starts))


def test_descriptions() -> None:
    """The crontab comes back as it was given."""
    assert built(gocron.cron_job(" TZ=UTC  @daily ".strip())).describe() == gocron.CronJobSchedule("TZ=UTC  @daily")  # type: ignore[attr-defined]
    assert isinstance(search_for("@every 1s", False, UTC), EverySearch)


@pytest.mark.parametrize(
    "crontab", ["* * * * *", "*/5 * * * *", "30 9 * * 1-5", "0 12 13 * 5", "0 0 1 * *", "0 0 29 2 *"]
)
def test_cost(crontab: str) -> None:
    """No tick costs more than a few milliseconds, most of them a few dozen microseconds."""
    schedule = built(gocron.cron_job(crontab), "Europe/Berlin")
    tick: int | None = instant("2024-01-01")
    for _ in range(200):
        assert tick is not None
        with within(0.1):
            tick = schedule.next(tick)
