"""iCalendar recurrences: dateutil's answers, at a constant price."""

from __future__ import annotations

import warnings
from datetime import datetime
from itertools import islice

import pytest
from dateutil.rrule import DAILY, FR, HOURLY, MINUTELY, MO, MONTHLY, SECONDLY, TU, WEEKLY, YEARLY, rrule, rruleset
from dateutil.tz import gettz
from schedule_tools import RUN_AFTER, SKIP, built, instant, shown, ticks, within

import gocron_py as gocron
from gocron_py.instant import LAST
from gocron_py.schedules.recurrence import MOST_EXCLUDED

START = datetime.fromisoformat("2019-01-31T10:20:30")

RULES = [
    rrule(YEARLY, START),
    rrule(YEARLY, datetime.fromisoformat("2020-02-29T10:20:30")),
    rrule(YEARLY, START, interval=3, bymonth=(2, 11), byweekday=(MO, FR)),
    rrule(YEARLY, START, byweekno=(1, 53), byweekday=MO),
    rrule(YEARLY, START, byyearday=(1, 100, -1)),
    rrule(YEARLY, START, byeaster=0),
    rrule(YEARLY, START, byweekday=MO(20)),
    rrule(MONTHLY, START),
    rrule(MONTHLY, START, interval=7, bymonthday=(-1, 13)),
    rrule(MONTHLY, START, byweekday=(TU(2), FR(-1))),
    rrule(MONTHLY, START, byweekday=(MO, TU, FR), bysetpos=-1, byhour=(9, 17)),
    rrule(WEEKLY, START),
    rrule(WEEKLY, START, interval=3, byweekday=(MO, FR)),
    rrule(WEEKLY, START, interval=2, wkst=FR, byweekday=(MO, TU, FR), bysetpos=(1, -1)),
    rrule(DAILY, START, interval=11),
    rrule(DAILY, START, bymonth=3, byhour=(2, 14), byminute=(0, 30), bysecond=0),
    rrule(HOURLY, START, interval=5),
    rrule(HOURLY, START, interval=5, byhour=(3, 8, 9)),
    rrule(HOURLY, START, byminute=(5, 6), byweekday=TU),
    rrule(MINUTELY, START, interval=77),
    rrule(MINUTELY, START, interval=30, byhour=(5, 6)),
    rrule(SECONDLY, START, interval=12345),
    rrule(SECONDLY, START, interval=7, byminute=(1, 2)),
    rrule(HOURLY, START, bymonthday=-1),
    rrule(HOURLY, START, byhour=(3, 8, 9), until=datetime.fromisoformat("2019-02-12T08:20:30")),
    rrule(HOURLY, START, byhour=(3, 8, 9), byminute=(5, 50), bysetpos=-1),
    rrule(MINUTELY, START, byweekno=20, byweekday=(MO(2), TU), bysecond=(7, 59)),
    rrule(MINUTELY, START, byhour=10, count=90),
    rrule(SECONDLY, START),
    rrule(SECONDLY, START, byhour=(23, 0), byminute=(59, 0)),
    rrule(MINUTELY, START, byyearday=(1, -1), byhour=10),
    rrule(DAILY, START, count=60),
    rrule(MONTHLY, START, until=datetime.fromisoformat("2021-06-30T23:59")),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule).partition("RRULE:")[2])
def test_as_dateutil(rule: rrule) -> None:
    """In a zone without changes the ticks are dateutil's own, from whatever moment they are asked."""
    schedule = built(gocron.rrule_job(rule), "UTC", "2019-01-01")
    expected = [instant(moment.isoformat()) for moment in islice(rule, 400)]
    actual: list[int] = []
    tick = schedule.next(instant("2019-01-01"))
    while tick is not None and len(actual) < len(expected):
        actual.append(tick)
        tick = schedule.next(tick)
    assert expected == actual
    assert schedule.resume(instant("1970-01-01"), expected[-1]) == expected[-1]


