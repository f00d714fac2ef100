"""Faults 14 to 24: what tasks and listeners do to their scheduler."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fault_kit import HOUR, LIMIT, MS, SECOND, Script, Witness, ended_in, until

import gocron_py as gocron
from gocron_py.distributed.events import TickEventKind
from gocron_py.distributed.memory import MemoryTickLocker
from gocron_py.testing import FakeClock, wait_for_runs

MakeScheduler = Callable[..., gocron.Scheduler]
RunScript = Callable[..., Script]

EVENTS: dict[str, Callable[[Any], gocron.EventListener]] = {
    "before_job_runs": gocron.before_job_runs,
    "before_job_runs_skip_if_before_func_errors": gocron.before_job_runs_skip_if_before_func_errors,
    "after_job_runs": gocron.after_job_runs,
    "after_job_runs_with_error": gocron.after_job_runs_with_error,
    "after_job_runs_with_panic": gocron.after_job_runs_with_panic,
    "after_lock_error": gocron.after_lock_error,
}


class Refusing:
    """A locker that never gives a lock."""

    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        raise RuntimeError("taken")


def recurse() -> None:
    recurse()


def raising(error: BaseException) -> Callable[[], None]:
    def task() -> None:
        raise error

    return task


def check_failure(make_scheduler: MakeScheduler, clock: FakeClock, task: Callable[[], object], kind: type) -> Any:
    """One worker, one lock, one place in the limit: the run fails, all of it is free for the next.

    Gives what the listeners of errors and of panics heard.
    """
    witness = Witness()
    errors: list[Exception] = []
    panics: list[object] = []
    completed: list[str] = []
    scheduler = make_scheduler(
        *witness.options(),
        gocron.with_distributed_locker(witness),
        gocron.with_max_workers(1),
        gocron.with_limit_concurrent_jobs(1, gocron.LimitMode.WAIT),
    )
    job = scheduler.new_job(
        gocron.duration_job(2 * SECOND),
        gocron.new_task(task),
        gocron.with_name("bad"),
        gocron.with_singleton_mode(gocron.LimitMode.RESCHEDULE),
        gocron.with_event_listeners(
            gocron.after_job_runs_with_error(lambda _id, _name, error: errors.append(error)),
            gocron.after_job_runs_with_panic(lambda _id, _name, value: panics.append(value)),
        ),
    )
    scheduler.new_job(
        gocron.duration_job(2 * SECOND), gocron.new_task(completed.append, "good"), gocron.with_name("good")
    )
    scheduler.start()
    for runs in 1, 2, 3:
        clock.advance(2 * SECOND)
        until(lambda runs=runs: len(job.history()) == runs and not job.is_running())  # type: ignore[misc]
        until(lambda runs=runs: len(witness.unlocked) == len(witness.locked) == 2 * runs)  # type: ignore[misc]
    assert ["FAIL"] * 3 == [record.outcome.name for record in job.history()]
    assert [kind.__name__ in str(record.error) for record in job.history()] == [True] * 3
    assert ["good"] * 3 == completed
    assert 3 == len(witness.heard("job_failed")) == len(witness.heard("job_completed")) == len(errors)
    statuses = [status for _, name, _, status in witness.heard("increment_job") if name == "bad"]
    assert [gocron.FAIL] * 3 == statuses
    assert ["bad", "good"] * 3 == sorted(witness.unlocked[:2]) * 3
    assert [] == witness.said("error")  # a listener took it
    return errors, panics


@pytest.mark.parametrize("error", [ValueError("v"), KeyError(), OSError(5, "io"), StopIteration(), AssertionError()])
def test_14_exception(make_scheduler: MakeScheduler, clock: FakeClock, error: Exception) -> None:
    """An exception of a task fails the run, its listener gets it, and all else goes on."""
    errors, panics = check_failure(make_scheduler, clock, raising(error), type(error))
    assert [error] * 3 == errors
    assert [] == panics


class OwnBaseException(BaseException):
    """Some library's way out."""


