"""Something that stands before the API server, as load balancers and webhooks do, and gives answers of its own."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from .kube import KubeServer
from .system import HOST, ServerMissing


@dataclass(frozen=True)
class Call:
    """What a client asked."""

    method: str
    path: str
    token: str
    at: float = field(default_factory=time.monotonic, compare=False)
    body: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True)
class Answer:
    """What it is answered instead.

    :ivar commits: the API server does what was asked all the same, and its answer is lost.
    :ivar hangs: nothing is answered.
    :ivar drips: the body comes in small pieces, and very slowly.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    commits: bool = False
    hangs: bool = False
    drips: bool = False


Rule = Callable[[Call], Answer | None]


class KubeFront:
    """HTTPS with a certificate of its own; what no rule is for goes to the API server and back.

    :ivar rule: what is answered instead; may be set at any time.
    :ivar calls: all that were made.
    :ivar altered: how many answers were rules'.
    """

    def __init__(self, server: KubeServer, directory: Path) -> None:
        self._server = server
        self.ca_file, key = directory / "front.crt", directory / "front.key"
        if not self.ca_file.exists():
            _make_certificate(self.ca_file, key)
        self.rule: Rule | None = None
        self.calls: list[Call] = []
        self.altered = 0
        self._over = threading.Event()
        self._trusted = ssl.create_default_context(cafile=str(server.ca_file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca_file, key)

        class Handler(_Handler):
            front = self

        class Listener(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Clients go when they have waited enough."""

        self._listener = Listener((HOST, 0), Handler)
        # The handshake is the connection's thread's: one client that is slow with it is not to hold up all.
        self._listener.socket = context.wrap_socket(
            self._listener.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), name="front", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.shutdown()
        self._listener.server_close()

    @property
    def port(self) -> int:
        """Where clients connect to."""
        return int(self._listener.server_address[1])

    def heal(self) -> None:
        """The end of all rules; who hangs is cut off."""
        self.rule = None
        self._over.set()
        self._over = threading.Event()

    def is_over(self, limit: float) -> bool:
        """Whether it is over, or is within so many seconds."""
        return self._over.wait(limit)

    def answer(self, call: Call, headers: Mapping[str, str]) -> Answer | None:
        """For the connections: ``None`` ends one."""
        self.calls.append(call)
        answer = None if self.rule is None else self.rule(call)
        if answer is not None:
            self.altered += 1
        if answer is None or answer.commits:
            real = self._forward(call, headers)
            return real if answer is None else answer
        if answer.hangs:
            self._over.wait(60)
            return None
        return answer

    def _forward(self, call: Call, headers: Mapping[str, str]) -> Answer:
        connection = HTTPSConnection(HOST, self._server.port, timeout=10, context=self._trusted)
        try:
            passed = {name: value for name, value in headers.items() if name.lower() not in ("host", "connection")}
            connection.request(call.method, call.path, call.body, passed)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name in ("Date", "Retry-After")}
            return Answer(answer.status, answer.read(), kept)
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    front: KubeFront
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        token = self.headers.get("Authorization", "").rpartition(" ")[2]
        answer = None
        with suppress(OSError):
            answer = self.front.answer(Call(self.command, self.path, token, body=body), dict(self.headers))
        if answer is None:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        with suppress(OSError):  # clients go when they have waited enough
            for first in range(0, len(answer.body), 1 if answer.drips else 65536):
                self.wfile.write(answer.body[first : first + (1 if answer.drips else 65536)])
                if answer.drips and self.front.is_over(0.3):
                    break

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - as the base class calls them

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def _make_certificate(certificate: Path, key: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        raise ServerMissing("there is no openssl to make a certificate")
    made = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=front",
    ]
    named = ["-addext", f"subjectAltName=IP:{HOST}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([openssl, *made, *named], check=True, capture_output=True)
