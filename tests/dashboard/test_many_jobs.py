"""Ten thousand jobs: pages stay small and quick, and the scheduler is not held up."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

import gocron_py as gocron
from gocron_py import dashboard
from gocron_py.testing import FakeClock, wait_for_runs
from tests.dashboard.web_kit import Answer, Client, Silent

MANY = 10_000


@pytest.fixture(scope="module")
def crowd() -> Iterator[gocron.Scheduler]:
    """A scheduler of so many jobs, each of which has run several times."""
    clock = FakeClock(datetime(2026, 5, 4, 10, tzinfo=UTC))
    scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_logger(Silent()))
    every = gocron.duration_job(timedelta(minutes=15))
    for number in range(MANY):
        scheduler.new_job(
            every, gocron.new_task(int), gocron.with_name(f"job {number:05}"), gocron.with_tags(f"tag {number % 300}")
        )
    scheduler.start()
    for _ in range(4):
        clock.advance(timedelta(minutes=15))
        wait_for_runs(scheduler, timedelta(seconds=50))
    yield scheduler
    scheduler.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    ["/", "/jobs", "/jobs?sort=-duration&page=150", "/jobs?search=job+099", "/timeline", "/events", "/events?page=700"],
)
def test_pages_of_many_jobs(crowd: gocron.Scheduler, path: str) -> None:
    """A page takes less than a second of this thread's time, which load hardly lengthens, and less than 150 kB."""
    client = Client(dashboard.app(crowd))
    page, took = fastest(client, path)
    document, polled = fastest(client, f"/api{'/overview' if path == '/' else path}")

    assert page.status == document.status == 200
    assert len(page.body) < 150_000
    assert took < 1
    assert polled < 0.8


def fastest(client: Client, path: str) -> tuple[Answer, float]:
    """An answer, and the least of what three took. Without collections of what other tests have left."""
    times = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            begin = time.thread_time()
            answer = client.get(path)
            times.append(time.thread_time() - begin)
    finally:
        gc.enable()
    return answer, min(times)


@pytest.mark.slow
def test_ticks_are_not_held_up(crowd: gocron.Scheduler) -> None:
    """A look at all jobs holds the registry's lock for a few milliseconds at a time, however many there are."""
    lock = crowd._registry.lock
    longest = 0.0

    class Watched:
        def __enter__(self) -> None:
            lock.__enter__()
            self.begin = time.thread_time()

        def __exit__(self, *_: object) -> None:
            nonlocal longest
            longest = max(longest, time.thread_time() - self.begin)
            lock.__exit__(None, None, None)

    crowd._registry.lock = Watched()  # type: ignore[assignment]
    gc.disable()  # a collection stops all threads, whoever has the lock
    try:
        Client(dashboard.app(crowd)).get("/")
    finally:
        gc.enable()
        crowd._registry.lock = lock

    assert 0 < longest < 0.05