def check_panic(make_scheduler: MakeScheduler, clock: FakeClock, error: BaseException) -> None:
    errors, panics = check_failure(make_scheduler, clock, raising(error), gocron.ErrPanicRecovered)
    assert [error] * 3 == panics
    assert [gocron.ErrPanicRecovered] * 3 == [type(each) for each in errors]
    assert [error] * 3 == [each.__cause__ for each in errors]


@pytest.mark.parametrize("code", [0, 1, None, "text"])
def test_15_system_exit(make_scheduler: MakeScheduler, clock: FakeClock, code: object) -> None:
    """sys.exit() in a task is a panic: the run fails, neither worker nor process ends."""
    check_panic(make_scheduler, clock, SystemExit(code))


def test_16_keyboard_interrupt(make_scheduler: MakeScheduler, clock: FakeClock) -> None:
    """A KeyboardInterrupt raised in a task is a panic like any other."""
    check_panic(make_scheduler, clock, KeyboardInterrupt())


@pytest.mark.parametrize("error", [GeneratorExit(), OwnBaseException("own"), BaseException("base")], ids=repr)
def test_17_base_exception(make_scheduler: MakeScheduler, clock: FakeClock, error: BaseException) -> None:
    """GeneratorExit, BaseException and what libraries derive from it are panics."""
    check_panic(make_scheduler, clock, error)


def test_17_cancelled_error_of_a_coroutine(make_scheduler: MakeScheduler, clock: FakeClock) -> None:
    """asyncio's CancelledError, a BaseException, out of a coroutine task is a panic, and its event loop is closed."""

    async def cancelled() -> None:
        raise asyncio.CancelledError

    _, panics = check_failure(make_scheduler, clock, cancelled, gocron.ErrPanicRecovered)
    assert [asyncio.CancelledError] * 3 == [type(value) for value in panics]


def test_18_recursion_error(make_scheduler: MakeScheduler, clock: FakeClock) -> None:
    """A task that recurses without end fails its run; the worker's stack serves the next."""
    errors, _ = check_failure(make_scheduler, clock, recurse, RecursionError)
    assert [RecursionError] * 3 == [type(error) for error in errors]


def test_18_memory_error(make_scheduler: MakeScheduler, clock: FakeClock) -> None:
    """A MemoryError, a real one, fails the run."""
    errors, _ = check_failure(make_scheduler, clock, lambda: bytearray(2**62), MemoryError)
    assert [MemoryError] * 3 == [type(error) for error in errors]


