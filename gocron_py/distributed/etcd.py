"""Ticks, locks and elections on etcd. The extra ``etcd`` is needed (cslab-etcd3, or another build of python-etcd3).

A client is the user's own object, or a URL; either way the calls go over connections of this library, each bounded to
2 seconds: one that waits for ever, or is repeated unseen, is no help to who has to know whether a lock is held.
"""

from __future__ import annotations

import re
import secrets
import socket
from datetime import timedelta
from typing import Final, Literal, Unpack, final

from gocron_py.clock import elapsed
from gocron_py.distributed.elector import RETRY, CampaigningElector, LeadershipCallback
from gocron_py.distributed.etcd_client import EtcdClient, KeyValue, Lease, delete, get, get_below, put
from gocron_py.distributed.etcd_store import DEFAULT_PREFIX, EtcdStore
from gocron_py.distributed.events import EventCallback
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.mutex import MutexLocker
from gocron_py.distributed.names import raw
from gocron_py.distributed.policy import PolicyOverrides, policy_of
from gocron_py.errors import ErrInvalidArgument, LockError, TickBusy, check_kind
from gocron_py.instant import SECOND, Micros, micros_of

__all__ = ("EtcdElector", "EtcdLocker", "EtcdStore", "EtcdTickLocker")

Layout = Literal["key", "mutex"]

_SHORTEST_TTL: Final = timedelta(seconds=1)
_LONGEST_TTL: Final = timedelta(days=1)

# Of a lock that was never known to be held: the revision at which its key was made.
_NEVER: Final = 0

# The name of a lease as clientv3/concurrency writes it: Go's %x.
_LEASE: Final = re.compile(rb"[0-9a-f]{1,16}")


@final
class EtcdTickLocker(TickLocker):
    """Each tick once among all instances that share an etcd.

    ::

        locker = EtcdTickLocker("etcd://localhost:2379")
        scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))

    :param client: see :class:`EtcdStore`.
    :param prefix: of the keys.
    :param on_event: see :class:`~gocron_py.distributed.TickLocker`.
    :param policy: the fields of :class:`~gocron_py.TickPolicy`. ``lease`` is the instance's: a job's own has no effect.
    :raises ErrInvalidArgument: no client and no URL, or an impossible value.
    """

    def __init__(
        self,
        client: object,
        *,
        prefix: str = DEFAULT_PREFIX,
        on_event: EventCallback | None = None,
        **policy: Unpack[PolicyOverrides],
    ) -> None:
        store = EtcdStore(client, prefix=prefix, lease=policy_of(**policy).lease)
        super().__init__(store, on_event=on_event, **policy)


@final
class EtcdLocker(MutexLocker):
    """A lock per job, shared with Go instances of the same fleet.

    The job's name is in the key as it is, as in Go: any escaping would make another key of it.

    :param client: see :class:`EtcdStore`.
    :param layout: ``"key"``: the key ``prefix + name`` itself, on a lease of its own, made if it is not there: the
        locker of gocron's guide. ``"mutex"``: a key for each who wants the lock, the oldest holds it: the
        ``Mutex`` of clientv3/concurrency with ``prefix + name``. The two do not exclude each other.
    :param prefix: of the key before the job's name.
    :param ttl: how long the lock outlives a holder that has gone away, rounded up to whole seconds; etcd makes 2 of
        1. It is extended while the task runs.
    :param lock_at_least_for: keep it so long at least, rounded up likewise;
        see :class:`~gocron_py.distributed.mutex.MutexLocker`.
    :raises ErrInvalidArgument: no client and no URL, or an impossible value.
    """

    def __init__(
        self,
        client: object,
        *,
        layout: Layout = "key",
        prefix: str = "/gocron/locks/",
        ttl: timedelta = timedelta(seconds=30),
        lock_at_least_for: timedelta = timedelta(0),
    ) -> None:
        super().__init__(ttl, lock_at_least_for)
        check_kind(prefix, str, "prefix")
        if ttl < _SHORTEST_TTL:
            raise ErrInvalidArgument("ttl must be a second at least: etcd counts in seconds", got=ttl)
        if layout not in ("key", "mutex"):
            raise ErrInvalidArgument('layout must be "key" or "mutex"', got=layout)
        self._layout = layout
        self._prefix = raw(prefix)
        self._client = EtcdClient(client)
        self._value = f"{socket.gethostname()}-{secrets.token_hex(10)}"

    def _acquire(self, key: str) -> str:
        lease = self._client.grant(self._ttl)
        try:
            created = self._first_of_all(key, lease) if self._layout == "mutex" else self._first(key, lease)
        except BaseException:
            # The key may be there, or may yet come: with its lease it goes.
            self._undo_later(key, _packed(lease.id, _NEVER))
            raise
        if created is None:
            self._give_back(key, lease.id)
            raise TickBusy("the lock is held by another instance")
        return _packed(lease.id, created)

    def _first(self, key: str, lease: Lease) -> int | None:
        """The guide's: make the key. Gives the revision, ``None``: it was there."""
        name = self._key(key, lease.id)
        made, found = self._client.transaction((("create", name, 0),), (put(name, self._value, lease.id), get(name)))
        return found[0][0].created if made else None

    def _first_of_all(self, key: str, lease: Lease) -> int | None:
        """clientv3's TryLock: make a key, and look whether it is the oldest one."""
        name, prefix = self._key(key, lease.id), self._key(key)
        look = (get(name), get_below(prefix))
        held, (mine, all_) = self._client.transaction((("create", name, 0),), (put(name, "", lease.id), *look), look)
        oldest = _oldest(all_, prefix)
        return mine[0].created if held and oldest is not None and oldest.key == name else None

    def _extend(self, key: str, token: str) -> bool:
        lease, created = _unpacked(token)
        if not self._client.refresh(lease):
            return False
        found = self._client.get(self._key(key, lease))
        return found is not None and found.created == created

    def _release(self, key: str, token: str, after: Micros) -> bool:
        lease, created = _unpacked(token)
        name = self._key(key, lease)
        if created == _NEVER:
            return self._client.revoke(lease)
        if after < 1000:
            is_ours, _ = self._client.transaction((("create", name, created),), (delete(name),))
            self._give_back(key, lease)
            return is_ours
        rest = self._client.grant(after)
        is_ours, _ = self._client.transaction((("create", name, created),), (put(name, self._kept(), rest.id),))
        # The key does not go with it: it hangs on the other one now.
        self._give_back(key, lease)
        return is_ours

    def _kept(self) -> str:
        return "" if self._layout == "mutex" else self._value

    def _give_back(self, key: str, lease: int) -> None:
        try:
            self._client.revoke(lease)
        except LockError:
            self._undo_later(key, _packed(lease, _NEVER))

    def _key(self, key: str, lease: int | None = None) -> bytes:
        """The key of a holder, or what all of them begin with."""
        name = self._prefix + raw(key)
        if self._layout == "mutex":
            return name + (b"/" if lease is None else f"/{lease:x}".encode())
        return name

    def _forked(self) -> None:
        self._client.forked()

    def _disconnect(self) -> None:
        self._client.close()


