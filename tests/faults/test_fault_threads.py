"""Faults 31 to 36: many threads, many jobs, locks, slow listeners, long jumps of a fake clock."""

from __future__ import annotations

import gc
import os
import random
import sys
import threading
import time
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any
from uuid import UUID

import pytest
from fault_kit import HOUR, LIMIT, MS, NOW, SECOND, Witness, until

import gocron_py as gocron
from gocron_py.testing import FakeClock, wait_for_runs

MakeScheduler = Callable[..., gocron.Scheduler]

YEAR = timedelta(days=365)


@contextmanager
def threads(count: int, body: Callable[[int], None], switch: float = 1e-6) -> Iterator[None]:
    """*count* threads in *body*, all set off at once; at the end all must be back, none having raised."""
    raised: list[BaseException] = []
    gate = threading.Barrier(count + 1)

    def guarded(number: int) -> None:
        try:
            gate.wait()
            body(number)
        except BaseException as error:
            raised.append(error)

    started = [threading.Thread(target=guarded, args=(number,), daemon=True) for number in range(count)]
    interval = sys.getswitchinterval()
    for thread in started:
        thread.start()
    sys.setswitchinterval(switch)
    try:
        gate.wait()
        yield
        for thread in started:
            thread.join(LIMIT * 2)
    finally:
        sys.setswitchinterval(interval)
    assert [] == raised
    assert [] == [thread for thread in started if thread.is_alive()]


# -- 31: storms --------------------------------------------------------------------------------------


class Owner:
    """One thread of the storm: it alone touches its jobs, so it knows what must become of them."""

    def __init__(self, scheduler: gocron.Scheduler, number: int) -> None:
        self.scheduler = scheduler
        self.random = random.Random(number)
        self.tag = f"owner-{number}"
        self.model: dict[UUID, str] = {}
        self.names = 0

    def new_name(self) -> str:
        self.names += 1
        return f"{self.tag}-{self.names}"

    def step(self) -> None:
        held = list(self.model)
        what = self.random.random()
        name = self.new_name()
        options = (gocron.with_name(name), gocron.with_tags(self.tag))
        definition = gocron.duration_job(self.random.choice([MS, 5 * MS, HOUR]))
        if what < 0.4 or not held:
            job = self.scheduler.new_job(definition, gocron.new_task(lambda: None), *options)
            self.model[job.id()] = name
        elif what < 0.65:
            job_id = self.random.choice(held)
            job = self.scheduler.update(job_id, definition, gocron.new_task(lambda: None), *options)
            assert job_id == job.id()
            self.model[job_id] = name
        elif what < 0.95:
            job_id = self.random.choice(held)
            self.scheduler.remove_job(job_id)
            del self.model[job_id]
            with pytest.raises(gocron.ErrJobNotFound):
                self.scheduler.remove_job(job_id)
        else:
            self.scheduler.remove_by_tags(self.tag)
            self.model.clear()


@pytest.mark.slow
def test_31_storm_of_calls(make_scheduler: MakeScheduler) -> None:
    """32 threads add, update and remove jobs that tick: at the end exactly the jobs are there that must be."""
    witness = Witness()
    scheduler = make_scheduler(gocron.with_logger(witness), real=True)
    scheduler.start()
    owners = [Owner(scheduler, number) for number in range(32)]

    def body(number: int) -> None:
        for _ in range(60):
            owners[number].step()

    with threads(32, body):
        pass
    expected = {job_id: name for owner in owners for job_id, name in owner.model.items()}
    assert expected == {job.id(): job.name() for job in scheduler.jobs()}
    jobs = scheduler._registry.keys._jobs
    assert Counter(expected.values()) == Counter({name: count for (_, name), count in jobs.items()})
    for job in scheduler.jobs():
        assert job.next_run() is not None
    assert [] == witness.said("error")
    for job in scheduler.jobs():
        scheduler.remove_job(job.id())
    until(lambda: not scheduler._registry.in_flight)
    assert (0, None) == (len(scheduler._registry.timeline), scheduler._registry.timeline.earliest())


