"""What lockers cost on real servers: ``python -m benchmarks.stores``.

Beside each stands the bare client, doing the same number of round trips in the same run: they take turns, a few calls
each, so that what else the machine does falls on both. All of it, servers too, is on one CPU: else it is a matter of
luck which of the two has its server's process beside it, and that is worth a factor of two.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from benchmarks import report
from benchmarks.quiet import Watch
from benchmarks.runner import ROOT
from benchmarks.store_pairs import STORES, Pair
from tests.servers.system import ServerMissing

BOUND = 1.5
UNDISTURBED = 0.02
"""Of the calls so many are not disturbed by anything even on a busy machine."""

_PAGE = ROOT / "docs" / "benchmarks_stores.rst"
_CALLS = 10
_WARM_UP = 50
_PARTS = 5


@dataclass(frozen=True)
class Result:
    """Seconds of each call."""

    pair: Pair
    ours: list[float]
    bare: list[float]
    go: list[float]

    def ratio(self, share: float | None = None) -> float:
        """Ours to the bare one's, at the median or at a share of the calls."""
        if share is None:
            return median(self.ours) / median(self.bare)
        return at(self.ours, share) / at(self.bare, share)


def median(values: Sequence[float]) -> float:
    """The least of some medians, each of a part of the run: what else the machine does can only add to it."""
    size = max(len(values) // _PARTS, 1)
    return min(at(values[first : first + size], 0.5) for first in range(0, len(values) - size + 1, size))


def at(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values is."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def measure(pair: Pair, rounds: int) -> Result:
    """Take turns."""
    for _ in range(_WARM_UP):
        pair.ours()
        pair.bare()
    if pair.go is not None:
        pair.go()
    ours: list[float] = []
    bare: list[float] = []
    go: list[float] = []
    for number in range(rounds):
        turns = [(pair.ours, ours), (pair.bare, bare)]
        # Who comes second finds the server warm.
        for work, times in turns if number % 2 else reversed(turns):
            times += timed(work)
        if pair.go is not None:
            go += pair.go()
    return Result(pair, ours, bare, go)


def measured(name: str, rounds: int, tell: Callable[[str], None] | None) -> list[Result]:
    """All that is measured of a store.

    :param tell: is given a line about each.
    :raises ServerMissing: its server is not on this machine.
    """
    results = []
    with STORES[name]() as pairs:
        for pair in pairs:
            results.append(measure(pair, rounds))
            if tell is not None:
                tell(line(results[-1]))
    return results


def timed(work: Callable[[], None]) -> list[float]:
    """Some calls."""
    times = []
    for _ in range(_CALLS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return times


def main() -> None:
    """Measure, print the table, write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stores", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=STORES, default=list(STORES))
    parser.add_argument("--rounds", type=int, default=200, help=f"of {_CALLS} calls each")
    parser.add_argument("--json", action="store_true", help="print the ratios, undisturbed and at the median")
    parser.add_argument("--rst", action="store_true", help="write the page of the documentation")
    options = parser.parse_args()
    cores = report.machine()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    results: list[Result] = []
    missing: list[str] = []
    watch = Watch()
    for name in options.only:
        try:
            results += measured(name, options.rounds, None if options.json else partial(print, flush=True))
        except ServerMissing as error:
            missing.append(f"{name}: {error}")
    if options.json:
        ratios: dict[str, dict[str, list[float]]] = {}
        for result in results:
            ratios.setdefault(result.pair.store, {})[result.pair.work] = [result.ratio(UNDISTURBED), result.ratio()]
        print(json.dumps(ratios))
        return
    # Servers have ended: they count as ours.
    where = f"{cores}, of which one was used; other processes had {watch.foreign_percent():.0f} % of the machine"
    print(where, *(f"left out: {each}" for each in missing), sep="\n")
    if options.rst:
        _PAGE.write_text(page(results, where), encoding="utf-8")


def line(result: Result) -> str:
    """For a terminal."""
    ours, bare = (
        [f"{each * 1e6:6.0f}" for each in (median(times), at(times, 0.99))] for times in (result.ours, result.bare)
    )
    what = f"{result.pair.store:11} {result.pair.work:20}"
    ratio = f"{result.ratio():.2f}, p99 {result.ratio(0.99):.2f}"
    go = f"; Go {median(result.go) * 1e6:.0f}" if result.go else ""
    return f"{what} p50 {ours[0]} µs, p99 {ours[1]}; bare {bare[0]}, {bare[1]}; ÷ bare {ratio}{go}"


_HEAD = """\
====================
What the stores cost
====================

.. This page is written by ``python -m benchmarks.stores --rst``; change benchmarks/stores.py instead.

Made by ``python -m benchmarks.stores --rst`` on {date}: {where}.

A small machine that is shared, as this one, has no times of its own to speak of: what counts are the ratios, of what
was done side by side. The command starts the servers, builds the Go program (Go 1.26 or later), and leaves out what
is not there.

What a lock, or a tick, costs on a real server on the same machine, beside the bare client: the library that the
locker is built on, doing the same number of round trips of the same kind, with a record of the same size. They take
turns in the same run, a few calls each; all of it, servers too, on one CPU. A median is the least of five, each of a
fifth of the run, for what others do on the machine can only add to it. A p99 is that of the whole run, what others do
included; on SQLite and etcd it tells of the disk. The ratios of both are to be {bound} at most. Beside them is the
ratio of the fastest fiftieth of the calls, which nothing else disturbs.

A claim and its finish are two reads and two writes: of each pair, what is there now, and a change on condition that
it is still that. To them come the rule and the record as a text, twice each, at the same price on every store; so the
ratio is highest where the server answers fastest, on Redis and SQLite. A record that comes back as this process wrote
it is not read again; an instance that finds another's does read it, which is some 15 µs more. All else that a run
costs is on :doc:`benchmarks`, and is less than what any server takes. redis-py is measured with its own parser. With
the one in C, hiredis, the bare client takes a quarter less time, and the locker some 20 µs less, so that a claim's
ratio is about 1.7.

The lock of etcd is a lease, a transaction, another one, and the lease's end. To lead and resign is, on etcd, a lease,
a transaction, and the lease's end; on Kubernetes two reads of the Lease and two updates.

Go is a program of its own on the same server (``tests/peer``), which times its own calls. On Redis that is redsync. On
etcd it is the locker of gocron's guide, with clientv3, which asks three times for a lock and its release; and of
clientv3's concurrency a session with its ``Mutex``, or with its ``Election`` and ``Campaign`` and ``Resign``, which ask
four and five times, beside a stream that keeps the lease alive. On Kubernetes it is client-go's leaderelection, from
``Run`` to the release, with the same four requests. Where the bare client of Python alone takes longer than all that
Go does, the last column tells of the client library, not of the locker.

.. list-table::
   :header-rows: 1

   * - store
     - work
     - round trips
     - p50, µs
     - p99, µs
     - bare p50, µs
     - bare p99, µs
     - p50 ÷ bare
     - p99 ÷ bare
     - fastest ÷ bare
     - bound
     - Go p50, µs
     - p50 ÷ Go
"""


def page(results: Sequence[Result], where: str) -> str:
    """For the documentation."""
    text = _HEAD.format(date=datetime.now(UTC).date(), where=where, bound=BOUND)
    for result in results:
        cells = [result.pair.store, result.pair.work, str(result.pair.trips)]
        for times in (result.ours, result.bare):
            cells += [f"{each * 1e6:,.0f}" for each in (median(times), at(times, 0.99))]
        cells += [f"{result.ratio():.2f}", f"{result.ratio(0.99):.2f}"]
        cells += [f"{result.ratio(UNDISTURBED):.2f}", verdict(result)]
        go = median(result.go) if result.go else 0.0
        cells += [f"{go * 1e6:,.0f}", f"{median(result.ours) / go:.2f}"] if go else ["-", "-"]
        text += "".join(f"   {'* -' if number == 0 else '  -'} {cell}\n" for number, cell in enumerate(cells))
    return text


def verdict(result: Result) -> str:
    """Whether the bound is kept: at the median, and at the 99th percentile."""
    broken = [name for name, ratio in (("p50", result.ratio()), ("p99", result.ratio(0.99))) if ratio > BOUND]
    return f"not met: {', '.join(broken)}" if broken else "met"


if __name__ == "__main__":
    main()
