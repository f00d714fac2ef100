"""Leases that are shorter than the time between two looks of the keeper."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import gocron_py as gocron
from gocron_py.context import Context
from gocron_py.distributed import TickEvent
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.redis import RedisTickLocker
from gocron_py.distributed.sql import SQLTickLocker
from tests.servers.redis import RedisServer

LEASE = timedelta(seconds=1.5)


def check_short_lease(lockers: list[TickLocker], events: list[TickEvent]) -> None:
    """A run that is longer than its lease, and begins in the midst of the keeper's rest, is kept and begun once."""
    starts, ended = [], threading.Event()

    def work(ctx: Context) -> None:
        starts.append("lost" if ctx.wait(1.3 * LEASE.total_seconds()) else "kept")
        for locker in lockers:
            if not locker._keeper._held:  # the other one looks for what was cut off
                locker._keeper.wake()
        ctx.wait(LEASE.total_seconds())
        ended.set()

    with ExitStack() as stack:
        at = datetime.now().astimezone() + timedelta(seconds=1.2)
        for locker in lockers:
            assert locker.store.poll > 3 * LEASE.total_seconds()
            scheduler = stack.enter_context(gocron.new_scheduler(gocron.with_distributed_locker(locker)))
            definition = gocron.one_time_job(gocron.one_time_job_start_date_time(at))
            scheduler.new_job(definition, gocron.new_task(work), gocron.with_name("job"))
            scheduler.start()
        assert ended.wait(20)
    for locker in lockers:
        locker.close()
    assert starts == ["kept"]
    assert [event for event in events if event.kind.value in ("lost", "recovered")] == []


def test_on_sql(tmp_path: Path) -> None:
    events: list[TickEvent] = []
    url = f"sqlite:///{tmp_path / 'jobs.db'}"
    check_short_lease(
        [SQLTickLocker(url, lease=LEASE, on_crash="rerun", on_event=events.append) for _ in range(2)], events
    )


@pytest.mark.slow
def test_on_redis(redis_server: RedisServer) -> None:
    events: list[TickEvent] = []
    url, prefix = redis_server.url, "{gocron}:short:"
    check_short_lease(
        [RedisTickLocker(url, prefix=prefix, lease=LEASE, on_crash="rerun", on_event=events.append) for _ in range(2)],
        events,
    )
