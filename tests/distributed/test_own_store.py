"""The store that examples/own_store.py and the documentation show does all that a store has to."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import gocron_py as gocron
from gocron_py.distributed import TickStore
from gocron_py.testing.store_kit import StoreKit

# The processes that the kit starts find it here too. No example has the name of another module.
sys.path.append(str(Path(__file__).parents[2] / "examples"))
own_store = importlib.import_module("own_store")


@pytest.mark.slow
class TestJSONStore(StoreKit):
    examples = 10

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], TickStore]:
        return partial(own_store.JSONStore, tmp_path / "ticks.json")


def test_tells_what_is_wrong(tmp_path: Path) -> None:
    """A file that is no JSON, and a directory that is gone."""
    (tmp_path / "ticks.json").write_text("{")
    with pytest.raises(gocron.StoreCorrupt):
        own_store.JSONStore(tmp_path / "ticks.json").load(["a"])
    with pytest.raises(gocron.StoreDown):
        own_store.JSONStore(tmp_path / "nowhere" / "ticks.json").load(["a"])
