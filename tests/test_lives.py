"""The lives of jobs: limits, starts and stops, updates and removals, history, executors, kinds of tasks."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import logging
import multiprocessing
import os
import signal
import threading
import time
import uuid
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

import gocron_py as gocron
from gocron_py import context
from gocron_py.testing import FakeClock, wait_for_runs

NOW = datetime(2024, 6, 15, 12, tzinfo=UTC)
MS, SECOND, MINUTE, HOUR = timedelta(milliseconds=1), timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
RESCHEDULE, WAIT = gocron.LimitMode.RESCHEDULE, gocron.LimitMode.WAIT

LIMIT = 20.0
"""Seconds after which a test that waits for something has failed."""


def until(condition: Callable[[], object], limit: float = LIMIT) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"not within {limit} s"
        time.sleep(0.001)


class Monitor:
    """Counts what it is told, by name."""

    def __init__(self) -> None:
        self.events: list[tuple[str, tuple[Any, ...]]] = []

    def increment_job(self, *args: Any) -> None:
        self.events.append(("increment_job", args))

    def record_job_timing(self, *args: Any) -> None: ...

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args: self.events.append((name, args))

    def count(self, name: str) -> int:
        return Counter(event for event, _ in list(self.events))[name]

    def statuses(self) -> list[gocron.JobStatus]:
        return [args[-1] for event, args in list(self.events) if event == "increment_job"]


class Held:
    """A task that waits until it is let go, once for each run; it knows how many ran at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.entered = threading.Semaphore(0)
        self.released = threading.Semaphore(0)
        self.active = self.most = self.done = 0

    def __call__(self) -> None:
        with self._lock:
            self.active += 1
            self.most = max(self.most, self.active)
        self.entered.release()
        assert self.released.acquire(timeout=LIMIT)
        with self._lock:
            self.active -= 1
            self.done += 1

    def wait_for(self, count: int = 1) -> None:
        for _ in range(count):
            assert self.entered.acquire(timeout=LIMIT)

    def let_go(self, count: int = 1) -> None:
        self.released.release(count)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def monitor() -> Monitor:
    return Monitor()


@pytest.fixture
def held() -> Iterator[Held]:
    task = Held()
    yield task
    task.let_go(5000)


MakeScheduler = Callable[..., gocron.Scheduler]


@pytest.fixture
def make_scheduler(clock: FakeClock, monitor: Monitor, held: Held) -> Iterator[MakeScheduler]:
    made: list[gocron.Scheduler] = []

    def make(*options: gocron.SchedulerOption) -> gocron.Scheduler:
        everywhere: Any = monitor
        scheduler = gocron.new_scheduler(
            gocron.with_clock(clock),
            gocron.with_location("UTC"),
            gocron.with_monitor(monitor),
            gocron.with_scheduler_monitor(everywhere),
            *options,
        )
        made.append(scheduler)
        return scheduler

    yield make
    held.let_go(5000)
    for scheduler in made:
        with suppress(gocron.GocronError):
            scheduler.shutdown()


def every(length: timedelta = SECOND) -> gocron.JobDefinition:
    return gocron.duration_job(length)


def nothing() -> None: ...


def listener_of_errors(heard: list[Any]) -> gocron.JobOption:
    return gocron.with_event_listeners(
        gocron.after_job_runs_with_error(lambda _id, _name, error: heard.append(error)),
        gocron.after_job_runs(lambda _id, _name: heard.append(None)),
    )


class TestSingleton:
    def test_a_tick_during_a_run_is_dropped(
        self, make_scheduler: MakeScheduler, clock: FakeClock, monitor: Monitor, held: Held
    ) -> None:
        """RESCHEDULE: the ticks that come during a run are told of and gone; the next one after it runs."""
        scheduler = make_scheduler()
        job = scheduler.new_job(every(), gocron.new_task(held), gocron.with_singleton_mode(RESCHEDULE))
        scheduler.start()
        clock.advance(4 * SECOND)
        held.wait_for()
        until(lambda: monitor.count("concurrency_limit_reached") == 3)
        assert [gocron.SINGLETON_RESCHEDULED] * 3 == monitor.statuses()
        assert NOW + 5 * SECOND == job.next_run()
        held.let_go()
        until(lambda: not job.is_running())
        clock.advance(SECOND)
        held.wait_for()
        held.let_go()
        until(lambda: held.done == 2)
        assert 1 == held.most

    def test_ticks_during_a_run_wait(
        self, make_scheduler: MakeScheduler, clock: FakeClock, monitor: Monitor, held: Held
    ) -> None:
        """WAIT: they run one after the other when the run ends, each under its own time."""
        scheduler = make_scheduler()
        job = scheduler.new_job(every(), gocron.new_task(held), gocron.with_singleton_mode(WAIT))
        scheduler.start()
        clock.advance(4 * SECOND)
        held.let_go(4)
        until(lambda: held.done == 4)
        until(lambda: len(job.history()) == 4)
        assert 1 == held.most
        assert [NOW + n * SECOND for n in (1, 2, 3, 4)] == [record.scheduled for record in job.history()]
        assert 0 == monitor.count("concurrency_limit_reached")

    @pytest.mark.slow
    def test_a_thousand_wait_and_no_more(
        self, make_scheduler: MakeScheduler, clock: FakeClock, monitor: Monitor, held: Held
    ) -> None:
        """Beyond 1,000 waiting ticks one is dropped, with an event; nothing blocks (in Go everything does)."""
        scheduler = make_scheduler()
        job = scheduler.new_job(
            every(), gocron.new_task(held), gocron.with_singleton_mode(WAIT), gocron.with_history_size(2000)
        )
        scheduler.start()
        clock.advance(1011 * SECOND)
        until(lambda: monitor.count("concurrency_limit_reached") == 10)
        held.let_go(2000)
        until(lambda: held.done == 1001)
        until(lambda: len(job.history()) == 1011)
        assert Counter(run.outcome for run in job.history()) == {gocron.SUCCESS: 1001, gocron.SINGLETON_RESCHEDULED: 10}
        assert 1 == held.most

    def test_other_jobs_are_not_concerned(self, make_scheduler: MakeScheduler, clock: FakeClock, held: Held) -> None:
        """The singleton mode of one job is none of another's business."""
        ran = threading.Semaphore(0)
        scheduler = make_scheduler()
        scheduler.new_job(every(), gocron.new_task(held), gocron.with_singleton_mode(WAIT))
        scheduler.new_job(every(), gocron.new_task(ran.release))
        scheduler.start()
        clock.advance(3 * SECOND)
        for _ in range(3):
            assert ran.acquire(timeout=LIMIT)


