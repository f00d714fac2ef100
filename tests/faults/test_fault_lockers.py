"""Faults 44 to 52: lockers and electors of one's own that break their contract, or the rules of time.

And 30, where it is about claims.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from conftest import MakeScheduler
from fault_kit import SECOND, Witness, until

import gocron_py as gocron
from gocron_py.distributed import TickLocker, TickStore
from gocron_py.distributed.decision import decode
from gocron_py.distributed.memory import MemoryStore, MemoryTickLocker
from gocron_py.distributed.store import Snapshot
from gocron_py.testing import FakeClock, wait_for_runs


class Scripted:
    """A locker that does what the test says."""

    def __init__(self, lock: Callable[[gocron.Context, str], Any]) -> None:
        self._lock = lock

    def lock(self, ctx: gocron.Context, key: str) -> Any:
        return self._lock(ctx, key)


class Held:
    """A lock that counts its releases, and does what the test says then."""

    def __init__(self, unlock: Callable[[], object] = lambda: None) -> None:
        self.released = 0
        self._unlock = unlock

    def unlock(self, ctx: gocron.Context) -> None:
        self.released += 1
        self._unlock()


class Job:
    """A job each second whose runs and lock errors are counted."""

    def __init__(self, scheduler: gocron.Scheduler, name: str = "job", interval: timedelta = SECOND) -> None:
        self.runs = 0
        self.errors: list[Exception] = []
        self.contexts: list[gocron.Context] = []
        self.ticks: list[Any] = []
        self.job = scheduler.new_job(
            gocron.duration_job(interval),
            gocron.new_task(self._run),
            gocron.with_name(name),
            gocron.with_event_listeners(gocron.after_lock_error(lambda _id, _name, error: self.errors.append(error))),
        )

    def _run(self) -> None:
        run = gocron.current_run()
        self.ticks.append(run.tick.at)
        self.contexts.append(run.context)
        self.runs += 1


class Crowded:
    """An instance with one worker, which a job of its own keeps busy, and a job that is everybody's."""

    def __init__(self, make_scheduler: MakeScheduler, store: MemoryStore) -> None:
        self.locker = MemoryTickLocker(store, start_deadline=2 * SECOND)
        self.scheduler = make_scheduler(gocron.with_max_workers(1), gocron.with_distributed_locker(self.locker))
        self.job = Job(self.scheduler, "shared", timedelta(seconds=10))
        self.gate, self.is_full = threading.Event(), threading.Event()

    def start(self, is_full: bool) -> None:
        if is_full:
            self.scheduler.new_job(
                gocron.one_time_job(gocron.one_time_job_start_immediately()),
                gocron.new_task(lambda: (self.is_full.set(), self.gate.wait(20))),
                gocron.with_name("long"),
                gocron.with_disabled_distributed_job_locker(True),
            )
        self.scheduler.start()
        assert not is_full or self.is_full.wait(20)

    def end(self) -> None:
        self.gate.set()
        self.scheduler.shutdown()
        self.locker.close()


@pytest.mark.parametrize("second_is_full", [False, True], ids=["one is full", "both are full"])
def test_30_pool_full_longer_than_the_deadline(
    clock: FakeClock, make_scheduler: MakeScheduler, second_is_full: bool
) -> None:
    """A run that waits for a worker has claimed nothing: another instance runs the tick, in time or caught up.

    Once: the first one, when it comes to it at last, is told that it has been.
    """
    store = MemoryStore(clock)
    first, second = Crowded(make_scheduler, store), Crowded(make_scheduler, store)
    first.start(is_full=True)
    second.start(is_full=second_is_full)
    tick = clock.now() + timedelta(seconds=10)
    clock.advance(timedelta(seconds=10))
    clock.advance(3 * SECOND)
    if second_is_full:
        assert (0, 0) == (first.job.runs, second.job.runs)
        assert not decode(store.load(["shared"]).entries["shared"].text, "shared").claims
        second.gate.set()
    until(lambda: second.job.runs == 1)
    wait_for_runs(second.scheduler)
    first.gate.set()
    wait_for_runs(first.scheduler)
    assert ([], [tick]) == (first.job.ticks, second.job.ticks)
    assert [gocron.TickTaken] == [type(error) for error in first.job.errors]
    clock.advance(timedelta(seconds=7))
    for instance in (first, second):
        wait_for_runs(instance.scheduler)
    assert [tick, tick + timedelta(seconds=10)] == sorted(first.job.ticks + second.job.ticks)
    for instance in (first, second):
        instance.end()


