"""What can happen to the processes that hold claims, by the numbers of the faults; on any store on a server.

A store's tests derive from :class:`HolderFaults`, with the fixture ``site`` of :mod:`fleet_checks`.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import astuple
from pathlib import Path

import holder_jobs
import pytest
from fleet_checks import (
    FleetChecks,
    Rough,
    Site,
    attend,
    check,
    check_rolling_deploy,
    lasts,
    lines_of,
    now,
    starts_of,
    until,
)

from gocron_py.demo.fleet import Fleet
from gocron_py.demo.log import Line
from gocron_py.instant import SECOND, micros_of
from tests import soak
from tests.servers.proxy import Fault, Proxy

# What a busy machine may need beyond the lease and the next look.
_REST = 5 * SECOND


class Lines(list[Line]):
    """Those of a fleet that is over."""

    def starts(self, job: str) -> list[Line]:
        return [line for line in self if (line.what, line.job) == ("start", job)]

    def cut_off(self, job: str) -> list[Line]:
        """The starts without an end."""
        ends = {line[2:] for line in map(astuple, self) if line[0] == "end"}
        return [line for line in self.starts(job) if astuple(line)[2:] not in ends]

    def death(self, run: Line) -> int:
        return min(line.time for line in self if line.what == "killed" and line.pid == run.pid)


def wounded(directory: Path, site: Site) -> Lines:
    """The lines of three processes, of which several kill themselves, each by another job's fault, and are replaced."""

    def is_over() -> bool:
        lines = Lines(lines_of(directory))
        last = [line.time for line in lines.cut_off("killer") if line.attempt == holder_jobs.MOST_ATTEMPTS]
        return any(line.time > last[0] for line in lines if last and (line.what, line.job) == ("end", "killer"))

    with site.fleet(directory, "holder_jobs:WOUNDS") as fleet:
        attend(directory, *[fleet.start() for _ in range(3)])

        def is_over_and_replaced() -> bool:
            for _ in range(3 - len(fleet.in_state("running"))):
                fleet.start()
            return is_over()

        until(is_over_and_replaced, 60)
        fleet.end()
    return Lines(lines_of(directory))


def frozen_run(directory: Path, fleet: Fleet) -> Line:
    """A run in whose midst its process was frozen, until another one has begun it again."""
    done = len(starts_of(directory, "frozen"))
    until(lambda: len(starts_of(directory, "frozen")) > done)
    run = starts_of(directory, "frozen")[done]
    (holder,) = (process for process in fleet.in_state("running") if process.pid == run.pid)
    fleet.freeze(holder)
    until(lambda: any(line.at == run.at and line.pid != run.pid for line in starts_of(directory, "frozen")))
    fleet.thaw(holder)
    until(
        lambda: any(
            line.what == "event:lost" and (line.pid, line.at) == (run.pid, run.at) for line in lines_of(directory)
        )
    )
    return run


def check_deaths(directory: Path, site: Site) -> None:
    """What became of three processes of which several kill themselves."""
    lines = wounded(directory, site)
    starts = Counter((line.job, line.at, line.attempt) for line in lines if line.what == "start")
    assert max(starts.values()) == 1
    # Of the tick whose first holder died too early there is no first attempt.
    before = lines.starts("before")
    assert any(min(line.attempt for line in before if line.at == at) == 2 for at in {line.at for line in before})
    first = lines.cut_off("midway")[0]
    again = next(line for line in lines.starts("midway") if (line.at, line.attempt) == (first.at, first.attempt + 1))
    assert again.fence > first.fence
    window = (0 if site.is_exact else micros_of(holder_jobs.LEASE)) + round((site.poll or 10) * SECOND)
    assert again.time - lines.death(first) < window + _REST
    # At another tick a run of it may have been in a process that one of the others killed at that moment.
    tick = round(float((directory / "killer").readlink().name) * SECOND)
    others = {line.pid for job in ("before", "midway") for line in lines.cut_off(job)}
    killer = [line for line in lines.cut_off("killer") if line.at == tick or line.pid not in others]
    assert len({line.at for line in killer}) == 1
    assert len({line.pid for line in killer}) == len(killer) >= 2, lines
    assert [line.attempt for line in killer] == list(range(killer[0].attempt, holder_jobs.MOST_ATTEMPTS + 1)), lines


