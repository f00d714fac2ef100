"""Ends calls that hang: a client library may have no time limit of its own."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, final

from gocron_py.clock import elapsed
from gocron_py.instant import SECOND, Micros

_TICK: Final = 0.1

_log = logging.getLogger("gocron_py")


@final
class TimeLimit:
    """Does something about calls that take longer than *limit*. Its thread sleeps while there are none.

    :param limit: in seconds. A call is ended up to a tenth of a second later.
    """

    def __init__(self, limit: float) -> None:
        self._limit = round(limit * SECOND)
        self.begin()

    def begin(self) -> None:
        """As new: also in a forked child."""
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._numbers = itertools.count()
        self._calls: dict[int, tuple[Micros, Callable[[], None]]] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def close(self) -> None:
        """End the thread."""
        self._closed = True
        self._bell.set()

    @contextmanager
    def on(self, end: Callable[[], None]) -> Iterator[None]:
        """Within it is a call; *end* makes it fail. It is not called any more when the call is over."""
        number = next(self._numbers)
        with self._lock:
            self._calls[number] = elapsed() + self._limit, end
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="gocron-time-limit", daemon=True)
                self._thread.start()
        self._bell.set()
        try:
            yield
        finally:
            with self._lock:
                self._calls.pop(number, None)

    def _watch(self) -> None:
        while not self._closed:
            self._bell.wait()
            with self._lock:
                now = elapsed()
                late = [(number, end) for number, (due, end) in self._calls.items() if now >= due]
                for number, end in late:
                    del self._calls[number]
                    # With the lock held: the call cannot be over, and its connection another's, meanwhile.
                    try:
                        end()
                    except Exception:  # it was over already; the others have limits, too
                        _log.debug("gocron: the end of a call", exc_info=True)
                if not self._calls:
                    self._bell.clear()
            time.sleep(_TICK)