@pytest.mark.parametrize(
    "options",
    [
        [],
        [gocron.with_limit_concurrent_jobs(3, gocron.LimitMode.WAIT)],
        [gocron.with_limit_concurrent_jobs(3, gocron.LimitMode.RESCHEDULE)],
    ],
    ids=["free", "limit wait", "limit reschedule"],
)
@pytest.mark.slow
def test_31_storm_of_run_now(make_scheduler: MakeScheduler, options: list[gocron.SchedulerOption]) -> None:
    """Each run_now is one run or one that the limit dropped, with an event; the limit is never exceeded."""
    witness, lock = Witness(), threading.Lock()
    active, most, runs = 0, 0, Counter[int]()
    scheduler = make_scheduler(*witness.options(), *options, real=True)

    def task(number: int) -> None:
        nonlocal active, most
        with lock:
            active += 1
            most = max(most, active)
            runs[number] += 1
        with lock:
            active -= 1

    jobs = [scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(task, number)) for number in range(8)]
    scheduler.start()

    def body(number: int) -> None:
        for step in range(20):
            jobs[(number + step) % 8].run_now()

    with threads(32, body):
        pass
    calls = 32 * 20
    until(lambda: runs.total() + len(witness.heard("concurrency_limit_reached")) == calls)
    until(lambda: not scheduler._registry.in_flight)
    assert runs.total() == len(witness.heard("job_completed"))
    if options:
        assert most <= 3
    else:
        assert dict.fromkeys(range(8), 80) == dict(runs)
    assert 0 == scheduler.jobs_waiting_in_queue()
    assert [] == witness.said("error")


@pytest.mark.slow
def test_31_storm_with_starts_and_stops(make_scheduler: MakeScheduler) -> None:
    """Starts and stops from many threads amidst all other calls: no deadlock, and in the end it runs as ever."""
    witness = Witness()
    scheduler = make_scheduler(gocron.with_logger(witness), real=True)
    owners = [Owner(scheduler, number) for number in range(24)]
    ran = threading.Semaphore(0)
    heart = scheduler.new_job(gocron.duration_job(MS), gocron.new_task(ran.release))

    def body(number: int) -> None:
        for step in range(25):
            if number < 24:
                owners[number].step()
            elif number < 28:
                (scheduler.start, scheduler.stop_jobs)[step % 2]()
            else:
                try:
                    heart.run_now()
                except gocron.ErrJobRunNowFailed:
                    pass
                heart.next_runs(3)
                scheduler.jobs()

    with threads(32, body):
        pass
    expected = {job_id for owner in owners for job_id in owner.model} | {heart.id()}
    assert expected == {job.id() for job in scheduler.jobs()}
    assert [] == witness.said("error")
    scheduler.stop_jobs()
    while ran.acquire(blocking=False):
        pass
    scheduler.start()
    for _ in range(5):
        assert ran.acquire(timeout=LIMIT)
    scheduler.shutdown()
    assert 0 == scheduler._registry.in_flight


@pytest.mark.slow
def test_31_a_run_that_was_removed_does_not_begin(make_scheduler: MakeScheduler) -> None:
    """After remove_job has returned no run of the job begins: those that ran are those that had begun by then.

    A task that had begun may come to its first line later; whether it had, the job knows.
    """
    scheduler = make_scheduler(real=True)
    scheduler.start()
    begun: set[int] = set()
    ran: list[int] = []

    def body(thread: int) -> None:
        for step in range(100):
            number = thread * 1000 + step
            job = scheduler.new_job(
                gocron.duration_job(HOUR),
                gocron.new_task(ran.append, number),
                gocron.with_start_at(gocron.with_start_immediately()),
            )
            if step % 4:  # some go at once, some have time to begin
                time.sleep(step % 4 / 1000)
            scheduler.remove_job(job.id())
            if job._record.started is not None:
                begun.add(number)

    with threads(8, body):
        pass
    until(lambda: not scheduler._registry.in_flight)
    assert sorted(begun) == sorted(ran)
    assert 0 < len(ran) < 8 * 100  # it was a race


