"""The thread that reads what all commands write, and hears of their ends.

So no command waits on a full pipe for a worker that waits for the command; and one that has left a process behind
has its output read on, when its run is long over.
"""

from __future__ import annotations

import os
import selectors
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias, final

_MOST: Final = 65_536

# Called with what can be read; empty at the end.
Feed: TypeAlias = Callable[[bytes], None]


@final
class Pump:
    """Watches descriptors."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new: deque[tuple[int, Feed | None, Callable[[], None]]] = deque()
        self._wake: int | None = None

    def read(self, descriptor: int, feed: Feed, ended: Callable[[], None]) -> None:
        """Give what can be read to *feed* until its end; then close it."""
        self._add(descriptor, feed, ended)

    def hear_of_end(self, pid: int, ended: Callable[[], None]) -> None:
        """Call *ended* when a child process has ended. It is not waited for: who started it does that."""
        if hasattr(os, "pidfd_open"):
            self._add(os.pidfd_open(pid), None, ended)
            return

        def wait() -> None:  # pragma: no cover - the tests run on Linux
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            ended()

        threading.Thread(target=wait, name="gocron-wait", daemon=True).start()

    def _add(self, descriptor: int, feed: Feed | None, ended: Callable[[], None]) -> None:
        with self._lock:
            if self._wake is None:
                reading, self._wake = os.pipe()
                threading.Thread(target=self._go_on, args=(reading,), name="gocron-output", daemon=True).start()
            self._new.append((descriptor, feed, ended))
            os.write(self._wake, b"x")

    def _go_on(self, wakes: int) -> None:
        selector = selectors.DefaultSelector()
        selector.register(wakes, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == wakes:
                    os.read(wakes, _MOST)
                    while self._new:
                        descriptor, feed, ended = self._new.popleft()
                        selector.register(descriptor, selectors.EVENT_READ, (feed, ended))
                    continue
                feed, ended = key.data
                if feed is not None and (data := os.read(key.fd, _MOST)):
                    feed(data)
                    continue
                selector.unregister(key.fd)
                os.close(key.fd)
                ended()
