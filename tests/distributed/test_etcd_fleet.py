"""Fleets of real processes on etcd."""

from __future__ import annotations

from contextlib import closing

import etcd3  # type: ignore[import-untyped]
import pytest
from fleet_checks import Site
from holder_faults import HolderFaults

from tests.servers.etcd import EtcdServer
from tests.servers.system import HOST


def site_on(server: EtcdServer) -> Site:
    """The server, with nothing in it."""
    with closing(etcd3.client(HOST, server.port, timeout=10)) as client:
        client.delete_prefix("/")
    return Site(
        locker="etcd_fleet:short_lease",
        at=f"etcd://{HOST}:{server.port}",
        through=lambda port: f"etcd://{HOST}:{port}",
        port=server.port,
    )


class TestEtcdFleet(HolderFaults):
    """The checks and the faults of holders, on an etcd that was empty."""

    @pytest.fixture
    def site(self, etcd_server: EtcdServer) -> Site:
        return site_on(etcd_server)
