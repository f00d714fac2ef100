"""A running server of each kind for the whole session; ``conftest.py`` names this module in ``pytest_plugins``.

A test may leave one paused or killed: it is up again after it. The servers' modules are imported where they are
needed: a run without them does not wait for their clients to be imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.peer import program

from . import etcd_build, go_build, kube_build
from .process import Server
from .system import ServerMissing

if TYPE_CHECKING:
    from .etcd import EtcdCluster, EtcdServer, NewestEtcdServer
    from .kube import KubeServer
    from .mariadb import MariaDBServer
    from .postgres import PostgresServer
    from .redis import RedisServer

FIXTURES = {
    "redis_server",
    "etcd_server",
    "newest_etcd_server",
    "etcd_cluster",
    "postgres_server",
    "mariadb_server",
    "kube_server",
    "go_peer",
}
# What is built from source, this once. Of etcd, a Go instance meets the newest.
BUILT = {
    "kube_server": lambda: [kube_build.NAME],
    "newest_etcd_server": lambda: [etcd_build.NAME],
    "go_peer": lambda: [program.name(), etcd_build.NAME],
}
START_TIMEOUT = 120  # seconds for a test that may have to start its server too: the limit of that is 60
BUILD_TIMEOUT = 1800

# Each process of tests has an etcd and an API server, which mostly idle: a tenth of a core where Go's runtime looks for
# work on all of them.
Server.environment = {"GOMAXPROCS": "1", "GOGC": "400"}

_S = TypeVar("_S", bound="Server | EtcdCluster")
_up: list[Server | EtcdCluster] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of a server has more time: it starts it, or even builds it."""
    for item in items:
        # A parametrized test may take them by name.
        callspec = getattr(item, "callspec", None)
        names = [*getattr(item, "fixturenames", ()), *(callspec.params.values() if callspec else ())]
        wanted = {name for name in names if isinstance(name, str)} & FIXTURES
        if wanted:
            item.add_marker("server")
        if not all(go_build.cached(each).exists() for name in wanted & BUILT.keys() for each in BUILT[name]()):
            item.add_marker(pytest.mark.timeout(BUILD_TIMEOUT), append=False)
        elif wanted and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(START_TIMEOUT))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """One failure is not to be the failure of all tests after it."""
    for server in _up:
        server.mend()


def running(server: _S) -> Iterator[_S]:
    """The server, started."""
    with server:
        _up.append(server)
        yield server
        _up.remove(server)


def running_if_there(server: _S) -> Iterator[_S]:
    """For what pip does not bring."""
    try:
        yield from running(server)
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"NOT TESTED WITH A REAL SERVER: {missing}")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis without persistence."""
    from .redis import RedisServer

    yield from running(RedisServer())


@pytest.fixture(scope="session")
def etcd_server() -> Iterator[EtcdServer]:
    """An etcd of one member."""
    from .etcd import EtcdServer

    yield from running(EtcdServer())


@pytest.fixture(scope="session")
def newest_etcd_server(request: pytest.FixtureRequest) -> Iterator[NewestEtcdServer]:
    """An etcd of one member, where there is Go to build it with."""
    from .etcd import NewestEtcdServer

    announce(request, etcd_build.NAME)
    yield from running_if_there(NewestEtcdServer())


@pytest.fixture(scope="session")
def etcd_cluster() -> Iterator[EtcdCluster]:
    """An etcd of three members."""
    from .etcd import EtcdCluster

    yield from running(EtcdCluster())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL with an empty database."""
    from .postgres import PostgresServer

    yield from running(PostgresServer())


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDBServer]:
    """A MariaDB with an empty database."""
    from .mariadb import MariaDBServer

    yield from running_if_there(MariaDBServer())


@pytest.fixture(scope="session")
def kube_server(request: pytest.FixtureRequest) -> Iterator[KubeServer]:
    """An API server of Kubernetes."""
    from .kube import KubeServer

    announce(request, kube_build.NAME)
    yield from running_if_there(KubeServer())


@pytest.fixture(scope="session")
def go_peer(request: pytest.FixtureRequest) -> None:
    """The Go instance of mixed fleets can be started."""
    announce(request, program.name())
    try:
        program.built()
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"NOT TESTED WITH A GO INSTANCE: {missing}")


def announce(request: pytest.FixtureRequest, program: str) -> None:
    """Say what takes so long."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not go_build.cached(program).exists():
        reporter.write_line(f"building {program}, this once: some minutes")
