"""``gocron-py run``, and what all commands have in common, with real processes."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from gocron_py.cli import run

JOBS = """
import datetime
import sys
import time

import gocron_py as gocron


def make(task, stop=5):
    scheduler = gocron.new_scheduler(gocron.with_stop_timeout(datetime.timedelta(seconds=stop)))
    scheduler.new_job(
        gocron.duration_job(datetime.timedelta(milliseconds=100)), gocron.new_task(task), gocron.with_name("job"),
        gocron.with_singleton_mode(gocron.LimitMode.RESCHEDULE),
    )
    return scheduler


def say(ctx: gocron.Context):
    print("begun", flush=True)
    ctx.wait(60)
    print("told to end", flush=True)


def hang():
    print("begun", flush=True)
    time.sleep(60)


scheduler = make(say)
other = 3


def patient():
    return make(hang, 0.3)


def broken():
    raise RuntimeError("no database\\x1b[31m")
"""

COMMAND = [sys.executable, "-m", "gocron_py", "run"]


def started(target: str, directory: Path) -> subprocess.Popen[str]:
    (directory / "jobs.py").write_text(JOBS)
    process = subprocess.Popen(
        [*COMMAND, target], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_gently(number: signal.Signals, tmp_path: Path) -> None:
    """The task hears of it and ends; the exit code is 0."""
    process = started("jobs:scheduler", tmp_path)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 0, err
    assert out == "told to end\n"
    assert "scheduler started" in err
    assert "scheduler stopped" in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_stop_timeout(tmp_path: Path) -> None:
    """A task that does not look costs the scheduler's stop time-out, one line and exit code 1. A function is called."""
    process = started("jobs:patient", tmp_path)
    process.terminate()
    out, err = process.communicate(timeout=30)

    assert process.returncode == 1
    assert out == ""
    assert "gocron-py run: timed out waiting for jobs to finish; still running: job" in err


@pytest.mark.slow
def test_dashboard(tmp_path: Path) -> None:
    """It is served while the scheduler runs, on any free port here; others may not reach it without a password."""
    (tmp_path / "jobs.py").write_text(JOBS)
    command = [*COMMAND, "jobs:scheduler", "--dashboard"]
    with subprocess.Popen(
        [*command, ":0"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as it:
        try:
            assert it.stderr is not None
            url = next(line for line in it.stderr if "the dashboard is at" in line).split()[-1]
            assert url.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(f"{url}api/jobs", timeout=20) as answer:
                assert b'"job"' in answer.read()
            it.terminate()
            it.stderr.read()
        finally:
            if sys.exc_info()[0] is not None:
                it.kill()
    assert it.returncode == 0
    open_to_all = [*command, "0.0.0.0:0"]
    done = subprocess.run(open_to_all, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 1
    assert "set GOCRON_DASHBOARD_AUTH=user:password" in done.stderr


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("nosuchmodule:x", "cannot be imported: ModuleNotFoundError"),
        ("jobs:nothing", "jobs has no nothing"),
        ("jobs:other", "is no scheduler and gives none, but an object of type int"),
        ("jobs:other.real.imag", "is no scheduler"),
        ("jobs:say", "failed: TypeError"),
        ("jobs:broken", "failed: RuntimeError: no database\\x1b[31m"),
        ("syntax:x", "cannot be imported: SyntaxError"),
        ("a..b:x", "cannot be imported"),
    ],
)
def test_no_scheduler_is_one_line(
    target: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what is wrong, and where."""
    (tmp_path / "jobs.py").write_text(JOBS)
    (tmp_path / "syntax.py").write_text("def\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "jobs", raising=False)

    assert run(["run", target]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gocron-py run: ")
    assert says in err
    assert err.count("\n") == 1
    sys.modules.pop("jobs", None)


@pytest.mark.parametrize("target", ["jobs", ":x", "jobs:"])
def test_words_that_name_no_scheduler(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The command line is wrong, whatever there is to import."""
    assert run(["run", target]) == 2
    assert "must be of the form module:scheduler, such as myapp.jobs:scheduler" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "code", "says"),
    [
        ("8080", 2, "'--dashboard': '8080': an address is host:port, or :port"),
        ("foo", 2, "'--dashboard': 'foo': an address is host:port"),
        (":99999", 2, "'--dashboard': ':99999': port 99999 is beyond 65535"),
        ("::1:80", 2, "an IPv6 address stands in brackets"),
        ("no.such.host.invalid:80", 1, "--dashboard no.such.host.invalid:80: the address has no host that is known"),
        ("0.0.0.0:0", 1, "set GOCRON_DASHBOARD_AUTH=user:password"),
    ],
)
def test_addresses_of_dashboards(
    address: str, code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The option and the value are named, and what is wrong with it: 2 for the words, 1 for what fails."""
    file = tmp_path / "crontab"
    file.write_text("@daily true\n")
    assert run(["crontab", str(file), "--dashboard", address]) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert says in err


# -- all commands ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["nxet"], "No such command 'nxet'"), (["--nonsense"], "No such option"), (["demo", "x"], "unexpected extra")],
)
def test_wrong_command_lines(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line and exit code 2."""
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert says in err


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    """As the first page promises."""
    assert run(["--help"]) == 0
    page = capsys.readouterr().out
    commands = [line.split()[0] for line in page[page.index("Commands:") :].splitlines()[1:] if line[2:3].strip()]
    assert {"next", "run", "validate", "demo"} <= set(commands)
    for command in commands:
        assert run([command, "--help"]) == 0
        assert f"Usage: gocron-py {command}" in capsys.readouterr().out


def test_without_the_extra() -> None:
    """One line says what to install; in a Python without click."""
    program = "import sys; sys.modules['click'] = None; from gocron_py.__main__ import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 2
    assert done.stderr == "gocron-py: the command line needs two packages more: pip install 'gocron_py[cli]'\n"


def test_nobody_reads_on() -> None:
    """A broken pipe is quiet."""
    command = [sys.executable, "-m", "gocron_py", "next", "* * * * *", "-n", "3000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()

    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(30)


def in_terminal(**environment: str) -> bytes:
    """What ``next`` writes to a terminal."""
    command = [sys.executable, "-m", "gocron_py", "next", "30 2 * * *", "--tz", "Europe/Berlin", "-n", "1"]
    child, terminal = pty.fork()
    if child == 0:
        os.environ.pop("NO_COLOR", None)
        os.environ.update(TERM="xterm-256color", **environment)
        os.execv(sys.executable, command)
    output = b""
    try:
        while piece := os.read(terminal, 65536):
            output += piece
    except OSError:  # how Linux tells that the other side is closed
        pass
    os.close(terminal)
    os.waitpid(child, 0)
    return output


def test_colours_are_for_terminals() -> None:
    """And not for those of people who want none."""
    assert b"\x1b[" in in_terminal()
    assert b"\x1b[" not in in_terminal(NO_COLOR="1")
    assert b"02:30:00" in in_terminal(NO_COLOR="1")
