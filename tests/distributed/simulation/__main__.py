"""Worlds by the thousand, or one to read."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from pathlib import Path

from .table import page
from .worlds import KINDS, live


def complaints(seed: int) -> list[str]:
    """Of one world."""
    return live(seed).complaints()


def main() -> int:
    """The exit code: 1 if the promise was broken in any world."""
    parser = argparse.ArgumentParser(prog="python -m tests.distributed.simulation")
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, help="this one only")
    parser.add_argument("--kind", choices=list(KINDS))
    parser.add_argument("--trace", action="store_true", help="with --seed: print what happened")
    parser.add_argument("--table", type=Path, help="write the page that compares ways of sharing ticks")
    options = parser.parse_args()
    if options.table is not None:
        options.table.write_text(page(), encoding="utf-8")
        return 0
    if options.seed is not None:
        outcome = live(options.seed, trace=options.trace, kind=options.kind)
        print(*outcome.trace, sep="\n")
        print(*outcome.accounts, *outcome.complaints(), sep="\n")
        return bool(outcome.complaints())
    began, broken = time.monotonic(), 0
    seeds = range(options.first, options.first + options.seeds)
    with multiprocessing.Pool() as pool:
        for found in pool.imap_unordered(complaints, seeds, chunksize=50):
            for line in found:
                print(line, flush=True)
            broken += bool(found)
    took = time.monotonic() - began
    print(f"{len(seeds)} worlds from seed {options.first}, {broken} broke the promise, {took:.0f} s")
    if broken:
        print("read one: python -m tests.distributed.simulation --seed N --trace")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
