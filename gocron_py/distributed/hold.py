"""Locks that are held for some time at least, however short the job."""

from __future__ import annotations

import atexit
import heapq
import itertools
import logging
import os
import threading
import time
from datetime import timedelta
from typing import final

from gocron_py.context import Context, background
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.protocols import Lock, Locker
from gocron_py.errors import ErrInvalidArgument, check_kind, satisfies

_LONGEST = timedelta(hours=1)

# A process that ends waits so long at most, in seconds, for locks that are held on.
_LONGEST_END = 10.0

_log = logging.getLogger("gocron_py")


@final
class HoldingLocker:
    """See :func:`hold_at_least`."""

    def __init__(self, locker: Locker, seconds: float) -> None:
        self._locker = locker
        self._seconds = seconds

    def lock(self, ctx: Context, key: str) -> Lock:
        """The wrapped locker's lock, whose release may come later."""
        since = time.monotonic()
        lock = self._locker.lock(ctx, key)
        if not satisfies(lock, Lock):
            return lock  # an error, as ported Go returns it: for the scheduler to find
        return _HeldLock(lock, since + self._seconds)


@final
class _HeldLock:
    def __init__(self, lock: Lock, due: float) -> None:
        self._lock = lock
        self._due = due
        # Of lockers that tell a task that the lock is lost.
        self.context: object = getattr(lock, "context", None)

    def unlock(self, ctx: Context) -> None:
        if time.monotonic() >= self._due:
            self._lock.unlock(ctx)
        else:
            _releaser.add(self._due, self._lock)


@final
class _Releaser:
    """One thread that releases locks when their time has come."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        """As new: also in a forked child, which holds nothing."""
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Lock]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._releasing = 0

    def add(self, due: float, lock: Lock) -> None:
        with self._changed:
            heapq.heappush(self._heap, (due, next(self._numbers), lock))
            if self._thread is None:
                try:
                    thread = threading.Thread(target=self._run, name="gocron-lock-holder", daemon=True)
                    thread.start()
                    self._thread = thread
                except RuntimeError:  # the interpreter ends; wait_for_all() does it
                    pass
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._heap or self._heap[0][0] > time.monotonic():
                    self._changed.wait(self._heap[0][0] - time.monotonic() if self._heap else None)
                lock = heapq.heappop(self._heap)[2]
                self._releasing += 1
            try:
                _release(lock)
            finally:
                with self._changed:
                    self._releasing -= 1
                    self._changed.notify_all()

    def wait_for_all(self) -> None:
        """Release everything in its time; what would take too long, at once."""
        end = time.monotonic() + _LONGEST_END
        with self._changed:
            while (self._heap or self._releasing) and time.monotonic() < end and self._thread is not None:
                self._changed.wait(end - time.monotonic())
            rest, self._heap = self._heap, []
        for _, _, lock in rest:
            _release(lock)


def _release(lock: Lock) -> None:
    try:
        # Live, whatever has become of the job's context.
        lock.unlock(background())
    except BaseException:
        _log.exception("gocron: Lock.unlock raised")


_releaser = _Releaser()
atexit.register(_releaser.wait_for_all)
os.register_at_fork(after_in_child=_releaser._begin)


def hold_at_least(locker: Locker, lock_at_least_for: timedelta) -> Locker:
    """Wrap a mutex locker, so that each lock is kept for some time at least, however short the job. Not in Go.

    With a lock that is released at once, a short job runs again on an instance whose clock is a little late
    (go-co-op/gocron#841). A time longer than the clocks differ, and shorter than the interval, helps; a tick
    locker needs no such guess. The scheduler does not wait for the release. A process that ends does, up to 10 s.

    :param locker: any with Go's interface.
    :param lock_at_least_for: counted from the call of ``lock``; at most an hour.
    :raises ErrInvalidArgument: not a locker, a tick locker, not a timedelta, or not within its bounds.
    """
    if not satisfies(locker, Locker):
        raise ErrInvalidArgument("the method lock(ctx, key) is needed", got=locker)
    if isinstance(locker, TickLocker):
        raise ErrInvalidArgument("a tick locker never runs a tick twice; it need not be held", got=locker)
    check_kind(lock_at_least_for, timedelta, "lock_at_least_for")
    if not timedelta(0) < lock_at_least_for <= _LONGEST:
        raise ErrInvalidArgument("lock_at_least_for must be more than 0, at most an hour", got=lock_at_least_for)
    return HoldingLocker(locker, lock_at_least_for.total_seconds())