@final
class EtcdElector(CampaigningElector):
    """One leader among the instances that share an etcd, Go's of clientv3/concurrency and gocron-etcd-elector included.

    Each candidate has a key on a lease of its own; whose key is the oldest one leads. The lease is refreshed, and the
    keys are looked at, every 2 seconds, or each third of the lease. A leader whose last refresh was sent two thirds
    of the lease ago stops believing that it leads; another can win when the lease is over, at the earliest.

    :param client: see :class:`EtcdStore`.
    :param name: of the election: the path that is given to Go's ``Start``, ``NewElection``. The key is
        ``name + "/" + lease``.
    :param ttl: how long a leader that has gone away leads, rounded up to whole seconds.
    :param on_change: called with ``True`` and ``False`` as this instance begins and ceases to lead.
    :ivar identity: of this object: what Go's ``Leader`` and ``GetID`` give.
    :raises ErrInvalidArgument: no client and no URL, or an impossible value.
    """

    def __init__(
        self,
        client: object,
        *,
        name: str = "/gocron/elector",
        ttl: timedelta = timedelta(seconds=15),
        on_change: LeadershipCallback | None = None,
    ) -> None:
        check_kind(name, str, "name")
        check_kind(ttl, timedelta, "ttl")
        if not name:
            raise ErrInvalidArgument("name must not be empty")
        if not _SHORTEST_TTL <= ttl <= _LONGEST_TTL:
            raise ErrInvalidArgument("ttl must be from a second to a day", got=ttl)
        self._ttl = micros_of(ttl)
        self._prefix = raw(name) + b"/"
        self._client = EtcdClient(client)
        self._stand_anew()
        super().__init__(self._ttl * 2 // 3, on_change)

    def _stand_anew(self) -> None:
        self._lease: Lease | None = None
        self._refreshed: Micros = 0
        self.identity = f"{socket.gethostname()}-{secrets.token_hex(10)}"

    def _stand(self) -> None:
        lease = self._lasting_lease()
        name = self._prefix + f"{lease.id:x}".encode()
        look = get_below(self._prefix)
        try:
            _, (keys,) = self._client.transaction(
                (("create", name, 0),), (put(name, self.identity, lease.id), look), (look,)
            )
        except LockError:
            # In doubt also about the lease: it may have ended a moment ago, and a key cannot be put on it.
            self._refreshed = 0
            raise
        oldest = _oldest(keys, self._prefix)
        if oldest is not None and oldest.key == name:
            self._lead(self._refreshed)
        else:
            leader = "nobody" if oldest is None else oldest.value.decode(errors="replace")
            self._follow(f"{leader:.200} leads")

    def _lasting_lease(self) -> Lease:
        """The session: refreshed if it is time, a new one if the last is over."""
        sent = elapsed()
        lease = self._lease
        if lease is not None and sent - self._refreshed >= min(round(RETRY * SECOND), lease.ttl // 3) * 9 // 10:
            if self._client.refresh(lease.id):
                self._refreshed = sent
            else:
                self._follow("its lease has ended")
                lease = None
        if lease is None:
            lease = self._lease = self._client.grant(self._ttl)
            self._refreshed = lease.sent
            # Never shorter than what was asked for.
            self._deadline = lease.ttl * 2 // 3
        return lease

    def _pause(self) -> float:
        ttl = self._ttl if self._lease is None else self._lease.ttl
        return min(RETRY, ttl / SECOND / 3)

    def _resign(self) -> None:
        """clientv3's Resign, and the session's end: the key goes with the lease."""
        if self._lease is not None:
            self._client.revoke(self._lease.id)

    def _disconnect(self) -> None:
        self._client.close()

    def _forked(self) -> None:
        self._client.forked()
        self._stand_anew()


def _oldest(keys: list[KeyValue], prefix: bytes) -> KeyValue | None:
    """Whose key was made first. Keys further below belong to other names: ``a/b`` is not ``a``."""
    ours = [each for each in keys if _LEASE.fullmatch(each.key[len(prefix) :])]
    return min(ours, key=lambda each: each.created, default=None)


def _packed(lease: int, created: int) -> str:
    return f"{lease:x}.{created}"


def _unpacked(token: str) -> tuple[int, int]:
    lease, _, created = token.partition(".")
    return int(lease, 16), int(created)
