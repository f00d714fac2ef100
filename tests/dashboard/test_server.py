"""The dashboard served alone: where it listens, whom it answers, how it ends."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

import gocron_py as gocron
from gocron_py import dashboard
from gocron_py.dashboard import BasicAuth, DashboardServer
from gocron_py.errors import ErrInvalidArgument
from tests.dashboard.web_kit import allow


def ask(server: DashboardServer, path: str = "/", method: str = "GET", **headers: str) -> tuple[int, bytes]:
    """One request to a server."""
    place = urlsplit(server.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def server(scheduler: gocron.Scheduler) -> Iterator[DashboardServer]:
    """The shop's dashboard on a free port."""
    with dashboard.serve(scheduler, ":0", actions=True, authorize=allow) as server:
        yield server


def test_it_answers(server: DashboardServer) -> None:
    """It listens on the loopback, and knows its address."""
    assert server.url.startswith("http://127.0.0.1:")
    assert ask(server)[0] == 200
    assert repr(server) == f"<DashboardServer {server.url}>"
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "gocron-dashboard"] == [True]


@pytest.mark.parametrize("address", ["localhost:0", "127.0.0.1:0", "[::1]:0"])
def test_loopbacks(scheduler: gocron.Scheduler, address: str) -> None:
    """Each name of the loopback will do, without authorize."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        if "::1" in address:
            pytest.skip("this machine has no IPv6")
    with dashboard.serve(scheduler, address) as server:
        assert ask(server)[0] == 200


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0"])
def test_other_machines_need_authorize(scheduler: gocron.Scheduler, address: str) -> None:
    """What others can reach is refused without authorize, and asks for a password with BasicAuth."""
    with pytest.raises(ErrInvalidArgument, match="that needs authorize"):
        dashboard.serve(scheduler, address)
    if address.startswith("0"):
        with dashboard.serve(scheduler, address, authorize=BasicAuth({"ann": "s3cret"})) as server:
            assert ask(server)[0] == 401
            assert ask(server, Authorization="Basic YW5uOnMzY3JldA==")[0] == 200


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "host:port"), ("8080", "host:port"), ("localhost", "host:port"), ("x:y", "host:port"),
        (":99999", "beyond"), (":-1", "host:port"), ("::1:80", "brackets"), ("no.such.host.invalid:80", "no host"),
        ("a" * 300 + ":80", "no host"), (8080, "address must be"),
    ],
)  # fmt: skip
def test_wrong_addresses(scheduler: gocron.Scheduler, address: Any, said: str) -> None:
    """An address that is none is an error at the call."""
    with pytest.raises(ErrInvalidArgument, match=said):
        dashboard.serve(scheduler, address)


def test_port_that_is_taken(server: DashboardServer, scheduler: gocron.Scheduler) -> None:
    """So is one that somebody else has."""
    with pytest.raises(ErrInvalidArgument, match=r"cannot be served on 127\.0\.0\.1"):
        dashboard.serve(scheduler, server.url[len("http://") : -1])


def test_dns_rebinding(server: DashboardServer) -> None:
    """On the loopback it answers to the loopback's names only, for reading and for changes."""
    port = urlsplit(server.url).port
    evil = f"evil.example:{port}"

    assert ask(server, Host=evil)[0] == 403
    change = {"X_Gocron_Dashboard": "1", "Origin": f"http://{evil}", "Sec_Fetch_Site": "same-origin", "Host": evil}
    assert ask(server, "/api/scheduler/pause", "POST", **change)[0] == 403
    assert ask(server, Host=f"localhost:{port}")[0] == 200


def test_many_at_once_and_a_silent_one(server: DashboardServer) -> None:
    """Clients that say nothing, or hang up in the middle, do not keep others from their answers."""
    place = urlsplit(server.url)
    silent = [socket.create_connection((place.hostname or "", place.port or 0)) for _ in range(8)]
    for connection in silent[:4]:
        connection.sendall(b"GET / HTTP/1.1\r\nHos")
    silent[0].close()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(server, "/api/jobs")[0], range(40)))
    for connection in silent:
        connection.close()

    assert {200} == set(answers)


def test_garbage(server: DashboardServer) -> None:
    """What is no HTTP is answered or hung up on, and the next request is answered."""
    place = urlsplit(server.url)
    for garbage in (b"\0\xff\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"a" * 70000 + b" HTTP/1.0\r\n\r\n"):
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=30) as connection:
            connection.sendall(garbage)
            try:
                while connection.recv(65536):
                    pass
            except ConnectionResetError:
                pass

    assert ask(server)[0] == 200


def test_close(scheduler: gocron.Scheduler) -> None:
    """After close nobody listens, and the thread is gone."""
    server = dashboard.serve(scheduler, ":0")
    server.close()

    with pytest.raises(ConnectionRefusedError):
        ask(server)
    assert "gocron-dashboard" not in [thread.name for thread in threading.enumerate()]
