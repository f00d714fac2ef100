"""Calls to etcd: bounded, with typed errors, and only those that cannot hang. For :mod:`gocron_py.distributed.etcd`.

The library is python-etcd3 (``import etcd3``). Of it only unary calls are used: its watches see nothing while a
server hangs. Each member of the cluster has a client of its own. Within one client of several members, a member that
has failed is either not asked again for five minutes, or never left for the next one.
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, final
from urllib.parse import parse_qsl, unquote, urlsplit

try:
    import etcd3  # type: ignore[import-untyped]
    import grpc  # type: ignore[import-untyped]
    from etcd3 import transactions, utils
except ModuleNotFoundError as error:  # pragma: no cover - the tests have it
    raise ModuleNotFoundError("pip install 'gocron_py[etcd]'", name=error.name) from error

from gocron_py.clock import elapsed
from gocron_py.distributed.circuit import CALL_TIMEOUT, Circuit, described
from gocron_py.errors import ErrInvalidArgument, LockError, StoreDown
from gocron_py.instant import SECOND, Micros

T = TypeVar("T")

_messages: Any = etcd3.etcdrpc

# A channel that lost its connection tries again within a second (gRPC's own: up to two minutes), notices a
# connection that is dead without a word, and shares it with nobody, so that a new channel is a new connection.
_OPTIONS: Final = (
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.use_local_subchannel_pool", 1),
)

_PORT: Final = 2379

# What etcd says of a token that it does not know (any more).
_STALE_TOKEN: Final = ("invalid auth token", "revision of auth store is old")


@final
@dataclass(frozen=True, slots=True)
class Member:
    """Where a member of the cluster listens."""

    host: str
    port: int
    credentials: Any = None


@final
@dataclass(frozen=True, slots=True)
class User:
    """Who asks. Not shown: the password would be."""

    name: str
    password: str

    def __repr__(self) -> str:
        return "User(…)"


@final
@dataclass(frozen=True, slots=True)
class KeyValue:
    """What etcd holds of a key."""

    key: bytes
    value: bytes
    created: int
    modified: int
    lease: int


@final
@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that was granted.

    :ivar ttl: what the server gave, in microseconds: it makes more of very short ones.
    :ivar sent: when it was asked for; it does not end before that and the ttl.
    """

    id: int
    ttl: Micros
    sent: Micros


# -- operations of a transaction -------------------------------------------------------------------


def put(key: bytes, value: str, lease: int = 0) -> Any:
    """Write it."""
    return transactions.Put(key, value, lease)


def get(key: bytes) -> Any:
    """Read it."""
    return transactions.Get(key)


def get_below(prefix: bytes) -> Any:
    """Read all keys that begin so."""
    return transactions.Get(prefix, utils.prefix_range_end(prefix))


def delete(key: bytes) -> Any:
    """Let it be gone."""
    return transactions.Delete(key)


