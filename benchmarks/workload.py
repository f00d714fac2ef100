"""The load that every peer is given, and what is made of what it did with it."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

# Every job of a load runs once a second, so a load of n runs/s is n jobs, their phases 1/n s apart.
INTERVAL = 1.0

# A run may come this much (seconds) before its due time, by rounding alone, and still belong to it.
_ROUNDING = 0.001


@dataclass(frozen=True, slots=True)
class Load:
    """So many runs a second, for so many seconds after a warm-up; then the runs still open are awaited."""

    rate: int
    seconds: int
    warm_up: int = 1
    drain: float = 1.0

    @property
    def ticks(self) -> int:
        """How often each job is due, warm-up included."""
        return self.warm_up + self.seconds

    @property
    def capacity(self) -> int:
        """Room for all runs that can happen until the last is recorded, and some."""
        return int(self.rate * (self.ticks + self.drain + 5)) + 1_000


class Recorder:
    """Arrays made beforehand, in which a run notes its job and its time: the whole task of a load."""

    def __init__(self, capacity: int) -> None:
        self.when = array("d", bytes(8 * capacity))
        self.which = array("i", bytes(4 * capacity))
        self._next = count().__next__

    def task(self) -> Callable[[int], None]:
        """The task, the same function for each Python peer."""

        def note(
            job: int,
            take: Callable[[], int] = self._next,
            when: array[float] = self.when,
            which: array[int] = self.which,
            now: Callable[[], float] = time.time,
        ) -> None:
            at = now()
            index = take()
            when[index] = at
            which[index] = job

        return note

    def save(self, path: Path) -> None:
        """Write what was noted so far; afterwards the recorder is spent."""
        noted = self._next()
        with path.open("wb") as file:
            self.when[:noted].tofile(file)
            self.which[:noted].tofile(file)


def read_runs(path: Path) -> tuple[array[float], array[int]]:
    """What :meth:`Recorder.save`, or the Go program, has written: the times, and the jobs."""
    noted = path.stat().st_size // 12
    when: array[float] = array("d")
    which: array[int] = array("i")
    with path.open("rb") as file:
        when.fromfile(file, noted)
        which.fromfile(file, noted)
    return when, which


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a load went."""

    runs: int  # started within the measured seconds, whatever their due time
    offered: int  # due in the warm-up and the measured seconds
    ran: int  # how many of those ran
    early: float  # the most that a run came before its due time, seconds
    lateness: list[float]  # of the runs due in the measured seconds, sorted, seconds

    def quantile(self, q: float) -> float:
        """The lateness that a share *q* of the runs does not exceed, in seconds."""
        if not self.lateness:
            return float("nan")
        return self.lateness[min(len(self.lateness) - 1, int(len(self.lateness) * q))]


def assess(when: Sequence[float], which: Sequence[int], first: float, load: Load) -> Outcome:
    """Match each run with the due time it belongs to. *first* is when the first job was first due."""
    of_job: list[list[float]] = [[] for _ in range(load.rate)]
    for at, job in zip(when, which, strict=True):
        of_job[job].append(at)
    begin, end = first + load.warm_up, first + load.ticks
    ran = 0
    early = 0.0
    lateness: list[float] = []
    for job, times in enumerate(of_job):
        phase = first + job * INTERVAL / load.rate
        matched = _match(sorted(times), phase)
        ran += sum(1 for tick in matched if tick < load.ticks)
        for tick, at in matched.items():
            late = at - (phase + tick * INTERVAL)
            early = max(early, -late)
            if load.warm_up <= tick < load.ticks:
                lateness.append(late)
    runs = sum(1 for at in when if begin <= at < end)
    return Outcome(runs, load.rate * load.ticks, ran, early, sorted(lateness))


def _match(times: list[float], phase: float) -> dict[int, float]:
    """Which due time (its number) each run belongs to; of several runs for one, the first counts.

    A job that left nothing out has its k-th run at its k-th due time, however late. One that did leave ticks
    out (the number of the due time before its last run is not the number of that run) is matched run by run
    with the nearest due time not after the run.
    """
    nearest = [int((at + _ROUNDING - phase) // INTERVAL) for at in times]
    if nearest and nearest[-1] == len(times) - 1:
        return dict(enumerate(times))
    matched: dict[int, float] = {}
    for tick, at in zip(nearest, times, strict=True):
        matched.setdefault(tick, at)
    return matched
