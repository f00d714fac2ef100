"""Signals: Ctrl-C, and handlers that call the scheduler, at any place of a call of their own thread."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from itertools import count
from types import FrameType
from typing import Any

import pytest
from conftest import MakeScheduler
from fault_kit import HOUR, LIMIT, MINUTE, SECOND, Script, until

import gocron_py as gocron
from gocron_py import testing
from gocron_py.polled_lock import PolledLock
from gocron_py.testing import FakeClock

RunScript = Callable[..., Script]


# -- signals that are real -------------------------------------------------------------------------


POLLING = """
    try:
        with gocron.new_scheduler() as s:
            job = s.new_job(every(3_600_000), gocron.new_task(int))
            say("up")
            while True:
                job.next_run()
    except KeyboardInterrupt:
        say("bye", s.wait(0), s.jobs())
"""


@pytest.mark.slow
def test_ctrl_c_while_the_scheduler_is_asked(run_script: RunScript) -> None:
    """Wherever in a call of the scheduler Ctrl-C comes, the block ends and the scheduler is shut down."""
    for _ in range(25):
        script = run_script(POLLING)
        script.expect("up")
        script.send(signal.SIGINT)
        ended = script.end()
        assert (0, "", ["bye True []"]) == (ended.code, ended.err, ended.out)


def test_ctrl_c_does_not_keep_the_lock() -> None:
    """A hundred interruptions of a thread that does nothing but enter the lock: never is it left taken."""
    lock, got = PolledLock(), 0
    former = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        while got < 100:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.000_1 * (1 + got % 7))
                while True:
                    with lock:
                        pass
            except KeyboardInterrupt:
                got += 1
            until_free(lock)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def until_free(lock: PolledLock) -> None:
    """Return when another thread has had the lock."""
    entered = threading.Event()

    def enter() -> None:
        with lock:
            entered.set()

    threading.Thread(target=enter, daemon=True).start()
    assert entered.wait(LIMIT)


HANDLER = """
    s, handled = gocron.new_scheduler(), []
    def handle(*args):
        handled.append(1)
        s.shutdown() if len(handled) == 500 else s.jobs()
    signal.signal(signal.SIGALRM, handle)
    with s:
        try:
            while not s.wait(0):
                before = len(handled)
                signal.setitimer(signal.ITIMER_REAL, .0001 * (1 + before % 7))  # once: never nested
                while len(handled) == before:
                    job = s.new_job(every(3_600_000), gocron.new_task(int))
                    s.remove_job(job.id())
        except (gocron.ErrSchedulerShutdown, gocron.ErrJobNotFound):
            pass
    say(len(handled), s.jobs())
"""


def test_a_handler_asks_and_shuts_down(run_script: RunScript) -> None:
    """A handler that calls the scheduler while its thread does is answered; so is its shutdown."""
    ended = run_script(HANDLER).end()
    assert (0, "") == (ended.code, ended.err)


# -- at each place ---------------------------------------------------------------------------------


def interrupted(call: Callable[[], object], handler: Callable[[], object], place: int) -> bool:
    """Do *call*, and *handler* at a place of it where the interpreter may call one of a signal; was there such a place?

    It looks for signals where a function of Python's begins, and after each call of one in C.
    """
    places, had = count(), []

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        if event in ("call", "c_return", "c_exception") and not is_of_the_clock(frame) and next(places) == place:
            had.append(True)
            allowed(handler)

    def within() -> None:
        sys.setprofile(profile)
        try:
            call()
        finally:
            sys.setprofile(None)

    allowed(within)
    return bool(had)


def is_of_the_clock(frame: FrameType | None) -> bool:
    """Whether it is a place in a fake clock, which has a lock of its own."""
    while frame is not None and frame.f_code.co_filename != testing.__file__:
        frame = frame.f_back
    return frame is not None


def allowed(call: Callable[[], object]) -> None:
    """Do *call*; that a handler or an interrupted call removed the job or ended the scheduler may be its answer."""
    try:
        call()
    except (gocron.ErrJobNotFound, gocron.ErrSchedulerShutdown, gocron.ErrJobRunNowFailed):
        pass


class Scene:
    """A scheduler with three jobs, one of them the one that everything happens to."""

    def __init__(self, scheduler: gocron.Scheduler, clock: FakeClock) -> None:
        self.scheduler = scheduler
        self.clock = clock
        self.ran: list[str] = []
        self.job = self.add()
        self.others = [self.add(), self.add()]

    def add(self) -> gocron.Job:
        return self.scheduler.new_job(*self._said(), gocron.with_tags("tag"))

    def _said(self) -> tuple[gocron.JobDefinition, gocron.Task]:
        return gocron.duration_job(HOUR), gocron.new_task(self._run)

    def _run(self, ctx: gocron.Context) -> None:
        run = gocron.current_run()
        assert run is not None
        if run.tick.kind is not gocron.TickKind.MANUAL:
            self.ran.append(run.tick.job_name)

    def update(self) -> None:
        self.scheduler.update(self.job.id(), *self._said())

    def remove(self) -> None:
        self.scheduler.remove_job(self.job.id())

    def check(self) -> None:
        """The scheduler is in order: it schedules each job once, and ends."""
        until_free(self.scheduler._registry.lock)
        if not self.scheduler.wait(0):
            self.scheduler.start()
            jobs = self.scheduler.jobs()
            assert len(jobs) >= 2
            self.clock.advance(HOUR + MINUTE)
            until(lambda: len(self.ran) >= len(jobs))
            assert len(self.ran) == len(jobs)
            assert len(self.scheduler._registry.timeline) == len(jobs)
            self.clock.advance(HOUR)
            until(lambda: len(self.ran) >= 2 * len(jobs))
            assert len(self.ran) == 2 * len(jobs)
        self.scheduler.shutdown()
        assert (True, []) == (self.scheduler.wait(0), self.scheduler.jobs())


CALLS: dict[str, Callable[[Scene], object]] = {
    "new_job": Scene.add,
    "update": Scene.update,
    "remove_job": Scene.remove,
    "remove_by_tags": lambda scene: scene.scheduler.remove_by_tags("none"),
    "jobs": lambda scene: scene.scheduler.jobs(),
    "next_run": lambda scene: scene.job.next_run(),
    "run_now": lambda scene: scene.job.run_now(),
    "wait": lambda scene: scene.scheduler.wait(0.001),
    "start": lambda scene: scene.scheduler.start(),
    "stop_jobs": lambda scene: scene.scheduler.stop_jobs(),
    "shutdown": lambda scene: scene.scheduler.shutdown(),
}


@pytest.mark.slow
@pytest.mark.parametrize("handler", ["jobs", "new_job", "update", "remove_job", "run_now", "stop_jobs", "shutdown"])
@pytest.mark.parametrize("call", CALLS)
def test_a_handler_at_each_place_of_a_call(make_scheduler: MakeScheduler, call: str, handler: str) -> None:
    """Wherever in a call of its thread a handler calls the scheduler, neither waits, and nothing is lost or doubled."""
    for place in count():
        clock = FakeClock()
        scheduler = make_scheduler(gocron.with_clock(clock), gocron.with_stop_timeout(5 * SECOND), real=True)
        scene = Scene(scheduler, clock)
        if call != "start":
            scheduler.start()
        was_within = interrupted(partial(CALLS[call], scene), partial(CALLS[handler], scene), place)
        try:
            scene.check()
        except BaseException as error:
            error.add_note(f"at place {place}")
            raise
        if not was_within:
            break
