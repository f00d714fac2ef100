"""Fleets of real processes on PostgreSQL and MariaDB, and on SQLite by SQLAlchemy."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet_checks import FleetChecks, Site
from holder_faults import HolderFaults
from sql_places import Place

from tests import soak
from tests.servers.mariadb import MariaDBServer
from tests.servers.postgres import PostgresServer

LOCKER = "gocron_py.distributed.sql:SQLTickLocker"


def site_on(place: Place) -> Site:
    """A database with no table in it."""
    return Site(locker=LOCKER, at=place.url, through=place.through, port=place.server.port)


class TestPostgreSQLFleet(HolderFaults):
    """The checks and the faults of holders, in a database that was empty."""

    @pytest.fixture
    def site(self, postgres_server: PostgresServer) -> Site:
        return site_on(Place(postgres_server))

    @soak.only
    @pytest.mark.timeout(180)
    def test_73_rolling_deploy_loses_no_tick_and_starts_none_twice(self, site: Site, tmp_path: Path) -> None:
        """As its base has it: it takes the longest, and is of no store's kind."""
        super().test_73_rolling_deploy_loses_no_tick_and_starts_none_twice(site, tmp_path)


class TestMariaDBFleet(FleetChecks):
    @pytest.fixture
    def site(self, mariadb_server: MariaDBServer) -> Site:
        return site_on(Place(mariadb_server))


@soak.only
class TestHoldersOnMariaDB(HolderFaults):
    @pytest.fixture
    def site(self, mariadb_server: MariaDBServer) -> Site:
        return site_on(Place(mariadb_server))


class TestFleetOnSQLiteBySQL(FleetChecks):
    """Leases tell who lives: by way of SQLAlchemy it is a database as the others are."""

    @pytest.fixture
    def site(self, tmp_path: Path) -> Site:
        return Site(locker=LOCKER, at=f"sqlite:///{tmp_path / 'jobs.db'}")
