"""Real processes on the real clock, killed and frozen, with clocks that are wrong: each tick once."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import fleet_jobs
import pytest

from gocron_py.demo.fleet import Fleet, Process
from gocron_py.demo.jobs import FleetJob
from gocron_py.demo.ledger import Account, Ledger
from gocron_py.demo.log import Line, read

pytestmark = pytest.mark.slow

SECOND = 1_000_000
SKEWS = [0, 300_000, -300_000, 5 * SECOND, -5 * SECOND]


@pytest.fixture(autouse=True)
def jobs_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


def now() -> int:
    return time.time_ns() // 1000


def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never became so"
        time.sleep(0.02)


def lines_of(directory: Path) -> list[Line]:
    return read(directory / "runs.log")[0]


def attend(directory: Path, *processes: Process) -> None:
    """Wait until the processes have their jobs."""

    def all_there() -> bool:
        there = {line.pid for line in lines_of(directory) if line.what == "attend"}
        return all(process.pid in there for process in processes)

    until(all_there)


def lasts(seconds: float) -> None:
    """Let the fleet live: its real time is what the test is about."""
    time.sleep(seconds)


def check(accounts: Sequence[Account]) -> None:
    for account in accounts:
        assert account.is_clean(), account


class Rough:
    """A rough time for a fleet, by dice."""

    def __init__(self, fleet: Fleet, dice: random.Random) -> None:
        self.fleet = fleet
        self.dice = dice
        self.thaws: dict[int, float] = {}
        self.killed = self.frozen = 0

    def go_on(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            lasts(self.dice.uniform(0.1, 0.7))
            self.thaw(only_due=True)
            awake = self.fleet.in_state("running")
            what = self.dice.random()
            if len(awake) < 3:
                continue
            victim = self.dice.choice(awake)
            if what < 0.3:
                self.fleet.kill(victim)
                self.fleet.start(victim.skew)
                self.killed += 1
            elif what < 0.7:
                self.fleet.freeze(victim)
                self.thaws[victim.number] = time.monotonic() + self.dice.uniform(0.1, 3)
                self.frozen += 1
        self.thaw(only_due=False)

    def thaw(self, only_due: bool) -> None:
        for number, due in list(self.thaws.items()):
            if not only_due or time.monotonic() >= due:
                self.fleet.thaw(self.fleet.processes[number - 1])
                del self.thaws[number]


def test_kills_freezes_and_wrong_clocks(tmp_path: Path) -> None:
    seed = random.randrange(10_000)
    print(f"seed {seed}")
    with Fleet(tmp_path, "fleet_jobs:ROUGH") as fleet:
        processes = [fleet.start(SKEWS[number % len(SKEWS)]) for number in range(8)]
        attend(tmp_path, *processes)
        rough = Rough(fleet, random.Random(seed))
        rough.go_on(25)
        lasts(6)  # what was broken off is made good, and clocks that are slow get to their ticks
        until_now = now()
        fleet.end()
    lines = lines_of(tmp_path)
    accounts = {account.job: account for account in Ledger(fleet_jobs.ROUGH, lines, until_now).accounts}
    check(list(accounts.values()))
    assert rough.killed >= 3
    assert rough.frozen >= 5
    # What is excused must not be much, or the test says nothing.
    assert accounts["fast"].due >= 100
    assert len(accounts["fast"].excused) <= 0.1 * accounts["fast"].due
    assert len(accounts["second"].excused) <= 0.3 * accounts["second"].due
    assert accounts["skip"].again == 0
    assert (tmp_path / "errors.log").read_text() == ""


def test_66_what_is_killed_is_begun_again_in_time(tmp_path: Path) -> None:
    """Not by luck: the very process is killed that runs the job, several times."""
    with Fleet(tmp_path, "fleet_jobs:ROUGH") as fleet:
        attend(tmp_path, *[fleet.start() for _ in range(3)])
        killed: list[Line] = []
        while len(killed) < 3:
            done = len(lines_of(tmp_path))

            def running(since: int = done) -> list[Line]:
                return [line for line in lines_of(tmp_path)[since:] if line.what == "start" and line.job == "rerun"]

            until(lambda: bool(running()))
            run = running()[0]
            (victim,) = (process for process in fleet.in_state("running") if process.pid == run.pid)
            fleet.kill(victim)
            killed.append(run)
            attend(tmp_path, fleet.start())
        lasts(4)
        until_now = now()
        fleet.end()
    lines = lines_of(tmp_path)
    check(Ledger(fleet_jobs.ROUGH, lines, until_now).accounts)
    for run in killed:
        later = [line for line in lines if line.what == "start" and (line.job, line.at) == ("rerun", run.at)]
        death = min(line.time for line in lines if line.what == "killed" and line.pid == run.pid)
        again = [line for line in later if line.attempt == run.attempt + 1]
        assert len(again) == 1
        assert again[0].fence > run.fence
        # Looked for twice a second; the rest is for a machine that has other things to do.
        assert again[0].time - death < 2 * SECOND


def test_67_what_is_frozen_is_not_taken_over(tmp_path: Path) -> None:
    """For three times its lease: it lives, the kernel says, and goes on where it was."""
    with Fleet(tmp_path, "fleet_jobs:SHORT_LEASE") as fleet:
        attend(tmp_path, *[fleet.start() for _ in range(3)])
        frozen: list[Line] = []
        for _ in range(2):
            done = len(lines_of(tmp_path))

            def begun(since: int = done) -> list[Line]:
                return [line for line in lines_of(tmp_path)[since:] if line.what == "start"]

            until(lambda: bool(begun()))
            run = begun()[0]
            (holder,) = (process for process in fleet.in_state("running") if process.pid == run.pid)
            fleet.freeze(holder)
            lasts(3)
            fleet.thaw(holder)
            frozen.append(run)
            until(partial(ended, tmp_path, run))
        fleet.end()
    lines = lines_of(tmp_path)
    for run in frozen:
        assert [line.attempt for line in lines if line.what == "start" and line.at == run.at] == [1]
    assert [line for line in lines if line.what == "event:lost"] == []


def ended(directory: Path, run: Line) -> bool:
    return any(line.what == "end" and (line.at, line.pid) == (run.at, run.pid) for line in lines_of(directory))


def test_rolling_deploy(tmp_path: Path) -> None:
    """One after the other is replaced by a version with a shorter interval, a new name, one more job."""
    with Fleet(tmp_path, "fleet_jobs:EVERY_FIVE") as fleet:
        old = [fleet.start() for _ in range(3)]
        attend(tmp_path, *old)
        lasts(4)
        new = []
        for process in old:
            new.append(fleet.start(jobs="fleet_jobs:EVERY_ONE"))
            attend(tmp_path, new[-1])
            lasts(0.7)
            fleet.quit(process)
            lasts(0.7)
        lasts(3)
        until_now = now()
        fleet.end()
    lines = lines_of(tmp_path)
    twice = Counter(
        (line.job.replace("new_name", "old_name"), line.at, line.attempt) for line in lines if line.what == "start"
    )
    assert [tick for tick, count in twice.items() if count > 1] == []
    old_pids = {process.pid for process in old}

    def judge(jobs: Sequence[FleetJob], are_old: bool) -> dict[str, Account]:
        """By the ticks of one version; who ran them does not matter."""
        known = [line for line in lines if line.what != "attend" or (line.pid in old_pids) == are_old]
        ends = [line.time for line in lines if line.what == "quitting" and line.pid in old_pids]
        named = [replace(line, job=line.job.replace("old_name", "new_name")) for line in known]
        accounts = Ledger(jobs, known if are_old else named, max(ends) if are_old else until_now).accounts
        return {account.job: account for account in accounts}

    after = judge(fleet_jobs.EVERY_ONE, are_old=False)
    for account in after.values():
        assert account.missed == [], account
        assert account.due >= 3
        assert account.excused == []
    before = judge(fleet_jobs.EVERY_FIVE, are_old=True)
    assert before["interval"].missed == []
    # The renamed job: all of its ticks, under the old name or the new.
    first = min(line.time for line in lines if line.what == "attend" and line.job == "old_name")
    ran = sorted({line.at for line in lines if line.what == "start" and line.job in ("old_name", "new_name")})
    due = range((first // SECOND + 1) * SECOND, until_now - 2 * SECOND, SECOND)
    assert set(due) <= set(ran)


def threads_of(process: Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("Threads:")[1].split()[0])


@pytest.mark.timeout(120)
def test_a_thousand_jobs_at_once(tmp_path: Path) -> None:
    """Few threads are enough, and no tick waits for long."""
    with Fleet(tmp_path, "fleet_jobs:THOUSAND", workers=32) as fleet:
        processes = [fleet.start() for _ in range(4)]
        attend(tmp_path, *processes)
        since = max(line.time for line in lines_of(tmp_path) if line.what == "attend")
        most = 0
        # Two ticks for sure: two periods, and how long the ledger waits before it judges one.
        while now() < since + 16 * SECOND:
            most = max(most, *(threads_of(process) for process in processes))
            lasts(0.05)
        until_now = now()
        fleet.end()
    lines = lines_of(tmp_path)
    accounts = Ledger(fleet_jobs.THOUSAND, lines, until_now).accounts
    late = sorted(line.time - line.at for line in lines if line.what == "start")
    print(f"most threads {most}, late by {late[len(late) // 2] / SECOND} s, {late[-1] / SECOND} s at most")
    assert sum(account.due for account in accounts) >= 2000
    for account in accounts:
        assert account.is_clean(), account
        assert account.excused == []
    assert most <= 32 + 8  # main, executor, relief, keeper and the demo's own
