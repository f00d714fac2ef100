"""The one thread that knows the time: it sleeps to the earliest tick, hands it over, enters the next."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, final

from gocron_py.clock import RealClock
from gocron_py.distributed.tick import TickKind
from gocron_py.instant import SECOND, Instant
from gocron_py.job import JobRecord, JobSpec
from gocron_py.limits import LONGEST_QUEUE, Admission, LimitMode
from gocron_py.monitor import JobStatus
from gocron_py.run import PAUSED

if TYPE_CHECKING:
    from gocron_py.pool import Call, WorkerPool
    from gocron_py.registry import Registry
    from gocron_py.run import Run

# So many ticks are taken from the timeline at once; it bounds how long the lock is held.
_BATCH = 128

# So long, in seconds, ticks that are due are handed over before the workers are woken, though there be more. What a
# clock that is moved by hand has set off is handed over at once, if there is not too much of it.
_ROUND = 0.005
_ROUND_BY_HAND = 1.0

# So often, in seconds, it looks whether workers that are far behind have caught up; so long it may take without a word.
_LOOK = 0.001
_FAR_BEHIND = 1.0

# A user's clock or schedule that always raises must not take a processor.
_AFTER_A_FAULT = 0.5


# A fake clock does not wait longer, in seconds, for a run that a lock or a listener holds up.
_HELD_UP = 0.1


# A tick that is due: of which job, as it was then; the tick after it; and if it is late, and left to the tick locker,
# up to when all are.
_Due = tuple[Instant, JobRecord, JobSpec, Instant | None, Instant | None]


@final
class Executor:
    """One start of a scheduler. It calls nothing of a user's but their clock and their own schedules.

    Monitors and listeners that must hear of a tick that does not run hear it on a worker.
    """

    def __init__(self, registry: Registry, pool: WorkerPool) -> None:
        self._registry = registry
        self._pool = pool
        self._timer = registry.settings.clock.new_timer()
        self._is_real = isinstance(registry.settings.clock, RealClock)
        self._stopping = self._is_over = False
        self._unwoken: BaseException | None = None
        # The monotonic time since when the workers are far behind.
        self._behind_since: float | None = None
        self._thread = threading.Thread(target=self._loop, name="gocron-executor", daemon=True)

    def start(self) -> None:
        """Start the thread, and the first worker.

        :raises RuntimeError: there is no thread to be had.
        """
        try:
            self._pool.start()
            self._thread.start()
        except RuntimeError:
            self._pool.close()
            self._timer.close()
            raise

    def wake(self) -> None:
        """The earliest tick has changed. Called under the registry's lock, so what the timer raises is told later."""
        try:
            self._timer.wake()
        except BaseException as error:
            self._unwoken = error

    def tell_to_stop(self) -> None:
        """Take no more ticks."""
        self._stopping = True
        self._pool.close()
        try:
            self._timer.wake()
        except BaseException as error:  # a user's own: the stop goes on
            self._registry.report.error("gocron: the clock's timer raised", "error", error)

    def join(self, timeout: float) -> bool:
        """Whether the thread ended within *timeout* seconds; it does not if a schedule of a user's hangs."""
        # The wait lets go of the registry's lock, which a signal handler's thread may have.
        self._thread.join(timeout if self._registry.watch(lambda: self._is_over, timeout) else 0)
        return not self._thread.is_alive()

    def take(self, offers: list[tuple[Run, Admission]]) -> None:
        """Hand runs that the limits let through to the workers; have those they dropped told of."""
        for run, answer in offers:
            if answer is Admission.GO:
                self._hand(run)
            elif answer is not Admission.WAIT:
                self._refuse(run, answer)

    def take_now(self, offer: tuple[Run, Admission]) -> None:
        """The same for one run, from any thread."""
        self.take([offer])
        self._pool.kick()

    def resume(self, runs: list[Run]) -> None:
        """Take runs back that were left to other instances for a while. From any thread."""
        for run in runs:
            self._put(run)
        self._pool.kick()

    def _hand(self, run: Run) -> None:
        """Give a run to a worker, or leave it to other instances for a while."""
        if run.spec.settings.tick_locker is not None:
            try:
                if run.defer(self.resume):
                    return
            except BaseException:  # a schedule of a user's: that it raises is told where it is asked for the next tick
                pass
        self._put(run)

    def _put(self, run: Run) -> None:
        """Give a run to a worker; if the scheduler stops, it does not begin, nor do those that wait for it."""
        following: Run | None = run
        while following is not None:
            try:
                self._pool.put(following.execute)
                return
            except RuntimeError:
                following = self._registry.finish(following)

    def _refuse(self, run: Run, answer: Admission) -> None:
        """Tell of a tick that a limit dropped."""
        self._tell(lambda: self._refused_limit(run) if answer is Admission.LIMIT else self._refused_busy(run, answer))

    def _refused_limit(self, run: Run) -> None:
        report, job = self._registry.report, run.job()
        self._dropped(run, "limit of concurrent jobs", JobStatus.SKIP)
        report.tell("concurrency_limit_reached", "limit", job)
        said = "gocron: tick dropped, other jobs use up with_limit_concurrent_jobs"
        report.warn_now_and_then("limit", said, "job", run.spec.name)

    def _refused_busy(self, run: Run, answer: Admission) -> None:
        report, job, status = self._registry.report, run.job(), JobStatus.SINGLETON_RESCHEDULED
        if answer is Admission.SINGLETON:  # else Go tells no monitor
            report.count(job, status)
        self._dropped(run, "another run goes on", status)
        if answer is Admission.SINGLETON:
            report.tell("concurrency_limit_reached", "singleton", job)
        if run.spec.settings.singleton is LimitMode.WAIT and answer is Admission.SINGLETON:
            said = "gocron: tick dropped, as many wait as may"
            report.warn_now_and_then("queue", said, "job", run.spec.name)
        else:
            report.debug("gocron: tick dropped, another run of the job goes on", "job", run.spec.name)

    def _dropped(self, run: Run, reason: str, status: JobStatus) -> None:
        registry = self._registry
        registry.skipped(run, reason, status.value)
        if run.entry is not None:
            registry.report.ended(run.job(), run.entry)

    def _tell_error(self, message: str, error: BaseException, *pairs: object) -> None:
        self._tell(lambda: self._registry.report.error(message, *pairs, "error", error))

    def _tell(self, call: Call) -> None:
        call = self._registry.escorted(call)
        try:
            self._pool.put(call)
        except RuntimeError:  # the pool is closed: better here than not at all
            call()

    def _loop(self) -> None:
        registry, timer = self._registry, self._timer
        while not self._stopping:
            try:
                due = registry.timeline.hint() if self._is_real else self._earliest()
                # The last thing before the sleep: the worker that wakes finds the interpreter free.
                self._pool.kick()
                self._wait_for_workers()
                if not self._is_real:
                    # A clock that is moved by hand stands still until what it set off has started.
                    registry.watch(lambda: not registry.not_started, _HELD_UP)
                jump = timer.wait_until(due, len(registry.timeline))
                if self._unwoken is not None:
                    error, self._unwoken = self._unwoken, None
                    self._tell_error("gocron: the clock's timer raised when it was to wake", error)
                if jump:
                    self._clock_was_set(jump)
                self._dispatch()
            except BaseException as error:
                self._tell_error("gocron: the executor goes on after", error)
                time.sleep(_AFTER_A_FAULT)
        try:
            timer.close()
        except BaseException as error:
            self._tell_error("gocron: the clock's timer raised", error)
        with registry.lock:  # the last time that it needs it
            self._is_over = True
            registry.changed.notify_all()

    def _earliest(self) -> Instant | None:
        with self._registry.lock:
            return self._registry.timeline.earliest()

    def _wait_for_workers(self) -> None:
        """While as many calls wait as may, take no ticks: as Go's full channels do, it bounds what a stop waits for.

        A tick that was due meanwhile comes late, those that follow it before then are stepped over.
        """
        pool = self._pool
        if pool.backlog() <= LONGEST_QUEUE:
            self._behind_since = None
            return
        if self._behind_since is None:
            self._behind_since = time.monotonic()
        while pool.backlog() > LONGEST_QUEUE and not self._stopping:
            time.sleep(_LOOK)
        if time.monotonic() - self._behind_since > _FAR_BEHIND:
            self._behind_since = None
            self._tell(self._cannot_keep_up)

    def _cannot_keep_up(self) -> None:
        said = "gocron: more is due than the workers can do: runs are late, and ticks are stepped over"
        self._registry.report.warn_now_and_then("behind", said)

    def _clock_was_set(self, jump: int) -> None:
        registry = self._registry
        with registry.lock:
            registry.timeline.move(jump)
            records = [] if jump > 0 else registry.timeline.on_the_wall()
        seconds = jump / SECOND
        self._tell(lambda: registry.report.warn("gocron: the wall clock was set", "seconds", seconds))
        now = registry.now()
        for record in records:
            self._look_back(record, record.spec, now)

    def _look_back(self, record: JobRecord, spec: JobSpec, now: Instant) -> None:
        """The clock went back: a job at times of the wall clock may have ticks before the one it waits for.

        Those that it stepped over while the clock was ahead, say; never one that it has had.
        """
        entry, ticked = record.entry, record.ticked
        if ticked is None and spec.start is not None:
            return
        tick = self._following(spec, now if ticked is None else ticked, now)
        with self._registry.lock:
            if entry and record.entry == entry and record.next is not None and tick is not None:
                self._registry.plan(record, min(tick, record.next))

    def _dispatch(self) -> None:
        """Hand over what is due. If there is no end of it, the rest is for the next round: workers must be woken."""
        registry, end = self._registry, time.monotonic() + (_ROUND if self._is_real else _ROUND_BY_HAND)
        while not self._stopping:
            now = registry.now()
            with registry.lock:
                era = registry.era
                taken = [(due, record, record.spec) for due, record in registry.timeline.take(now, _BATCH)]
            if not taken:
                return
            # Schedules may be a user's own: they are asked outside the lock, and what changed
            # meanwhile is left alone.
            self.take(self._admit([self._due(due, record, spec, now) for due, record, spec in taken], era))
            due = registry.timeline.hint()
            if due is None or due > registry.now() or time.monotonic() > end:
                return

    def _due(self, tick: Instant, record: JobRecord, spec: JobSpec, now: Instant) -> _Due:
        following, policy = self._following(spec, tick, now), spec.settings.policy
        if policy is None or spec.settings.interval_from_completion or record.immediate or following is None:
            return tick, record, spec, following, None
        try:
            is_behind = policy.is_behind(spec.schedule, tick, now)
        except BaseException:  # that it raises is told where it is asked for the next tick
            is_behind = False
        return tick, record, spec, following, min(following, now + 1) if is_behind else None

    def _following(self, spec: JobSpec, tick: Instant, now: Instant) -> Instant | None:
        try:
            return self._registry.following(spec, tick, now)
        except BaseException as error:
            self._tell_error("gocron: the schedule raised, it ends", error, "job", spec.name)
            return None

    def _admit(self, dues: list[_Due], era: int) -> list[tuple[Run, Admission]]:
        registry = self._registry
        offers: list[tuple[Run, Admission]] = []
        ended: list[JobRecord] = []
        passed: list[Call] = []
        with registry.lock:
            if registry.era != era:
                return []
            for due in dues:
                _, record, spec, _, _ = due
                if record.removed or record.spec is not spec or record.entry:
                    continue
                parent = spec.settings.parent_context
                if parent is not None and parent.done():
                    registry.plan(record, None)
                    ended.append(record)
                    continue
                answer = self._step_over(due) if registry.is_paused(record) else self._offer(due)
                if isinstance(answer, tuple):
                    offers.append(answer)
                elif answer is not None:
                    passed.append(answer)
                if record.ending and registry.is_at_end(record):
                    registry.remove(record)
                    ended.append(record)
        for record in ended:
            self._tell_end(record)
        for tell in passed:
            self._tell(tell)
        return offers

    def _step_over(self, due: _Due) -> Call:
        """A tick of a paused job. Gives what tells of it. The lock is held."""
        registry, (tick, record, spec, following, _) = self._registry, due
        entry = registry.step_over(record, tick, following)

        def tell() -> None:
            registry.report.debug("gocron: tick skipped", "job", spec.name, "reason", PAUSED)
            job = registry.handle(record, spec)
            registry.report.count(job, JobStatus.SKIP)
            registry.report.ended(job, entry)

        return tell

    def _offer(self, due: _Due) -> tuple[Run, Admission] | Call | None:
        """Enter the next tick, and ask for this one to run; or what tells that it does not. The lock is held.

        ``None``: it is late, and left to the tick locker.
        """
        registry, (tick, record, spec, following, missed_before) = self._registry, due
        record.ticked = tick
        if missed_before is not None:
            registry.plan(record, following)
            registry.catch_up(spec, tick, missed_before)
            return None
        kind = TickKind.START if record.immediate and spec.kind is not TickKind.DYNAMIC else None
        record.immediate = False
        if not spec.settings.interval_from_completion:
            registry.plan(record, following)
            return registry.offer(record, tick, tick, kind) or self._spent(spec)
        offer = registry.offer(record, tick, tick, kind)
        if not record.admitted:  # dropped: no completion will enter the next tick
            registry.plan(record, following)
        return offer or self._spent(spec)

    def _spent(self, spec: JobSpec) -> Call:
        info = self._registry.report.info
        return lambda: info("gocron: tick dropped, the last of the limited runs goes on", "job", spec.name)

    def _tell_end(self, record: JobRecord) -> None:
        report, spec = self._registry.report, record.spec
        if record.removed:
            self._tell(lambda: report.tell("job_unregistered", self._registry.handle(record, spec)))
        else:
            self._tell(lambda: report.info("gocron: the job's context has ended, it runs no more", "job", spec.name))
