"""Fixtures of the dashboard's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import gocron_py as gocron
from gocron_py import dashboard
from tests.dashboard.web_kit import Client, allow, shop


@pytest.fixture(scope="module")
def scheduler() -> Iterator[gocron.Scheduler]:
    """The shop's scheduler; nobody changes it."""
    with shop() as (scheduler, _):
        yield scheduler


@pytest.fixture
def client(scheduler: gocron.Scheduler) -> Client:
    """Asks the shop's dashboard, mounted under a path, everything switched on."""
    return Client(dashboard.app(scheduler, actions=True, authorize=allow, title="shop"), root="/ops/gocron")
