"""Many Leases are listed where that is allowed; where it is not, or a list lacks some, they are read one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import gocron_py as gocron
from gocron_py.distributed import kube_api
from gocron_py.distributed.kubernetes import KubernetesStore
from tests.distributed.kube_tools import Cluster
from tests.servers.kube import KubeServer
from tests.servers.kube_front import Answer, Call, KubeFront

pytestmark = pytest.mark.slow

KEYS = [f"job {number}" for number in range(12)]
FORBIDDEN = {"kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden", "message": "cannot list"}


def is_list(call: Call) -> bool:
    return call.method == "GET" and call.path.partition("?")[0].endswith("/leases")


@pytest.fixture
def cluster(kube_server: KubeServer) -> Cluster:
    return Cluster(kube_server)


@pytest.fixture
def front(kube_server: KubeServer, tmp_path: Path) -> Iterator[KubeFront]:
    with KubeFront(kube_server, tmp_path) as front:
        yield front


@pytest.fixture
def store(cluster: Cluster, front: KubeFront) -> Iterator[KubernetesStore]:
    """Twelve jobs are in it, and what it has asked so far is forgotten."""
    store = KubernetesStore(cluster.client(front.port, ca_file=front.ca_file), namespace=cluster.namespace)
    for key in KEYS:
        assert store.compare_and_set(key, None, f"of {key}")
    front.calls.clear()
    yield store
    store.close()


def texts(store: KubernetesStore, *more: str) -> dict[str, str]:
    return {key: entry.text for key, entry in store.load([*KEYS, *more]).entries.items()}


ALL = {key: f"of {key}" for key in KEYS}


@pytest.mark.parametrize(("page", "requests"), [(100, 1), (5, 3)])
def test_a_look_at_many_is_a_request_for_each_page(
    page: int, requests: int, store: KubernetesStore, front: KubeFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube_api, "_PAGE", page)
    for _ in range(2):
        assert texts(store) == ALL
    assert [True] * 2 * requests == [is_list(call) for call in front.calls]


def test_a_look_at_few_is_a_request_for_each(store: KubernetesStore, front: KubeFront) -> None:
    """A list would bring all the others too."""
    assert set(store.load(KEYS[:3]).entries) == set(KEYS[:3])
    assert [False] * 3 == [is_list(call) for call in front.calls]


def test_what_was_listed_can_be_written(store: KubernetesStore) -> None:
    """And what has changed since cannot."""
    entry = store.load(KEYS).entries["job 3"]
    assert store.compare_and_set("job 3", entry.version, "second")
    assert not store.compare_and_set("job 3", entry.version, "third")
    assert texts(store)["job 3"] == "second"


def test_what_a_list_lacks_is_read(store: KubernetesStore, front: KubeFront, cluster: Cluster) -> None:
    """One has lost its label, one does not exist."""
    name = store._name("job 3")
    lease = cluster.lease(name)
    assert lease is not None
    cluster.put(lease.get("spec", {}), name, labels={}, annotations=lease["metadata"]["annotations"])
    assert texts(store, "not there") == ALL
    assert [True, False, False] == [is_list(call) for call in front.calls]


def test_where_listing_is_forbidden_each_is_read_and_nobody_asks_again(
    store: KubernetesStore, front: KubeFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten minutes later it may be allowed."""
    refused = Answer(403, json.dumps(FORBIDDEN).encode())
    front.rule = lambda call: refused if is_list(call) else None
    for _ in range(3):
        assert texts(store) == ALL
    assert 1 == sum(map(is_list, front.calls))
    assert 1 + 3 * len(KEYS) == len(front.calls)
    front.heal()
    later = kube_api.elapsed() + 601_000_000
    monkeypatch.setattr(kube_api, "elapsed", lambda: later)
    front.calls.clear()
    assert texts(store) == ALL
    assert [True] == [is_list(call) for call in front.calls]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"{"),
        Answer(200, b'{"kind": "LeaseList", "metadata": {}, "items": 5}'),
        Answer(200, b'{"kind": "LeaseList", "metadata": {}, "items": [{"metadata": {"name": "x"}}]}'),
        Answer(200, b'{"kind": "PodList", "metadata": {}, "items": []}'),
        Answer(403, b"<html>a proxy says no"),
        Answer(500, b""),
        Answer(410, b'{"kind": "Status", "reason": "Expired"}'),
    ],
)
def test_a_list_that_is_none_is_store_down(answer: Answer, store: KubernetesStore, front: KubeFront) -> None:
    """It is not the end of lists: that is the server's own word alone."""
    front.rule = lambda call: answer if is_list(call) else None
    with pytest.raises(gocron.StoreDown):
        store.load(KEYS)
    front.heal()
    assert texts(store) == ALL
    assert is_list(front.calls[-1])