class TestLimit:
    def test_runs_over_the_limit_are_dropped(
        self, make_scheduler: MakeScheduler, clock: FakeClock, monitor: Monitor, held: Held
    ) -> None:
        """RESCHEDULE: of five jobs due at once two run; the others come at their next ticks."""
        scheduler = make_scheduler(gocron.with_limit_concurrent_jobs(2, RESCHEDULE))
        jobs = [scheduler.new_job(every(), gocron.new_task(held)) for _ in range(5)]
        scheduler.start()
        clock.advance(SECOND)
        held.wait_for(2)
        until(lambda: monitor.count("concurrency_limit_reached") == 3)
        assert {NOW + 2 * SECOND} == {job.next_run() for job in jobs}
        assert 0 == scheduler.jobs_waiting_in_queue()
        held.let_go(2)
        until(lambda: not any(job.is_running() for job in jobs))
        clock.advance(SECOND)
        held.wait_for(2)
        assert 2 == held.most

    def test_a_job_that_another_starves_is_seen(
        self, make_scheduler: MakeScheduler, clock: FakeClock, held: Held, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Its history has the dropped ticks and why; the log warns of the first, and keeps the rest for debugging."""
        scheduler = make_scheduler(gocron.with_limit_concurrent_jobs(1, RESCHEDULE))
        caplog.set_level(logging.WARNING, "gocron_py")
        scheduler.new_job(every(), gocron.new_task(held), gocron.with_name("slow"))
        start = gocron.with_start_at(gocron.with_start_date_time(NOW + 2 * SECOND))
        starved = scheduler.new_job(every(), gocron.new_task(nothing), gocron.with_name("starved"), start)
        scheduler.start()
        clock.advance(SECOND)
        held.wait_for(1)
        for seconds in range(1, 4):
            clock.advance(SECOND)
            until(lambda seconds=seconds: len(starved.history()) == seconds)
        assert {(gocron.SKIP, "limit of concurrent jobs", None)} == {
            (run.outcome, run.error, run.started) for run in starved.history()
        }
        lines = [record.getMessage() for record in caplog.records if "tick dropped" in record.getMessage()]
        assert ["gocron: tick dropped, other jobs use up with_limit_concurrent_jobs"] == [
            line.partition(", job=")[0] for line in lines
        ]
        held.let_go(10)

    @pytest.mark.parametrize("options", [[], [gocron.with_limit_concurrent_jobs(2, RESCHEDULE)]], ids=["", "limit"])
    def test_a_tick_that_singleton_mode_drops_is_in_the_history(
        self, make_scheduler: MakeScheduler, clock: FakeClock, held: Held, options: list[gocron.SchedulerOption]
    ) -> None:
        """With its reason; under a limit too, where Go tells nobody. It is not worth a warning."""
        scheduler = make_scheduler(*options)
        job = scheduler.new_job(every(), gocron.new_task(held), gocron.with_singleton_mode(RESCHEDULE))
        scheduler.start()
        clock.advance(SECOND)
        held.wait_for(1)
        clock.advance(SECOND)
        until(lambda: job.history())
        (run,) = job.history()
        assert (gocron.SINGLETON_RESCHEDULED, "another run goes on", NOW + 2 * SECOND) == (
            run.outcome,
            run.error,
            run.scheduled,
        )
        held.let_go(10)

    def test_runs_over_the_limit_wait(
        self, make_scheduler: MakeScheduler, clock: FakeClock, monitor: Monitor, held: Held
    ) -> None:
        """WAIT: they queue, are counted by jobs_waiting_in_queue, and run as places come free."""
        scheduler = make_scheduler(gocron.with_limit_concurrent_jobs(2, WAIT))
        for _ in range(5):
            scheduler.new_job(every(), gocron.new_task(held))
        scheduler.start()
        clock.advance(SECOND)
        held.wait_for(2)
        for waiting in (3, 2, 1, 0):
            until(lambda waiting=waiting: scheduler.jobs_waiting_in_queue() == waiting)
            held.let_go()
            if waiting:
                held.wait_for()
        until(lambda: held.done == 4)
        held.let_go()
        until(lambda: held.done == 5)
        assert 2 == held.most
        assert 0 == monitor.count("concurrency_limit_reached")

    @pytest.mark.slow
    def test_the_queue_has_an_end(
        self, make_scheduler: MakeScheduler, clock: FakeClock, monitor: Monitor, held: Held
    ) -> None:
        """At most 1,000 runs wait; what comes beyond is dropped, with an event."""
        scheduler = make_scheduler(gocron.with_limit_concurrent_jobs(1, WAIT))
        for _ in range(30):
            scheduler.new_job(every(), gocron.new_task(held))
        scheduler.start()
        clock.advance(40 * SECOND)
        until(lambda: monitor.count("concurrency_limit_reached") == 199)
        assert 1000 == scheduler.jobs_waiting_in_queue()
        scheduler.remove_by_tags("none")
        held.let_go(2000)
        until(lambda: held.done == 1001)
        assert 1 == held.most

    @pytest.mark.parametrize("mode", [RESCHEDULE, WAIT])
    def test_with_a_singleton(
        self, make_scheduler: MakeScheduler, clock: FakeClock, monitor: Monitor, held: Held, mode: gocron.LimitMode
    ) -> None:
        """Both together: there is room within the limit, but the singleton runs: its tick is dropped, silently."""
        scheduler = make_scheduler(gocron.with_limit_concurrent_jobs(3, mode))
        job = scheduler.new_job(every(), gocron.new_task(held), gocron.with_singleton_mode(WAIT))
        scheduler.start()
        clock.advance(3 * SECOND)
        held.wait_for()
        assert 0 == scheduler.jobs_waiting_in_queue()
        held.let_go(3)
        until(lambda: held.done == 1)
        assert NOW + 4 * SECOND == job.next_run()
        assert 0 == monitor.count("concurrency_limit_reached")

    def test_a_stop_empties_the_queue(self, make_scheduler: MakeScheduler, clock: FakeClock, held: Held) -> None:
        """Runs that wait at stop_jobs are dropped; after the next start there is room again."""
        scheduler = make_scheduler(gocron.with_limit_concurrent_jobs(1, WAIT))
        for _ in range(3):
            scheduler.new_job(every(), gocron.new_task(held))
        scheduler.start()
        clock.advance(SECOND)
        held.wait_for()
        until(lambda: scheduler.jobs_waiting_in_queue() == 2)
        stopping = threading.Thread(target=scheduler.stop_jobs, daemon=True)
        stopping.start()
        until(lambda: scheduler.jobs_waiting_in_queue() == 0)
        held.let_go()
        stopping.join(LIMIT)
        assert 1 == held.done
        scheduler.start()
        clock.advance(SECOND)
        held.let_go(3)
        until(lambda: held.done == 4)
        assert 1 == held.most

    def test_a_removed_job_leaves_the_queue(self, make_scheduler: MakeScheduler, clock: FakeClock, held: Held) -> None:
        """Runs of a job that is removed while they wait do not run, and hold up nobody."""
        ran = threading.Event()
        scheduler = make_scheduler(gocron.with_limit_concurrent_jobs(1, WAIT))
        scheduler.new_job(every(HOUR), gocron.new_task(held), gocron.with_start_at(gocron.with_start_immediately()))
        removed = scheduler.new_job(every(), gocron.new_task(pytest.fail, "a removed job runs"))
        scheduler.start()
        held.wait_for()
        clock.advance(3 * SECOND)
        scheduler.new_job(every(HOUR), gocron.new_task(ran.set), gocron.with_start_at(gocron.with_start_immediately()))
        clock.advance(timedelta(0))
        scheduler.remove_job(removed.id())
        held.let_go()
        assert ran.wait(LIMIT)


class TestLimitedRuns:
    @pytest.mark.parametrize("mode", [None, RESCHEDULE, WAIT])
    def test_never_one_too_many(
        self,
        make_scheduler: MakeScheduler,
        clock: FakeClock,
        monitor: Monitor,
        held: Held,
        mode: gocron.LimitMode | None,
    ) -> None:
        """However slow the runs are, the job starts no more of them than it may, and goes with the last one's end."""
        scheduler = make_scheduler()
        options = [] if mode is None else [gocron.with_singleton_mode(mode)]
        job = scheduler.new_job(every(), gocron.new_task(held), gocron.with_limited_runs(3), *options)
        scheduler.start()
        clock.advance(10 * SECOND)
        held.wait_for()
        assert [job] == scheduler.jobs()

        def is_gone() -> bool:
            held.let_go()
            clock.advance(SECOND)
            return not scheduler.jobs()

        # A tick that comes while a run has not quite ended is dropped in one of the modes.
        until(is_gone)
        until(lambda: monitor.count("job_unregistered") == 1)
        assert 3 == held.done
        with pytest.raises(gocron.ErrJobNotFound):
            job.next_run()

    def test_the_last_run_sets_last_run(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """While the last run's listeners are called the job is still there and says when it was started."""
        seen: list[datetime | None] = []
        scheduler = make_scheduler()
        jobs: list[gocron.Job] = []
        jobs.append(
            scheduler.new_job(
                every(),
                gocron.new_task(nothing),
                gocron.with_limited_runs(1),
                gocron.with_event_listeners(gocron.after_job_runs(lambda *_: seen.append(jobs[0].last_run()))),
            )
        )
        scheduler.start()
        clock.advance(SECOND)
        until(lambda: seen)
        assert [NOW + SECOND] == seen

    def test_run_now_uses_one_up(self, make_scheduler: MakeScheduler, clock: FakeClock, held: Held) -> None:
        """run_now counts; when none is left it says so, though the last run still goes on."""
        scheduler = make_scheduler()
        job = scheduler.new_job(every(HOUR), gocron.new_task(held), gocron.with_limited_runs(2))
        scheduler.start()
        job.run_now()
        job.run_now()
        with pytest.raises(gocron.ErrJobRunNowFailed) as caught:
            job.run_now()
        assert ["with_limited_runs: the job's last run is on its way"] == caught.value.__notes__
        held.let_go(2)
        until(lambda: not scheduler.jobs())

    def test_failed_runs_count_skipped_ones_do_not(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """A run that fails uses one up, one that a listener skips does not, nor one that found no leader."""
        answers = iter([ValueError("skip"), None, ValueError("skip"), None])
        runs: list[int] = []

        def task() -> None:
            runs.append(1)
            raise ValueError("fail")

        scheduler = make_scheduler()
        scheduler.new_job(
            every(),
            gocron.new_task(task),
            gocron.with_limited_runs(2),
            gocron.with_event_listeners(
                gocron.before_job_runs_skip_if_before_func_errors(lambda *_: next(answers)),
                gocron.after_job_runs_with_error(lambda *_: None),
            ),
        )
        scheduler.start()
        for _ in range(4):
            clock.advance(SECOND)
            until(lambda: not scheduler._registry.in_flight)
        assert 2 == len(runs)
        assert [] == scheduler.jobs()


class TestIntervalFromCompletion:
    def test_the_next_tick_counts_from_the_end(
        self, make_scheduler: MakeScheduler, clock: FakeClock, held: Held
    ) -> None:
        """A run of 3 s of a job of 10 s: the next comes 13 s after the start; there is none to come meanwhile."""
        scheduler = make_scheduler()
        job = scheduler.new_job(every(10 * SECOND), gocron.new_task(held), gocron.with_interval_from_completion())
        scheduler.start()
        clock.advance(10 * SECOND)
        held.wait_for()
        clock.advance(3 * SECOND)
        held.let_go()
        until(lambda: job.next_run() == NOW + 23 * SECOND)
        clock.advance(10 * SECOND)
        held.wait_for()
        held.let_go()
        until(lambda: held.done == 2)

    def test_a_run_longer_than_the_interval(self, make_scheduler: MakeScheduler, clock: FakeClock, held: Held) -> None:
        """It is never overlapped by its job's next run."""
        scheduler = make_scheduler()
        job = scheduler.new_job(every(), gocron.new_task(held), gocron.with_interval_from_completion())
        scheduler.start()
        clock.advance(30 * SECOND)
        held.wait_for()
        held.let_go()
        until(lambda: job.next_run() == NOW + 31 * SECOND)
        assert 1 == held.most

    def test_failures_and_refusals_go_on(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """A run that fails, panics, or is refused its lock is followed by the next like any other."""
        outcomes = iter(["lock", "error", "panic", "lock", "fine"])
        now: list[str] = []

        class Locker:
            def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
                now[:] = [next(outcomes)]
                if now == ["lock"]:
                    raise RuntimeError("taken")
                return self  # type: ignore[return-value]

            def unlock(self, ctx: gocron.Context) -> None: ...

        def task() -> None:
            if now == ["error"]:
                raise ValueError
            if now == ["panic"]:
                gocron.panic("panic")

        scheduler = make_scheduler(gocron.with_distributed_locker(Locker()))
        job = scheduler.new_job(
            every(), gocron.new_task(task), gocron.with_interval_from_completion(), listener_of_errors([])
        )
        scheduler.start()
        for count in range(1, 6):
            clock.advance(SECOND)
            until(lambda count=count: len(job.history()) == count and job.next_run() is not None)
        assert ["SKIP", "FAIL", "FAIL", "SKIP", "SUCCESS"] == [record.outcome.name for record in job.history()]


class TestStartAndStopAt:
    def test_start_then_interval(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """The start is the first run, the others count from it."""
        scheduler = make_scheduler()
        start = gocron.with_start_at(gocron.with_start_date_time(NOW + timedelta(seconds=90)))
        job = scheduler.new_job(every(MINUTE), gocron.new_task(nothing), start)
        scheduler.start()
        assert [NOW + timedelta(seconds=n) for n in (90, 150, 210)] == job.next_runs(3)
        clock.advance(timedelta(seconds=200))
        until(lambda: len(job.history()) == 2)
        assert [NOW + timedelta(seconds=n) for n in (90, 150)] == [record.scheduled for record in job.history()]

    def test_stop_is_exclusive_and_the_last_run_is_a_full_one(
        self, make_scheduler: MakeScheduler, clock: FakeClock, monitor: Monitor
    ) -> None:
        """No run at the stop itself; the last before it has a live context and ends; then the job is gone."""
        contexts: list[bool] = []
        scheduler = make_scheduler()

        def task(ctx: gocron.Context) -> None:
            contexts.append(ctx.done())

        stop = gocron.with_stop_at(gocron.with_stop_date_time(NOW + 3 * SECOND))
        scheduler.new_job(every(), gocron.new_task(task), stop)
        scheduler.start()
        clock.advance(10 * SECOND)
        until(lambda: not scheduler.jobs())
        until(lambda: monitor.count("job_unregistered") == 1)
        assert [False, False] == contexts

    def test_a_run_that_waits_past_the_stop_is_dropped_with_a_word(
        self,
        make_scheduler: MakeScheduler,
        clock: FakeClock,
        monitor: Monitor,
        held: Held,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Its record says why, as monitors of runs hear, and so does the log: the job is gone then."""
        scheduler = make_scheduler()
        stop = gocron.with_stop_at(gocron.with_stop_date_time(NOW + 3 * SECOND))
        waits = gocron.with_singleton_mode(WAIT)
        scheduler.new_job(every(), gocron.new_task(held), gocron.with_name("late"), waits, stop)
        scheduler.start()
        clock.advance(2 * SECOND)
        held.wait_for(1)
        clock.advance(2 * SECOND)
        with caplog.at_level(logging.WARNING, "gocron_py"):
            held.let_go(1)
            until(lambda: not scheduler.jobs())
            until(lambda: monitor.count("job_unregistered") == 1)
        records = [args[1] for event, args in monitor.events if event == "run_ended"]
        assert [(1, "success", None), (2, "skip", "after the stop time")] == [
            ((record.scheduled - NOW).seconds, record.outcome.value, record.error) for record in records
        ]
        assert [("gocron: tick dropped, the stop time came before its turn, job=late", "WARNING")] == [
            (record.getMessage(), record.levelname) for record in caplog.records
        ]

    def test_a_start_long_ago_is_stepped_over_by_arithmetic(
        self, make_scheduler: MakeScheduler, clock: FakeClock
    ) -> None:
        """A job of a millisecond that began twenty years ago goes on in phase, at once."""
        scheduler = make_scheduler()
        ago = NOW - timedelta(days=365 * 20, microseconds=300)
        began = time.perf_counter()
        start = gocron.with_start_at(gocron.with_start_date_time_past(ago))
        job = scheduler.new_job(every(MS), gocron.new_task(nothing), start)
        scheduler.start()
        assert time.perf_counter() - began < 1.0
        assert NOW + timedelta(microseconds=700) == job.next_run()

    def test_immediately(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """With with_start_immediately a run comes at each start, as in Go, and the schedule counts from there."""
        scheduler = make_scheduler()
        start = gocron.with_start_at(gocron.with_start_immediately())
        job = scheduler.new_job(every(HOUR), gocron.new_task(nothing), start)
        scheduler.start()
        until(lambda: len(job.history()) == 1)
        scheduler.stop_jobs()
        clock.advance(MINUTE)
        scheduler.start()
        clock.advance(59 * MINUTE)
        wait_for_runs(scheduler)
        assert [NOW, NOW + MINUTE] == [record.started for record in job.history()]
        assert NOW + MINUTE + HOUR == job.next_run()


class TestRunNow:
    def test_beside_the_schedule(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """It runs at once, whatever the next tick is, and does not move it."""
        ran = threading.Semaphore(0)
        scheduler = make_scheduler()
        job = scheduler.new_job(every(HOUR), gocron.new_task(ran.release))
        scheduler.start()
        clock.advance(10 * MINUTE)
        job.run_now()
        assert ran.acquire(timeout=LIMIT)
        assert NOW + HOUR == job.next_run()
        until(lambda: len(job.history()) == 1)
        assert NOW + 10 * MINUTE == job.history()[0].scheduled

    def test_a_fallen_scheduler_is_well_afterwards(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """run_now before the start and after a stop raises; starts, stops and all methods work as before."""
        ran = threading.Semaphore(0)
        scheduler = make_scheduler()
        job = scheduler.new_job(every(), gocron.new_task(ran.release))
        for _ in range(2):
            with pytest.raises(gocron.ErrJobRunNowFailed):
                job.run_now()
            assert (False, [job]) == (job.is_running(), scheduler.jobs())
            scheduler.start()
            job.run_now()
            assert ran.acquire(timeout=LIMIT)
            scheduler.stop_jobs()

    def test_limits_hold(self, make_scheduler: MakeScheduler, clock: FakeClock, monitor: Monitor, held: Held) -> None:
        """A singleton that runs does not run once more by run_now."""
        scheduler = make_scheduler()
        job = scheduler.new_job(every(HOUR), gocron.new_task(held), gocron.with_singleton_mode(RESCHEDULE))
        scheduler.start()
        job.run_now()
        held.wait_for()
        job.run_now()
        until(lambda: monitor.count("concurrency_limit_reached") == 1)
        assert 1 == held.most

    def test_a_one_time_job_after_its_run(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """A one-time job that is over stays, has no next run, and can be run again by hand."""
        ran = threading.Semaphore(0)
        scheduler = make_scheduler()
        definition = gocron.one_time_job(gocron.one_time_job_start_date_time(NOW + SECOND))
        job = scheduler.new_job(definition, gocron.new_task(ran.release))
        scheduler.start()
        clock.advance(SECOND)
        assert ran.acquire(timeout=LIMIT)
        assert (None, []) == (job.next_run(), job.next_runs(5))
        job.run_now()
        assert ran.acquire(timeout=LIMIT)
        assert [job] == scheduler.jobs()


class TestUpdate:
    def test_it_keeps_id_and_history(self, make_scheduler: MakeScheduler, clock: FakeClock, monitor: Monitor) -> None:
        """The new job has the old one's id and past, a name, tags and a schedule of its own."""
        scheduler = make_scheduler()
        job = scheduler.new_job(every(), gocron.new_task(nothing), gocron.with_name("old"), gocron.with_tags("a"))
        scheduler.start()
        clock.advance(2 * SECOND)
        until(lambda: len(job.history()) == 2)
        new = scheduler.update(job.id(), every(MINUTE), gocron.new_task(nothing), gocron.with_name("new"))
        assert (job.id(), "new", []) == (new.id(), new.name(), new.tags())
        assert 2 == len(new.history())
        assert NOW + 2 * SECOND + MINUTE == new.next_run()
        assert (1, 2) == (monitor.count("job_unregistered"), monitor.count("job_registered"))
        assert gocron.DurationJobSchedule(MINUTE) == new.schedule()

    def test_one_that_fails_leaves_the_old_job(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """Whatever is wrong with the new job, the old one ticks on, and its running task is not cancelled."""
        entered, contexts = threading.Event(), []
        scheduler = make_scheduler()

        def task(ctx: gocron.Context) -> None:
            contexts.append(ctx)
            entered.set()

        job = scheduler.new_job(every(), gocron.new_task(task))
        scheduler.start()
        clock.advance(SECOND)
        assert entered.wait(LIMIT)
        wrong: list[Callable[[], object]] = [
            lambda: scheduler.update(job.id(), every(timedelta(0)), gocron.new_task(nothing)),
            lambda: scheduler.update(job.id(), every(), gocron.new_task(nothing, 1)),  # type: ignore[call-arg]
            lambda: scheduler.update(job.id(), every(), gocron.new_task(nothing), gocron.with_name("")),
        ]
        for call in wrong:
            with pytest.raises(gocron.ValidationError):
                call()
        assert not contexts[0].done()
        clock.advance(SECOND)
        until(lambda: len(contexts) == 2)

    def test_from_inside(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """A task that updates its own job: this run ends as it was, the next is of the new job."""
        order: list[str] = []
        jobs: list[gocron.Job] = []
        scheduler = make_scheduler()

        def old() -> None:
            scheduler.update(jobs[0].id(), every(), gocron.new_task(order.append, "new"))
            order.append("old")

        jobs.append(scheduler.new_job(every(), gocron.new_task(old)))
        scheduler.start()
        clock.advance(SECOND)
        until(lambda: order == ["old"])
        clock.advance(SECOND)
        until(lambda: order == ["old", "new"])

    def test_limited_runs_begin_anew(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """An update gives the job its full number of runs again."""
        runs: list[int] = []
        scheduler = make_scheduler()
        job = scheduler.new_job(every(), gocron.new_task(runs.append, 1), gocron.with_limited_runs(2))
        scheduler.start()
        clock.advance(SECOND)
        until(lambda: len(runs) == 1 and not job.is_running())
        scheduler.update(job.id(), every(), gocron.new_task(runs.append, 1), gocron.with_limited_runs(2))
        clock.advance(5 * SECOND)
        until(lambda: not scheduler.jobs())
        assert 3 == len(runs)

    def test_before_the_start(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """A job may be updated before the scheduler has started."""
        ran = threading.Semaphore(0)
        scheduler = make_scheduler()
        job = scheduler.new_job(every(HOUR), gocron.new_task(nothing))
        scheduler.update(job.id(), every(), gocron.new_task(ran.release))
        scheduler.start()
        clock.advance(SECOND)
        assert ran.acquire(timeout=LIMIT)


class TestStopAndStart:
    def test_jobs_go_on_in_phase(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """Stopped at 12:00:03.5 and started at 12:00:07.2, a job of 2 s runs next at 12:00:08: no tick is caught up."""
        scheduler = make_scheduler()
        job = scheduler.new_job(every(2 * SECOND), gocron.new_task(nothing))
        scheduler.start()
        clock.advance(timedelta(seconds=3.5))
        until(lambda: len(job.history()) == 1)
        scheduler.stop_jobs()
        clock.advance(timedelta(seconds=3.7))
        scheduler.start()
        assert NOW + 8 * SECOND == job.next_run()
        clock.advance(SECOND)
        until(lambda: len(job.history()) == 2)

    def test_contexts_are_cancelled_and_made_anew(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """A stop cancels the running job's context; after the next start a run gets a live one."""
        contexts: list[gocron.Context] = []
        scheduler = make_scheduler()

        def task(ctx: gocron.Context) -> None:
            contexts.append(ctx)
            ctx.wait(LIMIT)

        scheduler.new_job(every(), gocron.new_task(task))
        scheduler.start()
        for count in (1, 2):
            clock.advance(SECOND)
            until(lambda count=count: len(contexts) >= count)
            assert not contexts[-1].done()
            scheduler.stop_jobs()
            assert isinstance(contexts[-1].err(), gocron.Canceled)
            scheduler.start()

    def test_no_tick_twice(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """Stopped and started at the very instant of a tick that has run: it does not run again."""
        scheduler = make_scheduler()
        job = scheduler.new_job(every(), gocron.new_task(nothing))
        scheduler.start()
        clock.advance(SECOND)
        until(lambda: len(job.history()) == 1)
        scheduler.stop_jobs()
        scheduler.start()
        assert NOW + 2 * SECOND == job.next_run()
        clock.advance(SECOND)
        until(lambda: len(job.history()) >= 2 and not job.is_running())
        assert [NOW + SECOND, NOW + 2 * SECOND] == [record.scheduled for record in job.history()]

    def test_a_stopped_scheduler_takes_jobs(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """Between stop and start jobs can be added, updated and removed; they are scheduled at the start."""
        ran = threading.Semaphore(0)
        scheduler = make_scheduler()
        scheduler.start()
        scheduler.stop_jobs()
        first = scheduler.new_job(every(), gocron.new_task(ran.release))
        second = scheduler.new_job(every(), gocron.new_task(ran.release))
        assert (None, None) == (first.next_run(), second.next_run())
        scheduler.remove_job(first.id())
        scheduler.start()
        clock.advance(SECOND)
        assert ran.acquire(timeout=LIMIT)
        assert not ran.acquire(timeout=0.05)

    def test_after_the_shutdown(self, make_scheduler: MakeScheduler, clock: FakeClock, monitor: Monitor) -> None:
        """Handles keep their past and have no future; a shutdown after a stop tells the monitor; a second does not."""
        scheduler = make_scheduler()
        job = scheduler.new_job(every(), gocron.new_task(nothing))
        scheduler.start()
        clock.advance(SECOND)
        until(lambda: len(job.history()) == 1)
        scheduler.stop_jobs()
        scheduler.shutdown()
        scheduler.shutdown()
        assert (None, [], False) == (job.next_run(), job.next_runs(3), job.is_running())
        assert NOW + SECOND == job.last_run_started_at()
        assert 1 == len(job.history())
        assert [] == scheduler.jobs()
        assert 1 == monitor.count("scheduler_shutdown")
        assert scheduler.wait(0)

    def test_with_block(self, clock: FakeClock) -> None:
        """A scheduler is started by its with block, and shut down at the end of it, after an exception too."""
        scheduler = gocron.new_scheduler(gocron.with_clock(clock))
        with suppress(LookupError), scheduler:
            assert "started" in repr(scheduler)
            raise LookupError
        with pytest.raises(gocron.ErrSchedulerShutdown):
            scheduler.start()


class TestContext:
    def test_values_and_the_end_of_the_parent(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """The job's context is a child of with_context's; once that is cancelled the job runs no more."""
        parent, cancel = context.with_cancel(context.with_value(context.background(), "key", "value"))
        seen: list[object] = []
        scheduler = make_scheduler()

        def task(ctx: gocron.Context) -> None:
            seen.append(ctx.value("key"))

        job = scheduler.new_job(every(), gocron.new_task(task), gocron.with_context(parent))
        scheduler.start()
        clock.advance(SECOND)
        until(lambda: len(seen) == 1)
        cancel()
        clock.advance(5 * SECOND)
        until(lambda: job.next_run() is None)
        assert ["value"] == seen

    def test_a_context_that_was_given_is_the_one_that_comes(
        self, make_scheduler: MakeScheduler, clock: FakeClock
    ) -> None:
        """A caller's own context for the first parameter is passed on untouched."""
        own = context.with_value(context.background(), "own", True)
        seen: list[gocron.Context] = []
        scheduler = make_scheduler()

        def task(ctx: gocron.Context) -> None:
            seen.append(ctx)

        scheduler.new_job(every(), gocron.new_task(task, own))
        scheduler.start()
        clock.advance(SECOND)
        until(lambda: seen)
        assert [own] == seen


class TestHistory:
    @pytest.mark.parametrize(("size", "kept"), [(None, 20), (0, 0), (1, 1), (25, 25), (1000, 30)])
    def test_size(self, make_scheduler: MakeScheduler, clock: FakeClock, size: int | None, kept: int) -> None:
        """The last 20 runs are kept, or as many as with_history_size says; the oldest go first."""
        runs: list[int] = []
        scheduler = make_scheduler()
        options = [] if size is None else [gocron.with_history_size(size)]
        job = scheduler.new_job(every(), gocron.new_task(runs.append, 1), *options)
        scheduler.start()
        clock.advance(30 * SECOND)
        until(lambda: len(runs) == 30 and not scheduler._registry.in_flight)
        ticks = sorted(record.scheduled for record in job.history())
        assert kept == len(ticks)
        assert not kept or ticks[-1] >= NOW + 29 * SECOND

    def test_a_run_leaves_no_object_for_the_garbage_collector(self, clock: FakeClock) -> None:
        """By their number it decides when to look at everything."""
        jobs, runs = 50, 10
        with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
            for _ in range(jobs):
                scheduler.new_job(every(), gocron.new_task(nothing))
            scheduler.start()
            clock.advance(2 * SECOND)
            wait_for_runs(scheduler)
            gc.collect()
            gc.disable()
            try:
                before = Counter(map(type, gc.get_objects()))
                clock.advance(runs * SECOND)
                wait_for_runs(scheduler)
                after = Counter(map(type, gc.get_objects()))
            finally:
                gc.enable()
            assert all(len(job.history()) == runs + 2 for job in scheduler.jobs())
        # For each job its history and its next tick are new; there is nothing for each of the runs.
        assert after[tuple] - before[tuple] < 3 * jobs

    def test_an_update_changes_the_size(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """A smaller history keeps the last runs, a larger one all there are."""
        scheduler = make_scheduler()
        job = scheduler.new_job(every(), gocron.new_task(nothing), gocron.with_singleton_mode(WAIT))
        scheduler.start()
        clock.advance(5 * SECOND)
        until(lambda: len(job.history()) == 5)
        for size, expected in ((2, 2), (10, 3)):
            scheduler.update(job.id(), every(), gocron.new_task(nothing), gocron.with_history_size(size))
            last = job.history()[-1].scheduled
            clock.advance(SECOND)
            until(lambda last=last: job.history()[-1].scheduled == last + SECOND)
            assert expected == len(job.history())

    def test_records(self, make_scheduler: MakeScheduler, clock: FakeClock, held: Held) -> None:
        """Success, failure and skip, with their times in the scheduler's location, and what they took."""
        outcomes = iter([None, ValueError("broken"), LookupError()])
        answers = iter([None, None, None, ValueError("not now")])
        scheduler = make_scheduler()

        def task() -> object:
            held()
            return next(outcomes)

        job = scheduler.new_job(
            every(10 * SECOND),
            gocron.new_task(task),
            gocron.with_event_listeners(
                gocron.before_job_runs_skip_if_before_func_errors(lambda *_: next(answers)),
                gocron.after_job_runs_with_error(lambda *_: None),
            ),
        )
        scheduler.start()
        clock.advance(2 * SECOND)
        for _ in range(3):
            clock.advance(8 * SECOND)
            held.wait_for()
            clock.advance(2 * SECOND)
            held.let_go()
            until(lambda: not job.is_running())
        clock.advance(8 * SECOND)
        until(lambda: len(job.history()) == 4)
        first, second, third, fourth = job.history()
        assert (NOW + 10 * SECOND, NOW + 10 * SECOND, NOW + 12 * SECOND) == (
            first.scheduled,
            first.started,
            first.completed,
        )
        assert (2 * SECOND, timedelta(0)) == (first.duration, first.lateness)
        assert (gocron.SUCCESS, None) == (first.outcome, first.error)
        assert (gocron.FAIL, "ValueError: broken") == (second.outcome, second.error)
        assert (gocron.FAIL, "LookupError") == (third.outcome, third.error)
        assert (gocron.SKIP, "skipped by a listener: not now") == (fourth.outcome, fourth.error)
        assert (None, None, None) == (fourth.started, fourth.completed, fourth.duration)
        assert (1, None) == (first.attempt, first.fence)

    def test_records_do_not_change(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """They are frozen and slotted, and a list that was given does not grow."""
        scheduler = make_scheduler()
        job = scheduler.new_job(every(), gocron.new_task(nothing))
        scheduler.start()
        clock.advance(SECOND)
        until(lambda: len(job.history()) == 1)
        history = job.history()
        with pytest.raises(dataclasses.FrozenInstanceError):
            history[0].error = "x"  # type: ignore[misc]
        assert not hasattr(history[0], "__dict__")
        history.clear()
        assert 1 == len(job.history())


# -- what a task is ----------------------------------------------------------------------------------


class Async:
    async def method(self, heard: list[str]) -> None:
        await asyncio.sleep(0)
        heard.append("ran")

    async def __call__(self, heard: list[str]) -> None:
        await self.method(heard)


async def coroutine(heard: list[str]) -> None:
    await asyncio.sleep(0)
    heard.append("ran")


async def coroutine_in_context(ctx: gocron.Context, heard: list[str]) -> None:
    assert not ctx.done()
    await coroutine(heard)


def one_run(
    make_scheduler: MakeScheduler, task: gocron.Task, *options: gocron.JobOption
) -> tuple[Exception | None, list[object], gocron.RunRecord]:
    """The error of one run, the values of panics, and its record."""
    heard: list[Exception | None] = []
    panics: list[object] = []
    scheduler = make_scheduler()
    job = scheduler.new_job(
        every(HOUR),
        task,
        listener_of_errors(heard),
        gocron.with_event_listeners(gocron.after_job_runs_with_panic(lambda _i, _n, value: panics.append(value))),
        *options,
    )
    scheduler.start()
    job.run_now()
    until(lambda: heard and job.history())
    (error,) = heard
    return error, panics, job.history()[0]


class TestTasks:
    @pytest.mark.parametrize(
        "function",
        [
            coroutine,
            Async().method,
            Async(),
            partial(coroutine),
            lambda heard: coroutine(heard),
            coroutine_in_context,
            partial(coroutine_in_context),
        ],
        ids=["function", "method", "object", "partial", "lambda", "with context", "partial with context"],
    )
    def test_coroutines(self, make_scheduler: MakeScheduler, function: Any) -> None:
        """Whatever gives a coroutine is run to its end on the worker."""
        heard: list[str] = []
        error, _, record = one_run(make_scheduler, gocron.new_task(function, heard))
        assert (None, ["ran"], gocron.SUCCESS) == (error, heard, record.outcome)

    def test_coroutine_fails(self, make_scheduler: MakeScheduler) -> None:
        """What a coroutine raises is the run's error."""

        async def fails() -> None:
            await asyncio.sleep(0)
            raise ValueError("async")

        error, _, record = one_run(make_scheduler, gocron.new_task(fails))
        assert ("async", gocron.FAIL) == (str(error), record.outcome)

    @pytest.mark.parametrize(
        ("value", "outcome"),
        [
            (ValueError("returned"), gocron.FAIL),
            (gocron.ErrJobNotFound(), gocron.FAIL),
            (ValueError, gocron.SUCCESS),
            ("error", gocron.SUCCESS),
            (False, gocron.SUCCESS),
            ((None, ValueError("second of two")), gocron.SUCCESS),
        ],
        ids=repr,
    )
    def test_returned_values(self, make_scheduler: MakeScheduler, value: object, outcome: gocron.JobStatus) -> None:
        """An exception that is returned is the run's error, as in ported Go; any other value means nothing."""
        error, _, record = one_run(make_scheduler, gocron.new_task(lambda: value))
        assert outcome == record.outcome
        assert (value if outcome == gocron.FAIL else None) is error

    def test_a_returned_base_exception_is_a_panic(self, make_scheduler: MakeScheduler) -> None:
        """SystemExit as a value is no success."""
        error, _, record = one_run(make_scheduler, gocron.new_task(lambda: SystemExit(1)))
        assert gocron.FAIL == record.outcome
        assert isinstance(error, gocron.ErrPanicRecovered)

    @pytest.mark.parametrize("value", ["boom", 42, None, ValueError("inner"), ("a", 1)], ids=repr)
    def test_panic(self, make_scheduler: MakeScheduler, value: object) -> None:
        """The panic listener gets the value itself; the error path gets ErrPanicRecovered with Go's text."""

        def task() -> None:
            try:
                gocron.panic(value)
            except Exception:  # noqa: BLE001, RUF100 - what code under a panic does: it is not caught by it
                pytest.fail("a panic is no Exception")

        error, panics, record = one_run(make_scheduler, gocron.new_task(task))
        assert [value] == panics
        assert isinstance(error, gocron.ErrPanicRecovered)
        assert (value, f"gocron: panic recovered from {value}") == (error.value, str(error))
        assert (gocron.FAIL, f"ErrPanicRecovered: gocron: panic recovered from {value}") == (
            record.outcome,
            record.error,
        )

    @pytest.mark.parametrize(
        ("error", "text"),
        [
            (KeyboardInterrupt(), "KeyboardInterrupt"),
            (SystemExit(3), "SystemExit: 3"),
            (GeneratorExit("over"), "GeneratorExit: over"),
        ],
        ids=repr,
    )
    def test_what_is_no_exception_is_named(
        self, make_scheduler: MakeScheduler, error: BaseException, text: str
    ) -> None:
        """Most have no text of their own, and the line would end after "from"."""

        def task() -> None:
            raise error

        _, _, record = one_run(make_scheduler, gocron.new_task(task))
        assert f"ErrPanicRecovered: gocron: panic recovered from {text}" == record.error

    def test_a_panic_with_an_exception_without_a_text_is_named(self, make_scheduler: MakeScheduler) -> None:
        """An error with a text is its text, as in Go; one without has at least a type."""
        _, _, record = one_run(make_scheduler, gocron.new_task(gocron.panic, ValueError()))
        assert "ErrPanicRecovered: gocron: panic recovered from ValueError" == record.error

    @pytest.mark.parametrize("how", ["error", "panic"])
    def test_an_error_that_nobody_takes_is_logged(
        self, make_scheduler: MakeScheduler, clock: FakeClock, caplog: pytest.LogCaptureFixture, how: str
    ) -> None:
        """Without a listener the standard logger gets the job's name and the traceback."""

        def culprit() -> None:
            if how == "panic":
                gocron.panic("the value")
            raise ValueError("the value")

        scheduler = make_scheduler()
        job = scheduler.new_job(every(), gocron.new_task(culprit), gocron.with_name("the job"))
        scheduler.start()
        with caplog.at_level(logging.ERROR, "gocron_py"):
            clock.advance(SECOND)
            until(lambda: job.history())
        (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert "job=the job" in record.getMessage()
        assert "the value" in record.getMessage()
        assert "in culprit" in caplog.text


# -- executors ---------------------------------------------------------------------------------------


def pid_of_worker(file: str) -> None:
    with open(file, "a", encoding="ascii") as out:
        out.write(f"{os.getpid()}\n")


def fail_far_away() -> None:
    raise ValueError("far away")


def returns_far_away() -> Exception:
    return ValueError("returned")


def exit_far_away() -> None:
    raise SystemExit(3)


def panic_far_away() -> None:
    gocron.panic("far")


def kill_worker() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def coroutine_far_away(file: str) -> None:
    await asyncio.sleep(0)
    pid_of_worker(file)


def context_far_away(ctx: gocron.Context) -> None: ...


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    """Two processes; not forked, as this one has threads."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.mark.slow
class TestProcessPool:
    @pytest.mark.parametrize("function", [pid_of_worker, coroutine_far_away])
    def test_the_function_runs_elsewhere(
        self, make_scheduler: MakeScheduler, processes: ProcessPoolExecutor, tmp_path: Any, function: Any
    ) -> None:
        """The task's function runs in a worker process, coroutine or not; listeners and history are here."""
        file = tmp_path / "pid"
        error, _, record = one_run(
            make_scheduler, gocron.new_task(function, str(file)), gocron.with_executor(processes)
        )
        assert (None, gocron.SUCCESS) == (error, record.outcome)
        assert os.getpid() != int(file.read_text())

    @pytest.mark.parametrize(
        ("function", "kind", "panicked"),
        [
            (fail_far_away, ValueError, 0),
            (returns_far_away, ValueError, 0),
            (exit_far_away, gocron.ErrPanicRecovered, 1),
            (panic_far_away, gocron.ErrPanicRecovered, 1),
        ],
    )
    def test_errors_come_back(
        self,
        make_scheduler: MakeScheduler,
        processes: ProcessPoolExecutor,
        function: Any,
        kind: type[Exception],
        panicked: int,
    ) -> None:
        """Raised, returned, panicked: the outcome is what it is on a worker thread."""
        error, panics, record = one_run(make_scheduler, gocron.new_task(function), gocron.with_executor(processes))
        assert (kind, gocron.FAIL, panicked) == (type(error), record.outcome, len(panics))

    @pytest.mark.parametrize(
        ("function", "args"), [(context_far_away, ()), (lambda: None, ()), (print, (threading.Lock(),))]
    )
    def test_what_does_not_pickle_is_an_error_of_the_run(
        self, make_scheduler: MakeScheduler, processes: ProcessPoolExecutor, function: Any, args: tuple[Any, ...]
    ) -> None:
        """A Context, a lambda, a lock do not cross to a process: that is the run's error, not the scheduler's."""
        error, _, record = one_run(make_scheduler, gocron.new_task(function, *args), gocron.with_executor(processes))
        assert error is not None
        assert gocron.FAIL == record.outcome

    def test_a_killed_worker_process_is_an_error_of_the_run(
        self, make_scheduler: MakeScheduler, clock: FakeClock
    ) -> None:
        """A worker process killed by SIGKILL fails its run; the scheduler and jobs beside that pool go on."""
        heard: list[Exception | None] = []
        ran = threading.Semaphore(0)
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            scheduler = make_scheduler()
            job = scheduler.new_job(
                every(), gocron.new_task(kill_worker), gocron.with_executor(pool), listener_of_errors(heard)
            )
            scheduler.new_job(every(), gocron.new_task(ran.release))
            scheduler.start()
            for count in (1, 2):
                clock.advance(SECOND)
                until(lambda count=count: len(heard) == count)
                assert ran.acquire(timeout=LIMIT)
            assert [BrokenProcessPool] * 2 == [type(error) for error in heard]
            assert [gocron.FAIL] * 2 == [record.outcome for record in job.history()]
            assert NOW + 3 * SECOND == job.next_run()
            scheduler.shutdown()


class Far(Executor):
    """A cluster's executor: it keeps what was submitted, until the test lets it go."""

    def __init__(self) -> None:
        self.calls: list[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls.append((future, partial(fn, **kwargs), args))
        return future


class TestExecutors:
    def test_of_the_scheduler_and_of_the_job(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """The job's own goes before the scheduler's."""
        names: dict[str, str] = {}

        def note(job: str) -> None:
            names[job] = threading.current_thread().name

        with ThreadPoolExecutor(1, "all") as everyones, ThreadPoolExecutor(1, "own") as own:
            scheduler = make_scheduler(gocron.with_executor(everyones))
            scheduler.new_job(every(), gocron.new_task(note, "first"))
            scheduler.new_job(every(), gocron.new_task(note, "second"), gocron.with_executor(own))
            scheduler.start()
            clock.advance(SECOND)
            until(lambda: len(names) == 2)
            scheduler.shutdown()
        assert {"first": "all_0", "second": "own_0"} == names

    def test_one_that_was_shut_down(self, make_scheduler: MakeScheduler) -> None:
        """An executor that takes no more calls is an error of each run."""
        pool = ThreadPoolExecutor(1)
        pool.shutdown()
        error, _, record = one_run(make_scheduler, gocron.new_task(nothing), gocron.with_executor(pool))
        assert (RuntimeError, gocron.FAIL) == (type(error), record.outcome)

    def test_a_call_that_has_not_begun_is_withdrawn(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """At a stop what still waits in the executor is cancelled: the stop need not wait for it."""
        far = Far()
        scheduler = make_scheduler(gocron.with_executor(far), gocron.with_stop_timeout(5 * SECOND))
        heard: list[Exception | None] = []
        scheduler.new_job(every(), gocron.new_task(nothing), listener_of_errors(heard))
        scheduler.start()
        clock.advance(SECOND)
        until(lambda: far.calls)
        began = time.monotonic()
        scheduler.stop_jobs()
        assert time.monotonic() - began < 1.0
        assert far.calls[0][0].cancelled()
        until(lambda: len(heard) == 1)
        assert heard[0] is not None

    def test_a_result_that_comes_late(self, make_scheduler: MakeScheduler, clock: FakeClock) -> None:
        """The run lasts until the executor's answer; singleton mode counts it so."""
        far = Far()
        scheduler = make_scheduler()
        job = scheduler.new_job(
            every(), gocron.new_task(nothing), gocron.with_executor(far), gocron.with_singleton_mode(RESCHEDULE)
        )
        scheduler.start()
        clock.advance(3 * SECOND)
        until(lambda: far.calls)
        assert job.is_running()
        assert 1 == len(far.calls)
        far.calls[0][0].set_result(None)
        until(lambda: not job.is_running())
        assert NOW + 3 * SECOND == job.last_run_completed_at()


# -- options for all ---------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [timedelta(0), -SECOND])
@pytest.mark.parametrize("options", [(), (gocron.with_interval_from_completion(),)], ids=["", "from completion"])
def test_a_cron_implementation_that_stands_still_ends_its_job_with_a_word(
    make_scheduler: MakeScheduler,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    step: timedelta,
    options: tuple[gocron.JobOption, ...],
) -> None:
    """The log says which job, and what it answered."""

    class Stalling:
        def is_valid(self, crontab: str, location: object, now: datetime) -> None: ...

        def next(self, last_run: datetime) -> datetime:
            return last_run + (SECOND if last_run < NOW + 2 * SECOND else step)

    scheduler = make_scheduler()
    implementation = gocron.with_cron_implementation(Stalling())
    task = gocron.new_task(nothing)
    job = scheduler.new_job(gocron.cron_job("any"), task, gocron.with_name("stalls"), implementation, *options)
    scheduler.start()
    said = f"the Cron implementation gave {NOW + 2 * SECOND + step}: that is not later than {NOW + 2 * SECOND}"
    with caplog.at_level(logging.ERROR, "gocron_py"):
        for runs in 1, 2:
            clock.advance(SECOND)
            until(lambda runs=runs: len(job.history()) == runs)  # type: ignore[misc]
        until(lambda: job.next_run() is None and said in caplog.text)  # the records have it before the text
    assert all("job=stalls" in record.getMessage() for record in caplog.records)


def test_global_job_options_come_first(make_scheduler: MakeScheduler) -> None:
    """Each job has them, and its own options win over them."""
    scheduler = make_scheduler(
        gocron.with_global_job_options(gocron.with_tags("all"), gocron.with_name("same")),
        gocron.with_global_job_options(gocron.with_limited_runs(3)),
    )
    first = scheduler.new_job(every(), gocron.new_task(nothing))
    second = scheduler.new_job(every(), gocron.new_task(nothing), gocron.with_tags("own"), gocron.with_name("b"))
    assert (["all"], "same", ["own"], "b") == (first.tags(), first.name(), second.tags(), second.name())


def test_jobs_are_sorted_by_the_bytes_of_their_ids(make_scheduler: MakeScheduler) -> None:
    """As Go's Jobs()."""
    scheduler = make_scheduler()
    ids = [uuid.UUID(int=number << 64) for number in (5, 1, 4, 2, 3)]
    for job_id in ids:
        scheduler.new_job(every(), gocron.new_task(nothing), gocron.with_identifier(job_id))
    assert sorted(ids, key=lambda job_id: job_id.bytes) == [job.id() for job in scheduler.jobs()]


@pytest.mark.parametrize("kind", ["removed", "updated", "at its last run"])
def test_what_a_job_held_is_let_go_with_it(kind: str) -> None:
    """At once, without the collector of cycles, which may come late in a program of many short-lived jobs."""
    scheduler = gocron.new_scheduler()
    scheduler.start()
    done = threading.Event()

    class Work:
        def __call__(self) -> None:
            done.set()

    work = Work()
    alive = weakref.ref(work)
    every = gocron.duration_job(MS if kind == "at its last run" else HOUR)
    gc.collect()
    gc.disable()
    try:
        job = scheduler.new_job(every, gocron.new_task(work), gocron.with_limited_runs(1))
        del work
        if kind == "removed":
            scheduler.remove_job(job.id())
        elif kind == "updated":
            scheduler.update(job.id(), every, gocron.new_task(print))
        else:
            assert done.wait(LIMIT)
        del job
        until(lambda: alive() is None)
    finally:
        gc.enable()
        scheduler.shutdown()
