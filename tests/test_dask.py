"""Work on a real Dask cluster of two processes: claims, renewals, listeners and limits stay right over here."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

import dask
import pytest
from distributed import Client, KilledWorker, LocalCluster

import gocron_py as gocron
from gocron_py.distributed import TickEvent, TickLocker
from gocron_py.distributed.decision import decode, encode, registered
from gocron_py.distributed.memory import MemoryStore

pytestmark = pytest.mark.slow

LIMIT = 30.0
NEVER = gocron.cron_job("0 0 29 2 *")


def until(is_so: Callable[[], object], seconds: float = LIMIT) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never became so"
        time.sleep(0.01)


# -- what runs over there ----------------------------------------------------------------------------


def note(file: Path, gate: Path | None = None) -> None:
    """Write down who calls, in one write; then wait for the gate."""
    run = gocron.current_run()
    line = {"pid": os.getpid(), "tick": run.tick.at.isoformat(), "attempt": run.attempt, "fence": run.fence}
    with file.open("ab", buffering=0) as out:
        out.write(json.dumps(line).encode() + b"\n")
    if gate is not None:
        until(gate.exists)


def noted(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def wait_at(gate: Path) -> None:
    until(gate.exists)


async def coroutine(file: Path) -> None:
    note(file)


def fail() -> None:
    raise ValueError("far away")


def returns_error() -> Exception:
    return ValueError("returned")


def leave() -> None:
    sys.exit(3)


def panic() -> None:
    gocron.panic("far")


def returns_lock() -> threading.Lock:
    return threading.Lock()


def takes_context(ctx: gocron.Context) -> None: ...


def takes_lock(lock: object) -> None: ...


# -- what runs over here -----------------------------------------------------------------------------


def new_cluster(**how: Any) -> LocalCluster:
    # Its scheduler has an HTTP server in any case, on port 8787 unless it is told another.
    return LocalCluster(host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL, **how)


@pytest.fixture(scope="module")
def whole_cluster() -> Iterator[LocalCluster]:
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        new_cluster(n_workers=2, threads_per_worker=1) as cluster,
    ):
        yield cluster


@pytest.fixture
def client(whole_cluster: LocalCluster) -> Iterator[Client]:
    with Client(whole_cluster) as client:
        client.wait_for_workers(2, timeout=LIMIT)  # a test may have killed one
        yield client


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        yield pool


@pytest.fixture(params=["client", "processes"])
def executor(request: pytest.FixtureRequest) -> Executor:
    """The cluster's, and as a comparison the standard library's."""
    far = request.getfixturevalue(request.param)
    return far.get_executor() if isinstance(far, Client) else far


class Instance:
    """A scheduler with a tick locker, and what was heard of it."""

    def __init__(self, executor: Executor, store: MemoryStore | None = None, **policy: Any) -> None:
        self.store = MemoryStore() if store is None else store
        self.events: list[TickEvent] = []
        self.locker = TickLocker(self.store, on_event=self.events.append, **policy)
        self.heard: list[Exception | None] = []
        self.lost: list[Exception] = []
        self.panics: list[object] = []
        self.scheduler = gocron.new_scheduler(
            gocron.with_executor(executor),
            gocron.with_distributed_locker(self.locker),
            gocron.with_stop_timeout(timedelta(seconds=LIMIT)),
        )

    def job(self, task: gocron.Task, name: str = "job", *options: gocron.JobOption) -> gocron.Job:
        def succeeded(job_id: UUID, job_name: str) -> None:
            self.heard.append(None)

        def failed(job_id: UUID, job_name: str, error: Exception) -> None:
            self.heard.append(error)

        return self.scheduler.new_job(
            NEVER,
            task,
            gocron.with_name(name),
            gocron.with_event_listeners(
                gocron.after_job_runs(succeeded),
                gocron.after_job_runs_with_error(failed),
                gocron.after_job_runs_with_panic(lambda job_id, job_name, value: self.panics.append(value)),
                gocron.after_lock_error(lambda job_id, job_name, error: self.lost.append(error)),
            ),
            *options,
        )

    def run(self, task: gocron.Task, name: str = "job", *options: gocron.JobOption) -> gocron.Job:
        """Begin a run."""
        job = self.job(task, name, *options)
        self.scheduler.start()
        job.run_now()
        return job

    def answer(self) -> Exception | None:
        """Of the only run."""
        until(lambda: self.heard)
        assert 1 == len(self.heard)
        return self.heard[0]

    def end(self) -> None:
        self.scheduler.shutdown()
        self.locker.close()


MakeInstance = Callable[..., Instance]


@pytest.fixture
def make_instance() -> Iterator[MakeInstance]:
    made: list[Instance] = []

    def make(*args: Any, **policy: Any) -> Instance:
        made.append(Instance(*args, **policy))
        return made[-1]

    yield make
    for instance in made:
        instance.end()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """A file that calls wait for; none waits any more after the test."""
    gate = tmp_path / "gate"
    yield gate
    gate.touch()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "notes"


# -- the call ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [note, coroutine])
def test_function_runs_there_under_a_claim_of_here(
    make_instance: MakeInstance, executor: Executor, file: Path, function: Any
) -> None:
    """The function alone is over there, and is told of its run; listeners, history and claim are here."""
    instance = make_instance(executor)
    job = instance.run(gocron.new_task(function, file))
    assert instance.answer() is None
    (line,) = noted(file)
    (record,) = job.history()
    assert os.getpid() != line["pid"]
    assert record.fence is not None
    assert (gocron.SUCCESS, record.attempt, record.fence) == (record.outcome, line["attempt"], line["fence"])
    assert abs(datetime.fromisoformat(line["tick"]) - datetime.now(UTC)) < timedelta(seconds=LIMIT)
    until(lambda: not decode(instance.store.load(["job"]).entries["job"].text, "job").claims)
    assert [] == instance.events


def test_equal_calls_are_all_done(make_instance: MakeInstance, client: Client, file: Path, gate: Path) -> None:
    """Equal calls at one time are so many calls, though Dask takes functions as pure."""
    instance = make_instance(client.get_executor())
    for name in "ab":
        instance.run(gocron.new_task(note, file, gate), name)
    until(lambda: len(noted(file)) == 2)
    gate.touch()
    until(lambda: [None, None] == instance.heard)
    assert 2 == len({line["fence"] for line in noted(file)})


def test_context_of_this_process_goes_along_on_threads() -> None:
    """On an executor of threads the run's own context is there, as an argument and in the current run."""
    from concurrent.futures import ThreadPoolExecutor

    seen: list[object] = []

    def task(ctx: gocron.Context) -> None:
        seen.extend([ctx, gocron.current_run().context])

    with ThreadPoolExecutor(1) as threads:
        instance = Instance(threads)
        instance.run(gocron.new_task(task))
        assert instance.answer() is None
        instance.end()
    assert seen[0] is seen[1]
    assert isinstance(seen[0], gocron.Context)
    assert seen[0].done()


