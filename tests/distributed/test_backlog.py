"""What was missed is run one after the other, oldest first, by whoever lives; and runs that were cut off find a gap."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from test_locker import SECOND, SHORT, START, Failing, Fleet, every, leave_a_crashed_run, until

import gocron_py as gocron
from gocron_py.context import background
from gocron_py.distributed.claim import LONGEST_PAUSE
from gocron_py.distributed.decision import (
    MOST_OWED,
    WINDOW,
    Claim,
    Granted,
    Record,
    Refused,
    Request,
    claim,
    decode,
    encode,
    owe,
    pause,
    reborn,
    registered,
    resume,
)
from gocron_py.distributed.errands import Errand, Errands
from gocron_py.distributed.events import TickEventKind
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.memory import MemoryElector, MemoryStore
from gocron_py.distributed.owed import Owed, noted
from gocron_py.distributed.policy import TickPolicy
from gocron_py.distributed.sqlite import SQLiteTickLocker
from gocron_py.distributed.store import Snapshot, TickStore
from gocron_py.distributed.tick import TickKind
from gocron_py.errors import TickStale, TickTaken
from gocron_py.schedules.grid import GridSchedule

MINUTE = 60 * SECOND
NOW = round(START.timestamp() * SECOND)

pytestmark = pytest.mark.slow


class Gate:
    """A task that runs until it is let go, and what it saw."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.ticks: list[float] = []
        self.attempts: list[int] = []
        self.running = 0
        self.most = 0
        self._lock = threading.Lock()
        self._let_go = threading.Semaphore(0)

    def __call__(self) -> None:
        run = gocron.current_run()
        with self._lock:
            self.ticks.append((run.tick.at - START.replace(microsecond=0)).total_seconds())
            self.attempts.append(run.attempt)
            self.running += 1
            self.most = max(self.most, self.running)
        assert self._let_go.acquire(timeout=30)
        with self._lock:
            self.running -= 1

    def let_go(self, runs: int = 1) -> None:
        self._let_go.release(runs)

    def has_begun(self, runs: int) -> None:
        until(lambda: len(self.ticks) >= runs, 20)
        assert len(self.ticks) == runs


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with Fleet(poll=0.05) as fleet:
        yield fleet


@pytest.fixture
def gate(fleet: Fleet) -> Iterator[Gate]:
    gate = Gate(fleet)
    yield gate
    gate.let_go(1000)


def record_of(fleet: Fleet) -> Record:
    return decode(fleet.store.load(["job"]).entries["job"].text, "job")


def miss(fleet: Fleet, minutes: int) -> list[float]:
    """All were down for so long: the ticks, of each minute, that nobody was there for."""
    assert fleet.store.compare_and_set("job", None, encode(registered("job", NOW, "a life")))
    fleet.clock.advance(timedelta(minutes=minutes))
    return [60.0 * number for number in range(1, minutes + 1)]


def looks(fleet: Fleet, number: int = 0, more: int = 3) -> None:
    """An instance has looked a few times more."""
    keeper = fleet.lockers[number]._keeper
    due = keeper._looks + more
    until(lambda: keeper._looks >= due)


def leave(fleet: Fleet, gate: Gate, how: Callable[[], object], number: int = 0) -> None:
    """An instance does no more for the job, and then a run of it ends that goes on. A stop waits for that."""
    (job,) = fleet.lockers[number]._keeper._attended.jobs
    leaving = threading.Thread(target=how)
    leaving.start()
    until(lambda: not job.is_current())
    gate.let_go()
    leaving.join(20)
    assert not leaving.is_alive()


