"""The time of Kubernetes' API server, as its answers tell it."""

from __future__ import annotations

import time
from typing import Final, final

from gocron_py.clock import elapsed
from gocron_py.instant import SECOND, Instant, Micros

# A crystal is wrong by less than this share.
_DRIFT: Final = 1000


@final
class ServerClock:
    """The API server's time, of which each answer tells the second, in its ``Date``.

    Each answer gives bounds: it was given between the request and its arrival, within the second that it names.
    The lower bounds are kept, the best of them is the time: never ahead of the server, and after some answers
    hardly behind. Where bounds contradict each other, the clock was set, or another server has answered.
    """

    __slots__ = ("_at", "_offset")

    def __init__(self) -> None:
        self._offset: Micros | None = None
        self._at: Micros = 0

    def heard(self, second: Instant, sent: Micros, received: Micros) -> None:
        """An answer that names *second*; when the request was sent and the answer came, in elapsed time."""
        lower, upper = second - received, second + SECOND - sent
        kept = self._offset
        if kept is not None:
            kept -= (received - self._at) // _DRIFT
            lower = kept if lower < kept <= upper else lower
        self._offset, self._at = lower, received

    def now(self) -> Instant:
        """The server's time; this machine's, as long as no answer has named one."""
        if self._offset is None:
            return time.time_ns() // 1000
        return elapsed() + self._offset
