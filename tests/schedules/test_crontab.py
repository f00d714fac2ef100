"""The grammar of crontabs, rule by rule, and Go's words for what breaks it."""

from __future__ import annotations

import pytest
from schedule_tools import within

import gocron_py as gocron
from gocron_py.instant import SECOND
from gocron_py.schedules.crontab import Every, Times, parse
from gocron_py.schedules.go_numbers import Refused, parse_duration, parse_int
from gocron_py.schedules.wall_time import load_location

UTC = load_location("UTC")


def times(crontab: str, with_seconds: bool = False) -> Times:
    spec, _ = parse(crontab, with_seconds, UTC)
    assert isinstance(spec, Times)
    return spec


def minutes(field: str) -> list[int]:
    return list(times(f"{field} * * * *").minutes)


def refusal(crontab: str, with_seconds: bool = False) -> str:
    with pytest.raises(gocron.ErrCronJobParse) as caught:
        parse(crontab, with_seconds, UTC)
    text, _, detail = str(caught.value).partition("\n")
    assert text == "gocron: CronJob: crontab parse failure"
    return detail


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("*", list(range(60))),
        ("?", list(range(60))),
        ("5", [5]),
        ("05", [5]),
        ("+5", [5]),
        ("000000000000000000000000000000000005", [5]),
        ("5,5,3", [3, 5]),
        ("1,,2", [1, 2]),
        (",5,", [5]),
        ("50-53", [50, 51, 52, 53]),
        ("5-5", [5]),
        ("*/20", [0, 20, 40]),
        ("?/20", [0, 20, 40]),
        ("*/70", [0]),
        ("7/20", [7, 27, 47]),
        ("59/15", [59]),
        ("50-59/4", [50, 54, 58]),
        ("50-59/70", [50]),
        ("*-99", list(range(60))),
        ("*-x", list(range(60))),
        ("*-1-2", list(range(60))),
        ("*-x/30", [0, 30]),
        ("0/9223372036854775807", [0]),
    ],
)
def test_numbers(field: str, expected: list[int]) -> None:
    """Stars, numbers, ranges, steps and lists."""
    assert expected == minutes(field)


@pytest.mark.parametrize(
    ("field", "expected"),
    [("jan", (1,)), ("JAN-3", (1, 2, 3)), ("nOv-dec", (11, 12)), ("10-dec", (10, 11, 12)), ("feb/5", (2, 7, 12))],
)
def test_names_of_months(field: str, expected: tuple[int, ...]) -> None:
    """In any case, and mixed with numbers."""
    assert expected == times(f"0 0 * {field} *").months


@pytest.mark.parametrize(
    ("field", "expected"), [("sun", (0,)), ("MON-fri", (1, 2, 3, 4, 5)), ("sat", (6,)), ("FR\u0130", (5,)), ("0", (0,))]
)
def test_names_of_weekdays(field: str, expected: tuple[int, ...]) -> None:
    """Lower case is Go's: a capital I with a dot is an i."""
    assert expected == times(f"0 0 * * {field}").weekdays


@pytest.mark.parametrize(
    ("days", "weekdays", "either"),
    [
        ("13", "5", True),
        ("*", "5", False),
        ("13", "?", False),
        ("*/1", "5", False),
        ("13,*", "5", False),
        # A star with a larger step is none here.
        ("*/2", "5", True),
        ("1-31", "5", True),
        ("13", "*/2", True),
    ],
)
def test_days_and_weekdays(days: str, weekdays: str, either: bool) -> None:
    """With a star in one of them both must match, else one is enough."""
    assert either == times(f"0 0 {days} * {weekdays}").either_day


def test_seconds() -> None:
    """With seconds they come first and may be left out."""
    assert times("1 2 3 4 5 6", True) == Times((1,), (2,), (3,), (4,), (5,), (6,), True)
    assert times("2 3 4 5 6", True) == Times((0,), (2,), (3,), (4,), (5,), (6,), True)
    assert times("2 3 4 5 6", False) == Times((0,), (2,), (3,), (4,), (5,), (6,), True)


@pytest.mark.parametrize(
    "space", [" ", "\t", "\n", "\v", "\f", "\r", "\x85", "\xa0", "\u1680", "\u2003", "\u2029", "\u3000"]
)
def test_white_space(space: str) -> None:
    """Go's white space stands between fields and around them."""
    assert minutes(f"{space}{space}5") == [5]
    assert times(f"5{space}* * *  *{space}").minutes == (5,)


