"""The example of a Flask app under a real gunicorn: each tick once, whatever becomes of the workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "flask_app"
INTERVAL = 0.5


def until(is_so: Callable[[], bool], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never became so"
        time.sleep(0.02)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Gunicorn:
    """A master, its workers, and what they wrote down."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.log = directory / "runs.log"
        self.errors = directory / "gunicorn.log"
        self.pid_file = directory / "pid"
        environment = {**os.environ, "JOBS_DB": str(directory / "data" / "jobs.db"), "RUNS_LOG": str(self.log)}
        command = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--worker-tmp-dir", str(directory)]
        with self.errors.open("wb") as errors:
            self.master = subprocess.Popen(
                [*command, "--workers", "4", *options, "app:app"],
                cwd=EXAMPLE,
                env=environment,
                stderr=errors,
                start_new_session=True,
            )

    def runs(self) -> list[tuple[int, int]]:
        """(tick, worker): ticks are counted in intervals."""
        if not self.log.exists():
            return []
        lines = [line.split() for line in self.log.read_text().splitlines()]
        return [(round(float(at) / INTERVAL), int(pid)) for at, pid, *_ in lines]

    def missing(self) -> set[int]:
        """The ticks between the first and the last one that have not run."""
        ticks = {tick for tick, _ in self.runs()}
        return set(range(min(ticks), max(ticks))) - ticks

    def workers(self) -> set[int]:
        return set(children_of(self.master.pid))

    def have_all_run(self, count: int) -> None:
        """Wait until so many workers are there, and ticks run that were not due yet."""
        until(lambda: len(self.workers()) == count)
        self.go_on(4)

    def go_on(self, ticks: int) -> None:
        now = time.time() / INTERVAL
        until(lambda: sum(1 for tick, _ in self.runs() if tick > now) >= ticks)

    def has_scheduler(self, pid: int) -> bool:
        """Whether the process has the store open, as it has from when its scheduler is started."""
        opened = [os.readlink(file) for file in Path(f"/proc/{pid}/fd").iterdir()]
        return any("jobs.db" in path for path in opened)

    def address(self) -> str:
        lines = self.errors.read_text().splitlines()
        return next(line.split("Listening at: ")[1].split()[0] for line in lines if "Listening at: " in line)

    def end(self) -> None:
        self.master.terminate()
        self.master.wait(30)


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[Gunicorn]:
    """Without --preload, of which tests/integrations tell."""
    gunicorn = Gunicorn(tmp_path)
    try:
        yield gunicorn
    finally:
        if gunicorn.master.poll() is None:
            os.killpg(gunicorn.master.pid, signal.SIGKILL)
            gunicorn.master.wait()


def test_each_tick_runs_in_one_worker(gunicorn: Gunicorn) -> None:
    gunicorn.have_all_run(4)
    with urllib.request.urlopen(gunicorn.address(), timeout=10) as answer:
        assert int(answer.read().split()[1]) in gunicorn.workers()
    runners = {pid for _, pid in gunicorn.runs()}
    assert gunicorn.master.pid not in runners
    assert gunicorn.has_scheduler(gunicorn.workers().pop())
    assert not gunicorn.has_scheduler(gunicorn.master.pid)

    victim = gunicorn.workers().pop()
    os.kill(victim, signal.SIGKILL)
    gunicorn.have_all_run(4)

    before = gunicorn.workers()
    gunicorn.master.send_signal(signal.SIGHUP)
    until(lambda: not gunicorn.workers() & before)
    gunicorn.have_all_run(4)
    assert not gunicorn.has_scheduler(gunicorn.master.pid)

    # gunicorn lets the old ones go before the new ones are there; what came due meanwhile is run afterwards, as the
    # application's policy says. The one that was killed may have been about to run one.
    until(lambda: len(gunicorn.missing()) <= 1)
    last = gunicorn.workers()
    gunicorn.end()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in last))
    runs = gunicorn.runs()
    counts = Counter(tick for tick, _ in runs)
    assert [tick for tick, count in counts.items() if count > 1] == []
    assert len(gunicorn.missing()) <= 1
    assert len({pid for _, pid in runs} | {victim}) > 2
    assert len(counts) >= 10
