"""Electors on the stores, by real servers and files."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from elector_checks import (
    Election,
    ElectorChecks,
    Network,
    ServerElectorChecks,
    WriteLock,
    check_rough_changes,
    leads,
    until,
)
from sql_places import Place
from test_redis_fleet import site_on

from tests import soak
from tests.servers.mariadb import MariaDBServer
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

SQL = "gocron_py.distributed.sql:SQLElector"


def database(place: Place) -> Election:
    """With no table in it."""
    return Election(SQL, place.url, partial(Network, place.server.port, place.through))


class TestRedisElector(ServerElectorChecks):
    @pytest.fixture
    def election(self, redis_server: RedisServer) -> Election:
        site = site_on(redis_server)
        assert site.at is not None
        assert site.through is not None
        # redis-py takes a new connection that has ended for one of its pool's that was cut, and makes another one.
        road = partial(Network, site.port, site.through, tries=2)
        return Election("gocron_py.distributed.redis:RedisElector", site.at, road, changes=1000)


class TestElectorOnPostgreSQL(ServerElectorChecks):
    @pytest.fixture
    def election(self, postgres_server: PostgresServer) -> Election:
        return database(Place(postgres_server))

    @pytest.mark.usefixtures("in_a_hurry")
    @pytest.mark.timeout(0 if soak.SECONDS else 120)
    def test_never_two_leaders_through_kills_and_freezes(self, election: Election) -> None:
        """As its base has it, and a few always: one of each kind."""
        check_rough_changes(election.candidate, soak.long(100, 3))


class TestElectorOnMariaDB(ServerElectorChecks):
    @pytest.fixture
    def election(self, mariadb_server: MariaDBServer) -> Election:
        return replace(database(Place(mariadb_server)), changes=50)


class TestSQLElectorOnSQLite(ElectorChecks):
    @pytest.fixture
    def election(self, tmp_path: Path) -> Election:
        file = tmp_path / "election.db"
        at = f"sqlite:///{file}"
        return Election(SQL, at, partial(WriteLock, at, file))


class TestSQLiteElector(ElectorChecks):
    @pytest.fixture
    def election(self, tmp_path: Path) -> Election:
        file = tmp_path / "election.db"
        maker = "gocron_py.distributed.sqlite:SQLiteElector"
        return Election(maker, str(file), partial(WriteLock, str(file), file))

    def test_a_killed_leader_is_followed_at_once(self, election: Election) -> None:
        """The store tells that it is dead: nobody waits for the lease."""
        with election.candidate() as killed, closing(election.elector()) as successor:
            until(killed.leads)
            assert not leads(successor)
            killed.kill()
            assert until(lambda: leads(successor)) < 5  # far less than the lease
