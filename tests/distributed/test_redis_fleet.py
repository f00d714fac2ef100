"""Fleets of real processes on a Redis server."""

from __future__ import annotations

import pytest
import redis
from fleet_checks import Site
from holder_faults import HolderFaults

from tests.servers.redis import RedisServer
from tests.servers.system import HOST


def site_on(server: RedisServer) -> Site:
    """A database of the server, with nothing in it."""
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
    return Site(
        locker="gocron_py.distributed.redis:RedisTickLocker",
        at=server.url,
        through=lambda port: f"redis://{HOST}:{port}/0",
        port=server.port,
    )


class TestRedisFleet(HolderFaults):
    """The checks and the faults of holders, on a server that was empty."""

    @pytest.fixture
    def site(self, redis_server: RedisServer) -> Site:
        return site_on(redis_server)
