"""Readings of wall clocks become instants as in Go; names of zones never lead out of the database."""

from __future__ import annotations

import os
import struct
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, available_timezones

import pytest
from dateutil import tz
from schedule_tools import DEFAULT, RUN_AFTER, SKIP, instant, shown

import gocron_py as gocron
from gocron_py.instant import FIRST, LAST, SECOND, Instant, Micros, datetime_of
from gocron_py.schedules.wall_time import (
    DAY,
    Weekday,
    change_between,
    date_of,
    go_date,
    instant_at,
    is_steady,
    load_location,
    local_location,
    offset_at,
    steady_offset,
    wall_at,
    wall_of,
)

HOUR = 3600 * SECOND

# Zone, reading, what Go's time.Date gives. From the table in Go's recorded conformance data.
GO_DATES = [
    # Clocks go from 02:00 to 03:00; an hour before the change.
    ("America/New_York", "2024-03-10T02:30", "2024-03-10T01:30:00-05:00"),
    ("America/St_Johns", "2024-03-10T02:30", "2024-03-10T01:30:00-03:30"),
    # From 00:00 to 01:00: the day before.
    ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-03T23:00:00-03:00"),
    # East of Greenwich after the change.
    ("Europe/London", "2024-03-31T01:30", "2024-03-31T02:30:00+01:00"),
    ("Europe/Berlin", "2024-03-31T02:30", "2024-03-31T03:30:00+02:00"),
    # By half an hour, by two hours.
    ("Australia/Lord_Howe", "2024-10-06T02:15", "2024-10-06T02:45:00+11:00"),
    ("Antarctica/Troll", "2024-03-31T02:30", "2024-03-31T04:30:00+02:00"),
    ("Africa/Cairo", "2024-04-26T00:30", "2024-04-26T01:30:00+03:00"),
    ("Asia/Tehran", "2022-03-22T00:30", "2022-03-22T01:30:00+04:30"),
    # Readings that come twice: the first in the west, the second in the east.
    ("America/New_York", "2024-11-03T01:30", "2024-11-03T01:30:00-04:00"),
    ("Europe/London", "2024-10-27T01:30", "2024-10-27T01:30:00+00:00"),
    ("Europe/Berlin", "2024-10-27T02:30", "2024-10-27T02:30:00+01:00"),
    ("Australia/Lord_Howe", "2024-04-07T01:45", "2024-04-07T01:45:00+10:30"),
]


@pytest.mark.parametrize(("zone", "reading", "expected"), GO_DATES)
def test_go_date(zone: str, reading: str, expected: str) -> None:
    """Go's own choice of an instant, gap or not."""
    actual = go_date(wall_of(datetime.fromisoformat(reading)), load_location(zone))
    assert expected == shown(actual, zone)


# Zone, reading in a gap, the instant after the change.
GAPS = [
    ("America/New_York", "2024-03-10T02:00", "2024-03-10T03:00:00-04:00"),
    ("America/New_York", "2024-03-10T02:59:59", "2024-03-10T03:59:59-04:00"),
    ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T01:00:00-02:00"),
    ("Europe/Berlin", "2024-03-31T02:30", "2024-03-31T03:30:00+02:00"),
    ("Australia/Lord_Howe", "2024-10-06T02:15", "2024-10-06T02:45:00+11:00"),
    ("Antarctica/Troll", "2024-03-31T02:30", "2024-03-31T04:30:00+02:00"),
    # From 23:00 to midnight: the next day.
    ("America/Nuuk", "2024-03-30T23:30", "2024-03-31T00:30:00-01:00"),
    # There was no 30 December 2011 in Samoa.
    ("Pacific/Apia", "2011-12-30T15:00", "2011-12-31T15:00:00+14:00"),
]