@pytest.mark.parametrize("char", ["\x1c", "\x1d", "\x1e", "\x1f", "\u200b", "\ufeff"])
def test_no_white_space(char: str) -> None:
    """What Python's split and eyes take for a space is none."""
    assert refusal(f"5{char}* * * *") == f"expected exactly 5 fields, found 4: [5{char}* * * *]"


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
        ("  @hourly\t", "0 * * * *"),
        ("TZ=UTC @hourly", "0 * * * *"),
    ],
)
def test_descriptors(text: str, like: str) -> None:
    """Names for common crontabs, in lower case."""
    assert times(text) == times(like)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h", 3600),
        ("1h30m", 5400),
        ("1.5h", 5400),
        (".5m", 30),
        ("+90s", 90),
        ("90s900ms", 90),
        ("1m1.999999999s", 61),
        # Less than a second is a second.
        ("999ms", 1),
        ("1ns", 1),
        ("0", 1),
        ("0s", 1),
        ("-1h", 1),
        ("1500000us", 1),
        ("1500000µs", 1),
        ("1500000μs", 1),
        ("9223372036854775807ns", 9223372036),
    ],
)
def test_every(text: str, seconds: int) -> None:
    """Go durations, in whole seconds."""
    spec, _ = parse(f"@every {text}", False, UTC)
    assert spec == Every(seconds * SECOND)


def test_zones() -> None:
    """A zone at the very beginning counts; what is in it ends at the first space."""
    berlin = load_location("Europe/Berlin")
    assert parse("TZ=Asia/Tokyo 0 0 * * *", False, berlin)[1] == load_location("Asia/Tokyo")
    assert parse("CRON_TZ=Asia/Tokyo  0 0 * * *", True, berlin)[1] == load_location("Asia/Tokyo")
    assert str(parse("TZ= 0 0 * * *", False, berlin)[1]) == "UTC"
    assert parse("TZ=Local 0 0 * * *", False, berlin)[1] is berlin
    assert parse("0 0 * * *", False, berlin)[1] is berlin
    assert refusal("TZ=Asia/Tokyo\t0 0 * * *") == (
        "provided bad location Asia/Tokyo\t0: unknown time zone Asia/Tokyo\t0"
    )
    assert refusal(" TZ=Asia/Tokyo 0 0 * * *") == "expected exactly 5 fields, found 6: [TZ=Asia/Tokyo 0 0 * * *]"
    assert (
        refusal("tz=Asia/Tokyo 0 0 * *")
        == 'failed to parse int from tz=Asia: strconv.Atoi: parsing "tz=Asia": invalid syntax'
    )
    for text in "TZ=", "TZ=UTC", "CRON_TZ=UTC":
        assert refusal(text).startswith("a time zone must be followed by a space")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Europe/Nowhere", "unknown time zone Europe/Nowhere"),
        ("Europe", "unknown time zone Europe"),
        ("\0", "unknown time zone \0"),
        ("../../etc/passwd", "time: invalid location name"),
        ("/etc/localtime", "time: invalid location name"),
        ("\\\\host\\share", "time: invalid location name"),
    ],
)
def test_bad_zones(name: str, why: str) -> None:
    """Go's two texts for bad names of zones."""
    assert refusal(f"TZ={name} * * * * *") == f"provided bad location {name}: {why}"


