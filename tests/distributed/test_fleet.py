"""Real processes on the real clock and SQLite, killed and frozen, with clocks that are wrong: each tick once."""

from __future__ import annotations

import os
import random
from functools import partial
from pathlib import Path

import fleet_jobs
import pytest
from fleet_checks import Rough, Site, attend, check, check_rolling_deploy, lasts, lines_of, now, until
from holder_faults import check_deaths

from gocron_py.demo.fleet import Fleet, Process
from gocron_py.demo.ledger import Ledger
from gocron_py.demo.log import Line

pytestmark = pytest.mark.slow

SECOND = 1_000_000
SKEWS = [0, 300_000, -300_000, 5 * SECOND, -5 * SECOND]


@pytest.fixture(autouse=True)
def jobs_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)


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


def test_69_70_72_processes_that_die_are_made_good_and_a_job_that_kills_them_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a server; at once, and not when a lease is over. What 71 and 74 are about there is not here."""
    monkeypatch.setenv("FLEET_PACE", "1")
    monkeypatch.setenv("FLEET_FLAGS", str(tmp_path))
    check_deaths(tmp_path, Site(is_exact=True))


def ended(directory: Path, run: Line) -> bool:
    return any(line.what == "end" and (line.at, line.pid) == (run.at, run.pid) for line in lines_of(directory))


def test_rolling_deploy(tmp_path: Path) -> None:
    """One after the other is replaced by a version with a shorter interval, a new name, one more job."""
    check_rolling_deploy(tmp_path, Site(is_exact=True, poll=None))


def threads_of(process: Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("Threads:")[1].split()[0])


@pytest.mark.timeout(180)
def test_a_thousand_jobs_at_once(tmp_path: Path) -> None:
    """Few threads are enough to run each of them once, before the next thousand are due."""
    jobs = fleet_jobs.THOUSAND
    interval = 20 * SECOND
    with Fleet(tmp_path, "fleet_jobs:THOUSAND", workers=32) as fleet:
        processes = [fleet.start() for _ in range(4)]
        attend(tmp_path, *processes)
        since = max(line.time for line in lines_of(tmp_path) if line.what == "attend") + SECOND
        first = (since // interval + 1) * interval
        most = 0
        # Whoever is late by then would miss a deadline, on whatever machine.
        while now() < first + interval and len(starts_at(tmp_path, first)) < len(jobs):
            most = max(most, *(threads_of(process) for process in processes))
            lasts(0.1)
        lasts(1)  # in which somebody may run one twice
        fleet.end()
    late = sorted(line.time - first for line in starts_at(tmp_path, first))
    print(f"most threads {most}, late by {late[len(late) // 2] / SECOND} s, {late[-1] / SECOND} s at most")
    # Judged are the ticks up to that instant.
    judged = first + interval + 2 * SECOND
    accounts = Ledger(jobs, lines_of(tmp_path), judged).accounts
    assert sum(account.due for account in accounts) >= len(jobs)
    for account in accounts:
        assert account.is_clean(), account
        assert account.excused == []
    assert most <= 32 + 8  # main, executor, relief, keeper, turns and the demo's own


def starts_at(directory: Path, at: int) -> list[Line]:
    return [line for line in lines_of(directory) if (line.what, line.at) == ("start", at)]
