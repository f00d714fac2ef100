"""Schedulers under tick lockers, on a clock that the test moves; the store is that of this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Self

import pytest

import gocron_py as gocron
from gocron_py.context import background
from gocron_py.distributed.decision import Claim, decode, encode, registered
from gocron_py.distributed.events import TickEvent, TickEventKind
from gocron_py.distributed.health import Health
from gocron_py.distributed.locker import GRANTED_TOO_LATE, TickLocker
from gocron_py.distributed.memory import MemoryStore, MemoryTickLocker
from gocron_py.distributed.store import Snapshot, TickStore
from gocron_py.testing import FakeClock, wait_for_runs

SECOND = 1_000_000
START = datetime(2024, 1, 1, 0, 0, 0, 300_000, tzinfo=UTC)


class Fleet:
    """Schedulers that share a store and a clock, and what they did."""

    def __init__(self, poll: float | None = None) -> None:
        self.clock = FakeClock(START)
        self.store = MemoryStore(self.clock)
        if poll is not None:
            self.store.poll = poll
        self.runs: list[tuple[int, gocron.CurrentRun]] = []
        self.refusals: list[tuple[int, Exception]] = []
        self.events: list[TickEvent] = []
        self.schedulers: list[gocron.Scheduler] = []
        self.lockers: list[TickLocker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for scheduler in self.schedulers:
            scheduler.shutdown()
        for locker in self.lockers:
            locker.close()

    def instance(
        self,
        definition: gocron.JobDefinition,
        *options: gocron.JobOption,
        task: Callable[..., Any] | None = None,
        store: TickStore | None = None,
        **policy: Any,
    ) -> gocron.Job:
        number = len(self.schedulers)
        locker = TickLocker(store or self.store, on_event=self.events.append, **policy)
        scheduler = gocron.new_scheduler(
            gocron.with_clock(self.clock), gocron.with_location("UTC"), gocron.with_distributed_locker(locker)
        )
        listener = gocron.after_lock_error(lambda job_id, name, error: self.refusals.append((number, error)))
        work = task or (lambda: self.runs.append((number, gocron.current_run())))
        job = scheduler.new_job(
            definition,
            gocron.new_task(work),
            gocron.with_name("job"),
            gocron.with_event_listeners(listener),
            *options,
        )
        self.schedulers.append(scheduler)
        self.lockers.append(locker)
        scheduler.start()
        # The job is registered by the locker's own thread.
        until(lambda: "job" in self.store.load(["job"]).entries or store is not None)
        return job

    def advance(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.settle()

    def settle(self) -> None:
        for scheduler in self.schedulers:
            wait_for_runs(scheduler)

    def kinds(self) -> list[TickEventKind]:
        return [event.kind for event in self.events]

    def ticks(self) -> list[float]:
        """Of the runs, in seconds from the start of 2024."""
        return [(run.tick.at - datetime(2024, 1, 1, tzinfo=UTC)).total_seconds() for _, run in self.runs]


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with Fleet() as fleet:
        yield fleet


def until(is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    done = threading.Event()
    for _ in range(int(seconds / 0.005)):
        if is_so():
            return
        done.wait(0.005)
    raise AssertionError("it never became so")


def every(seconds: float) -> gocron.JobDefinition:
    return gocron.duration_job(timedelta(seconds=seconds))


# -- once ------------------------------------------------------------------------------------------


def test_each_tick_runs_once_on_the_grid(fleet: Fleet) -> None:
    for _ in range(3):
        fleet.instance(every(10))
    for _ in range(6):
        fleet.advance(10)
    assert fleet.ticks() == [10, 20, 30, 40, 50, 60]
    assert {type(error) for _, error in fleet.refusals} == {gocron.TickTaken}
    assert len(fleet.refusals) == 12


def test_start_immediately_runs_once_in_a_period(fleet: Fleet) -> None:
    immediately = gocron.with_start_at(gocron.with_start_immediately())
    fleet.instance(every(10), immediately)
    until(lambda: len(fleet.runs) == 1)
    fleet.clock.advance(timedelta(seconds=2))
    fleet.instance(every(10), immediately)
    until(lambda: len(fleet.refusals) == 1)
    fleet.settle()
    assert [run.tick.kind for _, run in fleet.runs] == [gocron.TickKind.START]
    assert fleet.ticks() == [0.3]
    assert isinstance(fleet.refusals[0][1], gocron.TickTaken)
    fleet.advance(10)
    assert [run.tick.kind for _, run in fleet.runs] == [gocron.TickKind.START, gocron.TickKind.GRID]
    assert fleet.ticks() == [0.3, 10]


def test_run_now_is_a_tick_of_its_own(fleet: Fleet) -> None:
    jobs = [fleet.instance(every(10)) for _ in range(2)]
    for job in jobs:
        job.run_now()
        fleet.settle()
    assert [(number, run.tick.kind) for number, run in fleet.runs] == [
        (0, gocron.TickKind.MANUAL),
        (1, gocron.TickKind.MANUAL),
    ]
    fleet.advance(10)
    assert fleet.ticks() == [0.3, 0.3, 10]


def test_one_time_job_runs_once_in_all(fleet: Fleet) -> None:
    moments = [START + timedelta(seconds=5), START + timedelta(seconds=9)]
    for _ in range(2):
        fleet.instance(gocron.one_time_job(gocron.one_time_job_start_date_times(*moments)))
    fleet.advance(6)
    fleet.advance(6)
    assert fleet.ticks() == [5.3, 9.3]
    assert {run.tick.kind for _, run in fleet.runs} == {gocron.TickKind.ONCE}


def test_interval_from_completion_counts_from_the_end_on_any_instance(fleet: Fleet) -> None:
    """The one that does not run learns when the other one ended, and both wait for that."""
    jobs = [fleet.instance(every(10), gocron.with_interval_from_completion()) for _ in range(2)]
    fleet.advance(10)
    assert fleet.ticks() == [10.3]
    assert [job.next_run() for job in jobs] == [START + timedelta(seconds=20)] * 2
    fleet.advance(10)
    assert fleet.ticks() == [10.3, 20.3]
    assert {run.tick.kind for _, run in fleet.runs} == {gocron.TickKind.DYNAMIC}


def test_a_new_instance_does_not_run_what_was_due_before_it_was_registered(fleet: Fleet) -> None:
    fleet.instance(every(10))
    record = decode(fleet.store.load(["job"]).entries["job"].text, "job")
    assert record.floor == int(START.timestamp() * SECOND)


def test_first_tick_after_the_start_is_not_lost() -> None:
    """The store knows the job when start() and new_job() return: a clock that is moved at once loses nothing."""
    for started_first in (True, False):
        clock = FakeClock(START)
        locker = MemoryTickLocker(clock=clock)
        scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_distributed_locker(locker))
        if started_first:
            scheduler.start()
        job = scheduler.new_job(every(10), gocron.new_task(lambda: None), gocron.with_name("job"))
        scheduler.start()
        clock.advance(timedelta(seconds=10))
        wait_for_runs(scheduler)
        assert [entry.outcome for entry in job.history()] == [gocron.SUCCESS]
        scheduler.shutdown()
        locker.close()


def test_start_does_not_wait_for_a_store_that_is_down() -> None:
    store = Failing(MemoryStore())
    store.down = True
    locker = TickLocker(store)
    scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
    scheduler.new_job(every(10), gocron.new_task(lambda: None), gocron.with_name("job"))
    scheduler.start()
    assert scheduler.jobs()[0].next_run() is not None
    scheduler.shutdown()
    locker.close()


def test_renamed_job_goes_on_under_its_key(fleet: Fleet) -> None:
    fleet.instance(every(10))
    fleet.instance(every(10), gocron.with_name("new name"), gocron.with_tick_policy(key="job"))
    fleet.advance(10)
    assert fleet.ticks() == [10]
    assert fleet.runs[0][1].tick.job_name == "job"


def test_shorter_interval_beside_a_longer_one(fleet: Fleet) -> None:
    fleet.instance(every(50))
    fleet.instance(every(10))
    for _ in range(10):
        fleet.advance(10)
    assert fleet.ticks() == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]


# -- what a run knows ------------------------------------------------------------------------------


def test_current_run_and_history_tell_of_the_claim(fleet: Fleet) -> None:
    job = fleet.instance(every(10))
    fleet.advance(10)
    fleet.advance(10)
    first, second = (run for _, run in fleet.runs)
    assert first.tick == gocron.Tick("job", datetime(2024, 1, 1, 0, 0, 10, tzinfo=UTC), gocron.TickKind.GRID)
    assert (first.attempt, second.attempt) == (1, 1)
    assert (first.fence or 0) < (second.fence or 0)
    assert [(entry.attempt, entry.fence) for entry in job.history()] in (
        [(1, first.fence), (1, second.fence)],
        [(1, second.fence), (1, first.fence)],
    )


def test_current_run_without_a_locker() -> None:
    seen: list[gocron.CurrentRun] = []
    clock = FakeClock(START)
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
        scheduler.new_job(every(10), gocron.new_task(lambda: seen.append(gocron.current_run())), gocron.with_name("a"))
        clock.advance(timedelta(seconds=10))
        wait_for_runs(scheduler)
    assert seen[0].tick == gocron.Tick("a", START + timedelta(seconds=10), gocron.TickKind.GRID)
    assert (seen[0].attempt, seen[0].fence) == (1, None)


def test_current_run_outside_of_a_task() -> None:
    with pytest.raises(LookupError, match=r"current_run\(\) is for tasks"):
        gocron.current_run()


def test_any_locker_and_elector_can_see_the_tick() -> None:
    asked: list[tuple[str, gocron.Tick | None]] = []

    class Both:
        def lock(self, ctx: gocron.Context, key: str) -> Both:
            asked.append((key, gocron.tick_from(ctx)))
            return self

        def unlock(self, ctx: gocron.Context) -> None:
            asked.append(("unlock", gocron.tick_from(ctx)))

        def is_leader(self, ctx: gocron.Context) -> None:
            asked.append(("elector", gocron.tick_from(ctx)))

    both, clock = Both(), FakeClock(START)
    options = gocron.with_distributed_locker(both), gocron.with_distributed_elector(both)
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC"), *options) as scheduler:
        scheduler.new_job(every(10), gocron.new_task(lambda: None), gocron.with_name("a"))
        clock.advance(timedelta(seconds=10))
        wait_for_runs(scheduler)
    # Its own phase, not the grid's: only a tick locker changes that.
    tick = gocron.Tick("a", START + timedelta(seconds=10), gocron.TickKind.GRID)
    assert asked == [("elector", tick), ("a", tick), ("unlock", None)]


# -- crashes ---------------------------------------------------------------------------------------


def leave_a_crashed_run(fleet: Fleet, at: float, attempt: int = 1) -> int:
    """What an instance leaves behind that was killed within a run."""
    entry = fleet.store.load(["job"]).entries["job"]
    record = decode(entry.text, "job")
    tick = int((datetime(2024, 1, 1, tzinfo=UTC).timestamp() + at) * SECOND)
    fence = tick + 5
    claim = Claim(tick, f"dead{attempt}", "dead", tick + 30 * SECOND, attempt, fence)
    after = replace(record, seen=tuple(sorted({*record.seen, tick})), fence=fence, claims=(*record.claims, claim))
    assert fleet.store.compare_and_set("job", entry.version, encode(after))
    return fence


def test_crashed_run_is_not_repeated_by_default(fleet: Fleet) -> None:
    fleet.instance(every(60))
    fleet.clock.set(START + timedelta(seconds=5))
    leave_a_crashed_run(fleet, 0.5)
    fleet.clock.set(START + timedelta(seconds=40))
    until(lambda: TickEventKind.CRASHED in fleet.kinds())
    fleet.settle()
    assert fleet.runs == []
    assert fleet.lockers[0].counts()[TickEventKind.CRASHED] == 1
    fleet.advance(30)
    assert fleet.ticks() == [60]


def test_crashed_run_is_begun_again_by_one_instance(fleet: Fleet) -> None:
    for _ in range(2):
        fleet.instance(every(600), on_crash="rerun")
    fence = leave_a_crashed_run(fleet, 0.5)
    fleet.clock.set(START + timedelta(seconds=40))
    until(lambda: TickEventKind.RECOVERED in fleet.kinds())
    until(lambda: len(fleet.runs) == 1)
    fleet.settle()
    (run,) = (run for _, run in fleet.runs)
    assert (run.attempt, fleet.ticks()) == (2, [0.5])
    assert (run.fence or 0) > fence
    until(lambda: decode(fleet.store.load(["job"]).entries["job"].text, "job").claims == ())


def test_no_more_attempts_than_allowed(fleet: Fleet) -> None:
    fleet.instance(every(600), on_crash="rerun", max_attempts=3)
    leave_a_crashed_run(fleet, 0.5, attempt=3)
    fleet.clock.set(START + timedelta(seconds=40))
    until(lambda: TickEventKind.CRASHED in fleet.kinds())
    fleet.settle()
    assert fleet.runs == []


def test_a_dead_run_waits_while_another_one_goes_on(fleet: Fleet) -> None:
    let_go = threading.Event()
    begun: list[int] = []

    def task() -> None:
        begun.append(gocron.current_run().attempt)
        assert let_go.wait(10)

    fleet.instance(every(60), task=task, on_crash="rerun", lease=timedelta(minutes=10))
    leave_a_crashed_run(fleet, 0.5)
    fleet.clock.advance(timedelta(seconds=60))
    until(lambda: len(begun) == 1)
    # The keeper has looked at least once more: a claim that was added is seen as crashed.
    leave_a_crashed_run(fleet, 0.6, attempt=2)
    fleet.clock.set(START + timedelta(seconds=100))
    until(lambda: TickEventKind.CRASHED in fleet.kinds())
    assert len(begun) == 1
    let_go.set()
    until(lambda: len(begun) == 2)
    assert sorted(begun) == [1, 2]


def test_a_run_that_never_began_is_given_to_another_instance(fleet: Fleet) -> None:
    """The scheduler is shut down after the claim, before the task: also under on_crash="skip"."""
    first: list[gocron.Scheduler] = []
    stopping = gocron.before_job_runs(lambda job_id, name: first[0].shutdown())
    job = fleet.instance(every(10), gocron.with_event_listeners(stopping))
    first.append(fleet.schedulers[0])
    fleet.clock.advance(timedelta(seconds=10))
    until(lambda: any(held.owner == "" for held in decode(fleet.store.load(["job"]).entries["job"].text, "job").claims))
    assert [entry for entry in job.history() if entry.started is not None] == []
    fleet.instance(every(10))
    until(lambda: len(fleet.runs) == 1)
    assert fleet.ticks() == [10]
    assert (fleet.runs[0][0], fleet.runs[0][1].attempt) == (1, 1)


def test_what_a_listener_skips_is_not_offered_again(fleet: Fleet) -> None:
    def no(id: object, name: str) -> None:
        raise ValueError("not today")

    fleet.instance(every(10), gocron.with_event_listeners(gocron.before_job_runs_skip_if_before_func_errors(no)))
    fleet.advance(10)
    assert decode(fleet.store.load(["job"]).entries["job"].text, "job").claims == ()


# -- loss ------------------------------------------------------------------------------------------


def test_lost_claim_cancels_the_task(fleet: Fleet) -> None:
    causes: list[BaseException | None] = []

    def task(ctx: gocron.Context) -> None:
        entry = fleet.store.load(["job"]).entries["job"]
        fleet.store.compare_and_set("job", entry.version, encode(registered("job", 0, decode(entry.text, "job").life)))
        assert ctx.wait(10)
        causes.append(ctx.cause())
        causes.append(gocron.current_run().context.cause())

    fleet.instance(every(10), task=task, lease=timedelta(seconds=1))
    fleet.advance(10)
    assert [type(cause) for cause in causes] == [gocron.LockLost, gocron.LockLost]
    until(lambda: fleet.kinds() == [TickEventKind.LOST])  # the task is told first
    assert [error for _, error in fleet.refusals] == causes[:1]  # after_lock_error is told too


def test_loss_is_found_out_at_the_end_at_the_latest(fleet: Fleet) -> None:
    def task() -> None:
        entry = fleet.store.load(["job"]).entries["job"]
        fleet.store.compare_and_set("job", entry.version, encode(registered("job", 0, decode(entry.text, "job").life)))

    fleet.instance(every(10), task=task)
    fleet.advance(10)
    assert fleet.kinds() == [TickEventKind.LOST]
    assert [type(error) for _, error in fleet.refusals] == [gocron.LockLost]


# -- the store -------------------------------------------------------------------------------------


class Failing(TickStore):
    """A store that can be told to be down, or to lose its answers."""

    poll = 0.05

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.down = False
        self.read_only = False
        self.lose_answers = 0
        # Which threads have read in vain.
        self.refused: set[str] = set()

    def load(self, keys: Sequence[str]) -> Snapshot:
        if self.down:
            self.refused.add(threading.current_thread().name)
            raise gocron.StoreDown("unplugged")
        return self.store.load(keys)

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        if self.down or self.read_only:
            raise ConnectionError("unplugged")  # as a careless store does
        done = self.store.compare_and_set(key, version, text)
        if self.lose_answers and "claims" in text and '"claims":[]' not in text:
            self.lose_answers -= 1
            raise gocron.StoreDown("the answer is lost")
        return done


class Watched(TickStore):
    """A store that knows which threads have asked it."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.readers: set[int] = set()

    def load(self, keys: Sequence[str]) -> Snapshot:
        snapshot = self.store.load(keys)
        self.readers.add(threading.get_ident())
        return snapshot

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        return self.store.compare_and_set(key, version, text)


