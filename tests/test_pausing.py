"""Pause and resume of jobs and schedulers, without a store."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

import gocron_py as gocron
from gocron_py.testing import FakeClock, wait_for_runs

START = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Counts:
    """A monitor that keeps what became of runs."""

    def __init__(self) -> None:
        self.statuses: list[gocron.JobStatus] = []

    def increment_job(self, id: UUID, name: str, tags: list[str], status: gocron.JobStatus) -> None:
        self.statuses.append(status)

    def record_job_timing(self, start: datetime, end: datetime, id: UUID, name: str, tags: list[str]) -> None:
        pass


class World:
    """A scheduler on a clock of the test's, with a job that runs each minute."""

    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.counts = Counts()
        self.scheduler = gocron.new_scheduler(
            gocron.with_clock(self.clock), gocron.with_location("UTC"), gocron.with_monitor(self.counts)
        )
        self.runs = 0

    def job(self, *options: gocron.JobOption, work: Callable[[], object] | None = None) -> gocron.Job:
        def count() -> None:
            self.runs += 1

        return self.scheduler.new_job(gocron.duration_job(MINUTE), gocron.new_task(work or count), *options)

    def minutes(self, number: int) -> None:
        for _ in range(number):
            self.clock.advance(MINUTE)
            wait_for_runs(self.scheduler)


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.scheduler.shutdown()


def paused_ticks(job: gocron.Job) -> list[datetime]:
    return [run.scheduled for run in job.history() if run.outcome is gocron.JobStatus.SKIP and run.error == "paused"]


def test_ticks_of_a_paused_job_are_skipped(world: World) -> None:
    """None starts, each is in the history and counted, and the next run moves on."""
    job = world.job()
    world.scheduler.start()
    world.minutes(1)
    job.pause()
    world.minutes(3)
    assert (world.runs, job.is_paused()) == (1, True)
    assert paused_ticks(job) == [START + number * MINUTE for number in (2, 3, 4)]
    assert world.counts.statuses == [gocron.JobStatus.SUCCESS] + 3 * [gocron.JobStatus.SKIP]
    assert job.next_run() == START + 5 * MINUTE
    job.resume()
    world.minutes(2)
    assert (world.runs, job.is_paused()) == (3, False)


def test_pause_of_a_scheduler_holds_for_all_jobs(world: World) -> None:
    """A job that was paused singly stays paused when the scheduler goes on."""
    first, second = world.job(), world.job()
    world.scheduler.start()
    second.pause()
    world.scheduler.pause()
    assert (world.scheduler.is_paused(), first.is_paused()) == (True, False)
    world.minutes(2)
    assert world.runs == 0
    world.scheduler.resume()
    world.minutes(1)
    assert (world.runs, len(paused_ticks(second)), world.scheduler.is_paused()) == (1, 3, False)


@pytest.mark.parametrize("whose", ["job", "scheduler"])
def test_pause_before_the_start_and_over_stops_and_updates(world: World, whose: str) -> None:
    """It is not undone by anything but resume."""
    job = world.job()
    paused: Any = job if whose == "job" else world.scheduler
    paused.pause()
    paused.pause()
    world.scheduler.start()
    world.minutes(1)
    world.scheduler.stop_jobs()
    world.scheduler.start()
    job = world.scheduler.update(job.id(), gocron.duration_job(MINUTE), gocron.new_task(world.job))
    world.minutes(2)
    assert (world.runs, len(paused_ticks(job))) == (0, 3)
    paused.resume()
    paused.resume()
    assert not paused.is_paused()


def test_run_now_is_a_wish_that_a_pause_does_not_deny(world: World) -> None:
    """Both of the job and of the scheduler."""
    job = world.job()
    world.scheduler.start()
    job.pause()
    world.scheduler.pause()
    job.run_now()
    wait_for_runs(world.scheduler)
    assert world.runs == 1


def test_a_run_that_goes_on_goes_on(world: World) -> None:
    """A task may pause its own job, and the scheduler."""

    def work() -> None:
        job.pause()
        world.scheduler.pause()
        world.runs += 1

    job = world.job(work=work)
    world.scheduler.start()
    world.minutes(3)
    assert (world.runs, len(paused_ticks(job))) == (1, 2)
    assert job.history()[0].outcome is gocron.JobStatus.SUCCESS


