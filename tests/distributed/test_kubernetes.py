"""Ticks on a real API server of Kubernetes."""

from __future__ import annotations

import json
import multiprocessing
import re
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import gocron_py as gocron
from gocron_py.distributed import TickLocker
from gocron_py.distributed.kubernetes import KubernetesElector, KubernetesStore, KubernetesTickLocker
from gocron_py.distributed.store import TickStore
from gocron_py.instant import SECOND
from gocron_py.testing.store_kit import HOSTILE_KEYS, StoreKit
from tests.distributed.elector_checks import leads
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


@pytest.fixture
def store(cluster: Cluster) -> Iterator[KubernetesStore]:
    store = KubernetesStore(cluster.client(), namespace=cluster.namespace)
    yield store
    store.close()


# -- Leases ------------------------------------------------------------------------------------------


def test_a_lease_is_what_people_and_their_tools_expect(store: KubernetesStore, cluster: Cluster) -> None:
    """Its name tells the job, its label whose it is; what others have put into it stays when it is written."""
    name = store._name("Nightly report, 1")
    assert re.fullmatch("gocron-nightly-report-1-[0-9a-f]{16}", name)
    assert store.compare_and_set("Nightly report, 1", None, "text")
    lease = cluster.lease(name)
    assert lease is not None
    assert {"app.kubernetes.io/managed-by": "gocron_py"} == lease["metadata"]["labels"]
    labels, notes = {"team": "night"}, {**lease["metadata"]["annotations"], "note": "theirs"}
    cluster.put(lease.get("spec", {}), name, labels=labels, annotations=notes)
    entry = store.load(["Nightly report, 1"]).entries["Nightly report, 1"]
    assert store.compare_and_set("Nightly report, 1", entry.version, "second")
    lease = cluster.lease(name)
    assert lease is not None
    assert (labels, "theirs") == (lease["metadata"]["labels"], lease["metadata"]["annotations"]["note"])


def test_prefixes_are_apart(cluster: Cluster) -> None:
    """Two applications with a job of one name, in one namespace."""
    ours, theirs = (
        KubernetesStore(cluster.client(), namespace=cluster.namespace, prefix=prefix) for prefix in ("ours", "theirs")
    )
    assert ours.compare_and_set("job", None, "text")
    assert {} == theirs.load(["job"]).entries
    ours.close()
    theirs.close()


def test_names_are_dns_labels() -> None:
    """Whatever the job is called, and however long."""
    store = object.__new__(KubernetesStore)
    store._prefix = "a" * 63
    names = {store._name(key) for key in HOSTILE_KEYS}
    assert len(names) == len(HOSTILE_KEYS)
    assert all(re.fullmatch("[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?", name) for name in names)


def test_time_is_the_servers(store: KubernetesStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An instance whose clock is an hour ahead registers no job an hour ahead."""
    monkeypatch.setattr("time.time_ns", lambda real=time.time_ns: real() + 3600 * 10**9)
    now = store.load(["job"]).now
    monkeypatch.undo()
    assert -2 * SECOND < now - time.time_ns() // 1000 < SECOND


def test_a_forked_child_has_connections_of_its_own(store: KubernetesStore, cluster: Cluster) -> None:
    """Both go on; the child's elector is another candidate, which does not lead."""
    elector = KubernetesElector(cluster.client(), namespace=cluster.namespace)
    assert leads(elector)
    assert store.compare_and_set("job", None, "text")
    locker = TickLocker(store)
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()

    def child() -> None:
        entry = store.load(["job"]).entries["job"]
        there.send((store.compare_and_set("job", entry.version, "child"), elector.identity, leads(elector)))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, of forks with threads
        process = context.Process(target=child)
        process.start()
    assert here.poll(30)
    written, identity, is_leader = here.recv()
    process.join()
    assert (True, False) == (written, is_leader)
    assert identity != elector.identity
    assert "child" == store.load(["job"]).entries["job"].text
    assert leads(elector)
    elector.close()
    locker.close()


# -- arguments ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "namespace", "words"),
    [
        (42, None, "client must be a kubernetes.client.ApiClient, or None"),
        ("http://jobs", None, "a URL of Kubernetes is k8s://namespace"),
        ("k8s://jobs/x", None, "a URL of Kubernetes is k8s://namespace"),
        ("redis://u:secret@h", None, "a URL of Kubernetes is k8s://namespace"),
        ("k8s://u:secret@jobs", None, "a URL of Kubernetes is k8s://namespace"),
        ("k8s://[", None, "a URL of Kubernetes is k8s://namespace"),
        ("k8s://jobs", "others", "two namespaces are named"),
        (None, "Not A Label", "namespace must be a DNS label"),
        (None, 7, "namespace must be of type str"),
        (None, "../kube-system", "namespace must be a DNS label"),
    ],
)
def test_wrong_arguments(kubeconfig: Path, client: object, namespace: object, words: str) -> None:
    """They are found at once, before any call."""
    for kind in (KubernetesStore, KubernetesTickLocker, KubernetesElector):
        with pytest.raises(gocron.ErrInvalidArgument, match=words) as caught:
            kind(client, namespace=namespace)  # type: ignore[arg-type]
        assert "secret" not in "".join(traceback.format_exception_only(caught.value))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"name": "Capital"}, "name must be a DNS name in lower case"),
        ({"name": 1}, "name must be of type str"),
        ({"lease_duration": 15}, "lease_duration must be of type timedelta"),
        ({"lease_duration": timedelta(seconds=10.5)}, "lease_duration must be whole seconds"),
        ({"lease_duration": timedelta(0)}, "lease_duration must be whole seconds"),
        ({"lease_duration": timedelta(seconds=10)}, "lease_duration must be more than renew_deadline"),
        ({"renew_deadline": timedelta(seconds=2.4)}, "renew_deadline must be more than 1.2 times retry_period"),
        ({"retry_period": timedelta(0)}, "retry_period must be more than 0"),
        ({"on_change": 1}, "on_change must be callable"),
    ],
)
def test_wrong_arguments_of_electors(kubeconfig: Path, more: dict[str, Any], words: str) -> None:
    """client-go's checks."""
    with pytest.raises(gocron.ErrInvalidArgument, match=words):
        KubernetesElector(**more)


def test_nothing_says_where_the_server_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in a cluster nor with a kubeconfig."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", "/nowhere")
    with pytest.raises(gocron.ErrInvalidArgument, match=r"neither in a cluster \(.*\) nor with a kubeconfig \(.*\)"):
        KubernetesStore()


@pytest.mark.parametrize(
    ("client", "namespace", "expected"),
    [(None, None, "of-context"), ("k8s://", None, "of-context"), ("k8s://jobs", None, "jobs"), (None, "own", "own")],
)
def test_where_namespaces_come_from(kubeconfig: Path, client: object, namespace: str | None, expected: str) -> None:
    """The argument, the URL, the kubeconfig."""
    store = KubernetesStore(client, namespace=namespace)
    assert expected == store._api.namespace
    store.close()


@pytest.fixture
def kubeconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    file = tmp_path / "config"
    cluster = {"server": "https://127.0.0.1:1"}
    context = {"cluster": "it", "user": "it", "namespace": "of-context"}
    config = {
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "it", "user": {"token": "secret"}}],
        "contexts": [{"name": "it", "context": context}],
    }
    file.write_text(json.dumps(config))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(file))
    return file
