"""The thread that reads what all commands write, and hears of their ends.

So no command waits on a full pipe for a worker that waits for the command; and one that has left a process behind
has its output read on, when its run is long over.
"""

from __future__ import annotations

import logging
import os
import selectors
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias, final

_MOST: Final = 65_536

# Called with what can be read.
Feed: TypeAlias = Callable[[bytes], None]

_log = logging.getLogger("gocron_py")


@final
class Pump:
    """Watches descriptors.

    Used by several threads; made once, for as long as the process lives.
    """

    def __init__(self) -> None:
        self._new: deque[tuple[int, Feed | None, Callable[[], None]]] = deque()
        waking, self._wake = os.pipe()
        threading.Thread(target=self._go_on, args=(waking,), name="gocron-output", daemon=True).start()

    def read(self, descriptor: int, feed: Feed, ended: Callable[[], None]) -> None:
        """Give what can be read to *feed* until its end; then close it."""
        self._add(descriptor, feed, ended)

    def hear_of_end(self, pid: int, ended: Callable[[], None]) -> None:
        """Call *ended* when a child process has ended. It is not waited for: who started it does that."""
        try:
            self._add(os.pidfd_open(pid), None, ended)
        except (AttributeError, OSError):  # not Linux, or no descriptor is left
            threading.Thread(target=_wait, args=(pid, ended), name="gocron-wait", daemon=True).start()

    def _add(self, descriptor: int, feed: Feed | None, ended: Callable[[], None]) -> None:
        self._new.append((descriptor, feed, ended))
        os.write(self._wake, b"x")

    def _go_on(self, waking: int) -> None:
        selector = selectors.DefaultSelector()
        selector.register(waking, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == waking:
                    os.read(waking, _MOST)
                    while self._new:
                        descriptor, *told = self._new.popleft()
                        selector.register(descriptor, selectors.EVENT_READ, told)
                elif not self._hear(key.fd, *key.data):
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    key.data[1]()

    @staticmethod
    def _hear(descriptor: int, feed: Feed | None, ended: Callable[[], None]) -> bool:
        """Whether there is more to come."""
        if feed is None:
            return False
        try:
            data = os.read(descriptor, _MOST)
            if data:
                feed(data)
        except Exception as error:
            # All other commands depend on this thread.
            _log.error("gocron: output of a command is lost: %r", error)
            return not isinstance(error, OSError)
        return bool(data)


def _wait(pid: int, ended: Callable[[], None]) -> None:
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    ended()
