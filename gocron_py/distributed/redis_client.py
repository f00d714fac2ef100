"""Clients of Redis whose calls are bounded and made once. For :mod:`gocron_py.distributed.redis`."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

try:
    import redis
    from redis import exceptions
    from redis.backoff import NoBackoff
    from redis.retry import Retry
    from redis.sentinel import SentinelConnectionPool
except ModuleNotFoundError as error:  # pragma: no cover - the tests have it
    raise ModuleNotFoundError("pip install 'gocron_py[redis]'", name=error.name) from error

from gocron_py.errors import ErrInvalidArgument

_MOST_CONNECTIONS: Final = 50


def bounded(client: object, timeout: float) -> Any:
    """The client whose calls take *timeout* seconds at most and are made once; a cluster's as it is.

    :raises ErrInvalidArgument: neither a client nor a URL of Redis.
    """
    if isinstance(client, str):
        client = _client_at(client)
    if isinstance(client, redis.Redis):
        return _copied(client.connection_pool, timeout)
    if isinstance(client, redis.RedisCluster):
        return client
    raise ErrInvalidArgument("client must be a redis.Redis, a redis.RedisCluster or a URL", got=type(client).__name__)


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


def _copied(pool: Any, timeout: float) -> Any:
    settings: dict[str, Any] = {
        **pool.connection_kwargs,
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_error": [],
        "retry_on_timeout": False,
        "decode_responses": False,
    }
    kind: Any  # redis-py's annotations are not whole
    if isinstance(pool, SentinelConnectionPool):
        kind = SentinelConnectionPool
        del settings["connection_pool"]  # it is told to ask the new one who is the master
        settings |= {"connection_class": pool.connection_class, "is_master": pool.is_master}
        return redis.Redis.from_pool(kind(pool.service_name, pool.sentinel_manager, **settings))
    # One that lets callers wait: many jobs may be due at one moment.
    kind = redis.BlockingConnectionPool
    most = min(pool.max_connections, _MOST_CONNECTIONS)
    return redis.Redis.from_pool(kind(most, timeout, pool.connection_class, **settings))
