"""The dashboard served alone: by the standard library's server, on a thread of its own."""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
from collections.abc import Collection
from datetime import timedelta
from socketserver import ThreadingMixIn
from types import TracebackType
from typing import Any, Final, final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from gocron_py.dashboard.application import Dashboard, app
from gocron_py.dashboard.security import LOOPBACK_HOSTS, Authorize
from gocron_py.errors import ErrInvalidArgument, check_kind
from gocron_py.scheduler import Scheduler

_log = logging.getLogger("gocron_py")

# A client that says nothing for so long, in seconds, is hung up on.
_PATIENCE: Final = 10
# So many requests are answered at once; others wait.
_MOST_AT_ONCE: Final = 32


class _Handler(WSGIRequestHandler):
    timeout = _PATIENCE

    def log_message(self, format: str, *args: Any) -> None:
        _log.debug("gocron: dashboard: %s", repr(format % args)[1:-1])

    def address_string(self) -> str:
        return str(self.client_address[0])

    def version_string(self) -> str:
        return "gocron_py"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, host: str, port: int, family: socket.AddressFamily) -> None:
        self.address_family = family
        self._places = threading.BoundedSemaphore(_MOST_AT_ONCE)
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        # As in the base class, which asks the DNS for its own name first.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._places.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        _log.debug("gocron: dashboard: a connection broke", exc_info=True)


@final
class DashboardServer:
    """A dashboard that is being served, by :func:`serve`. As a context manager it is closed at the end."""

    def __init__(self, application: Dashboard, host: str, port: int, family: socket.AddressFamily) -> None:
        try:
            self._server = _Server(host, port, family)
        except OSError as error:
            raise ErrInvalidArgument(f"the dashboard cannot be served on {host}:{port}: {error.strerror}") from error
        self._server.set_app(application)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name="gocron-dashboard", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        host = self._server.server_name
        return f"http://{f'[{host}]' if ':' in host else host}:{self._server.server_port}/"

    def close(self) -> None:
        """Answer no more requests."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def __enter__(self) -> DashboardServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<DashboardServer {self.url}>"


def serve(
    scheduler: Scheduler,
    address: str = "127.0.0.1:8080",
    *,
    title: str = "gocron",
    actions: bool = False,
    authorize: Authorize | None = None,
    hosts: Collection[str] | None = None,
    late_after: timedelta = timedelta(seconds=10),
) -> DashboardServer:
    """Serve the dashboard of *scheduler* from a thread of this process, until it is closed. Not in Go.

    :param address: ``host:port``; without a host the loopback, so that only this machine sees it; port 0 is any
        that is free. Any other host needs *authorize*, such as :class:`BasicAuth`.
    :param title: as for :func:`app`, like *actions*, *authorize* and *late_after*.
    :param hosts: as for :func:`app`. On the loopback the default is ``localhost`` and its addresses.
    :raises ErrInvalidArgument: what :func:`app` refuses; an address that is none, that cannot be had, or that
        others can reach without *authorize*.
    """
    check_kind(address, str, "address")
    host, port = split_address(address)
    family, resolved = _resolve(host, port)
    is_private = ipaddress.ip_address(resolved.partition("%")[0]).is_loopback
    if not is_private and authorize is None:
        raise ErrInvalidArgument(
            f"{host} can be reached from other machines: that needs authorize, such as BasicAuth", got=address
        )
    if hosts is None and is_private:
        hosts = LOOPBACK_HOSTS | {host, resolved}
    application = app(scheduler, title=title, actions=actions, authorize=authorize, hosts=hosts, late_after=late_after)
    return DashboardServer(application, resolved, port, family)


def split_address(address: str) -> tuple[str, int]:
    """The host and the port of ``host:port``; without a host the loopback.

    :raises ErrInvalidArgument: it is none.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit():
        raise ErrInvalidArgument("an address is host:port, or :port", got=address)
    if len(port) > 5 or int(port) > 65535:
        raise ErrInvalidArgument(f"port {port:.20} is beyond 65535, the last one", got=address)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ErrInvalidArgument("an IPv6 address stands in brackets: [::1]:8080", got=address)
    return host or "127.0.0.1", int(port)


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise ErrInvalidArgument("the address has no host that is known", got=host) from None
    # localhost may be both; IPv4 is what most people type.
    family, _, _, _, resolved = min(found, key=lambda each: each[0] != socket.AF_INET)
    return family, str(resolved[0])