SHORT = timedelta(milliseconds=200)


def test_unreachable_store_skips_the_tick_and_catches_up(fleet: Fleet) -> None:
    store = Failing(fleet.store)
    fleet.instance(every(60), store=store, start_deadline=SHORT)
    until(lambda: "job" in fleet.store.load(["job"]).entries)
    store.down = True
    fleet.advance(60)
    assert fleet.runs == []
    assert [type(error) for _, error in fleet.refusals] == [gocron.StoreDown]
    assert fleet.kinds() == [TickEventKind.SKIPPED]
    store.down = False
    until(lambda: len(fleet.runs) == 1)
    assert fleet.ticks() == [60]


def test_a_run_whose_end_could_not_be_written_is_in_nobodys_way(fleet: Fleet) -> None:
    """The store can be read: it says that the run goes on, which is over. It is the store that is in the way."""
    store, ends = Failing(fleet.store), threading.Event()

    def task() -> None:
        store.read_only = True
        fleet.runs.append((0, gocron.current_run()))
        assert ends.wait(10)

    fleet.instance(every(60), task=task, store=store, start_deadline=SHORT, lease=timedelta(hours=1))
    fleet.clock.advance(timedelta(seconds=60))
    until(lambda: len(fleet.runs) == 1)
    ends.set()
    fleet.settle()
    assert decode(fleet.store.load(["job"]).entries["job"].text, "job").claims
    fleet.advance(60)
    assert [type(error) for _, error in fleet.refusals] == [gocron.StoreDown]
    store.read_only = False
    until(lambda: len(fleet.runs) == 2)
    store.read_only = False
    fleet.settle()
    assert fleet.ticks() == [60, 120], "what the store has cost is caught up with"


