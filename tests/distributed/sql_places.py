"""Databases for the tests: the tables of the tests before are gone, and who administers has a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy import Engine, NullPool, create_engine, text


class Place:
    """A database on a server.

    :ivar kind: ``postgres`` or ``mariadb``.
    :ivar url: of who may do all.
    """

    def __init__(self, server: Any) -> None:
        self.server = server
        self.kind: str = server.name
        self.url: str = server.url
        if self.kind == "mariadb":  # everybody may do everything in the database "test"
            self.admin("CREATE DATABASE IF NOT EXISTS own")
            self.url = server.url.replace("/test", "/own")
        self.clear()

    def clear(self) -> None:
        """As new: without the library's tables."""
        self.admin("DROP TABLE IF EXISTS gocron_ticks", "DROP TABLE IF EXISTS gocron_locks")

    def through(self, port: int, url: str | None = None) -> str:
        """The URL by way of another port."""
        return (url or self.url).replace(f":{self.server.port}/", f":{port}/")

    def admin(self, *statements: str, **parameters: object) -> list[Any]:
        """What the last of the statements gives."""
        engine = create_engine(self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            results = [connection.execute(text(statement), parameters) for statement in statements]
            return list(results[-1]) if results[-1].returns_rows else []

    @contextmanager
    def transaction(self) -> Iterator[sqlalchemy.Connection]:
        """One that is open until the end of the block; committed there."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            yield connection

    @contextmanager
    def user(self, *, password: str = "right", rights: str = "", limit: int = 0) -> Iterator[str]:
        """The URL of a new user, with rights on the tables that are there.

        :param limit: how many connections it may have; 0: as many as there are.
        """
        if self.kind == "postgres":
            most = limit or -1
            make = [f"CREATE ROLE app LOGIN PASSWORD '{password}' CONNECTION LIMIT {most}"]
            make += [f"GRANT {rights} ON ALL TABLES IN SCHEMA public TO app"] if rights else []
            end = ["DROP OWNED BY app", "DROP ROLE app"]
            url = self.url.replace("postgres@", f"app:{password}@")
        else:
            make = [f"CREATE USER app IDENTIFIED BY '{password}' WITH MAX_USER_CONNECTIONS {limit}"]
            make += [f"GRANT {rights or 'USAGE'} ON own.* TO app"]
            end = ["DROP USER app"]
            url = self.url.replace("root@", f"app:{password}@")
        self.admin(*make)
        try:
            yield url
        finally:
            self.disconnect("app")
            self.admin(*end)

    def disconnect(self, user: str) -> None:
        """End the user's connections."""
        if self.kind == "postgres":
            self.admin("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = :user", user=user)
        else:
            self.admin(f"KILL USER {user}")

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """As a standby is, or what was the primary before a failover."""
        if self.kind == "postgres":
            on = ["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"]
            # Who is read-only may change that all the same.
            off = ["SET default_transaction_read_only = off", "ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()"]
        else:
            on, off = ["SET GLOBAL read_only = 1"], ["SET GLOBAL read_only = 0"]
        self.admin(*on)
        try:
            yield
        finally:
            self.admin(*off)

    def engine(self, url: str | None = None, **options: Any) -> Engine:
        """A program's own."""
        return create_engine(url or self.url, **options)
