"""The table, as text for the terminal and as reST for the docs."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from benchmarks import golang
from benchmarks.peers import PEERS
from benchmarks.runner import FOREIGN, Results
from benchmarks.targets import OURS, TARGETS, Figure, Spread, spread

_NONE = "-"
_COMPARED = ("bare", "APScheduler", "gocron")

Table = list[list[str]]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    label: str
    cell: str
    field: str


def _rows() -> list[Row]:
    return [*_load_rows(), *_add_rows(), *_other_rows()]


def _load_rows() -> list[Row]:
    rates = (100, 1_000, 5_000, 20_000)
    return [
        *(Row(f"CPU per run, {rate:,}/s (µs)", f"load/{rate}", "cpu_us") for rate in rates[1:]),
        *(Row(f"lateness {q}, {rate:,}/s (ms)", f"load/{rate}", f"{q}_ms") for rate in rates for q in ("p50", "p99")),
        *(Row(f"offered runs that ran, {rate:,}/s (%)", f"load/{rate}", "ran_percent") for rate in rates),
    ]


def _add_rows() -> list[Row]:
    rows: list[Row] = []
    for state in ("started", "not started"):
        for suffix, kind in (("", "interval"), ("/cron", "cron")):
            cell = f"add/{state}{suffix}"
            rows += [
                Row(f"add: {kind} job, {state}, {held:,} held (µs)", cell, f"us_{held}") for held in (1_000, 10_000)
            ]
            rows.append(Row(f"start: for each {kind} job held (µs)", cell, "start_us"))
        rows += [
            Row(f"add up to a million, {state}, {held:,} held (µs)", f"add/{state}/million", f"us_{held}")
            for held in (1_000, 10_000, 100_000, 1_000_000)
        ]
    return rows


def _other_rows() -> list[Row]:
    held = (10_000, 100_000)
    return [
        *(
            Row(f"memory per job, {jobs:,} held, {how} (bytes)", f"memory/{how}/{jobs}", "bytes")
            for jobs in held
            for how in ("resident", "allocated")
        ),
        *(Row(f"idle CPU, {jobs:,} jobs pending (% of a core)", f"idle/{jobs}", "percent") for jobs in held),
        Row("200 jobs that sleep 1 s, due at once (s)", "sleepers", "seconds"),
        Row("import (ms)", "startup/import", "ms"),
        Row("process start to first run (ms)", "startup/first run", "ms"),
    ]


def figures(results: Results, absent: dict[str, str]) -> Table:
    """Medians of each peer, then gocron_py's ratios with their spread."""
    table = [["", *PEERS, *(f"{OURS} ÷ {peer}" for peer in _COMPARED)]]
    for row in _rows():
        if row.cell not in results or not _has_field(results, row):
            continue
        line = [row.label]
        for peer in PEERS:
            measured = spread(results, Figure(row.cell, row.field, peer))
            failed = peer in results[row.cell]
            line.append(number(measured.median) if measured else "failed" if failed else absent.get(peer, _NONE))
        ours = Figure(row.cell, row.field)
        ratios = (spread(results, ours, Figure(row.cell, row.field, peer)) for peer in _COMPARED)
        line += [_with_extremes(ratio) if ratio else _NONE for ratio in ratios]
        table.append(line)
    return table


def _has_field(results: Results, row: Row) -> bool:
    return any(spread(results, Figure(row.cell, row.field, peer)) for peer in results[row.cell])


def verdicts(results: Results) -> Table:
    """Each target whose measurement was tried, and whether it is met."""
    table = [["target", "bound", "measured (lowest to highest)", ""]]
    for target in TARGETS:
        measured, verdict = target.judge(results)
        if measured or OURS in results.get(target.figure.cell, {}):
            bound = f"{target.relation} {number(target.bound)}"
            table.append([target.text, bound, _with_extremes(measured) if measured else _NONE, verdict])
    return table


def number(value: float) -> str:
    """Three digits that say something."""
    if value != value:  # NaN
        return _NONE
    magnitude = abs(value)
    if magnitude >= 100:
        return f"{value:,.0f}"
    if magnitude >= 10:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.2f}" if magnitude >= 0.1 or not value else f"{value:.3f}"


def _with_extremes(measured: Spread) -> str:
    if measured.low == measured.high:
        return number(measured.median)
    return f"{number(measured.median)} ({number(measured.low)} to {number(measured.high)})"


