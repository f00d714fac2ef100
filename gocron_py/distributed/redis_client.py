"""Clients of Redis whose calls are bounded and made once. For :mod:`gocron_py.distributed.redis`."""

from __future__ import annotations

import re
import select
import threading
from collections.abc import Callable
from copy import copy
from functools import cache
from math import inf
from queue import Full, SimpleQueue
from ssl import SSLSocket, SSLWantReadError
from time import monotonic
from typing import Any, Final, TypeVar, final
from urllib.parse import urlsplit

try:
    import redis
    from redis import exceptions
    from redis.backoff import NoBackoff
    from redis.cluster import ClusterNode
    from redis.retry import Retry
    from redis.sentinel import SentinelConnectionPool
except ModuleNotFoundError as error:  # pragma: no cover - the tests have it
    raise ModuleNotFoundError("pip install 'gocron_py[redis]'", name=error.name) from error

from gocron_py.errors import ErrInvalidArgument

T = TypeVar("T")

_MOST_CONNECTIONS: Final = 50

# A wait with so much of its time left has all of it.
_NEARLY_ALL: Final = 0.95

# In seconds; never 0, which would be another mode of sockets.
_SHORTEST: Final = 0.001

_OF_MAINTENANCE: Final = ("maint", "oss_cluster_maint", "orig_")


def bounded(client: object, timeout: float) -> Any:
    """A client of the same server, or cluster, that makes each call once.

    No wait of it is longer than *timeout* seconds, and none outlasts the call (see :func:`in_time`) that it is for.

    :raises ErrInvalidArgument: neither a client nor a URL of Redis.
    """
    if isinstance(client, str):
        client = _client_at(client)
    if isinstance(client, redis.Redis):
        return _copied(client.connection_pool, timeout)
    if isinstance(client, redis.RedisCluster):
        return _Cluster(client, timeout)
    raise ErrInvalidArgument("client must be a redis.Redis, a redis.RedisCluster or a URL", got=type(client).__name__)


def close(client: Any) -> None:
    """The end of a client that :func:`bounded` has made."""
    client.close()
    if isinstance(client, redis.Redis) and isinstance(client.connection_pool, SentinelConnectionPool):
        for watcher in client.connection_pool.sentinel_manager.sentinels:
            watcher.close()


def forked(client: Any) -> None:
    """It is used in a forked child now. Those of one server find that out by themselves."""
    if isinstance(client, _Cluster):
        client.forked()


def in_time(timeout: float, call: Callable[[Any], T], client: Any) -> T:
    """Do the *call*, within *timeout* seconds: for the connection, the login and all answers together."""
    _call.ends = monotonic() + timeout
    try:
        return call(client)
    finally:
        _call.ends = inf


class _Call(threading.local):
    """What this thread is at, and when it has to be over, in seconds as sockets count them."""

    ends: float = inf


_call = _Call()


def _left(limit: float) -> float:
    """For one wait, in seconds."""
    return max(min(limit, _call.ends - monotonic()), _SHORTEST)


@final
class _Socket:
    """A socket whose waits end with the call. redis-py alone limits each of them, and a call may have many."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.settimeout(inner.gettimeout())
        self._poll = select.poll()
        self._poll.register(inner, select.POLLIN)

    def is_quiet(self) -> bool:
        """Whether the server has neither sent anything that was not read nor hung up. Else it is not to be used."""
        is_secure = isinstance(self._inner, SSLSocket)
        if not self._poll.poll(0):
            return not (is_secure and self._inner.pending())
        return is_secure and self._has_no_data()

    def _has_no_data(self) -> bool:
        # What is there may be TLS's own, as the session tickets that come after the handshake.
        self._inner.settimeout(0)
        try:
            self._inner.recv(1)
        except SSLWantReadError:
            return True
        except OSError:
            pass
        finally:
            self._inner.settimeout(self._set)
        return False

    def settimeout(self, limit: float | None) -> None:
        self._limit = self._set = limit
        # Each change is a call of the system.
        self._enough = (limit or 0) * _NEARLY_ALL
        self._inner.settimeout(limit)

    def recv(self, size: int, *flags: int) -> bytes:
        self._hurry()
        data: bytes = self._inner.recv(size, *flags)
        return data

    def recv_into(self, buffer: Any) -> int:  # what hiredis calls
        self._hurry()
        size: int = self._inner.recv_into(buffer)
        return size

    def sendall(self, data: Any) -> None:
        self._hurry()
        self._inner.sendall(data)

    def _hurry(self) -> None:
        if not self._limit:  # for a look at what is there
            return
        left = _call.ends - monotonic()
        limit = self._limit if left > self._enough else max(left, _SHORTEST)
        if limit != self._set:
            self._set = limit
            self._inner.settimeout(limit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@final
class _Free:
    """The connections of a pool that are not in use, last in, first out. Python's ``LifoQueue`` has three locks.

    :param size: there are never more.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._tokens: SimpleQueue[None] = SimpleQueue()  # for each one, put after it
        self.queue: list[Any] = []

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """The one that was put last; waits for one, or raises ``Empty``."""
        self._tokens.get(block, timeout)
        return self.queue.pop()

    def put_nowait(self, item: Any) -> None:
        """Raises ``Full`` if it was never taken."""
        if len(self.queue) >= self._size:
            raise Full
        self.queue.append(item)
        self._tokens.put(None)


def _left_over(parser: Any) -> Callable[[], object] | None:
    """What tells whether the parser, redis-py's own or hiredis, has anything that it has not given yet."""
    own = getattr(getattr(parser, "_buffer", None), "unread_bytes", None)
    return own or getattr(getattr(parser, "_reader", None), "has_data", None)


