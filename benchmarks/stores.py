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

from benchmarks import report
from benchmarks.quiet import Watch
from benchmarks.runner import ROOT
from benchmarks.store_pairs import STORES, Pair

BOUND = 1.5
UNDISTURBED = 0.02
"""Of the calls so many are not disturbed by anything even on a busy machine."""

_PAGE = ROOT / "docs" / "benchmarks_stores.rst"
_CALLS = 10
_WARM_UP = 50


@dataclass(frozen=True)
class Result:
    """Seconds of each call."""

    pair: Pair
    ours: list[float]
    bare: list[float]
    go: list[float]

    def ratio(self, share: float = 0.5) -> float:
        """Ours to the bare one's, at the median or another share of the calls."""
        return at(self.ours, share) / at(self.bare, share)


def at(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values is."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def measure(pair: Pair, rounds: int) -> Result:
    """Take turns."""
    for _ in range(_WARM_UP):
        pair.ours()
        pair.bare()
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
    parser.add_argument("--rounds", type=int, default=100, help=f"of {_CALLS} calls each")
    parser.add_argument("--json", action="store_true", help="print the ratios, undisturbed and at the median")
    parser.add_argument("--rst", action="store_true", help="write the page of the documentation")
    options = parser.parse_args()
    cores = report.machine()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    results: list[Result] = []
    watch = Watch()
    for name in options.only:
        with STORES[name]() as pairs:
            for pair in pairs:
                results.append(measure(pair, options.rounds))
                if not options.json:
                    print(line(results[-1]), flush=True)
    if options.json:
        print(json.dumps({result.pair.work: [result.ratio(UNDISTURBED), result.ratio()] for result in results}))
        return
    # Servers have ended: they count as ours.
    where = f"{cores}, of which one was used; other processes had {watch.foreign_percent():.0f} % of it"
    print(where)
    if options.rst:
        _PAGE.write_text(page(results, where), encoding="utf-8")


def line(result: Result) -> str:
    """For a terminal."""
    ours, bare = ([f"{at(times, share) * 1e6:6.0f}" for share in (0.5, 0.99)] for times in (result.ours, result.bare))
    what = f"{result.pair.store:11} {result.pair.work:14}"
    ratio = f"{result.ratio():.2f}, p99 {result.ratio(0.99):.2f}"
    go = f"; Go {at(result.go, 0.5) * 1e6:.0f}" if result.go else ""
    return f"{what} p50 {ours[0]} µs, p99 {ours[1]}; bare {bare[0]}, {bare[1]}; ÷ bare {ratio}{go}"


_HEAD = """\
====================
What the stores cost
====================

.. This page is written by ``python -m benchmarks.stores --rst``; change benchmarks/stores.py instead.

Made by ``python -m benchmarks.stores --rst`` on {date}: {where}.

What a lock, or a tick, costs on a real server on the same machine, beside the bare client: the library that the
locker is built on, doing the same number of round trips of the same kind, with a record of the same size. They take
turns in the same run, a few calls each; all of it, servers too, on one CPU. The ratio of the medians is to be {bound}
at most. Beside it is the ratio of the fastest fiftieth of the calls, which nothing else on the machine disturbs.

Redis answers in some 55 µs here, less than any other server, and a claim with its finish is some 90 µs of this
library's own work (the rule, and the record as a text): that is why the ratio is highest there.

A claim and its finish are two reads and two writes: of each pair, what is there now, and a change on condition that
it is still that. The lock of etcd is a lease, a transaction, another one, and the lease's end. Go is redsync, or the
transactions of gocron's guide with clientv3, in a program of its own on the same server, which times its own calls; it
asks etcd three times. All else that a run costs is on :doc:`benchmarks`, and is less than what any server takes.

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
        cells += [f"{at(times, share) * 1e6:,.0f}" for times in (result.ours, result.bare) for share in (0.5, 0.99)]
        cells += [f"{result.ratio():.2f}", f"{result.ratio(0.99):.2f}"]
        cells += [f"{result.ratio(UNDISTURBED):.2f}", "met" if result.ratio() <= BOUND else "not met"]
        go = at(result.go, 0.5) if result.go else 0.0
        cells += [f"{go * 1e6:,.0f}", f"{at(result.ours, 0.5) / go:.2f}"] if go else ["-", "-"]
        text += "".join(f"   {'* -' if number == 0 else '  -'} {cell}\n" for number, cell in enumerate(cells))
    return text


if __name__ == "__main__":
    main()