def test_what_is_returned_stays_there(make_instance: MakeInstance, executor: Executor) -> None:
    """A result that does not pickle is none of the run's business."""
    instance = make_instance(executor)
    instance.run(gocron.new_task(returns_lock))
    assert instance.answer() is None


@pytest.mark.parametrize(
    ("function", "kind", "panics"),
    [(fail, ValueError, 0), (returns_error, ValueError, 0), (leave, gocron.ErrPanicRecovered, 1),
     (panic, gocron.ErrPanicRecovered, 1)],
)  # fmt: skip
def test_errors_come_back(
    make_instance: MakeInstance, client: Client, function: Any, kind: type[Exception], panics: int
) -> None:
    """Raised, returned, SystemExit, panicked: the run has it, and the worker goes on."""
    workers = client.run(os.getpid)
    instance = make_instance(client.get_executor())
    job = instance.run(gocron.new_task(function))
    assert kind is type(instance.answer())
    assert (gocron.FAIL, panics) == (job.history()[0].outcome, len(instance.panics))
    assert workers == client.run(os.getpid)


@pytest.mark.parametrize("task", [gocron.new_task(takes_context), gocron.new_task(takes_lock, threading.Lock())])
def test_what_does_not_pickle_is_an_error(make_instance: MakeInstance, executor: Executor, task: gocron.Task) -> None:
    """A context or a lock does not cross."""
    instance = make_instance(executor)
    instance.run(task)
    assert instance.answer() is not None


# -- the claim ---------------------------------------------------------------------------------------


def test_lease_is_renewed_here_while_the_work_is_there(
    make_instance: MakeInstance, client: Client, file: Path, gate: Path
) -> None:
    """A call that takes several leases keeps its claim: nobody takes over, and no loss is told."""
    lease = timedelta(seconds=1)
    first = make_instance(client.get_executor(), lease=lease, on_crash="rerun")
    second = make_instance(client.get_executor(), first.store, lease=lease, on_crash="rerun")
    task = gocron.new_task(note, file, gate)
    second.job(task)
    second.scheduler.start()
    first.run(task)
    until(lambda: noted(file))

    def ends() -> list[int]:
        return [claim.until for claim in decode(first.store.load(["job"]).entries["job"].text, "job").claims]

    (end,) = ends()
    until(lambda: ends()[0] > end + 2_000_000)
    gate.touch()
    assert first.answer() is None
    assert ([], [], []) == (first.events, second.events, second.heard)
    assert 1 == len(noted(file))


