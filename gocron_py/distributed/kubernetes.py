"""Ticks and elections on Kubernetes' API server, as Leases. The extra ``kubernetes`` is needed.

A service account needs ``get``, ``create`` and ``update`` of ``leases`` in one namespace, and nothing else.
"""

from __future__ import annotations

import random
import re
import secrets
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Unpack, final

from gocron_py.clock import elapsed
from gocron_py.distributed.elector import CampaigningElector, LeadershipCallback
from gocron_py.distributed.events import EventCallback
from gocron_py.distributed.kube_api import KIND, Lease, LeaseApi, is_label
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.names import digest, escaped
from gocron_py.distributed.policy import PolicyOverrides
from gocron_py.distributed.store import Entry, Snapshot, TickStore
from gocron_py.errors import ErrInvalidArgument, LockError, StoreCorrupt, StoreDown, check_kind
from gocron_py.instant import SECOND, Micros, micros_of

__all__ = ("KubernetesElector", "KubernetesStore", "KubernetesTickLocker")

DEFAULT_PREFIX: Final = "gocron"

# DNS-1123: of a label, and of a subdomain.
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

_LABELS: Final = {"app.kubernetes.io/managed-by": "gocron_py"}
_JOB: Final = "gocron-py/job"
_RECORD: Final = "gocron-py/record"
# Random: the API server gives no new version to what is written as it was.
_WRITE: Final = "gocron-py/write"


@final
@dataclass(frozen=True, slots=True)
class _Version:
    """The version of a Lease, and the Lease: what others have put into it is written back."""

    number: str
    lease: Lease = field(compare=False, repr=False)


@final
class KubernetesStore(TickStore):
    """A store of Leases, one for each job, with the record in an annotation.

    Each call is a request to the API server and a transaction on its etcd. That is meant for what happens now and
    then: ticks of a job must be 10 s apart or more, and some hundred jobs are enough.

    The time is the API server's, as far as the ``Date`` of its answers tells it: an instance whose clock is wrong
    begins no tick early, and registers no job in the future, where ticks would be lost for all. But API servers
    may be several, whose clocks differ, so it is not relied on for who lives: another's claim counts as cut off when it
    has not changed for its lease by the clock of the instance that looks, as client-go does it.

    :param client: a ``kubernetes.client.ApiClient``; ``None``: as the pod's service account, or else as the
        kubeconfig says; or ``"k8s://namespace"``, which is ``None`` and the namespace. Its connections are not used:
        those that are have time limits and no retries.
    :param namespace: ``None``: the pod's, or else the kubeconfig's, or else ``default``.
    :param prefix: of the Leases' names: another one for another application in the same namespace.
    :raises ErrInvalidArgument: a wrong kind of object or name; nothing says where the API server is.
    """

    pause = 1.0
    has_clock = False
    shortest_interval = timedelta(seconds=10)

    def __init__(self, client: object = None, *, namespace: str | None = None, prefix: str = DEFAULT_PREFIX) -> None:
        check_kind(prefix, str, "prefix")
        if not _LABEL.fullmatch(prefix):
            raise ErrInvalidArgument("prefix must be a DNS label", got=prefix)
        self._prefix = prefix
        self._api = LeaseApi(client, namespace, _LABELS)

    def load(self, keys: Sequence[str]) -> Snapshot:
        """See :meth:`TickStore.load`. Many are listed, where that is allowed; else a request for each."""
        leases = self._api.get_many([self._name(key) for key in keys or ("",)])
        entries = {}
        for key, lease in zip(keys, leases, strict=False):
            if lease is not None:
                text = self._text(key, lease, is_alone=len(keys) == 1)
                entries[key] = Entry(text, _Version(lease["metadata"]["resourceVersion"], lease))
        return Snapshot(self._api.clock.now(), entries)

    def _text(self, key: str, lease: Lease, is_alone: bool) -> str:
        annotations = _annotations(lease)
        text, job = annotations.get(_RECORD), annotations.get(_JOB)
        if isinstance(text, str) and job == escaped(key):
            return text
        if is_alone:
            name = lease["metadata"]["name"]
            raise StoreCorrupt(f"job {key!r:.80}: the Lease {name} is another's: {job!s:.80}")
        return ""  # no record; it is not to keep the others from theirs

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        """See :meth:`TickStore.compare_and_set`."""
        name, ours = self._name(key), {_JOB: escaped(key), _RECORD: text, _WRITE: secrets.token_hex(8)}
        if version is None:
            written = self._api.create(_lease(name, ours, _LABELS, {}))
        elif isinstance(version, _Version) and version.lease["metadata"]["name"] == name:
            metadata = {**version.lease["metadata"]}
            metadata["annotations"] = {**metadata["annotations"], **ours}
            # The server keeps them, and they are longer than all the rest.
            metadata.pop("managedFields", None)
            written = self._api.update({**version.lease, "metadata": metadata})
        else:
            return False
        if written is not None and not ours.items() <= _annotations(written).items():
            raise StoreDown(f"the API server has not written what it was given for {name}")
        return written is not None

    def _name(self, key: str) -> str:
        """A name that is allowed, that a person recognizes, and that is no other job's."""
        slug = re.sub("[^a-z0-9]+", "-", key[:200].lower())[:40].strip("-")
        return "-".join(filter(None, (self._prefix, slug, digest(key)[:16])))

    def forked(self) -> None:
        """See :meth:`TickStore.forked`."""
        super().forked()
        self._api.forked()

    def close(self) -> None:
        """See :meth:`TickStore.close`. The client is the user's."""
        self._api.close()


