"""The live view of the fleet, for terminals of 80 columns and more."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gocron_py.demo.fleet import Process
from gocron_py.demo.jobs import FleetJob
from gocron_py.demo.ledger import Account
from gocron_py.demo.log import Line
from gocron_py.instant import Instant

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_red", "bright_cyan", "bright_yellow", "white")
_SHOWN = 12
_EVENTS = 4

_STATES = {"running": "●", "frozen": "❄", "dead": "✗"}

HELP = "k 1: kill -9 process 1   f 1: freeze, or let it go on   s start another   q quit"


def colour_of(number: int) -> str:
    """Of a process, by its number."""
    return _COLOURS[(number - 1) % len(_COLOURS)]


@final
class View:
    """What is shown: the processes, who ran which tick, the ledger so far."""

    def __init__(self, jobs: Sequence[FleetJob]) -> None:
        self._jobs = jobs
        self._numbers: dict[int, int] = {}
        self._ran: dict[str, deque[tuple[Instant, int, int]]] = defaultdict(lambda: deque(maxlen=_SHOWN))
        self._runs: dict[int, int] = defaultdict(int)
        self._events: deque[Text] = deque(maxlen=_EVENTS)

    def enter(self, lines: Sequence[Line], processes: Sequence[Process]) -> None:
        """Take in what was written down."""
        self._numbers = {process.pid: process.number for process in processes}
        for line in lines:
            number = self._numbers.get(line.pid, 0)
            if line.what == "start":
                self._ran[line.job].append((line.at, number, line.attempt))
                self._runs[number] += 1
                if line.attempt > 1:
                    self._tell(number, f"begins {line.job} again, attempt {line.attempt}", "green")
            elif line.what in ("killed", "frozen", "thawed", "born"):
                style = {"killed": "red", "frozen": "blue"}.get(line.what, "")
                self._tell(number, {"thawed": "goes on", "born": "is started"}.get(line.what, f"is {line.what}"), style)
            elif line.what.startswith("event:") and line.what != "event:recovered":
                self._tell(number, f"{line.what[6:]}: a tick of {line.job}", "yellow")

    def _tell(self, number: int, what: str, style: str) -> None:
        self._events.append(Text.assemble((f"process {number} ", colour_of(number)), (what, style)))

    def show(self, processes: Sequence[Process], accounts: Sequence[Account], note: str) -> RenderableType:
        """The whole screen."""
        return Group(
            Text("gocron_py demo: each tick starts once, whatever happens to the processes", style="bold"),
            Text(),
            self._fleet(processes),
            Text(),
            self._ticks(accounts),
            Text(),
            *self._events,
            *(Text() for _ in range(_EVENTS - len(self._events))),
            Text(),
            Text(note or HELP, style="dim", no_wrap=True, overflow="ellipsis"),
        )

    def _fleet(self, processes: Sequence[Process]) -> RenderableType:
        shown = [process for process in processes if process.state != "dead"]
        dead = len(processes) - len(shown)
        text = Text(no_wrap=True, overflow="ellipsis")
        for process in shown:
            style = colour_of(process.number)
            mark = _STATES[process.state]
            text.append(f" {mark} {process.number}", style=f"{style} bold")
            text.append(f" {process.state} {self._runs[process.number]} runs  ", style=style)
        if dead:
            text.append(f" {_STATES['dead']} {dead} dead", style="dim")
        return text

    def _ticks(self, accounts: Sequence[Account]) -> RenderableType:
        table = Table(box=None, padding=(0, 1), pad_edge=False)
        table.add_column("job", no_wrap=True)
        table.add_column("when", no_wrap=True, style="dim")
        table.add_column("who ran the last ticks", no_wrap=True, min_width=2 * _SHOWN)
        for name in ("once", "twice", "missed"):
            table.add_column(name, justify="right", no_wrap=True)
        for job, account in zip(self._jobs, accounts, strict=True):
            ran = Text()
            for _, number, attempt in self._ran[job.name]:
                ran.append(f"{number % 10 if number else '?'}", style=f"{colour_of(number)} bold")
                ran.append("↻" if attempt > 1 else " ")
            numbers = len(account.twice), len(account.missed)
            cells = [Text(str(number), style="bold red" if number else "green") for number in numbers]
            table.add_row(job.name, job.says, ran, str(account.started), *cells)
        return table


def summary(accounts: Sequence[Account]) -> Table:
    """The ledger as a table."""
    table = Table(title="ledger", title_justify="left", box=None, padding=(0, 1), pad_edge=False)
    table.add_column("job", no_wrap=True)
    for name in ("due", "started", "missed", "excused", "others started", "begun again", "twice"):
        table.add_column(name, justify="right")
    for account in accounts:
        of_due = [str(number) if account.due else "-" for number in (account.due, account.kept)]
        missed, twice = (
            Text(str(number), style="bold red" if number else "green")
            for number in (
                len(account.missed) + len(account.not_recovered),
                len(account.twice) + len(account.fences_wrong),
            )
        )
        others, again = str(account.started - account.kept), str(account.again)
        table.add_row(account.job, *of_due, missed, str(len(account.excused)), others, again, twice)
    return table
