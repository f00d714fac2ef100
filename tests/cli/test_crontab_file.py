"""Crontabs as Debian's cron reads them: what is accepted, what it means, when it is due.

The column "cron" was seen with Debian's package cron 3.0pl1-162: ``crontab FILE`` took the line, or did not.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gocron_py.crontab.fields import parse_fields
from gocron_py.crontab.file import Crontab, parse, split_percent
from gocron_py.crontab.schedule import LineDefinition, LineSchedule
from gocron_py.definitions import Setup
from gocron_py.instant import datetime_of, instant_of
from gocron_py.schedules.crontab import Times

OK, BAD = True, False

# Line, whether cron takes it, whether we do; why not, where the two differ.
LINES: list[tuple[str, bool, bool, str]] = [
    ("* * * * * x", OK, OK, ""),
    ("\t*\t*  *\t*\t*\tx", OK, OK, ""),
    ("* * * * 7 x", OK, OK, ""),
    ("* * * * 0-7 x", OK, OK, ""),
    ("* * * * 5-7 x", OK, OK, ""),
    ("* * * * 7-7 x", OK, OK, ""),
    ("* * * * sat-7 x", OK, OK, ""),
    ("* * * * 8 x", BAD, BAD, ""),
    ("* * * * mon-fri x", OK, OK, ""),
    ("* * * * sun-tue x", OK, OK, ""),
    ("* * * * fri-sun x", OK, OK, ""),  # cron takes it and never runs it
    ("* * * * mon,wed-fri x", OK, OK, ""),
    ("* * * * Monday x", BAD, BAD, ""),
    ("* * * * MON x", OK, OK, ""),
    ("* * * * jan x", BAD, BAD, ""),
    ("* * * jan,feb-mar * x", OK, OK, ""),
    ("* * * jAn * x", OK, OK, ""),
    ("* * * 0 * x", BAD, BAD, ""),
    ("* * * 13 * x", BAD, BAD, ""),
    ("* * 0 * * x", BAD, BAD, ""),
    ("60 * * * * x", BAD, BAD, ""),
    ("00 007 01 1 1 x", OK, OK, ""),
    ("1-59/2,0 * * * * x", OK, OK, ""),
    ("*/100 * * * * x", OK, OK, ""),
    ("0-59/61 * * * * x", OK, OK, ""),
    ("*,5 * * * * x", OK, OK, ""),
    ("*/0 * * * * x", BAD, BAD, ""),
    ("5/2 * * * * x", BAD, BAD, ""),
    ("1,,2 * * * * x", BAD, BAD, ""),
    ("1, * * * * x", BAD, BAD, ""),
    ("1--5 * * * * x", BAD, BAD, ""),
    ("1-x * * * * x", BAD, BAD, ""),
    ("-1 * * * * x", BAD, BAD, ""),
    ("+1 * * * * x", BAD, BAD, ""),
    ("? * * * * x", BAD, BAD, ""),
    ("L * * * * x", BAD, BAD, ""),
    ("% * * * * x", BAD, BAD, ""),
    ("5-1 * * * * x", OK, BAD, "the range runs backwards"),  # cron never runs it
    ("*-5 * * * * x", OK, BAD, "a number, a range"),  # cron reads *
    ("0~30 * * * * x", OK, BAD, "a number, a range"),  # cron reads 0
    ("*/2-5 * * * * x", OK, BAD, "a number, a range"),  # cron reads */2
    ("1-5/2/2 * * * * x", OK, BAD, "a number, a range"),  # cron reads 1-5/2
    ("0 0 30 2 * x", OK, BAD, "it would never run"),  # nor does cron run it
    ("* * * *", BAD, BAD, ""),
    ("* * * * *", OK, BAD, "there is no command"),  # cron runs the shell with nothing
    ("* * * * *  ", OK, BAD, "there is no command"),
    ("* * * * * %input", OK, BAD, "there is no command"),
    ("@daily x", OK, OK, ""),
    ("@midnight x", OK, OK, ""),
    ("@annually x", OK, OK, ""),
    ("@reboot x", OK, OK, ""),
    ("@daily", OK, BAD, "there is no command"),
    ("@Daily x", BAD, BAD, ""),
    ("@every_minute x", BAD, BAD, ""),
    ("@every 90s x", BAD, OK, ""),  # gocron's own
    ("@every x", BAD, BAD, ""),
    ("@every 10ms x", BAD, BAD, ""),
    ("NAME=value", OK, OK, ""),
    (" NAME = value ", OK, OK, ""),
    ('NAME=""', OK, OK, ""),
    ("NAME=", BAD, BAD, ""),
    ("NAME='x", BAD, BAD, ""),
    ('A="b"c', BAD, BAD, ""),
    ('A="b" ', OK, OK, ""),
    ("'A'=b", OK, OK, ""),
    ("A==b", OK, OK, ""),
    ('"NA ME"=x', OK, OK, ""),
    ("A B=c", BAD, BAD, ""),
    ("=x", OK, BAD, "expected"),  # cron takes a variable without a name
    ("CRON_TZ=Europe/Berlin", OK, OK, ""),
    ("CRON_TZ=Nowhere/X", OK, BAD, "no such zone"),  # cron knows no CRON_TZ
    ("# only", OK, OK, ""),
    ("  # x", OK, OK, ""),
    ("", OK, OK, ""),
    ("* * * * * x \x01", OK, OK, ""),
    ("* * * * * a\0b", BAD, BAD, ""),
    (f"* * * * * {'x' * 1000}", BAD, OK, ""),  # cron's limit is 998 bytes
    (f"* * * * * {'x' * 200_000}", BAD, BAD, ""),
]


@pytest.mark.parametrize(("line", "cron", "ours", "why"), LINES, ids=[line[:30] for line, *_ in LINES])
def test_what_is_accepted(line: str, cron: bool, ours: bool, why: str) -> None:
    """As by Debian's cron, but for what it takes and does something else with."""
    problems = parse(line.encode() + b"\n").errors

    assert ours == (not problems)
    if cron and not ours:
        assert why
        assert why in problems[0].text


