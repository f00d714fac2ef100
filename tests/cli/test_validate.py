"""``gocron-py validate``."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

import pytest

from gocron_py.cli import run

BROKEN = b"""\
SHELL=/bin/sh
A=
B='x
* * * * * echo fine
60 * * * * x
@never x
CRON_TZ=Nowhere
* * * *
0 0 30 2 * x
GOCRON_TIMEOUT=soon
* * * * * \t
* * * * * a\0b
MAILTO=root
"""


def test_all_errors_with_their_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not the first one only; the exit code is 1."""
    file = tmp_path / "crontab"
    file.write_bytes(BROKEN)

    assert run(["validate", str(file)]) == 1
    out, err = capsys.readouterr()
    *told, summary = out.splitlines()
    assert err == ""
    numbers = [int(line.removeprefix(f"{file}:").partition(":")[0]) for line in told if ": error: " in line]
    assert numbers == [2, 3, 5, 6, 7, 8, 9, 10, 11, 12]
    assert f"{file}:13: warning: MAILTO is ignored: output goes to the log, not into mail" in told
    assert summary == f"{file}: 1 entry, 10 errors, 1 warning"


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Entries with their names, time limits and next runs."""
    file = tmp_path / "crontab"
    file.write_text(
        "GOCRON_TIMEOUT=90s\nCRON_TZ=Asia/Tokyo\nGOCRON_NAME=nightly\n0 3 * * * /opt/backup --now\n@reboot x\n"
    )

    assert run(["validate", str(file), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    first, second = answer["entries"]
    assert first["next"].endswith("T03:00:00+09:00")
    del first["next"]
    assert first == {
        "line": 4,
        "name": "nightly",
        "schedule": "0 3 * * *",
        "zone": "Asia/Tokyo",
        "command": "/opt/backup --now",
        "user": None,
        "timeout": 90.0,
    }
    assert (second["schedule"], second["next"]) == ("@reboot", None)
    assert answer["problems"] == []


def test_files_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory, a file that is not there, one that may not be read, one that is far too large."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(5_000_000)
    for path, says in [
        (tmp_path, "it is a directory"),
        (tmp_path / "x", "No such file"),
        (large, "larger than 4,000,000"),
    ]:
        assert run(["validate", str(path)]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert says in err
        assert err.count("\n") == 1
    if os.geteuid() != 0:  # root may read everything
        secret = tmp_path / "secret"
        secret.touch(0o000)
        assert run(["validate", str(secret)]) == 1
        assert "Permission denied" in capsys.readouterr().err


def test_what_is_in_a_file_does_not_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences, bytes that are no text, 100 kB lines and binary files are shown harmlessly, and quickly."""
    file = tmp_path / "crontab\x1b[31m"
    hostile = b"A=x" + b" " * 50_000 + b"y\n* * * * * " + b"%x" * 50_000 + b"\n" + b"1," * 50_000 + b" * * * *\n"
    noise = random.Random(6).randbytes(300_000)
    file.write_bytes(b"\x1b]0;title\x07 \x9b * * * x\n* * * * \xff x\n" + b"* " * 50_000 + b"\n" + hostile + noise)
    began = time.monotonic()

    assert run(["validate", str(file)]) == 1
    out, _ = capsys.readouterr()
    assert time.monotonic() - began < 10
    assert all(char.isprintable() or char == "\n" for char in out)
    assert all(len(line) < 3000 for line in out.splitlines())
    assert "crontab\\x1b[31m:1: error: bad minute '\\x1b]0;title\\x07'" in out
    assert run(["validate", str(file), "--json"]) == 1
    assert capsys.readouterr().out.isascii()


def test_the_example_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    """The crontab beside the Dockerfile, which runs this very command when it is built."""
    file = Path(__file__).parents[2] / "examples" / "deploy" / "crontab" / "crontab"
    assert run(["validate", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: 3 entries, 0 errors, 0 warnings\n"


@pytest.mark.parametrize(
    ("line", "options", "says"),
    [
        ("*/2 * * * * * echo hi", [], "'*' would be the command, and looks like one more time field: --with-seconds"),
        ("0 */2 * * * 1-5 echo hi", [], "'1-5' would be the command"),
        ("0 15 2 * * 5 echo hi", [], "'5' would be the command"),
        ("0 15 2 * * mon-fri echo hi", [], "'mon-fri' would be the command"),
        ("0 15 2 * * * root echo hi", ["--system"], "'*' would be the user, and looks like one more time field"),
        ("0 15 2 * * * 2027 echo hi", ["--with-seconds"], "but there are six with --with-seconds"),
        ("*/5 * * * * root echo hi", [], "'root' would be the command, and is a user: --system reads a column"),
        ("@daily nobody echo hi", [], "'nobody' would be the command"),
    ],
)  # fmt: skip
def test_a_file_for_other_options(
    line: str, options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is valid and runs something else: a warning says what, and the remedy."""
    file = tmp_path / "crontab"
    file.write_text(f"{line}\n")
    assert run(["validate", str(file), *options]) == 0
    told, summary = capsys.readouterr().out.splitlines()
    assert told.startswith(f"{file}:1: warning: ")
    assert says in told
    assert summary.endswith("1 entry, 0 errors, 1 warning")


def test_what_only_looks_like_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs that are called like a field or a user, the right options, users as arguments: not a word."""
    (tmp_path / "bin").mkdir()
    for name in ("5", "root", "sun"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    file = tmp_path / "crontab"
    commands = ["5 x", "root x", "sun x", "su root -c x", "./5", "2to3 x", "/bin/echo *"]
    file.write_text("\n".join([f"PATH={tmp_path}/bin", *(f"* * * * * {each}" for each in commands), ""]))
    assert run(["validate", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: {len(commands)} entries, 0 errors, 0 warnings\n"
    file.write_text("*/5 * * * * root echo hi\n")
    assert run(["validate", str(file), "--system"]) == 0
    assert "0 warnings" in capsys.readouterr().out


def test_a_file_without_entries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It runs nothing for ever, silently: that is hardly what is meant."""
    file = tmp_path / "crontab"
    for text in ("", "# nothing\n", "A=b\n"):
        file.write_text(text)
        assert run(["validate", str(file)]) == 0
        told, summary = capsys.readouterr().out.splitlines()
        assert told == f"{file}: warning: it has no entries: a mount that is missing?"
        assert summary == f"{file}: 0 entries, 0 errors, 1 warning"
    assert run(["validate", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["problems"][0]["line"] is None
