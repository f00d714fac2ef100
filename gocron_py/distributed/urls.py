"""A tick locker by the URL of its store, for command lines and settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final
from urllib.parse import unquote

from gocron_py.distributed.locker import TickLocker
from gocron_py.errors import ErrInvalidArgument, GocronError, check_kind

__all__ = ("SCHEMES", "tick_locker")

_SPLIT = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/?")

_Maker = Callable[[str, str, dict[str, Any]], TickLocker]

SCHEMES: Final = ("sqlite", "redis", "rediss", "unix", "etcd", "etcds", "k8s", "postgresql", "mysql", "mariadb")
"""What a URL may begin with; ``postgresql``, ``mysql`` and ``mariadb`` also with a driver (``mysql+pymysql``).

``postgres`` is ``postgresql``.
"""


def tick_locker(url: str, **options: Any) -> TickLocker:
    """The tick locker on the store that *url* names. Only that store's library is imported.

    ====================================== ===========================================================
    ``sqlite:///jobs.db``                  a file, here in the working directory
    ``sqlite:////var/lib/app/jobs.db``     a file by its whole path
    ``redis://host:6379/0``                Redis; also ``rediss://`` and ``unix://``
    ``etcd://host:2379,host:2379``         etcd; ``etcds://…?ca=file&cert=file&key=file`` with TLS
    ``k8s://namespace``                    Leases in a namespace of Kubernetes
    ``postgresql://user:password@host/db`` a database; also ``mysql://`` and ``mariadb://``
    ====================================== ===========================================================

    :param options: of the locker: ``on_event``, and the fields of :class:`~gocron_py.TickPolicy`.
    :raises ErrInvalidArgument: no such store, a library is missing, or an impossible value. No text holds the URL,
        which may have a password in it.
    """
    check_kind(url, str, "the URL of a store")
    found = _SPLIT.fullmatch(url)
    scheme = found["scheme"].lower() if found else ""
    make = _MAKERS.get(scheme.partition("+")[0] if scheme.startswith(("postgres", "mysql", "mariadb")) else scheme)
    if found is None or make is None:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise ErrInvalidArgument(f"the URL of a store begins with one of {known}")
    try:
        return make(url, found["rest"], options)
    except GocronError:
        raise
    except ModuleNotFoundError as error:
        raise ErrInvalidArgument(f"the store {scheme}:// needs a package that is missing: {_missing(error)}") from None
    except Exception as error:
        # Whatever a library says of a URL may repeat it.
        raise ErrInvalidArgument(f"the URL of the store {scheme}:// cannot be used ({type(error).__name__})") from None


def _missing(error: ModuleNotFoundError) -> str:
    text = str(error)
    return text if text.startswith("pip install") else f"No module named {error.name!r}"


def _class(module: str, name: str) -> Any:
    return getattr(import_module(f"gocron_py.distributed.{module}"), name)


def _sqlite(url: str, rest: str, options: dict[str, Any]) -> TickLocker:
    if not rest.startswith("/") or len(rest) < 2:
        raise ErrInvalidArgument(
            "a file is sqlite:///relative.db or sqlite:////absolute.db, with three or four slashes"
        )
    locker: TickLocker = _class("sqlite", "SQLiteTickLocker")(unquote(rest[1:]), **options)
    return locker


def _kubernetes(url: str, rest: str, options: dict[str, Any]) -> TickLocker:
    if not _NAMESPACE.fullmatch(rest):
        raise ErrInvalidArgument("Kubernetes is k8s://namespace")
    locker: TickLocker = _class("kubernetes", "KubernetesTickLocker")(namespace=rest.removesuffix("/"), **options)
    return locker


def _by_url(module: str, name: str) -> _Maker:
    """Of a class that takes the URL itself."""

    def make(url: str, rest: str, options: dict[str, Any]) -> TickLocker:
        locker: TickLocker = _class(module, name)(url, **options)
        return locker

    return make


_redis = _by_url("redis", "RedisTickLocker")
_etcd = _by_url("etcd", "EtcdTickLocker")
_sql = _by_url("sql", "SQLTickLocker")
_MAKERS: Final[dict[str, _Maker]] = {
    "sqlite": _sqlite,
    "redis": _redis,
    "rediss": _redis,
    "unix": _redis,
    "etcd": _etcd,
    "etcds": _etcd,
    "k8s": _kubernetes,
    "postgres": _sql,
    "postgresql": _sql,
    "mysql": _sql,
    "mariadb": _sql,
}