def fields(text: str) -> Times:
    times = parse_fields(text.split()).times
    assert isinstance(times, Times)
    return times


def test_fields() -> None:
    """What they name."""
    assert fields("1-59/2,0 * * * *").minutes == (0, *range(1, 60, 2))
    assert fields("0 */6 * * *").hours == (0, 6, 12, 18)
    assert fields("0 0 * feb-mar,dec *").months == (2, 3, 12)
    assert fields("0 0 * * 7").weekdays == (0,)
    assert fields("0 0 * * 5-7").weekdays == (0, 5, 6)
    assert fields("0 0 * * fri-sun").weekdays == (0, 5, 6)
    assert fields("0 0 * * sun-tue").weekdays == (0, 1, 2)
    assert fields("0 0 * * */2").weekdays == (0, 2, 4, 6)
    assert fields("15 0 0 * * *").seconds == (15,)
    assert fields("*/100 * * * *").minutes == (0,)


def test_days_are_combined_as_cron_does() -> None:
    """Either day, unless a star begins one of the two fields. (In gocron's grammar ``*/2`` is no star.)"""
    assert fields("0 0 26 * wed").either_day
    assert not fields("0 0 */2 * wed").either_day
    assert not fields("0 0 26 * */3").either_day
    assert not fields("0 0 *,5 * wed").either_day
    assert not fields("0 0 * * wed").either_day


# -- clocks ----------------------------------------------------------------------------------------


def due(text: str, zone: str, start: str, count: int) -> list[str]:
    location = ZoneInfo(zone)
    timing = parse_fields(text.split())
    assert isinstance(timing.times, Times)
    schedule = LineSchedule(text, timing.times, location, timing.is_wild)
    tick, found = instant_of(datetime.fromisoformat(start), location), []
    for _ in range(count):
        following = schedule.next(tick)
        assert following is not None
        tick = following
        found.append(f"{datetime_of(tick, location):%d %H:%M %Z}")
    return found


