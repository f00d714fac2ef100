"""``gocron-py next``."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from gocron_py.cli import run


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """What the command prints, without how far away each run is."""
    assert run(["next", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return [line.partition("  in ")[0].partition(" ago")[0].rstrip() for line in out.splitlines()]


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run(["next", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_issue_s_example(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten runs of a crontab in a zone: Friday evening to Monday morning."""
    arguments = ["*/5 9-17 * * mon-fri", "--tz", "America/New_York", "-n", "10", "--from", "2099-01-02T17:40"]
    shown = lines(capsys, *arguments)

    assert shown[:5] == [
        "Fri 2099-01-02 17:40:00 EST",
        "Fri 2099-01-02 17:45:00 EST",
        "Fri 2099-01-02 17:50:00 EST",
        "Fri 2099-01-02 17:55:00 EST",
        "Mon 2099-01-05 09:00:00 EST",
    ]
    assert len(shown) == 10


@pytest.mark.parametrize(
    ("schedule", "first", "second"),
    [
        ("every 90m", "2099-03-01T01:30:00", "2099-03-01T03:00:00"),
        ("every 5 minutes", "2099-03-01T00:05:00", "2099-03-01T00:10:00"),
        ("every hour", "2099-03-01T01:00:00", "2099-03-01T02:00:00"),
        ("@every 90s", "2099-03-01T00:01:30", "2099-03-01T00:03:00"),
        ("daily at 03:00, 15:30", "2099-03-01T03:00:00", "2099-03-01T15:30:00"),
        ("Every 3 Days at 3:00:05", "2099-03-01T03:00:05", "2099-03-04T03:00:05"),
        ("daily", "2099-03-01T00:00:00", "2099-03-02T00:00:00"),
        ("weekly on mon, Friday at 09:00", "2099-03-02T09:00:00", "2099-03-06T09:00:00"),
        ("every 2 weeks on sun at 23:59:30", "2099-03-01T23:59:30", "2099-03-15T23:59:30"),
        ("monthly on 1, -1 at 00:30", "2099-03-01T00:30:00", "2099-03-31T00:30:00"),
        ("every 3 months on last at 18:00", "2099-03-31T18:00:00", "2099-06-30T18:00:00"),
        ("once at 2099-04-01T05:00, 2099-04-02", "2099-04-01T05:00:00", "2099-04-02T00:00:00"),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=8;BYMINUTE=0;BYSECOND=0", "2099-03-02T08:00:00", "2099-03-09T08:00:00"),
        ("0 0 1 * *", "2099-03-01T00:00:00", "2099-04-01T00:00:00"),
        ("CRON_TZ=Asia/Tokyo 0 9 * * *", "2099-03-01T09:00:00", "2099-03-02T09:00:00"),
    ],
)
def test_each_kind_of_definition(schedule: str, first: str, second: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In UTC, from midnight on; a run at that very moment counts where it is one of the clock."""
    runs = answer(capsys, schedule, "--tz", "UTC", "--from", "2099-03-01", "-n", "2")["runs"]

    assert [first, second] == [each["at"][:19] for each in runs]


def test_random_intervals_keep_their_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 10 minutes, less than 20."""
    runs = answer(capsys, "every 10m to 20m", "-n", "50")["runs"]
    gaps = [after["unix"] - before["unix"] for before, after in pairwise(runs)]

    assert all(600 <= gap < 1200 for gap in gaps)


def test_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """Six fields with the option, and not without."""
    arguments = ["*/20 * * * * *", "--tz", "UTC", "--from", "2099-03-01", "-n", "2"]

    assert lines(capsys, *arguments, "--with-seconds")[1] == "Sun 2099-03-01 00:00:20 UTC"
    assert run(["next", *arguments]) == 2
    assert (
        "exactly 5 fields, found 6: [*/20 * * * * *]; with_seconds=True, or --with-seconds, reads six"
        in capsys.readouterr().err
    )


NEW_YORK, LORD_HOWE = "America/New_York", "Australia/Lord_Howe"


@pytest.mark.parametrize(
    ("schedule", "zone", "start", "told"),
    [
        # Clocks: 2027-03-14 02:00 to 03:00, 2027-11-07 02:00 back to 01:00.
        ("30 2 * * *", NEW_YORK, "2027-01-01", "Sun 2027-03-14: 02:00 to 03:00 does not exist: 02:30 is left out"),
        ("daily at 2:30", NEW_YORK, "2027-01-01", "Sun 2027-03-14: 02:00 to 03:00 does not exist: 02:30 runs at 03:30"),
        ("30 1 * * *", NEW_YORK, "2027-01-01", "Sun 2027-11-07: 01:00 to 02:00 comes twice: 01:30 run once"),
        (
            "*/20 * * * *", NEW_YORK, "2027-04-01",
            "Sun 2027-11-07: 01:00 to 02:00 comes twice: 01:00, 01:20, 01:40 run twice",
        ),
        # The prefix decides on the time of day, the scheduler's zone on what is a repeat: the odd hour runs twice.
        (
            "CRON_TZ=America/New_York 30 1 * * *", "UTC", "2027-04-01",
            "Sun 2027-11-07: 01:00 to 02:00 comes twice: 01:30 run twice",
        ),
        ("15 2 * * *", LORD_HOWE, "2027-09-01", "Sun 2027-10-03: 02:00 to 02:30 does not exist: 02:15 is left out"),
    ],
)  # fmt: skip
def test_changes_of_clocks_are_pointed_out(
    schedule: str, zone: str, start: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also those after the runs that are printed, within a year."""
    assert told in lines(capsys, schedule, "--tz", zone, "--from", start, "-n", "1")


def test_a_run_that_is_odd_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the run itself, and in the JSON."""
    arguments = ["daily at 02:30", "--tz", "America/New_York", "--from", "2027-03-13", "-n", "2"]
    assert run(["next", *arguments]) == 0
    first, second, change = capsys.readouterr().out.splitlines()[:3]

    assert "<-" not in first
    assert second.endswith("<- put off by the clocks' change")
    assert change.startswith("Sun 2027-03-14")
    said = answer(capsys, *arguments)
    assert said["runs"][1] == {
        "at": "2027-03-14T03:30:00-04:00",
        "unix": 1805009400.0,
        "note": "put off by the clocks' change",
    }
    assert said["clock_changes"][0]["ticks"] == [
        {"reading": "2027-03-14T02:30:00", "runs": ["2027-03-14T03:30:00-04:00"]}
    ]


def test_days_that_are_counted_are_not_taken_for_all(capsys: pytest.CaptureFixture[str]) -> None:
    """Every third day: the day of the change is one of them, or it is not."""
    told = [
        any("2027-03-14" in line and "runs at" in line for line in lines(capsys, "every 3 days at 02:30", *where))
        for where in [["--tz", "America/New_York", "--from", f"2027-03-0{day}", "-n", "1"] for day in (1, 2, 3)]
    ]
    assert told.count(True) == 1


def test_words(capsys: pytest.CaptureFixture[str]) -> None:
    """--explain says the schedule first."""
    assert lines(capsys, "0 3 * * *", "--explain", "--tz", "UTC", "-n", "1")[0].startswith("every day at 03:00")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["60 * * * *"], 2, "end of range (60) above maximum (59): 60"),
        (["0 0 30 2 *"], 2, "it never runs"),
        (["every x"], 2, "'x' is no length of time such as 30s or 1h30m"),
        (["every -5m"], 2, "must be more than 0"),
        (["every blue moon"], 2, "cannot be understood"),
        (["foo"], 2, "'foo' cannot be understood: neither a crontab nor one of: every 90m, every 10m to 20m, daily at"),
        (["0 0 * * 7"], 2, "in gocron's grammar Sunday is 0, not 7"),
        (["0 0 * * 1-7"], 2, "Sunday is 0"),
        (["0 0 7 7 8"], 2, "end of range (8) above maximum (6): 8\n"),
        (["daily at 25:00"], 2, "'25:00' is no time of day"),
        (["weekly at 03:00"], 2, "on which days?"),
        (["daily on mon at 03:00"], 2, "days are said of weeks and months"),
        (["weekly on moonday at 03:00"], 2, "'moonday' is no day of the week"),
        (["monthly on 32 at 03:00"], 2, "must be between 31 and -31"),
        (["monthly on x at 03:00"], 2, "'x' is no day of the month"),
        (["once at then"], 2, "'then' is no moment"),
        (["once at 2001-01-01"], 2, "must not be in the past"),
        (["RRULE:FREQ=X"], 2, "not an iCalendar recurrence"),
        (["daily", "--tz", "Mars/Base"], 2, "no zone 'Mars/Base'"),
        (["daily", "--tz", "../../etc/passwd"], 2, "no zone"),
        (["daily", "--from", "soon"], 2, "'soon' is no time"),
        (["CRON_TZ=Mars * * * * *"], 2, "unknown time zone Mars"),
        (["\x1b[31m * * * *"], 2, "\\x1b[31m"),
        (["*" * 100_000], 2, "exactly 5 fields"),
        ([], 2, "Missing argument 'SCHEDULE'"),
        (["daily", "-n", "0"], 2, "'-n'"),
        (["daily", "--nonsense"], 2, "No such option"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, with the name of the command, and nothing that moves a terminal's cursor."""
    assert run(["next", *arguments]) == code
    out, err = capsys.readouterr()

    assert out == ""
    assert says in err
    assert err.startswith("gocron-py next: ")
    assert err.endswith("\n")
    assert all(char.isprintable() for char in err[:-1])
    assert len(err) < 3000


@pytest.mark.parametrize(
    ("schedule", "has_fractions"),
    [("every 10m to 20m", False), ("every 90m", False), ("every 1500ms", True), ("every 100ms to 200ms", True)],
)
def test_fractions_of_seconds(schedule: str, has_fractions: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """They are shown where the schedule has them, not where they are only now's, or those of chance."""
    assert ("." in "".join(lines(capsys, schedule, "-n", "20"))) is has_fractions
    assert len({run["unix"] % 1 for run in answer(capsys, "every 10m to 20m")["runs"]}) > 1  # machines get them all
