"""One run of a job, from the election to the release of its lock. Everything here is on a worker's thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, cast, final

from gocron_py import elsewhere
from gocron_py.context import Context, background, with_value
from gocron_py.distributed import Lock
from gocron_py.distributed.held import TickLock
from gocron_py.distributed.tick import CurrentRun, Tick, TickKind, key_of_ticks, running
from gocron_py.errors import (
    ErrInvalidArgument,
    ErrPanicRecovered,
    LockError,
    LockLost,
    StoreError,
    TickEarly,
    TickPaused,
    satisfies,
)
from gocron_py.instant import Instant, datetime_of
from gocron_py.listeners import Event
from gocron_py.monitor import JobStatus
from gocron_py.task import Panic

if TYPE_CHECKING:
    from gocron_py.distributed import Elector, Locker
    from gocron_py.distributed.claim import Attempt
    from gocron_py.distributed.errands import Errand
    from gocron_py.distributed.turns import Resume
    from gocron_py.job import Job, JobRecord, JobSpec, LockAnswer, RunEntry
    from gocron_py.registry import Registry

PAUSED = "paused"
"""Why a run was skipped, in the history."""

_thread = threading.local()


def is_inside_run(registry: Registry) -> bool:
    """Whether this thread is executing a run of that registry's scheduler: it must not wait for itself."""
    return getattr(_thread, "registry", None) is registry


@contextmanager
def inside(registry: Registry) -> Iterator[None]:
    """What this thread does here is part of a run, or of what is told of one."""
    outside = getattr(_thread, "registry", None)
    _thread.registry = registry
    try:
        yield
    finally:
        _thread.registry = outside


