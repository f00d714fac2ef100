"""The process checker: fleets of real processes on the real clock, on any store; each tick is to start once.

A store's tests derive from :class:`FleetChecks` and say in a fixture where the fleet's ticks are.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import fleet_jobs
import pytest

from gocron_py.demo.fleet import Fleet, Process
from gocron_py.demo.jobs import FleetJob
from gocron_py.demo.ledger import Account, Ledger
from gocron_py.demo.log import Line, read
from gocron_py.instant import SECOND, Micros, micros_of
from tests import soak

MILLISECOND = SECOND // 1000

# What a process may need beyond lease and poll to begin again what was cut off, on a busy machine.
_REST = 3 * SECOND


@dataclass(frozen=True)
class Site:
    """Where the ticks of a fleet are: a store with no records in it, or with none of these jobs.

    :ivar locker: what makes a process's locker, ``module:attribute``; it is called with *at* and ``on_event``.
    :ivar at: the address of the store, for that.
    :ivar through: the address by way of another port of this machine (a :class:`~servers.proxy.Proxy`).
    :ivar port: the one that such a proxy leads to.
    :ivar poll: how often a process looks for what was cut off, in seconds.
    :ivar is_exact: whether the store tells who lives; else leases do.
    :ivar skews: of the processes' clocks, by turns.
    :ivar jobs: the jobs of the rough time, ``module:attribute``.
    """

    locker: str | None = None
    at: str | None = None
    through: Callable[[int], str] | None = None
    port: int = 0
    poll: float | None = 0.5
    is_exact: bool = False
    skews: Sequence[Micros] = (0, 300 * MILLISECOND, -SECOND, SECOND)
    jobs: str = "fleet_jobs:SERVER"

    def fleet(self, directory: Path, jobs: str, workers: int = 100) -> Fleet:
        """Nobody yet."""
        return Fleet(directory, jobs, workers, locker=self.locker, at=self.at, poll=self.poll)

    def accounts(self, jobs: Sequence[FleetJob], directory: Path, until: int) -> dict[str, Account]:
        """What became of the jobs' ticks, by name."""
        lease = 0 if self.is_exact else max(micros_of(job.tick_policy().lease) for job in jobs)
        recovery = lease + round((self.poll or 0.5) * SECOND) + _REST
        ledger = Ledger(jobs, lines_of(directory), until, recovery=recovery, lingers=lease)
        return {account.job: account for account in ledger.accounts}


def jobs_of(name: str) -> Sequence[FleetJob]:
    """The jobs of a name such as ``fleet_jobs:SERVER``."""
    from gocron_py.demo.instance import named

    jobs: Sequence[FleetJob] = named(name)
    return jobs


def now() -> int:
    return time.time_ns() // 1000


def until(is_so: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never became so"
        time.sleep(0.02)


def lines_of(directory: Path) -> list[Line]:
    return read(directory / "runs.log")[0]


def starts_of(directory: Path, job: str) -> list[Line]:
    return [line for line in lines_of(directory) if (line.what, line.job) == ("start", job)]


def attend(directory: Path, *processes: Process) -> None:
    """Wait until the processes have their jobs."""

    def all_there() -> bool:
        there = {line.pid for line in lines_of(directory) if line.what == "attend"}
        return all(process.pid in there for process in processes)

    try:
        until(all_there, 120)
    except AssertionError:
        print((directory / "errors.log").read_text()[-4000:])  # why they do not come
        raise


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

    def go_on(self, seconds: float, kills: float = 0.3) -> None:
        """Each half second or so kill one, with the probability *kills*, or freeze one; start another."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            lasts(self.dice.uniform(0.1, 0.7))
            self.thaw(only_due=True)
            awake = self.fleet.in_state("running")
            what = self.dice.random()
            if len(awake) < 3:
                continue
            victim = self.dice.choice(awake)
            if what < kills:
                self.fleet.kill(victim)
                self.fleet.start(victim.skew)
                self.killed += 1
            elif what < kills + 0.4:
                self.fleet.freeze(victim)
                self.thaws[victim.number] = time.monotonic() + self.dice.uniform(0.1, 3)
                self.frozen += 1
        self.thaw(only_due=False)

    def thaw(self, only_due: bool) -> None:
        for number, due in list(self.thaws.items()):
            if not only_due or time.monotonic() >= due:
                self.fleet.thaw(self.fleet.processes[number - 1])
                del self.thaws[number]


def check_rough_time(directory: Path, site: Site, seconds: float, processes: int, calm: float) -> dict[str, Account]:
    """Kills, freezes and wrong clocks for so long; the accounts, which are clean."""
    seed = random.randrange(10_000)
    print(f"seed {seed}")
    with site.fleet(directory, site.jobs) as fleet:
        started = [fleet.start(site.skews[number % len(site.skews)]) for number in range(processes)]
        attend(directory, *started)
        rough = Rough(fleet, random.Random(seed))
        rough.go_on(seconds)
        end = time.monotonic() + 60
        while not (rough.killed and rough.frozen):  # dice
            assert time.monotonic() < end, f"{rough.killed} killed, {rough.frozen} frozen"
            rough.go_on(1)
        lasts(calm)  # what was broken off is made good, and clocks that are slow get to their ticks
        until_now = now()
        fleet.end()
    accounts = site.accounts(jobs_of(site.jobs), directory, until_now)
    print(f"{rough.killed} killed, {rough.frozen} frozen", *accounts.values(), sep="\n")
    check(list(accounts.values()))
    assert (directory / "errors.log").read_text() == ""
    # Or the test says nothing.
    assert sum(account.started for account in accounts.values()) > 0
    assert sum(account.due for account in accounts.values()) > 0
    return accounts


def check_rolling_deploy(directory: Path, site: Site) -> None:
    """One after the other is replaced by a version with a shorter interval, a new name, one more job."""
    with site.fleet(directory, "fleet_jobs:EVERY_FIVE") as fleet:
        old = [fleet.start() for _ in range(3)]
        attend(directory, *old)
        lasts(4)
        for process in old:
            attend(directory, fleet.start(jobs="fleet_jobs:EVERY_ONE"))
            lasts(0.7)
            fleet.quit(process)
            lasts(0.7)
        lasts(3)
        until_now = now()
        fleet.end()
    lines = lines_of(directory)
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


@pytest.mark.slow
class FleetChecks:
    """The checks of a store's fleet; a subclass has the fixture ``site``."""

    @pytest.fixture
    def site(self) -> Site:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def jobs_are_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)

    @pytest.mark.timeout(180)
    def test_kills_freezes_and_wrong_clocks_start_each_tick_once(self, site: Site, tmp_path: Path) -> None:
        """Four processes; no tick twice, none missed that one could have run, fences that increase."""
        check_rough_time(tmp_path, site, seconds=6, processes=4, calm=5)

    @soak.only
    @pytest.mark.timeout(0)
    def test_a_long_rough_time_starts_each_tick_once(self, site: Site, tmp_path: Path) -> None:
        """Eight processes for as long as GOCRON_SOAK says."""
        check_rough_time(tmp_path, site, seconds=soak.SECONDS, processes=8, calm=8)
