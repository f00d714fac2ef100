"""An example application under a real server: what it started, and what ran where."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
INTERVAL = 0.5
"""Seconds between the ticks of the job that writes down its runs."""

PATIENCE = 50.0


def until(is_so: Callable[[], object], seconds: float = PATIENCE, what: Callable[[], str] = lambda: "") -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"it never became so\n{what()}"
        time.sleep(0.02)


class Served:
    """A server, its output and the log of runs; both are appended to by all of its processes.

    :param command: its module, run by this very Python, with arguments.
    """

    def __init__(self, place: Path, directory: Path, *command: str, **environment: str) -> None:
        place.mkdir(parents=True)
        self.log, self.output = place / "runs.log", place / "output.log"
        paths = {"JOBS_DB": str(place / "data" / "jobs.db"), "RUNS_LOG": str(self.log), "PYTHONUNBUFFERED": "1"}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                cwd=directory,
                env={**os.environ, **paths, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def schedulers(self) -> list[int]:
        """The processes in which a scheduler was started, once for each time."""
        return [int(pid) for pid in re.findall(r"scheduler started.*?pid=(\d+)", self.text())]

    def runs(self) -> list[tuple[int, int]]:
        """(tick, process): ticks are counted in intervals."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [(round(float(at) / INTERVAL), int(pid)) for at, pid, *_ in map(str.split, lines)]

    def until(self, is_so: Callable[[], object]) -> None:
        until(lambda: is_so() or self.process.poll() is not None, what=self.text)
        assert self.process.poll() is None, self.text()

    def go_on(self, ticks: int) -> None:
        """Wait until so many ticks ran that are not due yet."""
        now = time.time() / INTERVAL
        self.until(lambda: sum(1 for tick, _ in self.runs() if tick > now) >= ticks)

    def check_ticks(self, at_least: int) -> None:
        """No tick ran twice."""
        counts = Counter(tick for tick, _ in self.runs())
        assert [tick for tick, count in counts.items() if count > 1] == [], self.text()
        assert len(counts) >= at_least

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Gently: it ends by itself."""
        self.process.send_signal(number)
        self.process.wait(30)

    def kill(self) -> None:
        """Whatever is left of it."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def free_port() -> str:
    """For servers that must know it before: a reloader's child binds the one of its parent."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


def start(place: Path, directory: Path, *command: str, **environment: str) -> Served:
    """A server; the word PORT in its command, or its address, becomes a port that is free."""
    port = free_port()
    return Served(place, directory, *(word.replace("PORT", port) for word in command), PORT=port, **environment)


def check_one_scheduler_each(served: Served, expected: int) -> None:
    """As many schedulers as processes that serve, each once; they run the ticks, and each tick once."""
    served.until(lambda: len(served.schedulers()) >= expected)
    served.go_on(3)
    schedulers = served.schedulers()
    assert len(schedulers) == len(set(schedulers)) == expected, served.text()
    assert {pid for _, pid in served.runs()} <= set(schedulers)
    served.check_ticks(3)


Serve = Callable[..., Served]


def end_all(servers: Sequence[Served]) -> None:
    for server in servers:
        if server.process.poll() is None:
            server.process.terminate()
    for server in servers:
        try:
            server.process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        server.kill()
