"""More is due than the workers can do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from conftest import MakeScheduler
from fault_kit import HOUR, LIMIT, MS, SECOND, Witness, ended_in, until

import gocron_py as gocron
from gocron_py.limits import LONGEST_QUEUE

US = timedelta(microseconds=1)

MOST = 5 * LONGEST_QUEUE
"""So many calls of a scheduler that takes no more ticks: what may wait, and those of the last round."""


def backlog(scheduler: gocron.Scheduler) -> int:
    executor = scheduler._life.executor
    assert executor is not None
    return len(executor._pool._ready)


@pytest.mark.parametrize("jobs", [1, 5])
def test_all_jobs_run_beside_one_that_is_always_due(make_scheduler: MakeScheduler, jobs: int) -> None:
    """Jobs of every microsecond run as often as they can, another runs beside them, and the stop is a stop."""
    scheduler = make_scheduler(real=True)
    often, other = threading.Semaphore(0), threading.Semaphore(0)
    for _ in range(jobs):
        scheduler.new_job(gocron.duration_job(US), gocron.new_task(often.release))
    scheduler.new_job(gocron.duration_job(50 * MS), gocron.new_task(other.release))
    scheduler.start()
    for _ in range(10):
        assert other.acquire(timeout=LIMIT)
        assert backlog(scheduler) < MOST
    for _ in range(1000):
        assert often.acquire(timeout=LIMIT)
    ended_in(scheduler.shutdown)


def check_bounded(scheduler: gocron.Scheduler, job: gocron.Job, gate: threading.Event) -> None:
    """The workers are held up: in the end no tick is taken any more, and nothing grows; then all goes on."""

    def late() -> timedelta:
        due = job.next_run()
        assert due is not None
        assert backlog(scheduler) < MOST
        return datetime.now(UTC) - due

    until(lambda: late() > 1.2 * SECOND)
    gate.set()
    until(lambda: late() < SECOND)
    ended_in(scheduler.shutdown)


@pytest.mark.slow
def test_workers_that_are_stuck(make_scheduler: MakeScheduler, gate: threading.Event) -> None:
    """As many runs wait for a worker as may; the ticks after them are stepped over, and it is said once."""
    witness = Witness()
    scheduler = make_scheduler(gocron.with_max_workers(2), gocron.with_logger(witness), real=True)
    job = scheduler.new_job(gocron.duration_job(US), gocron.new_task(gate.wait, LIMIT))
    scheduler.start()
    check_bounded(scheduler, job, gate)
    assert len([message for message in witness.said("warn") if "more is due" in message]) == 1


@pytest.mark.slow
def test_dropped_ticks_that_nobody_can_be_told_of(make_scheduler: MakeScheduler, gate: threading.Event) -> None:
    """The only worker is at a run of singleton mode: what is to be told of the dropped ticks is not heaped up."""
    scheduler = make_scheduler(gocron.with_max_workers(1), real=True)
    singleton = gocron.with_singleton_mode(gocron.LimitMode.RESCHEDULE)
    job = scheduler.new_job(gocron.duration_job(US), gocron.new_task(gate.wait, LIMIT), singleton)
    scheduler.start()
    check_bounded(scheduler, job, gate)


def test_a_stop_while_the_workers_are_stuck(make_scheduler: MakeScheduler, gate: threading.Event) -> None:
    """A stop begins none of the runs that wait, and waits for the two that go on."""
    scheduler = make_scheduler(gocron.with_max_workers(2), real=True)
    begun = threading.Semaphore(0)

    def task(ctx: gocron.Context) -> None:
        begun.release()
        ctx.wait(LIMIT)

    scheduler.new_job(gocron.duration_job(US), gocron.new_task(task))
    scheduler.start()
    assert begun.acquire(timeout=LIMIT)
    assert begun.acquire(timeout=LIMIT)
    until(lambda: backlog(scheduler) > LONGEST_QUEUE)
    ended_in(scheduler.stop_jobs)
    assert not begun.acquire(timeout=0)


# -- a clock of the user's own ---------------------------------------------------------------------


class BrokenClock:
    """The real clock, until it is broken."""

    def __init__(self, error: BaseException) -> None:
        self._error = error
        self.now_raises = self.timer_raises = False

    def now(self) -> datetime:
        if self.now_raises:
            raise self._error
        return datetime.now(UTC)

    def new_timer(self) -> BrokenTimer:
        return BrokenTimer(self, self._error)


class BrokenTimer:
    def __init__(self, clock: BrokenClock, error: BaseException) -> None:
        self._clock = clock
        self._error = error
        self._bell = threading.Event()

    def wait_until(self, due: datetime | None, waiters: int) -> int:
        self._bell.wait(0.01)
        self._bell.clear()
        return 0

    def wake(self) -> None:
        if self._clock.timer_raises:
            raise self._error
        self._bell.set()

    def close(self) -> None: ...


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(1)], ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("end", [gocron.Scheduler.stop_jobs, gocron.Scheduler.shutdown])
def test_a_clock_that_raises_during_a_stop(
    make_scheduler: MakeScheduler, gate: threading.Event, error: BaseException, end: Callable[[gocron.Scheduler], None]
) -> None:
    """The stop waits for the runs that go on, as if the clock stood still."""
    clock = BrokenClock(error)
    scheduler = make_scheduler(gocron.with_clock(clock), real=True)
    running, done = threading.Event(), threading.Event()

    def task(ctx: gocron.Context) -> None:
        running.set()
        ctx.wait(LIMIT)
        gate.wait(LIMIT)
        done.set()

    job = scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(task))
    scheduler.start()
    job.run_now()
    assert running.wait(LIMIT)
    clock.now_raises = clock.timer_raises = True
    threading.Timer(0.1, gate.set).start()
    ended_in(lambda: end(scheduler))
    assert done.is_set()


def test_a_clock_that_raises_does_not_make_a_stop_endless(make_scheduler: MakeScheduler, gate: threading.Event) -> None:
    """Of a run that does not end it is said so when the time-out is over, by real time."""
    clock = BrokenClock(SystemExit(1))
    scheduler = make_scheduler(gocron.with_clock(clock), gocron.with_stop_timeout(50 * MS), real=True)
    running = threading.Event()

    def task() -> None:
        running.set()
        gate.wait(LIMIT)

    job = scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(task))
    scheduler.start()
    job.run_now()
    assert running.wait(LIMIT)
    clock.now_raises = True
    began = time.monotonic()
    with pytest.raises(gocron.ErrStopExecutorTimedOut, match="executor"):
        scheduler.shutdown()
    assert time.monotonic() - began < LIMIT