@cache
def _hurried(kind: Any) -> Any:
    """The class of connections, with sockets whose waits end with the call."""

    class Hurried(kind):  # type: ignore[misc]
        @property
        def socket_connect_timeout(self) -> float:
            return _left(self._socket_connect_timeout)

        def can_read(self, timeout: float = 0) -> bool:
            # Asked before each command. To find nothing takes redis-py's parser three calls of the system and an
            # exception; with hiredis it takes TLS's own messages for data.
            left_over = _left_over(self._parser)
            return bool(super().can_read(timeout) if left_over is None else left_over() or not self._sock.is_quiet())

        def _connect(self) -> Any:
            return _Socket(super()._connect())

        def _wrap_socket_with_ssl(self, sock: Any) -> Any:
            sock.settimeout(_left(self.socket_timeout))
            wrapped = super()._wrap_socket_with_ssl(sock)
            wrapped.settimeout(self.socket_timeout)
            return wrapped

    return Hurried


def _client_at(url: str) -> redis.Redis:
    try:
        client = redis.Redis.from_url(url)
        is_number = url.startswith("unix:") or re.fullmatch("/?[0-9]*", urlsplit(url).path) is not None
    except ValueError:  # its text may have a part of the password in it
        raise ErrInvalidArgument("not a URL of Redis: redis://, rediss:// or unix:// and a host") from None
    if not is_number:  # redis-py would take database 0
        raise ErrInvalidArgument("a URL of Redis ends with the number of a database, as in redis://host:6379/0")
    try:
        client.connection_pool.make_connection()  # connects to nothing yet
    except (TypeError, ValueError, exceptions.RedisError):
        raise ErrInvalidArgument("the URL of Redis has an option that redis-py does not take") from None
    return client


def _settings(pool: Any, timeout: float) -> dict[str, Any]:
    """Those of the pool's connections, without retries, and without all that a new connection need not say."""
    # Of the server's maintenance, which the newer protocol tells of, it would make the time limits longer.
    theirs = {key: value for key, value in pool.connection_kwargs.items() if not key.startswith(_OF_MAINTENANCE)}
    return {
        **theirs,
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": _once(),
        "retry_on_error": [],
        "retry_on_timeout": False,
        "decode_responses": False,
        "protocol": 2,
        "driver_info": None,
    }


def _once() -> Retry:
    return Retry(NoBackoff(), 0)


def _copied(pool: Any, timeout: float) -> Any:
    settings = _settings(pool, timeout)
    kind: Any  # redis-py's annotations are not whole
    if isinstance(pool, SentinelConnectionPool):
        kind = SentinelConnectionPool
        del settings["connection_pool"]  # it is told to ask the new one who is the master
        settings |= {"connection_class": _hurried(pool.connection_class), "is_master": pool.is_master}
        return redis.Redis.from_pool(kind(pool.service_name, _watchers(pool.sentinel_manager, timeout), **settings))
    # One that lets callers wait: many jobs may be due at one moment.
    kind = redis.BlockingConnectionPool
    most = min(pool.max_connections, _MOST_CONNECTIONS)
    return redis.Redis.from_pool(kind(most, timeout, _hurried(pool.connection_class), _Free, **settings))


def _watchers(sentinel: Any, timeout: float) -> Any:
    """A Sentinel of which all servers but one may hang: there is time yet to ask that one, and the master."""
    own = copy(sentinel)
    each = timeout / (len(sentinel.sentinels) + 1)
    own.sentinels = [_copied(client.connection_pool, each) for client in sentinel.sentinels]
    return own


@final
class _Cluster:
    """A client of the same cluster. It is made at its first call: to make one is to ask the cluster."""

    def __init__(self, given: Any, timeout: float) -> None:
        nodes = given.nodes_manager
        self._addresses = [(node.host, node.port) for node in tuple(nodes.startup_nodes.values())]
        pool = given.get_nodes()[0].redis_connection.connection_pool
        # After a node that hangs there is time yet to ask another one who is in its place.
        settings = _settings(pool, timeout / 2)
        for name in "host", "port", "db", "retry":  # they are the cluster's, not its nodes'
            settings.pop(name, None)
        self._settings = settings | {
            "connection_class": _hurried(pool.connection_class),
            "redis_connect_func": given.user_on_connect_func,
            "require_full_coverage": nodes._require_full_coverage,
            "dynamic_startup_nodes": nodes._dynamic_startup_nodes,
            "address_remap": nodes.address_remap,
        }
        self._lock = threading.Lock()
        self._own: Any = None
        self._parents: Any = None

    def forked(self) -> None:
        """As new. The parent's client is kept: locks of it may be held for ever, and its end would wait for them."""
        self._lock = threading.Lock()
        self._parents, self._own = self._own, None

    def __getattr__(self, name: str) -> Any:
        """A call, as the client has it."""
        with self._lock:
            if self._own is None:
                self._own = self._made()
        return getattr(self._own, name)

    def _made(self) -> Any:
        kind: Any = redis.RedisCluster
        node: Any = ClusterNode
        (host, port), *others = self._addresses
        # Only of a URL it makes connections of the class that it is told.
        url = f"redis://[{host}]:{port}" if ":" in host else f"redis://{host}:{port}"
        return kind(url=url, startup_nodes=[node(*each) for each in others], retry=_once(), **self._settings)

    def close(self) -> None:
        if self._own is not None:
            self._own.close()