def test_a_tick_that_the_store_and_then_a_run_had_waiting_is_caught_up_with(fleet: Fleet) -> None:
    """It could not ask at first, and what it found then was busy until its deadline: a late run, perhaps."""
    store, ends = Failing(fleet.store), threading.Event()

    def task() -> None:
        fleet.runs.append((0, gocron.current_run()))
        assert ends.wait(10)

    policy = {"start_deadline": timedelta(seconds=1), "lease": timedelta(hours=1), "catch_up": "all"}
    job = fleet.instance(every(60), task=task, store=store, **policy)
    keeper = "gocron-tick-keeper"
    fleet.clock.advance(timedelta(seconds=59))
    job.run_now()
    until(lambda: len(fleet.runs) == 1)
    store.down = True
    fleet.clock.advance(timedelta(seconds=1))
    until(lambda: store.refused - {keeper})
    store.down = False
    fleet.clock.advance(timedelta(seconds=1))
    until(lambda: len(fleet.refusals) == 1)
    assert [type(error) for _, error in fleet.refusals] == [gocron.TickBusy]
    ends.set()
    until(lambda: len(fleet.runs) == 2)
    fleet.settle()
    assert fleet.ticks()[-1] == 60


def test_all_ticks_of_an_outage_are_caught_up_with(fleet: Fleet) -> None:
    """Also those before one that another instance has run meanwhile; it could reach the store."""
    store = Failing(fleet.store)
    fleet.instance(every(60), store=store, start_deadline=SHORT, catch_up="all")
    until(lambda: "job" in fleet.store.load(["job"]).entries)
    store.down = True
    fleet.advance(60)
    fleet.advance(60)
    assert fleet.runs == []
    fleet.instance(every(60), catch_up="none")
    fleet.advance(60)
    assert fleet.ticks() == [180]
    store.down = False
    until(lambda: len(fleet.runs) == 3)
    assert sorted(fleet.ticks()) == [60, 120, 180]


