"""A lock for sections of microseconds, which many threads enter for every run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import repeat
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

    The thread that has it may enter again: a signal handler or a finalizer, which the interpreter calls in the middle
    of whatever its thread does, would wait for itself. What they may find half done, and must leave in order, is what
    can be between two calls of a section; tests/faults/test_fault_signals.py tries each such place.
    """

    # The way out is the other lock's own: a ``with`` finds it in the slot, and calls no function of Python's.
    __slots__ = ("__exit__", "_tries", "lock")
    __exit__: Callable[..., None]

    def __init__(self) -> None:
        # Only for conditions: whoever enters it by itself stands in line.
        self.lock = threading.RLock()
        self._tries: Iterator[bool] = map(self.lock.acquire, repeat(False))
        self.__exit__ = self.lock.__exit__

    def __enter__(self) -> None:
        nap = _NAP
        # Signals are handled after calls, and a ``for`` makes none: a Ctrl-C comes before the lock is had or when the
        # ``with`` is sure to give it back.
        for is_mine in self._tries:
            if is_mine:
                return
            time.sleep(nap)
            nap = min(2 * nap, _LONGEST_NAP)
