"""Ticks and locks on a real etcd."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import etcd3  # type: ignore[import-untyped]
import pytest

import gocron_py as gocron
from gocron_py.context import background
from gocron_py.distributed.etcd import EtcdLocker, EtcdStore, EtcdTickLocker
from gocron_py.distributed.etcd_client import EtcdClient, parsed
from gocron_py.distributed.store import TickStore
from gocron_py.testing.store_kit import StoreKit
from tests.servers.etcd import EtcdServer
from tests.servers.system import HOST

SECOND = timedelta(seconds=1)


@pytest.fixture
def url(etcd_server: EtcdServer) -> str:
    return f"etcd://{HOST}:{etcd_server.port}"


@pytest.fixture
def prefix() -> str:
    """No other test's."""
    return f"/{secrets.token_hex(8)}/"


@pytest.fixture
def bare(etcd_server: EtcdServer) -> Iterator[Any]:
    """A client as its users have it."""
    client = etcd3.client(HOST, etcd_server.port, timeout=10)
    yield client
    client.close()


def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never became so"
        time.sleep(0.01)


class TestEtcdStore(StoreKit):
    """The kit, on etcd."""

    examples = 15
    outlives = 20.0  # the lease, and what the server takes until it notices

    @pytest.fixture
    def open_store(self, url: str, prefix: str) -> Callable[[], TickStore]:
        return partial(EtcdStore, url, prefix=prefix, lease=2 * SECOND)
