"""Which instances share a store, as each of them sees it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from test_locker import START, Fleet, every, until

import gocron_py as gocron
from gocron_py.distributed import TickLocker, presence
from gocron_py.distributed.events import TickEventKind
from gocron_py.distributed.memory import MemoryElector, MemoryStore
from gocron_py.distributed.presence import MOST_INSTANCES, MOST_RUNS, ROSTER, Card, Presence, slot_key
from gocron_py.distributed.sqlite import SQLiteTickLocker
from gocron_py.distributed.store import Snapshot, TickStore


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    monkeypatch.setattr(presence, "_BEAT", 0.1)
    with Fleet(poll=0.05) as fleet:
        yield fleet


def drive(store: TickStore, procedure: Any) -> Any:
    """Do the steps of a procedure."""
    reply: object = None
    while True:
        try:
            step = procedure.send(reply)
        except StopIteration as over:
            return over.value
        is_load = hasattr(step, "keys")
        reply = store.load(step.keys) if is_load else store.compare_and_set(step.key, step.version, step.text)


class Alone:
    """One instance, step by step."""

    def __init__(self, store: TickStore, owner: str) -> None:
        self.store = store
        self.presence = Presence(store)
        self.complaints: list[str] = []
        self.presence._store = Named(store, owner)

    def look(self) -> None:
        """As the keeper does."""
        snapshot = self.store.load(self.presence.keys())
        drive(self.store, self.presence.look(snapshot, lambda error: self.complaints.append(str(error))))
        drive(self.store, self.presence.tell(snapshot, None))

    def seen(self) -> list[str]:
        """The instances that live."""
        return sorted(each.id for each in self.presence.view() if each.alive)


class Named(TickStore):
    """A client with a name of the test's choice."""

    def __init__(self, inner: TickStore, owner: str) -> None:
        self.inner, self.name = inner, owner
        self.poll = inner.poll

    def owner(self) -> str:
        return self.name

    def load(self, keys: Sequence[str]) -> Snapshot:
        return self.inner.load(keys)

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        return self.inner.compare_and_set(key, version, text)


# -- as users see it -------------------------------------------------------------------------------


def test_instances_see_each_other(fleet: Fleet) -> None:
    """With all that is known of them."""
    fleet.lockers = []
    fleet.instance(every(10))
    fleet.lockers[0].label = "first"
    fleet.instance(every(10))
    until(lambda: len(fleet.lockers[0].instances()) == 2)
    fleet.advance(10)
    ((_, run),) = fleet.runs
    until(lambda: any(each.runs for each in fleet.lockers[1].instances()))
    until(lambda: sum(each.alive for each in fleet.lockers[1].instances()) == 2)
    assert "first" in [each.label for each in fleet.lockers[1].instances()]
    for each in fleet.lockers[1].instances():
        assert (each.host, each.pid, each.alive, each.leads) == (socket.gethostname(), os.getpid(), True, None)
        assert START <= each.since <= each.seen <= fleet.clock.now()
        assert each.since.tzinfo is UTC
    (told,) = [told for each in fleet.lockers[1].instances() for told in each.runs]
    assert (told.job, told.tick, told.outcome, told.attempt) == ("job", run.tick.at, "success", 1)
    assert told.fence == run.fence
    assert told.started is not None
    assert told.completed is not None


def test_one_that_closes_is_gone_at_once(fleet: Fleet) -> None:
    """It says so."""
    fleet.instance(every(10))
    fleet.instance(every(10))
    until(lambda: [each.alive for each in fleet.lockers[1].instances()] == [True, True])
    fleet.schedulers[0].shutdown()
    fleet.lockers[0].close()
    until(lambda: sorted(each.alive for each in fleet.lockers[1].instances()) == [False, True])


