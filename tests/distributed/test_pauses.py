"""Pauses that a store keeps: for all instances, over restarts, outages and wiped stores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from test_locker import SECOND, START, Fleet, every, until

import gocron_py as gocron
from gocron_py.distributed import pauses
from gocron_py.distributed.decision import Claim, Record, decode, encode, pause
from gocron_py.distributed.events import TickEventKind
from gocron_py.distributed.memory import MemoryStore
from gocron_py.distributed.names import job_key, own_key
from gocron_py.distributed.pauses import KEY, Standing
from gocron_py.distributed.store import Snapshot, TickStore


class Failing(TickStore):
    """A store that can be down."""

    poll = 0.05

    def __init__(self, inner: MemoryStore) -> None:
        self.inner = inner
        self.down = False

    def load(self, keys: Sequence[str]) -> Snapshot:
        if self.down:
            raise gocron.StoreDown("for the test")
        return self.inner.load(keys)

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        if self.down:
            raise gocron.StoreDown("for the test")
        return self.inner.compare_and_set(key, version, text)


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with Fleet(poll=0.05) as fleet:
        yield fleet


def record_of(fleet: Fleet, key: str = "job") -> Record:
    return decode(fleet.store.load([key]).entries[key].text, key)


def reasons(job: gocron.Job) -> list[str | None]:
    return [run.error for run in job.history() if run.outcome is gocron.JobStatus.SKIP]


def wipe(fleet: Fleet) -> None:
    with fleet.store._lock:
        fleet.store._entries.clear()


# -- of a job --------------------------------------------------------------------------------------


def test_a_pause_holds_for_all_instances_at_once(fleet: Fleet) -> None:
    """No poll is needed: the claims are told. So it is with the end of the pause."""
    fleet.store.poll = 600
    first, second = fleet.instance(every(10)), fleet.instance(every(10))
    first.pause()
    fleet.advance(10)
    assert fleet.runs == []
    assert reasons(first) == reasons(second) == ["paused"]
    assert fleet.refusals == []
    assert second.is_paused()
    second.resume()
    fleet.advance(10)
    assert fleet.ticks() == [20]
    assert not first.is_paused()
    assert {run.lock for run in first.history() if run.error == "paused"} == {None}


def test_a_pause_outlasts_a_restart(fleet: Fleet) -> None:
    """A new process finds it in the store."""
    job = fleet.instance(every(10))
    job.pause()
    fleet.schedulers[0].shutdown()
    again = fleet.instance(every(10))
    assert again.is_paused()
    fleet.advance(30)
    assert (fleet.runs, reasons(again)) == ([], ["paused"] * 3)


def test_before_the_start_the_store_is_told_and_asked(fleet: Fleet) -> None:
    """A job that it does not know is registered, paused."""
    for paused in (True, False):
        locker = gocron.distributed.TickLocker(fleet.store)
        scheduler = gocron.new_scheduler(gocron.with_clock(fleet.clock), gocron.with_distributed_locker(locker))
        job = scheduler.new_job(every(10), gocron.new_task(print), gocron.with_name("job"))
        assert job.is_paused() is not paused
        (job.pause if paused else job.resume)()
        assert record_of(fleet).paused is paused
        scheduler.shutdown()
        locker.close()


def test_nobody_catches_up_with_the_ticks_of_a_pause(fleet: Fleet) -> None:
    """Neither the instances that were there nor one that comes, whatever ``catch_up`` says."""
    job = fleet.instance(every(10), catch_up="all")
    fleet.advance(10)
    job.pause()
    fleet.advance(30)
    job.resume()
    fleet.instance(every(10), catch_up="all")
    fleet.advance(10)
    assert fleet.ticks() == [10, 50]
    assert TickEventKind.MISSED not in fleet.kinds()


def test_what_was_cut_off_is_begun_again_after_the_pause(fleet: Fleet) -> None:
    """``on_crash="rerun"`` promises that it is; while the job is paused nothing begins."""
    job = fleet.instance(every(10), on_crash="rerun")
    fleet.advance(10)
    tick = record_of(fleet).seen[-1]
    entry = fleet.store.load(["job"]).entries["job"]
    dead = Claim(tick, "dead", "dead", 0, 1, 5, SECOND)
    record = decode(entry.text, "job")
    cut_off = pause(Record("job", record.floor, record.seen, record.fence, (dead,), None, record.life))
    assert fleet.store.compare_and_set("job", entry.version, encode(cut_off))
    looks = fleet.lockers[0]._keeper._looks
    until(lambda: fleet.lockers[0]._keeper._looks > looks + 3)
    fleet.settle()
    assert len(fleet.runs) == 1
    assert reasons(job) == []
    job.resume()
    until(lambda: len(fleet.runs) == 2)
    assert (fleet.ticks(), fleet.runs[1][1].attempt) == ([10, 10], 2)


def test_a_run_that_was_granted_and_has_not_begun_does_not_begin(fleet: Fleet) -> None:
    """The tick is over for all instances; it is not begun elsewhere, nor after the pause."""
    listener = gocron.before_job_runs(lambda job_id, name: job.pause())
    job = fleet.instance(every(10), gocron.with_event_listeners(listener))
    fleet.advance(10)
    assert (fleet.runs, reasons(job), record_of(fleet).claims) == ([], ["paused"], ())
    job.resume()
    other = fleet.instance(every(10), catch_up="all")
    fleet.settle()
    assert (fleet.runs, reasons(other)) == ([], [])


def test_intervals_from_completion_are_paused_as_well(fleet: Fleet) -> None:
    """Each instance asks again an interval later, and the first that is due after the pause runs."""
    jobs = [fleet.instance(every(10), gocron.with_interval_from_completion()) for _ in range(2)]
    jobs[0].pause()
    for _ in range(4):
        fleet.advance(10)
    assert fleet.runs == []
    assert set(reasons(jobs[0]) + reasons(jobs[1])) == {"paused"}
    jobs[1].resume()
    fleet.advance(10)
    fleet.advance(10)
    assert 1 <= len(fleet.runs) <= 2


def test_run_now_of_a_paused_job(fleet: Fleet) -> None:
    """It runs, and the job stays paused."""
    job = fleet.instance(every(10))
    job.pause()
    job.run_now()
    fleet.settle()
    assert (len(fleet.runs), job.is_paused(), record_of(fleet).paused) == (1, True, True)


def test_an_update_takes_the_pause_along(fleet: Fleet) -> None:
    """Under another name it is another record."""
    job = fleet.instance(every(10))
    job.pause()
    job = fleet.schedulers[0].update(job.id(), every(10), gocron.new_task(print), gocron.with_name("renamed"))
    assert job.is_paused()
    assert record_of(fleet, "renamed").paused


def test_a_wiped_store_learns_of_the_pause_again(fleet: Fleet) -> None:
    """From an instance that knew, whichever way it finds out."""
    job = fleet.instance(every(10))
    job.pause()
    wipe(fleet)
    until(lambda: "job" in fleet.store.load(["job"]).entries)
    until(lambda: record_of(fleet).paused)
    wipe(fleet)
    job.run_now()
    fleet.settle()
    until(lambda: "job" in fleet.store.load(["job"]).entries and record_of(fleet).paused)


def test_a_store_that_is_down_lets_a_job_be_paused_here(fleet: Fleet) -> None:
    """The error says what holds. Nothing begins here, with ``on_store_error="run"`` neither."""
    store = Failing(fleet.store)
    job = fleet.instance(every(10), store=store, on_store_error="run", start_deadline=timedelta(seconds=1))
    until(lambda: "job" in fleet.store.load(["job"]).entries)
    store.down = True
    with pytest.raises(gocron.StoreDown) as caught:
        job.pause()
    assert "in this process" in "".join(caught.value.__notes__)
    assert job.is_paused()
    fleet.advance(10)
    assert (fleet.runs, reasons(job)) == ([], ["paused"])
    with pytest.raises(gocron.StoreDown, match="for the test"):
        job.resume()
    assert job.is_paused()
    store.down = False
    job.resume()
    fleet.advance(10)
    assert (len(fleet.runs), job.is_paused()) == (1, False)


def test_no_claim_and_no_store_is_no_way_around_a_pause(fleet: Fleet) -> None:
    """``on_store_error="run"`` is for jobs that are not paused as far as is known."""
    store = Failing(fleet.store)
    job = fleet.instance(every(10), store=store, on_store_error="run", start_deadline=timedelta(milliseconds=100))
    until(lambda: "job" in fleet.store.load(["job"]).entries)
    job.pause()
    store.down = True
    fleet.advance(10)
    assert (fleet.runs, reasons(job)) == ([], ["paused"])


# -- of a scheduler --------------------------------------------------------------------------------


def test_a_schedulers_pause_is_everybodys(fleet: Fleet) -> None:
    """At once here, within a poll elsewhere, and for jobs without the locker too."""
    first, second = fleet.instance(every(10)), fleet.instance(every(10))
    own = fleet.schedulers[1].new_job(
        every(10), gocron.new_task(print), gocron.with_disabled_distributed_job_locker(True)
    )
    fleet.schedulers[0].pause()
    assert fleet.schedulers[0].is_paused()
    until(fleet.schedulers[1].is_paused)
    fleet.advance(20)
    assert fleet.runs == []
    assert reasons(first) == reasons(second) == reasons(own) == ["paused"] * 2
    assert (first.is_paused(), second.is_paused()) == (False, False)
    fleet.schedulers[1].resume()
    until(lambda: not fleet.schedulers[0].is_paused())
    fleet.advance(10)
    assert fleet.ticks() == [30]


def test_a_schedulers_pause_outlasts_a_restart_and_is_not_caught_up_with(fleet: Fleet) -> None:
    """A new process neither runs nor makes good what the pause has kept from running."""
    fleet.instance(every(10), catch_up="all")
    fleet.advance(10)
    fleet.schedulers[0].pause()
    fleet.schedulers[0].shutdown()
    fleet.instance(every(10), catch_up="all")
    assert fleet.schedulers[1].is_paused()
    fleet.advance(30)
    fleet.schedulers[1].resume()
    fleet.instance(every(10), catch_up="all")
    fleet.advance(10)
    assert fleet.ticks() == [10, 50]


def test_a_wiped_store_learns_of_a_schedulers_pause_again(fleet: Fleet) -> None:
    """An entry that is gone is no resume."""
    fleet.instance(every(10))
    fleet.schedulers[0].pause()
    wipe(fleet)
    until(lambda: KEY in fleet.store.load([KEY]).entries)
    assert pauses.decode(fleet.store.load([KEY]).entries[KEY].text).paused
    assert fleet.schedulers[0].is_paused()


@pytest.mark.parametrize("text", ["", "[]", '{"format":1}', '{"format":1,"paused":1,"resumed":0}', "[" * 100_000])
def test_a_pause_that_cannot_be_read_counts_until_somebody_resumes(fleet: Fleet, text: str) -> None:
    """An event tells of it, once."""
    fleet.instance(every(10))
    assert fleet.store.compare_and_set(KEY, None, text)
    until(fleet.schedulers[0].is_paused)
    fleet.advance(10)
    assert (fleet.runs, fleet.kinds().count(TickEventKind.CORRUPT)) == ([], 1)
    fleet.schedulers[0].resume()
    fleet.advance(10)
    assert fleet.ticks() == [20]
    assert pauses.decode(fleet.store.load([KEY]).entries[KEY].text) == Standing(False, instant(10))


def instant(seconds: float) -> int:
    """After START, on the store's clock."""
    return round((START.timestamp() + seconds) * SECOND)


