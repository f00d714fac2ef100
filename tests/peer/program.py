"""Running instances of a mixed fleet: what they have in common, and the Go one."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.servers import go_build
from tests.servers.system import fork, freeze

_SOURCE = Path(__file__).parent
_FILES = ("go.mod", "go.sum", "main.go", "lockers.go", "electors.go", "timing.go")
LIMIT = 30.0


def name() -> str:
    """Of the program: another source is another one."""
    sources = b"".join((_SOURCE / file).read_bytes() for file in _FILES)
    return f"go-peer-{hashlib.sha256(sources).hexdigest()[:16]}"


def built() -> Path:
    """The program; makes it if need be: some minutes, most of them for Kubernetes' client."""
    return go_build.built(name(), _build)


def _build(directory: Path) -> Path:
    for file in _FILES:
        shutil.copy(_SOURCE / file, directory)
    go_build.go(directory, "build", "-ldflags", "-s -w", "-o", "peer", ".")
    return directory / "peer"


class Peer:
    """One process. It obeys words, and tells what happens."""

    def __init__(self, command: Sequence[str], stderr: int | None = None) -> None:
        self._process = fork(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr)
        # All that it has told so far, and how much of it was waited for.
        self.told: list[dict[str, Any]] = []
        self._heard = 0
        self._tells = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait_for("ready")
        self._heard = 0  # some begin before they say that they are ready

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())
        self._process.stdin.flush()

    def ask(self, word: str, *answers: str) -> dict[str, Any]:
        """Say it, and wait for one of these answers."""
        self.say(word)
        return self.wait_for(*answers)

    def wait_for(self, *what: str, limit: float = LIMIT, **details: object) -> dict[str, Any]:
        """The next event of one of these kinds, with these details; others before it are left out."""
        end = time.monotonic() + limit
        while True:
            with self._tells:
                is_there = self._tells.wait_for(lambda: len(self.told) > self._heard, end - time.monotonic())
                assert is_there, f"no {what} {details} within {limit} s; it told {self.told[-10:]}"
                event = self.told[self._heard]
                self._heard += 1
            if event["what"] in what and details.items() <= event.items():
                return event

    def freeze(self) -> None:
        freeze(self._process.pid)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """As a crash does it."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in self._process.stdin, self._process.stdout:
            if pipe is not None:
                pipe.close()

    def end(self) -> None:
        """In good order: what it holds is released."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(LIMIT) == 0
        self.kill()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = json.loads(line)
            with self._tells:
                self.told.append(event)
                self._tells.notify_all()


class GoPeer(Peer):
    """On gocron, redsync, clientv3/concurrency and client-go."""

    def __init__(self, kind: str, **settings: object) -> None:
        options = [f"-{key}={value}" for key, value in {"kind": kind, **settings}.items()]
        super().__init__([str(built()), *options], stderr=subprocess.DEVNULL)