def test_who_leads(fleet: Fleet) -> None:
    """As the schedulers' elector says from memory."""
    elector = MemoryElector(MemoryStore(fleet.clock))
    locker = TickLocker(fleet.store)
    scheduler = gocron.new_scheduler(
        gocron.with_clock(fleet.clock),
        gocron.with_distributed_locker(locker),
        gocron.with_distributed_elector(elector),
    )
    scheduler.new_job(every(10), gocron.new_task(print), gocron.with_name("job"))
    fleet.instance(every(10))
    with scheduler:
        assert scheduler.leads() is False
        assert elector.reason() == "no campaign has ended yet"
        elector.is_leader(gocron.context.background())
        assert (elector.leads(), elector.reason(), scheduler.leads()) == (True, "", True)
        until(lambda: sorted(str(each.leads) for each in locker.instances()) == ["None", "True"])
    locker.close()
    elector.close()
    assert elector.reason() == "it has resigned"


def test_who_only_looks_on_asks_the_store(fleet: Fleet) -> None:
    """A locker without a started scheduler, a dashboard's say, is no instance, but sees the others."""
    fleet.instance(every(10))
    until(lambda: len(fleet.lockers[0].instances()) == 1)
    onlooker = TickLocker(fleet.store)
    assert [each.id for each in onlooker.instances()] == [fleet.store.owner()]
    onlooker.close()


def test_a_label_is_a_short_text(fleet: Fleet) -> None:
    """By default it is the program's name."""
    locker = TickLocker(fleet.store)
    assert locker.label == os.path.basename(sys.argv[0])
    for wrong in (1, None, "x" * 101):
        with pytest.raises(gocron.ErrInvalidArgument):
            locker.label = wrong  # type: ignore[assignment]
    locker.close()


# -- step by step ----------------------------------------------------------------------------------


def test_nothing_is_written_for_a_run(fleet: Fleet) -> None:
    """Many runs are one write, of the last ones."""
    me = Alone(fleet.store, "me")
    me.look()
    before = fleet.store.load([slot_key(0)]).entries[slot_key(0)].version
    for number in range(1000):
        me.presence.ran(("job" * 1000, number, number, number, "success", 1, number))
    me.look()
    assert fleet.store.load([slot_key(0)]).entries[slot_key(0)].version == before
    me.presence._beaten = None
    me.look()
    me.look()
    text = fleet.store.load([slot_key(0)]).entries[slot_key(0)].text
    assert len(text) < 10_000
    ((_, runs),) = [(each.id, each.runs) for each in me.presence.view()]
    assert [run.fence for run in runs] == list(range(1000 - MOST_RUNS, 1000))


def test_many_come_at_once(fleet: Fleet) -> None:
    """Each gets a slot of its own, however their steps mix."""
    many = [Alone(fleet.store, f"i{number}") for number in range(20)]
    for _ in range(25):
        snapshots = [each.store.load(each.presence.keys()) for each in many]
        for each, snapshot in zip(many, snapshots, strict=True):
            drive(each.store, each.presence.look(snapshot, each.complaints.append))
            drive(each.store, each.presence.tell(snapshot, None))
    names = sorted(f"i{number}" for number in range(20))
    for each in many:
        each.look()
        assert (each.seen(), each.complaints) == (names, [])


def test_the_slot_of_one_long_gone_is_taken(fleet: Fleet) -> None:
    """The store does not grow with restarts; one that is merely silent keeps its own."""
    first = Alone(fleet.store, "first")
    first.look()
    fleet.clock.advance(timedelta(minutes=50))
    second = Alone(fleet.store, "second")
    second.look()
    second.look()
    assert second.seen() == ["second"]
    assert [each.id for each in second.presence.view()] == ["first", "second"]
    fleet.clock.advance(timedelta(minutes=11))
    for number in range(10):
        another = Alone(fleet.store, f"another{number}")
        another.look()
        drive(fleet.store, another.presence.tell(fleet.store.load(another.presence.keys()), None, gone=True))
        another.look()
        snapshot = fleet.store.load(another.presence.keys())
        drive(fleet.store, another.presence.look(snapshot, another.complaints.append))
        drive(fleet.store, another.presence.tell(snapshot, None, gone=True))
    assert presence.decode_roster(fleet.store.load([ROSTER]).entries[ROSTER].text) == ("another9", "second")


def test_one_that_comes_back_takes_another_slot(fleet: Fleet) -> None:
    """It was away for so long that its own was given away."""
    first, second = Alone(fleet.store, "first"), Alone(fleet.store, "second")
    first.look()
    fleet.clock.advance(timedelta(hours=2))
    second.look()
    for each in (first, first, second):
        each.look()
    assert first.seen() == second.seen() == ["first", "second"]