def test_a_listener_may_pause(world: World) -> None:
    """Of the run that it is told of, the task does not begin any more."""
    listener = gocron.before_job_runs(lambda job_id, name: job.pause())
    job = world.job(gocron.with_event_listeners(listener))
    world.scheduler.start()
    world.minutes(2)
    assert (world.runs, len(paused_ticks(job))) == (0, 2)


def test_paused_ticks_use_up_no_limited_runs(world: World) -> None:
    """The job has its two runs after the pause."""
    job = world.job(gocron.with_limited_runs(2))
    world.scheduler.start()
    job.pause()
    world.minutes(5)
    job.resume()
    world.minutes(3)
    assert (world.runs, world.scheduler.jobs()) == (2, [])


@pytest.mark.parametrize("limit", ["scheduler", "singleton"])
def test_a_run_that_waits_does_not_begin(limit: str) -> None:
    """It was let in before the pause, and is skipped when its turn comes; the next one is not."""
    clock, gate, began = FakeClock(START), threading.Event(), threading.Semaphore(0)
    options = [gocron.with_limit_concurrent_jobs(1, gocron.LimitMode.WAIT)] if limit == "scheduler" else []
    scheduler = gocron.new_scheduler(gocron.with_clock(clock), *options)

    def work() -> None:
        began.release()
        assert gate.wait(30)

    singleton = [] if options else [gocron.with_singleton_mode(gocron.LimitMode.WAIT)]
    job = scheduler.new_job(gocron.duration_job(MINUTE), gocron.new_task(work), *singleton)
    scheduler.start()
    clock.advance(MINUTE)
    assert began.acquire(timeout=30)
    clock.advance(MINUTE)
    clock.block_until(1)
    job.pause()
    gate.set()
    wait_for_runs(scheduler)
    assert paused_ticks(job) == [START + 2 * MINUTE]
    job.resume()
    clock.advance(MINUTE)
    assert began.acquire(timeout=30)
    scheduler.shutdown()


def test_an_interval_from_completion_goes_on_after_the_pause(world: World) -> None:
    """Each skipped tick is followed by another one."""
    job = world.job(gocron.with_interval_from_completion())
    world.scheduler.start()
    job.pause()
    world.minutes(3)
    job.resume()
    world.minutes(1)
    assert (world.runs, len(paused_ticks(job))) == (1, 3)


def test_a_removed_job_cannot_be_paused(world: World) -> None:
    """As all that asks for state."""
    job = world.job()
    world.scheduler.remove_job(job.id())
    for call in (job.pause, job.resume, job.is_paused):
        with pytest.raises(gocron.ErrJobNotFound):
            call()


def test_a_scheduler_that_is_shut_down_cannot_be_paused(world: World) -> None:
    """To ask is no harm."""
    world.scheduler.shutdown()
    for call in (world.scheduler.pause, world.scheduler.resume):
        with pytest.raises(gocron.ErrSchedulerShutdown):
            call()
    assert not world.scheduler.is_paused()


def test_a_forked_child_is_told(world: World) -> None:
    """As by all other methods."""
    job, scheduler = world.job(), world.scheduler
    calls = [job.pause, job.resume, job.is_paused, scheduler.pause, scheduler.resume, scheduler.is_paused]
    pid = os.fork()
    if not pid:  # pragma: no cover - in the child
        told = 0
        for call in calls:
            try:
                call()
            except gocron.ErrSchedulerForked:
                told += 1
        os._exit(told)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == len(calls)


def test_from_many_threads(world: World) -> None:
    """After a pause has returned no task begins, whatever goes on elsewhere."""
    late: list[str] = []
    paused = threading.Event()

    def work() -> None:
        if paused.is_set():
            late.append("began")

    jobs = [world.job(work=work) for _ in range(20)]
    world.scheduler.start()
    for _ in range(10):
        threads = [threading.Thread(target=job.pause) for job in jobs]
        world.clock.advance(MINUTE)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        paused.set()
        wait_for_runs(world.scheduler)
        assert late == []
        paused.clear()
        for job in jobs:
            job.resume()
