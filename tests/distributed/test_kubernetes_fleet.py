"""Fleets of real processes on an API server of Kubernetes."""

from __future__ import annotations

import json

import pytest
from fleet_checks import Site
from holder_faults import HolderFaults

from tests.distributed.kube_tools import Cluster
from tests.servers.kube import KubeServer
from tests.servers.system import HOST


class TestKubernetesFleet(HolderFaults):
    @pytest.fixture
    def site(self, kube_server: KubeServer) -> Site:
        cluster = Cluster(kube_server)

        def through(port: int) -> str:
            return json.dumps(
                [f"https://{HOST}:{port}", str(kube_server.ca_file), kube_server.token, cluster.namespace]
            )

        return Site(
            locker="tests.distributed.kube_fleet:tick_locker",
            at=through(kube_server.port),
            through=through,
            port=kube_server.port,
            poll=1,
            jobs="fleet_jobs:TEN_SECONDS",
        )
