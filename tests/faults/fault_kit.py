"""What the tests of faults share: waiting with a limit, witnesses of runs, scripts in processes of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gocron_py as gocron

ROOT = Path(__file__).parents[2]

NOW = datetime(2024, 6, 15, 12, tzinfo=UTC)
MS, SECOND, MINUTE, HOUR = timedelta(milliseconds=1), timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

LIMIT = 20.0
"""Seconds after which a test that waits for something has failed."""

CLAIM = re.compile(rb'claims\\?":\[\[(\d+)')
"""In what is sent to a store, a record's first claim, and its tick; the record may stand in a text of JSON."""


def until(condition: Callable[[], object], what: str = "", limit: float = LIMIT) -> None:
    """Wait for *condition*, and fail if it does not come."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"not within {limit} s: {what or condition}"
        time.sleep(0.002)


def claimed_tick(data: bytes) -> datetime | None:
    """Whose claim is in what is sent to a store."""
    found = CLAIM.search(data)
    return found and datetime.fromtimestamp(int(found[1]) / 1e6, UTC)


def ended_in(call: Callable[[], object], limit: float = LIMIT) -> float:
    """The seconds that *call* takes, on a thread of its own; fails if it does not come back."""
    raised: list[BaseException] = []

    def guarded() -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=guarded, daemon=True)
    started = time.monotonic()
    thread.start()
    thread.join(limit)
    took = time.monotonic() - started
    assert not thread.is_alive(), f"does not come back within {limit} s"
    if raised:
        raise raised[0]
    return took


class Witness:
    """A logger, all three monitors and a locker, which write down what they are told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, tuple[object, ...]]] = []
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        self.locked: list[str] = []
        self.unlocked: list[str] = []

    # Logger
    def debug(self, msg: str, *args: object) -> None:
        self.lines.append(("debug", msg, args))

    def error(self, msg: str, *args: object) -> None:
        self.lines.append(("error", msg, args))

    def info(self, msg: str, *args: object) -> None:
        self.lines.append(("info", msg, args))

    def warn(self, msg: str, *args: object) -> None:
        self.lines.append(("warn", msg, args))

    def said(self, level: str) -> list[str]:
        """The messages of a level."""
        return [message for each, message, _ in list(self.lines) if each == level]

    # Monitors
    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args: self.events.append((name, args))

    def heard(self, name: str) -> list[tuple[Any, ...]]:
        """What came with the events of a name."""
        return [args for each, args in list(self.events) if each == name]

    # Locker and lock
    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        self.locked.append(key)
        return HeldLock(self, key)

    def options(self) -> list[gocron.SchedulerOption]:
        return [
            gocron.with_logger(self),
            gocron.with_monitor(self),
            gocron.with_monitor_status(self),  # type: ignore[arg-type]
            gocron.with_scheduler_monitor(self),  # type: ignore[arg-type]
        ]

    def increment_job(self, *args: Any) -> None:
        self.events.append(("increment_job", args))

    def record_job_timing(self, *args: Any) -> None:
        self.events.append(("record_job_timing", args))


@dataclass
class HeldLock:
    witness: Witness
    key: str

    def unlock(self, ctx: gocron.Context) -> None:
        assert not ctx.done()
        self.witness.unlocked.append(self.key)


@dataclass
class Ended:
    """A script that has ended: how, after how many seconds, and what it printed."""

    code: int
    seconds: float
    out: list[str]
    err: str


class Script:
    """A Python program in a process (and process group) of its own.

    Given as text it may use ``gocron``, ``time``, ``os``, ``sys``, ``threading``, ``timedelta`` and ``say(text)``.
    """

    PRELUDE = """
        import os, signal, sys, threading, time
        from datetime import timedelta
        import gocron_py as gocron
        # A shell's background job, as CI's are, begins with Ctrl-C switched off.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        def say(*words):
            os.write(1, (" ".join(map(str, words)) + "\\n").encode())
        def every(milliseconds):
            return gocron.duration_job(timedelta(milliseconds=milliseconds))
        def until(condition, limit=20):
            end = time.monotonic() + limit
            while not condition():
                assert time.monotonic() < end
                time.sleep(0.002)
    """

    def __init__(self, source: str | Path, **environment: str) -> None:
        if isinstance(source, Path):
            program = [str(source)]
        else:
            program = ["-c", textwrap.dedent(self.PRELUDE) + textwrap.dedent(source)]
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-W", "error", *program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            start_new_session=True,
        )

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def expect(self, line: str) -> float:
        """Read up to *line*; the monotonic time of it."""
        while (got := self.line()) != line:
            if not got and self.process.poll() is not None:
                raise AssertionError(f"ended without {line!r}: {self.process.communicate()[1]}")
        return time.monotonic()

    def type(self, line: str) -> None:
        """Give it a line, and then the end of its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.close()
        self.process.stdin = None

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def end(self, limit: float = LIMIT) -> Ended:
        """Wait for its end."""
        try:
            out, err = self.process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGABRT)  # faulthandler shows where it hangs
            out, err = self.process.communicate()
            raise AssertionError(f"still there after {limit} s:\n{out}\n{err}") from None
        return Ended(self.process.returncode, time.monotonic() - self._started, out.splitlines(), err)

    def kill(self) -> None:
        """End it and all that it left behind."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
