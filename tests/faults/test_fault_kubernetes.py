"""Fault 65: Kubernetes' API server refuses, fails, hangs, talks nonsense or forgets. The names say what comes of it.

A front alters the answers of the real API server. Everywhere: one typed error per fault, callers bounded in time, no
more than two calls a second while it lasts, no token in any text, and all is well again by itself.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fault_kit import claimed_tick, until

import gocron_py as gocron
from gocron_py.distributed import TickEvent, TickEventKind
from gocron_py.distributed.kubernetes import KubernetesElector, KubernetesStore, KubernetesTickLocker
from tests.distributed.elector_checks import leads
from tests.distributed.kube_tools import Cluster
from tests.servers.kube import KubeServer
from tests.servers.kube_front import Answer, Call, KubeFront, Rule

pytestmark = pytest.mark.slow


def status(code: int, message: str, **headers: str) -> Answer:
    """As the API server says it."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message}
    body["reason"] = {404: "NotFound", 409: "Conflict"}.get(code, "Other")
    return Answer(code, json.dumps(body).encode(), {name.replace("_", "-"): value for name, value in headers.items()})


def always(answer: Answer) -> Rule:
    return lambda call: answer


def of_writes(answer: Answer) -> Rule:
    return lambda call: answer if call.method in ("PUT", "POST") else None


def echo(call: Call) -> Answer:
    return status(401, f"Unauthorized: invalid bearer token {call.token}")


@pytest.fixture
def cluster(kube_server: KubeServer) -> Cluster:
    return Cluster(kube_server)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("front")


@pytest.fixture
def front(kube_server: KubeServer, directory: Path) -> Iterator[KubeFront]:
    with KubeFront(kube_server, directory) as front:
        yield front


@pytest.fixture
def store(cluster: Cluster, front: KubeFront) -> Iterator[KubernetesStore]:
    store = KubernetesStore(cluster.client(front.port, ca_file=front.ca_file), namespace=cluster.namespace)
    yield store
    store.close()


# -- one store ---------------------------------------------------------------------------------------