def test_a_wiped_store_is_filled_again(fleet: Fleet) -> None:
    """By all that live."""
    two = [Alone(fleet.store, name) for name in ("a", "b")]
    for each in two * 2:
        each.look()
    fleet.store._entries.clear()
    for each in two * 3:
        each.look()
    assert [each.seen() for each in two] == [["a", "b"]] * 2


def test_no_more_than_so_many_are_seen(fleet: Fleet) -> None:
    """One more than there are slots looks on unseen, and nothing breaks."""
    roster = [f"i{number}" for number in range(MOST_INSTANCES)]
    assert fleet.store.compare_and_set(ROSTER, None, presence.encode_roster(roster))
    card = Card("", "host", 1, 0, fleet.store.load([]).now, None, "label")
    for number, name in enumerate(roster):
        fleet.store.compare_and_set(slot_key(number), None, presence.encode(replace(card, id=name)))
    me = Alone(fleet.store, "me")
    for _ in range(3):
        me.look()
    assert me.seen() == sorted(roster)
    assert me.complaints == []


CARD = Card("id", "host", 1, 2, 3, True, "label", False, (("job", 1, 2, None, "success", 1, None),))


@pytest.mark.parametrize("change", [
    {"id": 1}, {"id": "x" * 1000}, {"host": None}, {"pid": -1}, {"pid": True}, {"pid": 10**30}, {"since": "now"},
    {"seen": 1.5}, {"leads": 1}, {"gone": None}, {"runs": 5}, {"runs": [1]}, {"runs": [[]]}, {"format": 2},
    {"runs": [["job", 3 * 10**17, None, None, "success", 1, None]]},
    {"runs": [["job", -1, None, None, "success", 1, None]]},
    {"runs": [["job", 1, None, None, "success", 1, None, 7]]}, {"runs": {"a": 1}},
])  # fmt: skip
def test_what_is_no_card_is_told_of_once_and_left_out(fleet: Fleet, change: dict[str, Any]) -> None:
    """Of a hostile or broken entry nothing is shown; the others are."""
    assert presence.decode(presence.encode(CARD)) == CARD
    me = Alone(fleet.store, "me")
    me.look()
    text = json.dumps({**json.loads(presence.encode(CARD)), **change})
    assert fleet.store.compare_and_set(ROSTER, fleet.store.load([ROSTER]).entries[ROSTER].version,
                                       presence.encode_roster(["me", "id"]))  # fmt: skip
    assert fleet.store.compare_and_set(slot_key(1), None, text)
    for _ in range(3):
        me.look()
    assert me.seen() == ["me"]
    assert len(me.complaints) == 1


@pytest.mark.parametrize("text", ["", "null", "[]", "[" * 100_000, '{"format":1,"slots":[1]}', '{"format":1}',
                                  json.dumps({"format": 1, "slots": ["x"] * 1000}), "x" * 100_000])  # fmt: skip
def test_what_is_no_roster_is_replaced(fleet: Fleet, text: str) -> None:
    """An event tells of it."""
    assert fleet.store.compare_and_set(ROSTER, None, text)
    fleet.instance(every(10))
    until(lambda: len(fleet.lockers[0].instances()) == 1)
    assert TickEventKind.CORRUPT in fleet.kinds()
    fleet.advance(10)
    assert fleet.ticks() == [10]


def test_it_costs_one_load_per_poll_and_a_write_per_beat(fleet: Fleet) -> None:
    """The jobs' records, the pause and the instances come in one call."""
    calls: list[str] = []

    class Counting(Named):
        def load(self, keys: Sequence[str]) -> Snapshot:
            calls.append("load")
            return self.inner.load(keys)

        def compare_and_set(self, key: str, version: object, text: str) -> bool:
            calls.append("write")
            return self.inner.compare_and_set(key, version, text)

    store = Counting(fleet.store, "counted")
    fleet.instance(every(3600), store=store)
    keeper = fleet.lockers[0]._keeper
    until(lambda: len(fleet.lockers[0].instances()) == 1)
    keeper.presence._beaten = None
    looks = keeper._looks
    until(lambda: keeper._looks >= looks + 2)
    keeper.close()
    calls.clear()
    keeper._look()
    keeper._say()
    assert calls == ["load"]