def test_18_an_error_that_cannot_be_shown(make_scheduler: MakeScheduler, clock: FakeClock) -> None:
    """An exception whose own str() raises is a failed run as well."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    errors, _ = check_failure(make_scheduler, clock, raising(Mute()), Mute)
    assert [Mute] * 3 == [type(error) for error in errors]


@pytest.mark.parametrize("error", [ValueError("l"), SystemExit(1), KeyboardInterrupt()], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("event", EVENTS)
def test_19_listener_raises(make_scheduler: MakeScheduler, clock: FakeClock, event: str, error: BaseException) -> None:
    """What a listener raises is logged, the listeners after it are called, and the run is counted once.

    In the listener that may skip the run it is the reason to skip it.
    """
    witness = Witness()
    heard: list[str] = []
    runs: list[int] = []

    def bad(*args: object) -> None:
        raise error

    def task() -> None:
        runs.append(1)
        if event == "after_job_runs_with_error":
            raise ValueError("task")
        if event == "after_job_runs_with_panic":
            gocron.panic("task")

    options: list[gocron.SchedulerOption] = list(witness.options())
    if event == "after_lock_error":
        options.append(gocron.with_distributed_locker(Refusing()))
    scheduler = make_scheduler(*options)
    make = EVENTS[event]
    job = scheduler.new_job(
        gocron.duration_job(SECOND),
        gocron.new_task(task),
        gocron.with_name("job"),
        gocron.with_event_listeners(
            make(bad),
            make(lambda *args: heard.append("second")),
            gocron.after_job_runs_with_error(lambda *args: None),
        ),
    )
    scheduler.start()
    for count in (1, 2):
        clock.advance(SECOND)
        until(lambda count=count: len(job.history()) == count and not job.is_running())
    scheduler.shutdown()
    skips = event == "before_job_runs_skip_if_before_func_errors"
    fails = event.startswith("after_job_runs_with")
    not_run = skips or event == "after_lock_error"
    assert ([] if not_run else [1, 1]) == runs
    assert ([] if skips else ["second", "second"]) == heard
    status = gocron.FAIL if fails else gocron.SKIP if event == "after_lock_error" else gocron.SUCCESS
    assert ([] if skips else [status] * 2) == [args[-1] for args in witness.heard("increment_job")]
    assert (0 if skips else 2) == len(witness.said("error"))
    if skips:
        reasons = [args[-1] for args in witness.heard("job_failed")]
        if not isinstance(error, Exception):
            assert [gocron.ErrPanicRecovered] * 2 == [type(reason) for reason in reasons]
            reasons = [reason.__cause__ for reason in reasons]
        assert [error] * 2 == reasons


ERRORS = [RuntimeError("bad"), SystemExit(1), KeyboardInterrupt()]

PROTOCOLS = (gocron.Monitor, gocron.MonitorStatus, gocron.SchedulerMonitor, gocron.RunMonitor, gocron.Logger)
METHODS = sorted({name for protocol in PROTOCOLS for name in vars(protocol) if not name.startswith("_")})


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("method", METHODS)
def test_19_monitor_or_logger_raises(
    make_scheduler: MakeScheduler,
    clock: FakeClock,
    gate: threading.Event,
    caplog: pytest.LogCaptureFixture,
    method: str,
    error: BaseException,
) -> None:
    """Whatever a method of a monitor or the logger raises is logged; jobs go on, and the shutdown is as ever."""
    witness = Witness()
    told: list[object] = []

    def fail(*args: object) -> None:
        told.append(args)
        raise error

    setattr(witness, method, fail)
    locker = MemoryTickLocker(clock=clock, start_deadline=SECOND, catch_up="none")
    scheduler = make_scheduler(*witness.options())
    ran: list[int] = []
    good = scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(ran.append, 1), gocron.with_name("good"))
    scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(raising(ValueError())), gocron.with_name("bad"))
    busy = scheduler.new_job(
        gocron.duration_job(SECOND),
        gocron.new_task(gate.wait, LIMIT),
        gocron.with_name("busy"),
        gocron.with_singleton_mode(gocron.LimitMode.RESCHEDULE),
    )
    scheduler.new_job(
        gocron.duration_job(HOUR),
        gocron.new_task(lambda: None),
        gocron.with_name("missed"),
        gocron.with_distributed_job_locker(locker),
    )
    scheduler.start()
    scheduler.start()  # a warning
    for count in (1, 2, 3):
        clock.advance(SECOND)
        until(lambda count=count: len(ran) == count)
    clock.set(clock.now() + 10 * HOUR + 5 * SECOND)
    until(lambda: len(ran) == 4 and locker.counts().get(TickEventKind.MISSED))
    scheduler.remove_job(busy.id())
    gate.set()
    clock.advance(SECOND)
    until(lambda: len(ran) == 5)
    wait_for_runs(scheduler)
    assert ["SUCCESS"] * 5 == [record.outcome.name for record in good.history()]
    assert ended_in(scheduler.shutdown) < 5
    locker.close()
    assert told
    if hasattr(gocron.Logger, method):
        assert "gocron: the logger raised" in caplog.text
    else:
        assert len(told) == len([line for line in witness.said("error") if line.endswith(f".{method} raised")])


class FaultyClock:
    """A clock one of whose methods, or of whose timers', raises when it is called for the nth time from now."""

    def __init__(self, clock: FakeClock, method: str, error: BaseException) -> None:
        self._clock = clock
        self._method = method
        self._error = error
        self.left = 0

    def fault(self, method: str) -> None:
        if method == self._method and self.left:
            self.left -= 1
            if not self.left:
                raise self._error

    def now(self) -> datetime:
        self.fault("now")
        return self._clock.now()

    def new_timer(self) -> gocron.Timer:
        self.fault("new_timer")
        return FaultyTimer(self, self._clock.new_timer())


