"""The life of a scheduler: start, stop, the end; and the end of the process.

The threads of this library are daemons, which the interpreter does not join: it joins all others
first, so a scheduler lives as long as a non-daemon thread of the program does; then a hook here stops
what still runs, gently, for at most the stop time-out; then the process ends, whatever a job does.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable
from datetime import timedelta
from typing import final

from gocron_py.clock import RealClock
from gocron_py.context import Context
from gocron_py.distributed.attendance import Attendance
from gocron_py.distributed.elector import CampaigningElector
from gocron_py.distributed.errands import Errand, Errands
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.owed import Owed
from gocron_py.distributed.policy import TickPolicy
from gocron_py.errors import (
    ErrSchedulerForked,
    ErrSchedulerShutdown,
    ErrStopExecutorTimedOut,
    ErrStopJobsTimedOut,
    ErrStopSchedulerTimedOut,
    GocronError,
)
from gocron_py.executor import Executor
from gocron_py.instant import SECOND, Instant
from gocron_py.job import JobRecord, JobSpec
from gocron_py.limits import Admission
from gocron_py.pool import WorkerPool
from gocron_py.registry import Registry
from gocron_py.run import is_inside_run

# What a stop may take beyond its time-out before it is the executor, or the scheduler itself, that
# hangs, in seconds; as in Go.
_EXECUTOR_GRACE = 1.0
_SCHEDULER_GRACE = 2.0

# A program that starts a scheduler and ends so many seconds later, before a job has run, has forgotten to wait.
_TOO_SHORT = 3.0

# While a stop waits it looks this often, in seconds, at a context and at a user's clock: they cannot wake it.
_LOOK = 0.02


@final
class Gate:
    """Closed, then open for good. As an event, but a signal handler may open it whatever its thread does with it."""

    __slots__ = ("_bell", "is_open")

    def __init__(self) -> None:
        self._bell = threading.Lock()
        self._bell.acquire()
        self.is_open = False

    def open(self) -> None:
        """Let all through that wait, one after the other, and all that come."""
        self.is_open = True
        try:
            self._bell.release()
        except RuntimeError:  # it rings already
            pass

    def wait(self, timeout: float | None) -> bool:
        """Wait until it is open, at most *timeout* seconds; whether it is."""
        try:
            self._bell.acquire(timeout=-1 if timeout is None else max(timeout, 0))
        finally:
            if self.is_open:
                self.open()
        return self.is_open


@final
class Lifecycle:
    """Starts and stops, one after the other. Each start has an executor and a pool of its own."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._report = registry.report
        self._turn = threading.RLock()
        self._shutdown_wanted = False
        self.executor: Executor | None = None
        # Set by the shutdown.
        self.over = Gate()
        # When it was last started, on the monotonic clock; long ago, once somebody has waited for it.
        self._began = 0.0

    def check_process(self) -> None:
        """:raises ErrSchedulerForked: this is a child of the scheduler's process."""
        if self._registry.pid != os.getpid():
            raise ErrSchedulerForked

    def check_alive(self) -> None:
        """:raises ErrSchedulerShutdown: it is over.

        :raises ErrSchedulerForked: this is a child of the scheduler's process.
        """
        self.check_process()
        if self._registry.closed:
            raise ErrSchedulerShutdown

    # -- start -----------------------------------------------------------------------------------

    def start(self) -> None:
        """See :meth:`Scheduler.start <gocron_py.Scheduler.start>`."""
        self.check_alive()
        if not self._turn.acquire(blocking=not is_inside_run(self._registry)):
            self._report.warn("gocron: not started: another thread is stopping the scheduler")
            return
        try:
            self.check_alive()
            if self._registry.scheduling:
                self._report.warn("gocron: scheduler already started")
                return
            self._begin()
        finally:
            self._turn.release()
        self._report.info("gocron: scheduler started", "jobs", len(self._registry.jobs), "pid", os.getpid())
        self._report.tell("scheduler_started")

    def _begin(self) -> None:
        registry = self._registry
        executor = Executor(registry, WorkerPool(registry.settings.max_workers))
        executor.start()  # first: if there is no thread for it, nothing has happened
        with registry.lock:
            if not registry.closed:  # a signal handler may have shut it down meanwhile
                self.executor = executor
                registry.era += 1
                registry.scheduling = True
                registry.wake = executor.wake
        if self.executor is not executor:
            executor.tell_to_stop()
            raise ErrSchedulerShutdown
        records = list(registry.jobs.values())
        _started.add(self)
        self._began = time.monotonic()
        now = self._share([(record, record.spec) for record in records])
        for record in records:
            self._schedule(record, record.spec, now, fresh=record.started is None)

    def schedule_shared(self, record: JobRecord, spec: JobSpec) -> None:
        """Enter the first tick of a job that came after the start, under a tick locker."""
        now = self._share([(record, spec)])
        if self._registry.scheduling:
            self._schedule(record, spec, now, fresh=True)

    def _schedule(self, record: JobRecord, spec: JobSpec, now: Instant, fresh: bool) -> None:
        """Enter the first tick of a job that is there already."""
        registry = self._registry
        try:
            first = registry.first(spec, record.start, fresh=fresh, now=now)
            if first is not None and first == record.ticked and not spec.start_immediately:
                first = registry.following(spec, first, now)  # it has had this one, before the stop
        except BaseException as error:
            self._report.error("gocron: the schedule raised, it ends", "job", spec.name, "error", error)
            first = None
        with registry.lock:
            if record.removed or record.spec is not spec or record.entry or not registry.scheduling:
                return
            gone = registry.enter(record, first)
        if gone:
            self._report.tell("job_unregistered", registry.handle(record, spec))

    def _share(self, jobs: list[tuple[JobRecord, JobSpec]]) -> Instant:
        """Have the tick lockers look after the ticks of jobs. Their stores know them before their first tick is due.

        That takes a while. What comes due meanwhile is late, and left to the lockers.

        :return: the time from which on ticks are the scheduler's.
        """
        registry = self._registry
        began = registry.now()
        attended: dict[TickLocker, list[Attendance]] = {}
        for record, spec in jobs:
            policy, locker = spec.settings.policy, spec.settings.tick_locker
            if policy is not None and locker is not None:
                attended.setdefault(locker, []).append(self._attendance(record, spec, policy, locker))
        for locker, some in attended.items():
            locker.attend(some)
        now = registry.now()
        for _, spec in jobs:
            registry.catch_up(spec, began, now + 1)
        return now

    def _attendance(self, record: JobRecord, spec: JobSpec, policy: TickPolicy, locker: TickLocker) -> Attendance:
        registry = self._registry
        era = registry.era

        def is_current() -> bool:
            return record.spec is spec and not record.removed and registry.scheduling and registry.era == era

        elector = spec.settings.elector
        leader = elector if isinstance(elector, CampaigningElector) else None

        def offer(errand: Errand) -> bool:
            if leader is not None and leader.follows():
                return False
            with registry.lock:
                executor = self.executor
                if executor is None or not is_current() or registry.is_paused(record):
                    return False
                offered = registry.offer(record, errand.at, errand.at, errand=errand)
            if offered is None or offered[1] not in (Admission.GO, Admission.WAIT):
                return False  # not dropped, as there is no room: it comes again
            executor.take_now(offered)
            return True

        now = registry.now
        kept = spec.key, policy, spec.schedule, spec.kind
        errands = Errands(policy, spec.schedule, round(locker.store.pause * SECOND))
        return Attendance(*kept, now, self._report, is_current, offer, leader, errands, owes=Owed(now()))

    # -- stop ------------------------------------------------------------------------------------

    def wait(self, timeout: float | None) -> bool:
        """See :meth:`Scheduler.wait <gocron_py.Scheduler.wait>`; *timeout* in seconds."""
        registry = self._registry
        if not registry.era and registry.jobs:  # neither started nor stopped
            said = "gocron: waiting for a scheduler that was not started: call start() first"
            self._report.warn_now_and_then("wait", said, "jobs", len(registry.jobs))
        try:
            return self.over.wait(timeout)
        finally:
            self._began = 0.0

    def stop(self, ctx: Context | None, final: bool, began: float | None = None) -> None:
        """See :meth:`Scheduler.stop_jobs <gocron_py.Scheduler.stop_jobs>`.

        :param final: whether it is the shutdown.
        :param began: the monotonic time in seconds from which the time-out counts; default: now.
        """
        self.check_process()
        inside = is_inside_run(self._registry)
        self._shutdown_wanted |= final
        if not self._take_turn(ctx, wait=not inside):
            # Another thread is stopping the scheduler and waits for the very run that calls.
            return
        try:
            if self._registry.closed:
                return
            self._halt()
            try:
                self._wait_for_runs(ctx, inside, time.monotonic() if began is None else began)
            finally:
                if not self._registry.closed:  # a signal handler may have shut it down meanwhile
                    self._end()
        finally:
            self._turn.release()

    def _end(self) -> None:
        self._report.info("gocron: scheduler stopped")
        self._report.tell("scheduler_stopped")
        if self._shutdown_wanted:
            self._registry.close()
            self._report.tell("scheduler_shutdown")
            self.over.open()

    def _take_turn(self, ctx: Context | None, wait: bool) -> bool:
        while not self._turn.acquire(blocking=wait, timeout=_LOOK if wait else -1):
            if not wait:
                return False
            _raise_if_done(ctx)
        return True

    def _halt(self) -> None:
        """Nothing begins any more, contexts are cancelled. Does not wait."""
        cancels = self._registry.halt()
        if self.executor is not None:
            self.executor.tell_to_stop()
        for cancel in cancels:
            cancel()
        for locker in self._registry.shared:
            locker.hurry()

    def _wait_for_runs(self, ctx: Context | None, inside: bool, began: float) -> None:
        registry, own = self._registry, int(inside)
        timeout = registry.settings.stop_timeout
        is_real = isinstance(registry.settings.clock, RealClock)
        began_at = None if is_real else self._now()
        while not registry.watch(lambda: registry.in_flight <= own, _LOOK):
            _raise_if_done(ctx)
            late = time.monotonic() - began - timeout.total_seconds()
            if late > (0 if is_real else _EXECUTOR_GRACE):
                raise self._timed_out(ErrStopJobsTimedOut if is_real else ErrStopExecutorTimedOut)
            now = None if began_at is None else self._now()
            if began_at is not None and now is not None and now - began_at >= timeout // timedelta(microseconds=1):
                raise self._timed_out(ErrStopJobsTimedOut)
        executor, self.executor = self.executor, None
        if executor is not None and not executor.join(_SCHEDULER_GRACE):
            raise ErrStopSchedulerTimedOut

    def _now(self) -> Instant | None:
        """What a user's clock shows. If it raises, it is to a stop as one that stands still."""
        try:
            return self._registry.now()
        except BaseException as error:
            self._report.warn_now_and_then("clock", "gocron: the clock raised during a stop", "error", error)
            return None

    def _timed_out(self, kind: type[GocronError]) -> GocronError:
        error = kind()
        with self._registry.lock:
            names = [record.spec.name for record in self._registry.jobs.values() if record.executing]
        error.add_note(f"still running: {', '.join(names[:10])}{', …' if len(names) > 10 else ''}")
        return error

    # -- the end of the process ------------------------------------------------------------------

    def is_to_end(self) -> bool:
        """Whether the end of this process is the end of this scheduler."""
        return self._registry.pid == os.getpid() and not self._registry.closed

    def begin_end(self) -> None:
        """The process ends: tell the jobs. And whoever seems to have forgotten to wait for them."""
        registry = self._registry
        jobs, lived = len(registry.jobs), time.monotonic() - self._began
        has_run = registry.in_flight or any(record.started is not None for record in registry.jobs.values())
        is_short = lived < _TOO_SHORT and isinstance(registry.settings.clock, RealClock)
        if jobs and registry.scheduling and is_short and not has_run:
            said = "gocron: the program has ended, and its jobs with it: block in run_until_signal() or wait()"
            self._report.warn(said, "jobs", jobs)
        self._halt()

    def end(self, began: float) -> None:
        """The process has begun to end at *began*: shut down."""
        try:
            self.stop(None, final=True, began=began)
        except Exception as error:
            notes = getattr(error, "__notes__", [])
            self._report.warn("gocron: the process ends", "why", "; ".join([str(error), *notes]))


_started: weakref.WeakSet[Lifecycle] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    began = time.monotonic()
    lives = [life for life in list(_started) if life.is_to_end()]
    # All are told before the first is waited for: their time-outs run at the same time.
    for life in lives:
        life.begin_end()
    for life in lives:
        life.end(began)


def leadership(elector: object) -> Callable[[], bool | None]:
    """What an elector says from memory. A user's own is asked for runs only: it may take its time."""
    return elector.leads if isinstance(elector, CampaigningElector) else lambda: None


def _raise_if_done(ctx: Context | None) -> None:
    error = None if ctx is None else ctx.err()
    if error is not None:
        raise error
