"""Clients of Redis whose calls are bounded and made once. For :mod:`gocron_py.distributed.redis`."""

from __future__ import annotations

import os
import re
import threading
from copy import copy
from typing import Any, Final, final
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

from gocron_py.distributed.redis_connection import Free, hurried
from gocron_py.errors import ErrInvalidArgument

_MOST_CONNECTIONS: Final = 50

_OF_MAINTENANCE: Final = ("maint", "oss_cluster_maint", "orig_")


def bounded(client: object, timeout: float) -> Any:
    """A client of the same server, or cluster, that makes each call once.

    No wait of it is longer than *timeout* seconds, and none outlasts the call that it is for (see
    :func:`.redis_connection.in_time`).

    :raises ErrInvalidArgument: neither a client nor a URL of Redis.
    """
    if isinstance(client, str):
        client = _client_at(client)
    if isinstance(client, redis.Redis):
        return _copied(client.connection_pool, timeout)
    if isinstance(client, redis.RedisCluster):
        return _Cluster(client, timeout)
    kind = f"{type(client).__module__}.{type(client).__qualname__}"  # redis.asyncio's has the same name
    raise ErrInvalidArgument("client must be a redis.Redis, a redis.RedisCluster (not asynchronous) or a URL", got=kind)


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


def _client_at(url: str) -> redis.Redis:
    try:
        client = redis.Redis.from_url(url)
        is_number = url.startswith("unix:") or re.fullmatch("/?[0-9]*", urlsplit(url).path) is not None
    except ValueError as error:  # its text may have a part of the password in it
        if found := re.match(r"Invalid value for '(\w{1,40})' in connection URL", str(error)):
            raise ErrInvalidArgument(f"the URL of Redis has an impossible value of {found[1]}") from None
        raise ErrInvalidArgument("not a URL of Redis: redis://, rediss:// or unix:// and a host") from None
    if not is_number:  # redis-py would take database 0
        raise ErrInvalidArgument("a URL of Redis ends with the number of a database, as in redis://host:6379/0")
    try:
        client.connection_pool.make_connection()  # connects to nothing yet
    except (TypeError, ValueError, exceptions.RedisError) as error:
        raise ErrInvalidArgument(
            f"the URL of Redis has an option that redis-py does not take{_named(error, url)}"
        ) from None
    for option in "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile":
        if not os.path.exists(client.connection_pool.connection_kwargs.get(option) or os.curdir):
            raise ErrInvalidArgument(f"the URL of Redis: there is no such file or directory as {option} says")
    return client


def _named(error: Exception, url: str) -> str:
    """The option that Python says is not known. Of other texts nothing: a value may be a password."""
    found = re.search(r"unexpected keyword argument '(\w{1,40})'", str(error))
    is_password = "@" in urlsplit(url).query  # a question mark in it was not percent-encoded
    return f": {found[1]}" if found and not is_password else ""


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
        settings |= {"connection_class": hurried(pool.connection_class), "is_master": pool.is_master}
        return redis.Redis.from_pool(kind(pool.service_name, _watchers(pool.sentinel_manager, timeout), **settings))
    # One that lets callers wait: many jobs may be due at one moment.
    kind = redis.BlockingConnectionPool
    most = min(pool.max_connections, _MOST_CONNECTIONS)
    return redis.Redis.from_pool(kind(most, timeout, hurried(pool.connection_class), Free, **settings))


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
            "connection_class": hurried(pool.connection_class),
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
