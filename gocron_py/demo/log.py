"""The run log: lines that several processes append to one file. One write each, so a kill tears none."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

from gocron_py.instant import Instant

Kind = Literal["attend", "start", "end", "born", "killed", "frozen", "thawed", "quit", "event", "gave_up"]


@final
@dataclass(frozen=True, slots=True)
class Line:
    """One line: *what* happened in the process *pid* at *time*, to which job and tick."""

    what: str
    time: Instant
    pid: int
    job: str = "-"
    at: Instant = 0
    attempt: int = 0
    fence: int = 0


@final
class Log:
    """A run log to append to."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(
        self,
        what: Kind | str,
        pid: int | None = None,
        job: str = "-",
        at: Instant = 0,
        attempt: int = 0,
        fence: int = 0,
    ) -> None:
        """Append a line, of this process if *pid* is not given."""
        pid = os.getpid() if pid is None else pid
        os.write(self._file, f"{what} {time.time_ns() // 1000} {pid} {job} {at} {attempt} {fence}\n".encode())

    def close(self) -> None:
        """Write no more."""
        os.close(self._file)


def read(path: Path, offset: int = 0) -> tuple[list[Line], int]:
    """The whole lines from *offset* on, and where the next ones will begin."""
    with path.open("rb") as file:
        file.seek(offset)
        text = file.read()
    whole = text[: text.rfind(b"\n") + 1]
    lines = []
    for line in whole.decode().splitlines():
        what, moment, pid, job, *numbers = line.split(" ")
        lines.append(Line(what, int(moment), int(pid), job, *map(int, numbers)))
    return lines, offset + len(whole)
