"""What the servers have in common: from the start to the end of one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from .system import ServerFailed, family, fork, free_port, freeze, signal_all, spawn, wait_until_gone

START_LIMIT = 60.0
STOP_LIMIT = 20.0


class Server:
    """A server on a loopback port, with its data in a temporary directory: both are the same until ``stop()``."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    privileges: ClassVar[list[str]] = []  # arguments of setpriv
    environment: ClassVar[dict[str, str]] = {}  # besides that of this process

    def __init__(self) -> None:
        self.port = free_port()
        self._home: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """What a client is given."""
        raise NotImplementedError

    def how_to_connect(self) -> str:
        """For a person."""
        return self.url

    def prepare(self) -> None:
        """Fill ``home`` before the first start."""

    def command(self) -> list[str]:
        """The server in the foreground, and its arguments."""
        raise NotImplementedError

    def ping(self) -> None:
        """Ask it something that only a server that is ready can answer; raise until then."""
        raise NotImplementedError

    @property
    def home(self) -> Path:
        """Its directory, from ``start()`` to ``stop()``."""
        if self._home is None:
            raise ServerFailed(f"{self.name} has not been started")
        return self._home

    def log(self) -> str:
        """All that it has said since ``start()``."""
        return (self.home / "log").read_text(errors="replace")

    def pids(self) -> list[int]:
        """Its process and the children of that; none if it is down."""
        return [] if self._process is None or self._process.poll() is not None else family(self._process.pid)

    def start(self) -> None:
        """Return when it answers."""
        try:
            self.launch()
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def launch(self) -> None:
        """Begin to start: the members of a cluster are ready only together."""
        if self._home is None:
            self._home = Path(tempfile.mkdtemp(prefix=f"gocron_py-{self.name}-"))
            self.prepare()
        self._process = self._spawn(self.command())

    def wait_until_ready(self) -> None:
        """Raise, with the log, if it ends instead or takes too long."""
        assert self._process is not None
        end = time.monotonic() + START_LIMIT
        while self._process.poll() is None:
            try:
                return self.ping()
            except Exception as error:  # of any kind: refused, not ready yet, half an answer
                if time.monotonic() > end:
                    raise ServerFailed(f"{self.name} is not ready: {error!r}; its log:\n{self.log()}") from error
            time.sleep(0.02)
        raise ServerFailed(f"{self.name} ended with {self._process.returncode}; its log:\n{self.log()}")

    def run(self, *command: str) -> None:
        """A program that ends by itself."""
        if code := self._spawn(command).wait(START_LIMIT):
            raise ServerFailed(f"{command[0]} ended with {code}; the log:\n{self.log()}")

    def _spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with (self.home / "log").open("ab") as log:
            how = {"cwd": self.home, "stdout": log, "stderr": log, "env": {**os.environ, **self.environment}}
            return spawn(command, privileges=self.privileges, **how)

    def pause(self) -> None:
        """It hangs: connections are accepted, and nothing is answered."""
        # Its process dies with this one even when it is stopped, but not the children of that: without the guard,
        # which reads the end of this one too, nothing would ever wake them.
        script = f"read line; kill -CONT {' '.join(map(str, self._freeze()))}"
        self._guard = fork(["sh", "-c", script], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def resume(self) -> None:
        """The end of a pause; nothing if there is none."""
        if self._guard is not None:
            self._guard.communicate(b"\n")
            self._guard = None

    def kill(self) -> None:
        """As a crash does it: SIGKILL. What it has written is there at ``restart()``."""
        pids = self._freeze()
        signal_all(pids, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()  # for all its threads: the port is free then
        wait_until_gone(pids)
        self.resume()

    def _freeze(self) -> list[int]:
        freeze(*self.pids()[:1])  # it first: it has no more children then
        pids = self.pids()
        freeze(*pids)
        return pids

    def restart(self) -> None:
        """On the same port and data; also after ``kill()``."""
        self._end()
        self.launch()
        self.wait_until_ready()

    def mend(self) -> None:
        """After a test that left it paused or killed: up again."""
        self.resume()
        if not self.pids():
            self.restart()

    def stop(self) -> None:
        """In good order, if it can; its data are gone then."""
        self._end()
        if self._home is not None:
            shutil.rmtree(self._home)
            self._home = None

    def _end(self) -> None:
        self.resume()
        if self._process is not None and (pids := self.pids()):
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                self.kill()
            wait_until_gone(pids)
