"""Whether a store answers, and since when it does or does not."""

from __future__ import annotations

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
    """Is told of every call to a store.

    :ivar complained: where it was said that the store cannot be used; there it is said, too, that it can be again.
    """

    __slots__ = ("_state", "complained")

    def __init__(self) -> None:
        self._state = StoreHealth(None, None)
        self.complained: Reporter | None = None

    def worked(self) -> None:
        """The store has answered."""
        was = self._state
        if was.reachable:
            return
        self._state = StoreHealth(True, datetime.now(UTC))
        report, self.complained = self.complained, None
        if report is not None and was.since is not None:
            away = (datetime.now(UTC) - was.since).total_seconds()
            report.warn("gocron: the store of locks answers again", "after", f"{away:.1f} s")

    def failed(self, error: Exception) -> None:
        """It has not."""
        was = self._state
        since = was.since if was.reachable is False else datetime.now(UTC)
        self._state = StoreHealth(False, since, f"{error!s:.300}")

    def state(self) -> StoreHealth:
        """As it is."""
        return self._state