class FaultyTimer:
    def __init__(self, clock: FaultyClock, timer: gocron.Timer) -> None:
        self._clock = clock
        self._timer = timer

    def wait_until(self, due: int | None, waiters: int) -> int:
        self._clock.fault("wait_until")
        return self._timer.wait_until(due, waiters)

    def wake(self) -> None:
        self._timer.wake()
        self._clock.fault("wake")

    def close(self) -> None:
        self._timer.close()


@pytest.mark.slow
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("method", ["now", "wait_until", "wake"])
def test_19_clock_raises(make_scheduler: MakeScheduler, clock: FakeClock, method: str, error: BaseException) -> None:
    """A clock that raises once, wherever it is asked, costs a run at most: its jobs go on, of either kind."""
    faulty, witness = FaultyClock(clock, method, error), Witness()
    scheduler = make_scheduler(gocron.with_clock(faulty), *witness.options())
    ran: Counter[str] = Counter()

    def new(name: str, *options: gocron.JobOption) -> gocron.Job:
        return scheduler.new_job(
            gocron.duration_job(SECOND), gocron.new_task(lambda: ran.update([name])), gocron.with_name(name), *options
        )

    new("interval")
    new("from completion", gocron.with_interval_from_completion())
    scheduler.start()
    for nth in range(1, 13):
        faulty.left = nth
        while faulty.left:
            clock.advance(SECOND)
            wait_for_runs(scheduler)
            if method == "wake":
                new("another", gocron.with_limited_runs(1), gocron.with_start_at(gocron.with_start_immediately()))
        before = Counter(ran)
        for _ in range(2):
            clock.advance(SECOND)
            wait_for_runs(scheduler)
        assert ran["interval"] >= before["interval"] + 2
        assert ran["from completion"] > before["from completion"]
    assert ended_in(scheduler.shutdown) < 5
    assert witness.said("error")


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_19_clock_raises_at_the_start(make_scheduler: MakeScheduler, clock: FakeClock, error: BaseException) -> None:
    """A clock that gives no timer is the caller's to hear of; nothing has happened, and the next start is one."""
    faulty = FaultyClock(clock, "new_timer", error)
    scheduler = make_scheduler(gocron.with_clock(faulty))
    ran = threading.Semaphore(0)
    scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(ran.release))
    faulty.left = 1
    with pytest.raises(type(error)):
        scheduler.start()
    assert not scheduler.is_started()
    scheduler.start()
    clock.advance(SECOND)
    assert ran.acquire(timeout=LIMIT)
    assert ended_in(scheduler.shutdown) < 5


ACTIONS: dict[str, Callable[[gocron.Scheduler, gocron.Job], object]] = {
    "new_job": lambda s, j: s.new_job(gocron.duration_job(HOUR), gocron.new_task(lambda: None)),
    "remove_job": lambda s, j: s.remove_job(j.id()),
    "remove_by_tags": lambda s, j: s.remove_by_tags("tag"),
    "update": lambda s, j: s.update(j.id(), gocron.duration_job(HOUR), gocron.new_task(lambda: None)),
    "run_now": lambda s, j: j.run_now(),
    "stop_jobs": lambda s, j: s.stop_jobs(),
    "shutdown": lambda s, j: s.shutdown(),
    "start": lambda s, j: s.start(),
    "stop and start": lambda s, j: (s.stop_jobs(), s.start()),
    "ask": lambda s, j: (
        s.jobs(),
        j.next_run(),
        j.next_runs(3),
        j.is_running(),
        j.history(),
        s.jobs_waiting_in_queue(),
    ),
}


