"""Ticks, locks and elections on a Redis server. The extra ``redis`` is needed.

A client is the user's own object, or a URL. Of a client a copy is used, with its address, user and TLS, but with
time limits and without retries: a write that was retried after its answer got lost would say "taken" of a lock
that is ours. So it is with a client of a cluster, and with a Sentinel's own connections.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeVar, Unpack, final

try:
    import redis
    from redis import exceptions
    from redis.sentinel import SentinelConnectionPool
except ModuleNotFoundError as error:  # pragma: no cover - the tests have it
    raise ModuleNotFoundError("pip install 'gocron_py[redis]'", name=error.name) from error

from gocron_py.clock import elapsed
from gocron_py.distributed.circuit import CALL_TIMEOUT, Circuit, described
from gocron_py.distributed.elector import LeadershipCallback, StoreElector
from gocron_py.distributed.events import EventCallback
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.mutex import MutexLocker, new_token
from gocron_py.distributed.names import escaped, raw
from gocron_py.distributed.policy import PolicyOverrides
from gocron_py.distributed.redis_client import bounded, close, forked
from gocron_py.distributed.redis_connection import in_time
from gocron_py.distributed.store import Entry, Snapshot, TickStore
from gocron_py.errors import ErrInvalidArgument, LockError, StoreCorrupt, StoreDown, TickBusy, check_kind
from gocron_py.instant import SECOND, Instant, Micros

__all__ = ("RedisElector", "RedisLocker", "RedisStore", "RedisTickLocker")

T = TypeVar("T")

# A hash tag, so that in a cluster all jobs are on one node: one script reads many.
DEFAULT_PREFIX: Final = "{gocron}:tick:"

_LOAD: Final = """
local time = redis.call('TIME')
local answer = {time[1], time[2]}
for _, key in ipairs(KEYS) do
    local fields = redis.pcall('HMGET', key, 'version', 'text')
    if fields.err or (not (fields[1] and fields[2]) and redis.call('EXISTS', key) == 1) then
        fields = {'', ''}
    end
    answer[#answer + 1] = fields[1]
    answer[#answer + 1] = fields[2]
end
return answer
"""

# Somebody else's key has an empty version, and an empty text: it is its job's fault, and no other's.

# A version is empty where there is to be no entry.
_COMPARE_AND_SET: Final = """
local version = redis.call('HGET', KEYS[1], 'version')
if version == false then
    if ARGV[1] ~= '' or redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
elseif version ~= ARGV[1] then
    return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'text', ARGV[3])
return 1
"""

# A new version: what was sent before for the last one, and comes late, fails.
_TOUCH: Final = """
if type(redis.pcall('HGET', KEYS[1], 'version')) ~= 'string' then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1])
return 1
"""

# Both to the letter as redsync has them, so that a server keeps one copy for Go and Python.
_RELEASE: Final = """
	local val = redis.call("GET", KEYS[1])
	if val == ARGV[1] then
		return redis.call("DEL", KEYS[1])
	elseif val == false then
		return -1
	else
		return 0
	end
"""
_EXTEND: Final = """
	if redis.call("GET", KEYS[1]) == ARGV[1] then
		return redis.call("PEXPIRE", KEYS[1], ARGV[2])
	else
		return 0
	end
