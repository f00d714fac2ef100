"""Electors on the embedded stores."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from elector_checks import leads

import gocron_py as gocron
from gocron_py.clock import elapsed
from gocron_py.distributed.elector import DEADLINE, LEASE, CampaigningElector, Leadership, campaign
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.memory import MemoryElector, MemoryStore
from gocron_py.distributed.policy import CatchUp
from gocron_py.distributed.store import TickStore
from gocron_py.testing import FakeClock, wait_for_runs

SECOND = 1_000_000


def until(is_so: Callable[[], bool], seconds: float = 15.0) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if is_so():
            return
        pause.wait(0.01)
    raise AssertionError("it never became so")


# -- the rule --------------------------------------------------------------------------------------


def test_a_leader_stops_believing_before_another_can_win() -> None:
    assert DEADLINE < LEASE


def test_nobody_leads_yet() -> None:
    assert campaign(None, "a", 0, lambda owner: None) == Leadership("a", LEASE, 1)


@pytest.mark.parametrize(
    ("now", "alive", "wins"),
    [
        (LEASE - 1, None, False),
        (LEASE, None, True),
        (LEASE - 1, True, False),
        (LEASE, True, True),
        (1, False, True),
    ],
)
def test_another_one_leads(now: int, alive: bool | None, wins: bool) -> None:
    held = Leadership("a", LEASE, 1)
    answer = campaign(held, "b", now, lambda owner: alive)
    assert answer == (Leadership("b", now + LEASE, 2) if wins else None)


def test_renewal_keeps_the_term() -> None:
    assert campaign(Leadership("a", 5, 3), "a", 100, lambda owner: None) == Leadership("a", 100 + LEASE, 3)


# -- electors --------------------------------------------------------------------------------------


def test_one_of_three_leads_and_a_successor_takes_over_at_once() -> None:
    store = MemoryStore()
    changes: list[tuple[int, bool]] = []
    electors = [
        MemoryElector(store, on_change=lambda leads, number=number: changes.append((number, leads)))  # type: ignore[misc]
        for number in range(3)
    ]
    until(lambda: sum(map(leads, electors)) == 1)
    (leader,) = (number for number, elector in enumerate(electors) if leads(elector))
    electors[leader].close()
    assert not leads(electors[leader])
    rest = [elector for number, elector in enumerate(electors) if number != leader]
    until(lambda: sum(map(leads, rest)) == 1)
    assert changes[:2] == [(leader, True), (leader, False)]
    assert changes[2][1] is True
    for elector in rest:
        elector.close()


def test_elections_of_other_names_are_others() -> None:
    store = MemoryStore()
    electors = [MemoryElector(store, name=name) for name in ("a", "b")]
    assert all(map(leads, electors))
    for elector in electors:
        elector.close()


class Unplugged(TickStore):
    """A store whose time can be moved, and which can be unplugged."""

    poll = 0.01

    def __init__(self) -> None:
        self.clock = FakeClock(datetime(2024, 1, 1, tzinfo=UTC))
        self.store = MemoryStore(self.clock)
        self.down = False
        self.slow = 0.0
        self.asked = 0

    def load(self, keys):  # type: ignore[no-untyped-def]
        self.asked += 1
        if self.down:
            raise gocron.StoreDown("unplugged")
        threading.Event().wait(self.slow)
        return self.store.load(keys)

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        return self.store.compare_and_set(key, version, text)


def test_a_leader_without_a_store_stops_believing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gocron_py.distributed.elector.DEADLINE", SECOND // 2)
    store = Unplugged()
    elector = MemoryElector(store)
    assert leads(elector)
    store.down = True
    until(lambda: not leads(elector))
    store.down = False
    until(lambda: leads(elector))
    elector.close()


def test_on_change_says_in_time_that_a_leader_leads_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """When ``leads()`` says so, and not only at the next step of the campaign."""
    monkeypatch.setattr("gocron_py.distributed.elector.DEADLINE", SECOND)
    store = Unplugged()
    store.poll = 10  # it would look again after RETRY, 2 s
    changes: list[tuple[bool, int]] = []
    elector = MemoryElector(store, on_change=lambda leads: changes.append((leads, elapsed())))
    assert leads(elector)
    store.down = True
    until(lambda: len(changes) == 2)
    (_, began), (still, ended) = changes
    assert not still
    assert SECOND - 100_000 <= ended - began < 1.5 * SECOND
    elector.close()


def test_an_answer_that_took_too_long_makes_no_leader(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was frozen meanwhile: another one may lead. It is not told that it leads, and asks again after a pause."""
    monkeypatch.setattr("gocron_py.distributed.elector.DEADLINE", SECOND // 5)
    monkeypatch.setattr("gocron_py.distributed.elector.RETRY", 0.1)
    store, changes = Unplugged(), []
    store.poll, store.slow = 10, 0.3
    elector = MemoryElector(store, on_change=changes.append)
    assert not leads(elector)
    assert elector.reason() == "the lease could not be renewed in time"
    until(lambda: store.asked >= 3)
    assert changes == []
    store.slow = 0
    until(lambda: changes == [True])
    elector.close()


def test_each_outage_is_one_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Where nobody can lead no job runs; from the start on, and later."""
    monkeypatch.setattr("gocron_py.distributed.elector.DEADLINE", SECOND // 2)
    monkeypatch.setattr("gocron_py.distributed.elector.RETRY", 0.05)

    def warnings() -> list[str]:
        return [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]

    store = Unplugged()
    elector = MemoryElector(store)
    for outage in 1, 2:
        store.down = True
        until(lambda: not leads(elector))
        until(lambda outage=outage: len(warnings()) == outage)
        asked = store.asked
        until(lambda asked=asked: store.asked > asked + 3)
        store.down = False
        until(lambda: leads(elector))
    elector.close()
    assert len(warnings()) == 2
    start = "gocron: this instance cannot lead: gocron: the store cannot be reached"
    assert all(line.startswith(start) for line in warnings())
    assert not any("\n" in each.getMessage() for each in caplog.records)


def test_the_lease_of_a_silent_leader_runs_out() -> None:
    store = Unplugged()
    first, second = MemoryElector(store), MemoryElector(store)
    assert leads(first)
    assert not leads(second)
    # As if it were stopped: it renews no more.
    first._closed = True
    first._bell.set()
    assert first._thread is not None
    first._resign = lambda: None  # type: ignore[method-assign]
    first._thread.join(5)
    store.clock.advance(timedelta(seconds=16))
    until(lambda: leads(second))
    second.close()


def test_scheduler_runs_on_the_leader_only() -> None:
    store = MemoryStore()
    runs: list[int] = []
    electors = [MemoryElector(store) for _ in range(2)]
    clock = FakeClock(datetime(2024, 1, 1, tzinfo=UTC))
    schedulers = []
    for number, elector in enumerate(electors):
        scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_distributed_elector(elector))
        scheduler.new_job(gocron.duration_job(timedelta(seconds=10)), gocron.new_task(runs.append, number))
        scheduler.start()
        schedulers.append(scheduler)
    until(lambda: sum(map(leads, electors)) == 1)
    for _ in range(3):
        clock.advance(timedelta(seconds=10))
    until(lambda: len(runs) == 3)
    for scheduler in schedulers:
        scheduler.shutdown()
    for elector in electors:
        elector.close()
    assert len(set(runs)) == 1
    assert len(runs) == 3


@pytest.mark.parametrize(("catch_up", "caught_up"), [("latest", [3]), ("all", [2, 3]), ("none", [])])
def test_what_is_due_while_nobody_leads_is_caught_up_with(catch_up: CatchUp, caught_up: list[int]) -> None:
    """The next leader runs it under the tick locker, and at once: not with its next tick."""
    clock = FakeClock(datetime(2024, 1, 1, tzinfo=UTC))
    ticks, elections = MemoryStore(clock), Unplugged()
    ran: list[datetime] = []
    electors = [MemoryElector(elections), MemoryElector(elections)]
    lockers = [TickLocker(ticks, catch_up=catch_up) for _ in electors]
    schedulers = []
    for elector, locker in zip(electors, lockers, strict=True):
        schedulers.append(
            gocron.new_scheduler(
                gocron.with_clock(clock),
                gocron.with_location("UTC"),
                gocron.with_distributed_elector(elector),
                gocron.with_distributed_locker(locker),
            )
        )
        schedulers[-1].new_job(
            gocron.cron_job("* * * * *"),
            gocron.new_task(lambda: ran.append(gocron.current_run().tick.at)),
            gocron.with_name("job"),
        )
        schedulers[-1].start()
        assert leads(electors[0])

    def minute_later() -> None:
        clock.advance(timedelta(minutes=1))
        for scheduler in schedulers:
            wait_for_runs(scheduler)

    def minutes() -> list[int]:
        return [at.minute for at in ran]

    minute_later()
    until(lambda: minutes() == [1])
    elections.down = True
    electors[0].close()
    minute_later()
    minute_later()
    assert not leads(electors[1])
    assert minutes() == [1]
    elections.clock.advance(timedelta(seconds=16))  # nobody knew that it resigned
    elections.down = False
    until(lambda: leads(electors[1]))
    until(lambda: minutes() == [1, *caught_up])
    minute_later()
    until(lambda: minutes() == [1, *caught_up, 4])
    for scheduler in schedulers:
        scheduler.shutdown()
    for locker in lockers:
        locker.close()
    electors[1].close()


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": 5}, {"on_change": "x"}])
def test_wrong_arguments(wrong: dict[str, object]) -> None:
    with pytest.raises(gocron.ErrInvalidArgument):
        MemoryElector(MemoryStore(), **wrong)  # type: ignore[arg-type]


class Observed(CampaigningElector):
    """Leads at once; writes down what is done to it."""

    def __init__(self, on_change: Callable[[bool], object] | None = None) -> None:
        self.done: list[str] = []
        super().__init__(DEADLINE, on_change)

    def _stand(self) -> None:
        self._lead(elapsed())

    def _resign(self) -> None:
        self.done.append(f"resigns, leads: {leads(self)}")

    def _disconnect(self) -> None:
        self.done.append("disconnects")


def test_all_first_questions_wait_for_the_answer() -> None:
    """Jobs that are due at one moment ask together, before the first campaign has ended; a callback may ask, too."""
    campaigning, gate = threading.Event(), threading.Event()
    said: list[bool] = []

    class Slow(Observed):
        def _stand(self) -> None:
            campaigning.set()
            gate.wait(10)
            super()._stand()

    elector = Slow(lambda is_leader: said.append(leads(elector)) if is_leader else None)
    threads = [threading.Thread(target=lambda: said.append(leads(elector))) for _ in range(10)]
    threads[0].start()
    campaigning.wait(10)
    for thread in threads[1:]:
        thread.start()
    gate.wait(0.3)  # time for a wrong answer; a busy machine can only hide one
    gate.set()
    for thread in threads:
        thread.join(10)
    until(lambda: len(said) == 11)
    assert all(said)
    elector.close()


def test_who_resigns_does_not_say_any_more_that_it_leads() -> None:
    """A successor may lead from that moment on."""
    elector = Observed()
    assert leads(elector)
    elector.close()
    assert elector.done == ["resigns, leads: False", "disconnects"]


def test_closed_by_its_own_callback() -> None:
    """It resigns before it lets go of the server, all the same."""
    electors: list[Observed] = []
    elector = Observed(lambda is_leader: electors[0].close() if is_leader else None)
    electors.append(elector)
    leads(elector)
    until(lambda: elector.done == ["resigns, leads: False", "disconnects"])
    assert not leads(elector)


def test_closed_without_a_question() -> None:
    """There is nothing to resign from."""
    elector = Observed()
    elector.close()
    assert elector.done == ["disconnects"]
    assert not leads(elector)