def test_lost_claim_gives_the_call_up(make_instance: MakeInstance, client: Client, file: Path, gate: Path) -> None:
    """When another may begin, the run here is over, whatever the function does; the loss is told."""
    instance = make_instance(client.get_executor(), lease=timedelta(seconds=1))
    instance.run(gocron.new_task(note, file, gate))
    until(lambda: noted(file))
    entry = instance.store.load(["job"]).entries["job"]
    wiped = encode(registered("job", 0, decode(entry.text, "job").life))
    while not instance.store.compare_and_set("job", entry.version, wiped):
        entry = instance.store.load(["job"]).entries["job"]
    assert CancelledError is type(instance.answer())
    until(lambda: instance.lost)
    assert [gocron.LockLost] == [type(error) for error in instance.lost]


# -- losses ------------------------------------------------------------------------------------------


def test_lost_worker_is_an_error_of_the_run(
    make_instance: MakeInstance, client: Client, file: Path, gate: Path
) -> None:
    """A worker that is killed in the middle fails its run and no other; its claim ends, and the next run is done."""
    instance = make_instance(client.get_executor())
    job = instance.run(gocron.new_task(note, file, gate))
    until(lambda: noted(file))
    os.kill(noted(file)[0]["pid"], signal.SIGKILL)
    assert KilledWorker is type(instance.answer())
    assert [gocron.FAIL] == [record.outcome for record in job.history()]
    assert 1 == len(noted(file))
    gate.touch()
    job.run_now()
    until(lambda: len(instance.heard) == 2)
    assert instance.heard[1] is None
    assert 2 == len(noted(file))
    assert [] == instance.events


def test_lost_client_is_an_error_of_the_run(
    make_instance: MakeInstance, whole_cluster: LocalCluster, client: Client, file: Path, gate: Path
) -> None:
    """Without its connection to the cluster a run does not wait for ever; the next ones fail at once."""
    with Client(whole_cluster) as other:
        instance = make_instance(other.get_executor())
        job = instance.run(gocron.new_task(note, file, gate))
        until(lambda: noted(file))
    assert CancelledError is type(instance.answer())
    job.run_now()
    until(lambda: len(instance.heard) == 2)
    assert instance.heard[1] is not None


def test_lost_cluster_is_an_error_of_the_run(make_instance: MakeInstance, file: Path, gate: Path) -> None:
    """A cluster that goes away fails the run."""
    with (
        new_cluster(n_workers=1) as cluster,
        Client(cluster) as client,
    ):
        instance = make_instance(client.get_executor())
        instance.run(gocron.new_task(note, file, gate))
        until(lambda: noted(file))
        cluster.close()
        assert isinstance(instance.answer(), Exception)


# -- the end of the context --------------------------------------------------------------------------


def test_call_that_waits_is_withdrawn(make_instance: MakeInstance, client: Client, file: Path, gate: Path) -> None:
    """At a stop a call that has not begun is taken back: it never begins."""
    busy = [client.submit(wait_at, gate, pure=False) for _ in range(2)]
    until(lambda: sum(map(len, client.processing().values())) == 2)
    instance = make_instance(client.get_executor())
    job = instance.run(gocron.new_task(note, file))
    until(lambda: sum(map(len, client.processing().values())) == 3)
    instance.scheduler.stop_jobs()
    assert CancelledError is type(instance.answer())
    assert not job.is_running()
    until(lambda: sum(map(len, client.processing().values())) == 2)
    gate.touch()
    client.gather(busy)
    client.gather([client.submit(os.getpid, pure=False) for _ in range(8)])
    assert [] == noted(file)


def test_call_that_runs_is_given_up(make_instance: MakeInstance, client: Client, file: Path, gate: Path) -> None:
    """A stop does not wait for a function that the cluster cannot end; jobs go on after the next start."""
    instance = make_instance(client.get_executor())
    job = instance.run(gocron.new_task(note, file, gate))
    until(lambda: noted(file))
    instance.scheduler.stop_jobs()
    assert CancelledError is type(instance.answer())
    gate.touch()
    instance.scheduler.start()
    job.run_now()
    until(lambda: len(instance.heard) == 2)
    assert instance.heard[1] is None


def test_deadline_ends_the_wait(make_instance: MakeInstance, client: Client, file: Path, gate: Path) -> None:
    """The deadline of a context is noticed though nobody else looks."""
    ctx, cancel = gocron.context.with_timeout(gocron.context.background(), 2.0)
    instance = make_instance(client.get_executor())
    instance.run(gocron.new_task(note, file, gate), "job", gocron.with_context(ctx))
    assert CancelledError is type(instance.answer())
    assert isinstance(ctx.err(), gocron.context.DeadlineExceeded)
    cancel()