@pytest.mark.parametrize(
    ("crontab", "expected"),
    [
        ("", "expected exactly 5 fields, found 0: []"),
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("*  *\t* * * *", "expected exactly 5 fields, found 6: [* * * * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* 24 * * *", "end of range (24) above maximum (23): 24"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * 13 *", "end of range (13) above maximum (12): 13"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("* * * * sun-7", "end of range (7) above maximum (6): sun-7"),
        ("30-10 * * * *", "beginning of range (30) beyond end of range (10): 30-10"),
        ("* * * * fri-mon", "beginning of range (5) beyond end of range (1): fri-mon"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("*/5/2 * * * *", "too many slashes: */5/2"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("*/-1 * * * *", "negative number (-1) not allowed: -1"),
        ("*/ * * * *", 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'),
        ("* * * jan/feb *", 'failed to parse int from feb: strconv.Atoi: parsing "feb": invalid syntax'),
        ("mon * * * *", 'failed to parse int from mon: strconv.Atoi: parsing "mon": invalid syntax'),
        ("1_0 * * * *", 'failed to parse int from 1_0: strconv.Atoi: parsing "1_0": invalid syntax'),
        ("\u0661 * * * *", 'failed to parse int from \u0661: strconv.Atoi: parsing "\u0661": invalid syntax'),
        ('" * * * *', 'failed to parse int from ": strconv.Atoi: parsing "\\"": invalid syntax'),
        ("\0 * * * *", 'failed to parse int from \0: strconv.Atoi: parsing "\\x00": invalid syntax'),
        ("1,x,y * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("60 x * * *", "end of range (60) above maximum (59): 60"),
        ("L * * * *", 'failed to parse int from L: strconv.Atoi: parsing "L": invalid syntax'),
        ("0 0 * * 5#3", 'failed to parse int from 5#3: strconv.Atoi: parsing "5#3": invalid syntax'),
        ("@", "unrecognized descriptor: @"),
        ("@Daily", "unrecognized descriptor: @Daily"),
        ("@reboot", "unrecognized descriptor: @reboot"),
        ("@every", "unrecognized descriptor: @every"),
        ("@every\t1h", "unrecognized descriptor: @every\t1h"),
        ("@every  1h", 'failed to parse duration @every  1h: time: invalid duration " 1h"'),
        ("@every 1", 'failed to parse duration @every 1: time: missing unit in duration "1"'),
        ("@every 1d", 'failed to parse duration @every 1d: time: unknown unit "d" in duration "1d"'),
        ("@every 1h x", 'failed to parse duration @every 1h x: time: unknown unit "h x" in duration "1h x"'),
    ],
)
def test_refused(crontab: str, expected: str) -> None:
    """Go's words, to the letter."""
    assert expected == refusal(crontab)


@pytest.mark.parametrize(
    "crontab",
    [
        "x" * 100_000,
        "1" * 100_000,
        "* " * 50_000,
        "*/" * 50_000,
        "1-" * 50_000,
        "\x01" * 100_000,
        "é" * 100_000,
        "1,1," * 25_000 + "x * * * *",
        "@" * 100_000,
        "@every " + "1" * 100_000,
        "@every " + "99h" * 33_000,
        "@every " + "1.1" * 33_000,
        "@every 1" + "\0" * 100_000,
        "TZ=" + "x" * 100_000 + " * * * * *",
        "TZ=" + "../" * 33_000 + " * * * * *",
        "\x85" * 100_000,
    ],
    ids=lambda crontab: ascii(crontab[:10]),
)
def test_absurd_lengths(crontab: str) -> None:
    """100 kB are refused at once, with a text that fits on a screen."""
    with within(0.1):
        assert len(refusal(crontab)) < 2000


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("-0", 0), ("+7", 7), ("9223372036854775807", 2**63 - 1), ("-9223372036854775808", -(2**63))],
)
def test_integers(text: str, expected: int) -> None:
    """64 bits."""
    assert expected == parse_int(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("9223372036854775808", "value out of range"),
        ("-9223372036854775809", "value out of range"),
        ("9" * 5000, "value out of range"),
        # An overflow comes before what follows it, a wrong character before one that does not come.
        ("99999999999999999999x", "value out of range"),
        ("9223372036854775808x", "invalid syntax"),
        ("", "invalid syntax"),
        ("+", "invalid syntax"),
        ("--1", "invalid syntax"),
        ("1 ", "invalid syntax"),
        ("0x1", "invalid syntax"),
        ("1.0", "invalid syntax"),
    ],
)
def test_no_integers(text: str, why: str) -> None:
    """Neither Python's other notations nor more than 64 bits."""
    with pytest.raises(Refused, match=f": {why}$"):
        parse_int(text)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1.0000000001h", 3_600_000_000_360),
        ("0.100000000000000000000h", 360_000_000_000),
        ("39h9m14.425s", 140_954_425_000_000),
        ("1h-", None),
        ("-9223372036854775808ns", -(2**63)),
        ("9223372036854775808ns", None),
        ("9223372036.854775808s", None),
        ("-2562047h47m16.854775808s", -(2**63)),
        ("2562047h47m16.854775807s", 2**63 - 1),
        ("3000000h", None),
        ("0.9223372036854775807h", 3_320_413_933_267),
        (".", None),
        ("-", None),
        (".s", None),
        ("", None),
        ("1e3s", None),
    ],
)
def test_durations(text: str, nanoseconds: int | None) -> None:
    """As Go's time.ParseDuration, down to its doubles; most of these are from Go's own tests."""
    if nanoseconds is None:
        with pytest.raises(Refused):
            parse_duration(text)
    else:
        assert nanoseconds == parse_duration(text)
