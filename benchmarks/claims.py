"""What a claim costs on SQLite: ``python -m benchmarks.claims``.

The bare thing beside it is one ``BEGIN IMMEDIATE; UPDATE; COMMIT`` with the same settings, on a file and a row
of the same size. Rounds alternate, so that what else the machine does falls on both.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import secrets
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from gocron_py.distributed.claim import Attempt, Load, Step, claim_tick, end
from gocron_py.distributed.decision import Request, claim, finish
from gocron_py.distributed.sqlite import SQLiteStore
from gocron_py.distributed.store import TickStore
from gocron_py.distributed.tick import TickKind
from gocron_py.errors import LockError, StoreDown

ROUNDS = 20
CLAIMS = 100
_JOBS = 100
_RATE_SECONDS = 3.0
_LIMIT = 60.0


def drive(store: TickStore, procedure: Any) -> Any:
    """Do the steps of a procedure, as the locker does."""
    reply: object = None
    while True:
        try:
            step: Step = procedure.send(reply)
        except StopIteration as over:
            return over.value
        if isinstance(step, Load):
            reply = store.load(step.keys)
        else:
            reply = store.compare_and_set(step.key, step.version, step.text)  # type: ignore[union-attr]


def claim_one(store: TickStore, key: str, at: int) -> str:
    """Claim a tick; the token."""
    token, owner = secrets.token_hex(12), store.owner()
    request = Request(at, TickKind.GRID, token, owner, 30_000_000)

    def alive(held: object) -> bool:
        return False

    attempt = Attempt(key, token, lambda record, now: claim(record, request, key, now, alive), 0, lambda: 0, None, None)
    drive(store, claim_tick(attempt))
    return token


@contextmanager
def bare(path: Path, size: int) -> Iterator[Callable[[], None]]:
    """A connection as the store has it, and what writes one row of it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (key BLOB PRIMARY KEY, version INTEGER, text TEXT) WITHOUT ROWID")
    for number in range(_JOBS):
        connection.execute("INSERT INTO t VALUES (?, 1, ?)", (f"job{number}".encode(), "x" * size))

    def write() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE t SET version = version + 1, text = ? WHERE key = ?", ("y" * size, b"job7"))
        connection.execute("COMMIT")

    yield write
    connection.close()


def measure(directory: Path) -> dict[str, list[float]]:
    """Seconds of each bare write, claim and finish."""
    store = SQLiteStore(directory / "claims" / "ticks.db")
    times: dict[str, list[float]] = {"bare": [], "claim": [], "finish": []}
    tick = time.time_ns() // 1000
    for number in range(_JOBS):
        try:
            claim_one(store, f"job{number}", tick)  # registers it; the tick itself is too old
        except Exception:
            pass
    for _ in range(70):  # a full window, as a job has that has run for a while
        tick = time.time_ns() // 1000
        drive(store, end("job7", claim_one(store, "job7", tick), finish))
    size = len(store.load(["job7"]).entries["job7"].text)
    with bare(directory / "bare.db", size) as write:
        for _ in range(ROUNDS):
            for _ in range(CLAIMS):
                began = time.perf_counter()
                write()
                times["bare"].append(time.perf_counter() - began)
            for _ in range(CLAIMS):
                tick = time.time_ns() // 1000
                began = time.perf_counter()
                token = claim_one(store, "job7", tick)
                claimed = time.perf_counter()
                drive(store, end("job7", token, finish))
                times["claim"].append(claimed - began)
                times["finish"].append(time.perf_counter() - claimed)
    store.close()
    return times


class WorkerFailed(Exception):
    """A process of the benchmark has not done what it was to do; the text says why."""


def _keep_claiming(path: Path, number: int, barrier: Barrier, results: Any) -> None:
    try:
        results.put(_claims_in_time(path, number, barrier))
    except BaseException as error:
        results.put(f"process {number}: {type(error).__name__}: {error}")


def _claims_in_time(path: Path, number: int, barrier: Barrier) -> tuple[int, int]:
    """How many claims there were, and how often the store was too busy for one."""
    store = SQLiteStore(path)
    key = f"job{number}"
    try:
        claim_one(store, key, time.time_ns() // 1000)
    except LockError:  # that registers it; the tick itself is too old
        pass
    barrier.wait(_LIMIT)
    done = busy = 0
    end_at = time.monotonic() + _RATE_SECONDS
    while time.monotonic() < end_at:
        try:
            token = claim_one(store, key, time.time_ns() // 1000)
            drive(store, end(key, token, finish))
            done += 1
        except StoreDown:  # SQLite lets one write at a time, and none of the others is sure of its turn
            busy += 1
    store.close()
    return done, busy


def rate(path: Path, processes: int) -> tuple[float, int]:
    """Claims with their finishes, per second, of so many processes with a job each; how often the store was too busy.

    :raises WorkerFailed: a process has failed, or has not answered in time.
    """
    barrier = multiprocessing.Barrier(processes)
    results: multiprocessing.Queue[tuple[int, int] | str] = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(target=_keep_claiming, args=(path, number, barrier, results), daemon=True)
        for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    try:
        answers = [results.get(timeout=_LIMIT) for _ in workers]
    except queue.Empty:
        raise WorkerFailed(f"not all of {processes} processes have answered within {_LIMIT:.0f} s") from None
    finally:
        for worker in workers:
            worker.join(1)
            worker.kill()
    failures = [answer for answer in answers if isinstance(answer, str)]
    if failures:
        raise WorkerFailed("; ".join(failures))
    counts = [answer for answer in answers if not isinstance(answer, str)]
    return sum(done for done, _ in counts) / _RATE_SECONDS, sum(busy for _, busy in counts)


def main() -> None:
    """Print it."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        times = measure(directory)
        print(f"{'µs':>8} {'p50':>8} {'p99':>8}")
        for what, values in times.items():
            ordered = sorted(values)
            print(f"{what:>8} {statistics.median(ordered) * 1e6:8.0f} {ordered[len(ordered) * 99 // 100] * 1e6:8.0f}")
        ratio = statistics.median(times["claim"]) / statistics.median(times["bare"])
        print(f"claim ÷ bare {ratio:.2f} (to be 3.00 at most)")
        for processes in 1, 4, 8:
            claims, busy = rate(directory / f"rate{processes}" / "ticks.db", processes)
            print(f"{processes} processes: {claims:.0f} claims/s, too busy {busy} times")


if __name__ == "__main__":
    os.umask(0o077)
    main()
