"""Runs ``gocron-py crontab`` as a process, and reads its log."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import final

_LINE = re.compile(r"(?P<time>\S+) \[(?P<line>\d+) (?P<name>[^\]]*)\](?P<kind>: | \| | \+ )(?P<text>.*)")


@dataclass(frozen=True)
class Said:
    """A line of the log about one entry."""

    line: int
    kind: str
    text: str


@final
class Cron:
    """One process; its log is read as it comes."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self.popen = popen
        self.raw: list[bytes] = []
        self._queue: queue.Queue[bytes | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self._queue.put(line)
        self._queue.put(None)

    def until(self, is_so: Callable[[], bool], seconds: float = 30.0) -> None:
        """Read on until something is so."""
        end = time.monotonic() + seconds
        while not is_so():
            left = end - time.monotonic()
            assert left > 0, f"it never became so: {self.text()[-3000:]}"
            try:
                line = self._queue.get(timeout=left)
            except queue.Empty:
                continue
            assert line is not None or is_so(), f"the process has ended: {self.text()[-3000:]}"
            if line is not None:
                self.raw.append(line)

    def text(self) -> str:
        """The log so far."""
        return b"".join(self.raw).decode()

    def said(self, line: int) -> list[Said]:
        """All about one entry."""
        found = (_LINE.fullmatch(each.decode().rstrip("\n")) for each in self.raw)
        kinds = {": ": "event", " | ": "output", " + ": "more"}
        return [
            Said(line, kinds[each["kind"]], each["text"])
            for each in found
            if each is not None and int(each["line"]) == line
        ]

    def output(self, line: int) -> list[str]:
        """What the command of an entry wrote, its pieces put together."""
        lines: list[str] = []
        for said in self.said(line):
            if said.kind == "output":
                lines.append(said.text)
            elif said.kind == "more":
                lines[-1] += said.text
        return lines

    def events(self, line: int) -> list[str]:
        """What became of an entry's runs, without times and numbers of processes."""
        events = [said.text for said in self.said(line) if said.kind == "event"]
        return [re.sub(r"(, pid| after) [\d.]+( s)?", "", event) for event in events]

    def ended(self, line: int, times: int = 1) -> bool:
        """Whether an entry's command has ended so often."""
        return sum(not event.startswith("started") for event in self.events(line)) >= times

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it; the exit code."""
        self.popen.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Read the rest; the exit code."""
        while (line := self._queue.get(timeout=30)) is not None:
            self.raw.append(line)
        return self.popen.wait(30)

    def close(self) -> None:
        """After its end."""
        self.popen.wait()
        self._reader.join(5)
        if not self._reader.is_alive() and self.popen.stdout is not None:
            self.popen.stdout.close()


@contextmanager
def cron(file: Path, *options: str, **environment: str) -> Iterator[Cron]:
    """A process that runs a crontab with seconds; it is gone at the end."""
    command = [sys.executable, "-m", "gocron_py", "crontab", str(file), "--with-seconds", *options]
    popen = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "TZ": "UTC", **environment}
    )
    running = Cron(popen)
    try:
        yield running
    finally:
        popen.kill()
        running.close()


def is_gone(pid: int) -> bool:
    """Whether a process has ended; a zombie has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for something to be so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never became so"
        time.sleep(0.02)
