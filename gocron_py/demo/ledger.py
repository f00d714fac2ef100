"""The ledger: from what the processes wrote down, whether each tick was started once. Pure.

A tick that is due counts as *missed* if some process could have run it: it had the job before, was awake from
before it fired until well after, and nothing that is allowed to was in the way. What may be: another run of the
job (unless runs may overlap), a frozen process that may hold a claim, a process that was killed at that moment
and may have taken the claim with it. Such ticks are *excused*, and counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import final

from gocron_py.demo.jobs import FleetJob
from gocron_py.demo.log import Line
from gocron_py.instant import SECOND, Instant, Micros

# From being due to the first line of the task, on a machine that is busy with other things.
_SLACK: Micros = 3 * SECOND // 2

# How long after a crash a run is begun again at the latest: the locker looks twice a second.
RECOVERY: Micros = 3 * SECOND

# A claim that waits for another run to end looks twice a second, and may be slow to hear.
_GAP: Micros = SECOND

_END_OF_TIME: Instant = 1 << 62

Span = tuple[Instant, Instant]


@final
@dataclass(slots=True)
class Account:
    """What became of one job's ticks; all are times in microseconds since the epoch.

    :ivar due: ticks that were known beforehand and are judged: each is *kept* (started), missed or excused.
    :ivar started: all ticks that were started. More than were kept: the last ones are not judged, and those of some
        jobs are not known beforehand.
    """

    job: str
    due: int = 0
    kept: int = 0
    started: int = 0
    again: int = 0
    twice: list[Instant] = field(default_factory=list)
    missed: list[Instant] = field(default_factory=list)
    excused: list[Instant] = field(default_factory=list)
    not_recovered: list[Instant] = field(default_factory=list)
    fences_wrong: list[Instant] = field(default_factory=list)

    def is_clean(self) -> bool:
        """Whether the promise was kept."""
        return not (self.twice or self.missed or self.not_recovered or self.fences_wrong)


@final
@dataclass(slots=True)
class _Process:
    born: Instant = 0
    died: Instant = _END_OF_TIME
    skew: Micros = 0
    attended: dict[str, Instant] = field(default_factory=dict)
    # Or cut off from the store: it does nothing for the fleet, and may hold a claim.
    frozen: list[Span] = field(default_factory=list)
    # Ticks that it had, and was too late to begin.
    gave_up: set[tuple[str, Instant]] = field(default_factory=set)


@final
@dataclass(slots=True)
class _Run:
    line: Line
    end: Instant = _END_OF_TIME
    died: bool = False


@final
class Ledger:
    """The accounts of a fleet.

    :param jobs: that it ran.
    :param lines: that its processes, and who killed them, wrote down.
    :param until: ticks after this are not judged.
    :param recovery: how long after a crash a run is to be begun again at the latest.
    :param lingers: for how long a claim outlives its process: the lease, where the store cannot tell who lives.
    """

    def __init__(
        self,
        jobs: Sequence[FleetJob],
        lines: Iterable[Line],
        until: Instant,
        recovery: Micros = RECOVERY,
        lingers: Micros = 0,
    ) -> None:
        self._until = until
        self._recovery = recovery
        self._lingers = lingers
        self._processes: dict[int, _Process] = defaultdict(_Process)
        self._runs: dict[str, list[_Run]] = defaultdict(list)
        open_runs: dict[tuple[int, str, Instant, int], _Run] = {}
        # Each process writes its own lines in order; those of several are in the file's order.
        for line in sorted(lines, key=lambda line: line.time):
            self._enter(line, open_runs)
        for run in open_runs.values():
            run.end = self._processes[run.line.pid].died
            run.died = run.end < _END_OF_TIME
        self.accounts = [self._account(job) for job in jobs]

    def is_clean(self) -> bool:
        """Whether the promise was kept for all jobs."""
        return all(account.is_clean() for account in self.accounts)

    def _enter(self, line: Line, open_runs: dict[tuple[int, str, Instant, int], _Run]) -> None:
        process = self._processes[line.pid]
        key = line.pid, line.job, line.at, line.attempt
        if line.what == "start":
            run = _Run(line)
            self._runs[line.job].append(run)
            open_runs[key] = run
        elif line.what == "end":
            open_runs.pop(key).end = line.time
        elif line.what == "attend":
            process.attended[line.job] = line.time
            process.skew = line.at
        elif line.what == "born":
            process.born = line.time
        elif line.what in ("killing", "quitting", "killed"):
            process.died = min(process.died, line.time)
        elif line.what in ("frozen", "cut"):
            process.frozen.append((line.time, _END_OF_TIME))
        elif line.what == "gave_up":
            process.gave_up.add((line.job, line.at))
        elif line.what in ("thawed", "healed"):
            process.frozen[-1] = process.frozen[-1][0], line.time

    def _account(self, job: FleetJob) -> Account:
        account = Account(job.name)
        runs = self._runs[job.name]
        starts = Counter(run.line.at for run in runs)
        attempts = Counter((run.line.at, run.line.attempt) for run in runs)
        most = job.tick_policy().attempts
        account.started = len(starts)
        account.again = sum(1 for run in runs if run.line.attempt > 1)
        account.twice = sorted(
            {at for (at, _), count in attempts.items() if count > 1}
            | {at for at, count in starts.items() if count > most}
        )
        account.fences_wrong = self._wrong_fences(job, runs)
        if job.on_grid:
            self._judge(job, starts, account)
        if most > 1:
            account.not_recovered = [run.line.at for run in runs if self._is_forgotten(run, runs, most)]
        return account

    def _wrong_fences(self, job: FleetJob, runs: list[_Run]) -> list[Instant]:
        """Runs whose fence is not larger than that of all before. Runs side by side may start in any order.

        So may one that was frozen for longer than its lease. To find that out is what a fence is for.
        """
        by_fence = sorted(runs, key=lambda run: run.line.fence)
        wrong = []
        for before, after in pairwise(by_fence):
            overlaps = job.tick_policy().overlap or self._lingers > 0
            if before.line.fence == after.line.fence or (not overlaps and before.line.time > after.line.time):
                wrong.append(after.line.at)
        return wrong

    # -- ticks that nobody started -----------------------------------------------------------------

    def _judge(self, job: FleetJob, starts: Counter[Instant], account: Account) -> None:
        attended = [process.attended[job.name] for process in self._processes.values() if job.name in process.attended]
        if not attended:
            return
        first = min(attended)
        schedule = job.schedule(first)
        tick = schedule.next(first)
        last = self._until - self._window(job, first) - _SLACK - self._most_skew()
        while tick is not None and tick <= last:
            account.due += 1
            account.kept += tick in starts
            if tick not in starts:
                window = self._window(job, tick)
                able = any(self._is_able(process, job, tick, window) for process in self._processes.values())
                is_missed = able and not self._is_in_the_way(job, tick, window)
                (account.missed if is_missed else account.excused).append(tick)
            tick = schedule.next(tick)

    def _window(self, job: FleetJob, tick: Instant) -> Micros:
        return job.tick_policy().deadline_of(job.schedule(tick - SECOND), tick)

    def _is_able(self, process: _Process, job: FleetJob, tick: Instant, window: Micros) -> bool:
        """Whether the process was there and awake from before it fired until it had to have started, and had room."""
        attended = process.attended.get(job.name)
        if attended is None:
            return False
        fires = tick - process.skew
        begin, end = min(fires, tick) - SECOND // 10, max(fires, tick) + min(window, _SLACK)
        # What is due on its own clock before it began is not its to run.
        if attended + SECOND // 5 > begin or process.died < end:
            return False
        if any(since < end and until > begin for since, until in process.frozen):
            return False
        comes = max(fires, tick)
        return job.tick_policy().overlap or self._longest_gap(job.name, comes, comes + window) >= min(_GAP, window // 2)

    def _is_in_the_way(self, job: FleetJob, tick: Instant, window: Micros) -> bool:
        most_skew = self._most_skew()
        begin, end = tick - most_skew - SECOND // 10, tick + most_skew + window + _SLACK
        lingers = 0 if job.tick_policy().overlap else self._lingers
        if any(begin - lingers <= process.died <= end for process in self._processes.values()):
            return True  # it may have died between its claim and the first line of the task
        if any(
            since < end and until >= self._until for each in self._processes.values() for since, until in each.frozen
        ):
            return True  # it may begin the task when it wakes up, and that is still to come
        slept = [
            each
            for each in self._processes.values()
            if any(since < end and until > begin for since, until in each.frozen)
        ]
        if job.tick_policy().overlap and not self._lingers:
            # Who wakes up begins what it holds, unless it hears only then that it does, and it is too late.
            return any((job.name, tick) in each.gave_up for each in slept)
        # One whose lease was over may have been taken for dead; one of the other runs may have waited for it.
        return bool(slept)

    def _most_skew(self) -> Micros:
        return max(abs(process.skew) for process in self._processes.values())

    def _longest_gap(self, name: str, begin: Instant, end: Instant) -> Micros:
        """For how long no run of the job went on, between two moments."""

        def end_of(run: _Run) -> Instant:
            return run.end + self._lingers if run.died else run.end

        longest, free = 0, begin
        for run in sorted(self._runs[name], key=lambda run: run.line.time):
            if end_of(run) > begin and run.line.time < end:
                longest = max(longest, run.line.time - free)
                free = max(free, end_of(run))
        return max(longest, end - free)

    # -- crashes -----------------------------------------------------------------------------------

    def _is_forgotten(self, run: _Run, runs: list[_Run], most: int) -> bool:
        """Whether a run that died was not begun again in time, though it could have been."""
        if not run.died or run.line.attempt >= most:
            return False
        again = [
            other.line.time for other in runs if other.line.at == run.line.at and other.line.attempt > run.line.attempt
        ]
        begin = run.end
        # Others may go on, and are waited for; so are frozen ones, which may hold a claim.
        busy = [
            other
            for other in runs
            if other is not run and other.line.time < begin + self._recovery and other.end > begin
        ]
        if busy or begin + self._recovery > self._until:
            return False
        if any(
            since < begin + self._recovery and until > begin
            for each in self._processes.values()
            for since, until in each.frozen
        ):
            return False
        if any(begin < process.died < begin + self._recovery for process in self._processes.values()):
            return False
        able = any(
            run.line.job in process.attended
            and process.attended[run.line.job] < begin
            and process.died > begin + self._recovery
            for process in self._processes.values()
        )
        return able and not any(at <= begin + self._recovery for at in again)
