"""The pytest plugin: a fixture. Registered under ``pytest11``; loads nothing until it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gocron_py.testing import FakeClock


@pytest.fixture
def fake_clock() -> FakeClock:
    """A :class:`gocron_py.testing.FakeClock` at 2024-01-01T00:00Z."""
    from gocron_py.testing import FakeClock

    return FakeClock()