# -- health and events -----------------------------------------------------------------------------


def test_health_tells_since_when(fleet: Fleet) -> None:
    """Of the store's last answer."""

    class Failing(Named):
        down = False

        def load(self, keys: Sequence[str]) -> Snapshot:
            if self.down:
                raise OSError("no route to host")
            return self.inner.load(keys)

    store = Failing(fleet.store, "me")
    locker = TickLocker(store)
    assert locker.health().reachable is None
    before = datetime.now(UTC)
    locker.instances()
    good = locker.health()
    assert good.reachable
    assert good.since is not None
    assert before <= good.since <= datetime.now(UTC)
    locker.is_everything_paused()
    assert locker.health() == good
    store.down = True
    locker._keeper.presence._looked = None
    for _ in range(2):
        with pytest.raises(gocron.StoreDown):
            locker.instances()
    bad = locker.health()
    assert (bad.reachable, "no route to host" in bad.error) == (False, True)
    assert bad.since is not None
    assert bad.since >= good.since
    locker.close()


def test_recent_events(fleet: Fleet) -> None:
    """The last ones, with the time at which they were told."""
    fleet.instance(every(10))
    fleet.store.compare_and_set(slot_key(0), fleet.store.load([slot_key(0)]).entries[slot_key(0)].version, "{}")
    until(lambda: TickEventKind.CORRUPT in fleet.kinds())
    events = fleet.lockers[0].recent_events()
    assert events == fleet.events
    assert all(timedelta(0) <= datetime.now(UTC) - event.told < timedelta(minutes=1) for event in events)


def test_the_history_tells_what_the_locker_said(fleet: Fleet) -> None:
    """Won, held by another instance, or that it failed."""
    deadline = timedelta(milliseconds=100)
    jobs = [fleet.instance(every(10), start_deadline=deadline) for _ in range(2)]
    fleet.advance(10)
    assert {run.lock for job in jobs for run in job.history()} == {"won", "held"}
    for outcome, lock in (("success", "won"), ("skip", "held")):
        assert [run.lock for job in jobs for run in job.history() if run.outcome == outcome] == [lock]

    def fails(*arguments: object) -> Any:
        raise gocron.StoreDown("for the test")

    fleet.store.load = fails  # type: ignore[method-assign]
    fleet.advance(10)
    assert [job.history()[-1].lock for job in jobs] == ["error", "error"]
    free = fleet.schedulers[0].new_job(
        every(10), gocron.new_task(print), gocron.with_disabled_distributed_job_locker(True)
    )
    free.run_now()
    fleet.settle()
    assert [run.lock for run in free.history()] == [None]


def test_a_run_without_a_claim_has_not_won(fleet: Fleet) -> None:
    """``on_store_error="run"``: it runs, and the history has it that the store failed."""
    job = fleet.instance(every(10), on_store_error="run", start_deadline=timedelta(milliseconds=100))

    def fails(*arguments: object) -> Any:
        raise gocron.StoreDown("for the test")

    fleet.store.load = fails  # type: ignore[method-assign]
    fleet.advance(10)
    assert [(run.outcome, run.lock) for run in job.history()] == [(gocron.JobStatus.SUCCESS, "error")]


# -- real processes --------------------------------------------------------------------------------

PROGRAM = """
import sys
from datetime import timedelta
import gocron_py as gocron
from gocron_py.distributed.sqlite import SQLiteTickLocker

locker = SQLiteTickLocker(sys.argv[1])
locker.label = sys.argv[2]
scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
job = scheduler.new_job(
    gocron.duration_job(timedelta(seconds=0.2)), gocron.new_task(lambda: None), gocron.with_name("job")
)
scheduler.start()
print("started", flush=True)
for line in sys.stdin:
    what, _, name = line.strip().partition(" ")
    print(getattr({"job": job, "scheduler": scheduler}[name], what)(), flush=True)
"""


