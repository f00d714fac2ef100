"""What tick lockers tell of: each thing is an event, a count and a line in the log."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, final

from gocron_py.instant import Instant, datetime_of

if TYPE_CHECKING:
    from gocron_py.distributed.decision import Claim
    from gocron_py.reporter import Reporter


class TickEventKind(StrEnum):
    """What happened to a tick."""

    MISSED = "missed"
    """It came past its start deadline, and ``catch_up`` does not allow for it."""
    SKIPPED = "skipped"
    """Until its start deadline the store could not be reached, or another run went on."""
    UNGUARDED = "unguarded"
    """``on_store_error="run"``: it runs without a claim, and may do so elsewhere too."""
    CRASHED = "crashed"
    """The process that ran it died, and it is not begun again. Told by one instance, the one that found out first."""
    RECOVERED = "recovered"
    """The process that ran it died, or gave it back, and it is begun again here."""
    LOST = "lost"
    """It runs here, and the claim is not ours any more; the task's context is cancelled."""
    AMNESIA = "amnesia"
    """The store has lost the job's record; ticks count from now on."""
    CORRUPT = "corrupt"
    """The store holds something else than a record of the job, which does not run until that is mended."""


@final
@dataclass(frozen=True, slots=True)
class TickEvent:
    """One of them.

    :ivar job_name: the job's key.
    :ivar at: the tick, in UTC; ``None`` where it is about no single one.
    :ivar detail: for people.
    :ivar told: when it was found out, in UTC, on this machine's clock.
    """

    kind: TickEventKind
    job_name: str
    at: datetime | None
    detail: str
    told: datetime = field(default_factory=partial(datetime.now, UTC), compare=False)


EventCallback = Callable[[TickEvent], object]

MOST_RECENT = 200
"""So many events are remembered."""

_QUIET = (TickEventKind.RECOVERED, TickEventKind.SKIPPED)


@final
class Events:
    """Counts events, remembers the last ones and passes them on."""

    def __init__(self, callback: EventCallback | None) -> None:
        self._callback = callback
        self._counts: Counter[TickEventKind] = Counter()
        self._recent: deque[TickEvent] = deque(maxlen=MOST_RECENT)
        # By job, what was told of its record last, while it cannot be read.
        self._corrupt: dict[str, str] = {}

    def counts(self) -> dict[TickEventKind, int]:
        """How many there were of each kind."""
        return {kind: self._counts[kind] for kind in TickEventKind}

    def recent(self) -> list[TickEvent]:
        """The last ones, oldest first."""
        return list(self._recent.copy())  # a copy is made in one step; a list would be disturbed

    def tell(self, report: Reporter, kind: TickEventKind, key: str, at: Instant | None, detail: str) -> None:
        """It has happened."""
        self._counts[kind] += 1
        event = TickEvent(kind, key, None if at is None else datetime_of(at, UTC), detail)
        self._recent.append(event)
        log = report.info if kind in _QUIET else report.warn
        log(f"gocron: tick {kind.value}", "job", key, "tick", event.at, "detail", detail)
        if self._callback is not None:
            report.call("on_event", self._callback, event)
        report.tick(event)

    def tell_corrupt(self, report: Reporter, key: str, at: Instant | None, detail: str) -> None:
        """The store holds something else than the job's record. Told once, until that changes."""
        if self._corrupt.get(key) != detail:
            self._corrupt[key] = detail
            self.tell(report, TickEventKind.CORRUPT, key, at, detail)

    def is_whole(self, key: str) -> None:
        """The job's record could be read."""
        self._corrupt.pop(key, None)

    def tell_crash(self, report: Reporter, key: str, crashed: Claim) -> None:
        """A run was cut off for good."""
        detail = f"attempt {crashed.attempt} of {crashed.owner or 'nobody'}"
        self.tell(report, TickEventKind.CRASHED, key, crashed.at, detail)