class Late(TickStore):
    """The first answer that tells of the job takes a minute and a half."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, self.poll, self.is_first = fleet, 0.05, True

    def load(self, keys: Sequence[str]) -> Snapshot:
        if "job" in keys and self.is_first:
            self.is_first = False
            self.fleet.clock.advance(timedelta(seconds=90))
        return self.fleet.store.load(keys)

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        return self.fleet.store.compare_and_set(key, version, text)


@pytest.mark.parametrize("is_known", [True, False])
def test_what_comes_due_while_a_start_waits_for_the_store(fleet: Fleet, is_known: bool) -> None:
    """It runs; unless the job was not registered then, and ticks count from that."""
    missed = miss(fleet, 2) if is_known else []
    fleet.instance(every(60), store=Late(fleet), catch_up="all")
    expected = [*missed, *([180.0] if is_known else [])]
    until(lambda: sorted(fleet.ticks()) == expected)
    fleet.advance(60)
    until(lambda: sorted(fleet.ticks()) == [*expected, (240.0 if is_known else 120.0)])
    assert fleet.refusals == []


# -- one at a time ---------------------------------------------------------------------------------


@pytest.mark.parametrize("instances", [1, 3])
def test_long_runs_are_all_done_the_oldest_first(fleet: Fleet, gate: Gate, instances: int) -> None:
    """None is lost to another that goes on, however long it takes."""
    ticks = miss(fleet, 6)
    for _ in range(instances):
        fleet.instance(every(60), task=gate, catch_up="all", start_deadline=SHORT)
    for number in range(1, 7):
        gate.has_begun(number)
        looks(fleet)  # nothing begins beside it
        assert gate.running == 1
        gate.let_go()
    until(lambda: record_of(fleet).claims == ())
    assert gate.ticks == ticks
    assert record_of(fleet).owed == ()
    assert TickEventKind.SKIPPED not in fleet.kinds()


def test_ticks_in_time_come_in_between(fleet: Fleet, gate: Gate) -> None:
    """One that waits is the next, whichever instance it waits on."""
    ticks = miss(fleet, 4)
    for _ in range(2):
        fleet.instance(every(60), task=gate, catch_up="all", lease=timedelta(hours=1))
    for number in range(3):
        gate.has_begun(2 * number + 1)  # one that was missed
        fleet.clock.advance(timedelta(minutes=1))
        gate.let_go()
        gate.has_begun(2 * number + 2)
        gate.let_go()
    gate.has_begun(7)
    gate.let_go()
    fleet.settle()
    assert gate.ticks == [60, 300, 120, 360, 180, 420, 240]
    assert sorted(gate.ticks) == [*ticks, 300, 360, 420]
    assert TickEventKind.SKIPPED not in fleet.kinds()


def test_with_overlap_they_run_side_by_side(fleet: Fleet, gate: Gate) -> None:
    """Some at once, not a hundred; and all of them."""
    ticks = miss(fleet, 20)
    fleet.instance(every(60), task=gate, catch_up="all", overlap=True)
    until(lambda: gate.running == 8)
    looks(fleet)
    assert gate.running == 8
    gate.let_go(20)
    until(lambda: len(gate.ticks) == 20)
    assert sorted(gate.ticks) == ticks
    assert gate.most == 8


class Blind(Failing):
    """Claims get through; the looks of the locker's own thread do not, at first."""

    blind = True

    def load(self, keys: Sequence[str]) -> Snapshot:
        if self.blind and threading.current_thread().name == "gocron-tick-keeper":
            raise gocron.StoreDown("unplugged")
        return super().load(keys)


def test_a_tick_that_is_claimed_before_the_first_look_hides_none_of_those_before(fleet: Fleet) -> None:
    """All were down. To a look after that the claim is the last run, and what was before it has had its reason."""
    fleet.instance(every(10), catch_up="all")
    fleet.advance(10)
    fleet.schedulers[0].shutdown()
    fleet.clock.set(START + timedelta(seconds=45))
    store = Blind(fleet.store)
    fleet.instance(every(10), store=store, catch_up="all", start_deadline=timedelta(seconds=5))
    fleet.clock.advance(timedelta(seconds=5))
    until(lambda: fleet.ticks() == [10, 50])
    store.blind = False
    until(lambda: sorted(fleet.ticks()) == [10, 20, 30, 40, 50])