def test_late_ticks_cost_what_early_ones_do() -> None:
    """A rule by the second that began in 1970 is not gone through."""
    schedule = built(gocron.rrule_job("DTSTART:19700101T000000\nRRULE:FREQ=SECONDLY;INTERVAL=7"), "Europe/Berlin")
    with within(0.01):
        tick = schedule.next(instant("2024-06-01T12:00"))
    assert tick is not None
    assert tick - instant("2024-06-01T12:00") <= 7_000_000


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            "SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3;BYMINUTE=4;BYSECOND=5",
            ["2028-02-29T03:04:05", "2032-02-29T03:04:05"],
        ),
        (
            "SECONDLY;BYMONTH=1;BYMONTHDAY=1;BYHOUR=3;BYMINUTE=4;BYSECOND=5",
            ["2025-01-01T03:04:05", "2026-01-01T03:04:05"],
        ),
        ("SECONDLY;BYMONTH=1;BYHOUR=3;COUNT=10000", ["2025-01-01T03:00:00", "2025-01-01T03:00:01"]),
        ("MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3;BYMINUTE=4", ["2028-02-29T03:04:00", "2032-02-29T03:04:00"]),
        (
            "MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU;BYHOUR=3,4;BYMINUTE=0",
            ["2028-02-29T03:00:00", "2028-02-29T04:00:00"],
        ),
        ("HOURLY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3", ["2028-02-29T03:00:00", "2032-02-29T03:00:00"]),
    ],
)
def test_rare_days(rule: str, expected: list[str]) -> None:
    """Times of rare days, by the hour, minute or second, are found at once: the executor's thread waits for them."""
    with within(0.1):
        schedule = built(gocron.rrule_job(f"FREQ={rule}"), "UTC", "2024-03-01")
    start = instant("2024-03-01")
    with within(0.1):
        first = schedule.next(start)
    assert first is not None
    with within(0.1):
        second = schedule.next(first)
    assert second is not None
    assert [f"{each}+00:00" for each in expected] == [shown(first, "UTC"), shown(second, "UTC")]


class TestChangesOfClocks:
    """America/New_York: 2024-03-10, 02:00 to 03:00; 2024-11-03, 02:00 back to 01:00."""

    ZONE = "America/New_York"
    RULE = "FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0"

    def test_gap(self) -> None:
        """By default after the change, as RFC 5545 says."""
        expected = ["2024-03-09T02:30:00-05:00", "2024-03-10T03:30:00-04:00", "2024-03-11T02:30:00-04:00"]
        assert ticks(gocron.rrule_job(self.RULE), self.ZONE, "2024-03-09", 3) == expected
        assert ticks(gocron.rrule_job(self.RULE), self.ZONE, "2024-03-09", 3, RUN_AFTER) == expected

    def test_gap_is_skipped(self) -> None:
        """By the policy."""
        assert ticks(gocron.rrule_job(self.RULE), self.ZONE, "2024-03-09", 2, SKIP) == [
            "2024-03-09T02:30:00-05:00",
            "2024-03-11T02:30:00-04:00",
        ]

    def test_readings_that_meet(self) -> None:
        """Two readings for one instant are one tick, and none is lost."""
        rule = "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30;BYSECOND=0"
        assert ticks(gocron.rrule_job(rule), self.ZONE, "2024-03-10", 3) == [
            "2024-03-10T03:00:00-04:00",
            "2024-03-10T03:30:00-04:00",
            "2024-03-11T02:00:00-04:00",
        ]

    def test_ascending(self) -> None:
        """A reading that is put off does not hide those that it overtakes."""
        rule = "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=45,15;BYSECOND=0"
        times = ticks(gocron.rrule_job(rule), self.ZONE, "2024-03-10", 2)
        assert times == ["2024-03-10T03:15:00-04:00", "2024-03-10T03:45:00-04:00"]

    def test_repeated_hour(self) -> None:
        """The first of two is meant."""
        rule = "FREQ=DAILY;BYHOUR=1;BYMINUTE=30;BYSECOND=0"
        assert ticks(gocron.rrule_job(rule), self.ZONE, "2024-11-03", 2) == [
            "2024-11-03T01:30:00-04:00",
            "2024-11-04T01:30:00-05:00",
        ]

    def test_zone_of_the_rule(self) -> None:
        """A rule with a zone is read there."""
        text = "DTSTART;TZID=Europe/Berlin:20240330T023000\nRRULE:FREQ=DAILY;UNTIL=20240402T000000Z"
        # Europe/Berlin: 2024-03-31, from 02:00 to 03:00
        assert ticks(gocron.rrule_job(text), "UTC", "2024-03-30", 9) == [
            "2024-03-30T01:30:00+00:00",
            "2024-03-31T01:30:00+00:00",
            "2024-04-01T00:30:00+00:00",
        ]
        rule = rrule(DAILY, datetime(2024, 3, 30, 2, 30, tzinfo=gettz("Europe/Berlin")))
        assert ticks(gocron.rrule_job(rule), "UTC", "2024-03-30", 2) == [
            "2024-03-30T01:30:00+00:00",
            "2024-03-31T01:30:00+00:00",
        ]


