"""Whether a store answers, and since when it does or does not."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from gocron_py.reporter import Reporter


@final
@dataclass(frozen=True, slots=True)
class StoreHealth:
    """How it went with the last call to a store.

    :ivar reachable: whether the store answered it, with what a store may hold; ``None``: it was not called yet.
    :ivar since: since when that is so, in UTC, on this machine's clock.
    :ivar error: what the last call that failed raised, for people; empty where the store is reachable.
    """

    reachable: bool | None
    since: datetime | None
    error: str = ""


@final
class Health:
    """Is told of every call to a store."""

    __slots__ = ("_began", "_complained", "_lock", "_state")

    def __init__(self) -> None:
        self._state = StoreHealth(None, None)
        self.begin()

    def begin(self) -> None:
        """As new, but for the state: also in a forked child."""
        self._lock = threading.Lock()
        # Where it was said that the store cannot be used, and when that began.
        self._complained: list[Reporter] = []
        self._began = datetime.now(UTC)

    def complain(self, report: Reporter) -> None:
        """It was said there that the store cannot be used: it will be said there, too, that it can be again."""
        with self._lock:
            if not self._complained:
                state = self._state
                self._began = datetime.now(UTC) if state.since is None or state.reachable else state.since
            if report not in self._complained:
                self._complained.append(report)

    def worked(self, has_written: bool) -> None:
        """The store has answered. That it can be read says nothing of whether it can be used."""
        if not self._state.reachable:
            self._state = StoreHealth(True, datetime.now(UTC))
        if not (has_written and self._complained):
            return
        with self._lock:
            reports, self._complained = self._complained, []
        away = (datetime.now(UTC) - self._began).total_seconds()
        for report in reports:
            report.warn("gocron: the store of locks answers again", "after", f"{away:.1f} s")

    def failed(self, error: Exception) -> None:
        """It has not."""
        was = self._state
        since = was.since if was.reachable is False else datetime.now(UTC)
        self._state = StoreHealth(False, since, f"{error!s:.300}")

    def state(self) -> StoreHealth:
        """As it is."""
        return self._state
