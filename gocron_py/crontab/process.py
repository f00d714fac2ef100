"""One run of a shell command, in a session of its own, to its end or until it is told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Final, final

from gocron_py.context import Context, with_cancel
from gocron_py.crontab.log import Lines
from gocron_py.crontab.pump import Pump
from gocron_py.errors import GocronError, LockLost

# How long, in seconds, the output of a command that has ended is waited for. It is read on after that, too.
_LAST_WORDS: Final = 1.0


class CommandFailed(GocronError):
    """A command ended with another exit code than 0, could not be started, or was ended; the text says which."""

    message = "gocron: the command failed"

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.args = (reason,)  # alone: histories and dashboards show little more than a line


@final
@dataclass(frozen=True, slots=True)
class Shell:
    """What is run, and as whom.

    :ivar shell: the program that gets ``-c`` and the command.
    :ivar stdin: ``None``: nothing.
    :ivar identity: the arguments of :class:`subprocess.Popen` about users and groups.
    """

    shell: str
    command: str
    stdin: bytes | None
    directory: str
    environment: Mapping[str, str]
    identity: Mapping[str, Any]


@final
class Process:
    """A command that runs."""

    def __init__(self, what: Shell, pump: Pump, lines: Lines) -> None:
        """:raises CommandFailed: it cannot be started."""
        self._ended = threading.Event()
        self._silent = threading.Event()
        try:
            reading, writing = os.pipe()
        except OSError as error:
            raise CommandFailed(f"it cannot be started: {error}") from None
        try:
            with _input(what.stdin) as stdin:
                # Descriptors are not inherited. A session of its own, as in cron: a group that can be ended as a whole.
                self._popen = subprocess.Popen(
                    [os.fsencode(what.shell), b"-c", _raw(what.command)],
                    stdin=stdin,
                    stdout=writing,
                    stderr=writing,
                    cwd=what.directory,
                    env={_raw(name): _raw(value) for name, value in what.environment.items()},
                    start_new_session=True,
                    **what.identity,
                )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            os.close(reading)
            raise CommandFailed(f"it cannot be started: {error}") from None
        finally:
            os.close(writing)

        self._output = reading
        self._lines = lines
        self._pump = pump

    @property
    def pid(self) -> int:
        """Of the shell, and of its group and session."""
        return self._popen.pid

    def run(self, ctx: Context, limit: timedelta | None, grace: float) -> None:
        """Wait for the end. If *ctx* ends before, or the time is up, the group is told to end, and has *grace* seconds.

        :raises CommandFailed: another exit code than 0, or it was told to end.
        """
        either, wake = with_cancel(ctx)

        def silent() -> None:
            self._lines.end()
            self._silent.set()

        def ended() -> None:
            self._ended.set()
            wake()

        self._pump.read(self._output, self._lines.feed, silent)
        self._pump.hear_of_end(self.pid, ended)
        either.wait(limit)
        if self._has_ended():
            self._silent.wait(_LAST_WORDS)
            reason = None
        else:
            reason = _reason(ctx, limit)
            self._end(grace)
        code = self._popen.wait()
        if reason is not None:
            raise CommandFailed(reason)
        if code:
            raise CommandFailed(f"ended by {_signal(-code)}" if code < 0 else f"exit code {code}")

    def kill(self) -> None:
        """End the group at once. From any thread."""
        self._kill(signal.SIGKILL)

    def _has_ended(self) -> bool:
        """It is not reaped here: until then its number, and that of its group, is nobody else's."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _end(self, grace: float) -> None:
        deadline = time.monotonic() + grace
        self._kill(signal.SIGTERM)
        self._ended.wait(grace)
        # Others of the group may go on. Whoever is left holds the output, if anything.
        self._silent.wait(max(deadline - time.monotonic(), 0))
        self._kill(signal.SIGKILL)
        self._silent.wait(_LAST_WORDS)

    def _kill(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # it has become another user's, or nobody is left
            pass


def _input(data: bytes | None) -> IO[bytes]:
    """A file to read from: no pipe, so nobody has to write while the command reads."""
    if data is None:
        return Path(os.devnull).open("rb")
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(data)
    file.seek(0)
    return file


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _reason(ctx: Context, limit: timedelta | None) -> str:
    if isinstance(ctx.cause(), LockLost):
        return "ended: another instance may have begun, as the lock was lost"
    if ctx.done():
        return "ended: the scheduler stops"
    assert limit is not None
    return f"ended: the time limit of {limit.total_seconds():g} s is over"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the real-time signals
        return f"signal {number}"
