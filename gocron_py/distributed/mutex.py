"""Mutex lockers as in Go: a lock with a time to live, kept alive while the task runs.

They promise that two runs do not happen at one moment, while the holder lives; not that a tick starts once.
"""

from __future__ import annotations

import base64
import logging
import os
import secrets
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Final, final

from gocron_py.clock import elapsed
from gocron_py.context import Context, with_cancel_cause
from gocron_py.distributed.circuit import CALL_TIMEOUT
from gocron_py.distributed.tick import tick_of
from gocron_py.errors import ErrInvalidArgument, LockError, LockLost, StoreDown, check_kind
from gocron_py.instant import SECOND, Micros, micros_of

_SHORTEST_TTL: Final = timedelta(milliseconds=100)
_LONGEST_TTL: Final = timedelta(days=1)

# While locks are not extended, the server is asked so many times within the time to live.
_TROUBLED: Final = 12

_MARGIN: Final[Micros] = 1000

# While a lock is in doubt, the server is asked this often, in seconds.
_DOUBTFUL: Final = 0.5

_log = logging.getLogger("gocron_py")


@final
class MutexLock:
    """A lock that is held; what ``lock`` of a mutex locker gives to the scheduler.

    :ivar context: for the task; cancelled with the cause :exc:`~gocron_py.LockLost` if the lock is lost.
    :ivar lost: why it was lost.
    """

    __slots__ = ("_cancel", "_locker", "context", "key", "lost", "renewed", "since", "token")

    def __init__(self, locker: MutexLocker, ctx: Context, key: str, token: str, since: Micros) -> None:
        self._locker = locker
        self.key = key
        self.token = token
        self.since = self.renewed = since
        self.lost: LockLost | None = None
        run = tick_of(ctx)
        self.context, self._cancel = with_cancel_cause((run and run.context) or ctx)

    def lose(self) -> None:
        """It is somebody else's: cancel the task."""
        if self.lost is None:
            self.lost = LockLost(f"job {self.key!r:.80}")
            self._cancel(self.lost)

    def unlock(self, ctx: Context) -> None:
        """Release it, if it is still this instance's. Once; in a forked child it does nothing.

        :raises StoreError: it could not be released, and ends with its time to live.
        """
        try:
            self._locker._unlock(self)
        finally:
            self._cancel()