@pytest.mark.parametrize("place", ["task", *EVENTS])
@pytest.mark.parametrize("action", ACTIONS)
def test_20_scheduler_calls_from_inside(
    make_scheduler: MakeScheduler, clock: FakeClock, place: str, action: str
) -> None:
    """Every call of the scheduler works from a task and from every listener: no deadlock, no waiting for itself."""
    called = threading.Event()
    raised: list[BaseException] = []
    seconds: list[float] = []
    jobs: list[gocron.Job] = []

    def act(*args: object) -> None:
        if called.is_set():
            return
        started = time.monotonic()
        try:
            ACTIONS[action](scheduler, jobs[0])
        except BaseException as error:
            raised.append(error)
        seconds.append(time.monotonic() - started)
        called.set()

    def task() -> None:
        if place == "task":
            act()
        elif place == "after_job_runs_with_error":
            raise ValueError("task")
        elif place == "after_job_runs_with_panic":
            gocron.panic("task")

    options: list[gocron.SchedulerOption] = [gocron.with_logger(Witness())]
    if place == "after_lock_error":
        options.append(gocron.with_distributed_locker(Refusing()))
    scheduler = make_scheduler(*options)
    jobs.append(
        scheduler.new_job(
            gocron.duration_job(SECOND),
            gocron.new_task(task),
            gocron.with_tags("tag"),
            *([gocron.with_event_listeners(EVENTS[place](act))] if place in EVENTS else []),
        )
    )
    scheduler.start()
    clock.advance(SECOND)
    assert called.wait(LIMIT)
    assert [] == raised
    assert seconds[0] < 1.0
    assert ended_in(scheduler.shutdown) < 1.0


@pytest.mark.parametrize("end", ["stop_jobs", "shutdown"])
def test_20_two_runs_end_the_scheduler_at_once(make_scheduler: MakeScheduler, clock: FakeClock, end: str) -> None:
    """Several tasks that all shut down at one moment do not wait for each other for ever."""
    meeting = threading.Barrier(4)
    done = threading.Semaphore(0)
    scheduler = make_scheduler(gocron.with_logger(Witness()))

    def task() -> None:
        meeting.wait(LIMIT)
        getattr(scheduler, end)()
        done.release()

    for _ in range(4):
        scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(task))
    scheduler.start()
    clock.advance(SECOND)
    for _ in range(4):
        assert done.acquire(timeout=5)
    assert ended_in(scheduler.shutdown) < 1.0


def test_20_shutdown_from_inside_waits_for_the_others(make_scheduler: MakeScheduler, clock: FakeClock) -> None:
    """A task that shuts down waits for the other runs, though not for itself."""
    other, released, order = threading.Event(), threading.Event(), []
    scheduler = make_scheduler()

    def slow() -> None:
        other.set()
        released.wait(LIMIT)
        order.append("other")

    def ending() -> None:
        other.wait(LIMIT)
        threading.Timer(0.1, released.set).start()
        scheduler.shutdown()
        order.append("shutdown")

    scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(slow))
    scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(ending))
    scheduler.start()
    clock.advance(SECOND)
    until(lambda: len(order) == 2)
    assert ["other", "shutdown"] == order


def test_21_job_removes_itself(make_scheduler: MakeScheduler, clock: FakeClock) -> None:
    """A run that removes its job ends in its own time, unlocks and is told of; nothing of the job comes after."""
    witness = Witness()
    jobs: list[gocron.Job] = []
    contexts: list[bool] = []

    def task(ctx: gocron.Context) -> None:
        scheduler.remove_job(jobs[0].id())
        contexts.append(ctx.done())

    scheduler = make_scheduler(*witness.options(), gocron.with_distributed_locker(witness))
    jobs.append(scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(task), gocron.with_name("once")))
    scheduler.start()
    clock.advance(5 * SECOND)
    until(lambda: witness.unlocked)
    assert [True] == contexts
    assert ["once"] == witness.locked == witness.unlocked
    assert 1 == len(witness.heard("job_completed")) == len(witness.heard("job_unregistered"))
    assert [] == scheduler.jobs()
    with pytest.raises(gocron.ErrJobNotFound):
        jobs[0].next_run()


