"""The demo: its ledger on made-up logs, and the whole of it on real processes."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from gocron_py import duration_job
from gocron_py.cli import run
from gocron_py.demo.jobs import JOBS, FleetJob
from gocron_py.demo.ledger import Account, Ledger
from gocron_py.demo.log import Line, Log, read

SECOND = 1_000_000
NOW = 1_700_000_000 * SECOND
END = 10  # seconds after NOW

ONCE = FleetJob("job", "", duration_job(timedelta(seconds=1)), policy={"start_deadline": timedelta(seconds=1)})
SIDE_BY_SIDE = FleetJob("job", "", ONCE.definition, policy={**ONCE.policy, "overlap": True})
AGAIN = FleetJob("job", "", ONCE.definition, policy={**ONCE.policy, "on_crash": "rerun"})


def at(seconds: float) -> int:
    return NOW + round(seconds * SECOND)


def ran(
    tick: int, pid: int = 1, start: float | None = None, took: float | None = 0.01, attempt: int = 1, fence: int = 0
) -> list[Line]:
    begin = at(tick + 0.01 if start is None else start)
    lines = [Line("start", begin, pid, "job", at(tick), attempt, fence or begin)]
    if took is not None:
        lines.append(Line("end", begin + round(took * SECOND), pid, "job", at(tick), attempt, fence or begin))
    return lines


def there(pid: int = 1, since: float = -1.0, skew: float = 0.0) -> list[Line]:
    return [
        Line("born", at(since - 0.5), pid),
        Line("attend", at(since), pid, "job", round(skew * SECOND)),
    ]


def account(job: FleetJob, *lines: Sequence[Line], until: float = END) -> Account:
    return Ledger([job], [line for some in lines for line in some], at(until)).accounts[0]


def all_but(*ticks: int) -> list[Line]:
    return [line for tick in range(END) if tick not in ticks for line in ran(tick)]


def test_all_is_well() -> None:
    kept = account(ONCE, there(), all_but())
    assert (kept.due, kept.kept, kept.started, kept.is_clean(), kept.excused) == (8, 8, 10, True, [])


def test_twice_is_seen() -> None:
    kept = account(ONCE, there(), there(2), all_but(), ran(5, pid=2, start=5.2))
    assert kept.twice == [at(5)]
    assert not kept.is_clean()


def test_the_same_attempt_twice_is_seen() -> None:
    kept = account(AGAIN, there(), there(2), all_but(), ran(5, pid=2, start=5.2))
    assert kept.twice == [at(5)]


def test_second_attempt_is_no_double() -> None:
    kept = account(AGAIN, there(), there(2), all_but(), ran(5, pid=2, start=5.2, attempt=2))
    assert (kept.twice, kept.again) == ([], 1)


def test_second_attempt_is_one_where_crashes_are_not_made_good() -> None:
    kept = account(ONCE, there(), there(2), all_but(), ran(5, pid=2, start=5.2, attempt=2))
    assert kept.twice == [at(5)]


def test_missed_is_seen() -> None:
    kept = account(ONCE, there(), all_but(5))
    assert (kept.missed, kept.excused) == ([at(5)], [])


def test_nobody_was_there() -> None:
    kept = account(ONCE, there(), [Line("killing", at(4.5), 1)], there(2, since=5.5), all_but(5))
    assert (kept.missed, kept.excused) == ([], [at(5)])


def test_nobody_was_awake() -> None:
    frozen = [Line("frozen", at(4.5), 1), Line("thawed", at(6.4), 1)]
    assert account(SIDE_BY_SIDE, there(), frozen, all_but(5)).excused == [at(5)]
    assert account(SIDE_BY_SIDE, there(), there(2), frozen, all_but(5)).missed == [at(5)]


def test_a_frozen_one_may_hold_the_claim() -> None:
    frozen = [Line("frozen", at(4.5), 1), Line("thawed", at(6.4), 1)]
    assert account(ONCE, there(), there(2), frozen, all_but(5)).excused == [at(5)]


def test_one_that_woke_up_too_late_to_begin_what_it_held() -> None:
    frozen, gave_up = (
        [Line("frozen", at(4.5), 1), Line("thawed", at(6.4), 1)],
        [Line("gave_up", at(6.5), 1, "job", at(5))],
    )
    assert account(SIDE_BY_SIDE, there(), there(2), frozen, gave_up, all_but(5)).excused == [at(5)]
    assert account(SIDE_BY_SIDE, there(), there(2), gave_up, all_but(5)).missed == [at(5)]
    other = [Line("gave_up", at(6.5), 1, "job", at(4)), Line("gave_up", at(6.5), 2, "job", at(5))]
    assert account(SIDE_BY_SIDE, there(), there(2), frozen, other, all_but(5)).missed == [at(5)]


def test_one_that_was_killed_in_the_act() -> None:
    killed = [Line("killing", at(5.005), 1)]
    assert account(ONCE, there(), there(2), killed, all_but(5)).excused == [at(5)]


def test_another_run_went_on() -> None:
    assert account(ONCE, there(), all_but(5, 4), ran(4, took=1.9)).excused == [at(5)]
    assert account(ONCE, there(), all_but(5, 4), ran(4, took=1.2)).missed == [at(5)]
    assert account(SIDE_BY_SIDE, there(), all_but(5, 4), ran(4, took=2.4)).missed == [at(5)]


def test_a_clock_that_is_wrong_is_no_excuse() -> None:
    assert account(SIDE_BY_SIDE, there(skew=0.3), all_but(5)).missed == [at(5)]
    assert account(SIDE_BY_SIDE, there(skew=-0.3), all_but(5)).missed == [at(5)]


def test_fences() -> None:
    back = ran(5, fence=at(2))
    assert account(ONCE, there(), all_but(5), back).fences_wrong != []
    assert account(SIDE_BY_SIDE, there(), all_but(5), back).fences_wrong == []
    same = ran(5, fence=at(3.01))
    assert account(SIDE_BY_SIDE, there(), all_but(5), same).fences_wrong != []


def test_what_was_killed_is_to_be_begun_again() -> None:
    killed = [*ran(3, pid=2, took=None), Line("killing", at(3.5), 2)]
    rest = all_but(3)
    lone = [line for line in rest if not at(3.5) < line.time < at(7)]
    forgotten = account(AGAIN, there(), there(2), killed, lone)
    assert forgotten.not_recovered == [at(3)]
    made_good = account(AGAIN, there(), there(2), killed, lone, ran(3, start=4.1, attempt=2))
    assert made_good.not_recovered == []
    assert account(ONCE, there(), there(2), killed, lone).not_recovered == []


def test_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = Log(path)
    log.write("start", job="a", at=5, attempt=1, fence=9)
    lines, offset = read(path)
    assert [(line.what, line.pid, line.job, line.at, line.attempt, line.fence) for line in lines] == [
        ("start", os.getpid(), "a", 5, 1, 9)
    ]
    with path.open("a") as file:
        file.write("end 17 1 a")  # the rest of the line is still to come
    assert read(path, offset) == ([], offset)
    log.close()


# -- the whole of it -------------------------------------------------------------------------------


def demo(*arguments: str, python: Sequence[str] = (sys.executable,)) -> list[str]:
    return [*python, "-m", "gocron_py", "demo", *arguments]


def ledger_of(output: str) -> dict[str, list[int]]:
    """The numbers of each job: due, of them started, missed, excused; others started, begun again, twice."""
    output = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", output)
    rows = re.findall(r"^(\w+) +(-|\d+) +(-|\d+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) *\r?$", output, re.MULTILINE)
    return {name: [0 if number == "-" else int(number) for number in numbers] for name, *numbers in rows}


@pytest.mark.slow
def test_without_a_terminal(tmp_path: Path) -> None:
    """Kills and freezes, and each tick once."""
    directory = tmp_path / "demo"
    command = demo("--seconds", "15", "--seed", "3", "--directory", str(directory))
    done = subprocess.run(command, capture_output=True, text=True, timeout=55)
    assert done.returncode == 0, done.stdout + done.stderr
    ledger = ledger_of(done.stdout)
    assert set(ledger) == {job.name for job in JOBS}
    assert "killed" in done.stdout
    assert all((missed, twice) == (0, 0) for _, _, missed, _, _, _, twice in ledger.values())
    assert all(due == started + missed + excused for due, started, missed, excused, *_ in ledger.values())
    sums = [sum(numbers) for numbers in zip(*ledger.values(), strict=True)]
    said = [int(number) for number in re.findall(r"\d+", done.stdout[done.stdout.rindex("\nOf ") :])]
    assert said == [*sums[:4], sums[4], sums[1] + sums[4], sums[6]]
    assert ledger["beat"][0] >= 40
    assert (directory / "errors.log").read_text() == ""
    lines, _ = read(directory / "runs.log")
    assert len({line.pid for line in lines if line.what == "born"}) > 3


@pytest.mark.slow
def test_in_a_terminal(tmp_path: Path) -> None:
    """Keys kill, freeze and start processes; q shows the ledger."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm", COLUMNS="80", LINES="24")
        os.execv(sys.executable, demo("--directory", str(tmp_path / "demo")))
    output = ""

    def until(text: str, seconds: float = 20.0) -> None:
        nonlocal output
        end = time.monotonic() + seconds
        while text not in output:
            assert time.monotonic() < end, output[-3000:]
            try:
                output += os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                assert text in output, output[-3000:]

    def press(keys: str, then: str) -> None:
        nonlocal output
        output = ""
        for key in keys:
            os.write(terminal, key.encode())
            if key in "kf":
                until("which one?")
        until(then)

    try:
        until("who ran the last ticks")
        press("s", "is started")
        press("k1", "is killed")
        press("f2", "frozen")
        for keys, then in [("k 9", "there is no process 9"), ("f3", "❄ 3"), ("s\x1b[A", "● 5")]:
            output = ""
            os.write(terminal, keys.encode())  # they come in one read
            until(then)
        press("q", "of them twice")
        _, status = os.waitpid(child, 0)
        child = 0
    finally:
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert set(ledger_of(output)) == {job.name for job in JOBS}


@pytest.mark.slow
def test_processes_end_with_the_demo(tmp_path: Path) -> None:
    """Even frozen ones, and even if it is killed."""
    directory = tmp_path / "demo"
    command = demo("--seconds", "60", "--no-live", "--directory", str(directory))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 30
        pids: set[int] = set()
        while len(pids) < 3:
            assert time.monotonic() < end
            if (directory / "runs.log").exists():
                pids = {line.pid for line in read(directory / "runs.log")[0] if line.what == "attend"}
            time.sleep(0.02)
        os.kill(min(pids), signal.SIGSTOP)
    finally:
        process.kill()
        process.wait()
    while any(Path(f"/proc/{pid}").exists() and not is_zombie(pid) for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.02)


def is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["demo", "--processes", "0"], "must be greater than 0"),
        (["demo", "--seconds", "-1"], "must be greater than 0"),
        (["demo", "--seconds", "nan"], "must be greater than 0"),
        (["demo", "--directory", "/"], "must be a new one"),
        (["dmeo"], "No such command"),
    ],
)
def test_wrong_command_lines(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert says in capsys.readouterr().err