@final
class EtcdClient:
    """A cluster of etcd.

    :param source: an ``etcd3.Etcd3Client``, an ``etcd3.MultiEndpointEtcd3Client``, or a URL.
    :raises ErrInvalidArgument: neither.
    """

    def __init__(self, source: object) -> None:
        self._theirs: Any = None
        self._user: User | None = None
        if isinstance(source, str):
            self._members, self._user = parsed(source)
        elif isinstance(source, etcd3.MultiEndpointEtcd3Client):
            self._theirs = source
            self._members = [_member(endpoint) for endpoint in self._theirs.endpoints.values()]
        else:
            kinds = "an etcd3.Etcd3Client, an etcd3.MultiEndpointEtcd3Client or a URL"
            raise ErrInvalidArgument(f"client must be {kinds}", got=type(source).__name__)
        self._circuit = Circuit(_typed, ("read", "write"))
        # An etcd that is full keeps leases alive: they are not to wait behind writes that fail.
        self._leases = Circuit(_typed)
        # Not all instances on the first one.
        self._turn = random.randrange(len(self._members))
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[int, _Connection] = {}

    # -- calls -------------------------------------------------------------------------------------

    def get(self, key: bytes) -> KeyValue | None:
        """What is there now, as a majority knows it."""
        ((*found,),) = self.read(get(key))
        return found[0] if found else None

    def read(self, *gets: Any) -> list[list[KeyValue]]:
        """What each of *gets* finds. At one moment, or the last one after the others."""
        return self._call(lambda connection: connection.read(gets), "read")

    def transaction(
        self, where: Sequence[tuple[str, bytes, int]], then: Sequence[Any], otherwise: Sequence[Any] = ()
    ) -> tuple[bool, list[list[KeyValue]]]:
        """Do *then* if all of *where* hold, else *otherwise*, at one moment. Something of it writes: else :meth:`read`.

        :param where: ``create`` or ``mod``, a key, and the revision that it must have; 0: the key is not there.
        :return: whether they held, and what the gets among the operations found.
        """

        def work(client: Any) -> tuple[bool, list[list[KeyValue]]]:
            compare = [getattr(client.transactions, what)(key) == revision for what, key, revision in where]
            held, answers = client.transaction(compare=compare, success=list(then), failure=list(otherwise))
            found = [[_key_value(*each) for each in answer] for answer in answers if isinstance(answer, list)]
            return held, found

        return self._call(work, "write")

    def grant(self, ttl: Micros) -> Lease:
        """A new lease, of at least *ttl*."""
        sent = elapsed()
        lease = self._call(lambda client: client.lease(-(-ttl // SECOND)), "write")
        return Lease(lease.id, lease.ttl * SECOND, sent)

    def refresh(self, lease: int) -> bool:
        """Give a lease its whole time again. ``False``: it is gone (the answer has no time to live then)."""
        answers: list[Any] = self._call_about_lease(lambda client: list(client.refresh_lease(lease)))
        return bool(answers) and answers[0].TTL > 0

    def revoke(self, lease: int) -> bool:
        """End a lease and delete its keys. ``False``: it was gone."""

        def work(client: Any) -> bool:
            try:
                client.revoke_lease(lease)
            except grpc.RpcError as error:
                if _code(error) is not grpc.StatusCode.NOT_FOUND:
                    raise
                return False
            return True

        return self._call_about_lease(work)

    def forked(self) -> None:
        """In a forked child: the connections are the parent's."""
        self._circuit.begin()
        self._leases.begin()
        self._begin()

    def close(self) -> None:
        """End the connections that were made here."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    # -- members -----------------------------------------------------------------------------------

    def _call(self, work: Callable[[Any], T], kind: str) -> T:
        return self._circuit.call(lambda: self._try(work), kind)

    def _call_about_lease(self, work: Callable[[Any], T]) -> T:
        return self._leases.call(lambda: self._try(work))

    def _try(self, work: Callable[[Any], T]) -> T:
        turn = self._turn
        try:
            client = self._client(turn)
            try:
                if self._user is not None and client.metadata is None:
                    self._authenticate(client, self._user)
                return work(client)
            except grpc.RpcError as error:
                if self._user is None or not any(text in _details(error) for text in _STALE_TOKEN):
                    raise
                # It was not done, so it may be asked again.
                self._authenticate(client, self._user)
                return work(client)
        except (etcd3.Etcd3Exception, grpc.RpcError) as error:
            self._leave(turn, error)
            raise

    def _client(self, turn: int) -> _Connection:
        with self._lock:
            client = self._clients.get(turn)
            if client is None:
                member = self._members[turn % len(self._members)]
                client = self._clients[turn] = _connected(member)
        if self._theirs is not None:
            client.metadata = self._theirs.metadata
        return client

    def _authenticate(self, client: Any, user: User) -> None:
        request = _messages.AuthenticateRequest(name=user.name, password=user.password)
        client.metadata = (("token", client.authstub.Authenticate(request, CALL_TIMEOUT).token),)

    def _leave(self, turn: int, error: Exception) -> None:
        """The next call goes to the next member, on a new connection: this one may be dead without knowing."""
        code = _code(error)
        if isinstance(error, etcd3.Etcd3Exception) or code in _TROUBLE:
            with self._lock:
                if self._turn == turn:
                    self._turn += 1
                # Not closed: other threads may wait on it for their answers. It ends with the last of them.
                self._clients.pop(turn, None)


_TROUBLE: Final = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.INTERNAL})


@final
class _Connection(etcd3.MultiEndpointEtcd3Client):  # type: ignore[misc]  # of an untyped library
    """A connection to one member."""

    _survives_reads: bool | None = None

    def read(self, gets: Sequence[Any]) -> list[list[KeyValue]]:
        """See :meth:`EtcdClient.read`."""
        if len(gets) > 1 and self._reads_at_once():
            _, answers = self.transaction(compare=[], success=list(gets), failure=[])
            return [[_key_value(*each) for each in answer] for answer in answers]
        first, *others = [_messages.RangeRequest(key=get.key, range_end=get.range_end or b"") for get in gets]
        how = {"timeout": self.timeout, "credentials": self.call_credentials, "metadata": self.metadata}
        answers = [self.kvstub.Range(first, **how)]  # not all of them to a server that is away
        if others:
            *between, last = others
            sent = [self.kvstub.Range.future(request, **how) for request in between]
            answers += [each.result() for each in sent]
            answers.append(self.kvstub.Range(last, **how))
        return [
            [KeyValue(kv.key, kv.value, kv.create_revision, kv.mod_revision, kv.lease) for kv in answer.kvs]
            for answer in answers
        ]

    def _reads_at_once(self) -> bool:
        """Whether the member outlives a transaction of reads alone whose caller is gone.

        Up to 3.5.6 it panics: etcd's issues 14110 and 14891.
        """
        if self._survives_reads is None:
            status = self.maintenancestub.Status(
                _messages.StatusRequest(), self.timeout, credentials=self.call_credentials, metadata=self.metadata
            )
            version = re.match(r"(\d+)\.(\d+)\.(\d+)", status.version)
            self._survives_reads = version is not None and tuple(map(int, version.groups())) >= _SURVIVES_READS
        return self._survives_reads


_SURVIVES_READS: Final = (3, 5, 7)


def _connected(member: Member) -> _Connection:
    is_secure = member.credentials is not None
    endpoint = etcd3.Endpoint(
        member.host, member.port, secure=is_secure, creds=member.credentials, time_retry=0, opts=_OPTIONS
    )
    return _Connection([endpoint], timeout=CALL_TIMEOUT)


def _member(endpoint: Any) -> Member:
    host, _, port = endpoint.netloc.rpartition(":")
    return Member(host, int(port), endpoint.credentials if endpoint.secure else None)


def _key_value(value: bytes, found: Any) -> KeyValue:
    return KeyValue(found.key, value, found.create_revision, found.mod_revision, found.lease_id)


# -- errors ----------------------------------------------------------------------------------------


def _code(error: BaseException) -> Any:
    code = getattr(error, "code", None)
    return code() if callable(code) else None


def _details(error: BaseException) -> str:
    details = getattr(error, "details", None)
    return str(details() or "") if callable(details) else ""


def _typed(error: Exception) -> LockError:
    # python-etcd3 raises an error without a text while it handles the one that has it.
    cause = error if isinstance(error, grpc.RpcError) else error.__context__
    code = None if cause is None else _code(cause)
    if cause is None or code is None:
        return StoreDown(described(error))
    return StoreDown(f"etcd: {code.name}: {_details(cause):.200}")


# -- the URL ---------------------------------------------------------------------------------------


def parsed(url: str) -> tuple[list[Member], User | None]:
    """The members and the user of a URL: ``etcd://[user:password@]host[:port][,host[:port]…]``.

    ``etcds://`` is TLS: with the system's authorities, or the file ``?ca=``; ``&cert=`` and ``&key=`` name
    the client's own files. etcd's own tools say ``http://`` and ``https://``, which are the same.

    :raises ErrInvalidArgument: it is not such a URL, or a file cannot be read. The password is not shown.
    """
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        who, _, where = parts.netloc.rpartition("@")
        places = [_place(text) for text in where.split(",")]
    except ValueError:
        raise ErrInvalidArgument("not a URL of etcd: etcd://host:port[,host:port…]") from None
    is_secure = parts.scheme in ("etcds", "https")
    if parts.scheme not in ("etcd", "etcds", "http", "https") or parts.fragment:
        raise ErrInvalidArgument("not a URL of etcd: etcd://host:port[,host:port…]")
    if parts.path not in ("", "/"):
        raise ErrInvalidArgument("a URL of etcd has no path: where keys begin is said with prefix= or name=")
    if "@" in parts.query:  # a password with a question mark
        raise ErrInvalidArgument("not a URL of etcd: what is special in a password is percent-encoded")
    if unknown := set(options) - ({"ca", "cert", "key"} if is_secure else set()):
        raise ErrInvalidArgument(f"an option that a URL {parts.scheme}:// does not have: {min(unknown):.40}")
    name, colon, password = who.partition(":")
    if who and not (name and colon and password):
        raise ErrInvalidArgument("a URL of etcd has both a user and a password, or neither")
    credentials = _credentials(options) if is_secure else None
    user = User(unquote(name), unquote(password)) if who else None
    return [Member(host, port, credentials) for host, port in places], user


def _place(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname or "@" in text or any(map(str.isspace, text)):
        raise ValueError("no host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return host, _PORT if parts.port is None else parts.port


def _credentials(options: dict[str, str]) -> Any:
    if ("cert" in options) != ("key" in options):
        raise ErrInvalidArgument("a URL of etcd has both cert and key, or neither")
    try:
        files = {name: Path(path).read_bytes() for name, path in options.items()}
    except OSError as error:
        raise ErrInvalidArgument(f"{error.filename}: {error.strerror}") from None
    return grpc.ssl_channel_credentials(files.get("ca"), files.get("key"), files.get("cert"))
