"""Each server answers its real client, hangs when paused, keeps its data over a crash, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from . import mariadb
from .clients import check_crash, client_of
from .etcd import EtcdCluster
from .fixtures import running_if_there
from .mariadb import MariaDBServer
from .process import Server
from .redis import RedisServer
from .system import HOST, ServerFailed, ServerMissing, free_port, is_alive, wait_until_gone

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parent.parent
FIXTURES = ["redis_server", "etcd_server", "postgres_server", "mariadb_server", "kube_server"]
each_server = pytest.mark.parametrize("fixture", FIXTURES)


@pytest.fixture
def server(fixture: str, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(fixture)


@pytest.fixture
def durable_redis() -> Iterator[RedisServer]:
    with RedisServer(durable=True) as server:
        yield server


@each_server
def test_real_client_is_answered(server: Server) -> None:
    """What the client library puts into a server is what it gets."""
    client = client_of(server)
    client.put("one")
    assert "one" == client.get()
    client.put("two")
    assert "two" == client.get()


@each_server
def test_paused_server_hangs(server: Server) -> None:
    """A paused server answers nothing until it is resumed, and then what it was asked meanwhile."""
    client = client_of(server)
    client.put("before")
    server.pause()
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(client.get)
        try:
            with pytest.raises(TimeoutError):
                answer.result(0.3)
        finally:
            server.resume()
        assert "before" == answer.result(30)


@pytest.mark.parametrize("fixture", FIXTURES[1:])
def test_crash_keeps_data(server: Server) -> None:
    """After a SIGKILL a server comes back with its data at the same address."""
    check_crash(server)


def test_crash_keeps_data_of_durable_redis(durable_redis: RedisServer) -> None:
    """After a SIGKILL a Redis with an append-only file comes back with its data."""
    check_crash(durable_redis)


def test_crash_of_cache(redis_server: RedisServer) -> None:
    """After a SIGKILL a Redis without an append-only file has forgotten everything."""
    client = client_of(redis_server)
    client.put("before")
    redis_server.kill()
    redis_server.restart()
    assert "None" == client.get()


@each_server
def test_restart_of_paused_server(server: Server) -> None:
    """A restart ends a pause."""
    server.pause()
    server.restart()
    server.ping()


@each_server
def test_stop_leaves_nothing(server: Server) -> None:
    """After a stop there is no process, no directory and no port of the server."""
    with type(server)() as other:
        servers = [other, *filter(None, [getattr(other, "etcd", None)])]
        pids = [pid for each in servers for pid in each.pids()]
        homes = [each.home for each in servers]
        assert all(is_alive(each.pids()[0]) for each in servers)
    assert [] == [pid for pid in pids if is_alive(pid)]
    assert [] == [home for home in homes if home.exists()]
    for each in servers:
        with socket.socket() as connection:
            assert connection.connect_ex((HOST, each.port)) != 0


def test_cluster_elects_another_leader(etcd_cluster: EtcdCluster) -> None:
    """Two of three members go on without a leader that crashed, and it catches up when it is back."""
    first = etcd_cluster.leader()
    client_of(first).put("before")
    first.kill()
    second = etcd_cluster.leader()
    assert first is not second
    client_of(second).put("meanwhile")
    first.restart()
    assert ["meanwhile"] * 3 == [client_of(member).get() for member in etcd_cluster.members]


def test_cluster_without_majority(etcd_cluster: EtcdCluster) -> None:
    """One of three members answers nothing, and all of them do when the others are back."""
    alone, paused, dead = etcd_cluster.members
    paused.pause()
    dead.kill()
    with pytest.raises((OSError, TimeoutError)):
        alone.ping()
    etcd_cluster.mend()
    for member in etcd_cluster.members:
        member.wait_until_ready()


@each_server
def test_mended_server_answers(server: Server) -> None:
    """Whatever a test has done to a server, the next one finds it up."""
    server.mend()
    before = server.pids()[0]
    server.pause()
    server.mend()
    server.wait_until_ready()
    assert before == server.pids()[0]
    server.kill()
    server.mend()
    server.ping()


ORPHANS = """
import signal, sys, threading
from servers.postgres import PostgresServer

server = PostgresServer()
thread = threading.Thread(target=server.start)
thread.start()
thread.join()
server.ping()
server.pause()
print(*server.pids(), flush=True)
signal.pause()
"""


def test_killed_parent(tmp_path: Path) -> None:
    """A server that any thread has started dies with its parent, with its children, even if they are all stopped."""
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(TESTS)}
    with subprocess.Popen([sys.executable, "-c", ORPHANS], env=environment, stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdout is not None
            pids = [int(pid) for pid in parent.stdout.readline().split()]
            assert sum(map(is_alive, pids)) > 1
        finally:
            parent.kill()
    wait_until_gone(pids)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_command(end: signal.Signals, tmp_path: Path) -> None:
    """``python -m tests.servers`` prints how to connect, and ends in good order."""
    command = [sys.executable, "-m", "tests.servers", "redis"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=TESTS.parent, env=environment, stdout=subprocess.PIPE, text=True) as person:
        try:
            assert person.stdout is not None
            url = person.stdout.readline()
            assert url.startswith(f"redis://{HOST}:")
            assert "up after" in person.stdout.readline()
            with socket.create_connection((HOST, int(url.rpartition(":")[2].partition("/")[0]))):
                person.send_signal(end)
                assert 0 == person.wait(30)
        finally:
            person.kill()
    assert [] == list(tmp_path.iterdir())


def test_failure_shows_log() -> None:
    """A server that does not come up says why, and leaves nothing."""
    server = RedisServer()
    with socket.create_server((HOST, server.port)), pytest.raises(ServerFailed, match="Address already in use"):
        server.start()
    with pytest.raises(ServerFailed, match="has not been started"):
        server.log()


def test_missing_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is not installed is an error in CI, and else a test that is skipped, with the reason."""
    monkeypatch.setattr(mariadb, "_PATH", "/nowhere")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="Debian: mariadb-server-core"):
        next(running_if_there(MariaDBServer()))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(ServerMissing):
        next(running_if_there(MariaDBServer()))


def test_ports_are_not_those_of_connections() -> None:
    """No connection to elsewhere can take the port of a server that is down."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(free_port() < lowest for _ in range(100))
