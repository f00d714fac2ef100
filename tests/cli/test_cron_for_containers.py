"""``gocron-py crontab``: real commands, signals, pipes and processes.

The 50 lines are run together, and each is compared with what Debian's cron is documented to do, or was seen to do
(3.0pl1-162).
"""

from __future__ import annotations

import base64
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from datetime import UTC
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from cron_kit import Cron, cron, is_gone, until

from gocron_py.cli import run
from gocron_py.crontab.file import parse
from gocron_py.crontab.log import Log
from gocron_py.crontab.service import Service, Settings, shell_of

pytestmark = pytest.mark.slow

ME = pwd.getpwuid(os.geteuid()).pw_name

# Line of the crontab; what its command writes (None: it is a variable, a comment or blank); what becomes of it.
WELL, OUTPUT = "ended well", "output"
TABLE: list[tuple[str, list[str] | None, str]] = [
    ("# a comment", None, ""),
    ("", None, ""),
    (" \t ", None, ""),
    ("   # another one", None, ""),
    ("PLAIN = some value  ", None, ""),
    ('QUOTED="  blanks  "', None, ""),
    ("SINGLE='it is \"single\"'", None, ""),
    ("HASH=a # b", None, ""),
    ("DOLLAR=$PLAIN", None, ""),
    ('EMPTY=""', None, ""),
    ("MAILTO=nobody", None, ""),
    ("@reboot echo \"[$PLAIN]\"", ["[some value]"], WELL),
    ("@reboot echo \"[$QUOTED]\"", ["[  blanks  ]"], WELL),
    ("@reboot echo \"[$SINGLE]\"", ['[it is "single"]'], WELL),
    ("@reboot echo \"[$HASH]\"", ["[a # b]"], WELL),
    ("@reboot echo \"[$DOLLAR]\"", ["[$PLAIN]"], WELL),
    ("@reboot echo \"[${EMPTY-unset}]\"", ["[]"], WELL),
    ("@reboot echo $SHELL $LOGNAME", [f"/bin/sh {ME}"], WELL),
    ("@reboot echo a # not a comment for cron, but one for the shell", ["a"], WELL),
    ("@reboot echo '# part of the command'", ["# part of the command"], WELL),
    ("@reboot\techo tab", ["tab"], WELL),
    ("  @reboot   echo   blanks  ", ["blanks"], WELL),
    ("@reboot cat%one%two", ["one", "two"], WELL),
    ("@reboot cat %one\\%%", ["one%"], WELL),
    ("@reboot cat %", [], WELL),
    ("@reboot cat", [], WELL),
    ("@reboot date +\\%Y > /dev/null; echo 100\\%", ["100%"], WELL),
    ("@reboot printf 'a\\\\tb\\n'", ["a\tb"], WELL),
    ("@reboot exit 3", [], "failed: exit code 3"),
    ("@reboot false", [], "failed: exit code 1"),
    ("@reboot no-such-command 2>/dev/null", [], "failed: exit code 127"),
    ("@reboot kill -9 $$", [], "failed: ended by SIGKILL"),
    ("@reboot kill -TERM $$", [], "failed: ended by SIGTERM"),
    ("@reboot exit 256", [], WELL),
    ("@reboot echo out; echo err >&2; echo out", ["out", "err", "out"], WELL),
    ("@reboot printf 'no newline'", ["no newline"], WELL),
    ("@reboot printf '\\n\\n'", ["", ""], WELL),
    ("@reboot echo a; cd /; pwd", ["a", "/"], WELL),
    ("@reboot printf 'bell \\007 escape \\033[31m red\\n'", ["bell \\x07 escape \\x1b[31m red"], WELL),
    ("@reboot printf 'byte \\377 nul \\000 end\\n'", ["byte \\xff nul \\x00 end"], WELL),
    ("@reboot echo ünï", ["ünï"], WELL),
    ("@reboot (exit 5) || exit 6", [], "failed: exit code 6"),
    ("SHELL=/bin/false", None, ""),
    ("@reboot echo never", [], "failed: exit code 1"),
    ("SHELL=/nosuch/shell", None, ""),
    ("@reboot echo never", [], "failed: it cannot be started: [Errno 2] No such file or directory: b'/nosuch/shell'"),
    ("SHELL=/bin/sh", None, ""),
    ("PATH=/nowhere", None, ""),
    ("@reboot /bin/echo $PATH; ls 2>/dev/null", ["/nowhere"], "failed: exit code 127"),
    ("PATH=/usr/bin:/bin", None, ""),
    ("HOME=/usr", None, ""),
    ("@reboot pwd; echo $HOME", ["/usr", "/usr"], WELL),
    ("HOME=/nosuch", None, ""),
    ("@reboot pwd", ["/"], WELL),
    ("GOCRON_TIMEOUT=1s", None, ""),
    ("@reboot echo begun; exec sleep 60", ["begun"], "failed: ended: the time limit of 1 s is over"),
    ("GOCRON_TIMEOUT=none", None, ""),
    ("CRON_TZ=Asia/Tokyo", None, ""),
    ("* * * * * 0-7 echo $CRON_TZ", ["Asia/Tokyo"], WELL),
    ("* * * * jan-dec sun-sat true", [], WELL),
    ("*/1 0-59 */1 1-31 1-12 * true", [], WELL),
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Cron:
    """All lines at once, until each has run."""
    file = tmp_path_factory.mktemp("cron") / "crontab"
    file.write_text("\n".join(line for line, *_ in TABLE) + "\n")
    entries = [number for number, (_, output, _) in enumerate(TABLE, 1) if output is not None]
    with cron(file) as running:
        running.until(lambda: all(running.ended(number) for number in entries))
        assert running.stop() == 0
    return running


@pytest.mark.parametrize("number", range(1, len(TABLE) + 1), ids=[f"{line[:40]!r}" for line, *_ in TABLE])
def test_line_by_line(number: int, whole: Cron) -> None:
    """Output and exit code of each, and no word of lines that are no entries."""
    _, output, outcome = TABLE[number - 1]
    if output is None:
        assert whole.said(number) == []
        return
    assert whole.output(number)[: len(output)] == output
    assert outcome in whole.events(number)


def test_there_are_fifty_lines_and_more() -> None:
    """As the issue asks for."""
    assert len(TABLE) >= 50


def test_what_is_ignored_is_said(whole: Cron) -> None:
    """MAILTO, by its line."""
    assert ":11: warning: MAILTO is ignored" in whole.text()


def test_reboot_is_once(whole: Cron) -> None:
    """At the start."""
    assert whole.events(12) == ["started", WELL]


# -- output ----------------------------------------------------------------------------------------


def crontab(directory: Path, *lines: str) -> Path:
    file = directory / "crontab"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_output_comes_while_the_command_runs(tmp_path: Path) -> None:
    """Line by line, and before the end."""
    with cron(
        crontab(tmp_path, "@reboot echo first; while [ ! -e go ]; do sleep 0.1; done; echo last"), HOME=str(tmp_path)
    ) as it:
        it.until(lambda: it.output(1) == ["first"])
        assert not it.ended(1)
        (tmp_path / "go").touch()
        it.until(lambda: it.ended(1))
        assert it.output(1) == ["first", "last"]


def test_megabytes_on_both_pipes(tmp_path: Path) -> None:
    """No pipe that is full stops anything, and long lines come whole, in pieces."""
    write = "head -c 3000000 /dev/zero | tr '\\0' x; echo; yes | head -n 20000 >&2; exit 7"
    with cron(crontab(tmp_path, f"@reboot {write}")) as it:
        it.until(lambda: bool(it.raw) and b"failed" in it.raw[-1])
        first, *others = it.output(1)
        assert first == "x" * 3_000_000
        assert others == ["y"] * 20_000
        assert it.events(1) == ["started", "failed: exit code 7"]
        assert max(map(len, it.raw)) < 4096


def test_much_input_is_not_read(tmp_path: Path) -> None:
    """A command may leave its standard input alone."""
    with cron(crontab(tmp_path, f"@reboot echo done %{'x' * 120_000}", f"@reboot wc -c %{'y' * 120_000}")) as it:
        it.until(lambda: it.ended(1) and it.ended(2))
        assert (it.output(1), it.output(2)) == (["done"], ["120001"])


def test_a_reader_that_stands_still_does_not_keep_it(tmp_path: Path) -> None:
    """The log is a full pipe: it still ends when it is told to, with its commands."""
    file = crontab(tmp_path, f"@reboot echo $$ > {tmp_path}/pid; exec yes")
    command = [sys.executable, "-m", "gocron_py", "crontab", str(file), "--stop-timeout", "1s"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as popen:
        until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
        pid = int((tmp_path / "pid").read_text())
        popen.terminate()
        assert popen.wait(30) == 0
        until(lambda: is_gone(pid))


def test_a_reader_that_has_gone_costs_the_log_only(tmp_path: Path) -> None:
    """What is run goes on."""
    file = crontab(tmp_path, f"* * * * * * echo x >> {tmp_path}/runs")
    with cron(file) as it:
        it.until(lambda: it.ended(1))
        assert it.popen.stdout is not None
        os.dup2(os.open(os.devnull, os.O_RDONLY), it.popen.stdout.fileno())
        count = (tmp_path / "runs").read_text().count("x")
        until(lambda: (tmp_path / "runs").read_text().count("x") >= count + 2)
        it.popen.terminate()
        assert it.popen.wait(30) == 0


def test_json(tmp_path: Path) -> None:
    """An object a line, with lines and names."""
    with cron(crontab(tmp_path, "GOCRON_NAME=the job", "@reboot printf 'a\\033b'; exit 2"), "--json") as it:
        it.until(lambda: b'"failed"' in b"".join(it.raw))
        assert it.stop() == 0
    objects = [json.loads(line) for line in it.raw]
    mine = [(each["event"], each["text"]) for each in objects if each.get("line") == 2]
    assert mine[1:2] == [(OUTPUT, "a\\x1bb")]
    assert [kind for kind, _ in mine] == ["started", "output", "failed"]
    assert {each["job"] for each in objects if each.get("line") == 2} == {"the job"}
    assert [each["event"] for each in objects if "line" not in each] == ["begin", "stopping", "end"]


# -- processes -------------------------------------------------------------------------------------


def test_no_descriptor_is_inherited(tmp_path: Path) -> None:
    """But the three; the store of the instances, and pipes of other commands, stay here."""
    file = crontab(
        tmp_path, "@reboot exec sleep 30", "*/1 * * * * * ls /proc/$$/fd", "@reboot umask; ulimit -c > /dev/null"
    )
    (tmp_path / "store").mkdir(mode=0o700)
    with cron(file, "--once-across", f"sqlite:///{tmp_path}/store/jobs.db") as it:
        it.until(lambda: it.ended(2))
        assert it.output(2)[:4] in (["0", "1", "2"], ["0", "1", "2", "0"])


def test_no_overlap(tmp_path: Path) -> None:
    """A command that still runs is not started again, and that is said."""
    with cron(crontab(tmp_path, "* * * * * * exec sleep 3")) as it:
        it.until(lambda: it.ended(1))
        assert it.events(1)[:2] == ["started", "skipped: its last run still goes on"]


def test_overlap(tmp_path: Path) -> None:
    """Unless it is wanted."""
    with cron(crontab(tmp_path, "* * * * * * exec sleep 30"), "--overlap") as it:
        it.until(lambda: it.events(1).count("started") >= 2)
        assert not it.ended(1)
        assert it.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stop_ends_the_group(number: signal.Signals, tmp_path: Path) -> None:
    """The shell, and what it started."""
    with cron(crontab(tmp_path, "@reboot sleep 60 & echo $!; sleep 60 & echo $!; wait")) as it:
        it.until(lambda: len(it.output(1)) == 2)
        began = time.monotonic()
        assert it.stop(number) == 0
        assert time.monotonic() - began < 8  # the commands' time is 10 s
        assert it.events(1)[-1] == "failed: ended: the scheduler stops"
        until(lambda: all(is_gone(int(pid)) for pid in it.output(1)))


def test_what_does_not_listen_is_killed(tmp_path: Path) -> None:
    """The shell ends at once, its child ignores SIGTERM: SIGKILL, after the stop time-out."""
    deaf = "(trap '' TERM; echo begun; while :; do sleep 0.2; done) & echo $!; wait"
    with cron(crontab(tmp_path, f"@reboot {deaf}"), "--stop-timeout", "1s") as it:
        it.until(lambda: len(it.output(1)) == 2)
        assert it.stop() == 0
        (pid,) = (int(text) for text in it.output(1) if text.isdigit())
        until(lambda: is_gone(pid))


def test_second_signal(tmp_path: Path) -> None:
    """It is patient no longer: all is killed at once."""
    with cron(
        crontab(tmp_path, "@reboot trap '' TERM; echo $$; while :; do sleep 0.2; done"), "--stop-timeout", "60s"
    ) as it:
        it.until(lambda: len(it.output(1)) == 1)
        it.popen.terminate()
        it.until(lambda: "stopping" in it.text())
        assert it.stop() == 128 + signal.SIGTERM
        until(lambda: is_gone(int(it.output(1)[0])))


def test_time_limit_of_a_group(tmp_path: Path) -> None:
    """--timeout holds for lines without one of their own, and for all that the command has started."""
    file = crontab(tmp_path, "@reboot sleep 60 & echo $!; wait", "GOCRON_TIMEOUT=none", "@reboot exec sleep 2")
    with cron(file, "--timeout", "1s") as it:
        it.until(lambda: it.ended(1))
        assert it.events(1)[-1] == "failed: ended: the time limit of 1 s is over"
        until(lambda: is_gone(int(it.output(1)[0])))
        it.until(lambda: it.ended(3))
        assert it.events(3)[-1] == WELL


def test_a_command_that_leaves_a_daemon_behind(tmp_path: Path) -> None:
    """The run ends with the shell; the daemon lives on, and what it writes later is logged."""
    leave = f"setsid sh -c 'while [ ! -e {tmp_path}/go ]; do sleep 0.1; done; echo from the daemon' & echo left"
    with cron(crontab(tmp_path, f"@reboot {leave}")) as it:
        it.until(lambda: it.ended(1))
        assert (it.output(1), it.events(1)) == (["left"], ["started", WELL])
        (tmp_path / "go").touch()
        it.until(lambda: it.output(1) == ["left", "from the daemon"])


def test_zombies_are_reaped(tmp_path: Path) -> None:
    """As PID 1 does, here by --init: an orphan becomes its child, and is waited for; exit codes stay right."""
    orphan = "sh -c 'sleep 0.3 & echo $!'; exit 4"
    with cron(crontab(tmp_path, f"@reboot {orphan}"), "--init") as it:
        it.until(lambda: it.ended(1))
        assert it.events(1) == ["started", "failed: exit code 4"]
        pid = int(it.output(1)[0])
        until(lambda: not Path(f"/proc/{pid}").exists())  # a zombie would still be there
        assert it.stop() == 0
        assert "stopped" in it.text()


def test_init_dies(tmp_path: Path) -> None:
    """So does the one that works, gently."""
    with cron(crontab(tmp_path, "@reboot echo $PPID; exec sleep 60"), "--init") as it:
        it.until(lambda: len(it.output(1)) == 1)
        worker = int(it.output(1)[0])
        assert worker != it.popen.pid
        it.popen.kill()
        it.popen.wait(30)
        until(lambda: is_gone(worker))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs commands as another user")
def test_system_crontab_as_another_user(tmp_path: Path) -> None:
    """With that user's groups, home and name."""
    with cron(crontab(tmp_path, "@reboot nobody id -un; echo $LOGNAME; id -gn"), "--system") as it:
        it.until(lambda: it.ended(1))
        assert it.output(1)[:2] == ["nobody", "nobody"]


def test_unknown_user(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Is found at once."""
    file = crontab(tmp_path, "* * * * * nosuchuser true")
    assert run(["crontab", str(file), "--system"]) == 1
    assert "line 1: there is no user 'nosuchuser'" in capsys.readouterr().err


# -- a store -----------------------------------------------------------------------------------------


def store_in(directory: Path) -> str:
    (directory / "store").mkdir(mode=0o700)
    return f"sqlite:///{directory}/store/jobs.db"


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("another file", "file is not a database"),
        ("a directory", "not that of a file"),
        ("no directory", "is a file"),
    ],
)
def test_a_store_that_is_none(what: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused at the start, on one line: no tick would ever run."""
    url = store_in(tmp_path)
    path = tmp_path / "store" / "jobs.db"
    if what == "another file":
        path.write_text("no database\n" * 1000)
    elif what == "a directory":
        path.mkdir()
    else:
        path.parent.rmdir()
        path.parent.write_text("a file")
    assert run(["crontab", str(crontab(tmp_path, "@daily true")), "--once-across", url]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("gocron-py crontab: --once-across: ")
    assert says in err


def test_a_store_that_does_not_answer_is_waited_for(tmp_path: Path) -> None:
    """It may do so when it is needed."""
    with cron(crontab(tmp_path, "@reboot echo here"), "--once-across", "redis://127.0.0.1:1/0") as it:
        it.until(lambda: it.ended(1))
        assert it.stop() == 0


def test_a_store_that_breaks_is_told_of_once(tmp_path: Path) -> None:
    """Not with every tick, and on one line."""
    file = crontab(tmp_path, "* * * * * * true", "* * * * * * true", "@reboot while :; do echo beat; sleep 0.5; done")
    with cron(file, "--once-across", store_in(tmp_path)) as it:
        it.until(lambda: it.ended(1))
        for name in ("jobs.db-wal", "jobs.db-shm"):  # from which SQLite would restore it
            (tmp_path / "store" / name).unlink(missing_ok=True)
        (tmp_path / "store" / "other").write_text("no database\n" * 1000)
        (tmp_path / "store" / "other").rename(tmp_path / "store" / "jobs.db")
        it.until(lambda: "gocron-py: corrupt: " in it.text())
        beats = len(it.output(3))
        it.until(lambda: len(it.output(3)) >= beats + 8)
        assert it.text().count("cannot be read") == 1
        assert "\\n" not in it.text()


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_pause_is_told_of(is_shared: bool, tmp_path: Path) -> None:
    """Its beginning and its end, once each; a run that somebody asks for is not the end."""
    file, url = crontab(tmp_path, "GOCRON_NAME=job", "* * * * * * true", "* * * * * * true"), store_in(tmp_path)
    options = ["--once-across", url] if is_shared else ["--dashboard", ":0"]
    with cron(file, *options, GOCRON_DASHBOARD_AUTH="a:b") as it:
        it.until(lambda: it.ended(2))
        act(it, url if is_shared else None, "pause")
        it.until(lambda: "paused: its ticks are skipped until it is resumed" in it.events(2))
        others = len(it.events(3))
        it.until(lambda: len(it.events(3)) >= others + 6)
        assert it.events(2)[-1].startswith("paused: ")
        act(it, url if is_shared else None, "resume")
        it.until(lambda: it.events(2)[-1] == WELL)
        assert [event for event in it.events(2) if "paused" in event] == [
            "paused: its ticks are skipped until it is resumed",
            "resumed: it is paused no longer",
        ]


def act(it: Cron, url: str | None, what: str) -> None:
    """Pause or resume the job, by the store or by the dashboard."""
    if url is not None:
        assert run([what, "job", "--store", url]) == 0
        return
    at = it.text().partition("the dashboard is at ")[2].split()[0]
    auth = {
        "Authorization": "Basic " + base64.b64encode(b"a:b").decode(),
        "X-Gocron-Dashboard": "1",
        "Origin": at.rstrip("/"),
    }
    with urlopen(Request(f"{at}api/jobs", headers=auth), timeout=20) as answer:
        (job,) = (each["id"] for each in json.load(answer)["jobs"] if each["name"] == "job")
    with urlopen(Request(f"{at}api/jobs/{job}/{what}", b"{}", auth, method="POST"), timeout=20) as answer:
        assert answer.status < 300


def test_a_history_has_the_reason() -> None:
    """Of a command that failed, on its first line: exit code, signal, time limit, what kept it from starting."""
    lines = b"@reboot exit 3\n@reboot kill -9 $$\nGOCRON_TIMEOUT=1s\n@reboot exec sleep 60\nSHELL=/no\n@reboot x\n"
    service = Service(parse(lines), Settings(UTC, dict(os.environ)), Log(os.open(os.devnull, os.O_WRONLY)))
    with service.scheduler as scheduler:
        jobs = scheduler.jobs()
        until(lambda: all(job.history() for job in jobs))
        errors = [job.history()[-1].error or "" for job in jobs]
    assert sorted(errors) == [
        "CommandFailed: ended by SIGKILL",
        "CommandFailed: ended: the time limit of 1 s is over",
        "CommandFailed: exit code 3",
        "CommandFailed: it cannot be started: [Errno 2] No such file or directory: b'/no'",
    ]


# -- the environment -------------------------------------------------------------------------------


def test_environment_of_the_container(tmp_path: Path) -> None:
    """Commands get it, but not the URL of the store; they are told their tick."""
    file = crontab(
        tmp_path, '@reboot echo "$MINE|$GOCRON_ONCE_ACROSS|$GOCRON_ATTEMPT|${GOCRON_TICK%%T*}"'.replace("%", "\\%")
    )
    (tmp_path / "store").mkdir(mode=0o700)
    with cron(file, MINE="yes", GOCRON_ONCE_ACROSS=f"sqlite:///{tmp_path}/store/jobs.db") as it:
        it.until(lambda: it.ended(1))
        mine, url, attempt, day = it.output(1)[0].split("|")
        assert (mine, url, attempt, day.count("-")) == ("yes", "", "1", 2)
        assert "each tick on one instance" in it.text()


def test_clean_environment() -> None:
    """That of cron, as it was seen there."""
    (entry,) = parse(b"A=b\n@daily env\n").entries
    shell = shell_of(entry, {})
    home = pwd.getpwuid(os.geteuid()).pw_dir
    assert shell.environment == {
        "A": "b", "HOME": home, "LOGNAME": ME, "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "USER": ME
    }  # fmt: skip


# -- what is wrong ---------------------------------------------------------------------------------


def test_a_file_with_errors_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All of them are told, and the exit code is 1."""
    file = crontab(tmp_path, "* * * * * true", "60 * * * * x", "@never x")
    assert run(["crontab", str(file)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == f"{file}:2: error: bad minute '60': 60 is not from 0 to 59"
    assert f"{file}:3: error: no such word: @never" in err
    assert err.splitlines()[2] == f"gocron-py crontab: {file}: nothing is run: 2 errors"


def test_what_is_suspicious_is_said_at_the_start(tmp_path: Path) -> None:
    """A file for other options, and one with nothing in it; both are run."""
    with cron(crontab(tmp_path, "* * * * * * root echo hi")) as it:
        it.until(lambda: it.ended(1))
        assert "/crontab:1: warning: 'root' would be the command, and is a user: --system" in it.text()
    with cron(crontab(tmp_path, "# nothing yet")) as it:
        it.until(lambda: "0 entries" in it.text())
        assert "/crontab: warning: it has no entries: a mount that is missing?" in it.text()
        assert it.stop() == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["/nosuch"], 1, "/nosuch: No such file or directory"),
        (["/"], 1, "it is a directory"),
        (["FILE", "--tz", "Mars"], 2, "no zone 'Mars'"),
        (["FILE", "--timeout", "soon"], 2, "'soon' is no length of time"),
        (["FILE", "--stop-timeout", "-1s"], 2, "must be more than 0"),
        (["FILE", "--once-across", "ftp://geheim@x"], 2, "begins with one of sqlite://"),
        (["FILE", "--once-across", "redis://:geheim@host:port/"], 2, "not a URL of Redis"),
        (["FILE", "--once-across", "sqlite://x"], 2, "three or four slashes"),
        (["FILE", "--once-across", "k8s://Not a namespace"], 2, "k8s://namespace"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: list[str], code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And shows no password."""
    file = crontab(tmp_path, "@daily true")
    assert run(["crontab", *(str(file) if word == "FILE" else word for word in arguments)]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert "geheim" not in err
    assert err.count("\n") == 1
