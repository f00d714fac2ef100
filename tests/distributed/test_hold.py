"""Locks that are held for some time at least."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest

import gocron_py as gocron
from gocron_py.context import Context, background, with_cancel
from gocron_py.distributed.hold import hold_at_least
from gocron_py.distributed.memory import MemoryTickLocker
from gocron_py.testing import wait_for_runs


class Mutex:
    """A locker in Go's shape."""

    def __init__(self) -> None:
        self.lock_of: dict[str, threading.Lock] = {}
        self.released = threading.Event()
        self.at = 0.0
        self.alive = False

    def lock(self, ctx: Context, key: str) -> gocron.Lock:
        lock = self.lock_of.setdefault(key, threading.Lock())
        if not lock.acquire(blocking=False):
            raise RuntimeError("taken")
        mutex = self

        class Held:
            def unlock(self, ctx: Context) -> None:
                mutex.alive = not ctx.done()
                mutex.at = time.monotonic()
                lock.release()
                mutex.released.set()

        return Held()


def test_lock_is_kept_for_so_long() -> None:
    mutex = Mutex()
    locker = hold_at_least(mutex, timedelta(seconds=0.3))
    ctx, cancel = with_cancel(background())
    began = time.monotonic()
    lock = locker.lock(ctx, "job")
    cancel()
    lock.unlock(ctx)
    assert not mutex.released.is_set()
    with pytest.raises(RuntimeError, match="taken"):
        locker.lock(background(), "job")
    assert mutex.released.wait(10)
    assert mutex.at - began >= 0.3
    assert mutex.alive  # with a context that lives, whatever became of the job's


def test_lock_of_a_long_job_is_released_at_its_end() -> None:
    mutex = Mutex()
    lock = hold_at_least(mutex, timedelta(microseconds=1)).lock(background(), "job")
    lock.unlock(background())
    assert mutex.released.is_set()


def test_short_locks_are_not_held_up_by_long_ones() -> None:
    slow, fast = Mutex(), Mutex()
    hold_at_least(slow, timedelta(seconds=1)).lock(background(), "a").unlock(background())
    hold_at_least(fast, timedelta(seconds=0.1)).lock(background(), "b").unlock(background())
    assert fast.released.wait(10)
    assert not slow.released.is_set()
    assert slow.released.wait(10)


def test_in_a_scheduler_a_second_instance_is_kept_out() -> None:
    mutex = Mutex()
    runs: list[int] = []
    refused = threading.Event()
    listener = gocron.after_lock_error(lambda job_id, name, error: refused.set())
    option = gocron.with_distributed_locker(hold_at_least(mutex, timedelta(seconds=30)))
    with gocron.new_scheduler(option) as first, gocron.new_scheduler(option) as second:
        for number, scheduler in enumerate((first, second)):
            job = scheduler.new_job(
                gocron.duration_job(timedelta(hours=1)),
                gocron.new_task(runs.append, number),
                gocron.with_name("job"),
                gocron.with_event_listeners(listener),
            )
            job.run_now()
            wait_for_runs(scheduler)
    assert runs == [0]
    assert refused.is_set()


def test_process_that_ends_waits_for_the_release() -> None:
    program = """
import time
from datetime import timedelta
from gocron_py.context import background
from gocron_py.distributed.hold import hold_at_least
class Locker:
    def lock(self, ctx, key): return self
    def unlock(self, ctx): print(f"{time.monotonic() - began >= 0.5}")
began = time.monotonic()
hold_at_least(Locker(), timedelta(seconds=0.5)).lock(background(), "job").unlock(background())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "True\n"


def test_answers_that_are_no_lock_go_through() -> None:
    class Ported:
        def lock(self, ctx: Context, key: str) -> object:
            return ValueError("taken")

    answer = hold_at_least(Ported(), timedelta(seconds=1)).lock(background(), "job")  # type: ignore[arg-type]
    assert isinstance(answer, ValueError)


@pytest.mark.parametrize(
    ("locker", "seconds"),
    [(object(), 1), (None, 1), (Mutex, 1), (Mutex(), 0), (Mutex(), -1), (Mutex(), 3601), (Mutex(), None)],
)
def test_wrong_arguments(locker: object, seconds: float | None) -> None:
    for_time = None if seconds is None else timedelta(seconds=seconds)
    with pytest.raises(gocron.ErrInvalidArgument):
        hold_at_least(locker, for_time)  # type: ignore[arg-type]


def test_tick_lockers_need_not_be_held() -> None:
    locker = MemoryTickLocker()
    with pytest.raises(gocron.ErrInvalidArgument, match="never runs a tick twice"):
        hold_at_least(locker, timedelta(seconds=1))
    locker.close()