def test_outage_that_began_before_the_instance_is_caught_up_with(fleet: Fleet) -> None:
    """It has not seen the record once when others go on."""
    began = fleet.store.load([]).now
    assert fleet.store.compare_and_set("job", None, encode(registered("job", began, "a life")))
    store = Failing(fleet.store)
    store.down = True
    fleet.instance(every(60), store=store, start_deadline=SHORT, catch_up="all")
    fleet.advance(60)
    fleet.instance(every(60), catch_up="none")
    fleet.advance(60)
    assert fleet.ticks() == [120]
    store.down = False
    until(lambda: len(fleet.runs) == 2)
    assert fleet.ticks() == [120, 60]


def test_unreachable_store_and_run_all_the_same(fleet: Fleet) -> None:
    store = Failing(fleet.store)
    fleet.instance(every(60), store=store, start_deadline=SHORT, on_store_error="run")
    until(lambda: "job" in fleet.store.load(["job"]).entries)
    store.down = True
    fleet.advance(60)
    assert fleet.ticks() == [60]
    assert fleet.runs[0][1].fence is None
    assert fleet.kinds() == [TickEventKind.UNGUARDED]


def test_lost_answer_is_not_a_lost_tick(fleet: Fleet) -> None:
    store = Failing(fleet.store)
    fleet.instance(every(10), store=store)
    until(lambda: "job" in fleet.store.load(["job"]).entries)
    store.lose_answers = 1
    fleet.advance(10)
    assert fleet.ticks() == [10]
    assert (fleet.refusals, store.lose_answers) == ([], 0)