@final
class Run:
    """One tick of one job, or one ``run_now``.

    :param scheduled: the tick's own time; for ``run_now`` the moment of the call.
    :param announced: what ``job_scheduling_delay`` is told: as in Go, for ``run_now`` the next tick.
    :param errand: of the keeper, if it is one: to run a tick late, or to do again what a crash has cut off.

    :ivar answer: of the locker, as the history has it.
    :ivar attempt: how many times the tick was begun, this one included.
    :ivar fence: of the claim.
    :ivar outcome: of the task, once it has ended.
    :ivar entry: what the history has of it, once it is over or refused.
    :ivar held_back: whether a pause keeps it from starting.
    :ivar decided: whether the task was begun, or a listener said that it is not to be.
    :ivar waited: the claim of a run that was left to other instances for a while.
    :ivar retry_after: of a refusal that knows when, in microseconds, the next tick comes.
    """

    __slots__ = (
        "announced",
        "answer",
        "attempt",
        "completed",
        "context",
        "decided",
        "ended",
        "entry",
        "era",
        "errand",
        "fence",
        "held_back",
        "kind",
        "lock",
        "outcome",
        "record",
        "registry",
        "retry_after",
        "scheduled",
        "spec",
        "started",
        "waited",
    )

    def __init__(
        self,
        registry: Registry,
        record: JobRecord,
        context: Context | None,
        scheduled: Instant,
        announced: Instant,
        kind: TickKind,
        errand: Errand | None = None,
    ) -> None:
        self.registry = registry
        self.record = record
        self.spec: JobSpec = record.spec
        self.context = context
        self.era = registry.era
        self.scheduled = scheduled
        self.announced = announced
        self.started: Instant | None = None
        self.completed: Instant | None = None
        self.ended = 0
        self.entry: RunEntry | None = None
        self.kind = kind
        self.errand = errand
        self.answer: LockAnswer = None
        self.outcome = ""
        self.held_back = False
        self.decided = False
        self.retry_after: int | None = None
        self.lock: TickLock | None = None
        self.attempt = 1
        self.fence: int | None = None
        self.waited: Attempt | None = None

    def job(self) -> Job:
        """A handle of the job, as it was when the run was made."""
        return self.registry.handle(self.record, self.spec)

    @property
    def victim(self) -> str | None:
        """The token of the claim that a crash has cut off, if this is to do it again."""
        return None if self.errand is None else self.errand.victim

    def tick(self) -> Tick:
        """The tick, as instances name it. One that the store has timed has the store's time."""
        claim = None if self.lock is None else self.lock.claim
        at = self.scheduled if claim is None else claim.at
        return Tick(self.spec.key, datetime_of(at, UTC), self.kind)

    def current(self) -> CurrentRun:
        """What ``current_run()`` gives to the task."""
        return CurrentRun(self.tick(), self.attempt, self.fence, background() if self.context is None else self.context)

    def is_of_its_job(self) -> bool:
        """Whether the job was neither removed nor updated since. Under the registry's lock."""
        return self.record.spec is self.spec and not self.record.removed

    def is_current(self) -> bool:
        """Whether, besides, the scheduler was not stopped since. Under the registry's lock."""
        return self.record.spec is self.spec and not self.record.removed and self.era == self.registry.era

    def give_back(self) -> None:
        """The run will not be: it uses up none of ``with_limited_runs``. Under the registry's lock."""
        if self.record.spec is self.spec:
            self.record.counted -= 1

    def defer(self, resume: Resume) -> bool:
        """Whether the run is left to other instances for a while; *resume* takes it back. Calls nothing of a user's.

        Not with an elector, for the preferred instance may not be the leader; nor under a limit, for the run would
        take the place of another meanwhile.
        """
        settings = self.spec.settings
        if settings.tick_locker is None or settings.elector is not None or self.registry.settings.limit is not None:
            return False
        return settings.tick_locker.defer(self, resume)

    def execute(self) -> None:
        """Do the run, then those that waited for it."""
        run: Run | None = self
        while run is not None:
            _thread.registry = run.registry
            try:
                if run.registry.begin(run):
                    run._coordinate()
                elif run.held_back:
                    run._refused_by_pause()
            except BaseException as error:
                run.registry.report.error("gocron: a run broke off", "job", run.spec.name, "error", error)
            run = run.registry.finish(run)
        _thread.registry = None

    # The order of events below is Go's; tests/conformance/test_traces.py holds it.

    def _coordinate(self) -> None:
        elector, locker = self.spec.settings.elector, self.spec.settings.locker
        if elector is None and locker is None:
            self._work()
            return
        # The job's context ends the wait for a lock; what is bound to it tells whose lock it is.
        asking = with_value(self._context, key_of_ticks(), self)
        if elector is not None and not self._leads(elector, asking):
            return
        if locker is None:
            self._work()
            return
        lock = self._lock(locker, asking)
        if lock is None:
            return
        self.answer = "won"
        if isinstance(lock, TickLock):
            self.lock, self.attempt, self.fence = lock, lock.attempt, lock.fence
            if lock.claim is None:
                self.answer = "error"
        # A lock may bring a context of its own, which ends when the lock is lost.
        context: object = getattr(lock, "context", None)
        if isinstance(context, Context):
            self.context = context
        try:
            # The answer may have taken long: what was removed or stopped meanwhile does not run.
            if not self._context.done():
                self._work()
        finally:
            # A live context, whatever became of the job's own: else a lock taken before a shutdown
            # stays until it expires.
            self._unlock(lock)
            lost: object = getattr(lock, "lost", None)  # of locks that notice it
            if isinstance(lost, LockLost):
                self._listen(Event.AFTER_LOCK_ERROR, lost)

    def _unlock(self, lock: Lock) -> None:
        report = self.registry.report
        try:
            lock.unlock(background())
        except StoreError as error:  # it is away, and the lock ends by itself
            detail = ": ".join(str(error).splitlines())
            report.warn("gocron: a lock could not be released", "job", self.spec.name, "detail", detail)
        except BaseException as error:
            report.error("gocron: Lock.unlock raised", "error", error)

    @property
    def _context(self) -> Context:
        assert self.context is not None, "a coordinated run has a context"
        return self.context

    def _leads(self, elector: Elector, asking: Context) -> bool:
        try:
            ask: Callable[[Context], object] = elector.is_leader  # False is an answer too
            answer = ask(asking)
        except BaseException as error:
            answer = error
        if answer is None or answer is True:
            return True
        self.registry.report.debug("gocron: not the leader", "job", self.spec.name, "answer", answer)
        self._refused(f"not the leader: {answer}")
        return False

    def _lock(self, locker: Locker, asking: Context) -> Lock | None:
        try:
            lock: object = locker.lock(asking, self.spec.key)
        except Exception as error:
            self._lock_failed(error)
            return None
        except BaseException as error:
            self._lock_failed(_recovered(error))
            return None
        if satisfies(lock, Lock):
            return cast("Lock", lock)
        if isinstance(lock, Exception):  # returned, as ported Go does
            self._lock_failed(lock)
        else:
            detail = f"{type(locker).__name__}.lock must return a Lock or raise"
            self._lock_failed(ErrInvalidArgument(detail, got=lock))
        return None

    def _lock_failed(self, error: Exception) -> None:
        if isinstance(error, LockError):
            self.retry_after = error.retry_after
        if isinstance(error, TickPaused):
            self._refused_by_pause()
            return
        is_held = isinstance(error, LockError) and not isinstance(error, StoreError)
        self.answer = "held" if is_held else "error"
        self._listen(Event.AFTER_LOCK_ERROR, error)
        self._log_refusal(error, is_held)
        self._refused(f"lock refused: {error}")

    def _log_refusal(self, error: Exception, is_held: bool) -> None:
        report, job = self.registry.report, self.spec.name
        if isinstance(error, StoreError):
            locker = f"lock {id(self.spec.settings.locker)}"
            said = "gocron: the store of locks cannot be asked, jobs do not run"
            report.warn_now_and_then(locker, said, "job", job, "why", str(error))  # as a text: no traceback
        elif isinstance(error, TickEarly):  # that will not mend itself
            said = "gocron: this machine's clock is wrong, jobs do not run"
            report.warn_now_and_then(f"clock {id(self.spec.settings.locker)}", said, "job", job, "why", str(error))
        else:  # another instance is faster: as it should be
            # Of ours the text says it all, of a user's own the traceback may help.
            report.debug("gocron: lock refused", "job", job, "error", str(error) if is_held else error)

    def _refused(self, reason: str) -> None:
        self.registry.skipped(self, reason)
        self.registry.report.count(self.job(), JobStatus.SKIP)

    def _refused_by_pause(self) -> None:
        self.registry.report.debug("gocron: tick skipped", "job", self.spec.name, "reason", PAUSED)
        self._refused(PAUSED)

    def _work(self) -> None:
        report, listeners = self.registry.report, self.spec.settings.listeners
        if listeners:
            self._listen(Event.BEFORE_JOB_RUNS)
        if report.scheduler_monitor is not None:
            job, show, location = self.job(), datetime_of, self.registry.settings.location
            report.tell("job_started", job)
            actual = show(self.registry.now(), location)
            report.tell("job_scheduling_delay", job, show(self.announced, location), actual)
        reason = self._reason_to_skip() if listeners else None
        if reason is not None:
            self.decided = True
            self.registry.skipped(self, f"skipped by a listener: {reason}")
            report.tell("job_failed", self.job(), reason)
            return
        if report.scheduler_monitor is not None:
            report.tell("job_running", self.job())
        self._perform()

    def _reason_to_skip(self) -> Exception | None:
        for listener in self.spec.settings.listeners.get(Event.BEFORE_JOB_RUNS_SKIP, ()):
            try:
                answer = listener(self.record.id, self.spec.name)
            except BaseException as error:
                answer = error
            if isinstance(answer, BaseException):
                return answer if isinstance(answer, Exception) else _recovered(answer)
        return None

    def _perform(self) -> None:
        registry = self.registry
        started = registry.started(self)
        if started is None:
            if self.held_back:
                # The tick is over, for all instances; what was cut off waits for the end of the pause.
                self.decided = self.victim is None
                self._refused_by_pause()
            return
        self.decided = True
        if registry.report.run_monitor is not None:
            registry.report.began(self.job())
        error: Exception | None = None
        completed = started
        try:
            error = self._call_task()
            self.ended = time.monotonic_ns()
            completed = registry.now()
            self._after(started, completed, error)
        finally:
            registry.completed(self, completed, error)
            del error  # its traceback holds this frame

    def _call_task(self) -> Exception | None:
        token = running.set(self)
        try:
            try:
                result = self._run_surrounded() if self.spec.settings.surroundings else self._run_task()
            finally:
                running.reset(token)
                self.registry.end_if_forked()
        except Exception as error:
            return error
        except BaseException as error:
            panic = _recovered(error)
            self._listen(Event.AFTER_JOB_RUNS_WITH_PANIC, panic.value)
            return panic
        if result is None or not isinstance(result, BaseException):
            return None
        return result if isinstance(result, Exception) else _recovered(result)

    def _run_task(self) -> object:
        executor, task = self.spec.settings.executor, self.spec.task
        if executor is None:
            return task.run(self.context)
        # The function alone; all that is around it stays on this thread.
        return elsewhere.call(executor, task, self.current(), self._context)

    def _run_surrounded(self) -> object:
        with ExitStack() as stack:  # where one of them swallows what the task raises, this gives None
            for enter in self.spec.settings.surroundings:
                stack.enter_context(enter())
            result = self._run_task()
            if isinstance(result, Exception):
                raise result  # an error, as ported Go returns it: what is around the task is to see one
            return result

    def _after(self, started: Instant, completed: Instant, error: Exception | None) -> None:
        report = self.registry.report
        if report.monitor is None and report.monitor_status is None and report.scheduler_monitor is None:
            if error is not None or self.spec.settings.listeners:
                self._tell_listeners(error)
            return
        job = self.job()
        status = JobStatus.SUCCESS if error is None else JobStatus.FAIL
        location = self.registry.settings.location
        start, end = datetime_of(started, location), datetime_of(completed, location)
        report.timing(job, start, end)
        self._tell_listeners(error)
        report.count(job, status)
        report.timing_with_status(job, start, end, status, error)
        self.registry.completed(self, completed, error)
        report.result(job, error, timedelta(microseconds=completed - started))

    def _tell_listeners(self, error: Exception | None) -> None:
        if error is None:
            self._listen(Event.AFTER_JOB_RUNS)
        elif not self._listen(Event.AFTER_JOB_RUNS_WITH_ERROR, error) and not (
            isinstance(error, ErrPanicRecovered) and Event.AFTER_JOB_RUNS_WITH_PANIC in self.spec.settings.listeners
        ):
            self.registry.report.error("gocron: job failed", "job", self.spec.name, "error", error)

    def _listen(self, event: Event, *more: object) -> bool:
        """Call the listeners of *event*; whether there was one."""
        listeners = self.spec.settings.listeners.get(event, ())
        for listener in listeners:
            self.registry.report.call(f"listener {event.value}", listener, self.record.id, self.spec.name, *more)
        return bool(listeners)


def _recovered(error: BaseException) -> ErrPanicRecovered:
    value = error.value if isinstance(error, Panic) else error
    recovered = ErrPanicRecovered(value)
    recovered.__cause__ = error
    return recovered