def as_text(table: Table) -> str:
    """Columns under each other."""
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    lines = []
    for line in table:
        first, *rest = (
            text.ljust(width) if not at else text.rjust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        lines.append("  ".join([first, *rest]).rstrip())
    return "\n".join(lines)


def as_list_table(table: Table, title: str) -> str:
    """A reST list-table."""
    lines = [f".. list-table:: {title}", "   :header-rows: 1", "   :stub-columns: 1", ""]
    for line in table:
        for column, text in enumerate(line):
            lines.append(f"   {'* -' if not column else '  -'} {text}".rstrip())
    return "\n".join(lines)


def machine() -> str:
    """Where it was measured."""
    model = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = (line for line in info.read_text(encoding="utf-8").splitlines() if line.startswith("model name"))
        model = next(names, model).split(":")[-1].strip()
    return f"{_cores()} cores ({model}), {platform.system()}, Python {platform.python_version()}"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions(peers: Iterable[str]) -> str:
    """Which releases were measured."""
    found = []
    for peer in peers:
        if peer == "gocron":
            found.append(f"gocron {golang.gocron_version()} (Go {golang.version()})")
        elif peer in ("APScheduler", "schedule"):
            try:
                found.append(f"{peer} {version(peer)}")
            except PackageNotFoundError:
                continue
    return ", ".join(found)


def disturbance(results: Results) -> str:
    """How much others had of the machine."""
    shares = [
        values[FOREIGN]
        for of_peer in results.values()
        for rounds in of_peer.values()
        for values in rounds
        if values is not None
    ]
    if not shares:
        return "nothing measured"
    middle, most = median(shares), max(shares)
    return f"other processes had {number(middle)} % of the machine in the middle, {number(most)} % at most"


def page(results: Results, absent: dict[str, str], where: str) -> str:
    """docs/benchmarks.rst."""
    return _PAGE.format(
        command=f"python -m benchmarks{_arguments()}",
        day=datetime.now(UTC).date().isoformat(),
        where=where,
        verdicts=as_list_table(verdicts(results), "Targets"),
        figures=as_list_table(figures(results, absent), "Figures"),
    )


def _arguments() -> str:
    """What was measured; where the results went is nobody's business."""
    arguments = list(sys.argv[1:])
    if "--json" in arguments:
        place = arguments.index("--json")
        del arguments[place : place + 2]
    return "".join(f" {argument}" for argument in arguments)


_PAGE = """\
Benchmarks
==========

.. This page is written by ``make bench``; change benchmarks/report.py instead.

Made by ``make bench`` (``{command}``) on {day}: {where}.

What a machine does in a microsecond says little about another machine, so the figures to look at are the
*ratios*: each round measures every peer, one after the other, each in a process of its own, and a ratio is
taken within a round. A cell of the tables gives the median over the rounds, and in parentheses the lowest and
the highest of them. The machine may be shared: a measurement during which other processes had more than 5 % of it
is repeated, at most twice, and the least disturbed counts, whatever it says. Where the lowest and the highest lie far
apart, believe none of them too much.

.. _benchmark-targets:

Targets
-------

What gocron_py is to reach. The last column is computed from the medians.

{verdicts}

.. _benchmark-figures:

Figures
-------

The medians of each peer, then those of gocron_py's ratios.

{figures}

How it is measured
------------------

bare
   The limit, not a library: a heap, a thread that waits on a condition for its first entry, and a
   ``ThreadPoolExecutor``. It has no names, no history, no removal, no time zones, no errors and no clock that jumps.
APScheduler, schedule, gocron
   With their defaults; APScheduler with ``BackgroundScheduler``, its memory store and its thread pool; schedule with a
   loop that sleeps ``idle_seconds``; gocron in a Go program (``benchmarks/gocron``), built on the spot.
The load
   *n* runs a second are *n* jobs that run every second, their first due times 1/*n* s apart. The task is the same
   for all: it notes its job's number and the time in arrays that were made beforehand.
CPU per run
   User and system time of the whole process over the measured seconds (after one second of warm-up), divided by the
   runs that started in them. Nothing is subtracted.
Lateness
   The start of the task minus its due time, which is known: first due time + *k* intervals. Where a job left none of
   its runs out, its *k*-th run belongs to its *k*-th due time; else each run to the nearest due time before it.
Offered runs that ran
   Of all runs due, those that had begun one second after the last was due.
Adding a job
   A job with an interval of an hour, or the crontab ``*/5 * * * *``; the mean over the last tenth (at least 1,000) of
   the jobs held. A scheduler not yet started may put off work until it is started: that is counted beside it.
Memory
   The growth of the process ("resident") or of what the allocator handed out ("allocated": tracemalloc, in Go
   ``HeapAlloc``) over that many jobs in a started scheduler, after a garbage collection.
Idle CPU
   Nothing but jobs that are not due, for some seconds.
Sleepers
   gocron_py and gocron with their defaults; bare and APScheduler with a pool of 200 threads, since their defaults have
   fewer. schedule runs its jobs in turn.
Import, first run
   In a fresh interpreter; the first run counted from before the process is started.

``python -m benchmarks --help`` names the options: ``--quick`` (under a minute), ``--only``, ``--peers``, ``--rounds``,
``--json``.
"""
