"""Who claims a tick first, and how the others find out: for the calls' sake alone, never at a tick's cost."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from test_locker import Fleet, every, until

import gocron_py as gocron
from gocron_py.distributed import TickLocker, presence
from gocron_py.distributed.claim import Attempt
from gocron_py.distributed.decision import Record, Request, claim, encode
from gocron_py.distributed.memory import MemoryStore
from gocron_py.distributed.preference import FIRST_LOOK, Peers, Turn, Watch, group_of, rank, room_of
from gocron_py.distributed.presence import ROSTER, Card, encode_roster, slot_key
from gocron_py.distributed.store import Entry, Snapshot, TickStore
from gocron_py.distributed.tick import TickKind
from gocron_py.errors import StoreDown
from gocron_py.testing import wait_for_runs

SECOND = 1_000_000
INSTANCES = [f"instance {number}" for number in range(10)]
JOBS = [f"job {number}" for number in range(1000)]


# -- ranks -------------------------------------------------------------------------------------------


def ranks(key: str, instances: Sequence[str]) -> list[int]:
    return [rank(key, own, [each for each in instances if each != own]) for own in instances]


def test_instances_agree_on_the_order() -> None:
    """Who sees the same instances gives each of them another rank."""
    for key in JOBS[:100]:
        assert sorted(ranks(key, INSTANCES)) == list(range(10))


def test_jobs_are_spread() -> None:
    """Each instance has about a tenth; a job whose instance goes is another's, and no other job moves."""
    firsts = {key: ranks(key, INSTANCES).index(0) for key in JOBS}
    assert all(60 <= count <= 150 for count in Counter(firsts.values()).values())
    for key in JOBS:
        without = ranks(key, INSTANCES[:-1]).index(0)
        assert without == firsts[key] or firsts[key] == 9


def test_a_group_is_of_the_same_jobs() -> None:
    """In any order; names that are put together otherwise are others."""
    assert group_of(["a", "b"]) == group_of(["b", "a"])
    assert len({group_of(keys) for keys in (["a", "b"], ["ab"], ["a"], [], ["b", "a", "c"])}) == 5


def test_peers_forget_what_has_changed() -> None:
    peers = Peers()
    peers.saw("a", ("b", "c"))
    before = [peers.rank(key) for key in JOBS]
    peers.saw("a", ())
    assert [peers.rank(key) for key in JOBS] == [0] * len(JOBS)
    peers.saw("a", ("b", "c"))
    assert [peers.rank(key) for key in JOBS] == before


@pytest.mark.parametrize(
    ("deadline", "gap", "late", "room"), [(200, 200, 0, 100), (3000, 200, 0, 100), (200, 200, 100, 50), (5, 9, 99, -47)]
)
def test_room_is_half_of_what_is_left(deadline: int, gap: int, late: int, room: int) -> None:
    assert room == room_of(deadline, gap, late)


# -- looks -------------------------------------------------------------------------------------------

NOW = 1_700_000_000 * SECOND


def turn(number: int, place: int, end: int = NOW + 30 * SECOND) -> Turn:
    key = JOBS[number]
    request = Request(NOW, TickKind.GRID, f"token{number}", "own", 30 * SECOND)

    def decide(record: Record | None, now: int) -> Any:
        return claim(record, request, key, now, lambda held: True)

    return Turn(NOW, place, end, Attempt(key, request.token, decide, SECOND, lambda: NOW, None, None))


def watch_of(*turns: Turn) -> Watch:
    watch = Watch(FIRST_LOOK, NOW + FIRST_LOOK)
    for each in turns:
        watch.enter(each)
    return watch


def store_of(watch: Watch, taken: Sequence[int] = (), now: int = NOW + FIRST_LOOK) -> Snapshot:
    """The records of the watch's jobs, some of which have their tick."""
    keys, seen = watch.keys(), {JOBS[number]: (NOW,) for number in taken}
    records = {key: Record(key, NOW - SECOND, seen.get(key, ()), life="life") for key in keys}
    return Snapshot(now, {key: Entry(encode(record), 1) for key, record in records.items()})