def test_44_slow_lock_makes_only_its_job_late(clock: FakeClock, make_scheduler: MakeScheduler, gate: Any) -> None:
    """The job whose lock takes its time runs when it has it; the other one is on time."""

    def lock(ctx: gocron.Context, key: str) -> Held:
        if key == "slow":
            gate.wait()
        return Held()

    scheduler = make_scheduler(gocron.with_distributed_locker(Scripted(lock)))
    slow, quick = Job(scheduler, "slow", timedelta(hours=1)), Job(scheduler, "quick", timedelta(hours=1))
    scheduler.start()
    clock.advance(timedelta(hours=1))
    until(lambda: quick.runs == 1)
    assert slow.runs == 0
    gate.set()
    until(lambda: slow.runs == 1)


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), GeneratorExit(), BaseException("bad")])
def test_45_lock_that_raises_any_base_exception_skips_the_tick_with_an_event(
    error: BaseException, clock: FakeClock, make_scheduler: MakeScheduler
) -> None:
    """And the next tick is asked for."""
    asked: list[str] = []

    def lock(ctx: gocron.Context, key: str) -> Held:
        asked.append(key)
        if len(asked) == 1:
            raise error
        return Held()

    scheduler = make_scheduler(gocron.with_distributed_locker(Scripted(lock)))
    job = Job(scheduler)
    scheduler.start()
    clock.advance(SECOND)
    until(lambda: job.errors)
    assert job.runs == 0
    clock.advance(SECOND)
    until(lambda: job.runs == 1)
    assert len(job.errors) == 1


@pytest.mark.parametrize("garbage", [None, 0, "lock", object(), True])
def test_46_lock_that_returns_garbage_is_never_a_run_and_a_clear_error(
    garbage: object, clock: FakeClock, make_scheduler: MakeScheduler
) -> None:
    """The error says what lock() must do."""
    scheduler = make_scheduler(gocron.with_distributed_locker(Scripted(lambda ctx, key: garbage)))
    job = Job(scheduler)
    scheduler.start()
    for number in range(1, 3):
        clock.advance(SECOND)
        until(lambda number=number: len(job.errors) == number)
    assert job.runs == 0
    assert all("must return a Lock or raise" in str(error) for error in job.errors)


@pytest.mark.parametrize("error", [ValueError("gone"), SystemExit(1)])
def test_47_unlock_that_raises_is_logged_and_the_next_tick_claims(
    error: BaseException, clock: FakeClock, make_scheduler: MakeScheduler
) -> None:
    """Nothing else comes of it."""

    def fail() -> None:
        raise error

    witness = Witness()
    scheduler = make_scheduler(
        gocron.with_distributed_locker(Scripted(lambda ctx, key: Held(fail))), gocron.with_logger(witness)
    )
    job = Job(scheduler)
    scheduler.start()
    for number in range(1, 4):
        clock.advance(SECOND)
        until(lambda number=number: job.runs == number)
        wait_for_runs(scheduler)
    assert len(witness.said("error")) == 3


def test_47_unlock_that_hangs_does_not_keep_the_next_tick(
    clock: FakeClock, make_scheduler: MakeScheduler, gate: threading.Event
) -> None:
    """It has a thread of the scheduler's, and nothing more."""
    scheduler = make_scheduler(gocron.with_distributed_locker(Scripted(lambda ctx, key: Held(gate.wait))))
    job = Job(scheduler)
    scheduler.start()
    for number in range(1, 4):
        clock.advance(SECOND)
        until(lambda number=number: job.runs == number)
    gate.set()


@pytest.mark.parametrize("end", ["removed", "stopped"])
def test_48_lock_that_comes_too_late_is_released_and_nothing_runs(
    end: str, clock: FakeClock, make_scheduler: MakeScheduler, gate: threading.Event
) -> None:
    """The job was removed, or the scheduler stopped, while lock() was at it."""
    held = Held()
    asked = threading.Event()

    def lock(ctx: gocron.Context, key: str) -> Held:
        asked.set()
        gate.wait()
        return held

    scheduler = make_scheduler(
        gocron.with_distributed_locker(Scripted(lock)), gocron.with_stop_timeout(timedelta(milliseconds=50))
    )
    job = Job(scheduler)
    scheduler.start()
    clock.advance(SECOND)
    assert asked.wait(20)
    if end == "removed":
        scheduler.remove_job(job.job.id())
    else:
        with pytest.raises(gocron.GocronError):
            scheduler.stop_jobs()
    gate.set()
    until(lambda: held.released == 1)
    wait_for_runs(scheduler)
    assert job.runs == 0