class TestTexts:
    """RFC 5545 strings."""

    def test_without_a_start(self) -> None:
        """A recurrence starts when the job is made, on whole seconds."""
        assert ticks(gocron.rrule_job("FREQ=WEEKLY;COUNT=3"), "UTC", "2024-06-03T12:34:56.7", 9) == [
            "2024-06-10T12:34:56+00:00",
            "2024-06-17T12:34:56+00:00",
        ]

    @pytest.mark.parametrize("until", ["20240105T000000Z", "20240105T000000", "20240105"])
    def test_until(self, until: str) -> None:
        """With a zone or without one."""
        assert len(ticks(gocron.rrule_job(f"RRULE:FREQ=DAILY;UNTIL={until}"), "UTC", "2024-01-01", 9)) == 4

    def test_sets(self) -> None:
        """RDATE, EXRULE and EXDATE are observed."""
        text = (
            "DTSTART:20240101T090000\nRRULE:FREQ=DAILY;COUNT=6\nRDATE:20240120T120000\n"
            "EXRULE:FREQ=DAILY;INTERVAL=2\nEXDATE:20240104T090000"
        )
        assert ticks(gocron.rrule_job(text), "UTC", "2024-01-01", 9) == [
            "2024-01-02T09:00:00+00:00",
            "2024-01-06T09:00:00+00:00",
            "2024-01-20T12:00:00+00:00",
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "junk",
            "FREQ=OFTEN",
            "INTERVAL=2",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;INTERVAL=-1",
            "FREQ=DAILY;INTERVAL=x",
            "FREQ=DAILY;BYHOUR=24",
            "FREQ=DAILY;COUNT=0",
            "FREQ=DAILY;COUNT=-3",
            "FREQ=DAILY;COUNT=10001",
            "FREQ=DAILY;BYDAY=",
            "FREQ=DAILY;BYDAY=XX",
            "FREQ=DAILY;UNTIL=yesterday",
            "FREQ=DAILY;FOO=1",
            "RRULE:FREQ=DAILY:1",
            "DTSTART:20240101T000000",
            "DTSTART:nonsense\nRRULE:FREQ=DAILY",
            "DTSTART:20240101T000000\nRRULE:FREQ=DAILY;UNTIL=20250101T000000Z",
            "DTSTART;TZID=Europe/Nowhere:20240101T000000\nRRULE:FREQ=DAILY",
            "DTSTART;TZID=/etc/passwd:20240101T000000\nRRULE:FREQ=DAILY",
            "DTSTART;TZID=../../etc/passwd:20240101T000000\nRRULE:FREQ=DAILY",
            "BEGIN:VEVENT",
            "FREQ=DAILY;" * 5000,
            "x" * 100_000,
        ],
        ids=lambda text: text[:40],
    )
    def test_refused(self, text: str) -> None:
        """One clear and short error for what is no recurrence."""
        with within(0.5), pytest.raises(gocron.ErrInvalidArgument) as caught:
            built(gocron.rrule_job(text))
        assert 30 < len(str(caught.value)) < 500

    @pytest.mark.parametrize("frequency", ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"])
    @pytest.mark.parametrize("by", ["BYMONTH=2;BYMONTHDAY=30", "BYMONTHDAY=31;BYMONTH=4,6", "BYYEARDAY=1;BYMONTH=2"])
    def test_impossible(self, frequency: str, by: str) -> None:
        """What never happens is refused soon."""
        with within(0.5), pytest.raises(gocron.ErrNoNextRun):
            built(gocron.rrule_job(f"FREQ={frequency};{by}"))

    @pytest.mark.parametrize("count", ["", ";COUNT=10000"])
    def test_too_slow(self, count: str) -> None:
        """So is what dateutil takes too long to find."""
        with within(3), pytest.raises((gocron.ErrNoNextRun, gocron.ErrInvalidArgument)):
            built(gocron.rrule_job(f"FREQ=SECONDLY;INTERVAL=7;BYMONTH=1;BYHOUR=3{count}"), now="2024-06-01")


class TestObjects:
    """dateutil's own objects."""

    def test_a_set(self) -> None:
        """Its parts are taken when the job is made."""
        rules = rruleset()
        rules.rrule(rrule(DAILY, datetime.fromisoformat("2024-01-01T09:00"), count=3))
        rules.rdate(datetime.fromisoformat("2024-01-02T12:00"))
        rules.exdate(datetime.fromisoformat("2024-01-02T09:00"))
        schedule = built(gocron.rrule_job(rules))
        rules.rdate(datetime.fromisoformat("2024-01-01T10:00"))
        assert [shown(tick, "UTC")[8:16] for tick in _all(schedule, instant("2024-01-01"))] == [
            "01T09:00",
            "02T12:00",
            "03T09:00",
        ]

    def test_caches_are_left_alone(self) -> None:
        """A rule that its owner uses too."""
        rule = rrule(DAILY, START, cache=True, count=10)
        schedule = built(gocron.rrule_job(rule), now="2019-01-01")
        assert [instant(moment.isoformat()) for moment in rule] == list(_all(schedule, 0))
        assert rule.count() == 10

    def test_everything_is_excluded(self) -> None:
        """The search ends."""
        rules = rruleset()
        rules.rrule(rrule(DAILY, START))
        rules.exrule(rrule(DAILY, START))
        with pytest.raises(gocron.ErrNoNextRun):
            built(gocron.rrule_job(rules))
        assert MOST_EXCLUDED >= 366

    def test_descriptions(self) -> None:
        """A text stays as it is, an object is written as one."""
        text = "FREQ=DAILY;COUNT=3"
        assert built(gocron.rrule_job(text)).describe() == gocron.RRuleJobSchedule(text)  # type: ignore[attr-defined]
        rules = rruleset()
        rules.rrule(rrule(DAILY, datetime.fromisoformat("2024-01-01T09:00"), interval=2))
        rules.rdate(datetime.fromisoformat("2024-01-02T12:00"))
        rules.exrule(rrule(YEARLY, datetime.fromisoformat("2024-01-01T09:00")))
        rules.exdate(datetime.fromisoformat("2024-01-03T09:00"))
        described = built(gocron.rrule_job(rules)).describe().rule  # type: ignore[attr-defined]
        assert "RRULE:FREQ=DAILY;INTERVAL=2" in described
        assert "EXRULE:FREQ=YEARLY" in described
        assert "RDATE:20240102T120000" in described
        assert "EXDATE:20240103T090000" in described


def test_the_end() -> None:
    """The year 9999."""
    for rule in "FREQ=YEARLY", "FREQ=MONTHLY", "FREQ=WEEKLY", "FREQ=DAILY", "FREQ=HOURLY", "FREQ=SECONDLY":
        schedule = built(gocron.rrule_job(rule))
        for after in LAST - 1, LAST, LAST + 1:
            assert schedule.next(after) is None


def test_no_warnings() -> None:
    """COUNT becomes UNTIL without dateutil's warning about both."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schedule = built(gocron.rrule_job(rrule(DAILY, START, count=5)), now="2019-01-01")
        assert len(list(_all(schedule, 0))) == 5


def test_the_clock_of_a_recurrence() -> None:
    """It is read off the wall."""
    assert not built(gocron.rrule_job("FREQ=HOURLY")).elapsed


def _all(schedule: object, tick: int | None) -> list[int]:
    found = []
    while (tick := schedule.next(tick)) is not None:  # type: ignore[attr-defined]
        found.append(tick)
    return found
