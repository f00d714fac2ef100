"""Ticks shared by the schedulers of one process: for tests, and for several schedulers side by side."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from typing import Unpack, final

from gocron_py.clock import Clock, RealClock, reader
from gocron_py.distributed.elector import StoreElector
from gocron_py.distributed.events import EventCallback
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.policy import PolicyOverrides
from gocron_py.distributed.store import Entry, Snapshot, TickStore
from gocron_py.errors import ErrInvalidArgument, satisfies

__all__ = ("MemoryElector", "MemoryStore", "MemoryTickLocker")


@final
class MemoryStore(TickStore):
    """A store in this process's memory. Whoever uses one object of it shares it.

    :param clock: the store's clock; in tests the schedulers' :class:`~gocron_py.testing.FakeClock`.
    """

    poll = 0.5

    def __init__(self, clock: Clock | None = None) -> None:
        """:raises ErrInvalidArgument: not a clock."""
        if clock is not None and not satisfies(clock, Clock):
            raise ErrInvalidArgument("the methods of Clock are needed", got=clock)
        self._now = reader(RealClock() if clock is None else clock)
        self._lock = threading.Lock()
        self._versions = itertools.count(1)
        self._entries: dict[str, Entry] = {}

    def load(self, keys: Sequence[str]) -> Snapshot:
        """See :meth:`TickStore.load`."""
        with self._lock:
            now = self._now()
            return Snapshot(now, {key: self._entries[key] for key in keys if key in self._entries})

    def forked(self) -> None:
        """See :meth:`TickStore.forked`. The child has a copy, which nobody else sees."""
        self._lock = threading.Lock()

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        """See :meth:`TickStore.compare_and_set`."""
        with self._lock:
            entry = self._entries.get(key)
            if (None if entry is None else entry.version) != version:
                return False
            self._entries[key] = Entry(text, next(self._versions))
            return True


@final
class MemoryTickLocker(TickLocker):
    """A tick locker for the schedulers of one process; all of them are given the same object, or the same store.

    :param store: default: a new one.
    :param clock: of a new store; default: the machine's.
    :param on_event: see :class:`~gocron_py.distributed.TickLocker`.
    :param policy: the fields of :class:`~gocron_py.TickPolicy`.
    :raises ErrInvalidArgument: an impossible value.
    """

    def __init__(
        self,
        store: MemoryStore | None = None,
        *,
        clock: Clock | None = None,
        on_event: EventCallback | None = None,
        **policy: Unpack[PolicyOverrides],
    ) -> None:
        if store is not None and clock is not None:
            raise ErrInvalidArgument("a store that is there has a clock already", got=clock)
        super().__init__(MemoryStore(clock) if store is None else store, on_event=on_event, **policy)


@final
class MemoryElector(StoreElector):
    """An elector among the schedulers of one process that share a store."""
