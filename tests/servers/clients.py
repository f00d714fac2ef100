"""Keeps a text in a server, by means of the client library that its users have."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

from .process import Server
from .system import HOST


class Client(NamedTuple):
    """Each call is a connection of its own."""

    put: Callable[[str], None]
    get: Callable[[], str]


def _redis(server: Any) -> Client:
    import redis

    def put(text: str) -> None:
        with redis.Redis.from_url(server.url) as client:
            client.set("key", text)

    def get() -> str:
        with redis.Redis.from_url(server.url, decode_responses=True) as client:
            return str(client.get("key"))

    return Client(put, get)


def _etcd(server: Any) -> Client:
    import etcd3  # type: ignore[import-untyped]

    def connected() -> Any:
        endpoint = etcd3.Endpoint(HOST, server.port, secure=False, time_retry=0)
        return closing(etcd3.MultiEndpointEtcd3Client([endpoint], timeout=20))

    def put(text: str) -> None:
        with connected() as client:
            client.put("key", text)

    def get() -> str:
        with connected() as client:
            return str(client.get("key")[0].decode())

    return Client(put, get)


def _sql(server: Any) -> Client:
    from sqlalchemy import NullPool, create_engine, text

    engine = create_engine(server.url, poolclass=NullPool)

    def put(value: str) -> None:
        with engine.begin() as connection:
            connection.execute(text("create table if not exists texts (value varchar(100))"))
            connection.execute(text("delete from texts"))
            connection.execute(text("insert into texts values (:value)"), {"value": value})

    def get() -> str:
        with engine.connect() as connection:
            return str(connection.execute(text("select value from texts")).scalar_one())

    return Client(put, get)


def _kubernetes(server: Any) -> Client:
    from kubernetes.client import (
        ApiClient,
        ApiException,
        Configuration,
        CoordinationV1Api,
        V1Lease,
        V1LeaseSpec,
        V1ObjectMeta,
    )

    configuration = Configuration(host=server.url, ssl_ca_cert=str(server.ca_file))
    configuration.api_key = {"authorization": f"Bearer {server.token}"}

    def put(text: str) -> None:
        body = V1Lease(metadata=V1ObjectMeta(name="key"), spec=V1LeaseSpec(holder_identity=text))
        with ApiClient(configuration) as client:
            leases = CoordinationV1Api(client)
            try:
                leases.create_namespaced_lease("default", body)
            except ApiException as error:
                if error.status != 409:  # it is there
                    raise
                leases.patch_namespaced_lease("key", "default", body)

    def get() -> str:
        with ApiClient(configuration) as client:
            lease = CoordinationV1Api(client).read_namespaced_lease("key", "default")
            return str(lease.spec and lease.spec.holder_identity)

    return Client(put, get)


_KINDS = {"redis": _redis, "etcd": _etcd, "postgres": _sql, "mariadb": _sql, "kubernetes": _kubernetes}


def client_of(server: Any) -> Client:
    """The one for its kind."""
    return _KINDS[server.name](server)


def check_crash(server: Server) -> None:
    """A SIGKILL, and what was kept is there when it is up again, on the same port."""
    client = client_of(server)
    client.put("before")
    before = server.pids(), server.url
    server.kill()
    with socket.socket() as connection:
        assert connection.connect_ex((HOST, server.port)) != 0
    server.restart()
    assert "before" == client.get()
    assert before[1] == server.url
    assert not set(before[0]) & set(server.pids())
