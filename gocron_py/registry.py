"""The jobs of a scheduler and all of their state, under one lock."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, final

from gocron_py.clock import reader
from gocron_py.context import Context, background, with_cancel
from gocron_py.distributed import TickLocker
from gocron_py.distributed.tick import TickKind
from gocron_py.errors import ErrJobIdentifierInUse, ErrJobNotFound, ErrSchedulerShutdown
from gocron_py.instant import LAST, Instant
from gocron_py.job import JobRecord, JobSpec
from gocron_py.keys import Keys
from gocron_py.limits import Admission, Limits
from gocron_py.monitor import JobStatus
from gocron_py.polled_lock import PolledLock
from gocron_py.run import PAUSED, Run, inside
from gocron_py.timeline import Timeline

if TYPE_CHECKING:
    from gocron_py.distributed.errands import Errand
    from gocron_py.job import Job, RunEntry
    from gocron_py.options import Settings
    from gocron_py.reporter import Reporter

Cancel = Callable[[], None]

_SUCCESS, _FAIL, _SKIP = (str(status.value) for status in (JobStatus.SUCCESS, JobStatus.FAIL, JobStatus.SKIP))


@final
class Registry:
    """Jobs, timeline and limits. Methods take :attr:`lock` themselves, unless they say that it is held.

    Nothing of a user's is ever called under the lock: no schedule of theirs, no clock, no context's callback.
    """

    def __init__(self, settings: Settings, report: Reporter, handle: Callable[[JobRecord, JobSpec], Job]) -> None:
        self.settings = settings
        self.report = report
        self.handle = handle
        self.now: Callable[[], Instant] = reader(settings.clock)
        self.pid = os.getpid()
        self.lock = PolledLock()
        self.jobs: dict[int, JobRecord] = {}
        self.keys = Keys()
        self.timeline = Timeline()
        self.limits = Limits(settings.limit, settings.limit_mode)
        self.scheduling = False
        self.closed = False
        # Pauses: this scheduler's own, and those of the stores that it shares.
        self.paused = False
        self.shared: tuple[TickLocker, ...] = ()
        # Counts starts and stops: a run of another era does not begin.
        self.era = 0
        # Runs that were let through and are not over; of these, those whose task has not started.
        self.in_flight = 0
        self.not_started = 0
        self.changed = threading.Condition(self.lock.lock)
        self._watchers = 0
        # Set while an executor runs: tells it that the earliest tick has changed.
        self.wake: Callable[[], None] | None = None

    # -- ticks ---------------------------------------------------------------------------------

    def first(self, spec: JobSpec, start: Instant | None, fresh: bool, now: Instant) -> Instant | None:
        """The first tick of a job that begins to be scheduled at *now*. May call a user's schedule."""
        schedule = spec.schedule
        if spec.start_immediately and (fresh or schedule.next(now) is not None):
            return now
        if start is None:
            return schedule.next(now)
        return start if start >= now else schedule.resume(start, now)

    def following(self, spec: JobSpec, tick: Instant, now: Instant) -> Instant | None:
        """The first tick after *tick* that is after *now*; missed ones are stepped over. May call a user's schedule.

        Under a tick locker one that is late may still be this instance's to run.
        """
        policy = spec.settings.policy
        if policy is not None and not spec.settings.interval_from_completion:
            return policy.following(spec.schedule, tick, now)
        after = spec.schedule.next(tick)
        if after is not None and after <= now:
            after = spec.schedule.resume(after, now + 1)
        return after

    def plan(self, record: JobRecord, tick: Instant | None) -> None:
        """Enter the next tick of a job. The lock is held."""
        stop = record.spec.settings.stop
        if tick is not None and stop is not None and tick >= stop:
            record.ending, tick = True, None
        if tick is None or tick > LAST:
            record.next = None
            self.timeline.discard(record)
            return
        record.next = tick
        if self.timeline.add(tick, record) and self.wake is not None:
            self.wake()

    def catch_up(self, spec: JobSpec, since: Instant, before: Instant) -> None:
        """Leave to the job's tick locker, if it has one, what came from *since* on, before *before*: it is late."""
        if spec.settings.tick_locker is not None:
            spec.settings.tick_locker.catch_up(spec.key, since, before)

    def share(self, locker: TickLocker) -> None:
        """A pause in this locker's store is one of this scheduler."""
        with self.lock:
            if locker not in self.shared:
                self.shared = *self.shared, locker

    def is_paused(self, record: JobRecord) -> bool:
        """Whether a pause keeps the job's ticks from starting. One that its record in a store has, claims are told."""
        if self.paused or record.paused or not self.shared:  # most schedulers share nothing
            return self.paused or record.paused
        return any(locker.pauses.everything for locker in self.shared)

    def _holds_back(self, run: Run) -> bool:
        pauses = run.spec.settings.pauses
        if pauses is None and not (self.paused or run.record.paused or self.shared):  # as it mostly is
            return False
        if run.kind is not TickKind.MANUAL:
            is_late = pauses is not None and run.fence is not None and pauses.overtook(run.spec.key, run.fence)
            run.held_back = is_late or self.is_paused(run.record)
        return run.held_back

    def step_over(self, record: JobRecord, tick: Instant, following: Instant | None) -> RunEntry:
        """A tick of a paused job is due: it is skipped, and the next one entered. The lock is held."""
        record.ticked, record.immediate = tick, False
        self.plan(record, following)
        entry: RunEntry = (tick, None, None, _SKIP, PAUSED, 1, None, None)
        record.remember(entry)
        return entry

    # -- runs: on their way in -------------------------------------------------------------------

    def offer(
        self,
        record: JobRecord,
        scheduled: Instant,
        announced: Instant,
        kind: TickKind | None = None,
        errand: Errand | None = None,
    ) -> tuple[Run, Admission] | None:
        """Make a run and ask the limits. ``None``: no run is left, or its context has ended. The lock is held."""
        spec = record.spec
        if spec.settings.limited_runs is not None and record.counted >= spec.settings.limited_runs:
            return None
        context = self._context(record) if spec.needs_context else None
        run = Run(self, record, context, scheduled, announced, kind or spec.kind, errand)
        record.counted += 1
        answer = self.limits.admit(run)
        if answer is Admission.GO:
            self._let_through()
        elif answer is not Admission.WAIT:
            run.give_back()
        return run, answer

    def _context(self, record: JobRecord) -> Context | None:
        if record.context is None:
            parent = record.spec.settings.parent_context
            record.context, record.cancel = with_cancel(background() if parent is None else parent)
        return record.context

    def begin(self, run: Run) -> bool:
        """Whether a run that was handed over may still go."""
        if run.context is not None and run.context.done():
            return False
        # Without the lock: what has changed since is seen when the task is to begin.
        if not run.is_current():
            return False
        stop = run.spec.settings.stop
        if stop is not None and self.now() > stop:
            self.skipped(run, "after the stop time")
            said = "gocron: tick dropped, the stop time came before its turn"
            self.report.warn_now_and_then("stop", said, "job", run.spec.name)
            return False
        return not self._holds_back(run)

    def started(self, run: Run) -> Instant | None:
        """The task begins now; ``None``: the job was stopped, removed or updated, it does not begin."""
        now = self.now()
        record = run.record
        with self.lock:
            if not run.is_current() or self._holds_back(run):
                return None
            run.started = record.started = now
            record.executing += 1
            self._no_longer_waits()
        return now

    def _let_through(self) -> None:
        self.in_flight += 1
        self.not_started += 1

    def _no_longer_waits(self) -> None:
        self.not_started -= 1
        if self._watchers:
            self.changed.notify_all()

    def end_if_forked(self) -> None:
        """End the process if it is a child that a task forked and that came back from the task.

        It has no scheduler, and the lock that it seems to hold is its parent's.
        """
        if os.getpid() != self.pid:
            os._exit(0)

    # -- runs: on their way out ------------------------------------------------------------------

    def skipped(self, run: Run, reason: str, outcome: str = _SKIP) -> None:
        """The run was refused, dropped, or skipped by a listener."""
        with self.lock:
            run.entry = (run.scheduled, None, None, outcome, reason, run.attempt, run.fence, run.answer)
            run.record.remember(run.entry)

    def completed(self, run: Run, now: Instant, error: Exception | None) -> None:
        """The task of a run has ended. Heard once; later calls change nothing."""
        outcome, text = (_SUCCESS, None) if error is None else (_FAIL, _text(error))
        record = run.record
        with self.lock:
            if run.completed is not None:
                return
            run.completed, run.outcome = now, outcome
            record.executing -= 1
            if run.ended >= record.ended:  # else a run that ended later was faster with its listeners
                record.completed, record.ended = now, run.ended
            run.entry = (run.scheduled, run.started, now, outcome, text, run.attempt, run.fence, run.answer)
            record.remember(run.entry)

    def finish(self, run: Run) -> Run | None:
        """A run that was let through is over, whatever it did. Gives a run that waited for it."""
        record, spec = run.record, run.spec
        tick: Instant | None = None
        if spec.settings.interval_from_completion:
            tick = self._from_completion(run)
        cancel: Cancel | None = None
        with self.lock:
            if run.started is None:
                run.give_back()
                self._no_longer_waits()
            following = self.limits.release(run)
            if following is not None:
                self._let_through()
            ended = run.is_of_its_job() and self._after_last(run, tick)
            if ended:
                cancel = self.remove(record)
            is_told = ended or (run.entry is not None and self.report.run_monitor is not None)
            if not is_told:
                self._leaves()
        if cancel is not None:
            cancel()
        if is_told:
            self._tell_end(run, ended)
        if run.errand is not None:
            run.errand.over(run.started is not None)
        return following

    def _tell_end(self, run: Run, ended: bool) -> None:
        """Before it leaves: a stop waits until all are told."""
        if run.entry is not None:
            self.report.ended(run.job(), run.entry)
        if ended:
            self.report.tell("job_unregistered", run.job())
        with self.lock:
            self._leaves()

    def escorted(self, call: Callable[[], None]) -> Callable[[], None]:
        """*call*, counted as a run in flight from now on until it is done, so that a stop waits for it."""
        with self.lock:
            self.in_flight += 1

        def escorted() -> None:
            try:
                with inside(self):
                    call()
            finally:
                with self.lock:
                    self._leaves()

        return escorted

    def _leaves(self) -> None:
        self.in_flight -= 1
        if self._watchers:
            self.changed.notify_all()

    def _from_completion(self, run: Run) -> Instant | None:
        last = run.completed or run.scheduled
        try:
            now = self.now()
        except BaseException as error:  # a user's clock: the job goes on by what is known
            self.report.error("gocron: the clock raised", "job", run.spec.name, "error", error)
            now = last
        if run.retry_after is not None:  # other instances run it too: the store knows when
            return now + run.retry_after
        try:
            return self.following(run.spec, last, now)
        except BaseException as error:
            self.report.error("gocron: the schedule raised", "job", run.spec.name, "error", error)
            return None

    def _after_last(self, run: Run, tick: Instant | None) -> bool:
        """If no other run of the job goes on, give it the tick that counts from its end. The lock is held.

        :return: whether the job is at its end.
        """
        record = run.record
        if record.admitted:
            return False
        if run.spec.settings.interval_from_completion and not record.entry and run.is_current():
            self.plan(record, tick)
        return self.is_at_end(record)

    def is_at_end(self, record: JobRecord) -> bool:
        """Whether the job has run its last: no run of it goes on or waits, and none is to come. The lock is held."""
        limit = record.spec.settings.limited_runs
        spent = limit is not None and record.counted >= limit
        return (record.ending or spent) and not record.admitted and not record.waiting

    # -- jobs ------------------------------------------------------------------------------------

    def add(self, record: JobRecord) -> None:
        """Take a job in. The lock is held.

        :raises ErrSchedulerShutdown: the scheduler was shut down.
        :raises ErrJobIdentifierInUse: there is one with its id.
        """
        if self.closed:
            raise ErrSchedulerShutdown
        if self.jobs.setdefault(record.number, record) is not record:
            raise ErrJobIdentifierInUse(got=record.id)
        self.keys.count(record.spec, 1)

    def replace(self, record: JobRecord, spec: JobSpec) -> Cancel | None:
        """Give a job another spec. What goes on is cancelled by the caller, after the lock, which is held.

        :raises ErrJobNotFound: it was removed.
        """
        if record.removed:
            raise ErrJobNotFound(got=record.id)
        self.limits.forget(record.waiting)
        self.keys.count(record.spec, -1)
        self.keys.count(spec, 1)
        record.spec, record.start, record.counted, record.ending = spec, spec.start, 0, False
        record.ticked = record.next = None
        self.timeline.discard(record)
        return record.cancel_context()

    def enter(self, record: JobRecord, first: Instant | None) -> bool:
        """Enter the first tick of a job. The lock is held.

        :return: whether it lies at or after the stop time: then the job is gone.
        """
        self.plan(record, first)
        record.immediate = record.spec.start_immediately and first is not None
        if record.next is not None:
            # After a stop the job goes on in this phase.
            record.start = record.next
            return False
        if not self.is_at_end(record):
            return False
        self.remove(record)
        return True

    def remove(self, record: JobRecord) -> Cancel | None:
        """Take a job out. Its context is to be cancelled by the caller, after the lock, which is held."""
        if self.jobs.pop(record.number, None) is not None:
            self.keys.count(record.spec, -1)
        record.removed = True
        record.next = None
        self.timeline.discard(record)
        self.limits.forget(record.waiting)
        return record.cancel_context()

    def halt(self) -> list[Cancel]:
        """No run begins any more. Gives what cancels the contexts of those that go on."""
        with self.lock:
            self.era += 1
            self.scheduling = False
            self.wake = None
            self.timeline.clear()
            self.limits.forget(self.limits.queue)
            cancels = []
            for record in list(self.jobs.values()):
                self.limits.forget(record.waiting)
                cancel = record.cancel_context()
                if cancel is not None:
                    cancels.append(cancel)
            return cancels

    def close(self) -> None:
        """The scheduler is shut down: handles keep their past, no job has a future."""
        with self.lock:
            self.closed = True
            for record in list(self.jobs.values()):
                record.next = None
            self.jobs.clear()
            self.keys.clear()

    # -- waiting for the end of runs -------------------------------------------------------------

    def watch(self, is_over: Callable[[], bool], timeout: float) -> bool:
        """Wait until *is_over*, which is asked under the lock, at most *timeout* seconds."""
        with self.lock:
            self._watchers += 1
            try:
                return self.changed.wait_for(is_over, timeout)
            finally:
                self._watchers -= 1


def _text(error: Exception) -> str:
    try:
        text = str(error)
    except BaseException as fault:  # the user's own __str__
        text = f"(its text cannot be had: {type(fault).__name__})"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