@pytest.mark.parametrize(
    ("text", "zone", "start", "ticks"),
    [
        # New York, 2027-03-14, 02:00 to 03:00. Times of day in the gap run at once after it, once.
        ("30 2 * * *", "America/New_York", "2027-03-13T12:00", ["14 03:00 EDT", "15 02:30 EDT"]),
        ("0,30 2 * * *", "America/New_York", "2027-03-13T12:00", ["14 03:00 EDT", "15 02:00 EDT"]),
        ("30 2,3 * * *", "America/New_York", "2027-03-13T12:00", ["14 03:00 EDT", "14 03:30 EDT", "15 02:30 EDT"]),
        ("0 3 * * *", "America/New_York", "2027-03-13T12:00", ["14 03:00 EDT", "15 03:00 EDT"]),
        # Lines with a star follow the clock.
        ("30 * * * *", "America/New_York", "2027-03-14T01:00", ["14 01:30 EST", "14 03:30 EDT"]),
        ("*/30 2 * * *", "America/New_York", "2027-03-13T12:00", ["15 02:00 EDT", "15 02:30 EDT"]),
        # 2027-11-07, 02:00 back to 01:00. Times of day run the first time only.
        ("30 1 * * *", "America/New_York", "2027-11-06T12:00", ["07 01:30 EDT", "08 01:30 EST"]),
        ("0,30 1 * * *", "America/New_York", "2027-11-07T00:00", ["07 01:00 EDT", "07 01:30 EDT", "08 01:00 EST"]),
        ("30 1,2 * * *", "America/New_York", "2027-11-07T00:00", ["07 01:30 EDT", "07 02:30 EST"]),
        ("30 * * * *", "America/New_York", "2027-11-07T01:00", ["07 01:30 EDT", "07 01:30 EST", "07 02:30 EST"]),
        # By half an hour, at midnight, and by a whole day (a correction, not a change of summer time).
        ("45 1 * * *", "Australia/Lord_Howe", "2027-04-03T12:00", ["04 01:45 +11", "05 01:45 +1030"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2027-10-02T12:00", ["03 02:30 +11", "04 02:15 +11"]),
        ("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00", ["04 01:00 -02", "05 00:00 -02"]),
        ("0 3 30 * *", "Pacific/Apia", "2011-12-01T00:00", ["30 03:00 +14"]),
    ],
)  # fmt: skip
def test_clocks_that_change(text: str, zone: str, start: str, ticks: list[str]) -> None:
    """As cron(8) documents it."""
    assert due(text, zone, start, len(ticks)) == ticks


def test_a_tick_asked_for_within_the_repeated_hour_is_no_other() -> None:
    """Which instance asks, and when, makes no difference."""
    zone = ZoneInfo("America/New_York")
    for text in ("30 1 * * *", "0,30 1,2 * * *", "*/20 * * * *", "30 2 * * *"):
        for day in ("2027-03-14", "2027-11-07"):
            timing = parse_fields(text.split())
            assert isinstance(timing.times, Times)
            schedule = LineSchedule(text, timing.times, zone, timing.is_wild)
            begin = instant_of(datetime.fromisoformat(day), zone)
            chain, tick = [], schedule.next(begin)
            while tick is not None and tick < begin + 8 * 3600 * 1_000_000:
                chain.append(tick)
                tick = schedule.next(tick)
            for after in range(begin, begin + 7 * 3600 * 1_000_000, 7 * 60 * 1_000_000):
                assert schedule.next(after) == next((at for at in chain if at > after), tick)


def test_every_counts_from_the_epoch_where_instances_share_it() -> None:
    """Under a tick locker, so that all name the same ticks."""
    (entry,) = parse(b"@every 90s x\n").entries
    assert entry.timing.times is not None
    definition = LineDefinition(entry.schedule, entry.timing.times, True, None)
    zone = ZoneInfo("UTC")
    alone = definition.build(Setup(zone, 1_000_000)).next(1_000_000)
    shared = definition.build(Setup(zone, 1_000_000, grid="x")).next(1_000_000)

    assert (alone, shared) == (91_000_000, 90_000_000)


# -- variables -------------------------------------------------------------------------------------


def test_variables() -> None:
    """As a real cron had them, by ``env``: no expansion, quotes keep blanks, comments are part of the value."""
    text = """\
A = plain value \t
B="  quoted # "
C=$HOME
D=a # b
"E F"='single "double" '
G=""
'H'=x=y
* * * * * env
A=again
* * * * * env
"""
    first, second = parse(text.encode()).entries

    assert first.environment == {
        "A": "plain value",
        "B": "  quoted # ",
        "C": "$HOME",
        "D": "a # b",
        "E F": 'single "double" ',
        "G": "",
        "H": "x=y",
    }
    assert second.environment == {**first.environment, "A": "again"}


def test_variables_of_our_own() -> None:
    """The time limit and the zone hold for what follows; the name for the next entry alone."""
    text = """\
@daily a
GOCRON_TIMEOUT=1h30m
CRON_TZ=Asia/Tokyo
GOCRON_NAME=the name
@daily b
@daily c
GOCRON_TIMEOUT=none
@daily d
"""
    a, b, c, d = parse(text.encode()).entries

    assert [a.timeout, b.timeout, c.timeout, d.timeout] == [None, *[timedelta(minutes=90)] * 2, timedelta(0)]
    assert [str(entry.zone) for entry in (a, b)] == ["None", "Asia/Tokyo"]
    assert b.name == "the name"
    assert c.name.startswith("c ")
    assert "GOCRON_TIMEOUT" not in b.environment
    assert b.environment["CRON_TZ"] == "Asia/Tokyo"


def warnings(text: bytes) -> list[str]:
    crontab = parse(text)
    assert crontab.errors == []
    return [problem.text for problem in crontab.problems]


def test_warnings() -> None:
    """What is done otherwise than in cron is said."""
    assert "MAILTO is ignored" in warnings(b'MAILTO=""\n')[0]
    assert "LOGNAME is ignored" in warnings(b"LOGNAME=x\n")[0]
    assert "no newline" in warnings(b"@daily x")[0]
    assert "byte order mark" in warnings(b"\xef\xbb\xbf@daily x\n")[0]
    assert "carriage returns" in warnings(b"@daily x\r\nA=b\r\n")[0]
    assert "runs twice" in warnings(b"@daily x\n@daily x\n")[0]
    assert "for the entry that follows" in warnings(b"GOCRON_NAME=x\n")[0]


def test_carriage_returns_are_no_part_of_anything() -> None:
    """Of a file that was written on Windows."""
    (entry,) = parse(b"A=b\r\n@daily x\r\n").entries
    assert (entry.command, entry.environment) == ("x", {"A": "b"})


# -- commands --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "command", "stdin"),
    [
        ("cat", "cat", None),
        ("cat %one%two \\% three%", "cat ", b"one\ntwo % three\n"),  # as seen with a real cron
        ("date +\\%s", "date +%s", None),
        # These were seen with a real cron; its documentation is silent on them.
        ("a\\\\b \\d", "a\\b \\d", None),
        ("a\\\\\\%b", "a\\%b", None),
        ("a\\\\%b", "a\\", b"b\n"),
        ("cat%a\\\\%b\\%c\\\\\\%d\\e", "cat", b"a\\%b%c\\\\%d\\e\n"),
        ("a %", "a ", b""),
        ("a %%", "a ", b"\n"),
        ("a\\", "a\\", None),
        ("a #b", "a #b", None),
    ],
)
def test_percent_signs(text: str, command: str, stdin: bytes | None) -> None:
    """The first ends the command, others are newlines of its input, an escaped one is itself."""
    assert split_percent(text) == (command, stdin)


def test_bytes_reach_the_command() -> None:
    """What is no UTF-8 is handed on as it is."""
    (entry,) = parse(b"* * * * * echo \xff%\xfe\n").entries
    assert entry.command.encode("utf-8", "surrogateescape") == b"echo \xff"
    assert entry.stdin == b"\xfe\n"


# -- names -----------------------------------------------------------------------------------------


def names(text: str) -> list[str]:
    return [entry.name for entry in parse(text.encode()).entries]


def test_names_are_stable() -> None:
    """Over edits of other lines, blanks between the fields, and comments."""
    (alone,) = names("0 3 * * * /opt/backup --all\n")
    assert names("# x\nA=b\n@daily other\n0  3\t* * *   /opt/backup --all\n")[1] == alone
    assert alone.startswith("backup ")


def test_names_tell_lines_apart() -> None:
    """By schedule, zone, command and user; two equal lines have two names."""
    text = "0 3 * * * a\n0 4 * * * a\n0 3 * * * b\n0 3 * * * a\nCRON_TZ=Asia/Tokyo\n0 3 * * * a\n"
    assert len(set(names(text))) == 5
    assert names(text)[3] == f"{names(text)[0]}#2"


def test_no_secret_in_a_name() -> None:
    """Arguments and variables before the program are not shown, nor is anything that could disturb a terminal."""
    assert names("* * * * * PASSWORD=geheim /bin/pg_dump --password geheim%geheim\n")[0].startswith("pg_dump ")
    assert names("* * * * * A=b\n")[0].startswith("sh ")
    assert all(char.isprintable() for char in names("* * * * * \x1b[31m\xff\u202e x\n")[0])


# -- system crontabs -------------------------------------------------------------------------------


def test_system_crontabs() -> None:
    """A column with the user."""
    crontab: Crontab = parse(
        b"17 * * * * root cd / && run-parts\n@daily backup x\n* * * * * root\n@daily\n", system=True
    )
    first, second = crontab.entries

    assert [(first.user, first.command), (second.user, second.command)] == [
        ("root", "cd / && run-parts"),
        ("backup", "x"),
    ]
    assert [problem.line for problem in crontab.errors] == [3, 4]


def test_seconds() -> None:
    """Six fields on each line; five are no longer enough."""
    crontab = parse(b"*/5 * * * * * x\n@daily y\n", with_seconds=True)
    assert [entry.schedule for entry in crontab.entries] == ["*/5 * * * * *", "@daily"]
    assert len(parse(b"*/5 * * * *\n", with_seconds=True).errors) == 1