# -- 32: starts and stops ----------------------------------------------------------------------------


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.slow
@pytest.mark.parametrize("anew", [False, True], ids=["one scheduler", "new ones"])
def test_32_start_and_stop_a_thousand_times(anew: bool) -> None:
    """Threads, file descriptors and memory are flat after a thousand starts and stops."""
    ran = threading.Semaphore(0)

    def new() -> gocron.Scheduler:
        scheduler = gocron.new_scheduler(gocron.with_logger(Quiet()))
        start = gocron.with_start_at(gocron.with_start_immediately())
        scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(ran.release), start)
        return scheduler

    def cycles(count: int, scheduler: gocron.Scheduler) -> gocron.Scheduler:
        for _ in range(count):
            if anew:
                scheduler = new()
            scheduler.start()
            scheduler.jobs()[0].run_now()
            assert ran.acquire(timeout=LIMIT)
            if anew:
                scheduler.shutdown()
            else:
                scheduler.stop_jobs()
        return scheduler

    scheduler = cycles(50, new())
    gc.collect()
    before = (threading.active_count(), open_files())
    tracemalloc.start()
    try:
        scheduler = cycles(50, scheduler)
        gc.collect()
        memory = tracemalloc.get_traced_memory()[0]
        scheduler = cycles(900, scheduler)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - memory
    finally:
        tracemalloc.stop()
    scheduler.shutdown()
    until(lambda: (threading.active_count(), open_files()) <= before)
    assert grown < 100_000


class Quiet:
    def debug(self, msg: str, *args: object) -> None: ...
    def error(self, msg: str, *args: object) -> None: ...
    def info(self, msg: str, *args: object) -> None: ...
    def warn(self, msg: str, *args: object) -> None: ...


# -- 33: very many jobs ------------------------------------------------------------------------------


class Work(threading.local):
    """The processor time of each thread, less what it spent collecting garbage.

    A full collection takes a good part of a second where there are 100,000 jobs. It stops all threads, whoever has a
    lock, and falls on any of them.
    """

    def __init__(self) -> None:
        self._collected = 0.0
        self._since = 0.0

    def __call__(self) -> float:
        return time.thread_time() - self._collected

    def note(self, phase: str, info: dict[str, int]) -> None:
        """For ``gc.callbacks``."""
        if phase == "start":
            self._since = time.thread_time()
        else:
            self._collected += time.thread_time() - self._since


@pytest.fixture
def work() -> Iterator[Work]:
    work = Work()
    gc.callbacks.append(work.note)
    yield work
    gc.callbacks.remove(work.note)


class TimedLock:
    """A lock that notes how long it was held, in work of the holder: others may have the machine meanwhile."""

    def __init__(self, work: Work) -> None:
        self._lock = threading.Lock()
        self._work = work
        self._since = 0.0
        self.longest = 0.0
        self.total = 0.0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        got = self._lock.acquire(blocking, timeout)
        if got:
            self._since = self._work()
        return got

    def release(self) -> None:
        held = self._work() - self._since
        self.longest = max(self.longest, held)
        self.total += held
        self._lock.release()

    def locked(self) -> bool:
        return self._lock.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


class ThreadingWith:
    """The module threading, but for what a lock is."""

    def __init__(self, lock: Callable[[], Any]) -> None:
        self.RLock = lock

    def __getattr__(self, name: str) -> Any:
        return getattr(threading, name)


