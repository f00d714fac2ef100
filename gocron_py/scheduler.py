"""The scheduler: the jobs' owner, and its life."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from types import FrameType, TracebackType
from typing import TypeVar, final

from gocron_py import lifetime
from gocron_py.clock import RealClock
from gocron_py.context import Context
from gocron_py.definitions import JobDefinition, Setup
from gocron_py.errors import (
    ErrInvalidArgument,
    ErrJobNotFound,
    ErrJobRunNowFailed,
    ErrSchedulerForked,
    ErrSchedulerShutdown,
    ErrStopExecutorTimedOut,
    ErrStopJobsTimedOut,
    ErrStopSchedulerTimedOut,
    GocronError,
    check_kind,
)
from gocron_py.executor import Executor
from gocron_py.job import Job, JobRecord, JobSpec, sorted_by_id
from gocron_py.job_options import JobOption, Moment
from gocron_py.options import SchedulerOption, Settings
from gocron_py.pool import WorkerPool
from gocron_py.registry import Registry
from gocron_py.reporter import Reporter
from gocron_py.run import is_inside_run
from gocron_py.task import Task, check_task, name_of

T = TypeVar("T")


# What a stop may take beyond its time-out before it is the scheduler itself that hangs; Go has the same.
_SCHEDULER_GRACE = 2.0
_EXECUTOR_GRACE = 1.0

# While a stop waits it looks this often at a context and at a user's clock, which cannot wake it.
_LOOK = 0.02


@final
class Scheduler:
    """Runs jobs (Go: ``Scheduler``). Made by :func:`new_scheduler`.

    All methods may be called from any thread, from tasks and listeners too; in a forked child they raise
    :exc:`ErrSchedulerForked <gocron_py.ErrSchedulerForked>`. As a context manager it starts on entry and
    shuts down on exit.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._report = Reporter(settings.logger, settings.monitor, settings.monitor_status, settings.scheduler_monitor)
        self._registry = Registry(settings, self._report)
        self._executor: Executor | None = None
        # Starts and stops go one after the other.
        self._life = threading.RLock()
        self._shutdown_wanted = False
        self._over = threading.Event()

    # -- life ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to schedule (Go: ``Start``). Does not block. On a started scheduler it warns and does nothing.

        :raises ErrSchedulerShutdown: after ``shutdown``, which is final.
        """
        self._check_alive()
        if not self._life.acquire(blocking=not is_inside_run(self._registry)):
            self._report.warn("gocron: not started: another thread is stopping the scheduler")
            return
        try:
            self._check_alive()
            if self._registry.scheduling:
                self._report.warn("gocron: scheduler already started")
                return
            self._begin()
        finally:
            self._life.release()
        self._report.info("gocron: scheduler started", "jobs", len(self._registry.jobs), "pid", self._registry.pid)
        self._report.tell("scheduler_started")

    def _begin(self) -> None:
        registry = self._registry
        executor = Executor(registry, WorkerPool(self._settings.max_workers))
        with registry.lock:
            registry.era += 1
            registry.scheduling = True
            registry.wake = executor.wake
            records = list(registry.jobs.values())
        now = registry.now()
        for record in records:
            self._schedule(record, record.spec, now)
        self._executor = executor
        lifetime.end_with_process(self)
        executor.start()

    def _schedule(self, record: JobRecord, spec: JobSpec, now: int) -> None:
        """Enter the first tick of a job that was there before the start."""
        registry = self._registry
        try:
            first = registry.first(spec, record.start, fresh=record.started is None, now=now)
        except BaseException as error:
            self._report.error("gocron: the schedule raised, it ends", "job", spec.name, "error", error)
            first = None
        with registry.lock:
            if record.removed or record.spec is not spec or record.entry:
                return
            gone = registry.enter(record, first)
        if gone:
            self._report.tell("job_unregistered", spec.handle)

    def stop_jobs(self) -> None:
        """Stop scheduling, cancel the jobs' contexts, wait for running jobs; ``start`` goes on (Go: ``StopJobs``).

        Called from a task or listener, it does not wait for the run that calls it.

        :raises ErrStopJobsTimedOut: jobs still run after the stop time-out. They are left alone.
        :raises ErrStopExecutorTimedOut: the same, with a fake clock that stands still.
        :raises ErrStopSchedulerTimedOut: a schedule of the user's own hangs.
        """
        self._stop(None, final=False)

    def stop_jobs_with_context(self, ctx: Context) -> None:
        """As :meth:`stop_jobs`, but wait no longer than *ctx* lives (Go: ``StopJobsWithContext``).

        :raises Canceled: *ctx* was cancelled before the jobs had ended; or
        :raises DeadlineExceeded: its time had run out.
        """
        check_kind(ctx, Context, "ctx")
        self._stop(ctx, final=False)

    def shutdown(self) -> None:
        """As :meth:`stop_jobs`, for good (Go: ``Shutdown``). A second call does nothing."""
        self._stop(None, final=True)

    def shutdown_with_context(self, ctx: Context) -> None:
        """As :meth:`shutdown`, but wait no longer than *ctx* lives (Go: ``ShutdownWithContext``)."""
        check_kind(ctx, Context, "ctx")
        self._stop(ctx, final=True)

    def _stop(self, ctx: Context | None, final: bool, began: float | None = None) -> None:
        self._check_process()
        inside = is_inside_run(self._registry)
        self._shutdown_wanted |= final
        if not self._take_life(ctx, wait=not inside):
            # Another thread is stopping the scheduler and waits for the very run that calls.
            return
        try:
            if self._registry.closed:
                return
            self._halt()
            try:
                self._wait_for_runs(ctx, inside, time.monotonic() if began is None else began)
            finally:
                self._report.info("gocron: scheduler stopped")
                self._report.tell("scheduler_stopped")
                if self._shutdown_wanted:
                    self._registry.close()
                    self._report.tell("scheduler_shutdown")
                    self._over.set()
        finally:
            self._life.release()

    def _take_life(self, ctx: Context | None, wait: bool) -> bool:
        while not self._life.acquire(blocking=wait, timeout=_LOOK if wait else -1):
            if not wait:
                return False
            _raise_if_done(ctx)
        return True

    def _halt(self) -> None:
        """Nothing begins any more, contexts are cancelled. Does not wait."""
        cancels = self._registry.halt()
        if self._executor is not None:
            self._executor.tell_to_stop()
        for cancel in cancels:
            cancel()

    def _wait_for_runs(self, ctx: Context | None, inside: bool, began: float) -> None:
        registry, own = self._registry, int(inside)
        timeout = self._settings.stop_timeout
        clock_limit = registry.now() + timeout // timedelta(microseconds=1)
        is_real = isinstance(self._settings.clock, RealClock)
        while not registry.watch(lambda: registry.in_flight <= own, _LOOK):
            _raise_if_done(ctx)
            late = time.monotonic() - began - timeout.total_seconds()
            if late > (0 if is_real else _EXECUTOR_GRACE):
                raise self._timed_out(ErrStopJobsTimedOut if is_real else ErrStopExecutorTimedOut)
            if not is_real and registry.now() >= clock_limit:
                raise self._timed_out(ErrStopJobsTimedOut)
        executor, self._executor = self._executor, None
        if executor is not None and not executor.join(_SCHEDULER_GRACE):
            raise ErrStopSchedulerTimedOut

    def _needs_end(self) -> bool:
        return self._registry.pid == os.getpid() and not self._registry.closed

    def _end(self, began: float) -> None:
        """Shut down at the end of the process, which has begun to end at *began*."""
        try:
            self._stop(None, final=True, began=began)
        except Exception as error:
            notes = getattr(error, "__notes__", [])
            self._report.warn("gocron: the process ends", "why", "; ".join([str(error), *notes]))

    def _timed_out(self, kind: type[GocronError]) -> GocronError:
        error = kind()
        with self._registry.lock:
            names = [record.spec.name for record in self._registry.jobs.values() if record.executing]
        error.add_note(f"still running: {', '.join(names[:10])}{', …' if len(names) > 10 else ''}")
        return error

    def wait(self, timeout: timedelta | float | None = None) -> bool:
        """Block until the scheduler is shut down, at most *timeout* (seconds, or a timedelta). Ctrl-C ends it.

        :return: whether it is shut down. Not in Go, where a program blocks by hand.
        """
        self._check_process()
        return self._over.wait(timeout.total_seconds() if isinstance(timeout, timedelta) else timeout)

    def run_until_signal(self, *signals: signal.Signals) -> signal.Signals | None:
        """Start, block until one of *signals* comes (default: SIGINT and SIGTERM), shut down. Not in Go.

        The former handlers are back before the shutdown begins: a second Ctrl-C is not gentle any more.

        :return: the signal; ``None`` if the scheduler was shut down otherwise.
        :raises ErrInvalidArgument: not called on the main thread.
        :raises ErrStopJobsTimedOut: as :meth:`shutdown`.
        """
        if threading.current_thread() is not threading.main_thread():
            raise ErrInvalidArgument("run_until_signal must be called on the main thread")
        received: list[signal.Signals] = []

        def receive(number: int, frame: FrameType | None) -> None:
            received.append(signal.Signals(number))

        chosen = signals or (signal.SIGINT, signal.SIGTERM)
        former = {number: signal.signal(number, receive) for number in chosen}
        try:
            if not self._registry.scheduling:
                self.start()
            # Polled: a handler must not touch the lock that the wait it interrupts may hold.
            while not received and not self._over.wait(0.1):
                pass
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
            self.shutdown()
        return received[0] if received else None

    def __enter__(self) -> Scheduler:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()

    # -- jobs ------------------------------------------------------------------------------------

    def new_job(self, definition: JobDefinition, task: Task, *options: JobOption) -> Job:
        """Add a job (Go: ``NewJob``). On a started scheduler it is scheduled at once.

        :param definition: when it runs: :func:`cron_job <gocron_py.cron_job>` and its like.
        :param task: what it does: :func:`new_task <gocron_py.new_task>`.
        :raises ErrSchedulerShutdown: after ``shutdown``.
        :raises ErrJobIdentifierInUse: ``with_identifier`` names a job that is there.
        :raises ValidationError: many subclasses: something of the definition, the task or the options is wrong.
        """
        self._check_alive()
        spec = self._spec(definition, task, options)
        record = JobRecord(spec.id or uuid.uuid4(), spec)
        spec.handle = Job(self, record, spec)
        self._enter(record, spec, is_new=True)
        return spec.handle

    def update(self, job_id: uuid.UUID, definition: JobDefinition, task: Task, *options: JobOption) -> Job:
        """Give a job another definition, task and options; it keeps its id and its history (Go: ``Update``).

        A run that goes on has its context cancelled; it ends, and the next is of the new job. If anything is
        wrong, the old job stays as it was.

        :raises ErrJobNotFound: no such job (Go: it is added).
        """
        self._check_alive()
        check_kind(job_id, uuid.UUID, "job_id")
        record = self._registry.jobs.get(job_id)
        if record is None:
            raise ErrJobNotFound(got=job_id)
        spec = self._spec(definition, task, options)
        if spec.id not in (None, job_id):
            raise ErrInvalidArgument("update keeps the job's identifier", got=spec.id)
        spec.handle = Job(self, record, spec)
        self._enter(record, spec, is_new=False)
        return spec.handle

    def _spec(self, definition: JobDefinition, task: Task, options: tuple[JobOption, ...]) -> JobSpec:
        """Check everything, in Go's order: task, options, arguments, definition."""
        settings = self._settings
        unchecked = check_task(task)
        spec = JobSpec(unchecked, name_of(unchecked.function))
        moment = Moment(self._registry.now(), settings.location)
        for option in (*settings.global_job_options, *options) if options else settings.global_job_options:
            check_kind(option, JobOption, "a job option")
            option.apply(spec, moment)
        spec.task = unchecked.checked()
        check_kind(definition, JobDefinition, "the definition")
        setup = Setup(
            location=settings.location,
            now=moment.now,
            dst_policy=spec.dst_policy,
            cron=spec.cron,
            start=spec.start,
            start_immediately=spec.start_immediately,
        )
        spec.schedule = definition.build(setup)
        spec.start_immediately = setup.start_immediately
        if spec.executor is None:
            spec.executor = settings.executor
        spec.needs_context = settings.needs_context(spec)
        return spec

    def _enter(self, record: JobRecord, spec: JobSpec, is_new: bool) -> None:
        registry, former, cancel, gone = self._registry, record.spec, None, False
        while True:
            # A schedule may be a user's own: it is asked outside the lock, and again if the
            # scheduler was started or stopped meanwhile.
            era, first = registry.era, None
            if registry.scheduling:
                first = registry.first(spec, spec.start, fresh=True, now=registry.now())
            with registry.lock:
                if registry.era != era:
                    continue
                if registry.closed:
                    raise ErrSchedulerShutdown
                if is_new:
                    registry.add(record)
                else:
                    cancel = registry.replace(record, spec)
                if registry.scheduling:
                    gone = registry.enter(record, first)
                break
        if cancel is not None:
            cancel()
        if not is_new:
            self._report.tell("job_unregistered", former.handle)
        self._report.tell("job_registered", spec.handle)
        if gone:
            self._report.tell("job_unregistered", spec.handle)
        self._warn_of_name(spec)

    def _warn_of_name(self, spec: JobSpec) -> None:
        registry = self._registry
        if spec.named and registry.names[spec.name] > 1:
            self._report.warn("gocron: several jobs have one name, which is the key of locks", "job", spec.name)
        elif not spec.named and self._settings.locker_of(spec) is not None:
            self._report.warn("gocron: a locker is set and the job has no name of its own", "job", spec.name)

    def jobs(self) -> list[Job]:
        """All jobs, by the bytes of their ids (Go: ``Jobs``); none after ``shutdown``."""
        self._check_process()
        with self._registry.lock:
            handles = [record.spec.handle for record in self._registry.jobs.values()]
        return sorted_by_id(handles)

    def jobs_waiting_in_queue(self) -> int:
        """How many runs wait for ``with_limit_concurrent_jobs(…, LimitMode.WAIT)`` (Go: ``JobsWaitingInQueue``)."""
        self._check_process()
        return len(self._registry.limits.queue)

    def remove_job(self, job_id: uuid.UUID) -> None:
        """Remove a job; the context of a run that goes on is cancelled (Go: ``RemoveJob``).

        :raises ErrJobNotFound: no such job.
        """
        self._check_process()
        check_kind(job_id, uuid.UUID, "job_id")
        if not self._remove(lambda: [job_id]):
            raise ErrJobNotFound(got=job_id)

    def remove_by_tags(self, *tags: str) -> None:
        """Remove the jobs that have at least one of *tags* (Go: ``RemoveByTags``)."""
        self._check_process()
        for tag in tags:
            check_kind(tag, str, "a tag")
        wanted = set(tags)
        jobs = self._registry.jobs
        self._remove(lambda: [key for key, record in jobs.items() if wanted.intersection(record.spec.tags)])

    def _remove(self, choose: Callable[[], list[uuid.UUID]]) -> bool:
        registry, removed, cancels = self._registry, [], []
        with registry.lock:
            for job_id in choose():
                record = registry.jobs.get(job_id)
                if record is not None:
                    cancels.append(registry.remove(record))
                    removed.append(record.spec.handle)
        for cancel in cancels:
            if cancel is not None:
                cancel()
        for handle in removed:
            self._report.tell("job_unregistered", handle)
        return bool(removed)

    # -- for the handles of jobs -----------------------------------------------------------------

    def _ask(self, record: JobRecord, question: Callable[[JobRecord], T]) -> T:
        self._check_process()
        with self._registry.lock:
            if record.removed:
                raise ErrJobNotFound(got=record.id)
            return question(record)

    def _run_now(self, record: JobRecord) -> None:
        self._check_process()
        registry = self._registry
        now = registry.now()
        with registry.lock:
            if record.removed:
                raise ErrJobNotFound(got=record.id)
            executor = self._executor
            if not registry.scheduling or executor is None:
                raise ErrJobRunNowFailed
            offer = registry.offer(record, now, now if record.next is None else record.next)
        if offer is None:
            error = ErrJobRunNowFailed()
            error.add_note("with_limited_runs: the job's last run is on its way")
            raise error
        executor.take_now(offer)

    # -- checks ----------------------------------------------------------------------------------

    def _check_process(self) -> None:
        if self._registry.pid != os.getpid():
            raise ErrSchedulerForked

    def _check_alive(self) -> None:
        self._check_process()
        if self._registry.closed:
            raise ErrSchedulerShutdown

    def __repr__(self) -> str:
        registry = self._registry
        state = "shut down" if registry.closed else "started" if registry.scheduling else "stopped"
        return f"<Scheduler {state}, {len(registry.jobs)} jobs, {self._settings.location}>"


def new_scheduler(*options: SchedulerOption) -> Scheduler:
    """A scheduler, not started yet (Go: ``NewScheduler``).

    :raises ValidationError: the first option that is wrong says so, in the order given.
    """
    settings = Settings()
    for option in options:
        check_kind(option, SchedulerOption, "a scheduler option")
        option.configure(settings)
    return Scheduler(settings)


def _raise_if_done(ctx: Context | None) -> None:
    error = None if ctx is None else ctx.err()
    if error is not None:
        raise error
