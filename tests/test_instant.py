"""Naive datetimes in zones of every kind, and zones that do not tell their offset."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import DAILY, rrule

import gocron_py as gocron
from gocron_py.instant import datetime_of, instant_of
from gocron_py.testing import FakeClock

HOUR = timedelta(hours=1)
NOW = datetime(2024, 6, 15, 12, tzinfo=UTC)


class LikePytz(tzinfo):
    """As pytz's zones: what is not localized has the offset of the zone's first years; fromutc() localizes."""

    def __init__(self, key: str, offset: timedelta | None = None) -> None:
        self._zone = ZoneInfo(key)
        self._offset = datetime(1880, 1, 1, tzinfo=self._zone).utcoffset() if offset is None else offset

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return self._offset

    def dst(self, moment: datetime | None) -> timedelta:
        return timedelta(0)

    def fromutc(self, moment: datetime) -> datetime:
        offset = moment.replace(tzinfo=UTC).astimezone(self._zone).utcoffset()
        assert offset is not None
        return (moment + offset).replace(tzinfo=LikePytz(self._zone.key, offset))


# Readings at and around changes of clocks: ahead and back, of an hour, of half an hour, of a day.
READINGS = [
    ("Europe/Berlin", "2024-03-31T02:30"),
    ("Europe/Berlin", "2024-10-27T02:30"),
    ("America/New_York", "2024-03-10T02:30"),
    ("America/New_York", "2024-11-03T01:30"),
    ("Australia/Lord_Howe", "2024-10-06T02:15"),
    ("Australia/Lord_Howe", "2024-04-07T01:45"),
    ("Pacific/Apia", "2011-12-30T12:00"),
    ("America/Anchorage", "1867-10-18T12:00"),
]


@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize("zone", [ZoneInfo, LikePytz])
@pytest.mark.parametrize(("key", "text"), READINGS)
def test_readings(key: str, text: str, zone: Callable[[str], tzinfo], fold: int) -> None:
    """A naive datetime is what zoneinfo says, gap and repeated hour too, in a zone like pytz's as well."""
    around = datetime.fromisoformat(text).replace(fold=fold)
    for minutes in range(-36 * 60, 36 * 60, 15):
        reading = (around + timedelta(minutes=minutes)).replace(fold=fold)
        expected = instant_of(reading.replace(tzinfo=ZoneInfo(key)), UTC)
        assert expected == instant_of(reading, zone(key)), reading


@pytest.mark.parametrize("hours", [-23, 23])
def test_the_ends_of_time(hours: int) -> None:
    """Readings that no year from 1 to 9999 has in UTC are refused."""
    zone = timezone(timedelta(hours=hours))
    ends = [datetime.fromisoformat(text) for text in ("0001-01-01T00:00", "9999-12-31T23:59")]
    usable, outside = ends if hours < 0 else reversed(ends)
    with pytest.raises(gocron.ErrInvalidArgument, match="outside the years 1 to 9999"):
        instant_of(outside, zone)
    assert usable.replace(tzinfo=UTC) - timedelta(hours=hours) == datetime_of(instant_of(usable, zone), UTC)


def test_a_start_under_a_zone_like_pytz() -> None:
    """with_start_date_time says 20:00, so it is 20:00."""
    with gocron.new_scheduler(
        gocron.with_clock(FakeClock(NOW)), gocron.with_location(LikePytz("Europe/Berlin"))
    ) as scheduler:
        job = scheduler.new_job(
            gocron.duration_job(HOUR),
            gocron.new_task(print),
            gocron.with_start_at(gocron.with_start_date_time(datetime(2024, 6, 15, 20))),  # noqa: DTZ001
        )
        assert "2024-06-15 20:00:00+02:00" == str(job.next_run())


class Naive:
    """A cron implementation with naive answers."""

    def is_valid(self, crontab: str, location: tzinfo, now: datetime) -> None: ...

    def next(self, last_run: datetime) -> datetime:
        return last_run.replace(tzinfo=None) + HOUR


def test_a_cron_implementation_under_a_zone_like_pytz() -> None:
    """Its naive answers exist."""
    with gocron.new_scheduler(
        gocron.with_clock(FakeClock(NOW)), gocron.with_location(LikePytz("Europe/Berlin"))
    ) as scheduler:
        options = [gocron.with_cron_implementation(Naive())]
        job = scheduler.new_job(gocron.cron_job("hourly"), gocron.new_task(print), *options)
        assert [15, 16, 17] == [moment.hour for moment in job.next_runs(3)]


class Broken(tzinfo):
    """A zone that raises *error*, or has no offset."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        if self.error is not None:
            raise self.error
        return None

    def dst(self, moment: datetime | None) -> timedelta | None:
        return None

    def tzname(self, moment: datetime | None) -> str:
        return "Broken"


@pytest.mark.parametrize("error", [None, ValueError("no"), TypeError("no"), KeyError("no"), NotImplementedError()])
@pytest.mark.parametrize(
    "call",
    [
        gocron.with_location,
        lambda zone: gocron.with_start_date_time(NOW.replace(tzinfo=zone)),
        lambda zone: gocron.with_start_date_time_past(NOW.replace(tzinfo=zone)),
        lambda zone: gocron.with_stop_date_time(NOW.replace(tzinfo=zone)),
        lambda zone: gocron.one_time_job_start_date_time(NOW.replace(tzinfo=zone)),
        lambda zone: gocron.one_time_job_start_date_times(NOW, NOW.replace(tzinfo=zone)),
        lambda zone: gocron.new_default_cron(False).is_valid("* * * * *", zone, NOW),
        lambda zone: gocron.new_scheduler().new_job(
            gocron.rrule_job(rrule(DAILY, NOW.replace(tzinfo=zone))), gocron.new_task(print)
        ),
    ],
)
def test_zones_that_fail(call: Any, error: Exception | None) -> None:
    """Refused by the call that brings them, which says what is wrong with which."""
    with pytest.raises(gocron.ErrInvalidArgument, match="the time zone, a Broken, does not tell its offset") as caught:
        call(Broken(error))
    assert error is None or error is caught.value.__cause__


class BrokenLater(Broken):
    """One that knows the past only."""

    def fromutc(self, moment: datetime) -> datetime:
        if moment.year > 2025:
            raise ValueError("unknown")
        return moment

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(0)


@pytest.mark.parametrize(
    "definition",
    [
        gocron.cron_job("0 0 1 1 *"),
        gocron.monthly_job(24, [1], [gocron.new_at_time(1, 2, 3)]),
        gocron.rrule_job("FREQ=YEARLY;INTERVAL=5"),
    ],
)
def test_a_zone_that_fails_later(definition: gocron.JobDefinition) -> None:
    """What a schedule hears of it is the same error."""
    zone = BrokenLater(None)
    scheduler = gocron.new_scheduler(gocron.with_clock(FakeClock(NOW.replace(year=2025))), gocron.with_location(zone))
    with pytest.raises(gocron.ErrInvalidArgument, match="the time zone, a BrokenLater, does not tell its offset"):
        scheduler.new_job(definition, gocron.new_task(print))
