"""What tests with Kubernetes share: clients of the real API server, and a namespace for each test."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from kubernetes.client import ApiClient, ApiException, Configuration

from gocron_py.distributed.kubernetes import KubernetesStore
from tests.servers.kube import KubeServer

_GROUP = "coordination.k8s.io", "v1"
_numbers = itertools.count()


def until(is_so: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for something, and fail if it does not come."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.01)


def client_at(url: str, ca_file: str, token: str) -> ApiClient:
    """A user's client."""
    configuration = Configuration(host=url, ssl_ca_cert=ca_file)
    configuration.api_key = {"authorization": f"Bearer {token}"}
    return ApiClient(configuration)


def open_store(url: str, ca_file: str, token: str, namespace: str) -> KubernetesStore:
    """To be pickled, with what it needs."""
    return KubernetesStore(client_at(url, ca_file, token), namespace=namespace)


class Cluster:
    """The server, and a namespace of its own, in the eyes of an administrator."""

    def __init__(self, server: KubeServer) -> None:
        # Here, as it takes seconds: the processes of fleets do without.
        from kubernetes.client import CoreV1Api, CustomObjectsApi

        self.server = server
        self.namespace = f"test-{os.getpid()}-{next(_numbers)}"
        self.admin = self.client()
        CoreV1Api(self.admin).create_namespace({"metadata": {"name": self.namespace}})
        self._objects = CustomObjectsApi(self.admin)

    def client(self, port: int | None = None, token: str = "", ca_file: object = None) -> ApiClient:
        """A new one; of another port, where something lies between."""
        url = self.server.url if port is None else f"https://127.0.0.1:{port}"
        return client_at(url, str(ca_file or self.server.ca_file), token or self.server.token)

    def lease(self, name: str = "gocron-leader") -> dict[str, Any] | None:
        """As it is now."""
        try:
            lease: dict[str, Any] = self._objects.get_namespaced_custom_object(*_GROUP, self.namespace, "leases", name)
        except ApiException as error:
            if error.status == 404:
                return None
            raise
        return lease

    def spec(self, name: str = "gocron-leader") -> dict[str, Any]:
        """What is in it."""
        lease = self.lease(name)
        assert lease is not None
        spec: dict[str, Any] = lease.get("spec", {})
        return spec

    def put(self, spec: Mapping[str, object], name: str = "gocron-leader", **metadata: object) -> None:
        """Make it so, whatever it is now."""
        lease = self.lease(name) or {"metadata": {"name": name}}
        body = {"apiVersion": "/".join(_GROUP), "kind": "Lease", "spec": spec}
        body["metadata"] = {**lease["metadata"], **metadata}
        if "resourceVersion" in lease["metadata"]:
            self._objects.replace_namespaced_custom_object(*_GROUP, self.namespace, "leases", name, body)
        else:
            self._objects.create_namespaced_custom_object(*_GROUP, self.namespace, "leases", body)

    def delete(self, name: str = "gocron-leader") -> None:
        """It is gone."""
        self._objects.delete_namespaced_custom_object(*_GROUP, self.namespace, "leases", name)
