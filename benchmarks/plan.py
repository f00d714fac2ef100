"""What is measured: the cells of the full and of the quick mode."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

GROUPS = ("cpu", "lateness", "add", "memory", "idle", "sleepers", "startup")

_ALL = ("bare", "APScheduler", "schedule", "gocron", "gocron_py")
_THREADED = ("bare", "APScheduler", "gocron", "gocron_py")
_FAST = ("bare", "gocron", "gocron_py")


@dataclass(frozen=True, slots=True)
class Cell:
    """One measurement, made of each of its peers in turn, in each round."""

    name: str
    groups: frozenset[str]
    spec: dict[str, Any]
    peers: tuple[str, ...] = _ALL
    timeout: float = 60.0
    rounds: int = 3
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)  # a peer's own additions to the spec

    def spec_for(self, peer: str) -> dict[str, Any]:
        """What the process that measures *peer* is told."""
        return {**self.spec, "peer": peer, **self.overrides.get(peer, {})}


def cells(only: Iterable[str], quick: bool) -> list[Cell]:
    """The cells of the groups asked for."""
    wanted = frozenset(only)
    return [cell for cell in (_quick() if quick else _full()) if cell.groups & wanted]


def _full() -> list[Cell]:
    return [
        _load(100, 4, _ALL, rounds=5),
        _load(1_000, 4, _ALL, rounds=5),
        _load(5_000, 4, _THREADED, rounds=5),
        _load(20_000, 10, _THREADED, rounds=3),
        *_adds([1_000, 10_000], _ALL),
        *_adds([1_000, 10_000], ("APScheduler", "gocron", "gocron_py"), "/cron", crontab="*/5 * * * *"),
        *_adds([1_000, 10_000, 100_000, 1_000_000], _FAST, "/million"),
        *_memory(100_000),
        _idle(100_000, 5.0),
        _sleepers(),
        *_startup(rounds=7),
    ]


def _quick() -> list[Cell]:
    return [
        _load(1_000, 1, _THREADED, rounds=1),
        _load(5_000, 1, _THREADED, rounds=1),
        *_adds([1_000], _ALL, rounds=1),
        *_memory(10_000, rounds=1),
        _idle(10_000, 1.0, rounds=1),
        _sleepers(rounds=1),
        *_startup(rounds=1),
    ]


def _load(rate: int, seconds: int, peers: tuple[str, ...], rounds: int) -> Cell:
    spec = {"kind": "load", "rate": rate, "seconds": seconds, "warm_up": 1, "drain": 1.0}
    groups = frozenset({"lateness"} if rate < 1_000 else {"cpu", "lateness"})
    return Cell(f"load/{rate}", groups, spec, peers, timeout=120, rounds=rounds)


def _adds(
    marks: list[int], peers: tuple[str, ...], suffix: str = "", rounds: int = 3, crontab: str | None = None
) -> list[Cell]:
    group = frozenset({"add"})
    spec = {"kind": "add", "marks": marks, "crontab": crontab}
    return [
        Cell(f"add/{state}{suffix}", group, {**spec, "started": state == "started"}, peers, 240, rounds)
        for state in ("started", "not started")
    ]


def _memory(jobs: int, rounds: int = 3) -> list[Cell]:
    return [
        Cell(
            f"memory/{how}/{jobs}",
            frozenset({"memory"}),
            {"kind": "memory", "jobs": jobs, "traced": how == "allocated"},
            timeout=240,
            rounds=rounds,
        )
        for how in ("resident", "allocated")
    ]


def _idle(jobs: int, seconds: float, rounds: int = 3) -> Cell:
    spec = {"kind": "idle", "jobs": jobs, "settle": min(2.0, seconds), "seconds": seconds}
    return Cell(f"idle/{jobs}", frozenset({"idle"}), spec, timeout=120, rounds=rounds)


def _sleepers(rounds: int = 3) -> Cell:
    spec = {"kind": "sleepers", "jobs": 200, "workers": None}
    sized = {"workers": 200}  # their default pools have 6 and 10 threads or so
    overrides = {"bare": sized, "APScheduler": sized}
    return Cell("sleepers", frozenset({"sleepers"}), spec, _THREADED, 30, rounds, overrides)


def _startup(rounds: int) -> list[Cell]:
    groups = frozenset({"startup"})
    python = tuple(peer for peer in _ALL if peer != "gocron")
    return [
        Cell("startup/import", groups, {"kind": "import"}, python, 30, rounds),
        Cell("startup/first run", groups, {"kind": "first_run"}, _ALL, 30, rounds),
    ]
