"""The kit, on the stores that come with the package; and stores that it must refuse."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gocron_py.distributed.memory import MemoryStore
from gocron_py.distributed.sqlite import SQLiteStore
from gocron_py.distributed.store import Entry, Snapshot, TickStore
from gocron_py.testing.store_kit import StoreKit


class TestMemoryStore(StoreKit):
    # It is that of one process.
    test_processes_race = None  # type: ignore[assignment]
    test_a_frozen_process_lives_and_a_killed_one_does_not = None  # type: ignore[assignment]

    @pytest.fixture
    def open_store(self) -> Callable[[], TickStore]:
        store = MemoryStore()

        class Client(TickStore):
            """The store is shared as an object; clients differ by their names only."""

            load = staticmethod(store.load)
            compare_and_set = staticmethod(store.compare_and_set)

        return Client


class TestSQLiteStore(StoreKit):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], TickStore]:
        return partial(SQLiteStore, tmp_path / "ticks.db")


class Base(TickStore):
    """A store of the tests, as its authors should not write it."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def load(self, keys):  # type: ignore[no-untyped-def]
        return Snapshot(10**15 * 17 // 10, {key: self.entries[key] for key in keys if key in self.entries})

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        entry = self.entries.get(key)
        if (None if entry is None else entry.version) != version:
            return False
        self.entries[key] = Entry(text, self.next_version(entry, text))
        return True

    def next_version(self, entry: Entry | None, text: str) -> object:
        return 1 if entry is None else int(str(entry.version)) + 1


class IgnoresVersions(Base):
    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        self.entries[key] = Entry(text, self.next_version(self.entries.get(key), text))
        return True


class VersionIsTheText(Base):
    def next_version(self, entry: Entry | None, text: str) -> object:
        return text


class FoldsCase(Base):
    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        return super().compare_and_set(key.lower(), version, text)


class OverwritesNew(Base):
    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        if version is None:
            self.entries.pop(key, None)
        return super().compare_and_set(key, version, text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("store", "test"),
    [
        (IgnoresVersions, StoreKit.test_write_and_load),
        (IgnoresVersions, StoreKit.test_rules_hold),
        (VersionIsTheText, StoreKit.test_the_version_changes_with_every_write),
        (FoldsCase, StoreKit.test_any_name_is_a_key),
        (OverwritesNew, StoreKit.test_write_and_load),
    ],
)
def test_the_kit_refuses_a_broken_store(store: type[Base], test: Callable[..., None]) -> None:
    with pytest.raises(AssertionError):
        test(StoreKit(), store())


@pytest.mark.slow
def test_the_broken_stores_are_whole_but_for_that() -> None:
    kit = StoreKit()
    for test in (kit.test_write_and_load, kit.test_rules_hold, kit.test_any_name_is_a_key):
        test(Base())
