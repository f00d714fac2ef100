"""The files in examples/deploy: a real API server takes them, and what they allow is enough, and no more."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client as kube

import gocron_py as gocron
from gocron_py.context import background
from gocron_py.distributed.kubernetes import KubernetesElector, KubernetesStore
from tests.distributed.elector_checks import leads
from tests.distributed.kube_tools import Cluster, until
from tests.servers.kube import KubeServer

DEPLOY = Path(__file__).parent.parent / "examples/deploy"
MANIFESTS = DEPLOY / "kubernetes"
COLLECTIONS = {
    "ServiceAccount": "/api/v1/namespaces/jobs/serviceaccounts",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/jobs/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/jobs/rolebindings",
    "Deployment": "/apis/apps/v1/namespaces/jobs/deployments",
    "Pod": "/api/v1/namespaces/jobs/pods",
}


def documents() -> list[dict[str, Any]]:
    return [each for file in sorted(MANIFESTS.glob("*.yaml")) for each in yaml.safe_load_all(file.read_text())]


def create(cluster: Cluster, document: dict[str, Any]) -> dict[str, Any]:
    """As ``kubectl apply -n jobs`` does it, and with an unknown field as an error."""
    client = cluster.admin
    request = client.param_serialize(
        "POST",
        COLLECTIONS[document["kind"]],
        query_params=[("fieldValidation", "Strict")],
        header_params={"Content-Type": "application/json", "Accept": "application/json"},
        body=document,
        auth_settings=["BearerToken"],
    )
    answer = client.call_api(*request)
    text = answer.read()
    assert answer.status == 201, text
    created: dict[str, Any] = json.loads(text)
    return created


@pytest.fixture(scope="session")
def cluster(kube_server: KubeServer) -> Iterator[Cluster]:
    """The namespace ``jobs``, where pods have to keep the strictest of the pod security standards, with all in it."""
    cluster = Cluster(kube_server)
    strict = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
    kube.CoreV1Api(cluster.admin).create_namespace({"metadata": {"name": "jobs", "labels": strict}})
    cluster.namespace = "jobs"
    for document in documents():
        create(cluster, document)
    yield cluster
    kube.CoreV1Api(cluster.admin).delete_namespace("jobs")


@pytest.fixture(scope="module")
def token(cluster: Cluster) -> str:
    """What a pod of the Deployment has."""
    audience = {"spec": {"expirationSeconds": 600}}
    answer = kube.CoreV1Api(cluster.admin).create_namespaced_service_account_token("nightly", "jobs", audience)
    token: str = answer.status.token
    return token


def test_manifests_are_what_the_docs_say() -> None:
    """Three instances, and three verbs on Leases."""
    by_kind = {document["kind"]: document for document in documents()}
    assert {"ServiceAccount", "Role", "RoleBinding", "Deployment"} == set(by_kind)
    assert 3 == by_kind["Deployment"]["spec"]["replicas"]
    assert [
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]}
    ] == by_kind["Role"]["rules"]


def test_pods_are_admitted_by_the_strictest_standard(cluster: Cluster) -> None:
    """A pod as the Deployment's controller would make it."""
    (deployment,) = (document for document in documents() if document["kind"] == "Deployment")
    pod = create(cluster, {"kind": "Pod", "apiVersion": "v1", **pod_of(deployment)})
    assert "nightly" == pod["spec"]["serviceAccountName"]


def pod_of(deployment: dict[str, Any]) -> dict[str, Any]:
    template = deployment["spec"]["template"]
    return {"metadata": {**template["metadata"], "name": "nightly-0"}, "spec": template["spec"]}


def test_the_role_is_enough_for_ticks(cluster: Cluster, token: str) -> None:
    """Create, read, update."""
    store = KubernetesStore(cluster.client(token=token), namespace="jobs")
    assert store.load(["job"]).entries == {}
    assert store.compare_and_set("job", None, "first")
    assert store.compare_and_set("job", store.load(["job"]).entries["job"].version, "second")
    assert "second" == store.load(["job", "other"]).entries["job"].text
    store.close()


def test_the_role_is_enough_for_elections(cluster: Cluster, token: str) -> None:
    """From the first leader to the second one."""
    retry = timedelta(seconds=0.1)
    first, second = (
        KubernetesElector(cluster.client(token=token), namespace="jobs", retry_period=retry) for _ in range(2)
    )
    assert leads(first)
    assert not leads(second)
    first.close()
    until(lambda: leads(second))
    second.close()


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", "/job"), ("GET", "?watch=1")])
def test_the_role_is_for_nothing_else(method: str, path: str, cluster: Cluster, token: str) -> None:
    """To list, delete and watch is forbidden."""
    client = cluster.client(token=token)
    url = f"/apis/coordination.k8s.io/v1/namespaces/jobs/leases{path}"
    answer = client.call_api(*client.param_serialize(method, url, auth_settings=["BearerToken"]))
    answer.read()
    assert 403 == answer.status


def test_without_the_role_it_is_forbidden_and_says_so(cluster: Cluster, token: str) -> None:
    """In another namespace, the error names the account and the right that it does not have."""
    other = Cluster(cluster.server)
    client = cluster.client(token=token)
    store = KubernetesStore(client, namespace=other.namespace)
    words = '403 Forbidden: leases.* "system:serviceaccount:jobs:nightly" cannot get resource "leases"'
    with pytest.raises(gocron.StoreDown, match=words) as caught:
        store.load(["job"])
    assert token not in str(caught.value)
    store.close()
    elector = KubernetesElector(client, namespace=other.namespace)
    with pytest.raises(gocron.NotLeader, match=words):
        elector.is_leader(background())
    elector.close()


def test_a_role_that_comes_later_is_picked_up(cluster: Cluster, token: str) -> None:
    """Nothing has to be restarted."""
    other = Cluster(cluster.server)
    store = KubernetesStore(cluster.client(token=token), namespace=other.namespace)
    with pytest.raises(gocron.StoreDown, match="403"):
        store.load(["job"])
    api = kube.RbacAuthorizationV1Api(cluster.admin)
    for document in documents():
        if document["kind"] == "Role":
            api.create_namespaced_role(other.namespace, document)
        elif document["kind"] == "RoleBinding":
            api.create_namespaced_role_binding(other.namespace, document)

    def is_allowed() -> bool:
        try:
            store.load(["job"])
        except gocron.StoreDown:
            time.sleep(0.1)
            return False
        return True

    until(is_allowed)
    store.close()


@pytest.mark.slow
def test_the_program_of_the_pods_registers_its_job_and_ends_well(cluster: Cluster, token: str, tmp_path: Path) -> None:
    """As the pods run it, but for the kubeconfig; SIGTERM ends it in good order."""
    (tmp_path / "config").write_text(cluster.server.kubeconfig("jobs", token))
    environment = {"KUBECONFIG": str(tmp_path / "config"), "PYTHONPATH": str(DEPLOY.parent.parent)}
    store = KubernetesStore(cluster.client(), namespace="jobs")
    with subprocess.Popen(
        [sys.executable, "-W", "error", str(MANIFESTS / "jobs.py")],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            until(lambda: store.load(["report"]).entries)
        finally:
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=30)
    store.close()
    assert 0 == process.returncode, output
    assert all(line.startswith("report of ") for line in output.splitlines())