class MutexLocker(ABC):
    """What mutex lockers have in common: the lock's life after it was got.

    :param ttl: how long a lock outlives a holder that has gone away. It is extended every third of that.
    :param lock_at_least_for: keep a lock so long at least, however short the job: longer than the clocks of
        the instances differ, shorter than the job's interval. No thread waits for that: the server does.
    :raises ErrInvalidArgument: not within 100 ms and a day; ``lock_at_least_for`` longer than the ttl.
    """

    def __init__(self, ttl: timedelta, lock_at_least_for: timedelta) -> None:
        check_kind(ttl, timedelta, "ttl")
        check_kind(lock_at_least_for, timedelta, "lock_at_least_for")
        if not _SHORTEST_TTL <= ttl <= _LONGEST_TTL:
            raise ErrInvalidArgument("ttl must be from 100 ms to a day", got=ttl)
        if not timedelta(0) <= lock_at_least_for <= ttl:
            raise ErrInvalidArgument("lock_at_least_for must be from 0 to the ttl", got=lock_at_least_for)
        self._ttl = micros_of(ttl)
        self._at_least = micros_of(lock_at_least_for)
        self._longest_unheard = self._ttl - 2 * self._ttl // _TROUBLED
        self._longest_pause = min(self._ttl / SECOND / 3, 10.0)
        self._closed = False
        self._begin()
        _lockers.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._held: dict[str, MutexLock] = {}
        # Locks by their tokens that may be this instance's though nobody holds them, and since when.
        self._doubts: dict[str, tuple[str, Micros]] = {}
        self._thread: threading.Thread | None = None
        self._is_idle = False

    # -- for the scheduler -------------------------------------------------------------------------

    def lock(self, ctx: Context, key: str) -> MutexLock:
        """Get the lock, or fail at once (``Locker.Lock``).

        :raises TickBusy: another instance holds it.
        :raises StoreError: the server cannot be asked.
        """
        check_kind(ctx, Context, "ctx")
        check_kind(key, str, "key")
        if ended := ctx.err():
            raise ended
        if self._closed:
            raise StoreDown("the locker is closed")
        since = elapsed()
        lock = MutexLock(self, ctx, key, self._acquire(key), since)
        with self._lock:
            self._held[lock.token] = lock
        self._wake()
        return lock

    def close(self) -> None:
        """Extend no lock any more, and let go of the server. For after the shutdown of the schedulers.

        A run that still goes on loses its lock.
        """
        self._closed = True
        self._bell.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)
        for lock in self._not_lost():
            lock.lose()
        self._settle()
        self._disconnect()

    # -- for a server's own class ------------------------------------------------------------------

    @abstractmethod
    def _acquire(self, key: str) -> str:
        """Get the lock: the token that proves it. In doubt it undoes what it may have done, and raises.

        What cannot be undone now is left to :meth:`_undo_later`.
        """

    @abstractmethod
    def _extend(self, key: str, token: str) -> bool:
        """Give it the whole time to live again. ``False``: it is lost."""

    @abstractmethod
    def _release(self, key: str, token: str, after: Micros) -> bool:
        """Give it up, now or *after* so long. ``False``: it was lost."""

    def _undo_later(self, key: str, token: str) -> None:
        """Release a lock that may be this instance's, as soon as the server answers."""
        with self._lock:
            self._doubts[token] = key, elapsed()
        self._wake()
        self._bell.set()

    def _disconnect(self) -> None:  # noqa: B027 - most have nothing to close
        pass

    def _forked(self) -> None:  # noqa: B027 - most have nothing to renew
        pass

    # -- the lock's life ---------------------------------------------------------------------------

    def _unlock(self, lock: MutexLock) -> None:
        with self._lock:
            if self._held.pop(lock.token, None) is None:
                return  # for the second time; or in a forked child, and it is the parent's
        rest = max(self._at_least - (elapsed() - lock.since), 0)
        try:
            is_released = self._release(lock.key, lock.token, rest)
        except LockError:
            if not rest:
                self._undo_later(lock.key, lock.token)
            raise
        if not is_released:
            lock.lose()

    def _wake(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                thread = threading.Thread(target=self._keep, name="gocron-lock-keeper", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no thread is to be had now; the next lock tries again
                    return
                self._thread = thread
        if self._is_idle:
            self._bell.set()

    def _keep(self) -> None:
        pid = os.getpid()
        has_rested = False
        while pid == os.getpid():
            # After a pause in which nothing was to be done, not before: to be rung awake for each of many short locks
            # would cost as much as they do.
            self._is_idle = has_rested and self._until_next_look() is None
            # What came before that was said is seen now, and later comers ring.
            pause = self._until_next_look()
            has_rested = pause is None
            self._bell.wait(self._longest_pause if has_rested and not self._is_idle else pause)
            self._is_idle = False
            self._bell.clear()
            if self._closed:
                return
            with self._lock:
                locks = list(self._held.values())
            parts: list[Callable[[], None]] = [partial(self._renew, lock) for lock in locks]
            for part in *parts, self._settle:
                try:
                    part()
                except BaseException:
                    _log.exception("gocron: a locker goes on after")

    def _until_next_look(self) -> float | None:
        """In seconds; ``None``: there is nothing to do."""
        pauses = [_DOUBTFUL] if self._doubts else []
        left = self._until_given_up()
        if left is not None:
            is_troubled = left < (self._longest_unheard - self._ttl // 3) / SECOND
            # The look that gives a lock up comes in time.
            pauses += [left, self._ttl / SECOND / _TROUBLED if is_troubled else self._longest_pause]
        return min([*pauses, self._longest_pause]) if pauses else None

    def _renew(self, lock: MutexLock) -> None:
        sent = elapsed()
        since = sent - lock.renewed
        if lock.lost is not None or since < self._ttl // 4:
            return
        if since < self._longest_unheard:  # else it is not even asked: the answer may come when another has it
            try:
                with self._watched():
                    is_kept = self._extend(lock.key, lock.token)
            except LockError:
                return  # a later look tries again, or gives it up
            if is_kept:
                lock.renewed = sent
                return
        if lock.token in self._held:
            lock.lose()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Within it is a call; locks whose time comes meanwhile are given up in time, however long it takes."""
        is_over = threading.Event()
        left = self._until_given_up()
        if left is not None and left < 2 * CALL_TIMEOUT:
            watch = threading.Thread(target=self._watch, args=(is_over,), name="gocron-lock-watch", daemon=True)
            with suppress(RuntimeError):  # no thread is to be had now
                watch.start()
        try:
            yield
        finally:
            is_over.set()

    def _watch(self, is_over: threading.Event) -> None:
        while (left := self._until_given_up()) is not None and not is_over.wait(left):
            for lock in self._not_lost():
                if elapsed() - lock.renewed >= self._longest_unheard:
                    lock.lose()

    def _until_given_up(self) -> float | None:
        """Of the first lock that is not extended any more, in seconds; ``None``: there is no lock."""
        renewed = min((lock.renewed for lock in self._not_lost()), default=None)
        return None if renewed is None else max(renewed + self._longest_unheard - elapsed(), _MARGIN) / SECOND

    def _not_lost(self) -> list[MutexLock]:
        with self._lock:
            return [lock for lock in self._held.values() if lock.lost is None]

    def _settle(self) -> None:
        with self._lock:
            doubts = list(self._doubts.items())
        for token, (key, since) in doubts:
            if elapsed() - since < self._ttl:  # else it has ended by itself
                try:
                    self._release(key, token, 0)
                except LockError:
                    continue
            with self._lock:
                self._doubts.pop(token, None)


def new_token() -> str:
    """16 random bytes in base64, as redsync writes them."""
    return base64.b64encode(secrets.token_bytes(16)).decode()


_lockers: weakref.WeakSet[MutexLocker] = weakref.WeakSet()


def _forked() -> None:
    for locker in _lockers:
        locker._begin()
        locker._forked()


os.register_at_fork(after_in_child=_forked)