def test_what_a_sleeping_process_missed_has_its_turn_too(fleet: Fleet, gate: Gate) -> None:
    """Its clock is suddenly later: the last ticks are in time, the others are not offered at once."""
    fleet.instance(every(60), task=gate, catch_up="all", start_deadline=SHORT)
    fleet.clock.set(START + timedelta(minutes=6))
    for number in range(1, 7):
        gate.has_begun(number)
        gate.let_go()
    assert gate.ticks == [60, 120, 180, 240, 300, 360]
    assert fleet.refusals == []
    assert fleet.kinds() == []


def test_ticks_go_on_being_owed_though_they_are_no_longer_among_the_last_hundred(fleet: Fleet) -> None:
    assert fleet.store.compare_and_set("job", None, encode(registered("job", NOW, "a life")))
    fleet.clock.advance(timedelta(seconds=150))
    fleet.instance(every(1), catch_up="all", overlap=True)
    until(lambda: len(fleet.runs) > 3)
    fleet.advance(20)
    until(lambda: record_of(fleet).owed == () and len(fleet.runs) == MOST_OWED + 20, 30)
    assert sorted(fleet.ticks()) == list(range(51, 171))


# -- somebody lives --------------------------------------------------------------------------------


def test_another_instance_goes_on_when_one_dies(fleet: Fleet, gate: Gate) -> None:
    """It need not have been there when the ticks were missed; each is begun once."""
    ticks = miss(fleet, 5)
    stores = [Failing(fleet.store) for _ in range(2)]
    for store in stores:
        fleet.instance(every(60), task=gate, catch_up="all", store=store)
    gate.has_begun(1)
    gate.let_go()
    gate.has_begun(2)
    (held,) = record_of(fleet).claims
    for store, locker in zip(stores, fleet.lockers, strict=True):
        store.down = held.token in locker._keeper._held  # to the store it is dead
    assert [store.down for store in stores].count(True) == 1
    fleet.clock.advance(timedelta(seconds=59))  # its lease is over
    gate.has_begun(3)
    gate.let_go(2)
    for number in (4, 5):
        gate.has_begun(number)
        gate.let_go()
    until(lambda: record_of(fleet).claims == ())
    assert gate.ticks == ticks
    assert fleet.kinds().count(TickEventKind.CRASHED) == 1


def test_one_that_comes_later_goes_on_when_all_have_died(fleet: Fleet, gate: Gate) -> None:
    """Though a tick in time has been run after those that were missed."""
    ticks = miss(fleet, 4)
    fleet.instance(every(60), task=gate, catch_up="all")
    gate.has_begun(1)
    fleet.clock.advance(timedelta(minutes=1))
    gate.let_go()
    gate.has_begun(2)
    leave(fleet, gate, fleet.schedulers[0].shutdown)
    assert gate.ticks == [60, 300]
    fleet.instance(every(60), task=gate, catch_up="all")
    for number in (3, 4, 5):
        gate.has_begun(number)
        gate.let_go()
    assert gate.ticks == [60, 300, *ticks[1:]]


def test_a_store_that_is_down_for_a_while_loses_none(fleet: Fleet, gate: Gate) -> None:
    ticks = miss(fleet, 4)
    store = Failing(fleet.store)
    fleet.instance(every(60), task=gate, catch_up="all", store=store)
    gate.has_begun(1)
    store.down = True
    gate.let_go()
    looks(fleet)
    store.down = False
    for number in (2, 3, 4):
        gate.has_begun(number)
        gate.let_go()
    until(lambda: record_of(fleet).claims == ())
    assert gate.ticks == ticks


def test_a_claim_whose_answer_is_lost_is_tried_again(fleet: Fleet) -> None:
    ticks = miss(fleet, 4)
    store = Failing(fleet.store)
    store.lose_answers = 2
    fleet.instance(every(60), catch_up="all", store=store)
    until(lambda: len(fleet.runs) == 4)
    fleet.settle()
    assert sorted(fleet.ticks()) == ticks


