"""Fleets of real processes on an API server of Kubernetes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fleet_checks import Site
from holder_faults import HolderFaults

from tests import soak
from tests.distributed.kube_tools import Cluster
from tests.servers.kube import KubeServer
from tests.servers.system import HOST

# They take two minutes. What is Kubernetes' own is in the others: holders that are killed and frozen, by leases alone.


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

    @soak.only
    @pytest.mark.timeout(180)
    def test_69_70_72_processes_that_die_are_made_good_and_a_job_that_kills_them_stops(
        self, site: Site, tmp_path: Path
    ) -> None:
        """As its base has it."""
        super().test_69_70_72_processes_that_die_are_made_good_and_a_job_that_kills_them_stops(site, tmp_path)

    @soak.only
    @pytest.mark.timeout(180)
    def test_73_rolling_deploy_loses_no_tick_and_starts_none_twice(self, site: Site, tmp_path: Path) -> None:
        """As its base has it."""
        super().test_73_rolling_deploy_loses_no_tick_and_starts_none_twice(site, tmp_path)

    @soak.only
    @pytest.mark.timeout(180)
    def test_74_partitions_of_one_of_three_also_one_way_let_the_others_go_on(self, site: Site, tmp_path: Path) -> None:
        """As its base has it."""
        super().test_74_partitions_of_one_of_three_also_one_way_let_the_others_go_on(site, tmp_path)