@pytest.mark.parametrize(("zone", "reading", "expected"), GAPS)
def test_gaps(zone: str, reading: str, expected: str) -> None:
    """In a gap the policies differ, and none of them knows east and west."""
    wall, location = wall_of(datetime.fromisoformat(reading)), load_location(zone)
    assert instant_at(wall, location, SKIP) is None
    for policy in DEFAULT, RUN_AFTER:
        after = instant_at(wall, location, policy)
        assert after is not None
        assert expected == shown(after, zone)


@pytest.mark.parametrize("zone", [tz.gettz("America/New_York"), timezone(timedelta(hours=-5)), UTC, tz.tzlocal()])
def test_other_kinds_of_zones(zone: tzinfo) -> None:
    """Any tzinfo serves: readings and instants go back and forth."""
    noon = wall_of(datetime.fromisoformat("2024-06-01T12"))
    for policy in DEFAULT, SKIP, RUN_AFTER:
        moment = instant_at(noon, zone, policy)
        assert moment is not None
        assert noon == wall_at(moment, zone)


def test_gaps_in_a_zone_of_dateutil() -> None:
    """Gaps are found by offsets at instants alone."""
    zone = tz.gettz("America/New_York")
    assert zone is not None
    after = instant_at(wall_of(datetime.fromisoformat("2024-03-10T02:30")), zone, DEFAULT)
    assert instant("2024-03-10T07:30") == after


def test_the_ends_of_time() -> None:
    """Beyond what datetimes can say the nearest offset holds, and nothing overflows."""
    berlin = load_location("Europe/Berlin")
    assert offset_at(LAST, berlin) == offset_at(LAST + 10**30, berlin)
    assert offset_at(FIRST, berlin) == offset_at(FIRST - 10**30, berlin)
    assert date_of(10**30).isoformat() == "9999-12-31"
    assert date_of(-(10**30)).isoformat() == "0001-01-01"
    assert wall_at(LAST, load_location("Pacific/Kiritimati")) == LAST + 14 * HOUR
    assert date_of(wall_at(FIRST, load_location("America/Anchorage"))).year == 1


def test_steadiness() -> None:
    """Whether clocks are changed in between, for readings and for instants."""
    # 2024-03-31 02:00 to 03:00, 2024-10-27 03:00 to 02:00
    berlin = load_location("Europe/Berlin")
    change = instant("2024-03-31T01:00")
    march = wall_of(datetime.fromisoformat("2024-03-31"))
    assert steady_offset(march, march + DAY, berlin) is None
    assert steady_offset(march - 3 * DAY, march - 2 * DAY, berlin) == HOUR
    assert is_steady(change, change + 100 * DAY, berlin)
    assert not is_steady(change - 1, change, berlin)
    assert not is_steady(change - 10 * DAY, change + 365 * DAY, berlin)
    assert is_steady(change - 10 * DAY, change + 365 * DAY, UTC)
    assert change == change_between(change - 40 * DAY, change + 40 * DAY, berlin)


def test_ramadan_is_not_overlooked() -> None:
    """Morocco puts its clocks back for a month a year, and then forward again."""
    # 2025-02-23 03:00 to 02:00, 2025-04-06 02:00 to 03:00
    assert not is_steady(instant("2025-02-20"), instant("2025-04-10"), load_location("Africa/Casablanca"))


def test_no_zone_changes_its_clocks_and_back_unseen() -> None:
    """Freetown did within four days, in 1939; a cached offset, and a look for changes, go by three."""
    shortest = {}
    for name in available_timezones():
        changes = real_changes(name)
        back = [(at, later) for at, before, _ in changes for later, _, after in changes if after == before]
        if apart := [later - at for at, later in back if later > at]:
            shortest[name] = min(apart)
    assert len(shortest) > 300
    assert min(shortest.values()) == shortest["Africa/Freetown"] > 3 * DAY