def look(watch: Watch, *taken: int) -> list[int]:
    """The numbers of the jobs that wait no longer."""
    now = watch.due
    over = watch.look(store_of(watch, taken, now), now, now)
    assert all(each.attempt.glance is not None for each in over)
    return [JOBS.index(each.attempt.key) for each in over]


def test_what_is_taken_waits_no_longer() -> None:
    watch = watch_of(*(turn(number, 5) for number in range(4)))
    assert [1, 3] == look(watch, 1, 3)
    assert [0, 2] == look(watch, 0, 2)
    assert [] == watch.turns


def test_while_there_are_takers_a_look_comes_less_often() -> None:
    """A store that is busy with claims is not to be asked more."""
    watch = watch_of(*(turn(number, 1) for number in range(10)))
    dues = []
    for number in range(8):
        assert [number] == look(watch, number)
        dues.append(watch.due)
    gaps = [after - before for before, after in pairwise(dues)]
    assert gaps == sorted(gaps)
    assert FIRST_LOOK <= gaps[0] < gaps[-1] <= SECOND


def test_without_a_taker_the_next_in_rank_claim() -> None:
    """One rank with each look."""
    watch = watch_of(turn(0, 3), turn(1, 1), turn(2, 2), turn(3, 1))
    assert [1, 3] == look(watch)
    assert [2] == look(watch)
    assert [0] == look(watch)


def test_the_end_is_the_end() -> None:
    """Whatever the rank, and however much goes on."""
    watch = watch_of(turn(0, 100, end=NOW + FIRST_LOOK + 1), *(turn(number, 100) for number in range(1, 5)))
    assert [1] == look(watch, 1)
    assert watch.due == NOW + FIRST_LOOK + 1
    assert [0, 2] == look(watch, 2)


