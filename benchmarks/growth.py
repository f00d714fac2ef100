"""What a fleet's ticks cost their store as the fleet grows: ``python -m benchmarks.growth``.

N instances have J jobs that are all due at one instant. Each instance is a scheduler with a tick locker and a
connection of its own on a real Redis server; they share a few processes. The calls of the store are counted, those for
the ticks apart from those of the keepers, which look at the store at a fixed pace. ``--all-at-once`` is the same fleet
without preference: each instance claims each tick at once.
"""

from __future__ import annotations

import argparse
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from multiprocessing.connection import Connection

import gocron_py as gocron
from gocron_py.distributed import TickLocker, TickStore, presence
from gocron_py.distributed.redis import RedisStore
from gocron_py.distributed.store import Snapshot
from gocron_py.instant import SECOND, Instant, instant_of

SIZES = [(n, j) for j in (100, 1000) for n in (1, 3, 10, 30)]
INSTANTS = 2
_PROCESSES = 4
_KEEPER = "gocron-tick-keeper"
_LIMIT = 120.0


class CountingStore(TickStore):
    """Another store, whose calls are counted by what they are for."""

    def __init__(self, inner: TickStore, poll: float) -> None:
        self.inner, self.poll, self.pause, self.has_clock = inner, poll, inner.pause, inner.has_clock
        self.counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def _count(self) -> None:
        what = "keeper" if threading.current_thread().name == _KEEPER else "ticks"
        with self._lock:
            self.counts[what] += 1

    def load(self, keys: Sequence[str]) -> Snapshot:
        """See :meth:`TickStore.load`."""
        self._count()
        return self.inner.load(keys)

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        """See :meth:`TickStore.compare_and_set`."""
        self._count()
        return self.inner.compare_and_set(key, version, text)


