"""Fleets of real processes on PostgreSQL and MariaDB."""

from __future__ import annotations

import pytest
from fleet_checks import FleetChecks, Site
from holder_faults import HolderFaults
from sql_places import Place

from tests import soak
from tests.servers.mariadb import MariaDBServer
from tests.servers.postgres import PostgresServer


def site_on(place: Place) -> Site:
    """A database with no table in it."""
    return Site(
        locker="gocron_py.distributed.sql:SQLTickLocker", at=place.url, through=place.through, port=place.server.port
    )


class TestPostgreSQLFleet(FleetChecks):
    @pytest.fixture
    def site(self, postgres_server: PostgresServer) -> Site:
        return site_on(Place(postgres_server))


@soak.only
class TestHoldersOnPostgreSQL(HolderFaults):
    @pytest.fixture
    def site(self, postgres_server: PostgresServer) -> Site:
        return site_on(Place(postgres_server))


@soak.only
class TestHoldersOnMariaDB(HolderFaults):
    @pytest.fixture
    def site(self, mariadb_server: MariaDBServer) -> Site:
        return site_on(Place(mariadb_server))
