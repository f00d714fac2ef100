"""A lock for sections of microseconds, which many threads enter for every run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, final

# The first nap, in seconds, of a thread that finds the lock taken; then twice as long each time.
_NAP: Final = 0.000_02
_LONGEST_NAP: Final = 0.001


@final
class PolledLock:
    """A lock that nobody is in line for: who finds it taken looks again a moment later.

    A thread that sleeps on a :class:`threading.Lock` gets it while it still waits for the interpreter, and has it for
    all of that time; whoever runs meanwhile stops at the lock, and has to give up the interpreter for its
    sake. Once two workers are busy, each entry is a switch of threads, and it does not end before both find nothing to
    do: a *lock convoy*. With 20,000 runs a second that never came (benchmarks/). Here a thread gets the lock only when
    it runs.
    """

    # The way out is the other lock's own: a ``with`` finds it in the slot, and calls no function of Python's.
    __slots__ = ("__exit__", "_try", "release")
    __exit__: Callable[..., None]

    def __init__(self) -> None:
        lock = threading.Lock()
        self._try = lock.acquire
        self.release = lock.release
        self.__exit__ = lock.__exit__

    def __enter__(self) -> None:
        if not self._try(False):
            self.acquire()

    def acquire(self, blocking: bool = True) -> bool:
        """As of :class:`threading.Lock`."""
        nap = _NAP
        while not self._try(False):
            if not blocking:
                return False
            time.sleep(nap)
            nap = min(2 * nap, _LONGEST_NAP)
        return True
