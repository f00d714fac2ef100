"""The failing network fails as it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .proxy import Fault, Proxy
from .redis import RedisServer
from .system import HOST

pytestmark = pytest.mark.slow


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[Proxy]:
    with Proxy(redis_server.port) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: Proxy) -> Iterator[redis.Redis]:
    retry = Retry(NoBackoff(), 0)
    with closing(redis.Redis(host=HOST, port=proxy.port, socket_timeout=0.5, retry=retry, db=3)) as client:
        client.flushdb()
        yield client


def test_passes_on(client: redis.Redis) -> None:
    """Without a fault it is not there."""
    client.set("a", "x" * 300_000)
    assert "x" * 300_000 == client.get("a").decode()


@pytest.mark.parametrize("fault", [Fault.NO_REPLIES, Fault.NO_REQUESTS, Fault.SILENCE, Fault.REFUSED])
def test_fault_and_healing(fault: Fault, proxy: Proxy, client: redis.Redis) -> None:
    """Calls fail while there is a fault, on connections that were there before, and go on after it."""
    client.ping()
    proxy.fail(fault)
    with pytest.raises((redis.ConnectionError, redis.TimeoutError)):
        client.incr("n")
    proxy.heal()
    was_applied = client.get("n") == b"1"
    assert was_applied == (fault is Fault.NO_REPLIES)


def test_reply_is_lost_after_the_call_was_done(proxy: Proxy, client: redis.Redis) -> None:
    """What was asked was done, the client cannot know, and only once."""
    proxy.lose_reply(to=lambda data: b"INCR" in data)
    client.ping()
    with pytest.raises(redis.ConnectionError):
        client.incr("n")
    proxy.wait_until_lost()
    assert 2 == client.incr("n")


def test_answer_is_rewritten(proxy: Proxy, client: redis.Redis) -> None:
    """What the server says, and not what it is told."""
    proxy.rewrite = lambda data: data.replace(b"true", b"lies")
    client.set("a", "true")
    assert client.get("a") == b"lies"
    proxy.rewrite = bytes
    assert client.get("a") == b"true"


def test_delay(proxy: Proxy, client: redis.Redis) -> None:
    """An answer that takes longer than the client waits for it."""
    proxy.delay = 1.0
    with pytest.raises(redis.TimeoutError):
        client.ping()
    proxy.heal()
    assert client.ping()