"""

_MOST_KEYS: Final = 500


class _Server:
    """One server, or cluster: scripts, bounded and with typed errors."""

    def __init__(self, client: object, timeout: float = CALL_TIMEOUT) -> None:
        self._client: Any = bounded(client, timeout)
        self._given: Any = client
        self._timeout = timeout
        # A server that is full, or a replica, answers one kind and not the other.
        self._circuit = Circuit(_typed, ("read", "write"))

    def call(self, work: Callable[[Any], T], kind: str = "write") -> T:
        return self._circuit.call(partial(in_time, self._timeout, work, self._client), kind)

    def run(self, script: str, keys: Sequence[str | bytes], *arguments: object) -> Any:
        kind = "read" if script is _LOAD else "write"
        return self.call(partial(_evaluate, script, keys, arguments), kind)

    @property
    def place(self) -> object:
        """Where the server is; its databases count as one place."""
        if isinstance(self._given, redis.RedisCluster):
            return id(self._given)
        pool = self._client.connection_pool
        if isinstance(pool, SentinelConnectionPool):
            return id(self._given.connection_pool.sentinel_manager), pool.service_name
        at = pool.connection_kwargs
        return at["path"] if "path" in at else (str(at.get("host", "localhost")).lower(), at.get("port", 6379))

    def forked(self) -> None:
        self._circuit.begin()
        forked(self._client)

    def close(self) -> None:
        close(self._client)


def _evaluate(script: str, keys: Sequence[str | bytes], arguments: Sequence[object], client: Any) -> Any:
    try:
        return client.evalsha(_sha(script), len(keys), *keys, *arguments)
    except exceptions.NoScriptError:
        return client.eval(script, len(keys), *keys, *arguments)


def _sha(script: str) -> str:
    sha = _shas.get(script)
    if sha is None:
        import hashlib

        sha = _shas[script] = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
    return sha


_shas: dict[str, str] = {}


@final
class RedisStore(TickStore):
    """A store on a Redis server, version 5 or later. Each record is a hash without a time to live.

    Its promise is as durable as the server is: persistence has to be ``appendfsync always`` where a crash of the
    server must not forget a second, and ``maxmemory-policy`` one that does not evict it (``noeviction``).

    :param client: a ``redis.Redis``, ``redis.RedisCluster``, or a URL (``redis://``, ``rediss://``, ``unix://``).
    :param prefix: of the keys.
    :param min_replicas: a claim counts when so many replicas have it; else it is refused (``WAIT``). With 0 a
        failover to a replica that lags forgets what was claimed meanwhile.
    :raises ErrInvalidArgument: no client and no URL, or an impossible value.
    """

    def __init__(self, client: object, *, prefix: str = DEFAULT_PREFIX, min_replicas: int = 0) -> None:
        check_kind(prefix, str, "prefix")
        check_kind(min_replicas, int, "min_replicas")
        if min_replicas < 0:
            raise ErrInvalidArgument("min_replicas must be 0 or more", got=min_replicas)
        if min_replicas and isinstance(client, redis.RedisCluster):
            raise ErrInvalidArgument("min_replicas is not to be had of a redis.RedisCluster: WAIT is a node's")
        self._prefix = prefix
        self._min_replicas = min_replicas
        # Keys whose last write too few replicas have, for all that is known; each with a name for that write.
        self._unconfirmed: dict[str, str] = {}
        self._server = _Server(client)

    def load(self, keys: Sequence[str]) -> Snapshot:
        """See :meth:`TickStore.load`."""
        if self._unconfirmed and (doubtful := [key for key in keys if key in self._unconfirmed]):
            self._confirm(doubtful)
        entries: dict[str, Entry] = {}
        now: Instant | None = None
        for first in range(0, len(keys) or 1, _MOST_KEYS):
            some = keys[first : first + _MOST_KEYS]
            answer = self._server.run(_LOAD, [self._key(key) for key in some])
            try:
                came = _read(some, answer, entries)
            except (TypeError, ValueError, AttributeError):
                raise StoreDown("the server does not answer as Redis does") from None
            now = came if now is None else now
        assert now is not None
        return Snapshot(now, entries)

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        """See :meth:`TickStore.compare_and_set`."""
        new = secrets.token_hex(8)
        arguments = (version or "", new, text)
        if not self._min_replicas:
            return bool(self._server.run(_COMPARE_AND_SET, (self._key(key),), *arguments))
        before = self._unconfirmed.get(key)
        try:
            (written,) = self._replicated(_COMPARE_AND_SET, (key,), arguments)
        except StoreDown:
            self._unconfirmed[key] = new
            raise
        if written:
            self._has_confirmed(key, before)
        return written

    def _confirm(self, keys: Sequence[str]) -> None:
        # A claim is granted again without a write where it is found (rule C1): it has to be on the replicas then.
        names = {key: self._unconfirmed.get(key) for key in keys}
        for key, touched in zip(keys, self._replicated(_TOUCH, keys, (secrets.token_hex(8),)), strict=True):
            if touched:
                self._has_confirmed(key, names[key])

    def _has_confirmed(self, key: str, name: str | None) -> None:
        # Another thread's write may have failed meanwhile: that one is in doubt still.
        if name is not None and self._unconfirmed.get(key) == name:
            self._unconfirmed.pop(key, None)

    def _replicated(self, script: str, keys: Sequence[str], arguments: Sequence[object]) -> list[bool]:
        """Run the script on each of the keys, and wait for the replicas. Whether it has written, by key."""

        def work(client: Any) -> list[bool]:
            # WAIT counts what its own connection has written.
            pipe = client.pipeline(transaction=False)
            for key in keys:
                pipe.eval(script, 1, self._key(key), *arguments)
            pipe.wait(self._min_replicas, int(CALL_TIMEOUT * 500))
            *written, replicas = pipe.execute()
            if any(written) and replicas < self._min_replicas:
                raise StoreDown(f"{replicas} of {self._min_replicas} replicas have the write")
            return [bool(each) for each in written]

        return self._server.call(work)

    def _key(self, name: str) -> str:
        return self._prefix + escaped(name)

    def forked(self) -> None:
        """See :meth:`TickStore.forked`. The client finds out by itself."""
        super().forked()
        self._server.forked()

    def close(self) -> None:
        """See :meth:`TickStore.close`. A client of the user's stays open."""
        self._server.close()


@final
class RedisTickLocker(TickLocker):
    """Each tick once among all instances that share a Redis server.

    ::

        locker = RedisTickLocker("redis://localhost:6379/0")
        scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))

    :param client: see :class:`RedisStore`, also for the next two.
    :param on_event: see :class:`~gocron_py.distributed.TickLocker`.
    :param policy: the fields of :class:`~gocron_py.TickPolicy`.
    :raises ErrInvalidArgument: no client and no URL, or an impossible value.
    """

    def __init__(
        self,
        client: object,
        *,
        prefix: str = DEFAULT_PREFIX,
        min_replicas: int = 0,
        on_event: EventCallback | None = None,
        **policy: Unpack[PolicyOverrides],
    ) -> None:
        store = RedisStore(client, prefix=prefix, min_replicas=min_replicas)
        super().__init__(store, on_event=on_event, **policy)


@final
class RedisElector(StoreElector):
    """One leader among the instances that share a Redis server.

    :param client: see :class:`RedisStore`, also for the prefix and ``min_replicas``.
    :param name: of the election.
    :param on_change: called with ``True`` and ``False`` as this instance begins and ceases to lead.
    """

    def __init__(
        self,
        client: object,
        *,
        name: str = "gocron-leader",
        prefix: str = DEFAULT_PREFIX,
        min_replicas: int = 0,
        on_change: LeadershipCallback | None = None,
    ) -> None:
        store = RedisStore(client, prefix=prefix, min_replicas=min_replicas)
        super().__init__(store, name=name, on_change=on_change)


@final
class RedisLocker(MutexLocker):
    """A lock per job, with the keys, values and scripts of redsync: shared with Go instances of the same fleet.

    :param client: a ``redis.Redis`` or a URL.
    :param nodes: instead: several of them, servers that know nothing of each other. The lock is held when more
        than half of them have granted it (Redlock, as redsync does it).
    :param prefix: of the key before the job's name: ``gocron:`` as in gocron's guide; ``""`` for the keys
        of gocron-redis-lock.
    :param ttl: how long the lock outlives a holder that has gone away; it is extended while the task runs.
    :param lock_at_least_for: keep it so long at least; see :class:`~gocron_py.distributed.mutex.MutexLocker`.
    :raises ErrInvalidArgument: neither or both of client and nodes, or an impossible value.
    """

    def __init__(
        self,
        client: object = None,
        *,
        nodes: Sequence[object] | None = None,
        prefix: str = "gocron:",
        ttl: timedelta = timedelta(seconds=30),
        lock_at_least_for: timedelta = timedelta(0),
    ) -> None:
        super().__init__(ttl, lock_at_least_for)
        check_kind(prefix, str, "prefix")
        if (client is None) == (nodes is None):
            raise ErrInvalidArgument("either a client or nodes are needed")
        chosen = [client] if nodes is None else list(nodes)
        if not chosen:
            raise ErrInvalidArgument("nodes must not be empty")
        # Of several, one that hangs must not use up the time that the lock has (redsync's figure), nor the caller's.
        few = min(CALL_TIMEOUT / len(chosen), max(0.05, self._ttl / SECOND * 0.05))
        timeout = CALL_TIMEOUT if len(chosen) == 1 else few
        self._nodes = [_Server(node, timeout) for node in chosen]
        places = [node.place for node in self._nodes]
        if len(set(places)) < len(places):
            raise ErrInvalidArgument("nodes must be servers that know nothing of each other: one is there twice")
        self._prefix = prefix

    def _acquire(self, key: str) -> str:
        token, name, sent = new_token(), self._key(key), elapsed()
        tried: list[_Server] = []

        def set_on(node: _Server) -> bool:
            def work(client: Any) -> bool:
                tried.append(node)
                return bool(client.set(name, token, nx=True, px=self._ttl // 1000))

            return node.call(work)

        granted, failures = self._ask(set_on)
        # Clocks of servers go a little faster or slower (redsync's figure, too).
        is_fresh = elapsed() - sent < self._ttl - self._ttl // 100
        if granted >= self._quorum and is_fresh:
            return token
        answered = len(self._nodes) - len(failures)
        if len(tried) > answered:
            # One that has not answered may have granted it, and nobody would know.
            self._undo_later(key, token)
        elif granted:
            self._ask(lambda node: node.run(_RELEASE, (name,), token) == 1)
        if answered < self._quorum:
            raise failures[0]
        raise TickBusy("the lock is held by another instance" if is_fresh else "the servers took too long")

    def _extend(self, key: str, token: str) -> bool:
        return self._change(lambda node: node.run(_EXTEND, (self._key(key),), token, self._ttl // 1000) == 1)

    def _release(self, key: str, token: str, after: Micros) -> bool:
        if after >= 1000:
            return self._change(lambda node: node.run(_EXTEND, (self._key(key),), token, after // 1000) == 1)
        return self._change(lambda node: node.run(_RELEASE, (self._key(key),), token) == 1)

    def _change(self, work: Callable[[_Server], bool]) -> bool:
        done, failures = self._ask(work)
        if done < self._quorum and failures and done + len(failures) >= self._quorum:
            raise failures[0]
        return done >= self._quorum

    def _ask(self, work: Callable[[_Server], bool]) -> tuple[int, list[LockError]]:
        done, failures = 0, []
        for node in self._nodes:
            try:
                done += work(node)
            except LockError as error:
                failures.append(error)
        return done, failures

    @property
    def _quorum(self) -> int:
        return len(self._nodes) // 2 + 1

    def _key(self, key: str) -> bytes:
        return raw(self._prefix + key)

    def _forked(self) -> None:
        for node in self._nodes:
            node.forked()

    def _disconnect(self) -> None:
        for node in self._nodes:
            node.close()


def _typed(error: Exception) -> LockError:
    if isinstance(error, exceptions.ResponseError) and "WRONGTYPE" in str(error):
        return StoreCorrupt(described(error))
    return StoreDown(described(error))


def _read(keys: Sequence[str], answer: Any, entries: dict[str, Entry]) -> Instant:
    """Put the entries of an answer to ``_LOAD`` where they belong; its time."""
    seconds, micros, *fields = answer
    each = iter(fields)
    for key, version, text in zip(keys, each, each, strict=True):  # of a key one of each, in turns
        if version is not None:
            # What is not UTF-8 is no record either.
            entries[key] = Entry(text.decode(errors="replace"), version)
    return int(seconds) * SECOND + int(micros)
