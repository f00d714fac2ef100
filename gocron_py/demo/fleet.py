"""Starts, kills and freezes the processes of the fleet, and writes down when."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import final

from gocron_py.demo.log import Log
from gocron_py.instant import Micros

_LONGEST_QUIT = 8.0


@final
@dataclass(slots=True)
class Process:
    """One of the fleet."""

    number: int
    popen: subprocess.Popen[bytes]
    skew: Micros
    state: str = "running"

    @property
    def pid(self) -> int:
        """Of the operating system."""
        return self.popen.pid


@final
class Fleet:
    """The processes. As a context manager it leaves none behind.

    :param directory: for the SQLite file and the logs.
    :param jobs: ``module:attribute``.
    :param workers: the most threads of each process that run jobs.
    :param locker: what makes the tick locker, ``module:attribute``; called with an address and ``on_event``. Default:
        SQLite's.
    :param at: the address. Default: a file in the directory.
    :param poll: how often, in seconds, a process looks for runs that were cut off; default: the store's.
    """

    def __init__(
        self,
        directory: Path,
        jobs: str = "gocron_py.demo.jobs:JOBS",
        workers: int = 100,
        *,
        locker: str | None = None,
        at: str | None = None,
        poll: float | None = None,
    ) -> None:
        self._directory = directory
        self._jobs = jobs
        self._workers = workers
        self._locker = locker
        self._at = at
        self._poll = poll
        self._log = Log(directory / "runs.log")
        self._errors = (directory / "errors.log").open("ab")
        self.processes: list[Process] = []

    def start(self, skew: Micros = 0, jobs: str | None = None, at: str | None = None) -> Process:
        """Start another one, with other jobs or another way to the store if they are given."""
        command = [sys.executable, "-m", "gocron_py.demo.instance", str(self._directory), "--parent", str(os.getpid())]
        command += ["--jobs", jobs or self._jobs, "--skew", str(skew), "--workers", str(self._workers)]
        for option, value in ("--locker", self._locker), ("--at", at or self._at), ("--poll", self._poll):
            command += [] if value is None else [option, str(value)]
        popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._errors, stderr=self._errors)
        process = Process(len(self.processes) + 1, popen, skew)
        self._log.write("born", process.pid)
        self.processes.append(process)
        return process

    def in_state(self, *states: str) -> list[Process]:
        """Those that are ``running``, ``frozen`` or ``dead``."""
        self._look()
        return [process for process in self.processes if process.state in states]

    def _look(self) -> None:
        for process in self.processes:
            if process.state != "dead" and process.popen.poll() is not None:
                process.state = "dead"
                self._log.write("killed", process.pid)

    def write_down(self, what: str, process: Process) -> None:
        """What somebody else has done to it: ``cut`` off from the store, or ``healed``."""
        self._log.write(what, process.pid)

    def kill(self, process: Process) -> None:
        """SIGKILL. Written down before and after: nobody knows between the two."""
        self._log.write("killing", process.pid)
        process.popen.kill()
        process.popen.wait()
        process.state = "dead"
        self._log.write("killed", process.pid)

    def freeze(self, process: Process) -> None:
        """SIGSTOP."""
        self._log.write("frozen", process.pid)
        process.popen.send_signal(signal.SIGSTOP)
        process.state = "frozen"

    def thaw(self, process: Process) -> None:
        """SIGCONT."""
        process.popen.send_signal(signal.SIGCONT)
        process.state = "running"
        self._log.write("thawed", process.pid)

    def quit(self, process: Process) -> None:
        """SIGTERM; it ends when its runs have ended."""
        self._log.write("quitting", process.pid)
        if process.state == "frozen":
            self.thaw(process)
        process.popen.terminate()
        try:
            process.popen.wait(_LONGEST_QUIT)
        except subprocess.TimeoutExpired:
            self.kill(process)
        process.state = "dead"

    def end(self) -> None:
        """All of them."""
        for process in self.in_state("frozen"):
            self.thaw(process)
        left = self.in_state("running")
        for process in left:
            self._log.write("quitting", process.pid)
            process.popen.terminate()
        deadline = time.monotonic() + _LONGEST_QUIT
        for process in left:
            try:
                process.popen.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                self.kill(process)
            process.state = "dead"

    def __enter__(self) -> Fleet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            if process.popen.poll() is None:
                process.popen.kill()
                process.popen.wait()
        self._errors.close()
        self._log.close()
