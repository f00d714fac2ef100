"""The records of ticks in etcd, and who lives: by leases. Used by :mod:`gocron_py.distributed.etcd`.

A record is a key, and its version the key's mod revision: a write is a transaction on that.

Who lives. Each instance has a key of its own on a lease, which a thread keeps alive; while the key is there, the
instance lives. The other way would be to have each claim renewed in its record, and each observer time it, as on
Kubernetes. The lease is the better one here:

- It is the server's clock that decides, for all observers alike: one that has come a moment ago need not watch for a
  whole lease first. A killed instance is known to be dead when its lease is over, to all.
- It costs one call each third of the lease for an instance, not one write for each of its runs.
- A name that is gone stays gone: an instance that has lost its lease is another one from then on. So "dead" needs no
  care about races: the claims of a dead name are nobody's, and a write on a record that has changed meanwhile fails.

The instance itself does not wait to be told. It takes its lease for lost 4 s before it would end if the server had
begun to count when the last renewal was *sent*, on a clock that runs through suspend. So it knows before the others
do, also behind a network that is cut.

What time it is. etcd has no clock, so *now* is this machine's. That a tick is granted once needs no clock: it is in the
record's ``seen``, or not later than its ``floor``. An instance whose clock is ahead runs its ticks too early, and the
others find them taken.

But what one instance takes for now may become the floor for all: at a job's registration, from which its ticks count,
and when the ticks that it ran too early are forgotten one by one. A clock that is a day ahead would so cost the others
a day of ticks. So each instance writes its time beside its name whenever it renews its lease, and none takes now for
later than 30 s after the time on all other machines (see :class:`~gocron_py.distributed.etcd_clock.FleetClock`). A
machine that is further ahead gets ``TickEarly``, as it does from stores with clocks, and the others run its ticks. What
is left is a first registration by a clock that is some seconds ahead: it costs the others the ticks of these, once.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, final
from urllib.parse import quote

from gocron_py.clock import Clock, RealClock, elapsed
from gocron_py.distributed.etcd_client import EtcdClient, KeyValue, get, get_below, put
from gocron_py.distributed.etcd_clock import FleetClock
from gocron_py.distributed.names import escaped
from gocron_py.distributed.store import Entry, Snapshot, TickStore
from gocron_py.errors import ErrInvalidArgument, LockError, StoreCorrupt, check_kind, satisfies
from gocron_py.instant import SECOND, Micros, micros_of

DEFAULT_PREFIX: Final = "/gocron/ticks/"

# etcd allows for 128 operations in a transaction, unless it is told otherwise.
_MOST_KEYS: Final = 100

# So much sooner than the server an instance takes its lease for lost: its runs have to be told, and who tells them may
# be waiting for an answer that does not come.
_NOTICE: Final[Micros] = 4 * SECOND

# Who was seen alive within this is not asked about once more: a look at many jobs asks for many of their holders.
_FRESH: Final[Micros] = SECOND

_SIGN: Final = re.compile(rb"([0-9]{1,18}) ([!-~]+)")

_SHORTEST_LEASE: Final = timedelta(seconds=1)
_LONGEST_LEASE: Final = timedelta(days=1)


@final
@dataclass(slots=True, eq=False)
class _Life:
    """What this instance is called, for as long as its lease lasts."""

    name: str
    lease: int
    ttl: Micros
    renewed: Micros
    is_over: bool = field(default=False)

    def goes_on(self) -> bool:
        return not self.is_over and elapsed() - self.renewed < self.ttl - min(_NOTICE, self.ttl // 3)


@final
class EtcdStore(TickStore):
    """A store on etcd, version 3.4 or later.

    :param client: a client of python-etcd3, whose addresses, TLS and token are used, or a URL
        ``etcd://[user:password@]host[:port][,host…]``, with TLS ``etcds://…?ca=file&cert=file&key=file``.
    :param prefix: of the keys.
    :param lease: how long an instance counts as alive that has gone away without a word, rounded up to whole seconds;
        etcd makes 2 of 1.
    :param clock: this instance's; default: the machine's.
    :raises ErrInvalidArgument: no client and no URL, or an impossible value.
    """

    poll = 2.0
    has_clock = False

    def __init__(
        self,
        client: object,
        *,
        prefix: str = DEFAULT_PREFIX,
        lease: timedelta = timedelta(seconds=30),
        clock: Clock | None = None,
    ) -> None:
        check_kind(prefix, str, "prefix")
        check_kind(lease, timedelta, "lease")
        if not _SHORTEST_LEASE <= lease <= _LONGEST_LEASE:
            raise ErrInvalidArgument("lease must be from a second to a day", got=lease)
        if clock is not None and not satisfies(clock, Clock):
            raise ErrInvalidArgument("the methods of Clock are needed", got=clock)
        self._prefix = prefix
        self._lease = micros_of(lease)
        self._time = FleetClock(RealClock() if clock is None else clock, self._lease)
        self._machine = _machine()
        self._client = EtcdClient(client)
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._life: _Life | None = None
        # Who was seen alive, and when.
        self._alive: tuple[frozenset[str], Micros] = frozenset(), 0
        self._thread: threading.Thread | None = None

    @property
    def clock(self) -> Clock:
        """This instance's."""
        return self._time.clock

    @clock.setter
    def clock(self, clock: Clock) -> None:
        self._time.clock = clock

    # -- records -----------------------------------------------------------------------------------

    def load(self, keys: Sequence[str]) -> Snapshot:
        """See :meth:`TickStore.load`."""
        if self._time.looked is None:
            self._look_around()
        now = self._time.now()
        entries: dict[str, Entry] = {}
        for first in range(0, len(keys), _MOST_KEYS):
            some = keys[first : first + _MOST_KEYS]
            gets = [get(self._key(key)) for key in some]
            if len(keys) > 1 and first + len(some) == len(keys):
                answers = self._look_around(gets)
            else:
                answers = self._client.read(*gets)
            for key, found in zip(some, answers, strict=True):
                if found:
                    entries[key] = Entry(_text(found[0], key), found[0].modified)
        return Snapshot(now, entries)

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        """See :meth:`TickStore.compare_and_set`."""
        assert version is None or isinstance(version, int), "versions are those of load()"
        name = self._key(key)
        held, _ = self._client.transaction((("mod", name, version or 0),), (put(name, text),))
        return held

    def _key(self, name: str) -> bytes:
        return f"{self._prefix}jobs/{escaped(name)}".encode()

    # -- who lives ---------------------------------------------------------------------------------

    def owner(self) -> str:
        """This instance's name, for as long as its lease lasts: it enrols, if need be.

        :raises StoreDown: it cannot enrol.
        """
        life = self._life
        if life is not None and life.goes_on():
            return life.name
        with self._lock:
            if self._life is None or not self._life.goes_on():
                self._life = self._enrol()
                self._keep()
            return self._life.name

    def _enrol(self) -> _Life:
        lease = self._client.grant(self._lease)
        name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(8)}"
        self._client.transaction((), (self._sign(name, lease.id),))
        return _Life(name, lease.id, lease.ttl, lease.sent)

    def _sign(self, name: str, lease: int) -> Any:
        """Write the time, and whose clock says so, beside the name, on the lease."""
        return put(self._instance(name), f"{self._time.own()} {self._machine}", lease)

    def is_alive(self, owner: str) -> bool:
        """Whether the instance's lease lasts.

        :raises StoreDown: nobody knows.
        """
        alive, since = self._alive
        if owner in alive and elapsed() - since < _FRESH:
            return True
        return bool(owner) and self._client.get(self._instance(owner)) is not None

    def holds(self, owner: str) -> bool:
        """See :meth:`TickStore.holds`: whether the lease that *owner* was the name for still lasts."""
        life = self._life
        return life is not None and life.name == owner and life.goes_on()

    def _instance(self, owner: str) -> bytes:
        return f"{self._prefix}instances/{owner}".encode()

    def _look_around(self, gets: Sequence[Any] = (), sign: Any = None) -> list[list[KeyValue]]:
        """Write the sign, or read; then see who lives and what time it is for them.

        In this order: whose claim is found is looked for afterwards.
        """
        asked, below = elapsed(), self._instance("")
        if sign is not None:
            _, answers = self._client.transaction((), (sign, get_below(below)))
        else:
            answers = self._client.read(*gets, get_below(below))
        signs = {each.key[len(below) :].decode(errors="replace"): each.value for each in answers.pop()}
        self._alive = frozenset(signs), asked
        found = {name: _SIGN.fullmatch(sign) for name, sign in signs.items()}
        # Those on this machine have the same clock.
        others = {name: int(sign[1]) for name, sign in found.items() if sign and sign[2].decode() != self._machine}
        self._time.heard(others, asked)
        return answers

    # -- the thread --------------------------------------------------------------------------------

    def _keep(self) -> None:
        if self._thread is None and not self._closed:
            thread = threading.Thread(target=self._run, name="gocron-etcd-lease", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no thread is to be had now: the lease ends, and the next claim tries again
                return
            self._thread = thread

    def _run(self) -> None:
        pid = os.getpid()
        pause = self._lease / SECOND / 3
        while not self._bell.wait(pause) and pid == os.getpid():
            life = self._life
            if life is None or not life.goes_on():
                continue
            pause = life.ttl / SECOND / 3
            sent = elapsed()
            try:
                if self._client.refresh(life.lease):
                    life.renewed = sent
                    self._look_around(sign=self._sign(life.name, life.lease))
                else:
                    life.is_over = True
            except LockError:
                pause = min(pause, 1.0)

    def forked(self) -> None:
        """See :meth:`TickStore.forked`. The child is another instance, with connections of its own."""
        super().forked()
        self._begin()
        self._time.begin()
        self._client.forked()

    def close(self) -> None:
        """See :meth:`TickStore.close`. The lease is given back, so its claims are free at once."""
        self._closed = True
        self._bell.set()
        life, thread = self._life, self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)
        if life is not None and not life.is_over:
            life.is_over = True
            try:
                self._client.revoke(life.lease)
            except LockError:  # then it runs out
                pass
        self._client.close()


@cache
def _machine() -> str:
    """The same for all that have one clock: containers have different host names."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:  # not Linux
        return quote(socket.gethostname())


def _text(found: KeyValue, key: str) -> str:
    try:
        return found.value.decode()
    except UnicodeDecodeError:
        raise StoreCorrupt(f"job {key!r:.80}: its value is no text") from None