@pytest.mark.parametrize(("catch_up", "runs"), [("none", 0), ("latest", 1)])
def test_48_claim_that_is_answered_past_the_start_deadline_is_released_and_nothing_runs(
    catch_up: Any, runs: int, clock: FakeClock, make_scheduler: MakeScheduler
) -> None:
    """Unless the policy has late ticks run anyway."""
    slow = threading.Event()

    store = MemoryStore(clock)

    class Slow(TickStore):
        """It takes 4 s to answer."""

        def load(self, keys: Sequence[str]) -> Snapshot:
            return store.load(keys)

        def compare_and_set(self, key: str, version: object, text: str) -> bool:
            if slow.is_set():
                slow.clear()
                clock.advance(timedelta(seconds=4))
            return store.compare_and_set(key, version, text)

    locker = TickLocker(Slow(), start_deadline=SECOND, catch_up=catch_up)
    scheduler = make_scheduler(gocron.with_distributed_locker(locker))
    job = Job(scheduler, interval=timedelta(seconds=10))
    scheduler.start()
    slow.set()
    clock.advance(timedelta(seconds=10))
    until(lambda: job.runs or job.errors)
    wait_for_runs(scheduler)
    assert job.runs == runs
    assert [type(error) for error in job.errors] == [gocron.TickMissed] * (1 - runs)
    until(lambda: not decode(store.load(["job"]).entries["job"].text, "job").claims)
    clock.advance(timedelta(seconds=6))
    until(lambda: job.runs == runs + 1)
    scheduler.shutdown()
    locker.close()


def test_49_context_that_ends_in_lock_ends_the_wait(clock: FakeClock, make_scheduler: MakeScheduler) -> None:
    """A locker that waits by the context comes back when the job is removed, and nothing runs."""
    asked, back = threading.Event(), threading.Event()

    def lock(ctx: gocron.Context, key: str) -> Held:
        asked.set()
        assert ctx.wait(20)
        back.set()
        raise ctx.err() or AssertionError

    scheduler = make_scheduler(gocron.with_distributed_locker(Scripted(lock)))
    job = Job(scheduler)
    scheduler.start()
    clock.advance(SECOND)
    assert asked.wait(20)
    scheduler.remove_job(job.job.id())
    assert back.wait(20)
    wait_for_runs(scheduler)
    assert job.runs == 0


class Flapping:
    """Leader at every other question; all of its instances at once."""

    def __init__(self, asked: list[int]) -> None:
        self._asked = asked

    def is_leader(self, ctx: gocron.Context) -> None:
        self._asked.append(1)
        if len(self._asked) % 2:
            raise gocron.NotLeader("for now")


def test_50_elector_that_flaps_starts_no_tick_twice_with_a_tick_locker(
    clock: FakeClock, make_scheduler: MakeScheduler
) -> None:
    """Whoever believes to lead has to claim the tick, too."""
    store = MemoryStore(clock)
    asked: list[int] = []
    jobs = []
    for _ in range(3):
        locker = MemoryTickLocker(store)
        scheduler = make_scheduler(
            gocron.with_distributed_elector(Flapping(asked)), gocron.with_distributed_locker(locker)
        )
        jobs.append((scheduler, Job(scheduler), locker))
        scheduler.start()
    for _ in range(20):
        clock.advance(SECOND)
        for scheduler, _, _ in jobs:
            wait_for_runs(scheduler)
    for scheduler, _, locker in jobs:
        scheduler.shutdown()
        locker.close()
    ticks = Counter(tick for _, job, _ in jobs for tick in job.ticks)
    assert sum(ticks.values()) >= 10
    assert max(ticks.values()) == 1


def test_51_leader_that_is_lost_mid_run_lets_the_run_end(
    clock: FakeClock, make_scheduler: MakeScheduler, gate: threading.Event
) -> None:
    """What runs goes on with its context; the next tick is not this instance's. Who wants more listens to on_change."""
    leads = True
    ended: list[bool] = []
    begun = threading.Event()

    class Elector:
        def is_leader(self, ctx: gocron.Context) -> None:
            if not leads:
                raise gocron.NotLeader("another one does")

    def task() -> None:
        begun.set()
        gate.wait()
        ended.append(gocron.current_run().context.done())

    scheduler = make_scheduler(gocron.with_distributed_elector(Elector()))
    scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(task))
    scheduler.start()
    clock.advance(SECOND)
    assert begun.wait(20)
    leads = False
    clock.advance(SECOND)
    gate.set()
    wait_for_runs(scheduler)
    assert ended == [False]


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(1), KeyboardInterrupt()])
def test_52_elector_that_raises_is_not_the_leader(
    error: BaseException, clock: FakeClock, make_scheduler: MakeScheduler
) -> None:
    """Whatever it raises; the next question may have another answer."""
    answers: list[BaseException | None] = [error, None]

    class Elector:
        def is_leader(self, ctx: gocron.Context) -> None:
            if answer := answers.pop(0):
                raise answer

    scheduler = make_scheduler(gocron.with_distributed_elector(Elector()))
    job = Job(scheduler)
    scheduler.start()
    clock.advance(SECOND)
    wait_for_runs(scheduler)
    assert job.runs == 0
    clock.advance(SECOND)
    until(lambda: job.runs == 1)