def test_22_update_while_running(make_scheduler: MakeScheduler, clock: FakeClock) -> None:
    """The old run's context is cancelled and it ends; from then on there are the new job's runs, one per tick."""
    started, order = threading.Event(), []
    scheduler = make_scheduler()

    def old(ctx: gocron.Context) -> None:
        started.set()
        ctx.wait(LIMIT)
        order.append("old")

    job = scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(old))
    scheduler.start()
    clock.advance(SECOND)
    assert started.wait(LIMIT)
    updated = scheduler.update(job.id(), gocron.duration_job(SECOND), gocron.new_task(order.append, "new"))
    until(lambda: order == ["old"])
    until(lambda: not updated.is_running())
    assert (job, job.id()) == (updated, updated.id())
    for count in (1, 2, 3):
        clock.advance(SECOND)
        until(lambda count=count: len(order) == count + 1)
    assert ["old", "new", "new", "new"] == order
    assert 4 == len(updated.history())


def test_22_update_of_a_singleton_while_it_runs(make_scheduler: MakeScheduler, clock: FakeClock) -> None:
    """A singleton that is updated during a run still has one run at once, and goes on afterwards."""
    gate, running, most = threading.Event(), [], []
    scheduler = make_scheduler(gocron.with_logger(Witness()))
    singleton = gocron.with_singleton_mode(gocron.LimitMode.WAIT)

    def task() -> None:
        running.append(1)
        most.append(len(running))
        gate.wait(LIMIT)
        running.pop()

    job = scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(task), singleton)
    scheduler.start()
    clock.advance(SECOND)
    until(lambda: running)
    scheduler.update(job.id(), gocron.duration_job(SECOND), gocron.new_task(task), singleton)
    clock.advance(2 * SECOND)
    gate.set()
    until(lambda: len(most) == 3)
    assert 1 == max(most)
    clock.advance(SECOND)
    until(lambda: len(most) == 4)


@pytest.mark.parametrize("end", ["stop_jobs", "shutdown"])
def test_23_job_never_returns(make_scheduler: MakeScheduler, gate: threading.Event, end: str) -> None:
    """The stop comes back at the stop time-out, with an error that names the job, which is left alone.

    (That a lease is kept meanwhile is tested with the stores.)
    """
    started = threading.Event()
    scheduler = make_scheduler(gocron.with_stop_timeout(200 * MS), real=True)

    def stuck() -> None:
        started.set()
        gate.wait(LIMIT)

    scheduler.new_job(gocron.duration_job(10 * MS), gocron.new_task(stuck), gocron.with_name("stuck"))
    scheduler.start()
    assert started.wait(LIMIT)
    began = time.monotonic()
    with pytest.raises(gocron.ErrStopJobsTimedOut) as caught:
        getattr(scheduler, end)()
    assert 0.2 <= time.monotonic() - began < 1.2
    assert ["still running: stuck"] == caught.value.__notes__


def test_23_start_again_beside_a_job_that_never_returned(make_scheduler: MakeScheduler, gate: threading.Event) -> None:
    """After a stop that timed out the scheduler starts again, and the old run does no harm."""
    started, ran = threading.Event(), threading.Semaphore(0)
    scheduler = make_scheduler(gocron.with_stop_timeout(100 * MS), real=True)

    def stuck() -> None:
        started.set()
        gate.wait(LIMIT)

    start = gocron.with_start_at(gocron.with_start_immediately())
    scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(stuck), start)
    scheduler.new_job(gocron.duration_job(10 * MS), gocron.new_task(ran.release))
    scheduler.start()
    assert started.wait(LIMIT)
    with pytest.raises(gocron.ErrStopJobsTimedOut):
        scheduler.stop_jobs()
    while ran.acquire(blocking=False):
        pass
    scheduler.start()
    for _ in range(3):
        assert ran.acquire(timeout=LIMIT)
    gate.set()
    scheduler.stop_jobs()