@pytest.mark.slow
class HolderFaults(FleetChecks):
    """The faults of holders. *pace* is the interval of the jobs."""

    pace = 2.0

    @pytest.fixture(autouse=True)
    def flags(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLEET_PACE", str(self.pace))
        monkeypatch.setenv("FLEET_FLAGS", str(tmp_path))

    @pytest.mark.timeout(180)
    def test_69_70_72_processes_that_die_are_made_good_and_a_job_that_kills_them_stops(
        self, site: Site, tmp_path: Path
    ) -> None:
        """69: another one runs it, once. 70: within the window, as attempt 2. 72: no more than ``max_attempts``."""
        check_deaths(tmp_path, site)

    @pytest.mark.timeout(180)
    def test_71_sigstop_past_the_lease_loses_the_first_run_whose_fence_is_older(
        self, site: Site, tmp_path: Path
    ) -> None:
        """The run that was frozen is told that it is lost, by an event and its context."""
        with site.fleet(tmp_path, "holder_jobs:FREEZES") as fleet:
            attend(tmp_path, *[fleet.start() for _ in range(3)])
            run = frozen_run(tmp_path, fleet)
            fleet.end()
        runs = [line for line in starts_of(tmp_path, "frozen") if line.at == run.at]
        assert [line.attempt for line in runs] == [1, 2]
        assert runs[0].fence < runs[1].fence

    @pytest.mark.timeout(180)
    def test_73_rolling_deploy_loses_no_tick_and_starts_none_twice(self, site: Site, tmp_path: Path) -> None:
        """A shorter interval, a new name, a new job."""
        check_rolling_deploy(tmp_path, site)

    @pytest.mark.timeout(180)
    def test_74_partitions_of_one_of_three_also_one_way_let_the_others_go_on(self, site: Site, tmp_path: Path) -> None:
        """And the one that was cut off comes back by itself."""
        assert site.through is not None
        with (
            Proxy(site.port) as road,
            site.fleet(tmp_path, "holder_jobs:PARTITION") as fleet,
        ):
            processes = [fleet.start(at=site.through(road.port)), fleet.start(), fleet.start()]
            attend(tmp_path, *processes)
            lost = processes[0]

            def ran(is_lost: bool, since: int) -> int:
                lines = [line for line in lines_of(tmp_path) if line.what == "start" and line.time > since]
                return len({line.at for line in lines if (line.pid == lost.pid) == is_lost})

            for fault in Fault.SILENCE, Fault.NO_REPLIES, Fault.NO_REQUESTS:
                fleet.write_down("cut", lost)
                road.fail(fault)
                cut = now()
                until(lambda since=cut: ran(False, since) >= 3, 60)
                road.heal()
                fleet.write_down("healed", lost)
                healed = now()
                until(lambda since=healed: ran(True, since) >= 1, 90)
            lasts(2)
            until_now = now()
            fleet.end()
        check(list(site.accounts(holder_jobs.PARTITION, tmp_path, until_now).values()))

    @soak.only
    @pytest.mark.timeout(0)
    def test_75_five_processes_and_two_hundred_jobs_live_through_all_of_that(self, site: Site, tmp_path: Path) -> None:
        """Kills, freezes, and networks that are cut one way or both, by dice, for as long as GOCRON_SOAK says."""
        assert site.through is not None
        seed = random.randrange(10_000)
        dice, end = random.Random(seed), time.monotonic() + soak.SECONDS
        with Proxy(site.port) as road, site.fleet(tmp_path, "holder_jobs:MANY") as fleet:
            behind = [fleet.start(at=site.through(road.port)) for _ in range(2)]
            attend(tmp_path, *behind, *[fleet.start() for _ in range(3)])
            rough, cuts = Rough(fleet, dice), 0
            while time.monotonic() < end:
                rough.go_on(dice.uniform(1, 10), kills=0.1)
                there = [process for process in behind if process in fleet.in_state("running")]
                for _ in range(2 - len(there)):
                    fleet.quit(dice.choice([each for each in fleet.in_state("running") if each not in there]))
                    there.append(fleet.start(at=site.through(road.port)))
                behind = there
                for process in behind:
                    fleet.write_down("cut", process)
                road.fail(dice.choice([Fault.SILENCE, Fault.NO_REPLIES, Fault.NO_REQUESTS]))
                lasts(dice.uniform(0.5, 8))
                road.heal()
                for process in behind:
                    fleet.write_down("healed", process)
                cuts += 1
            lasts(20)
            until_now = now()
            fleet.end()
        accounts = list(site.accounts(holder_jobs.MANY, tmp_path, until_now).values())
        started, due = sum(each.started for each in accounts), sum(each.due for each in accounts)
        excused = sum(len(each.excused) for each in accounts)
        told = f"seed {seed}: {started} of {due} started, {excused} excused"
        print(f"{told}; {rough.killed} killed, {rough.frozen} frozen, {cuts} cut", flush=True)
        check(accounts)
        assert started > due / 2