@dataclass
class Cell:
    """What was measured.

    :ivar calls: of the store, for each tick.
    :ivar looks: of the keepers, each second.
    :ivar late: of each run, in microseconds.
    """

    instances: int
    jobs: int
    ticks: int
    twice: int
    calls: float
    looks: float
    late: list[int]

    def line(self) -> str:
        """For the table."""
        late = sorted(self.late)
        p50, p99 = (late[len(late) * part // 100] / 1000 for part in (50, 99))
        return (
            f"{self.instances:9} {self.jobs:6} {self.calls:10.2f} {self.looks:10.1f}"
            f" {p50:9.0f} {p99:9.0f} {self.ticks:7} {self.twice:6}"
        )


HEAD = (
    f"{'instances':>9} {'jobs':>6} {'calls/tick':>10} {'keepers/s':>10}"
    f" {'p50 ms':>9} {'p99 ms':>9} {'ticks':>7} {'twice':>6}"
)

# A job, its tick, and when that began.
Run = tuple[str, Instant, Instant]


@dataclass(frozen=True)
class Fleet:
    """What a process is told.

    :ivar share: so many of the instances are in it.
    """

    url: str
    share: int
    instances: int
    jobs: int
    interval: int
    prefer: bool


class Instance:
    """One of the fleet."""

    def __init__(self, fleet: Fleet, runs: list[Run]) -> None:
        self.store = CountingStore(RedisStore(fleet.url), poll=0.5)
        self.locker = TickLocker(self.store)
        self.scheduler = gocron.new_scheduler(
            gocron.with_distributed_locker(self.locker), gocron.with_max_workers(32), gocron.with_location("UTC")
        )
        every = gocron.duration_job(timedelta(seconds=fleet.interval))

        def note() -> None:
            run = gocron.current_run()
            runs.append((run.tick.job_name, instant_of(run.tick.at, UTC), time.time_ns() // 1000))

        for number in range(fleet.jobs):
            self.scheduler.new_job(every, gocron.new_task(note), gocron.with_name(f"job{number}"))

    def sees(self) -> int:
        """How many instances it knows."""
        return sum(each.alive for each in self.locker.instances())

    def end(self) -> None:
        """It leaves."""
        self.scheduler.shutdown()
        self.locker.close()


def _live(fleet: Fleet, pipe: Connection) -> None:
    """One process: its instances, and what the parent asks for."""
    if not fleet.prefer:
        presence.Presence.peers = lambda self, group: ()  # type: ignore[method-assign]
    runs: list[Run] = []
    instances = [Instance(fleet, runs) for _ in range(fleet.share)]
    for instance in instances:
        instance.scheduler.start()
    end = time.monotonic() + _LIMIT
    while any(instance.sees() < fleet.instances for instance in instances):
        if time.monotonic() > end:
            raise TimeoutError("the instances do not find each other")
        time.sleep(0.1)
    pipe.send("ready")
    counts: list[Counter[str]] = []
    for _ in range(2):
        pipe.recv()
        counts.append(sum((instance.store.counts for instance in instances), Counter()))
        pipe.send("counted")
    since, until = pipe.recv()
    counts[1].subtract(counts[0])
    pipe.send((dict(counts[1]), [run for run in runs if since < run[1] < until]))
    for instance in instances:
        instance.end()


def measure(url: str, instances: int, jobs: int, prefer: bool = True, processes: int = _PROCESSES) -> Cell:
    """A fleet on a Redis server that knows none of its jobs."""
    # Long enough for every instance to be done with an instant before the next, on a slow machine as well.
    interval = max(4, round(instances * jobs / 1000) + 3)
    context = multiprocessing.get_context("spawn")
    shares = [part for part in (len(range(n, instances, processes)) for n in range(processes)) if part]
    pipes, children = [], []
    for share in shares:
        ours, theirs = context.Pipe()
        fleet = Fleet(url, share, instances, jobs, interval, prefer)
        children.append(context.Process(target=_live, args=(fleet, theirs), daemon=True))
        pipes.append(ours)
        children[-1].start()
        theirs.close()

    def ask(what: object) -> list[object]:
        for pipe in pipes:
            pipe.send(what)
        return [pipe.recv() for pipe in pipes]

    for pipe in pipes:
        pipe.recv()
    # All know all others one look later, and the first instant that counts is one that all are there for.
    grid = interval * SECOND
    first = ((time.time_ns() // 1000 + 2 * SECOND) // grid + 1) * grid
    since, until = first - grid // 20, first + INSTANTS * grid - grid // 20
    _sleep_until(since)
    ask("count")
    _sleep_until(until)
    ask("count")
    answers: list[tuple[dict[str, int], list[Run]]] = ask((since, until))  # type: ignore[assignment]
    for child in children:
        child.join(_LIMIT)
    runs = [run for _, some in answers for run in some]
    ticks = Counter((job, at) for job, at, _ in runs)
    return Cell(
        instances,
        jobs,
        len(ticks),
        sum(count - 1 for count in ticks.values()),
        sum(counts["ticks"] for counts, _ in answers) / (jobs * INSTANTS),
        sum(counts["keeper"] for counts, _ in answers) / ((until - since) / SECOND),
        [started - at for _, at, started in runs],
    )


def _sleep_until(instant: Instant) -> None:
    time.sleep(max(0, instant - time.time_ns() // 1000) / SECOND)


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth")
    parser.add_argument("--all-at-once", action="store_true", help="without preference")
    parser.add_argument("--instances", type=int, help="only this many")
    parser.add_argument("--jobs", type=int, help="only this many")
    options = parser.parse_args()
    from tests.servers.redis import RedisServer

    print(HEAD)
    for instances, jobs in SIZES:
        if options.instances in (None, instances) and options.jobs in (None, jobs):
            with RedisServer() as server:
                print(measure(server.url, instances, jobs, prefer=not options.all_at_once).line(), flush=True)


if __name__ == "__main__":
    main()
