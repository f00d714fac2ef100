"""The kit, and what is a database's own, on PostgreSQL, MariaDB and SQLite."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from gocron_py.distributed.sql import SQLStore
from gocron_py.distributed.store import TickStore
from gocron_py.testing.store_kit import StoreKit


def emptied(url: str) -> str:
    """The database's URL, without the tables of the tests before."""
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        for table in "gocron_ticks", "gocron_locks":
            connection.execute(sqlalchemy.text(f"DROP TABLE IF EXISTS {table}"))
    return url


class TestPostgreSQL(StoreKit):
    examples = 8

    @pytest.fixture
    def open_store(self, postgres_server: Any) -> Callable[[], TickStore]:
        return partial(SQLStore, emptied(postgres_server.url))


class TestMariaDB(StoreKit):
    examples = 8

    @pytest.fixture
    def open_store(self, mariadb_server: Any) -> Callable[[], TickStore]:
        return partial(SQLStore, emptied(mariadb_server.url))


class TestSQLite(StoreKit):
    examples = 8

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], TickStore]:
        return partial(SQLStore, f"sqlite:///{tmp_path / 'ticks.db'}")