def test_an_early_tick_is_waited_for() -> None:
    """This machine's clock is ahead: nobody can have taken it, so nobody is late."""
    watch = watch_of(turn(0, 1))
    now = watch.due
    assert [] == watch.look(store_of(watch, now=NOW - SECOND // 5), now, now)
    assert watch.due == now + SECOND // 5 + FIRST_LOOK
    assert [0] == look(watch)


@pytest.mark.parametrize("text", [None, "no record"])
def test_what_is_no_record_is_for_the_claim_to_tell(text: str | None) -> None:
    watch = watch_of(turn(0, 9))
    entries = {} if text is None else {JOBS[0]: Entry(text, 1)}
    assert [watch.turns[0]] == watch.look(Snapshot(NOW, entries), NOW, NOW)


# -- in a fleet --------------------------------------------------------------------------------------


class Leader:
    """An elector as in Go."""

    def is_leader(self, ctx: gocron.Context) -> None: ...


class Counting(TickStore):
    """An instance's way to the store of all, whose calls for ticks are counted by kind; it can be cut."""

    def __init__(self, inner: MemoryStore, calls: Counter[str] | None = None) -> None:
        self.inner, self.calls, self.poll = inner, Counter() if calls is None else calls, inner.poll
        self.lock = threading.Lock()
        self.is_cut = False

    def _count(self, what: str) -> None:
        if threading.current_thread().name != "gocron-tick-keeper":
            if self.is_cut:
                raise StoreDown("cut")
            with self.lock:
                self.calls[what] += 1

    def load(self, keys: Sequence[str]) -> Snapshot:
        self._count("load")
        return self.inner.load(keys)

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        self._count("write")
        return self.inner.compare_and_set(key, version, text)


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    monkeypatch.setattr(presence, "_BEAT", 0.1)
    with Fleet(poll=0.05) as fleet:
        yield fleet


def meet(fleet: Fleet, others: int) -> None:
    """Wait until each instance knows so many others."""
    until(lambda: all(len(locker._keeper.peers.others) == others for locker in fleet.lockers), 30)


def look_late(fleet: Fleet) -> None:
    """Have those who wait look after a second: however slow the machine, the preferred one is faster."""
    for locker in fleet.lockers:
        locker._turns._first = SECOND


def add_silent(fleet: Fleet, name: str, group: str) -> None:
    """An instance that lives, for all that is known, and does nothing: frozen, say."""
    from gocron_py.distributed.presence import decode_roster

    while True:
        roster = fleet.store.load([ROSTER])
        entry = roster.entries.get(ROSTER)
        slots = [] if entry is None else list(decode_roster(entry.text))
        if fleet.store.compare_and_set(ROSTER, entry and entry.version, encode_roster([*slots, name])):
            break
    far = roster.now + 3600 * SECOND  # it is heard of, whatever the test does to the clock
    card = Card(name, "host", 1, roster.now, far, None, "", group=group)
    assert fleet.store.compare_and_set(slot_key(len(slots)), None, presence.encode(card))


def before_all(key: str, instances: Sequence[str]) -> str:
    """A name that is preferred to those for a job."""
    return next(name for name in map(str, range(10_000)) if rank(key, name, instances) == 0)


def test_one_is_alone_with_its_jobs(fleet: Fleet) -> None:
    """No wait, no thread for it; also beside an instance of another program that has other jobs."""
    fleet.instance(every(10))
    (locker,) = fleet.lockers
    add_silent(fleet, before_all("job", [locker.store.owner()]), "another")
    until(lambda: len(locker.instances()) == 2)
    looks = locker._keeper._looks
    until(lambda: locker._keeper._looks > looks + 1)
    fleet.advance(10)
    assert fleet.ticks() == [10]
    assert locker._turns._thread is None


def test_the_preferred_one_runs_what_all_could(fleet: Fleet) -> None:
    """With a call of each of the others for all the ticks of a moment."""
    calls: list[Counter[str]] = [Counter() for _ in range(4)]
    for number in range(4):
        fleet.instance(every(10), store=Counting(fleet.store, calls[number]))
    meet(fleet, 3)
    look_late(fleet)
    for each in calls:
        each.clear()
    owners = [locker.store.owner() for locker in fleet.lockers]
    first = ranks("job", owners).index(0)
    fleet.advance(10)
    assert [number for number, _ in fleet.runs] == [first]
    assert {type(error) for _, error in fleet.refusals} == {gocron.TickTaken}
    assert 3 == len(fleet.refusals)
    assert calls[first] == {"load": 2, "write": 2}


def test_silent_ones_cost_a_moment(fleet: Fleet) -> None:
    """Others are preferred, and never come: the tick is run long before its deadline."""
    fleet.instance(every(10))
    (locker,) = fleet.lockers
    for number in range(3):
        add_silent(fleet, f"silent {number}", group_of(["job"]))
    add_silent(fleet, before_all("job", [locker.store.owner()]), group_of(["job"]))
    meet(fleet, 4)
    assert locker._keeper.peers.rank("job") >= 1
    for number in range(1, 4):
        began = time.monotonic()
        fleet.clock.advance(timedelta(seconds=10))
        until(lambda number=number: len(fleet.runs) == number)  # type: ignore[misc]
        assert time.monotonic() - began < 5
    fleet.settle()
    assert fleet.ticks() == [10, 20, 30]
    assert fleet.kinds() == []


def test_a_claim_after_a_look_is_one_write(fleet: Fleet) -> None:
    """What the look has found is the claim's load."""
    calls: Counter[str] = Counter()
    fleet.instance(every(10), store=Counting(fleet.store, calls))
    add_silent(fleet, before_all("job", [fleet.lockers[0].store.owner()]), group_of(["job"]))
    meet(fleet, 1)
    calls.clear()
    fleet.advance(10)
    assert fleet.ticks() == [10]
    assert calls == {"load": 2, "write": 2}  # the look, and the end's


@pytest.mark.parametrize("what", ["elector", "limit", "now", "short"])
def test_what_does_not_wait(fleet: Fleet, what: str) -> None:
    """Who leads alone; what would take another run's place; what a person waits for; what comes again soon."""
    fleet.instance(every(0.09 if what == "short" else 10))
    (locker,) = fleet.lockers
    add_silent(fleet, before_all("job", [locker.store.owner()]), group_of(["job"]))
    meet(fleet, 1)
    options: list[Any] = []
    if what == "elector":
        options = [gocron.with_distributed_elector(Leader())]
    elif what == "limit":
        options = [gocron.with_limit_concurrent_jobs(5, gocron.LIMIT_MODE_RESCHEDULE)]
    if options:
        fleet.schedulers[0].shutdown()
        scheduler = gocron.new_scheduler(
            gocron.with_clock(fleet.clock),
            gocron.with_location("UTC"),
            gocron.with_distributed_locker(locker),
            *options,
        )
        fleet.schedulers[0] = scheduler
        scheduler.new_job(
            every(10), gocron.new_task(lambda: fleet.runs.append((0, gocron.current_run()))), gocron.with_name("job")
        )
        scheduler.start()
        meet(fleet, 1)
    if what == "now":
        fleet.schedulers[0].jobs()[0].run_now()
        fleet.settle()
    else:
        fleet.advance(0.09 if what == "short" else 10)
    until(lambda: len(fleet.runs) > 0)
    assert locker._turns._thread is None


def test_a_stop_does_not_wait_for_turns(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that waits is not begun, and its tick stays for others."""
    from gocron_py.distributed import turns

    monkeypatch.setattr(turns, "FIRST_LOOK", 20 * SECOND)
    job = fleet.instance(every(60))
    (locker,) = fleet.lockers
    add_silent(fleet, before_all("job", [locker.store.owner()]), group_of(["job"]))
    meet(fleet, 1)
    fleet.clock.advance(timedelta(seconds=60))
    until(lambda: len(locker._turns._waiting) == 1)
    began = time.monotonic()
    fleet.schedulers[0].stop_jobs()
    assert time.monotonic() - began < 15
    assert [] == fleet.runs
    assert [] == job.history()
    at = round(datetime(2024, 1, 1, 0, 1, tzinfo=UTC).timestamp() * SECOND)
    assert str(at) not in fleet.store.load(["job"]).entries["job"].text
    assert not locker._turns._waiting


def test_a_store_that_is_down_is_told_by_the_claim(fleet: Fleet) -> None:
    """The wait ends, and the policy says what is next."""
    store = Counting(fleet.store)
    fleet.instance(every(10), store=store, on_store_error="run", start_deadline=timedelta(seconds=1))
    (locker,) = fleet.lockers
    add_silent(fleet, before_all("job", [locker.store.owner()]), group_of(["job"]))
    meet(fleet, 1)
    store.is_cut = True
    fleet.clock.advance(timedelta(seconds=10))
    until(lambda: len(fleet.runs) == 1)
    fleet.settle()
    assert fleet.kinds() == [gocron.distributed.TickEventKind.UNGUARDED]


def test_from_the_end_of_a_run(fleet: Fleet) -> None:
    """Intervals from completion wait in the same way, and are kept."""
    for _ in range(3):
        fleet.instance(every(10), gocron.with_interval_from_completion(), store=Counting(fleet.store))
    meet(fleet, 2)
    for _ in range(5):
        fleet.advance(10)
    gaps = [round(after - before, 3) for before, after in pairwise(fleet.ticks())]
    assert gaps == [10] * len(gaps)
    assert len(gaps) >= 3


def test_an_instance_that_joins_is_preferred_soon(fleet: Fleet) -> None:
    """And one that leaves no longer."""
    for _ in range(2):
        fleet.instance(every(10), store=Counting(fleet.store))
    meet(fleet, 1)
    fleet.schedulers[1].shutdown()
    keeper = fleet.lockers[1]._keeper
    looks = keeper._looks
    keeper.wake()
    until(lambda: keeper._looks > looks)  # it has no jobs any more, and leaves all the same
    fleet.lockers[1].close()
    until(lambda: fleet.lockers[0]._keeper.peers.others == ())
    fleet.advance(10)
    until(lambda: fleet.ticks() == [10])


@pytest.mark.slow
def test_short_intervals_on_the_real_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ticks each 200 ms, on three instances of which one is mute: none is lost, none runs twice."""
    monkeypatch.setattr(presence, "_BEAT", 0.1)
    store = MemoryStore()
    store.poll = 0.05
    ran: list[datetime] = []
    lockers = [TickLocker(Counting(store), start_deadline=timedelta(seconds=20)) for _ in range(3)]
    schedulers = [
        gocron.new_scheduler(gocron.with_distributed_locker(locker), gocron.with_location("UTC")) for locker in lockers
    ]
    for scheduler in schedulers:
        task = gocron.new_task(lambda: ran.append(gocron.current_run().tick.at))
        scheduler.new_job(every(0.2), task, gocron.with_name("job"))
        scheduler.start()
    until(lambda: all(len(locker._keeper.peers.others) == 2 for locker in lockers), 30)
    first = ranks("job", [locker.store.owner() for locker in lockers]).index(0)
    monkeypatch.setattr(lockers[first], "lock", lambda ctx, key: (_ for _ in ()).throw(gocron.TickBusy("mute")))
    begun = len(ran)
    until(lambda: len(ran) >= begun + 15, 30)
    for scheduler in schedulers:
        scheduler.shutdown()
    for locker in lockers:
        locker.close()
    ticks = sorted(ran)
    assert len(set(ticks)) == len(ticks)
    assert {after - before for before, after in pairwise(ticks)} == {timedelta(seconds=0.2)}


# -- growth ------------------------------------------------------------------------------------------


def calls_per_tick(instances: int, jobs: int, monkeypatch: pytest.MonkeyPatch) -> float:
    """With the preference known, over a few instants; each tick was run once."""
    monkeypatch.setattr(presence, "_BEAT", 0.3)
    fleet, ran, calls = Fleet(), Counter[tuple[str, datetime]](), Counter[str]()
    fleet.store.poll = 0.05
    lock = threading.Lock()

    def work() -> None:
        tick = gocron.current_run().tick
        with lock:
            ran[tick.job_name, tick.at] += 1

    for _ in range(instances):
        locker = TickLocker(Counting(fleet.store, calls))
        scheduler = gocron.new_scheduler(
            gocron.with_clock(fleet.clock), gocron.with_distributed_locker(locker), gocron.with_max_workers(8)
        )
        for number in range(jobs):
            scheduler.new_job(every(60), gocron.new_task(work), gocron.with_name(f"job{number}"))
        scheduler.start()
        fleet.schedulers.append(scheduler)
        fleet.lockers.append(locker)
    meet(fleet, instances - 1)
    monkeypatch.setattr(presence, "_BEAT", 3600)  # they stay known, however slow the machine
    look_late(fleet)
    calls.clear()
    for _ in range(3):
        fleet.clock.advance(timedelta(seconds=60))
        for scheduler in fleet.schedulers:
            wait_for_runs(scheduler, timedelta(seconds=60))
    for scheduler in fleet.schedulers:
        scheduler.shutdown()
    for locker in fleet.lockers:
        locker.close()
    assert 3 * jobs == len(ran)
    assert {1} == set(ran.values())
    return calls.total() / (3 * jobs)


@pytest.mark.slow
def test_calls_do_not_grow_with_the_fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick costs four calls, and a little; if all claimed at once, ten instances would make thirteen at the least."""
    assert 4 <= calls_per_tick(1, 60, monkeypatch) < 5
    assert calls_per_tick(10, 60, monkeypatch) < 5
