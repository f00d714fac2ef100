"""What gocron_py is to reach, and whether it does: computed from the rounds, never written by hand."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from benchmarks.runner import Results

OURS = "gocron_py"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured field, of one peer."""

    cell: str
    field: str
    peer: str = OURS

    def of_round(self, results: Results, number: int) -> float | None:
        rounds = results.get(self.cell, {}).get(self.peer, [])
        values = rounds[number] if number < len(rounds) else None
        return None if values is None else values.get(self.field)

    def rounds(self, results: Results) -> int:
        return len(results.get(self.cell, {}).get(self.peer, []))


@dataclass(frozen=True, slots=True)
class Spread:
    """A median over rounds, and its extremes."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread | None:
        return cls(median(values), min(values), max(values)) if values else None


def spread(results: Results, figure: Figure, base: Figure | None = None) -> Spread | None:
    """*figure* over the rounds, or its ratio to *base*, taken in each round by itself."""
    values: list[float] = []
    for number in range(figure.rounds(results)):
        value = figure.of_round(results, number)
        unit = 1.0 if base is None else base.of_round(results, number)
        if value is None or not unit:
            continue
        values.append(value / unit)
    return Spread.of(values)


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for a figure, or for its ratio to another; *where* (if given) says when it applies."""

    text: str
    figure: Figure
    relation: str
    bound: float
    base: Figure | None = None
    where: tuple[Figure, float] | None = None  # applies where this figure's median is at most that

    def judge(self, results: Results) -> tuple[Spread | None, str]:
        """The measured value and the verdict."""
        measured = spread(results, self.figure, self.base)
        if measured is None:
            return None, "not measured"
        if self.where is not None:
            condition = spread(results, self.where[0])
            if condition is None or condition.median > self.where[1]:
                return measured, "does not apply"
        return measured, "met" if _RELATIONS[self.relation](measured.median, self.bound) else "not met"


_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "≤": operator.le,
    "<": operator.lt,
    "≥": operator.ge,
}


def _load_targets() -> list[Target]:
    targets = [
        Target(
            f"CPU per run at {rate:,} runs/s ÷ bare",
            Figure(f"load/{rate}", "cpu_us"),
            "≤",
            bound,
            Figure(f"load/{rate}", "cpu_us", "bare"),
        )
        for rate, bound in ((1_000, 1.3), (5_000, 1.1), (20_000, 0.95))
    ]
    for rate in (100, 1_000, 5_000):
        p99 = Figure(f"load/{rate}", "p99_ms")
        for peer, relation, bound in (("bare", "≤", 1.5), ("gocron", "<", 1.0)):
            base = Figure(p99.cell, p99.field, peer)
            targets.append(Target(f"p99 lateness at {rate:,} runs/s ÷ {peer}", p99, relation, bound, base))
    heavy = "load/20000"
    bare_holds = (Figure(heavy, "p99_ms", "bare"), 10.0)
    return [
        *targets,
        Target("of 20,000 runs/s for 10 s, run (%)", Figure(heavy, "ran_percent"), "≥", 100.0),
        Target(
            "p99 lateness at 20,000 runs/s (ms), where bare holds it",
            Figure(heavy, "p99_ms"),
            "≤",
            10.0,
            where=bare_holds,
        ),
    ]


def _add_targets() -> list[Target]:
    targets: list[Target] = []
    for suffix, kind in (("", "an interval job"), ("/cron", "a cron job")):
        for held in (1_000, 10_000):
            cost = Figure(f"add/started{suffix}", f"us_{held}")
            base = Figure(cost.cell, cost.field, "APScheduler")
            targets.append(Target(f"adding {kind}, {held:,} held ÷ APScheduler", cost, "≤", 0.15, base))
    for state in ("started", "not started"):
        cell = f"add/{state}/million"
        for base_held in (1_000, 10_000):
            text = f"adding a job, {state}: 1,000,000 held ÷ {base_held:,} held (flat)"
            base = Figure(cell, f"us_{base_held}")
            targets.append(Target(text, Figure(cell, "us_1000000"), "≤", 1.5, base))
    return targets


TARGETS: tuple[Target, ...] = (
    *_load_targets(),
    *_add_targets(),
    Target("memory per job, 100,000 held, resident (bytes)", Figure("memory/resident/100000", "bytes"), "≤", 1_536),
    Target("memory per job, 100,000 held, allocated (bytes)", Figure("memory/allocated/100000", "bytes"), "≤", 1_536),
    Target("idle CPU, 100,000 jobs pending (% of a core)", Figure("idle/100000", "percent"), "≤", 0.2),
    Target("200 jobs that sleep 1 s, due at once, end within (s)", Figure("sleepers", "seconds"), "≤", 1.5),
)