def resident() -> int:
    """The memory of this process, in bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


MANY = 100_000

MOST_BYTES_PER_JOB = 4096
"""Of resident memory while 100,000 jobs are held and due at once: the job, its tick, its run, one history line."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_33_a_hundred_thousand_jobs_at_one_instant(
    clock: FakeClock, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are dispatched; the scheduler's lock is never held for 50 ms of work; memory stays within 4 KiB a job."""
    locks: list[TimedLock] = []

    def make_lock() -> TimedLock:
        locks.append(TimedLock(work))
        return locks[-1]

    monkeypatch.setattr("gocron_py.polled_lock.threading", ThreadingWith(make_lock))
    gc.collect()
    memory = resident()
    ran: list[int] = []
    task = gocron.new_task(lambda: ran.append(1))
    scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC"), gocron.with_logger(Quiet()))
    scheduler.start()
    for _ in range(MANY):
        scheduler.new_job(gocron.duration_job(HOUR), task)
    clock.advance(HOUR)
    done = 0
    while done < MANY:  # at any pace, but it must go on
        until(lambda done=done: len(ran) > done)  # type: ignore[misc]
        done = len(ran)
    used = resident() - memory
    assert MANY == len(scheduler.jobs())
    # The calls that list all jobs are not what is measured: they come after it.
    longest, total = locks[0].longest, locks[0].total
    ticks = {job.next_run() for job in scheduler.jobs()[:: MANY // 100]}
    scheduler.shutdown()
    assert {NOW + 2 * HOUR} == ticks
    print(f"held {total:.2f} s in all, {longest * 1000:.1f} ms at most; {used / MANY:.0f} bytes a job")
    assert longest < 0.05
    assert used < MANY * MOST_BYTES_PER_JOB


# -- 34: the order of locks --------------------------------------------------------------------------


class LockOrder:
    """Which locks were taken while which were held, by the place in the code where each was made."""

    def __init__(self) -> None:
        self.edges: dict[str, set[str]] = defaultdict(set)
        self.bells: set[str] = set()
        self._held = threading.local()

    def held(self) -> list[str]:
        if not hasattr(self._held, "names"):
            self._held.names = []
        names: list[str] = self._held.names
        return names

    def taken(self, name: str) -> None:
        for other in self.held():
            self.edges[other].add(name)
        self.held().append(name)

    def given(self, name: str) -> None:
        if name in self.held():
            self.held().remove(name)
        else:
            # Released by a thread that does not hold it: a bell or a bed, not a lock around something.
            self.bells.add(name)

    def cycle(self) -> list[str] | None:
        """A circle of locks, each taken while the one before was held."""
        edges = {name: found - self.bells for name, found in self.edges.items() if name not in self.bells}
        done: set[str] = set()

        def visit(name: str, path: list[str]) -> list[str] | None:
            if name in path:
                return [*path[path.index(name) :], name]
            if name in done:
                return None
            for following in edges.get(name, ()):
                found = visit(following, [*path, name])
                if found:
                    return found
            done.add(name)
            return None

        return next((found for name in edges if (found := visit(name, []))), None)


class OrderedLock:
    """A lock, plain or re-entrant, that tells of its being taken and given."""

    def __init__(self, order: LockOrder, lock: Any) -> None:
        frame = sys._getframe(2)
        while frame.f_back is not None and frame.f_code.co_filename == threading.__file__:
            frame = frame.f_back
        self._name = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
        self._order = order
        self._lock = lock
        self._depth = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        got: bool = self._lock.acquire(blocking, timeout)
        if got:
            self._depth += 1
            if self._depth == 1:
                self._order.taken(self._name)
        return got

    def release(self) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._order.given(self._name)
        self._lock.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def __getattr__(self, name: str) -> Any:
        # What a Condition asks a re-entrant lock for; a plain one has none of it.
        if name in {"_release_save", "_acquire_restore"}:
            raise AttributeError(name)
        return getattr(self._lock, name)


def exercise(scheduler: gocron.Scheduler, clock: FakeClock) -> None:
    """Every call, from outside, from tasks and from listeners, on several threads."""
    jobs: list[gocron.Job] = []

    def task(ctx: gocron.Context) -> None:
        jobs[0].next_runs(2)
        scheduler.jobs()
        extra = scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(lambda: None))
        scheduler.update(extra.id(), gocron.cron_job("* * * * *"), gocron.new_task(lambda: None))
        scheduler.remove_job(extra.id())
        gocron.context.with_cancel(ctx)[1]()

    def listen(*args: object) -> None:
        scheduler.jobs_waiting_in_queue()
        jobs[0].history()

    listeners = gocron.with_event_listeners(
        gocron.before_job_runs(listen), gocron.after_job_runs(listen), gocron.after_job_runs_with_error(listen)
    )
    for definition in (gocron.duration_job(SECOND), gocron.cron_job("* * * * * *", True)):
        singleton = gocron.with_singleton_mode(gocron.LimitMode.WAIT)
        jobs.append(scheduler.new_job(definition, gocron.new_task(task), listeners, singleton))
    scheduler.start()

    def body(number: int) -> None:
        for _ in range(3):
            if number == 0:
                clock.advance(2 * SECOND)
            elif number == 1:
                scheduler.stop_jobs()
                scheduler.start()
            else:
                try:
                    jobs[1].run_now()
                except gocron.ErrJobRunNowFailed:
                    pass
                scheduler.remove_by_tags("none")

    with threads(4, body):
        pass
    scheduler.shutdown()


@pytest.mark.parametrize("limit", [None, 2])
def test_34_order_of_locks(monkeypatch: pytest.MonkeyPatch, limit: int | None) -> None:
    """Among all locks that are taken inside one another there is no circle, so no deadlock by them."""
    order = LockOrder()
    plain, reentrant = threading.Lock, threading.RLock
    monkeypatch.setattr(threading, "Lock", lambda: OrderedLock(order, plain()))
    monkeypatch.setattr(threading, "RLock", lambda: OrderedLock(order, reentrant()))
    clock = FakeClock(NOW)
    options = [] if limit is None else [gocron.with_limit_concurrent_jobs(limit, gocron.LimitMode.WAIT)]
    scheduler = gocron.new_scheduler(
        gocron.with_clock(clock), gocron.with_location("UTC"), gocron.with_logger(Quiet()), *options
    )
    exercise(scheduler, clock)
    assert None is order.cycle()
    taken = {name.partition(":")[0] for names in order.edges.values() for name in names} | {
        name.partition(":")[0] for name in order.edges
    }
    assert {"polled_lock.py", "lifecycle.py", "__init__.py"} <= taken  # it did look


def test_34_the_checker_finds_a_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two locks taken in both orders are reported: the checker is no yes-man."""
    order = LockOrder()
    first = OrderedLock(order, threading.Lock())
    second = OrderedLock(order, threading.Lock())
    first._name, second._name = "first", "second"
    with first, second:
        pass
    with second, first:
        pass
    assert None is not order.cycle()


def test_34_nothing_of_a_users_is_called_under_the_lock(make_scheduler: MakeScheduler, clock: FakeClock) -> None:
    """Listeners, monitors, logger, locker and cron are called with the scheduler's lock free."""
    held: list[str] = []

    def look(what: str) -> None:
        try:
            scheduler._registry.changed.notify(0)
        except RuntimeError:  # this thread does not have it
            return
        held.append(what)

    class Watching(Witness):
        def __getattr__(self, name: str) -> Callable[..., None]:
            if name.startswith("_"):
                raise AttributeError(name)
            return lambda *args: look(name)

        def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
            look("lock")
            return super().lock(ctx, key)

    class Cron:
        def is_valid(self, *args: object) -> None:
            look("is_valid")

        def next(self, last_run: Any) -> Any:
            look("next")
            return last_run + SECOND

    watching = Watching()
    scheduler = make_scheduler(*watching.options(), gocron.with_distributed_locker(watching))
    with scheduler._registry.lock:
        look("it is ours")
    assert held.pop() == "it is ours"
    listener = gocron.with_event_listeners(gocron.before_job_runs(lambda *_: look("listener")))
    job = scheduler.new_job(
        gocron.cron_job("* * * * *"),
        gocron.new_task(look, "task"),
        gocron.with_cron_implementation(Cron()),
        listener,
    )
    scheduler.start()
    clock.advance(3 * SECOND)
    job.next_runs(3)
    scheduler.update(job.id(), gocron.duration_job(SECOND), gocron.new_task(look, "task"), listener)
    clock.advance(3 * SECOND)
    scheduler.stop_jobs()
    scheduler.start()
    scheduler.remove_job(job.id())
    scheduler.shutdown()
    assert [] == held


# -- 35: slow callbacks ------------------------------------------------------------------------------


class Slow(Witness):
    """All that a scheduler calls, and one of it hangs, until the gate opens, when it is about the job "slow"."""

    def __init__(self, place: str, gate: threading.Event) -> None:
        super().__init__()
        self.place = place
        self.gate = gate
        self.hung = threading.Semaphore(0)
        self.asked = iter(range(1_000_000))

    def hang(self, place: str, *about: object) -> None:
        if place == self.place and "slow" in about:
            self.hung.release()
            self.gate.wait(LIMIT)

    def increment_job(self, *args: Any) -> None:
        self.hang("monitor", *args)

    def job_started(self, job: gocron.Job) -> None:
        self.hang("scheduler monitor", job.name())

    def job_registered(self, job: gocron.Job) -> None:
        self.hang("job_registered", job.name())

    def error(self, msg: str, *args: object) -> None:
        self.hang("logger", *args)

    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        self.hang("locker", key)
        return super().lock(ctx, key)

    def is_leader(self, ctx: gocron.Context) -> None:
        # An elector does not know the job: of two that ask each second, one has to wait.
        self.hang("elector", "slow" if next(self.asked) % 2 == 0 else "other")

    def listen(self, job_id: UUID, job_name: str) -> None:
        self.hang("listener", job_name)

    def options(self) -> list[gocron.SchedulerOption]:
        options = super().options()
        if self.place == "locker":
            options.append(gocron.with_distributed_locker(self))
        elif self.place == "elector":
            options.append(gocron.with_distributed_elector(self))
        return options


@pytest.mark.slow
@pytest.mark.parametrize("place", ["listener", "monitor", "scheduler monitor", "logger", "locker", "elector"])
def test_35_slow_callback(clock: FakeClock, gate: threading.Event, place: str) -> None:
    """A callback that hangs holds up the runs that it is about: other jobs' ticks come, none of its own is lost."""
    ticks: Counter[str] = Counter()
    slow = Slow(place, gate)

    def task(name: str) -> None:
        ticks[name] += 1
        if place == "logger" and name == "slow":
            raise ValueError("logged")

    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC"), *slow.options()) as scheduler:
        for name in ("slow", "other"):
            scheduler.new_job(
                gocron.duration_job(SECOND),
                gocron.new_task(task, name),
                gocron.with_name(name),
                gocron.with_event_listeners(gocron.before_job_runs(slow.listen)),
            )
        for second in range(1, 6):
            clock.advance(SECOND)
            assert slow.hung.acquire(timeout=LIMIT)
            until(lambda second=second: (ticks.total() if place == "elector" else ticks["other"]) >= second)
        gate.set()
        until(lambda: ticks == {"slow": 5, "other": 5})
        until(lambda: not scheduler._registry.in_flight)


def test_35_slow_callback_of_a_start(clock: FakeClock, gate: threading.Event) -> None:
    """A scheduler monitor that hangs at job_registered holds up its caller only: ticks of other jobs come."""
    ran = threading.Semaphore(0)
    slow = Slow("job_registered", gate)
    with gocron.new_scheduler(gocron.with_clock(clock), *slow.options()) as scheduler:
        scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(ran.release))
        adding = threading.Thread(
            target=scheduler.new_job,
            args=(gocron.duration_job(HOUR), gocron.new_task(lambda: None), gocron.with_name("slow")),
            daemon=True,
        )
        adding.start()
        assert slow.hung.acquire(timeout=LIMIT)
        clock.advance(3 * SECOND)
        for _ in range(3):
            assert ran.acquire(timeout=LIMIT)
        gate.set()
        adding.join(LIMIT)