class Other:
    """Another process with the same job."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-c", PROGRAM, str(path), "other"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._answer() == "started"

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def do(self, what: str) -> str:
        """Call a method over there."""
        assert self.process.stdin is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self._answer()

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.mark.slow
def test_two_processes(tmp_path: Path) -> None:
    """A pause in one holds in the other; both see both; one that is killed is known to be dead at once."""
    path = tmp_path / "store" / "jobs.db"
    locker = SQLiteTickLocker(path)
    scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
    job = scheduler.new_job(every(0.2), gocron.new_task(int), gocron.with_name("job"), gocron.with_history_size(1000))
    other = Other(path)
    try:
        with scheduler:
            until(lambda: sorted(each.label for each in locker.instances() if each.alive)[-1:] == ["other"], 30)
            until(lambda: bool(job.history()), 30)  # here or there: the faster one may win each tick
            assert other.do("pause job") == "None"
            # What was claimed before the pause may still begin; all claims after it are told.
            skipped = len(job.history())
            until(lambda: len(job.history()) >= skipped + 6, 30)
            later = job.history()[-4:]
            assert {run.error for run in later} == {"paused"}
            assert job.is_paused()
            job.resume()
            until(lambda: job.history()[-1].error != "paused", 30)
            scheduler.pause()
            until(lambda: other.do("is_paused scheduler") == "True", 30)
            assert other.do("resume scheduler") == "None"
            until(lambda: not scheduler.is_paused(), 30)
            assert len([each for each in locker.instances() if each.alive]) == 2
            other.process.kill()
            other.process.wait()
            (dead,) = [each for each in locker.instances() if not each.alive]
            assert (dead.pid, dead.label) == (other.process.pid, "other")
            assert locker.window() == timedelta(seconds=15)
    finally:
        other.end()
        locker.close()


# -- servers ---------------------------------------------------------------------------------------


def opened(server: str, request: pytest.FixtureRequest) -> TickStore:
    """Another client of the same data."""
    running = request.getfixturevalue(server)
    if server == "redis_server":
        from gocron_py.distributed.redis import RedisStore

        return RedisStore(running.url, prefix=f"{{presence{os.getpid()}}}:")
    if server == "etcd_server":
        from gocron_py.distributed.etcd_store import EtcdStore

        return EtcdStore(f"etcd://127.0.0.1:{running.port}", prefix=f"/presence{os.getpid()}/")
    if server == "kube_server":
        from tests.distributed.kube_tools import open_store

        return open_store(running.url, str(running.ca_file), running.token, request.getfixturevalue("namespace"))
    from gocron_py.distributed.sql import SQLStore

    return SQLStore(running.url)


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> str:
    from tests.distributed.kube_tools import Cluster

    return Cluster(request.getfixturevalue("kube_server")).namespace


SERVERS = ["redis_server", "etcd_server", "postgres_server", "mariadb_server", "kube_server"]


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
def test_on_servers(server: str, request: pytest.FixtureRequest) -> None:
    """The entries that are no jobs' are kept there as well, and a job's pause."""
    lockers = [TickLocker(opened(server, request)) for _ in range(2)]
    schedulers, jobs = [], []
    name = f"job {server} {os.getpid()}"
    try:
        for number, locker in enumerate(lockers):
            locker.store.poll = 0.2
            locker.label = f"number {number}"
            schedulers.append(gocron.new_scheduler(gocron.with_distributed_locker(locker)))
            jobs.append(schedulers[-1].new_job(every(3600), gocron.new_task(print), gocron.with_name(name)))
            schedulers[-1].start()
        labels = ["number 0", "number 1"]
        for locker in lockers:
            until(lambda locker=locker: sorted(each.label for each in locker.instances() if each.alive) == labels, 30)  # type: ignore[misc]
        jobs[0].pause()
        schedulers[0].pause()
        until(jobs[1].is_paused, 30)
        until(schedulers[1].is_paused, 30)
        schedulers[1].resume()
        jobs[1].resume()
        until(lambda: not (jobs[0].is_paused() or schedulers[0].is_paused()), 30)
        schedulers[0].shutdown()
        lockers[0].close()
        until(lambda: [each.label for each in lockers[1].instances() if each.alive] == labels[1:], 30)
        assert lockers[1].health().reachable
    finally:
        for scheduler in schedulers:
            scheduler.shutdown()
        for locker in lockers:
            locker.close()