@pytest.mark.parametrize(
    "name", ["Africa/Freetown", "Africa/Casablanca", "America/Noronha", "Asia/Gaza", "Europe/Berlin"]
)
def test_offsets_are_the_zone_s_own(name: str) -> None:
    """Before and after each change on record, and a second beside it."""
    zone = ZoneInfo(name)
    changes = real_changes(name)
    assert len(changes) > 10
    for at, _, after in changes:
        assert offset_at(at, zone) == after
        for asked in (at - DAY, at - 1, at + 1, at + DAY):
            own = datetime_of(asked, zone).utcoffset()
            assert own is not None
            assert offset_at(asked, zone) == own // timedelta(microseconds=1)


def real_changes(name: str) -> list[tuple[Instant, Micros, Micros]]:
    """When a zone's offset changed, from what, to what; as far as its file lists them (RFC 8536)."""
    data = next(path for root in TZPATH if (path := Path(root) / name).is_file()).read_bytes()
    counts = struct.unpack_from(">6l", data, 20)
    # The first part is for those who read 32 bits.
    data = data[44 + counts[3] * 5 + counts[4] * 6 + counts[5] + counts[2] * 8 + counts[1] + counts[0] :]
    _, _, _, times, kinds, _ = struct.unpack_from(">6l", data, 20)
    moments = struct.unpack_from(f">{times}q", data, 44)
    kind_of = data[44 + 8 * times : 44 + 9 * times]
    offsets = [struct.unpack_from(">l", data, 44 + 9 * times + 6 * kind)[0] * SECOND for kind in range(kinds)]
    shown = [offsets[0], *(offsets[kind] for kind in kind_of)]
    steps = zip(moments, shown, shown[1:], strict=False)
    return [(at * SECOND, before, after) for at, before, after in steps if before != after]


NO_ZONES = [
    "",
    "Europe/Nowhere",
    "Europe",
    "europe/berlin",
    "EUROPE/BERLIN",
    "Europe/Berlin ",
    " Europe/Berlin",
    "Europe/Berlin/",
    "Europe//Berlin",
    "../../etc/passwd",
    "Europe/../Europe/Berlin",
    "./Europe/Berlin",
    "..",
    ".",
    "/",
    "/etc/localtime",
    "/usr/share/zoneinfo/Europe/Berlin",
    "\\\\host\\share",
    "C:\\Windows",
    "\0",
    "Europe/Berlin\0",
    "Europe/Berlin\n",
    "tzdata.zi",
    "zone.tab",
    "__init__.py",
    "__pycache__",
    "x" * 5000,
    "Europe/" * 700,
    "\ud800",
    "Евро́па/Берли́н",
    "EST5EDT4,M3.2.0,M11.1.0",
    "UTC+3",
    "Local",
]


@pytest.mark.parametrize("name", NO_ZONES, ids=lambda name: ascii(name)[:40])
def test_no_zones(name: str) -> None:
    """Whatever is wrong with a name, there is one clear error, which is a ValueError too."""
    with pytest.raises(gocron.ErrWithLocationUnknown, match="unknown time zone") as caught:
        load_location(name)
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", [None, 5, b"UTC", UTC])
def test_no_names(name: object) -> None:
    """Only strings are names."""
    with pytest.raises(gocron.ErrInvalidArgument):
        load_location(name)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_zones(name: str) -> None:
    """Names of the database are found."""
    assert name == load_location(name).key


@pytest.mark.parametrize("text", ["Asia/Tokyo", ":Asia/Tokyo"])
def test_local_location_by_environment(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """TZ names the machine's zone."""
    monkeypatch.setenv("TZ", text)
    assert str(local_location()) == "Asia/Tokyo"


def test_local_location_by_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TZ the system's link into the database counts, and without that what C knows."""
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(os.path, "realpath", lambda path: "/usr/share/zoneinfo/Asia/Tokyo")
    assert str(local_location()) == "Asia/Tokyo"
    monkeypatch.setattr(os.path, "realpath", lambda path: path)
    assert isinstance(local_location(), tz.tzlocal)


def test_weekdays() -> None:
    """Numbered as in Go."""
    assert [day.value for day in Weekday] == list(range(7))
    assert Weekday(0) is Weekday.SUNDAY
