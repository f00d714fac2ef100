"""Connections to Redis whose waits end with the call they are for. For :mod:`gocron_py.distributed.redis_client`."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable
from functools import cache
from math import inf
from queue import Empty, Full
from ssl import SSLSocket, SSLWantReadError
from time import monotonic
from typing import Any, Final, TypeVar, final

try:
    from redis.exceptions import ResponseError
except ModuleNotFoundError as error:  # pragma: no cover - the tests have it
    raise ModuleNotFoundError("pip install 'gocron_py[redis]'", name=error.name) from error

T = TypeVar("T")

# A wait with so much of its time left has all of it.
_NEARLY_ALL: Final = 0.95

# In seconds; never 0, which would be another mode of sockets.
_SHORTEST: Final = 0.001


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
    """A socket whose waits end with the call. redis-py alone limits each of them, and a call may have many.

    :ivar is_asked: whether something was sent to which no answer was read.
    :ivar can_tell: whether there is a way to see that it is quiet; eventlet takes it away.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.settimeout(inner.gettimeout())
        self.is_asked = False
        self.can_tell = hasattr(select, "poll")
        if self.can_tell:
            self._poll = select.poll()
            self._poll.register(inner, select.POLLIN)

    def is_quiet(self) -> bool:
        """Whether the server has neither sent anything that was not read nor hung up."""
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
        self.is_asked = True
        self._inner.sendall(data)

    def _hurry(self) -> None:
        if not self._limit:  # for a look at what is there
            return
        limit = self._limit
        left = _call.ends - monotonic()
        if left <= self._enough:
            if left <= 0:
                raise TimeoutError("the call's time is over")
            limit = max(left, _SHORTEST)
        if limit != self._set:
            self._set = limit
            self._inner.settimeout(limit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@final
class Free:
    """The connections of a pool that are not in use, last in, first out.

    With one lock, where Python's ``LifoQueue`` has three conditions. Its ``SimpleQueue`` has a faster one, but Python
    3.11's may wait for ever when another thread takes what a waiting one was woken for.

    :param size: there are never more.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._came = threading.Condition(self._lock)
        self._waiting = 0
        self.queue: list[Any] = []

    def get(self, block: bool = True, timeout: float = inf) -> Any:
        """The one that was put last. Where there is none it waits, as long as the call has, and raises ``Empty``."""
        with self._lock:
            if not self.queue:
                self._wait(_left(timeout) if block else 0)
            return self.queue.pop()

    def _wait(self, timeout: float) -> None:
        self._waiting += 1
        try:
            if not self._came.wait_for(lambda: self.queue, timeout):
                raise Empty
        finally:
            self._waiting -= 1

    def put_nowait(self, item: Any) -> None:
        """Raises ``Full`` if it was never taken."""
        with self._lock:
            if len(self.queue) >= self._size:
                raise Full
            self.queue.append(item)
            if self._waiting:
                self._came.notify()


def _left_over(parser: Any) -> Callable[[], object] | None:
    """What tells whether the parser, redis-py's own or hiredis, has anything that it has not given yet."""
    own = getattr(getattr(parser, "_buffer", None), "unread_bytes", None)
    return own or getattr(getattr(parser, "_reader", None), "has_data", None)


_connection: Any = object  # of redis-py


class _Hurried(_connection):  # type: ignore[misc]
    """What is put before a class of connections: waits end with the call, and no answer is that of another one."""

    @property
    def socket_connect_timeout(self) -> float:
        return _left(self._socket_connect_timeout)

    def can_read(self, timeout: float = 0) -> bool:
        # Asked before each command; if it is so, the connection is made anew.
        if self._sock.is_asked:
            return True
        # To find nothing takes redis-py's parser three calls of the system and an exception; with hiredis it takes
        # TLS's own messages for data.
        left_over = _left_over(self._parser)
        if left_over is None or not self._sock.can_tell:
            return bool(super().can_read(timeout))
        return bool(left_over()) or not self._sock.is_quiet()

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        # What was broken off, by whatever, is not read as the answer to something else. A Sentinel's connection would
        # stay as it is.
        try:
            answer = super().read_response(*arguments, **options)
        except ResponseError:
            self._has_answered()
            raise
        except BaseException:
            self.disconnect()
            raise
        self._has_answered()
        return answer

    def _has_answered(self) -> None:
        if self._sock is not None:
            self._sock.is_asked = False

    def _connect(self) -> Any:
        return _Socket(super()._connect())

    def _wrap_socket_with_ssl(self, sock: Any) -> Any:
        sock.settimeout(_left(self.socket_timeout))
        wrapped = super()._wrap_socket_with_ssl(sock)
        wrapped.settimeout(self.socket_timeout)
        return wrapped


@cache
def hurried(kind: Any) -> Any:
    """The class of connections, so that their waits end with the call."""
    return type(f"Hurried{kind.__name__}", (_Hurried, kind), {})
