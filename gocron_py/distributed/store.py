"""What a tick locker needs of a store. An author of one derives from :class:`TickStore`
and runs :mod:`gocron_py.testing.store_kit` on it."""

from __future__ import annotations

import os
import secrets
import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import final

from gocron_py.instant import Instant


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """A text that a store holds, and the version that a change of it must name.

    :ivar version: anything that compares, and differs after every change.
    """

    text: str
    version: object


@final
@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a store answered.

    :ivar now: the store's time, in microseconds since the epoch.
    :ivar entries: by key; a key without an entry is left out.
    """

    now: Instant
    entries: Mapping[str, Entry]


class TickStore(ABC):
    """Keeps one text per key, linearizably and durably. Used by several threads.

    Every method returns or raises within a few seconds, and raises nothing but
    :exc:`~gocron_py.StoreDown`, where nobody knows whether a change was made, and
    :exc:`~gocron_py.StoreCorrupt`. Keys are names of jobs, which may be any text, or begin with ``gocron:own:``:
    a store escapes them.

    :cvar poll: how often, in seconds, instances look for runs that a crash has cut off.
    :cvar pause: how long, in seconds, a claim that has to wait, for another run's end say, waits at most before it asks
        for the first time again. The waits double, up to half a second; they are never shorter than this one.
    :cvar has_clock: whether *now* is the same clock for all instances. Where it is not, and the store cannot tell
        who lives, an instance takes another's run for cut off when its claim has not changed for the time of its
        lease, on the clock of the instance that looks (as Kubernetes' client-go does).
    :cvar shortest_interval: ticks of a job must be so far apart at least.
    """

    poll: float = 10.0
    pause: float = 0.01
    has_clock: bool = True
    shortest_interval: timedelta = timedelta(0)

    @abstractmethod
    def load(self, keys: Sequence[str]) -> Snapshot:
        """The entries of *keys*, as they are now."""

    @abstractmethod
    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        """Write *text* if the entry still has *version*; ``None``: if there is none. ``False``: it has not."""

    _owner: tuple[int, str] | None = None

    def owner(self) -> str:
        """This instance's name in claims: unique, and another one after a fork."""
        if self._owner is None or self._owner[0] != os.getpid():
            self._owner = os.getpid(), f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(8)}"
        return self._owner[1]

    def is_alive(self, owner: str) -> bool | None:
        """Whether the instance *owner* lives. ``None``: the store cannot tell, and leases decide."""
        return None

    def holds(self, owner: str) -> bool:
        """Whether this instance may still act under its name *owner*. Asks no server.

        ``False``, where a lease of the instance tells that it lives: that is over, and others may take its runs.
        """
        return True

    def forked(self) -> None:  # noqa: B027 - most have nothing to renew
        """This is a forked child now: connections are the parent's, and locks may be held for ever."""

    def close(self) -> None:  # noqa: B027 - most have nothing to close
        """The store is used no more. Claims that this instance holds are those of a dead one from now on."""
