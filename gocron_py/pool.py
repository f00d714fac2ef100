"""The pool of worker threads that runs go to.

Not :class:`concurrent.futures.ThreadPoolExecutor`, for three reasons. The interpreter joins its threads
at exit, so one job that never ends would keep the process for ever. Its limit is also its habit: it
starts a thread for every call until there are as many as allowed, and two hundred long jobs need two
hundred. And most of what a short run costs is thread switches: its queue wakes two workers for one
call, and makes a Future and a condition for it; here one worker is woken for all calls of one moment.
docs/benchmarks.rst has the measurements.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import final

Call = Callable[[], None]

# So many threads are started at once when none is free; more only when a call has waited.
_CORE_WORKERS = 4

# So long may a call wait, in seconds, before more workers are woken or started for those that wait.
_PATIENCE = 0.001


@final
class WorkerPool:
    """Daemon threads, started as they are needed. Each sleeps on a lock of its own; the last to go is woken first.

    :param max_workers: the most threads there will be.
    :param name: what the names of the threads begin with.
    """

    def __init__(self, max_workers: int, name: str = "gocron") -> None:
        self._max_workers = max_workers
        self._name = name
        # Appending and popping are atomic, with the interpreter lock and without it.
        self._ready: deque[Call] = deque()
        self._parked: list[threading.Lock] = []
        # Whether a call was put, since the last kick, where none was waiting.
        self._is_new = False
        self._workers = 0
        # Re-entrant, as a signal handler may ask for runs too.
        self._starting = threading.RLock()
        self._closed = False
        # Rung when calls are left waiting behind one that a worker has taken.
        self._bell = threading.Lock()
        self._bell.acquire()
        self._has_relief = False

    def start(self) -> None:
        """Start the first worker: with it every call is done, if no other thread is to be had later.

        None is once the interpreter has begun to end, from Python 3.12 on, and then a scheduler still lives
        for as long as a non-daemon thread of the program does.

        :raises RuntimeError: there is no thread to be had.
        """
        self._start_workers(1)
        if not self._workers:
            raise RuntimeError("can't start new thread")

    def put(self, call: Call) -> None:
        """Have *call*, which must not raise, run by a worker, after the next :meth:`kick`.

        :raises RuntimeError: the pool is closed.
        """
        if self._closed:
            raise RuntimeError("the pool is closed")
        if not self._ready:
            self._is_new = True
        self._ready.append(call)
        if self._is_closed():
            # Closed in between: the workers may be gone, and none must be waited for in vain.
            self._start(self._work, "last")

    def kick(self) -> None:
        """Wake one worker for all that was put; if that is too much for one, more follow within milliseconds."""
        if not self._ready:
            return
        if not self._is_new:  # a worker is at those that were there before, and more would be in its way
            self._call_relief()
            return
        self._is_new = False
        if self._wake(1):
            return
        if self._workers < _CORE_WORKERS:
            self._start_workers(1)
        else:
            self._call_relief()

    def backlog(self) -> int:
        """How many calls wait for a worker."""
        return len(self._ready)

    def hand(self, call: Call) -> None:
        """:meth:`put` and :meth:`kick`."""
        self.put(call)
        self.kick()

    def close(self) -> None:
        """End the workers, once their work is done. Does not wait for them: a run can last for ever."""
        self._closed = True
        self._wake(len(self._parked))
        _ring(self._bell)

    def _is_closed(self) -> bool:
        return self._closed

    def _work(self) -> None:
        ready, parked = self._ready, self._parked
        bed = threading.Lock()
        bed.acquire()
        while True:
            try:
                call = ready.popleft()
            except IndexError:
                if self._closed:
                    return
                parked.append(bed)
                # What came between the look and the bed would wait for the next kick.
                if not (ready or self._closed) or not self._leave(bed):
                    bed.acquire()
                continue
            if ready:
                self._call_relief()
            call()
            del call

    def _leave(self, bed: threading.Lock) -> bool:
        """Get up again; False: somebody was faster and is about to ring."""
        try:
            self._parked.remove(bed)
        except ValueError:
            return False
        return True

    def _wake(self, wanted: int) -> int:
        """Wake at most so many workers that sleep; how many there were."""
        for woken in range(wanted):
            try:
                self._parked.pop().release()
            except IndexError:
                return woken
        return wanted

    def _call_relief(self) -> None:
        if not self._has_relief:
            with self._starting:
                if not self._has_relief:
                    self._has_relief = True
                    self._has_relief = self._start(self._relieve, "relief")
        _ring(self._bell)

    def _relieve(self) -> None:
        """A thread that looks after calls which wait: it wakes or starts workers, twice as many each time.

        So a burst of long jobs has its threads within milliseconds, and a stream of short ones,
        which more threads would only slow down, keeps the few it has.
        """
        while self._bell.acquire() and not self._closed:
            wanted = 1
            while first := self._first():
                time.sleep(_PATIENCE)
                if self._first() is not first:
                    wanted = 1
                    continue
                missing = wanted - self._wake(wanted)
                self._start_workers(missing)
                wanted *= 2

    def _first(self) -> Call | None:
        try:
            return self._ready[0]
        except IndexError:
            return None

    def _start_workers(self, wanted: int) -> None:
        with self._starting:
            for _ in range(min(wanted, self._max_workers - self._workers)):
                self._workers += 1
                if not self._start(self._work, f"worker-{self._workers}"):
                    self._workers -= 1
                    break

    def _start(self, target: Call, name: str) -> bool:
        thread = threading.Thread(target=target, name=f"{self._name}-{name}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads: those that are there carry on
            return False
        return True


def _ring(bell: threading.Lock) -> None:
    try:
        bell.release()
    except RuntimeError:  # it rings already
        pass