def test_claim_in_doubt_is_given_back(fleet: Fleet) -> None:
    """The answer is lost and the store stays away: what it wrote must not keep the job busy."""
    store = Failing(fleet.store)

    class Unplugged(Failing):
        def compare_and_set(self, key: str, version: object, text: str) -> bool:
            try:
                return super().compare_and_set(key, version, text)
            except gocron.StoreDown:
                self.down = True
                raise

    store = Unplugged(fleet.store)
    fleet.instance(every(60), store=store, start_deadline=SHORT, catch_up="none")
    until(lambda: "job" in fleet.store.load(["job"]).entries)
    store.lose_answers = 1
    fleet.advance(60)
    assert fleet.runs == []
    assert decode(fleet.store.load(["job"]).entries["job"].text, "job").claims != ()
    store.down = False
    # Given back, it is run after all: nobody has begun it.
    until(lambda: len(fleet.runs) == 1)
    assert fleet.ticks() == [60]


def test_wiped_store(fleet: Fleet) -> None:
    fleet.instance(every(10))
    fleet.advance(10)
    fleet.store._entries.clear()
    until(lambda: TickEventKind.AMNESIA in fleet.kinds())
    fleet.advance(10)
    assert fleet.ticks() == [10, 20]
    first, second = (run for _, run in fleet.runs)
    assert (first.fence or 0) < (second.fence or 0)


def test_corrupt_record_stops_the_job_and_nothing_else(fleet: Fleet) -> None:
    fleet.instance(every(10))
    entry = fleet.store.load(["job"]).entries["job"]
    assert fleet.store.compare_and_set("job", entry.version, '{"format": 7}')
    fleet.advance(10)
    assert fleet.runs == []
    assert {type(error) for _, error in fleet.refusals} == {gocron.StoreCorrupt}
    for _ in range(5):
        fleet.advance(10)
    assert fleet.kinds() == [TickEventKind.CORRUPT]  # not with each tick
    broken = fleet.store.load(["job"]).entries["job"]
    assert fleet.store.compare_and_set("job", broken.version, entry.text)
    fleet.advance(10)
    assert fleet.ticks()[-1] == 70


# -- lateness --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("catch_up", "ticks"),
    [("latest", [5 * 3600]), ("all", [3600.0 * hour for hour in range(1, 6)]), ("none", [])],
)
def test_catch_up_after_all_were_down(fleet: Fleet, catch_up: str, ticks: list[float]) -> None:
    fleet.instance(every(3600), catch_up=catch_up)
    fleet.schedulers[0].shutdown()
    fleet.clock.set(START + timedelta(hours=5, minutes=30))
    fleet.instance(every(3600), catch_up=catch_up, overlap=True)
    if ticks:
        until(lambda: len(fleet.runs) == len(ticks))
    fleet.advance(1)
    assert sorted(fleet.ticks()) == ticks


def test_catch_up_does_not_go_further_back_than_an_hour(fleet: Fleet) -> None:
    daily = gocron.daily_job(1, [time(3)])
    fleet.instance(daily)
    fleet.schedulers[0].shutdown()
    fleet.clock.set(START + timedelta(hours=4, minutes=30))
    fleet.instance(daily)
    fleet.advance(1)
    assert fleet.runs == []


def test_tick_that_is_late_by_a_wrong_clock_only_is_not_missed(fleet: Fleet) -> None:
    """This machine's clock has jumped ahead: by the store's the tick is still to come, and others run it."""
    fleet.store = MemoryStore(FakeClock(START))
    fleet.instance(every(3600), catch_up="none")
    fleet.clock.set(START + timedelta(hours=1, minutes=5))
    until(lambda: len(fleet.refusals) == 1)
    fleet.settle()
    assert isinstance(fleet.refusals[0][1], gocron.TickEarly)
    assert fleet.kinds() == []


def test_the_wait_for_the_stores_clock_makes_no_tick_late(fleet: Fleet) -> None:
    """This machine's clock is 5 s ahead: all that while the tick waits, which is longer than its start deadline."""
    behind = FakeClock(START - timedelta(seconds=5))
    fleet.store = MemoryStore(behind)
    store = Watched(fleet.store)
    fleet.instance(every(10), store=store, catch_up="none", start_deadline=timedelta(seconds=3))
    until(lambda: len(store.readers) == 1)  # the locker's own thread
    for clock in behind, fleet.clock:
        clock.advance(timedelta(seconds=10))
    until(lambda: len(store.readers) == 2)
    for clock in behind, fleet.clock:
        clock.advance(timedelta(seconds=5))
    fleet.settle()
    assert fleet.ticks() == [10]
    assert fleet.refusals == []


def test_late_tick_is_missed(fleet: Fleet) -> None:
    """The machine slept, say; without catching up the tick is over."""
    fleet.instance(every(3600), catch_up="none")
    fleet.clock.set(START + timedelta(hours=1, minutes=5))
    until(lambda: len(fleet.refusals) == 1)
    fleet.settle()
    assert fleet.runs == []
    assert isinstance(fleet.refusals[0][1], gocron.TickMissed)
    assert fleet.kinds() == [TickEventKind.MISSED]


