"""The circuit breaker of calls to a server, on a clock moved by hand."""

from __future__ import annotations

import pytest

import gocron_py as gocron
from gocron_py.distributed.circuit import Circuit
from gocron_py.instant import SECOND


class Server:
    """It can be read; whether it can be written to is set. Counts the calls that reach it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000 * SECOND
        self.writable = False
        self.reads = self.writes = 0
        monkeypatch.setattr("gocron_py.distributed.circuit.elapsed", lambda: self.now)
        self._circuit = Circuit(lambda error: gocron.StoreDown(str(error)), ("read", "write"))

    def read(self, requests: int = 1) -> bool:
        """Whether it was let through."""

        def work() -> bool:
            self.reads += requests
            return True

        return self._call(work, "read", requests)

    def write(self) -> bool:
        """Whether it was let through and succeeded."""

        def work() -> bool:
            self.writes += 1
            if not self.writable:
                raise OSError("read-only")
            return True

        return self._call(work, "write")

    def rest(self, pause: int) -> None:
        self._circuit.rest(pause)

    def _call(self, work: object, kind: str, requests: int = 1) -> bool:
        try:
            return self._circuit.call(work, kind, requests)  # type: ignore[arg-type]
        except gocron.StoreDown:
            return False


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server(monkeypatch)
    assert not server.write()
    assert not server.write()
    return server


def test_while_one_kind_fails_all_are_slow(server: Server) -> None:
    """Of ten calls a second, half of them of each kind, two reach the server."""
    server.writes = 0
    for _ in range(100):
        server.now += SECOND // 10
        server.read()
        server.write()
    assert 9 <= server.reads <= 10
    assert 9 <= server.writes <= 10


def test_a_call_of_several_requests_takes_several_turns(server: Server) -> None:
    """A look of four requests a second would be four calls a second, else."""
    server.writes = 0
    for _ in range(100):
        server.now += SECOND // 10
        server.read(4)
        server.write()
    assert 8 <= server.reads <= 12
    assert 9 <= server.writes <= 10


def test_but_no_call_waits_for_longer_than_a_failure_is_remembered(server: Server) -> None:
    assert server.read(1000)
    server.now += 5 * SECOND - 1
    server.write()
    assert not server.read(1000)
    server.now += 1
    assert server.read(1000)


def test_reads_are_free_again_when_nobody_writes(server: Server) -> None:
    """Claims that find their ticks taken only read. They do not keep others from finding out that all is well."""
    server.writable = True
    server.read()
    assert not server.read()
    server.now += 6 * SECOND
    assert [True] * 10 == [server.read() for _ in range(10)]
    assert server.write()
    assert [True] * 10 == [server.read() for _ in range(10)]


def test_and_slow_again_when_a_write_has_failed(server: Server) -> None:
    server.now += 6 * SECOND
    assert server.read()
    assert server.read()
    assert not server.write()
    assert [True] + [False] * 9 == [server.read() for _ in range(10)]


def test_all_kinds_are_free_again_after_failures(server: Server) -> None:
    server.writable = True
    server.now += SECOND
    assert server.write()
    assert [True] * 10 == [server.read() and server.write() for _ in range(10)]
    server.writable = False
    assert [False] * 10 == [server.write() for _ in range(10)]
    assert server.writes == 2 + 1 + 10 + 2


def test_a_server_that_asks_for_rest_has_it(server: Server) -> None:
    server.writable = True
    server.now += SECOND
    assert server.write()
    assert server.read()
    server.rest(3 * SECOND)
    assert [False] * 10 == [server.read() for _ in range(10)]
    server.now += 3 * SECOND
    assert [True] * 10 == [server.read() and server.write() for _ in range(10)]
