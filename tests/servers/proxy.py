"""A network that fails: between a client and a server, on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Self

from .system import HOST

_CHUNK = 1 << 16


class Fault(Enum):
    """What is wrong with the network now."""

    NONE = auto()
    """All goes through, after ``delay`` seconds."""
    NO_REPLIES = auto()
    """The server hears and does; its answers are lost. One way of a one-way partition."""
    NO_REQUESTS = auto()
    """What clients say is lost; what the server has to say arrives. The other way."""
    SILENCE = auto()
    """Nothing goes through, and no connection ends: half-open."""
    REFUSED = auto()
    """Connections are cut, and new ones end at once."""


class Proxy:
    """Listens on a port of its own, and talks to a server's.

    Faults are set at any time, and hold for connections that are there already. What is swallowed is lost, as on a
    connection that is cut before the sender has repeated it: a healed network does not bring it.

    :ivar delay: seconds that each piece of an answer takes.
    :ivar rewrite: what becomes of each piece of an answer.
    :ivar connections: how many there were. Of calls that open one each, how many calls.
    :ivar swallowed: how many pieces were lost.
    """

    def __init__(self, port: int) -> None:
        self._server = port
        self._fault = Fault.NONE
        self._matched: Callable[[bytes], bool] | None = None
        self._lock = threading.Condition()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._listener = socket.create_server((HOST, 0))
        self._closed = False
        self.delay = 0.0
        self.rewrite: Callable[[bytes], bytes] = bytes
        self.connections = 0
        self.requests = 0
        self.swallowed = 0
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def port(self) -> int:
        """Where clients connect to."""
        port: int = self._listener.getsockname()[1]
        return port

    def fail(self, fault: Fault) -> None:
        """From now on."""
        with self._lock:
            self._fault = fault
            pairs = list(self._pairs) if fault is Fault.REFUSED else []
        for pair in pairs:
            self._end(pair)

    def heal(self) -> None:
        """All is well, but for connections over which something was lost: those are cut, as TCP would in the end."""
        with self._lock:
            lossy = self._fault in (Fault.NO_REPLIES, Fault.NO_REQUESTS, Fault.SILENCE)
            self._fault, self._matched, self.delay = Fault.NONE, None, 0.0
            pairs = list(self._pairs) if lossy else []
        for pair in pairs:
            self._end(pair)

    def lose_reply(self, to: Callable[[bytes], bool] = bool) -> None:
        """Once: forward the next request of which *to* is true, and lose what the server answers, then cut."""
        with self._lock:
            self._matched = to

    def wait_until_lost(self, limit: float = 30.0) -> None:
        """Until the reply of ``lose_reply`` is lost."""
        with self._lock:
            assert self._lock.wait_for(lambda: self._matched is None, limit), "no such request came"

    def cut(self) -> None:
        """End all connections; new ones are as before."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            self._end(pair)

    def close(self) -> None:
        """The end of it."""
        self._closed = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    # -- threads -----------------------------------------------------------------------------------

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self._fault is Fault.REFUSED:
                client.close()
                continue
            try:
                server = socket.create_connection((HOST, self._server), timeout=10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for end in client, server:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Connection(self, client, server).start()

    def _end(self, pair: tuple[socket.socket, socket.socket]) -> None:
        """Its threads find out; the last one closes the sockets.

        Not here: a thread may be about to read from one, whose number could be another connection's by then.
        """
        with self._lock:
            if pair in self._pairs:
                self._pairs.discard(pair)
                for end in pair:
                    with suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)


class _Connection:
    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._pair = client, server
        self._is_doomed = False
        self._pumps = 2

    def start(self) -> None:
        with self._proxy._lock:
            self._proxy._pairs.add(self._pair)
        client, server = self._pair
        for name, source, sink, passes in (
            ("requests", client, server, self._request),
            ("replies", server, client, self._reply),
        ):
            threading.Thread(target=self._pump, args=(source, sink, passes), name=f"proxy-{name}", daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, passes: Callable[[bytes], bool]) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if passes(data):
                    sink.sendall(self._proxy.rewrite(data) if source is self._pair[1] else data)
                else:
                    self._proxy.swallowed += 1
        self._proxy._end(self._pair)
        with self._proxy._lock:
            self._pumps -= 1
            if not self._pumps:
                for end in self._pair:
                    end.close()

    def _request(self, data: bytes) -> bool:
        proxy = self._proxy
        with proxy._lock:
            proxy.requests += 1
            if proxy._matched is not None and not self._is_doomed and proxy._matched(data):
                self._is_doomed = True
        return proxy._fault not in (Fault.NO_REQUESTS, Fault.SILENCE)

    def _reply(self, data: bytes) -> bool:
        proxy = self._proxy
        if self._is_doomed:
            with proxy._lock:
                proxy.swallowed += 1
                proxy._matched = None
                proxy._lock.notify_all()
            raise ConnectionResetError  # _pump ends both sides
        if proxy.delay:
            threading.Event().wait(proxy.delay)
        return proxy._fault not in (Fault.NO_REPLIES, Fault.SILENCE)
