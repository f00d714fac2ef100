"""The pool of worker threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from gocron_py.pool import WorkerPool

LIMIT = 5.0

_numbers = count()


@pytest.fixture
def make_pool() -> Iterator[Callable[[int], WorkerPool]]:
    """Makes pools; closes them at the end."""
    pools: list[WorkerPool] = []

    def make(max_workers: int) -> WorkerPool:
        # A name of its own: the threads of another test's pool may still be on their way out.
        pools.append(WorkerPool(max_workers, f"test{next(_numbers)}"))
        pools[-1].start()
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def threads_of(pool: WorkerPool, kind: str = "") -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(f"{pool._name}-{kind}")]


def test_all_calls_are_done(make_pool: Callable[[int], WorkerPool]) -> None:
    """Ten thousand short calls of one moment are all done."""
    pool, done = make_pool(1000), threading.Semaphore(0)
    for _ in range(10_000):
        pool.put(done.release)
    pool.kick()
    assert all(done.acquire(timeout=LIMIT) for _ in range(10_000))


def test_long_calls_run_side_by_side(make_pool: Callable[[int], WorkerPool]) -> None:
    """Two hundred calls that all wait for each other meet: there is a thread for each."""
    pool, barrier = make_pool(1000), threading.Barrier(201)
    for _ in range(200):
        pool.hand(lambda: barrier.wait(LIMIT) and None)
    barrier.wait(LIMIT)


def test_no_more_threads_than_allowed(make_pool: Callable[[int], WorkerPool]) -> None:
    """With a limit of two, a third call waits for one of the two, and comes."""
    pool, gate, begun = make_pool(2), threading.Event(), threading.Semaphore(0)

    def call() -> None:
        begun.release()
        gate.wait(LIMIT)

    for _ in range(3):
        pool.hand(call)
    assert begun.acquire(timeout=LIMIT)
    assert begun.acquire(timeout=LIMIT)
    assert not begun.acquire(timeout=0.05)
    gate.set()
    assert begun.acquire(timeout=LIMIT)
    assert len(threads_of(pool, "worker")) == 2


def test_a_call_behind_a_long_one_is_not_kept_waiting(make_pool: Callable[[int], WorkerPool]) -> None:
    """One worker is woken for a batch; if its first call is long, another takes the rest."""
    pool, gate, done = make_pool(10), threading.Event(), threading.Event()
    pool.put(lambda: gate.wait(LIMIT) and None)
    pool.put(done.set)
    pool.kick()
    assert done.wait(LIMIT)
    gate.set()


def test_a_closed_pool_ends_its_threads_after_their_work(make_pool: Callable[[int], WorkerPool]) -> None:
    """What was put before the close is done, then no thread is left; what comes later is refused."""
    pool, done = make_pool(10), threading.Semaphore(0)
    for _ in range(100):
        pool.put(done.release)
    pool.kick()
    pool.close()
    assert all(done.acquire(timeout=LIMIT) for _ in range(100))
    with pytest.raises(RuntimeError, match="closed"):
        pool.put(done.release)
    limit = time.monotonic() + LIMIT
    while threads_of(pool) and time.monotonic() < limit:
        time.sleep(0.001)
    assert threads_of(pool) == []


def test_no_call_is_lost_between_looking_and_sleeping(make_pool: Callable[[int], WorkerPool]) -> None:
    """Calls handed over one by one, each just as a worker goes to sleep, are all done at once."""
    pool, done = make_pool(4), threading.Semaphore(0)
    for _ in range(20_000):
        pool.hand(done.release)
        assert done.acquire(timeout=LIMIT)
