"""Servers that a test starts, and that end with it; a Django without a project of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from served import Serve, Served, end_all, start


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers; at the end none is left."""
    made: list[Served] = []

    def one(directory: Path, *command: str, **environment: str) -> Served:
        made.append(start(tmp_path / f"server{len(made)}", directory, *command, **environment))
        return made[-1]

    yield one
    end_all(made)