def test_a_store_that_is_down_lets_a_scheduler_be_paused_here(fleet: Fleet) -> None:
    """As a job."""
    store = Failing(fleet.store)
    fleet.instance(every(10), store=store)
    until(lambda: "job" in fleet.store.load(["job"]).entries)
    store.down = True
    with pytest.raises(gocron.StoreDown):
        fleet.schedulers[0].pause()
    assert fleet.schedulers[0].is_paused()
    with pytest.raises(gocron.StoreDown):
        fleet.schedulers[0].resume()
    store.down = False
    fleet.advance(10)
    assert fleet.runs == []
    fleet.schedulers[0].resume()
    assert not fleet.schedulers[0].is_paused()


# -- keys ------------------------------------------------------------------------------------------


def test_no_jobs_name_is_a_key_of_the_librarys_own(fleet: Fleet) -> None:
    """A job that is called like the pause's entry has a record beside it."""
    names = ["job", KEY, job_key(KEY), own_key("job", ""), "gocron:own", "gocron:own:", own_key("elector", "x")]
    keys = {job_key(name) for name in names}
    assert len(keys) == len(names)
    assert not keys & {KEY, own_key("elector", "x"), own_key("instances"), own_key("instance", "0")}
    locker = gocron.distributed.TickLocker(fleet.store)
    scheduler = gocron.new_scheduler(gocron.with_clock(fleet.clock), gocron.with_distributed_locker(locker))
    ran: list[str] = []
    job = scheduler.new_job(every(10), gocron.new_task(ran.append, KEY), gocron.with_name(KEY))
    with scheduler:
        scheduler.pause()
        scheduler.resume()
        job.pause()
        assert (job.is_paused(), scheduler.is_paused()) == (True, False)
        job.resume()
        fleet.schedulers.append(scheduler)
        fleet.advance(10)
        assert ran == [KEY]
    locker.close()