@final
class KubernetesTickLocker(TickLocker):
    """Each tick once among all instances that share a namespace of Kubernetes.

    ::

        locker = KubernetesTickLocker()  # as the pod's service account
        scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))

    ``new_job`` refuses jobs whose ticks are less than 10 s apart.

    :param client: see :class:`KubernetesStore`, also for the next two.
    :param on_event: see :class:`~gocron_py.distributed.TickLocker`.
    :param policy: the fields of :class:`~gocron_py.TickPolicy`.
    :raises ErrInvalidArgument: a wrong kind of object or name; nothing says where the API server is.
    """

    def __init__(
        self,
        client: object = None,
        *,
        namespace: str | None = None,
        prefix: str = DEFAULT_PREFIX,
        on_event: EventCallback | None = None,
        **policy: Unpack[PolicyOverrides],
    ) -> None:
        super().__init__(KubernetesStore(client, namespace=namespace, prefix=prefix), on_event=on_event, **policy)


# -- elections -------------------------------------------------------------------------------------


@final
class KubernetesElector(CampaigningElector):
    """One leader, by a Lease and the rules of client-go's ``leaderelection``: shared with Go instances.

    Another's Lease counts as run out when it has not changed for as long as *it* says, by this machine's clock; no
    times of two machines are ever compared.

    :param client: see :class:`KubernetesStore`, also for the namespace.
    :param name: of the Lease (client-go: ``LeaseMeta.Name``).
    :param lease_duration: how long others wait for a leader that says nothing, in whole seconds (``LeaseDuration``).
    :param renew_deadline: a leader that could not renew for so long stops believing that it leads
        (``RenewDeadline``).
    :param retry_period: between two tries; a candidate adds up to 1.2 times as much by dice (``RetryPeriod``).
    :param on_change: called with ``True`` and ``False`` as this instance begins and ceases to lead.
    :raises ErrInvalidArgument: a wrong kind of object or name; not ``lease_duration > renew_deadline >
        1.2 * retry_period``; nothing says where the API server is.
    """

    def __init__(
        self,
        client: object = None,
        *,
        name: str = "gocron-leader",
        namespace: str | None = None,
        lease_duration: timedelta = timedelta(seconds=15),
        renew_deadline: timedelta = timedelta(seconds=10),
        retry_period: timedelta = timedelta(seconds=2),
        on_change: LeadershipCallback | None = None,
    ) -> None:
        check_kind(name, str, "name")
        if len(name) > 253 or not all(map(is_label, name.split("."))):
            raise ErrInvalidArgument("name must be a DNS name in lower case", got=name)
        _check_durations(lease_duration, renew_deadline, retry_period)
        self._name = name
        self._seconds = round(lease_duration.total_seconds())
        self._retry = retry_period.total_seconds()
        self._longest_release = min(renew_deadline.total_seconds(), 4.0)
        self._api = LeaseApi(client, namespace)
        self._start_over()
        super().__init__(micros_of(renew_deadline), on_change)

    def _start_over(self) -> None:
        self._identity = f"{socket.gethostname()}_{secrets.token_hex(10)}"
        # The Lease as it was last seen, and when its spec was seen to change; None: not seen yet.
        self._lease: Lease | None = None
        self._observed: Micros = 0
        self._failed = False

    @property
    def identity(self) -> str:
        """This candidate's, as it stands in the Lease when it leads (client-go: ``Lock.Identity``)."""
        return self._identity

    # -- one step, as client-go's tryAcquireOrRenew ------------------------------------------------

    def _stand(self) -> None:
        self._failed = True
        self._try()
        self._failed = False

    def _try(self) -> None:
        if self._is_mine() and self._is_valid() and self._renew_fast():
            return
        lease, was_mine = self._api.get(self._name), self._is_mine() and self._is_valid()
        if lease is None:
            # A leader whose Lease was deleted goes on with its term.
            spec = self._spec(keep=self._lease if was_mine else None)
            self._written(self._api.create, _lease(self._name, {}, {}, spec))
            return
        self._see(lease)
        holder = _spec_of(lease).get("holderIdentity")
        if holder and holder != self._identity and self._is_valid():
            self._follow(f"{holder!s:.100} leads")
            return
        spec = self._spec(keep=lease) if holder == self._identity else self._spec(after=lease)
        self._written(self._api.update, {**lease, "spec": spec})

    def _renew_fast(self) -> bool:
        """Without reading it: who leads has it as it wrote it."""
        assert self._lease is not None
        try:
            return self._written(self._api.update, {**self._lease, "spec": self._spec(keep=self._lease)})
        except LockError:
            return False

    def _written(self, write: Any, lease: Lease) -> bool:
        sent = elapsed()
        written = write(lease)
        if written is None or not _spec_of(lease).items() <= _spec_of(written).items():
            # Another was faster; who leads finds out at the next step.
            if not self._leads:
                self._follow("another candidate was faster")
            return False
        self._lease, self._observed = written, elapsed()
        self._lead(sent)
        return True

    def _see(self, lease: Lease) -> None:
        if self._lease is None or _spec_of(lease) != _spec_of(self._lease):
            self._observed = elapsed()
        self._lease = lease

    def _is_mine(self) -> bool:
        return self._lease is not None and _spec_of(self._lease).get("holderIdentity") == self._identity

    def _is_valid(self) -> bool:
        assert self._lease is not None
        return elapsed() - self._observed < _number(self._lease, "leaseDurationSeconds") * SECOND

    def _spec(self, *, keep: Lease | None = None, after: Lease | None = None) -> dict[str, Any]:
        """Of a leadership that goes on, that comes after another, or that is the first."""
        now = _micro_time()
        transitions = 0
        if keep is not None:
            transitions = _number(keep, "leaseTransitions")
        elif after is not None:
            transitions = _number(after, "leaseTransitions") + 1
        acquired = now if keep is None else _spec_of(keep).get("acquireTime") or now
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": self._seconds,
            "acquireTime": acquired,
            "renewTime": now,
            "leaseTransitions": transitions,
        }

    def _resign(self) -> None:
        """As client-go's ``ReleaseOnCancel``: others may take it at once."""
        end = elapsed() + round(self._longest_release * SECOND)
        while elapsed() < end:
            lease = self._api.get(self._name)
            if lease is None or _spec_of(lease).get("holderIdentity") != self._identity:
                return
            now = _micro_time()
            released = {"holderIdentity": "", "leaseDurationSeconds": 1, "acquireTime": now, "renewTime": now}
            spec = {**released, "leaseTransitions": _number(lease, "leaseTransitions")}
            if self._api.update({**lease, "spec": spec}) is not None:
                return
            time.sleep(0.1)

    def _pause(self) -> float:
        if self._failed:  # that is no crowd, and who led is to lead again soon
            return self._retry * (1 - 0.5 * random.random())
        return self._retry if self._leads else self._retry * (1 + 1.2 * random.random())

    def _disconnect(self) -> None:
        self._api.close()

    def _forked(self) -> None:
        self._api.forked()
        self._start_over()


