"""Ticks on a real API server of Kubernetes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from gocron_py.distributed.store import TickStore
from gocron_py.testing.store_kit import StoreKit
from tests.distributed.kube_tools import Cluster, open_store
from tests.servers.kube import KubeServer


@pytest.fixture
def cluster(kube_server: KubeServer) -> Cluster:
    return Cluster(kube_server)


@pytest.mark.slow
class TestKubernetesStore(StoreKit):
    examples = 4

    @pytest.fixture
    def open_store(self, cluster: Cluster) -> Callable[[], TickStore]:
        server = cluster.server
        return partial(open_store, server.url, str(server.ca_file), server.token, cluster.namespace)
