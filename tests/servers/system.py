"""What the servers need of the operating system: processes that end with the tests, and ports."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
GONE_LIMIT = 20.0

# Linux kills a process with its parent when the *thread* that forked it ends. So one thread, which ends with the
# interpreter, forks all of them, whichever asks for it.
_forker = ThreadPoolExecutor(1, "servers")


class ServerMissing(Exception):
    """The program is not on this machine."""


class ServerFailed(Exception):
    """The program is there, but does not do what it should."""


def program_of(package: str, path: str, wheel: str) -> str:
    """A program that a wheel brings along."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ServerMissing(f"{Path(path).name} comes with pip install {wheel}")
    return str(Path(spec.origin).parent / path)


def spawn(command: Sequence[str], *, privileges: Sequence[str] = (), **how: Any) -> subprocess.Popen[bytes]:
    """A process that a SIGKILL of this one ends, but not a Ctrl-C, which is for this one to handle."""
    mortal = ["setpriv", "--pdeathsig", signal.SIGKILL.name.removeprefix("SIG"), *privileges, *command]
    return fork(mortal, stdin=subprocess.DEVNULL, **how)


def fork(command: Sequence[str], **how: Any) -> subprocess.Popen[bytes]:
    """A process that need not end with this one."""
    return _forker.submit(lambda: subprocess.Popen(command, start_new_session=True, **how)).result()


def family(pid: int) -> list[int]:
    """The process, its children and theirs."""
    pids = [pid]
    for parent in pids:  # grows on the way
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            for children in Path(f"/proc/{parent}/task").glob("*/children"):
                pids += map(int, children.read_text().split())
    return pids


def signal_all(pids: Sequence[int], what: signal.Signals) -> None:
    """One after the other."""
    for pid in pids:
        with suppress(ProcessLookupError):  # it has ended already
            os.kill(pid, what)


def freeze(*pids: int) -> None:
    """SIGSTOP, and return when they have stopped: a thread that runs may go on for a moment, and answer somebody."""
    signal_all(pids, signal.SIGSTOP)
    end = time.monotonic() + GONE_LIMIT
    while any(_runs(pid) for pid in pids):
        if time.monotonic() > end:
            raise ServerFailed(f"processes that do not stop: {pids}")
        time.sleep(0.001)


def _runs(pid: int) -> bool:
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            if _state_of(thread) not in "TtZX":
                return True
    return False


def _state_of(stat: Path) -> str:
    return stat.read_text().rpartition(")")[2].split()[0]


def is_alive(pid: int) -> bool:
    """Running or stopped; not one that has ended and that nobody has waited for."""
    try:
        return _state_of(Path(f"/proc/{pid}/stat")) not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(pids: Sequence[int]) -> None:
    """Raise after a while."""
    end = time.monotonic() + GONE_LIMIT
    while left := [pid for pid in pids if is_alive(pid)]:
        if time.monotonic() > end:
            raise ServerFailed(f"processes that do not end: {left}")
        time.sleep(0.005)


def free_port() -> int:
    """Below the ports of outgoing connections: one of those could take it while the server is down."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port