def _check_durations(lease: timedelta, deadline: timedelta, retry: timedelta) -> None:
    for value, what in ((lease, "lease_duration"), (deadline, "renew_deadline"), (retry, "retry_period")):
        check_kind(value, timedelta, what)
    if lease % timedelta(seconds=1) or not timedelta(seconds=1) <= lease <= timedelta(days=1):
        raise ErrInvalidArgument("lease_duration must be whole seconds, at most a day", got=lease)
    if not lease > deadline:
        raise ErrInvalidArgument("lease_duration must be more than renew_deadline", got=(lease, deadline))
    if not deadline > 1.2 * retry:
        raise ErrInvalidArgument("renew_deadline must be more than 1.2 times retry_period", got=(deadline, retry))
    if retry <= timedelta(0):
        raise ErrInvalidArgument("retry_period must be more than 0", got=retry)


def _lease(name: str, annotations: Mapping[str, str], labels: Mapping[str, str], spec: Mapping[str, Any]) -> Lease:
    metadata = {"name": name, "annotations": annotations, "labels": labels}
    kept = {key: value for key, value in metadata.items() if value}
    return {**KIND, "metadata": kept, "spec": spec}


def _annotations(lease: Lease) -> Mapping[str, Any]:
    annotations: Mapping[str, Any] = lease["metadata"].get("annotations") or {}
    return annotations


def _spec_of(lease: Lease) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = lease.get("spec") or {}
    return spec


def _number(lease: Lease, name: str) -> int:
    value = _spec_of(lease).get(name)
    return value if isinstance(value, int) else 0


def _micro_time() -> str:
    """Now, as ``metav1.MicroTime`` is written: always six digits."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