def test_a_full_limit_loses_none(fleet: Fleet) -> None:
    """Nor is one told of as dropped: it comes again."""
    ticks = miss(fleet, 3)
    let_go, ran = threading.Event(), threading.Event()
    locker = TickLocker(fleet.store, catch_up="all")
    scheduler = gocron.new_scheduler(
        gocron.with_clock(fleet.clock),
        gocron.with_location("UTC"),
        gocron.with_limit_concurrent_jobs(1, gocron.LimitMode.RESCHEDULE),
    )
    fleet.schedulers.append(scheduler)
    fleet.lockers.append(locker)

    def other() -> None:
        ran.set()
        assert let_go.wait(30)

    scheduler.new_job(every(3600), gocron.new_task(other), gocron.with_start_at(gocron.with_start_immediately()))
    scheduler.start()
    assert ran.wait(10)
    done: list[float] = []
    job = scheduler.new_job(
        every(60),
        gocron.new_task(lambda: done.append(gocron.current_run().tick.at.timestamp() - NOW // SECOND)),
        gocron.with_name("job"),
        gocron.with_distributed_job_locker(locker),
    )
    looks(fleet, more=5)
    assert done == []
    assert job.history() == []
    let_go.set()
    until(lambda: len(done) == 3)
    assert done == ticks


# -- what drops it ---------------------------------------------------------------------------------


@pytest.mark.parametrize("everything", [False, True])
def test_a_pause_drops_the_rest(fleet: Fleet, gate: Gate, everything: bool) -> None:
    miss(fleet, 5)
    jobs = [fleet.instance(every(60), task=gate, catch_up="all", lease=timedelta(hours=1)) for _ in range(2)]
    gate.has_begun(1)
    paused = fleet.schedulers[1] if everything else jobs[1]
    paused.pause()
    fleet.clock.advance(timedelta(seconds=5))
    gate.let_go()
    until(lambda: record_of(fleet).claims == ())
    paused.resume()
    until(lambda: record_of(fleet).owed == ())
    for number in range(2):
        looks(fleet, number, more=5)
    fleet.clock.advance(timedelta(seconds=55))
    gate.has_begun(2)
    gate.let_go()
    fleet.settle()
    assert gate.ticks == [60, 360]


def test_a_pause_of_everything_that_no_look_has_seen_drops_it_too(fleet: Fleet, gate: Gate) -> None:
    miss(fleet, 3)
    fleet.instance(every(60), task=gate, catch_up="all", lease=timedelta(hours=1))
    gate.has_begun(1)
    fleet.schedulers[0].pause()
    fleet.schedulers[0].resume()
    gate.let_go()
    until(lambda: record_of(fleet).owed == ())
    assert gate.ticks == [60]


def drop_by_stop(fleet: Fleet, job: gocron.Job) -> None:
    fleet.schedulers[0].stop_jobs()


def drop_by_removal(fleet: Fleet, job: gocron.Job) -> None:
    fleet.schedulers[0].remove_job(job.id())


def drop_by_update(fleet: Fleet, job: gocron.Job) -> None:
    task = gocron.new_task(lambda: fleet.runs.append((9, gocron.current_run())))
    hourly = gocron.cron_job("59 * * * *", False)
    fleet.schedulers[0].update(job.id(), hourly, task, gocron.with_name("job"))


@pytest.mark.parametrize("drop", [drop_by_stop, drop_by_removal, drop_by_update])
def test_who_has_the_job_no_more_runs_nothing_of_it(
    fleet: Fleet, gate: Gate, drop: Callable[[Fleet, gocron.Job], None]
) -> None:
    """Others go on with it; a job that has another schedule has other ticks."""
    ticks = miss(fleet, 4)
    job = fleet.instance(every(60), task=gate, catch_up="all", lease=timedelta(hours=1))
    gate.has_begun(1)
    keeper = fleet.lockers[0]._keeper
    leave(fleet, gate, lambda: drop(fleet, job))
    until(lambda: record_of(fleet).claims == ())
    keeper.wake()
    looks(fleet, more=5)
    assert (gate.ticks, fleet.runs) == ([60], [])
    if drop is drop_by_update:
        until(lambda: record_of(fleet).owed == ())
        return
    fleet.instance(every(60), task=gate, catch_up="all")
    for number in (2, 3, 4):
        gate.has_begun(number)
        gate.let_go()
    assert gate.ticks == ticks


def test_a_wiped_store_knows_of_none(fleet: Fleet, gate: Gate) -> None:
    miss(fleet, 4)
    fleet.instance(every(60), task=gate, catch_up="all", lease=timedelta(hours=1))
    gate.has_begun(1)
    fleet.store._entries.clear()
    until(lambda: "job" in fleet.store.load(["job"]).entries)
    gate.let_go()
    looks(fleet, more=5)
    assert gate.ticks == [60]
    assert record_of(fleet).owed == ()


def test_the_latest_one_only(fleet: Fleet, gate: Gate) -> None:
    """It is tried until it is stale, as a later one has run."""
    miss(fleet, 4)
    leave_a_crashed_run(fleet, 0.5)  # to the store somebody holds the job, for 30 s
    record = record_of(fleet)
    held = replace(record.claims[0], until=record.claims[0].until + 5 * MINUTE)
    entry = fleet.store.load(["job"]).entries["job"]
    assert fleet.store.compare_and_set("job", entry.version, encode(replace(record, claims=(held,))))
    fleet.instance(every(60), task=gate, start_deadline=timedelta(seconds=50))
    until(lambda: record_of(fleet).owed != ())
    assert [at - NOW // SECOND * SECOND for at in record_of(fleet).owed] == [4 * MINUTE]
    fleet.clock.advance(timedelta(seconds=45))
    looks(fleet)
    assert gate.ticks == []
    fleet.clock.advance(timedelta(minutes=1))
    gate.has_begun(1)
    gate.let_go()
    looks(fleet, more=5)
    assert len(gate.ticks) == 1
    assert gate.ticks[0] in (240, 300)


# -- runs that were cut off ------------------------------------------------------------------------


def test_a_run_that_was_cut_off_has_its_turn_when_another_ends(fleet: Fleet, gate: Gate) -> None:
    """Not only at a look, which comes once a minute here."""
    fleet.instance(every(10), task=gate, on_crash="rerun", lease=timedelta(hours=1))
    fleet.clock.advance(timedelta(seconds=10))
    gate.has_begun(1)
    leave_a_crashed_run(fleet, 0.5)
    entry = fleet.store.load(["job"]).entries["job"]
    record = decode(entry.text, "job")
    dead = replace(record.claims[1], until=0)
    assert fleet.store.compare_and_set("job", entry.version, encode(replace(record, claims=(record.claims[0], dead))))
    keeper = fleet.lockers[0]._keeper
    until(lambda: keeper._attended.jobs[0].errands.are_left)
    fleet.store.poll = 60
    looks(fleet, more=1)
    gate.let_go()
    gate.has_begun(2)
    gate.let_go()
    assert gate.ticks == [10, 0.5]
    assert gate.attempts == [1, 2]


def test_it_is_before_the_ticks_that_are_late(fleet: Fleet, gate: Gate) -> None:
    ticks = miss(fleet, 3)
    leave_a_crashed_run(fleet, 0.5)
    fleet.clock.advance(timedelta(seconds=40))
    fleet.instance(every(60), task=gate, catch_up="all", on_crash="rerun")
    for number in range(1, 5):
        gate.has_begun(number)
        gate.let_go()
    assert gate.ticks == [0.5, *ticks]


# -- electors --------------------------------------------------------------------------------------


def test_a_follower_does_nothing_until_it_leads(fleet: Fleet, gate: Gate) -> None:
    """Neither late ticks nor what was cut off; and then it goes on."""
    miss(fleet, 3)
    leave_a_crashed_run(fleet, 0.5)
    fleet.clock.advance(timedelta(seconds=40))
    elections = MemoryStore()
    electors: list[MemoryElector] = []
    begun: list[int] = []

    def task(number: int) -> None:
        begun.append(number)
        gate()

    for number in range(2):
        electors.append(MemoryElector(elections))
        locker = TickLocker(fleet.store, catch_up="all", on_crash="rerun")
        options = gocron.with_distributed_elector(electors[number]), gocron.with_distributed_locker(locker)
        scheduler = gocron.new_scheduler(gocron.with_clock(fleet.clock), gocron.with_location("UTC"), *options)
        fleet.schedulers.append(scheduler)
        fleet.lockers.append(locker)
        job = scheduler.new_job(every(60), gocron.new_task(task, number), gocron.with_name("job"))
        scheduler.start()
        until(electors[0].leads)  # it was asked about what was cut off
        with suppress(gocron.NotLeader):
            electors[number].is_leader(background())
    assert [elector.leads() for elector in electors] == [True, False]
    for number in (1, 2):
        gate.has_begun(number)
        looks(fleet, 1)
        gate.let_go()
    gate.has_begun(3)
    assert job.history() == []  # nor is that told at each look
    leave(fleet, gate, fleet.schedulers[0].shutdown)
    electors[0].close()
    gate.has_begun(4)
    assert begun == [0, 0, 0, 1]
    assert gate.ticks == [0.5, 60, 120, 180]
    gate.let_go()
    electors[1].close()


# -- real processes --------------------------------------------------------------------------------

WORKER = """
import os, sys, time
from datetime import timedelta
import gocron_py as gocron
from gocron_py.distributed.sqlite import SQLiteTickLocker
from gocron_py.distributed.store import Snapshot, TickStore

path, ledger = sys.argv[1:]
def task():
    at = gocron.current_run().tick.at.timestamp()
    with open(ledger, "a") as file:
        file.write(f"{os.getpid()} {at:.0f}\\n")
    time.sleep(0.3)

scheduler = gocron.new_scheduler(gocron.with_distributed_locker(SQLiteTickLocker(path, catch_up="all")))
scheduler.new_job(gocron.duration_job(timedelta(minutes=1)), gocron.new_task(task), gocron.with_name("job"))
scheduler.start()
time.sleep(60)
"""


def test_processes_go_on_with_what_one_that_is_killed_leaves(tmp_path: Path) -> None:
    path, ledger = tmp_path / "jobs.db", tmp_path / "ledger"
    locker = SQLiteTickLocker(path)
    began = round(time.time()) // 60 * 60 - 10 * 60
    assert locker.store.compare_and_set("job", None, encode(registered("job", began * SECOND, "a life")))
    locker.close()
    owed = [began + 60 * number for number in range(1, 11)]  # and a tick in time, if a minute begins meanwhile

    def lines() -> list[tuple[int, int]]:
        if not ledger.exists():
            return []
        return [(int(pid), int(at)) for pid, at in map(str.split, ledger.read_text().splitlines())]

    arguments = [sys.executable, "-c", WORKER, str(path), str(ledger)]
    processes = [subprocess.Popen(arguments) for _ in range(2)]
    try:
        until(lambda: len(lines()) >= 3, 30)
        pid = lines()[-1][0]
        next(process for process in processes if process.pid == pid).kill()
        until(lambda: {at for _, at in lines()} >= set(owed), 40)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    runs = Counter(at for _, at in lines())
    assert [at for _, at in lines() if at in owed] == owed
    assert set(runs.values()) == {1}


# -- the rules -------------------------------------------------------------------------------------


def request(at: int, is_owed: bool = False) -> Request:
    return Request(at, TickKind.GRID, f"token {at}", "me", 30 * SECOND, overlap=True, is_owed=is_owed)


def dead(held: Claim) -> bool:
    return False


def test_what_is_owed_outlives_the_window_and_is_granted_once() -> None:
    """So many ticks in time are granted beside it that the floor rises above it."""
    record = owe(registered("job", 100, "life"), (), [110, 120])
    for at in range(200, 200 + 2 * WINDOW):
        answer = claim(record, request(at), "job", 1000, dead)
        assert isinstance(answer, Granted)
        assert answer.record is not None
        record = replace(answer.record, claims=())
    assert record.floor > 120
    assert record.owed == (110, 120)
    answer = claim(record, request(110, is_owed=True), "job", 1000, dead)
    assert isinstance(answer, Granted)
    assert answer.record is not None
    assert answer.record.owed == (120,)
    assert answer.record.floor == record.floor
    for is_owed in (True, False):
        again = claim(replace(answer.record, claims=()), request(110, is_owed), "job", 1000, dead)
        assert again in (Refused(TickStale), Refused(TickTaken))


def test_only_what_could_be_granted_anyway_comes_to_be_owed() -> None:
    record = Record("job", floor=100, seen=(120, 140))
    assert owe(record, (), [90, 100, 110, 120, 130]).owed == (110, 130)
    assert owe(replace(record, owed=(90, 110)), [80, 90], [150]).owed == (90, 150)
    assert len(owe(record, (), range(1000, 1200)).owed) == MOST_OWED
    assert owe(pause(record), (), [110]).owed == ()


def test_a_pause_and_another_life_owe_nothing() -> None:
    record = Record("job", floor=100, owed=(110,))
    assert pause(record).owed == ()
    assert resume(replace(record, paused=True), 200).owed == ()
    assert reborn(record, 200).owed == ()
    refused = claim(replace(record, owed=()), request(110, is_owed=True), "job", 200, dead)
    assert refused == Refused(TickStale)


def test_as_text() -> None:
    record = Record("job", floor=100, owed=(110, 120))
    assert decode(encode(record), "job") == record
    assert "owed" not in encode(replace(record, owed=()))
    for owed in ([120, 110], list(range(MOST_OWED + 1)), [True], "x", [1.5]):
        with pytest.raises(gocron.StoreCorrupt):
            decode(encode(record).replace("[110,120]", str(owed).replace("'", '"').replace("True", "true")), "job")


def test_at_the_first_look_what_is_of_another_schedule_or_policy_is_dropped() -> None:
    schedule = GridSchedule(10, 0)
    record = Record("job", floor=100, seen=(130,), owed=(105, 110, 120))
    first = Owed(before=160)

    def owed(catch_up: str, owed: Owed | None = first, resumed: int = 0) -> tuple[int, ...]:
        policy = TickPolicy(catch_up=catch_up)  # type: ignore[arg-type]
        return noted(record, owed, schedule, policy, 165, resumed).owed

    assert owed("all") == (110, 120, 140, 150)
    assert owed("all", None) == (105, 110, 120)
    assert owed("all", Owed(before=160, since=150, from_last=False)) == (105, 110, 120, 150)
    assert owed("all", resumed=110) == (120, 140, 150)
    assert owed("none") == ()
    seen = first.at(replace(record, seen=(100,)))  # 130 was run between the look and the write
    assert owed("all", seen) == (110, 120, 140, 150)
    earlier = first.at(replace(record, floor=90, seen=()))
    afterwards = replace(record, owed=())
    assert noted(afterwards, earlier, schedule, TickPolicy(catch_up="all"), 165).owed == (110, 120, 140, 150)
    assert owed("latest") == (120,)  # of 160 it is too early to tell


def errands(deadline: int = MINUTE, **policy: object) -> Errands:
    made = TickPolicy(catch_up="all", start_deadline=timedelta(microseconds=deadline), **policy)  # type: ignore[arg-type]
    return Errands(made, GridSchedule(10 * MINUTE, 0))


BUSY = Claim(20 * MINUTE, "token", "other", 10**18, 1, 5)


def alive(held: Claim) -> bool:
    return bool(held.owner)


def test_a_job_is_free_when_nobody_took_it_for_as_long_as_those_sleep_who_wait() -> None:
    mine = errands()
    record = Record("job", floor=0, seen=(20 * MINUTE,), fence=5, owed=(10 * MINUTE,))
    now = 25 * MINUTE
    assert mine.due(record, alive, now, 0) == []
    assert mine.are_left
    assert mine.again == LONGEST_PAUSE
    assert mine.due(replace(record, claims=(BUSY,)), alive, now, LONGEST_PAUSE - 1) == []
    assert mine.due(record, alive, now, LONGEST_PAUSE) == []
    assert mine.due(replace(record, fence=6), alive, now, 2 * LONGEST_PAUSE - 2) == []
    assert mine.due(replace(record, fence=6), alive, now, 3 * LONGEST_PAUSE - 2) == [Errand(10 * MINUTE)]
    assert mine.due(replace(record, owed=()), alive, now, 0) == []
    assert not mine.are_left


def test_after_a_run_in_time_that_ended_here_it_is_free_unless_a_tick_waits() -> None:
    mine = errands()
    record = Record("job", floor=0, seen=(20 * MINUTE,), fence=5, owed=(10 * MINUTE,))
    mine.ended(5, SECOND, in_time=True)
    assert mine.due(record, alive, 25 * MINUTE, 0) == [Errand(10 * MINUTE)]
    assert mine.due(record, alive, 30 * MINUTE + SECOND, 0) == []
    assert mine.due(replace(record, seen=(30 * MINUTE,)), alive, 30 * MINUTE + SECOND, 0) == [Errand(10 * MINUTE)]
    mine.ended(6, SECOND, in_time=False)
    assert mine.due(replace(record, fence=6), alive, 25 * MINUTE, 0) == []


def test_a_late_tick_does_not_make_the_next_one_late() -> None:
    """It begins if it will be over before the start deadline of the next one."""
    mine = errands()
    record = Record("job", floor=0, seen=(20 * MINUTE,), fence=5, owed=(10 * MINUTE,))
    mine.ended(5, 2 * MINUTE, in_time=True)
    latest = 29 * MINUTE - LONGEST_PAUSE
    assert mine.due(record, alive, latest, 0) == [Errand(10 * MINUTE)]
    assert mine.due(record, alive, latest + 1, 100 * SECOND) == []
    assert mine.due(replace(record, seen=(30 * MINUTE,)), alive, 32 * MINUTE, 0) == [Errand(10 * MINUTE)]


def test_one_at_a_time_and_with_overlap_some() -> None:
    record = Record("job", floor=0, seen=(20 * MINUTE,), fence=5, owed=tuple(range(10, 200, 10)))
    overlapping = Errands(TickPolicy(catch_up="all", overlap=True), GridSchedule(10, 0))
    assert overlapping.due(record, alive, MINUTE, 0) == [Errand(at) for at in range(10, 90, 10)]
    overlapping.out.update({Errand(10), Errand(30)})
    assert overlapping.due(record, alive, MINUTE, 0) == [Errand(at) for at in (20, 40, 50, 60, 70, 80)]
    mine = Errands(TickPolicy(catch_up="all", on_crash="rerun"), GridSchedule(10, 0))
    lost = [Claim(at, f"dead {at}", "", 0, 1, 1) for at in (300, 310)]
    crashed = replace(record, claims=tuple(lost))
    assert mine.due(crashed, alive, MINUTE, 0) == [Errand(300, "dead 300")]
    mine.out.add(Errand(300, "dead 300"))
    assert mine.due(crashed, alive, MINUTE, SECOND) == []


def test_what_comes_back_in_vain_is_tried_less_and_less_until_a_run_ends_here() -> None:
    mine = Errands(TickPolicy(catch_up="all", overlap=True), GridSchedule(10, 0))
    record = Record("job", floor=0, seen=(20 * MINUTE,), fence=5, owed=(10,))
    now = 0
    for length in (1, 2, 4, 8, 8):
        assert mine.due(record, alive, MINUTE, now) == [Errand(10)]
        mine.out.add(Errand(10))
        mine.came_back(Errand(10), False, now)
        now += length * LONGEST_PAUSE
        assert mine.due(record, alive, MINUTE, now - 1) == []
    mine.came_back(Errand(10), False, now)
    assert mine.due(record, alive, MINUTE, now) == []
    mine.ended(5, 0, in_time=True)
    assert mine.due(record, alive, MINUTE, now) == [Errand(10)]
