"""Each peer of a cell in turn, round after round, each in a process of its own with a hard time-out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.peers import PEERS
from benchmarks.plan import Cell
from benchmarks.quiet import ATTEMPTS, TOLERATED, Watch
from benchmarks.workload import Load, assess, read_runs

# The field beside a cell's own: the share of the machine that others had meanwhile.
FOREIGN = "foreign_percent"

ROOT = Path(__file__).parent.parent

Values = dict[str, float]
# cell name -> peer -> one entry for each round; None: it failed or ran into the time-out
Results = dict[str, dict[str, list[Values | None]]]


class Runner:
    """Runs cells; *say* is told about progress. A *patient* one repeats what others disturbed."""

    def __init__(self, go_program: Path | None, say: Callable[[str], None], patient: bool) -> None:
        self._go_program = go_program
        self._patient = patient
        self._say = say

    def run(self, cells: Iterable[Cell], peers: Iterable[str], rounds: int | None) -> Iterator[Results]:
        """All *cells*, of those *peers* alone; *rounds* overrides each cell's own number.

        :return: after each round, the results so far.
        """
        plan = list(cells)
        chosen = set(peers)
        results: Results = {}
        last = max((rounds or cell.rounds for cell in plan), default=0)
        for number in range(last):
            for cell in plan:
                if number >= (rounds or cell.rounds):
                    continue
                of_peer = results.setdefault(cell.name, {})
                for peer in _rotated([peer for peer in cell.peers if peer in chosen], number):
                    values = self._measure(cell, peer)
                    of_peer.setdefault(peer, []).append(values)
                    self._say(f"round {number + 1}/{last}  {cell.name:24} {peer:12} {_brief(values)}")
            yield results

    def _measure(self, cell: Cell, peer: str) -> Values | None:
        """The least disturbed of a few attempts: one, where nobody disturbed it. Chosen by that alone."""
        best: Values | None = None
        for _ in range(ATTEMPTS if self._patient else 1):
            watch = Watch()
            values = self._attempt(cell, peer)
            if values is None:
                break
            values[FOREIGN] = watch.foreign_percent()
            if best is None or values[FOREIGN] < best[FOREIGN]:
                best = values
            if best[FOREIGN] <= TOLERATED:
                break
        return best

    def _attempt(self, cell: Cell, peer: str) -> Values | None:
        try:
            with TemporaryDirectory(prefix="gocron-bench-") as directory:
                return self._measure_in(Path(directory), cell, peer)
        except subprocess.TimeoutExpired:
            self._say(f"{cell.name}, {peer}: no result within {cell.timeout:g} s")
        except subprocess.CalledProcessError as error:
            lines = (error.stderr or "").strip().splitlines()
            self._say(f"{cell.name}, {peer}: failed: {lines[-1] if lines else error}")
        return None

    def _measure_in(self, directory: Path, cell: Cell, peer: str) -> Values:
        spec = cell.spec_for(peer)
        kind = spec["kind"]
        if kind == "import":
            return self._import_time(peer, cell.timeout)
        if kind == "first_run":
            return self._first_run(peer, cell.timeout)
        file = directory / "runs"
        values = self._child(peer, {**spec, "file": str(file)}, cell.timeout)
        return _load_values(spec, file, values) if kind == "load" else values

    def _child(self, peer: str, spec: dict[str, Any], timeout: float) -> Values:
        if peer == "gocron":
            command = [str(self._go_program), json.dumps(spec)]
        else:
            command = [sys.executable, "-m", "benchmarks.cell", json.dumps(spec)]
        return dict(json.loads(_output(command, timeout)))

    def _import_time(self, peer: str, timeout: float) -> Values:
        imports = {
            "bare": "import heapq, threading, concurrent.futures.thread",
            "APScheduler": "import apscheduler.schedulers.background",
            "schedule": "import schedule",
            "gocron_py": "import gocron_py",
        }
        code = f"from time import perf_counter as now; begin = now();{imports[peer]}; print((now() - begin) * 1e3)"
        return {"ms": float(_output([sys.executable, "-c", code], timeout))}

    def _first_run(self, peer: str, timeout: float) -> Values:
        module, _ = PEERS[peer]
        if module is None:
            begin = time.time()
            return {"ms": (self._child(peer, {"kind": "first_run"}, timeout)["at"] - begin) * 1e3}
        program = Path(__file__).parent / "first_run" / f"{module}.py"
        begin = time.time()
        return {"ms": (float(_output([sys.executable, str(program)], timeout)) - begin) * 1e3}


def _output(command: list[str], timeout: float) -> str:
    """What a process prints, without the warnings and the bytecode writing that a first use may bring."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=timeout
    )
    return done.stdout.strip().splitlines()[-1]


def _load_values(spec: dict[str, Any], file: Path, raw: Values) -> Values:
    load = Load(spec["rate"], spec["seconds"], spec["warm_up"], spec["drain"])
    outcome = assess(*read_runs(file), raw["first"], load)
    return {
        "cpu_us": raw["cpu_seconds"] / max(1, outcome.runs) * 1e6,
        "cpu_percent": raw["cpu_seconds"] / raw["wall_seconds"] * 100,
        "p50_ms": outcome.quantile(0.5) * 1e3,
        "p99_ms": outcome.quantile(0.99) * 1e3,
        "max_ms": outcome.quantile(1.0) * 1e3,
        "early_ms": outcome.early * 1e3,
        "ran_percent": outcome.ran / outcome.offered * 100,
    }


def _rotated(peers: list[str], number: int) -> list[str]:
    """Another peer begins in each round, so that none is always the first after a pause."""
    at = number % len(peers) if peers else 0
    return peers[at:] + peers[:at]


def _brief(values: Values | None) -> str:
    if values is None:
        return "-"
    return "  ".join(f"{name}={value:.4g}" for name, value in values.items())