def test_24_job_forks(run_script: RunScript) -> None:
    """A child that a task forks, and that falls out of the task, is no second scheduler.

    It ends there; it neither releases the lock of the parent's run nor tells anybody of a run. (That a lease is not
    renewed by it is tested with the stores.)
    """
    script = run_script(
        """
        class Locker:
            def lock(self, ctx, key):
                say("lock", os.getpid() == parent)
                return self
            def unlock(self, ctx):
                say("unlock", os.getpid() == parent)
        parent = os.getpid()
        codes = []
        def task():
            child = os.fork()
            if child:
                codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            else:
                say("child")
        s = gocron.new_scheduler(gocron.with_distributed_locker(Locker()))
        # One after the other, on a machine that takes long to fork, too.
        s.new_job(every(20), gocron.new_task(task), gocron.with_name("forks"), gocron.with_limited_runs(2),
                  gocron.with_singleton_mode(gocron.LimitMode.WAIT),
                  gocron.with_event_listeners(gocron.after_job_runs(lambda *a: say("after", os.getpid() == parent))))
        with s:
            until(lambda: len(codes) == 2 and not s.jobs())
        say(codes)
        """
    )
    ended = script.end()
    once = ["lock True", "child", "after True", "unlock True"]
    assert (0, "") == (ended.code, ended.err)
    assert [*once, *once, "[0, 0]"] == ended.out


def test_24_job_forks_and_the_child_raises(run_script: RunScript) -> None:
    """A child that leaves the task by an exception, or by sys.exit, ends as quietly."""
    script = run_script(
        """
        parent = os.getpid()
        codes = []
        def task():
            child = os.fork()
            if not child:
                if len(codes) == 0:
                    raise ValueError("in the child")
                sys.exit(3)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        heard = lambda *a: say("heard", os.getpid() == parent)
        s = gocron.new_scheduler()
        s.new_job(every(20), gocron.new_task(task), gocron.with_limited_runs(2), gocron.with_event_listeners(
            gocron.after_job_runs(heard), gocron.after_job_runs_with_error(heard),
            gocron.after_job_runs_with_panic(heard)))
        with s:
            until(lambda: len(codes) == 2 and not s.jobs())
        say(len(codes))
        """
    )
    ended = script.end()
    assert (0, ["heard True", "heard True", "2"]) == (ended.code, ended.out)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.slow
def test_24_job_uses_multiprocessing(run_script: RunScript, tmp_path: Path, method: str) -> None:
    """A task may start processes and a pool of them, whichever way they are started."""
    program = tmp_path / "program.py"
    program.write_text(
        f"""
import multiprocessing, sys, time
from datetime import timedelta
import gocron_py as gocron

def square(n):
    return n * n

def task():
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print(pool.map(square, range(4)), flush=True)

if __name__ == "__main__":
    s = gocron.new_scheduler()
    s.new_job(gocron.duration_job(timedelta(milliseconds=20)), gocron.new_task(task), gocron.with_limited_runs(2),
              gocron.with_singleton_mode(gocron.LimitMode.WAIT))
    with s:
        while s.jobs():
            time.sleep(0.01)
"""
    )
    ended = run_script(program).end()
    assert (0, ["[0, 1, 4, 9]"] * 2) == (ended.code, ended.out), ended.err


def test_24_identifier_is_free_after_the_last_run(make_scheduler: MakeScheduler, clock: FakeClock) -> None:
    """A job that went with its last run leaves its identifier to others."""
    scheduler = make_scheduler()
    job_id = uuid.uuid4()
    for _ in range(3):
        ran = threading.Event()
        scheduler.new_job(
            gocron.duration_job(SECOND),
            gocron.new_task(ran.set),
            gocron.with_identifier(job_id),
            gocron.with_limited_runs(1),
        )
        scheduler.start()
        clock.advance(SECOND)
        assert ran.wait(LIMIT)
        until(lambda: not scheduler.jobs())
