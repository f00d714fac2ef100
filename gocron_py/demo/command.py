"""``python -m gocron_py demo``."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from rich.console import Console

from gocron_py.demo.fleet import Fleet, Process
from gocron_py.demo.jobs import JOBS, FleetJob
from gocron_py.demo.ledger import Account, Ledger
from gocron_py.demo.log import Line, read

# The first processes need so long until they run; the last incident is followed by so much quiet that what it
# broke off can be seen to be made good.
_CALM_BEFORE = 2.0
_CALM_AFTER = 5.0

_FRAME = 0.2


@final
@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said.

    :ivar seconds: run for so long; ``None``: until q is pressed, or 25 where there is no terminal.
    :ivar seed: of the random kills and freezes, where no keys are pressed.
    :ivar directory: a new one, for the SQLite file and the logs; it is kept.
    """

    seconds: float | None = None
    processes: int = 3
    seed: int | None = None
    directory: Path | None = None
    no_live: bool = False


def run(options: Options) -> int:
    """Run the demo.

    :return: the exit code: 1 if a tick was started twice or missed, 2 if it could not be run.
    """
    if options.processes < 1 or (options.seconds is not None and not 0 < options.seconds < 1e6):
        print("gocron-py demo: --processes and --seconds must be greater than 0", file=sys.stderr)
        return 2
    directory = options.directory
    try:
        if directory is not None:
            directory.mkdir(mode=0o700, parents=True, exist_ok=False)
        where = directory or Path(tempfile.mkdtemp(prefix="gocron_py-demo-"))
    except OSError as error:
        print(f"gocron-py demo: --directory must be a new one: {error}", file=sys.stderr)
        return 2
    try:
        console = Console()
        is_live = console.is_terminal and sys.stdin.isatty() and not options.no_live
        with Fleet(where) as fleet:
            show = Show(fleet, where, JOBS)
            for _ in range(options.processes):
                fleet.start()
            if is_live:
                show.live(console, options.seconds)
            else:
                seed = random.randrange(10_000) if options.seed is None else options.seed
                show.alone(console, options.seconds or 25.0, seed)
            accounts = show.end()
        return _tell(console, accounts)
    finally:
        if directory is None:
            shutil.rmtree(where, ignore_errors=True)


def _tell(console: Console, accounts: Sequence[Account]) -> int:
    from gocron_py.demo.view import summary

    console.print(summary(accounts))
    due, kept, started = (sum(getattr(each, name) for each in accounts) for name in ("due", "kept", "started"))
    twice = sum(len(account.twice) + len(account.fences_wrong) for account in accounts)
    missed = sum(len(account.missed) + len(account.not_recovered) for account in accounts)
    excused = sum(len(account.excused) for account in accounts)
    console.print(
        f"\nOf {due} ticks that were due {kept} started, {missed} were missed, {excused} excused (no process was awake,"
        f" or one was killed or frozen in the act).\n{started - kept} others started: of the last seconds, which are"
        f" too fresh to be judged, or of jobs whose ticks nobody knows beforehand.\n{started} started in all,"
        f" {twice} of them twice."
    )
    return 1 if twice or missed else 0


@final
class Show:
    """One run of the demo."""

    def __init__(self, fleet: Fleet, directory: Path, jobs: Sequence[FleetJob]) -> None:
        self._fleet = fleet
        self._path = directory / "runs.log"
        self._jobs = jobs
        self._lines: list[Line] = []
        self._offset = 0
        self._asked = ""  # k or f was pressed, and its number is still to come

    def _read(self) -> list[Line]:
        fresh, self._offset = read(self._path, self._offset)
        self._lines += fresh
        return fresh

    def _ledger(self) -> list[Account]:
        return Ledger(self._jobs, self._lines, time.time_ns() // 1000).accounts

    def end(self) -> list[Account]:
        """End the processes; the ledger of all they did."""
        until = time.time_ns() // 1000
        self._fleet.end()
        self._read()
        return Ledger(self._jobs, self._lines, until).accounts

    # -- with keys ---------------------------------------------------------------------------------

    def live(self, console: Console, seconds: float | None) -> None:
        """Show it until q is pressed, or for so long."""
        from rich.live import Live

        from gocron_py.demo.keys import Keys
        from gocron_py.demo.view import View

        view, note = View(self._jobs), ""
        end = time.monotonic() + seconds if seconds else float("inf")
        accounts, judged = self._ledger(), 0.0
        with Keys() as keys, Live(console=console, auto_refresh=False, screen=True) as screen:
            while time.monotonic() < end:
                view.enter(self._read(), self._fleet.processes)
                if time.monotonic() - judged > 1:  # the whole of it, so not with every frame
                    accounts, judged = self._ledger(), time.monotonic()
                self._fleet.in_state("running")
                screen.update(view.show(self._fleet.processes, accounts, note), refresh=True)
                try:
                    pressed, is_over, _ = keys.pressed(_FRAME).partition("q")
                except KeyboardInterrupt:
                    break
                for key in pressed:
                    note = self._obey(key, note)
                if is_over:
                    break

    def _obey(self, key: str, note: str) -> str:
        """Do what a key says; what to show in place of the help."""
        if key.isspace():
            return note
        asked, self._asked = self._asked, ""
        there = self._fleet.in_state("running", "frozen")
        if asked and key in "0123456789":
            chosen = [process for process in there if process.number % 10 == int(key)]
            if not chosen:
                return f"there is no process {key}"
            self._strike(asked, chosen[0])
        elif key == "s":
            self._fleet.start()
        elif key in ("k", "f") and len(there) > 1:
            self._asked = key
            return f"{'kill' if key == 'k' else 'freeze, or let go on'}: which one? press its number"
        elif key in ("k", "f"):
            for process in there:
                self._strike(key, process)
        return ""

    def _strike(self, what: str, process: Process) -> None:
        if what == "k":
            self._fleet.kill(process)
        elif process.state == "frozen":
            self._fleet.thaw(process)
        else:
            self._fleet.freeze(process)

    # -- without -----------------------------------------------------------------------------------

    def alone(self, console: Console, seconds: float, seed: int) -> None:
        """Kill and freeze at random for so long, and say so."""
        console.print(f"gocron_py demo: {len(self._fleet.processes)} processes, {seconds:g} s, --seed {seed}")
        dice = random.Random(seed)
        began = time.monotonic()
        thaws: dict[int, float] = {}
        while (left := began + seconds - time.monotonic()) > 0:
            time.sleep(min(dice.uniform(0.3, 1.2), left))
            for number, due in list(thaws.items()):
                if time.monotonic() >= due or left < _CALM_AFTER:
                    del thaws[number]
                    self._say(console, began, "goes on", self._fleet.processes[number - 1], self._fleet.thaw)
            if time.monotonic() - began > _CALM_BEFORE and left > _CALM_AFTER:
                self._incident(console, began, dice, thaws)

    def _incident(self, console: Console, began: float, dice: random.Random, thaws: dict[int, float]) -> None:
        awake = self._fleet.in_state("running")
        if len(awake) < 2:
            return
        victim, number = dice.choice(awake), dice.random()
        if number < 0.3:
            self._say(console, began, "killed", victim, self._fleet.kill)
            self._fleet.start()
        elif number < 0.6:
            self._say(console, began, "frozen", victim, self._fleet.freeze)
            thaws[victim.number] = time.monotonic() + dice.uniform(0.2, 3)

    @staticmethod
    def _say(console: Console, began: float, what: str, process: Process, do: Callable[[Process], None]) -> None:
        do(process)
        console.print(f"{time.monotonic() - began:6.1f} s  process {process.number} (pid {process.pid}) {what}")