def test_what_is_granted_after_the_deadline_is_given_up_and_says_so(fleet: Fleet) -> None:
    """The store has written the claim, and its answer takes longer than the tick may."""
    asked, answers = threading.Event(), threading.Event()

    class Slow(Failing):
        def compare_and_set(self, key: str, version: object, text: str) -> bool:
            done = super().compare_and_set(key, version, text)
            if "claims" in text and '"claims":[]' not in text:
                asked.set()
                assert answers.wait(10)
            return done

    fleet.instance(every(10), store=Slow(fleet.store), catch_up="none", start_deadline=timedelta(seconds=3))
    until(lambda: "job" in fleet.store.load(["job"]).entries)
    fleet.clock.advance(timedelta(seconds=10))
    assert asked.wait(10)
    fleet.clock.advance(timedelta(seconds=4))
    answers.set()
    fleet.settle()
    assert fleet.runs == []
    assert [type(error) for _, error in fleet.refusals] == [gocron.TickMissed]
    assert GRANTED_TOO_LATE in fleet.events[0].detail
    # Nobody may have it any more, and it is in nobody's way.
    until(lambda: not decode(fleet.store.load(["job"]).entries["job"].text, "job").claims)
    fleet.advance(6)
    assert fleet.ticks() == [20]


def test_busy_until_the_deadline(fleet: Fleet) -> None:
    let_go = threading.Event()
    begun = threading.Event()

    def task() -> None:
        begun.set()
        assert let_go.wait(10)

    fleet.instance(every(10), task=task, lease=timedelta(hours=1), start_deadline=SHORT)
    fleet.clock.advance(timedelta(seconds=10))
    assert begun.wait(10)
    fleet.clock.advance(timedelta(seconds=10))
    until(lambda: len(fleet.refusals) == 1)
    let_go.set()
    fleet.settle()
    assert isinstance(fleet.refusals[0][1], gocron.TickBusy)
    assert fleet.kinds() == [TickEventKind.SKIPPED]


def test_overlap_allowed(fleet: Fleet) -> None:
    let_go = threading.Event()
    begun: list[int] = []

    def task() -> None:
        begun.append(1)
        assert let_go.wait(10)

    fleet.instance(every(10), task=task, overlap=True)
    fleet.clock.advance(timedelta(seconds=10))
    fleet.clock.advance(timedelta(seconds=10))
    until(lambda: len(begun) == 2)
    let_go.set()
    fleet.settle()
    assert fleet.refusals == []


def test_shutdown_does_not_wait_for_a_tick_that_waits(fleet: Fleet) -> None:
    """The store's clock is behind: the claim waits for it, and a shutdown ends the wait."""
    behind = FakeClock(START - timedelta(seconds=20))
    fleet.store = MemoryStore(behind)
    fleet.instance(every(10), catch_up="none")
    fleet.clock.advance(timedelta(seconds=10))
    fleet.schedulers[0].shutdown()
    assert [type(error) for _, error in fleet.refusals] == [gocron.Canceled]


def test_clock_too_far_ahead(fleet: Fleet) -> None:
    fleet.store = MemoryStore(FakeClock(START - timedelta(hours=1)))
    fleet.instance(every(10), catch_up="none")
    fleet.advance(10)
    (refusal,) = fleet.refusals
    assert isinstance(refusal[1], gocron.TickEarly)
    assert "3609.7 s ahead" in str(refusal[1])


# -- wrong use -------------------------------------------------------------------------------------


def test_lock_without_a_scheduler() -> None:
    locker = MemoryTickLocker()
    with pytest.raises(gocron.ErrInvalidArgument, match="the context that a scheduler gives"):
        locker.lock(background(), "job")
    assert gocron.tick_from(background()) is None
    locker.close()


def test_key_is_not_for_all_jobs() -> None:
    with pytest.raises(gocron.ErrInvalidArgument, match="key is for a single job"):
        MemoryTickLocker(key="a")


class Refusing(MemoryStore):
    """A store that lets nobody in."""

    def load(self, keys: Sequence[str]) -> Snapshot:
        raise gocron.StoreDown("WRONGPASS invalid username-password pair")


class Hanging(MemoryStore):
    """A store whose answers take longer than a start waits for them."""

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    def load(self, keys: Sequence[str]) -> Snapshot:
        self.over.wait(20)
        return super().load(keys)


def test_store_that_does_not_answer_is_told_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody knows yet that it is down."""
    with Fleet() as fleet, caplog.at_level("WARNING", logger="gocron_py"):
        store = Hanging()
        fleet.instance(gocron.cron_job("0 3 * * *"), store=store)
        (warning,) = (each.getMessage() for each in caplog.records)
        store.over.set()
    assert warning == "gocron: the store of locks cannot be used, why=it has not answered yet"


def test_store_that_cannot_be_asked_is_told_at_the_start_and_not_at_the_first_tick(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That may be a nightly one. However many jobs there are, it is one warning."""
    with Fleet() as fleet, caplog.at_level("WARNING", logger="gocron_py"):
        fleet.instance(gocron.cron_job("0 3 * * *"), store=Refusing())
        (warning,) = (each.getMessage() for each in caplog.records)
        assert warning.startswith("gocron: the store of locks cannot be used, why=gocron: the store cannot be reached")
        assert warning.endswith("WRONGPASS invalid username-password pair")
        fleet.schedulers[0].new_job(every(10), gocron.new_task(lambda: None), gocron.with_name("another"))
        assert len(caplog.records) == 1