# -- 36: a fake clock that goes far -------------------------------------------------------------------


def test_36_set_a_year_ahead(make_scheduler: MakeScheduler, clock: FakeClock) -> None:
    """A jump of a year over a job of one second is one run, at once, not thirty million; then it goes on in phase."""
    starts: list[Any] = []
    scheduler = make_scheduler()
    job = scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(lambda: starts.append(clock.now())))
    scheduler.start()
    clock.advance(SECOND)
    until(lambda: len(starts) == 1)
    began = time.perf_counter()
    clock.set(NOW + YEAR + 300 * MS)
    until(lambda: len(starts) == 2)
    assert time.perf_counter() - began < 1.0
    clock.advance(700 * MS)
    until(lambda: len(starts) == 3)
    assert [NOW + SECOND, NOW + YEAR + 300 * MS, NOW + YEAR + SECOND] == starts
    assert NOW + YEAR + 2 * SECOND == job.next_run()


@pytest.mark.parametrize(
    "definition",
    [
        gocron.cron_job("* * * * * *", True),
        gocron.cron_job("@every 1s"),
        gocron.duration_random_job(SECOND, 2 * SECOND),
        gocron.daily_job(1, [gocron.new_at_time(0, 0, 0)]),
        gocron.rrule_job("FREQ=SECONDLY"),
    ],
    ids=["cron", "every", "random", "daily", "rrule"],
)
def test_36_set_ahead_costs_the_same_for_every_kind(
    make_scheduler: MakeScheduler, clock: FakeClock, definition: gocron.JobDefinition
) -> None:
    """Ten years are stepped over by arithmetic, whatever the schedule: one catch-up run, and soon the next tick."""
    ran = threading.Semaphore(0)
    scheduler = make_scheduler()
    job = scheduler.new_job(definition, gocron.new_task(ran.release))
    scheduler.start()
    until(lambda: job.next_run() is not None)
    began = time.perf_counter()
    clock.set(NOW + 10 * YEAR)
    assert ran.acquire(timeout=LIMIT)
    assert time.perf_counter() - began < 2.0
    assert not ran.acquire(timeout=0.05)
    following = job.next_run()
    assert following is not None
    assert NOW + 10 * YEAR < following <= NOW + 10 * YEAR + timedelta(days=1)


@pytest.mark.slow
def test_36_advance_a_year() -> None:
    """A walk of a year over a job of one second is none that a test waits for: it ends in seconds, and says so.

    Each tick up to there has run; the rest of the year in one jump is one run more.
    """
    clock = FakeClock(NOW, max_steps=10_000)
    runs: list[Any] = []
    with gocron.new_scheduler(
        gocron.with_clock(clock), gocron.with_location("UTC"), gocron.with_logger(Quiet())
    ) as scheduler:
        task = gocron.new_task(lambda: runs.append(gocron.current_run().tick.at))
        job = scheduler.new_job(gocron.duration_job(SECOND), task)
        began = time.monotonic()
        with pytest.raises(gocron.ErrInvalidArgument, match="more than 10,000 moments are due"):
            clock.advance(YEAR)
        assert time.monotonic() - began < 40
        wait_for_runs(scheduler)
        assert [NOW + n * SECOND for n in range(1, 10_001)] == sorted(runs)
        assert NOW + 10_000 * SECOND == clock.now()
        clock.set(NOW + YEAR)
        wait_for_runs(scheduler)
        assert 10_001 == len(runs)
        assert NOW + YEAR + SECOND == job.next_run()
