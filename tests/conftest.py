"""For all tests: the real servers, as fixtures; and reports that can be sent from one process to another."""

from __future__ import annotations

import re
from collections.abc import Generator

import pytest
from hypothesis import settings

# The clock on the wall says little about a busy machine. What may not take long is timed by its processor time.
settings.register_profile("untimed", parent=settings(), deadline=None)
settings.load_profile("untimed")

pytest_plugins = ["tests.servers.fixtures"]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Names with lone surrogates are logged by some tests, and no report may have them where several processes test."""
    report = yield
    report.sections = [(title, _sendable(text)) for title, text in report.sections]
    if report.longrepr is not None and (text := str(report.longrepr)) != _sendable(text):
        report.longrepr = _sendable(text)
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Names of tests are the same in every process, so that several can share them."""
    odd = [item.nodeid for item in items if re.search(r" at 0x[0-9a-f]{3}", item.nodeid)]
    if odd:
        raise pytest.UsageError(f"an address is no part of a name: {odd[:5]}")


def _sendable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