def test_warns_of_a_job_without_a_name_and_of_two_with_one(caplog: pytest.LogCaptureFixture) -> None:
    locker = MemoryTickLocker()
    with caplog.at_level("WARNING", logger="gocron_py"):
        scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
        scheduler.new_job(every(10), gocron.new_task(lambda: None))
        assert "the job has no name of its own" in caplog.text
        for _ in range(2):
            scheduler.new_job(every(10), gocron.new_task(lambda: None), gocron.with_name("twin"))
        assert "several jobs have one name" in caplog.text
        scheduler.shutdown()
    locker.close()


class Free:
    """A locker as in Go; of a kind that cannot be hashed."""

    __hash__ = None  # type: ignore[assignment]

    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("locker", "so"),
    [
        (MemoryTickLocker, "only one of them runs at each tick: give each its own with_name"),
        (Free, "while one of them runs, the others are skipped: give each its own with_name"),
    ],
)
def test_says_what_becomes_of_jobs_with_one_key(
    caplog: pytest.LogCaptureFixture, locker: Callable[[], gocron.Locker], so: str
) -> None:
    """Without a name, too; but not of a job that has gone, or does not ask the locker."""

    def task(number: int) -> None: ...

    made = locker()
    caplog.set_level("WARNING", logger="gocron_py")
    scheduler = gocron.new_scheduler(gocron.with_distributed_locker(made))
    for number in range(2):
        scheduler.new_job(every(10), gocron.new_task(task, number))
    first, second = [record.getMessage() for record in caplog.records]
    assert "the job has no name of its own" in first
    assert second.startswith("gocron: several jobs have one name")
    assert second.endswith(f"so={so}")

    caplog.clear()
    named = gocron.with_name("named")
    scheduler.remove_job(scheduler.new_job(every(10), gocron.new_task(task, 1), named).id())
    scheduler.new_job(every(10), gocron.new_task(task, 1), named)
    scheduler.new_job(every(10), gocron.new_task(task, 1), named, gocron.with_disabled_distributed_job_locker(True))
    assert [] == caplog.records
    scheduler.shutdown()
    if isinstance(made, MemoryTickLocker):
        made.close()


