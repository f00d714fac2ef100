"""Leases on Kubernetes' API server: read, created and updated; many are listed, where that is allowed.

Every call is bounded and made once. What goes over the wire are plain dictionaries: the client library's models
write times that the server refuses when they fall on a whole second.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar, cast, final
from urllib.parse import urlsplit

try:
    import kubernetes.client
    import kubernetes.config
    import urllib3
    from kubernetes.client.rest import RESTClientObject
except ModuleNotFoundError as error:  # pragma: no cover - the tests have it
    raise ModuleNotFoundError("pip install 'gocron_py[kubernetes]'", name=error.name) from error

from gocron_py.clock import elapsed
from gocron_py.distributed.circuit import CALL_TIMEOUT, Circuit, described
from gocron_py.distributed.kube_clock import ServerClock
from gocron_py.errors import ErrInvalidArgument, LockError, StoreDown, check_kind
from gocron_py.instant import SECOND, Micros

T = TypeVar("T")

Lease = Mapping[str, Any]

KIND: Final = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}

_NAMESPACE_FILE: Final = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
_config: Any = kubernetes.config  # without types

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")

# Larger than any object that the API server stores.
_LARGEST: Final = 4 * 1024 * 1024
_CONNECTIONS: Final = 16

# So many Leases are listed where that is allowed, by pages of so many; it is asked again after so long if it was not.
_MANY: Final = 8
_PAGE: Final = 100
_LONGEST_LIST: Final[Micros] = round(4 * CALL_TIMEOUT * SECOND)
_LIST_AGAIN: Final[Micros] = 600 * SECOND

# Reads at once; and how long all of them may take, in seconds, and for each one more.
_PARALLEL: Final = 8
_LONGEST_READ: Final = 2 * CALL_TIMEOUT
_FOR_EACH: Final = 0.02

_LONGEST_REST: Final = 60
_LONGEST_TEXT: Final = 200


@final
class LeaseApi:
    """The Leases of one namespace.

    :param client: a ``kubernetes.client.ApiClient``; ``None``: as the pod's service account, or else as the
        kubeconfig says; or ``k8s://namespace``, which is ``None`` and the namespace.
    :param namespace: ``None``: the pod's, or else the kubeconfig's, or else ``default``.
    :param labels: of the Leases that it pays to list.
    :raises ErrInvalidArgument: of another kind; nothing says where the API server is.
    """

    def __init__(self, client: object, namespace: str | None, labels: Mapping[str, str] | None = None) -> None:
        if isinstance(client, str):
            namespace = _namespace_of(client, namespace)
            client = None
        if namespace is not None:
            check_kind(namespace, str, "namespace")
        self._is_own = client is None
        self._client: Any = _configured() if client is None else client
        if not isinstance(self._client, kubernetes.client.ApiClient):
            raise ErrInvalidArgument("client must be a kubernetes.client.ApiClient, or None", got=type(client).__name__)
        self.namespace = _default_namespace() if namespace is None else namespace
        if not is_label(self.namespace):
            raise ErrInvalidArgument("namespace must be a DNS label", got=self.namespace)
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases"
        self._selector = ",".join(f"{key}={value}" for key, value in (labels or {}).items())
        self._list_again: Micros = 0
        self._circuit = Circuit(_typed, ("read", "write"))
        self.clock = ServerClock()
        self._connect()

    def _connect(self) -> None:
        # Connections of its own, with the address and the TLS of the client's: no retries, no time without limit.
        configuration = copy.copy(self._client.configuration)
        configuration.retries = False
        configuration.client_go_retries = False
        configuration.connection_pool_maxsize = _CONNECTIONS
        self._transport: Any = RESTClientObject(configuration)
        # By name: the version that the server has refused as outdated, and whether it is known not to be.
        self._refused: dict[str, tuple[object, bool]] = {}

    def forked(self) -> None:
        """This is a forked child now."""
        self._circuit.begin()
        self._connect()

    def close(self) -> None:
        """End the connections that were made here; the client is the user's."""
        self._transport.close()

    # -- the verbs ---------------------------------------------------------------------------------

    def get(self, name: str) -> Lease | None:
        """The Lease; ``None``: there is none."""
        return self.get_many((name,))[0]

    def get_many(self, names: Sequence[str]) -> list[Lease | None]:
        """The same of several: listed if they are many and that is allowed, else a few at once."""
        found: dict[str, Lease | None] = {}
        if len(names) >= _MANY and self._selector and elapsed() >= self._list_again:
            found.update(self._circuit.call(self._list, "read"))
        rest = [name for name in names if name not in found]
        if rest:
            leases = self._circuit.call(lambda: self._read(rest), "read", len(rest))
            found.update(zip(rest, leases, strict=True))
        return [found[name] for name in names]

    def _list(self) -> dict[str, Lease]:
        """All with the labels, by name; none if that is not allowed, for it is a right of its own."""
        leases: dict[str, Lease] = {}
        query, end = {"labelSelector": self._selector, "limit": str(_PAGE)}, elapsed() + _LONGEST_LIST
        while True:
            page = self._ask("GET", self._path, _page_of, (403,), query=query)
            if page is None:
                self._list_again = elapsed() + _LIST_AGAIN
                return {}
            some, more = page
            leases.update(some)
            if not more:
                return leases
            if elapsed() > end:
                raise StoreDown("the API server takes too long")
            query["continue"] = more

    def _read(self, names: Sequence[str]) -> list[Lease | None]:
        end = elapsed() + round((_LONGEST_READ + _FOR_EACH * len(names)) * SECOND)

        def read(name: str) -> Lease | None:
            if elapsed() > end:
                raise StoreDown("the API server takes too long")
            return self._lease("GET", name, None, (404,))

        # The first one alone: a server that is down is asked once.
        leases = [read(names[0])]
        if len(names) > 1:
            with ThreadPoolExecutor(min(_PARALLEL, len(names) - 1), "gocron-kubernetes") as pool:
                leases += pool.map(read, names[1:])
        return leases

    def create(self, lease: Lease) -> Lease | None:
        """The Lease as it was created; ``None``: there is one of this name."""
        return self._write("POST", lease, (409,))

    def update(self, lease: Lease) -> Lease | None:
        """The Lease as it was written; ``None``: it is gone, or was changed after the version that *lease* names."""
        return self._write("PUT", lease, (404, 409))

    def _write(self, method: str, lease: Lease, refusals: tuple[int, ...]) -> Lease | None:
        metadata = lease["metadata"]
        name, version = metadata["name"], metadata.get("resourceVersion")

        def work() -> Lease | None:
            written = self._lease(method, name, lease, refusals)
            if written is not None:
                self._refused.pop(name, None)
            elif self._is_refused_for_nothing(name, version):
                # Who reads it and tries again at once would do so for ever.
                raise StoreDown(f"409 Conflict: {name} has not changed, and is refused all the same")
            return written

        return self._circuit.call(work, "write")

    def _is_refused_for_nothing(self, name: str, version: object) -> bool:
        """Whether nobody has changed what is refused as outdated. The second refusal of a version makes sure."""
        refused, is_known = self._refused.get(name, ("", False))
        if refused != version:
            self._refused[name] = version, False
        elif not is_known:
            (lease,) = self._read((name,))
            is_known = version == (None if lease is None else lease["metadata"]["resourceVersion"])
            self._refused[name] = version, is_known
        return is_known and refused == version

    # -- the wire ----------------------------------------------------------------------------------

    def _lease(self, method: str, name: str, body: Lease | None, refusals: tuple[int, ...]) -> Lease | None:
        path = self._path if method == "POST" else f"{self._path}/{name}"
        return self._ask(method, path, lambda text: _lease_of(text, name), refusals, body)

    def _ask(
        self,
        method: str,
        path: str,
        read: Callable[[bytes], T],
        refusals: tuple[int, ...],
        body: Lease | None = None,
        query: Mapping[str, str] | None = None,
    ) -> T | None:
        """What *read* makes of the API server's answer; ``None``: it refuses, with a status of *refusals*."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        method, url, headers, sent_body, _ = self._client.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        sent = elapsed()
        try:
            answer = self._transport.request(
                method, url, headers=headers, body=sent_body, _request_timeout=CALL_TIMEOUT
            ).response
            text = _body(answer, sent)
        except Exception:
            # Those that are kept open may be as dead as this one.
            self._transport.close()
            raise
        is_refused = answer.status in refusals and _is_status(text)
        if not is_refused and not 200 <= answer.status <= 299:
            raise self._refusal(answer, text, headers)
        result = None if is_refused else read(text)
        # Only from who knows Leases.
        self._hear(answer.headers.get("Date"), sent)
        return result

    def _hear(self, date: str | None, sent: Micros) -> None:
        try:
            second = int(parsedate_to_datetime(date or "").timestamp()) * SECOND
        except (ValueError, OverflowError):
            return
        self.clock.heard(second, sent, elapsed())

    def _refusal(self, answer: Any, text: bytes, headers: Mapping[str, str]) -> StoreDown:
        told = f"{answer.status} {answer.reason or ''}".strip()
        try:
            message = json.loads(text)["message"].splitlines()[0]
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
            pass
        else:
            told = f"{told}: {message:.{_LONGEST_TEXT}}"
        seconds = answer.headers.get("Retry-After", "")
        if re.fullmatch("[0-9]{1,9}", seconds):
            self._circuit.rest(min(int(seconds), _LONGEST_REST) * SECOND)
        if answer.status == 401 and self._is_own:
            # The service account's token, or the kubeconfig, may have been renewed.
            with suppress(ErrInvalidArgument):
                self._client = _configured()
        for header, value in headers.items():
            if header.lower() == "authorization":
                told = told.replace(value.rpartition(" ")[2], "***")
        return StoreDown(told)


def _body(answer: Any, sent: Micros) -> bytes:
    """All of it, but no endless one, and not one that comes in drops."""
    text = b""
    while piece := answer.read1(_LARGEST):
        text += piece
        if len(text) > _LARGEST or elapsed() - sent > _LONGEST_READ * SECOND:
            raise StoreDown("the answer does not come to an end")
    answer.release_conn()
    return text


_REASONS: Final = ("NotFound", "Conflict", "AlreadyExists", "Forbidden")


def _is_status(text: bytes) -> bool:
    """Whether it is the API server that says so: load balancers have a 404 of their own."""
    try:
        status = json.loads(text)
        return status["kind"] == "Status" and status["reason"] in _REASONS
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def _lease_of(text: bytes, name: str) -> Lease:
    """What the server says that it has; anything may stand between it and us."""
    try:
        lease = json.loads(text)
        if lease["kind"] == "Lease" and _is_whole(lease) and lease["metadata"]["name"] == name:
            return cast("Lease", lease)
    except _WRONG:
        pass
    raise StoreDown(f"the answer about {name} is no Lease")


def _page_of(text: bytes) -> tuple[dict[str, Lease], str]:
    """The Leases of a part of a list, and what to ask for the next part with."""
    try:
        page = json.loads(text)
        items = page["items"]
        if page["kind"] == "LeaseList" and isinstance(items, list) and all(map(_is_whole, items)):
            # In a list it goes without saying what they are.
            leases: dict[str, Lease] = {item["metadata"]["name"]: {**KIND, **item} for item in items}
            return leases, str(page["metadata"].get("continue") or "")
    except _WRONG:
        pass
    raise StoreDown("the answer is no list of Leases")


_WRONG: Final = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


def _is_whole(lease: Any) -> bool:
    metadata = lease["metadata"]
    parts = metadata.get("annotations") or {}, lease.get("spec") or {}
    return isinstance(metadata["resourceVersion"], str) and all(isinstance(part, dict) for part in parts)


def _typed(error: Exception) -> LockError:
    if isinstance(error, urllib3.exceptions.HTTPError | kubernetes.config.ConfigException | OSError):
        return StoreDown(described(error))
    if isinstance(error, kubernetes.client.ApiException):  # the client library's for what TLS refuses
        return StoreDown(f"{error.reason!s:.{_LONGEST_TEXT}}".replace("\n", ": "))
    # What it says may be a header that could not be sent, and that is the token.
    return StoreDown(type(error).__name__)


def is_label(text: str) -> bool:
    """Whether it is a label of DNS (RFC 1123)."""
    return _LABEL.fullmatch(text) is not None


# -- where the API server is -----------------------------------------------------------------------


def _configured() -> kubernetes.client.ApiClient:
    configuration = kubernetes.client.Configuration()
    try:
        _config.load_incluster_config(configuration)
    except kubernetes.config.ConfigException as outside:
        try:
            _config.load_kube_config(client_configuration=configuration)
        except (kubernetes.config.ConfigException, OSError) as error:
            raise ErrInvalidArgument(
                f"neither in a cluster ({described(outside)}) nor with a kubeconfig ({described(error)})"
            ) from None
    return kubernetes.client.ApiClient(configuration)


def _default_namespace() -> str:
    try:
        with open(_NAMESPACE_FILE, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        pass
    try:
        _, active = _config.list_kube_config_contexts()
        return str(active["context"].get("namespace") or "default")
    except (kubernetes.config.ConfigException, OSError, TypeError, KeyError):
        return "default"


def _namespace_of(url: str, namespace: str | None) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    is_one = parts.scheme == "k8s" and parts.path in ("", "/") and not parts.query and not parts.fragment
    if not is_one or not is_label(parts.netloc or "x"):
        # It is not shown: it may be another server's, with a password.
        raise ErrInvalidArgument("a URL of Kubernetes is k8s://namespace")
    if parts.netloc and namespace not in (None, parts.netloc):
        raise ErrInvalidArgument("two namespaces are named", got=(parts.netloc, namespace))
    return parts.netloc or namespace
