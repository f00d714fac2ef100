"""One module for each scheduler under test. None is imported before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

Task = Callable[[int], None]

# Name in the tables: (module here or None, what it imports). gocron is a Go program, see golang.py.
PEERS: dict[str, tuple[str | None, str | None]] = {
    "bare": ("bare", None),
    "APScheduler": ("aps", "apscheduler"),
    "schedule": ("schedule_loop", "schedule"),
    "gocron": (None, None),
    "gocron_py": ("ours", "gocron_py"),
}


class Peer(Protocol):
    """What a benchmark needs of a scheduler."""

    def __init__(self, workers: int | None = None) -> None:
        """*workers* sizes the pool of a peer whose default would not do; None is the peer's default."""

    def add(self, task: Task, argument: int, interval: float, first: float | None) -> None:
        """Have ``task(argument)`` run each *interval* seconds, *first* (a timestamp) or one interval from now."""

    def add_cron(self, task: Task, argument: int, crontab: str) -> None:
        """Have ``task(argument)`` run by a crontab of five fields."""

    def start(self) -> None:
        """Start, and return."""

    def stop(self) -> None:
        """Stop, without waiting for runs."""


def peer_class(name: str) -> type[Peer]:
    """The class under test; imports its library."""
    module, _ = PEERS[name]
    found: type[Peer] = import_module(f"{__name__}.{module}").Scheduler
    return found


def is_installed(name: str) -> bool:
    """Whether a Python peer's library is there."""
    _, library = PEERS[name]
    return library is None or find_spec(library) is not None