def test_one_name_twice_is_a_warning_without_a_locker_too(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody asks for the key yet, and so nothing is said of what becomes of the jobs."""
    caplog.set_level("WARNING", logger="gocron_py")
    scheduler = gocron.new_scheduler()
    for _ in range(2):
        scheduler.new_job(every(10), gocron.new_task(print), gocron.with_name("twin"))
    (said,) = [record.getMessage() for record in caplog.records]
    assert said == "gocron: several jobs have one name, which is the key of locks, job=twin"
    scheduler.shutdown()


def test_record_that_was_made_anew_unseen(fleet: Fleet) -> None:
    """Wiped, and made by a write that came late, with a floor of long ago: nothing runs a second time."""
    fleet.instance(every(10))
    fleet.advance(10)
    record = decode(fleet.store.load(["job"]).entries["job"].text, "job")
    fleet.store._entries.clear()
    late = registered("job", record.floor - 10**9, "another life")
    assert fleet.store.compare_and_set("job", None, encode(late))
    until(lambda: fleet.lockers[0]._keeper.known("job") == "another life")  # it has told of it, and made it good
    assert TickEventKind.AMNESIA in fleet.kinds()
    fleet.advance(10)
    assert fleet.ticks() == [10, 20]
    now = fleet.store.load(["job"])
    assert decode(now.entries["job"].text, "job").life == "another life"
    assert decode(now.entries["job"].text, "job").floor > late.floor + 10**9


# -- a deploy --------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [START, START + timedelta(days=1)], ids=["even", "odd"])
def test_73_instances_started_a_day_apart_have_the_same_days_of_every_second_one(first: datetime, fleet: Fleet) -> None:
    """Each of which runs once, whichever day the first of them was started on. In Go they would take turns."""
    fleet.clock.advance(first - fleet.clock.now())
    every_second_day = gocron.daily_job(2, gocron.new_at_times(gocron.new_at_time(6, 0, 0)))
    jobs = [fleet.instance(every_second_day)]
    fleet.advance(24 * 3600)
    jobs.append(fleet.instance(every_second_day))
    assert jobs[0].next_runs(10) == jobs[1].next_runs(10)
    later = fleet.clock.now()
    for _ in range(10):
        fleet.advance(24 * 3600)
    days = [run.tick.at for _, run in fleet.runs if run.tick.at > later]
    assert len(days) == 5
    assert {after - before for before, after in pairwise(sorted(days))} == {timedelta(days=2)}


def test_closed_locker_claims_nothing(fleet: Fleet) -> None:
    """Nobody would renew the claim."""
    fleet.instance(every(10))
    fleet.advance(10)
    fleet.lockers[0].close()
    fleet.advance(10)
    assert fleet.ticks() == [10]
    ((_, error),) = fleet.refusals
    assert type(error) is gocron.StoreDown
    assert "the locker is closed" in str(error)


# -- what an outage, a wrong clock or a closed locker leave behind ------------------------------------


class Heard:
    """What a scheduler's log is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[object, ...]] = []

    def warn(self, *said: object) -> None:
        self.lines.append(said)


class Leased(MemoryStore):
    """A store that goes by leases, and can be away."""

    down = False

    def is_alive(self, owner: str) -> bool | None:
        return None

    def load(self, keys: Sequence[str]) -> Snapshot:
        if self.down:
            raise gocron.StoreDown("unplugged")
        return super().load(keys)

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        if self.down:
            raise gocron.StoreDown("unplugged")
        return super().compare_and_set(key, version, text)


@pytest.mark.parametrize(
    ("breaks_off", "on_crash", "attempts"), [(True, "rerun", [1, 2]), (True, "skip", [1]), (False, "rerun", [1])]
)
def test_run_that_broke_off_when_its_lock_was_lost_is_begun_again(
    breaks_off: bool, on_crash: str, attempts: list[int]
) -> None:
    """The library told it to stop, so what it left is to be done; one that returned all the same has done it."""
    begun: list[int] = []
    ended = threading.Event()

    def task() -> None:
        run = gocron.current_run()
        begun.append(run.attempt)
        if run.attempt == 1:
            assert run.context.wait(20)
            ended.set()
            if breaks_off:
                raise RuntimeError("another instance may have begun")

    with Fleet() as fleet:
        store = Leased(fleet.clock)
        store.poll = 0.05
        fleet.instance(every(10), task=task, store=store, lease=timedelta(seconds=1), on_crash=on_crash)
        fleet.clock.advance(timedelta(seconds=10))
        until(lambda: begun)
        store.down = True
        assert ended.wait(20)
        until(lambda: TickEventKind.LOST in fleet.kinds())
        store.down = False
        until(lambda: begun == attempts and not decode(store.load(["job"]).entries["job"].text, "job").claims)
        fleet.clock.advance(timedelta(seconds=10))
        until(lambda: begun == [*attempts, 1])


def test_run_of_a_locker_that_is_closed_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody renews its claim any more."""
    causes: list[object] = []
    begun = threading.Event()

    def task() -> None:
        context = gocron.current_run().context
        begun.set()
        assert context.wait(20)
        causes.append(context.cause())

    with Fleet() as fleet:
        fleet.instance(every(10), task=task)
        fleet.clock.advance(timedelta(seconds=10))
        assert begun.wait(20)
        fleet.lockers[0].close()
        until(lambda: causes and fleet.events)
    assert isinstance(causes[0], gocron.LockLost)
    assert [(each.kind, each.detail) for each in fleet.events] == [(TickEventKind.LOST, "its locker was closed")]


def test_end_of_an_outage_is_logged_where_its_beginning_was(caplog: pytest.LogCaptureFixture) -> None:
    """So the morning after it is known how long it was; an answer that was lost once is not worth a word."""
    with Fleet() as fleet, caplog.at_level("WARNING", logger="gocron_py"):
        store = Leased(fleet.clock)
        store.poll, store.down = 0.05, True
        fleet.instance(every(10), store=store)
        store.down = False
        until(lambda: len(caplog.records) == 2)
        began, ended = (each.getMessage() for each in caplog.records)
        assert began.startswith("gocron: the store of locks cannot be used, why=")
        assert ended.startswith("gocron: the store of locks answers again, after=")
        store.down = True
        until(lambda: fleet.lockers[0].health().reachable is False)
        store.down = False
        until(lambda: fleet.lockers[0].health().reachable is True)
        assert len(caplog.records) == 2


def test_a_store_that_can_be_read_and_not_written_to_does_not_answer_again() -> None:
    """All who have heard of the outage hear of its end, once, when something is written."""
    health, heard = Health(), [Heard(), Heard()]
    health.worked(has_written=True)
    health.failed(gocron.StoreDown("OOM"))
    for each in *heard, heard[0]:
        health.complain(each)  # type: ignore[arg-type]
    health.worked(has_written=False)
    assert [each.lines for each in heard] == [[], []]
    for _ in range(2):
        health.worked(has_written=True)
    assert [len(each.lines) for each in heard] == [1, 1]
    assert heard[0].lines[0][:2] == ("gocron: the store of locks answers again", "after")


def test_machine_whose_clock_is_ahead_owes_nobody_ticks_that_are_still_to_come() -> None:
    """Others would hear that their clocks are wrong."""
    with Fleet(poll=0.05) as fleet:
        fleet.instance(every(10))
        fleet.advance(10)
        until(lambda: len(fleet.runs) == 1)
        ahead = FakeClock(fleet.clock.now() + timedelta(hours=1))
        locker = TickLocker(fleet.store, catch_up="all")
        scheduler = gocron.new_scheduler(gocron.with_clock(ahead), gocron.with_distributed_locker(locker))
        scheduler.new_job(every(10), gocron.new_task(lambda: None), gocron.with_name("job"))
        fleet.schedulers.append(scheduler)
        fleet.lockers.append(locker)
        scheduler.start()
        looks = locker._keeper._looks
        until(lambda: locker._keeper._looks >= looks + 2)
        assert decode(fleet.store.load(["job"]).entries["job"].text, "job").owed == ()


def test_tick_that_is_past_for_a_clock_that_is_ahead_is_not_lost() -> None:
    """Its list of ticks begins after it, and by the store's clock it is still to come: it runs when it has."""
    with Fleet(poll=0.05) as fleet:
        fleet.instance(every(10))
        fleet.advance(10)
        until(lambda: len(fleet.runs) == 1)
        fleet.schedulers.pop().shutdown()
        fleet.clock.advance(timedelta(seconds=7))  # now it is 17.3, and 21.3 by the other clock
        ran: list[datetime] = []
        locker = TickLocker(fleet.store)
        ahead = gocron.with_clock(FakeClock(fleet.clock.now() + timedelta(seconds=4)))
        scheduler = gocron.new_scheduler(ahead, gocron.with_distributed_locker(locker))
        task = gocron.new_task(lambda: ran.append(gocron.current_run().tick.at))
        scheduler.new_job(every(10), task, gocron.with_name("job"))
        fleet.schedulers.append(scheduler)
        fleet.lockers.append(locker)
        scheduler.start()
        until(lambda: decode(fleet.store.load(["job"]).entries["job"].text, "job").owed)
        assert ran == []
        fleet.clock.advance(timedelta(seconds=3))
        until(lambda: ran)
    assert [at.second for at in ran] == [20]