FAULTS: dict[str, tuple[Rule, str]] = {
    "401 that repeats the token": (echo, "401 Unauthorized: Unauthorized: invalid bearer token ***"),
    "403": (
        always(status(403, 'leases "x" is forbidden: User "u" cannot get')),
        '403 Forbidden: leases "x" is forbidden',
    ),
    "403 of writes": (of_writes(status(403, "cannot update")), "403 Forbidden: cannot update"),
    "409 storm": (of_writes(status(409, "the object has been modified")), "409 Conflict"),
    "422": (of_writes(status(422, "spec.leaseDurationSeconds: Invalid")), "422 Unprocessable Entity: spec.lease"),
    "429": (always(status(429, "too many requests", Retry_After="1")), "429 Too Many Requests: too many"),
    "500": (always(status(500, "etcdserver: request timed out")), "500 Internal Server Error: etcdserver"),
    "502 in HTML": (always(Answer(502, b"<html>\n")), "502 Bad Gateway"),
    "504 after commit": (of_writes(Answer(504, b"", commits=True)), "504 Gateway Timeout"),
    "redirect to elsewhere": (always(Answer(302, b"", {"Location": "https://127.0.0.1:1/"})), "302 Found"),
    "garbage": (always(Answer(200, b"\x00\xff{")), "is no Lease"),
    "200 of somebody else": (always(Answer(200, b'{"kind": "Lease", "metadata": []}')), "is no Lease"),
    "404 that is not the server's": (always(Answer(404, b"<html>no such page")), "404 Not Found"),
    "409 that is not the server's": (of_writes(Answer(409, b"<html>")), "409 Conflict"),
    "drops": (always(Answer(200, b"{" * 1000, drips=True)), "does not come to an end"),
    "empty": (always(Answer(200, b"")), "is no Lease"),
    "depth": (always(Answer(200, b"[" * 200_000)), "is no Lease"),
    "hang": (always(Answer(hangs=True)), "Read timed out"),
    "hang of writes": (of_writes(Answer(hangs=True)), "Read timed out"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_65_is_store_down_with_the_reason_in_bounded_time(
    name: str, store: KubernetesStore, front: KubeFront, cluster: Cluster
) -> None:
    """Some calls, until one has failed: a refusal as outdated is no failure at first."""
    rule, words = FAULTS[name]
    assert store.compare_and_set("job", None, "0")
    front.rule = rule
    for _ in range(3):
        called = time.monotonic()
        try:
            write(store)
        except gocron.StoreDown as error:
            text = f"{error} {error.__cause__}"
            break
        finally:
            assert time.monotonic() - called < 5
    assert words in text
    assert cluster.server.token not in text


@pytest.mark.parametrize("name", ["403", "403 of writes", "409 storm", "hang", "garbage"])
def test_65_is_asked_twice_a_second_at_most_and_over_when_it_is_over(
    name: str, store: KubernetesStore, front: KubeFront
) -> None:
    """Read and write as fast as it goes."""
    assert store.compare_and_set("job", None, "0")
    front.rule, before = FAULTS[name][0], len(front.calls)
    began = time.monotonic()
    while time.monotonic() - began < 1.5:
        succeeds(store)
    took = time.monotonic() - began
    # Two that fail, with what goes well before them; then the two of each second.
    assert len(front.calls) - before <= 8 + 2 * took, Counter(front.calls[before:])
    front.heal()
    healed = time.monotonic()
    until(lambda: succeeds(store))
    assert time.monotonic() - healed < 5


def write(store: KubernetesStore) -> None:
    entry = store.load(["job"]).entries["job"]
    store.compare_and_set("job", entry.version, str(int(entry.text) + 1))


def succeeds(store: KubernetesStore) -> bool:
    with suppress(gocron.StoreDown):
        write(store)
        return True
    return False


def test_65_429_with_retry_after_is_left_alone_for_so_long(store: KubernetesStore, front: KubeFront) -> None:
    """One call, and none in the two seconds that were asked for, however many callers there are."""
    front.rule = always(status(429, "too many requests", Retry_After="2"))
    began, before = time.monotonic(), len(front.calls)
    refused = 0
    while time.monotonic() - began < 1.8:
        with pytest.raises(gocron.StoreDown, match="429"):
            store.load(["job"])
        refused += 1
        time.sleep(0.001)
    assert (1, True) == (len(front.calls) - before, refused > 100)
    front.rule = None
    until(lambda: succeeds_in_loading(store))
    assert time.monotonic() - began >= 2


def succeeds_in_loading(store: KubernetesStore) -> bool:
    with suppress(gocron.StoreDown):
        store.load(["job"])
        return True
    return False


def test_65_a_write_that_was_changed_on_its_way_is_not_believed(store: KubernetesStore, front: KubeFront) -> None:
    """Something between says "written", with a Lease that has other contents."""
    lease = {"kind": "Lease", "metadata": {"name": store._name("job"), "resourceVersion": "1"}}
    front.rule = of_writes(Answer(201, json.dumps(lease).encode()))
    with pytest.raises(gocron.StoreDown, match="has not written what it was given"):
        store.compare_and_set("job", None, "0")


# -- instances ---------------------------------------------------------------------------------------


@dataclass
class Instance:
    """A scheduler with one job under a tick locker, and all that is heard of it."""

    scheduler: gocron.Scheduler
    locker: KubernetesTickLocker
    ran: list[datetime]
    events: list[TickEvent]
    errors: list[str]

    def texts(self) -> str:
        return "\n".join([*self.errors, *map(str, self.events)])

    def kinds(self) -> set[TickEventKind]:
        return {event.kind for event in self.events}

    def end(self) -> None:
        self.scheduler.shutdown()
        self.locker.close()


Work = Callable[[], object]


@pytest.fixture
def instance(cluster: Cluster, front: KubeFront) -> Iterator[Callable[..., Instance]]:
    """Makes instances with a job of each second: the store is as for ten, but the test has no time."""
    made: list[Instance] = []

    def make(work: Work = lambda: None, poll: float = 10.0, **policy: object) -> Instance:
        new = Instance(None, None, [], [], [])  # type: ignore[arg-type]
        client = cluster.client(front.port, ca_file=front.ca_file)
        settings = {"lease": timedelta(seconds=3), "start_deadline": timedelta(seconds=0.9), **policy}
        new.locker = KubernetesTickLocker(
            client,
            namespace=cluster.namespace,
            on_event=new.events.append,
            **settings,  # type: ignore[arg-type]
        )
        new.locker.store.shortest_interval = timedelta(0)
        new.locker.store.poll = poll
        new.scheduler = gocron.new_scheduler(gocron.with_distributed_locker(new.locker))

        def task() -> None:
            new.ran.append(gocron.current_run().tick.at)
            work()

        new.scheduler.new_job(
            gocron.duration_job(timedelta(seconds=1)),
            gocron.new_task(task),
            gocron.with_name("night"),
            gocron.with_event_listeners(
                gocron.after_lock_error(lambda job_id, name, error: new.errors.append(repr(error)))
            ),
        )
        made.append(new)
        new.scheduler.start()
        return new

    yield make
    for each in made:
        each.end()


def twice(*instances: Instance) -> list[datetime]:
    counts = Counter(at for each in instances for at in each.ran)
    return [at for at, count in counts.items() if count > 1]


@pytest.mark.parametrize(
    "rule",
    [of_writes(status(409, "modified")), of_writes(Answer(504, b"", commits=True))],
    ids=["409 storm", "504 after commit"],
)
def test_65_ticks_are_skipped_and_run_again_afterwards_and_none_twice(
    rule: Rule, instance: Callable[..., Instance], front: KubeFront, cluster: Cluster
) -> None:
    """Two instances go through it."""
    both = instance(), instance()
    until(lambda: sum(len(each.ran) for each in both) >= 2)
    front.rule = rule
    until(lambda: all(TickEventKind.SKIPPED in each.kinds() for each in both))
    since, began = len(front.calls), time.monotonic()
    # Two a second of each. One may be at it still, with a look of five requests and both tries of a claim.
    time.sleep(8)
    took = time.monotonic() - began
    assert len(front.calls) - since <= 2 * (9 + 2 * took), [(call.at, call.method, call.path) for call in front.calls]
    front.heal()
    ran = sum(len(each.ran) for each in both)
    until(lambda: sum(len(each.ran) for each in both) >= ran + 2)
    assert [] == twice(*both)
    # A run that could not be finished keeps the next ones waiting.
    assert all("StoreDown" in each.texts() or "TickBusy" in each.texts() for each in both)
    assert cluster.server.token not in "".join(each.texts() for each in both)


def test_65_504_after_commit_once_is_the_same_claim_and_runs_once(
    instance: Callable[..., Instance], front: KubeFront
) -> None:
    """The claim was written and the answer lost: it is made again with its token, and runs, and nobody else has it."""
    # Time for a second try, also on a busy machine.
    both = instance(start_deadline=timedelta(seconds=5)), instance(start_deadline=timedelta(seconds=5))
    lost: list[datetime] = []

    def lose_next() -> Rule:
        before = len(lost)

        def rule(call: Call) -> Answer | None:
            at = claimed_tick(call.body) if call.method == "PUT" and len(lost) == before else None
            if at is None:
                return None
            lost.append(at)
            return Answer(504, b"", commits=True)

        return rule

    def ran() -> list[datetime]:
        return sorted(at for each in both for at in each.ran)

    until(ran)
    for number in range(1, 4):  # not one after the other: the second failure in a row slows all down
        front.rule = lose_next()
        until(lambda number=number: len(lost) == number and lost[-1] in ran() and ran()[-1] > lost[-1])
    assert [] == twice(*both)


def test_65_404_of_a_lease_deleted_in_the_middle_of_a_run_is_lost_and_counts_anew(
    instance: Callable[..., Instance], cluster: Cluster
) -> None:
    """The run's context ends, the loss of the record is told, ticks go on from then, and none runs twice."""
    causes: list[object] = []
    begun = threading.Event()

    def work() -> None:
        context = gocron.current_run().context
        if not begun.is_set():
            begun.set()
            context.wait(30)
            causes.append(context.cause())

    one = instance(work, poll=0.5)
    assert begun.wait(30)
    cluster.delete(one.locker.store._name("night"))  # type: ignore[attr-defined]
    until(lambda: causes)
    assert isinstance(causes[0], gocron.LockLost)
    ran = len(one.ran)
    until(lambda: len(one.ran) >= ran + 2)
    assert one.kinds() >= {TickEventKind.AMNESIA, TickEventKind.LOST}
    assert [] == twice(one)


def test_65_a_lease_of_somebody_else_is_store_corrupt_and_left_alone(store: KubernetesStore, cluster: Cluster) -> None:
    """As it would be if the hashes of two names were one; other jobs are not disturbed by it."""
    name = store._name("job")
    cluster.put({"holderIdentity": "theirs"}, name, annotations={"gocron-py/job": "other", "gocron-py/record": "{}"})
    assert store.compare_and_set("well", None, "text")
    with pytest.raises(gocron.StoreCorrupt, match=f"job 'job': the Lease {name} is another's: other"):
        store.load(["job"])
    assert not store.compare_and_set("job", None, "text")
    assert "text" == store.load(["job", "well"]).entries["well"].text
    assert "theirs" == cluster.spec(name)["holderIdentity"]


# -- the elector -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule",
    [of_writes(status(409, "modified")), always(Answer(200, b"?")), of_writes(Answer(504, b"", commits=True))],
    ids=["409 storm", "garbage", "504 after commit"],
)
def test_65_a_leader_follows_at_the_deadline_and_leads_again(rule: Rule, cluster: Cluster, front: KubeFront) -> None:
    """No answer that it can count on for as long as the deadline."""
    elector = KubernetesElector(
        cluster.client(front.port, ca_file=front.ca_file),
        namespace=cluster.namespace,
        lease_duration=timedelta(seconds=2),
        renew_deadline=timedelta(seconds=1),
        retry_period=timedelta(seconds=0.2),
    )
    try:
        until(lambda: leads(elector))
        front.rule, since, began = rule, len(front.calls), time.monotonic()
        until(lambda: not leads(elector))
        assert time.monotonic() - began > 0.5
        assert len(front.calls) - since < 10 + 4 * (time.monotonic() - began)
        front.heal()
        until(lambda: leads(elector))
    finally:
        elector.close()


# -- tokens ------------------------------------------------------------------------------------------


@pytest.fixture
def pod(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, front: KubeFront, cluster: Cluster) -> Path:
    """The file with the service account's token, as in a pod."""
    from kubernetes.config import incluster_config

    from gocron_py.distributed import kube_api

    (tmp_path / "token").write_text(cluster.server.token)
    (tmp_path / "namespace").write_text(cluster.namespace)
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(front.ca_file))
    monkeypatch.setattr(kube_api, "_NAMESPACE_FILE", str(tmp_path / "namespace"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(front.port))
    return tmp_path / "token"


def test_65_a_rotated_token_is_picked_up(pod: Path, cluster: Cluster, front: KubeFront) -> None:
    """The kubelet has written a new one, and the old one is refused: the next call has the new one."""
    with pytest.MonkeyPatch.context() as nothing_else:
        nothing_else.delenv("KUBECONFIG", raising=False)
        store = KubernetesStore()
    assert store.compare_and_set("job", None, "text")
    assert cluster.lease(store._name("job")) is not None
    front.rule = lambda call: status(401, "Unauthorized") if call.token == "old" else None
    pod.write_text("old")
    store.close()
    store = KubernetesStore()
    with pytest.raises(gocron.StoreDown, match="401"):
        store.load(["job"])
    pod.write_text(cluster.server.token)
    until(lambda: succeeds_in_loading(store))
    store.close()


def test_65_a_token_that_is_no_header_is_not_shown(pod: Path) -> None:
    """A line end in the file, say."""
    pod.write_text("secret\nsecond")
    store = KubernetesStore()
    with pytest.raises(gocron.StoreDown) as caught:
        store.load(["job"])
    assert "secret" not in repr(caught.value)
    store.close()


def test_65_a_certificate_of_nobodys_is_store_down(cluster: Cluster, front: KubeFront) -> None:
    """Verification is on, and the token is not sent."""
    store = KubernetesStore(cluster.client(front.port), namespace=cluster.namespace)
    with pytest.raises(gocron.StoreDown, match="CERTIFICATE_VERIFY_FAILED"):
        store.load(["job"])
    assert [] == front.calls
    store.close()
