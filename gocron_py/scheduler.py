"""The scheduler: the jobs' owner, and its life."""

from __future__ import annotations

import random
import signal
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from types import FrameType, TracebackType
from typing import TypeVar, final

from gocron_py.context import Context
from gocron_py.definitions import JobDefinition, Setup
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.policy import check_pace
from gocron_py.distributed.tick import TickKind
from gocron_py.errors import (
    ErrInvalidArgument,
    ErrJobNotFound,
    ErrJobRunNowFailed,
    ErrNoNextRun,
    ErrSchedulerShutdown,
    check_kind,
)
from gocron_py.instant import LAST, Instant, micros_of
from gocron_py.job import Job, JobRecord, JobSettings, JobSpec, random_id, sorted_by_id
from gocron_py.job_options import JobOption
from gocron_py.lifecycle import Lifecycle, leadership
from gocron_py.option_names import check_option
from gocron_py.options import SchedulerOption, Settings
from gocron_py.pausing import Pausing
from gocron_py.registry import Registry
from gocron_py.reporter import Reporter
from gocron_py.run import inside
from gocron_py.schedules.one_time import OneTimeSchedule
from gocron_py.task import Task, check_task, name_of

T = TypeVar("T")


@final
class Scheduler:
    """Runs jobs (Go: ``Scheduler``). Made by :func:`new_scheduler`.

    All methods may be called from any thread, from tasks and listeners too; in a forked child they raise
    :exc:`ErrSchedulerForked <gocron_py.ErrSchedulerForked>`. As a context manager it starts on entry and
    shuts down on exit.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # Of the jobs that have no option.
        self._plain = settings.complete(JobSettings())
        # For the jobs' ids, which are no secrets: the system's own dice take as long as half of new_job.
        self._dice = random.Random()
        self._report = Reporter(settings.logger, settings.monitor, settings.monitor_status, settings.scheduler_monitor)
        self._registry = Registry(settings, self._report, partial(Job, self))
        self._life = Lifecycle(self._registry)
        self._pausing = Pausing(self._registry, self._life)
        if isinstance(settings.locker, TickLocker):
            self._registry.share(settings.locker)

    # -- life ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to schedule (Go: ``Start``). Does not block. On a started scheduler it warns and does nothing.

        :raises ErrSchedulerShutdown: after ``shutdown``, which is final.
        """
        self._life.start()

    def stop_jobs(self) -> None:
        """Stop scheduling, cancel the jobs' contexts, wait for running jobs; ``start`` goes on (Go: ``StopJobs``).

        Called from a task or listener, it does not wait for the run that calls it.

        :raises ErrStopJobsTimedOut: jobs still run after the stop time-out. They are left alone.
        :raises ErrStopExecutorTimedOut: the same, with a fake clock that stands still.
        :raises ErrStopSchedulerTimedOut: a schedule of the user's own hangs.
        """
        self._life.stop(None, final=False)

    def stop_jobs_with_context(self, ctx: Context) -> None:
        """As :meth:`stop_jobs`, but wait no longer than *ctx* lives (Go: ``StopJobsWithContext``).

        :raises Canceled: *ctx* was cancelled before the jobs had ended; or
        :raises DeadlineExceeded: its time had run out.
        """
        check_kind(ctx, Context, "ctx")
        self._life.stop(ctx, final=False)

    def shutdown(self) -> None:
        """As :meth:`stop_jobs`, for good (Go: ``Shutdown``). A second call does nothing."""
        self._life.stop(None, final=True)

    def shutdown_with_context(self, ctx: Context) -> None:
        """As :meth:`shutdown`, but wait no longer than *ctx* lives (Go: ``ShutdownWithContext``)."""
        check_kind(ctx, Context, "ctx")
        self._life.stop(ctx, final=True)

    def wait(self, timeout: timedelta | float | None = None) -> bool:
        """Block until the scheduler is shut down, at most *timeout* (seconds, or a timedelta). Ctrl-C ends it.

        It does not start the scheduler; if nobody has, and it has jobs, the log warns.

        :return: whether it is shut down. Not in Go, where a program blocks by hand.
        :raises ErrInvalidArgument: *timeout* is no number.
        """
        self._life.check_process()
        return self._life.wait(_seconds(timeout))

    def run_until_signal(self, *signals: signal.Signals) -> signal.Signals | None:
        """Start, block until one of *signals* comes (default: SIGINT and SIGTERM), shut down. Not in Go.

        The former handlers are back before the shutdown begins: a second Ctrl-C is not gentle any more.

        :return: the signal; ``None`` if the scheduler was shut down otherwise.
        :raises ErrInvalidArgument: not called on the main thread.
        :raises ErrStopJobsTimedOut: as :meth:`shutdown`.
        """
        self._life.check_process()
        if threading.current_thread() is not threading.main_thread():
            raise ErrInvalidArgument("run_until_signal must be called on the main thread")
        chosen = signals or (signal.SIGINT, signal.SIGTERM)
        for number in chosen:
            if number not in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                raise ErrInvalidArgument("a signal that can be caught is needed", got=number)
        received: list[signal.Signals] = []

        def receive(number: int, frame: FrameType | None) -> None:
            received.append(signal.Signals(number))

        former = {number: signal.signal(number, receive) for number in chosen}
        try:
            if not self._registry.scheduling:
                self.start()
            # Polled: the handler does no more than to note the signal.
            while not received and not self._life.over.wait(0.1):
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

    # -- pauses ----------------------------------------------------------------------------------

    def pause(self) -> None:
        """Start no tick of any job until :meth:`resume`; runs that go on go on. Not in Go.

        Ticks that come meanwhile are skipped, with the reason ``paused`` in the history; ``run_now`` still runs.
        With tick lockers the stores keep the pause: it holds for all schedulers that share them, there within one
        look at the store, and over restarts. Works before ``start``. Pausing twice is pausing once.

        :raises ErrSchedulerShutdown: after ``shutdown``.
        :raises StoreError: a store could not be told; then this scheduler is paused, and perhaps others.
        """
        self._pausing.pause()

    def resume(self) -> None:
        """Have ticks start again, those that are still to come. Jobs that were paused singly stay so. Not in Go.

        :raises ErrSchedulerShutdown: after ``shutdown``.
        :raises StoreError: a store could not be told; this scheduler stays paused.
        """
        self._pausing.resume()

    def is_paused(self) -> bool:
        """Whether the scheduler is paused. A pause by another instance is seen at the next look at the store.

        :raises StoreError: there was no look yet, and the store cannot be asked. Not in Go.
        """
        return self._pausing.is_paused()

    # -- jobs ------------------------------------------------------------------------------------

    def new_job(self, definition: JobDefinition, task: Task, *options: JobOption) -> Job:
        """Add a job (Go: ``NewJob``). On a started scheduler it is scheduled at once.

        :param definition: when it runs: :func:`cron_job <gocron_py.cron_job>` and its like.
        :param task: what it does: :func:`new_task <gocron_py.new_task>`.
        :raises ErrSchedulerShutdown: after ``shutdown``.
        :raises ErrJobIdentifierInUse: ``with_identifier`` names a job that is there.
        :raises ValidationError: many subclasses: something of the definition, the task or the options is wrong.
        """
        self._life.check_alive()
        spec, number = self._spec(definition, task, options)
        record = JobRecord(number or random_id(self._dice), spec)
        self._enter(record, spec, is_new=True)
        return Job(self, record, spec)

    def update(self, job_id: uuid.UUID, definition: JobDefinition, task: Task, *options: JobOption) -> Job:
        """Give a job another definition, task and options; it keeps its id and its history (Go: ``Update``).

        A run that goes on has its context cancelled; it ends, and the next is of the new job. If anything is
        wrong, the old job stays as it was.

        :raises ErrJobNotFound: no such job (Go: it is added).
        """
        self._life.check_alive()
        check_kind(job_id, uuid.UUID, "job_id")
        record = self._registry.jobs.get(job_id.int)
        if record is None:
            raise ErrJobNotFound(got=job_id)
        spec, number = self._spec(definition, task, options)
        if number not in (0, job_id.int):
            raise ErrInvalidArgument("update keeps the job's identifier", got=uuid.UUID(int=number))
        self._enter(record, spec, is_new=False)
        return Job(self, record, spec)

    def _spec(self, definition: JobDefinition, task: Task, options: tuple[JobOption, ...]) -> tuple[JobSpec, int]:
        """Check everything, in Go's order: task, options, arguments, definition.

        :return: also the number of the id that an option has given; 0: none has.
        """
        unchecked = check_task(task)
        setup = Setup(self._settings.location, self._registry.now())
        has_options = options or self._settings.global_job_options
        settings = self._job_settings(options, setup) if has_options else self._plain
        spec = JobSpec(unchecked.checked(), settings.name or name_of(unchecked.function), settings)
        check_kind(definition, JobDefinition, "the definition")
        if has_options or settings.policy is not None:
            self._prepare(spec, setup)
        spec.schedule = schedule = definition.build(setup)
        spec.start_immediately = setup.start_immediately
        if isinstance(schedule, OneTimeSchedule) and spec.kind is TickKind.GRID:
            spec.kind = TickKind.ONCE
        locker = settings.tick_locker
        if locker is not None and (shortest := locker.store.shortest_interval):
            check_pace(schedule, setup.now, shortest)
        return spec, setup.number

    def _job_settings(self, options: tuple[JobOption, ...], setup: Setup) -> JobSettings:
        """What the options say, those for all jobs first."""
        settings = JobSettings()
        for option in (*self._settings.global_job_options, *options):
            check_option(option, JobOption, "a job option")
            option.apply(settings, setup)
        return self._settings.complete(settings)

    def _prepare(self, spec: JobSpec, setup: Setup) -> None:
        """Tell the definition what the options say, and under a tick locker what makes the job's ticks everybody's."""
        settings = spec.settings
        setup.dst_policy = settings.dst_policy
        if setup.start is not None and setup.start > LAST:
            raise ErrNoNextRun("the start is after the year 9999")
        spec.start = setup.start
        spec.key = settings.overrides.get("key") or spec.name
        if settings.interval_from_completion:
            spec.kind = TickKind.DYNAMIC
        elif settings.policy is not None:
            setup.grid, setup.splay = spec.key, micros_of(settings.policy.splay)

    def _enter(self, record: JobRecord, spec: JobSpec, is_new: bool) -> None:
        registry, former, cancel, gone = self._registry, record.spec, None, False
        while True:
            # A schedule may be a user's own: it is asked outside the lock, and again if the
            # scheduler was started or stopped meanwhile.
            era, first = registry.era, None
            if registry.scheduling and spec.settings.policy is None:
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
                if registry.scheduling and spec.settings.policy is None:
                    gone = registry.enter(record, first)
                break
        if cancel is not None:
            cancel()
        if spec.settings.tick_locker is not None:
            registry.share(spec.settings.tick_locker)
        if not is_new:
            self._pausing.carry_over(record, former)
        self._tell_entry(record, spec, None if is_new else former, gone)

    def _tell_entry(self, record: JobRecord, spec: JobSpec, former: JobSpec | None, gone: bool) -> None:
        if self._report.scheduler_monitor is not None:
            if former is not None:
                self._report.tell("job_unregistered", Job(self, record, former))
            self._report.tell("job_registered", Job(self, record, spec))
        if gone:
            self._report.tell("job_unregistered", Job(self, record, spec))
        elif spec.settings.policy is not None and self._registry.scheduling:
            self._life.schedule_shared(record, spec)
        self._registry.keys.look_at(spec, self._report)

    def jobs(self) -> list[Job]:
        """All jobs, by the bytes of their ids (Go: ``Jobs``); none after ``shutdown``."""
        self._life.check_process()
        with self._registry.lock:
            records = list(self._registry.jobs.values())
        return sorted_by_id([Job(self, record, record.spec) for record in records])

    def jobs_waiting_in_queue(self) -> int:
        """How many runs wait for ``with_limit_concurrent_jobs(…, LimitMode.WAIT)`` (Go: ``JobsWaitingInQueue``)."""
        self._life.check_process()
        return len(self._registry.limits.queue)

    def remove_job(self, job_id: uuid.UUID) -> None:
        """Remove a job; the context of a run that goes on is cancelled (Go: ``RemoveJob``).

        :raises ErrJobNotFound: no such job.
        """
        self._life.check_process()
        check_kind(job_id, uuid.UUID, "job_id")
        if not self._remove(lambda: [job_id.int]):
            raise ErrJobNotFound(got=job_id)

    def remove_by_tags(self, *tags: str) -> None:
        """Remove the jobs that have at least one of *tags* (Go: ``RemoveByTags``)."""
        self._life.check_process()
        for tag in tags:
            check_kind(tag, str, "a tag")
        wanted = set(tags)
        jobs = self._registry.jobs
        self._remove(
            lambda: [number for number, record in list(jobs.items()) if wanted.intersection(record.spec.settings.tags)]
        )

    def _remove(self, choose: Callable[[], list[int]]) -> bool:
        registry, removed, cancels = self._registry, [], []
        with registry.lock:
            for number in choose():
                record = registry.jobs.get(number)
                if record is not None:
                    cancels.append(registry.remove(record))
                    removed.append(Job(self, record, record.spec))
        for cancel in cancels:
            if cancel is not None:
                cancel()
        for handle in removed:
            self._report.tell("job_unregistered", handle)
        return bool(removed)

    # -- for the handles of jobs -----------------------------------------------------------------

    def _ask(self, record: JobRecord, question: Callable[[JobRecord], T]) -> T:
        self._life.check_process()
        with self._registry.lock:
            if record.removed:
                raise ErrJobNotFound(got=record.id)
            return question(record)

    def _run_now(self, record: JobRecord) -> None:
        self._life.check_process()
        registry = self._registry
        now = registry.now()
        # A stop that a signal handler calls meanwhile must not wait for the run: this thread has it in its hands.
        with inside(registry):
            self._offer(record, now)

    def _offer(self, record: JobRecord, now: Instant) -> None:
        registry = self._registry
        with registry.lock:
            if record.removed:
                raise ErrJobNotFound(got=record.id)
            executor = self._life.executor
            if not registry.scheduling or executor is None:
                raise _cannot_run("the scheduler is not started")
            offer = registry.offer(record, now, now if record.next is None else record.next, TickKind.MANUAL)
        if offer is None:
            raise _cannot_run("with_limited_runs: the job's last run is on its way")
        executor.take_now(offer)

    # -- for who looks on -----------------------------------------------------------------------

    def is_started(self) -> bool:
        """Whether it schedules: it was started, and neither stopped nor shut down since. Not in Go."""
        self._life.check_process()
        return self._registry.scheduling

    def tick_lockers(self) -> list[TickLocker]:
        """The tick lockers that it, or a job of it, was given: for their instances, events and health. Not in Go."""
        self._life.check_process()
        return list(self._registry.shared)

    def leads(self) -> bool | None:
        """Whether its elector says from memory that this instance leads. Not in Go.

        ``None``: it has no elector, or not one of this library's, which are not asked but for runs.
        """
        self._life.check_process()
        return leadership(self._settings.elector)()

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
        check_option(option, SchedulerOption, "a scheduler option")
        option.configure(settings)
    return Scheduler(settings)


def _cannot_run(why: str) -> ErrJobRunNowFailed:
    error = ErrJobRunNowFailed()
    error.add_note(why)
    return error


def _seconds(timeout: timedelta | float | None) -> float | None:
    if timeout is None:
        return None
    if isinstance(timeout, timedelta):
        timeout = timeout.total_seconds()
    if not isinstance(timeout, int | float) or isinstance(timeout, bool) or timeout != timeout:
        raise ErrInvalidArgument("timeout must be a timedelta, or a number of seconds", got=timeout)
    return min(timeout, threading.TIMEOUT_MAX)
