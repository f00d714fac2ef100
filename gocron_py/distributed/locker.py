"""The tick locker: claims for the runs of this process's schedulers, on a store that processes share."""

from __future__ import annotations

import os
import secrets
import threading
import weakref
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, final

from gocron_py.clock import elapsed
from gocron_py.context import Context, background, with_cancel_cause
from gocron_py.distributed.claim import (
    Attempt,
    Load,
    Sleep,
    Step,
    Write,
    claim_tick,
    end,
    forget,
    keep,
    register,
    settle,
)
from gocron_py.distributed.decision import (
    Alive,
    Answer,
    Claim,
    Granted,
    Record,
    Refused,
    Request,
    claim,
    cut_off,
    decode,
    encode,
    living,
    reap,
    recover,
)
from gocron_py.distributed.events import EventCallback, Events, TickEventKind
from gocron_py.distributed.policy import PolicyOverrides, TickPolicy, policy_of
from gocron_py.distributed.store import TickStore
from gocron_py.distributed.tick import TickKind, tick_of
from gocron_py.errors import (
    ErrInvalidArgument,
    LockError,
    LockLost,
    StoreAmnesia,
    StoreCorrupt,
    StoreDown,
    TickBusy,
    TickMissed,
    TickTaken,
    check_kind,
)
from gocron_py.instant import SECOND, Instant, Micros, micros_of

if TYPE_CHECKING:
    from gocron_py.reporter import Reporter
    from gocron_py.run import Run
    from gocron_py.schedules import Schedule

T = TypeVar("T")

# What a store has not done for a run is tried again this often, in seconds, when it was down.
_PATIENCE_WITH_STORE = 1.0

# A start waits so long, in seconds, for a store that does not answer; the jobs are registered later then.
_LONGEST_REGISTRATION = 2.0


@final
@dataclass(slots=True, eq=False)
class Attendance:
    """A job of a started scheduler, whose ticks this process looks after.

    :ivar is_current: whether that is still so.
    :ivar offer: hands a tick to the scheduler: its time, and the token of the run that was cut off.
        Gives whether it was taken.
    :ivar owes: ticks before this that nobody has run are to be caught up with; ``None``: that was looked at.
    """

    key: str
    policy: TickPolicy
    schedule: Schedule
    kind: TickKind
    now: Callable[[], Instant]
    report: Reporter
    is_current: Callable[[], bool]
    offer: Callable[[Instant, str | None], bool]
    owes: Instant | None
    version: object = field(default=None)


class _Stopped(Exception):  # it never gets out of here
    """The run's context has ended."""


@final
class TickLock:
    """A claim that is held; what ``TickLocker.lock`` gives to the scheduler.

    :ivar context: for the task; cancelled with the cause :exc:`~gocron_py.LockLost` if the claim is lost.
    :ivar claim: ``None`` where the run goes on without one.
    """

    __slots__ = ("_cancel", "_release", "claim", "context", "key", "lease", "lost", "renewed", "run")

    def __init__(
        self, run: Run, key: str, claim: Claim | None, lease: Micros, sent: Micros, release: Callable[[TickLock], None]
    ) -> None:
        self.run = run
        self.key = key
        self.claim = claim
        self.lease = lease
        # When the renewal that counts was sent.
        self.renewed = sent
        self.lost = False
        self._release = release
        self.context, self._cancel = with_cancel_cause(run.context or background())

    @property
    def attempt(self) -> int:
        """How many times the tick was begun."""
        return 1 if self.claim is None else self.claim.attempt

    @property
    def fence(self) -> int | None:
        """Larger than those of all earlier runs of the job."""
        return None if self.claim is None else self.claim.fence

    def lose(self) -> bool:
        """The claim is somebody else's: cancel the task. ``False``: that is known already."""
        if self.lost:
            return False
        self.lost = True
        self._cancel(LockLost(f"job {self.key!r:.80}"))
        return True

    def unlock(self, ctx: Context) -> None:
        """Finish the claim, or give it back if the task was not begun."""
        try:
            self._release(self)
        finally:
            self._cancel()


class TickLocker:
    """Each tick of a job starts once among all instances that share a store (a ``Locker``). Not in Go.

    To be given to ``with_distributed_locker`` or ``with_distributed_job_locker``. Jobs under it have their
    ticks on a grid that all instances share; see the page "What is promised".

    :param store: a :class:`~gocron_py.distributed.TickStore`.
    :param on_event: called with every :class:`~gocron_py.distributed.TickEvent`, on some thread.
    :param policy: the fields of :class:`~gocron_py.TickPolicy`, for all jobs that do not say otherwise.
    :raises ErrInvalidArgument: an impossible value.
    """

    def __init__(
        self, store: TickStore, *, on_event: EventCallback | None = None, **policy: Unpack[PolicyOverrides]
    ) -> None:
        if not isinstance(store, TickStore):
            raise ErrInvalidArgument("store must be a TickStore", got=store)
        if on_event is not None and not callable(on_event):
            raise ErrInvalidArgument("on_event must be callable", got=on_event)
        self.policy = policy_of(**policy)
        if self.policy.key is not None:
            raise ErrInvalidArgument("key is for a single job: with_tick_policy(key=…)")
        self.store = store
        self._events = Events(on_event)
        self._closed = False
        self._begin()
        _lockers.add(self)

    def _begin(self) -> None:
        """As new: also in a forked child, where no thread is and no lock can be trusted."""
        self._lock = threading.Lock()
        self._bell = threading.Event()
        # How often the keeper has looked, or has tried to.
        self._looked = threading.Condition(self._lock)
        self._looks = 0
        self._is_looking = False
        self._thread: threading.Thread | None = None
        self._attended: list[Attendance] = []
        # The lives of the records, by key.
        self._known: dict[str, str] = {}
        self._held: dict[str, TickLock] = {}
        self._chores: list[tuple[Callable[[], Generator[Step, Any, object]], Reporter]] = []
        # Runs that were handed to a scheduler to be done again, by the token of the claim that was cut off.
        self._offered: dict[str, Attendance] = {}

    def counts(self) -> dict[TickEventKind, int]:
        """How many events of each kind there were in this process."""
        return self._events.counts()

    def close(self) -> None:
        """End the thread and close the store. For after the shutdown of the schedulers."""
        self._closed = True
        self._bell.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)
        self.store.close()

    # -- for the scheduler -------------------------------------------------------------------------

    def attend(self, jobs: Sequence[Attendance]) -> None:
        """Look after jobs for as long as they are current.

        Waits until the store knows them, at most 2 s: its ticks count from then on.
        """
        with self._looked:
            self._attended += jobs
            due = self._looks + (2 if self._is_looking else 1)
        self._wake()
        with self._looked:
            self._looked.wait_for(lambda: self._looks >= due or self._closed, _LONGEST_REGISTRATION)

    def lock(self, ctx: Context, key: str) -> TickLock:
        """Claim the tick that *ctx* is about. Waits, at most until its start deadline.

        :raises LockError: it may not run here; the subclass says why.
        :raises ErrInvalidArgument: *ctx* does not come from a scheduler.
        """
        check_kind(ctx, Context, "ctx")
        run = tick_of(ctx)
        if run is None:
            raise ErrInvalidArgument("a tick locker needs the context that a scheduler gives to lock()")
        policy = self.policy if run.spec.policy is None else run.spec.policy
        try:
            return self._claim(run, ctx, key, policy)
        except LockError as error:
            self._tell_refusal(run, key, error)
            raise
        finally:
            if run.victim is not None:
                with self._lock:
                    self._offered.pop(run.victim, None)

    # -- claims ------------------------------------------------------------------------------------

    def _claim(self, run: Run, ctx: Context, key: str, policy: TickPolicy) -> TickLock:
        attempt = self._attempt(run, key, policy)
        lease, sent = micros_of(policy.lease), elapsed()
        try:
            granted = self._carry_out(attempt, run, ctx)
        except StoreDown as error:
            if policy.on_store_error == "skip" or run.victim is not None:
                raise
            self._tell(run, TickEventKind.UNGUARDED, key, run.scheduled, str(error))
            return TickLock(run, key, None, lease, sent, lambda lock: None)
        except _Stopped:
            raise ctx.err() or LockError("the locker is closed") from None
        lock = TickLock(run, key, granted.claim, lease, sent, self._release)
        for crashed in granted.crashed:
            self._tell_crash(run.registry.report, key, crashed)
        if run.victim is not None:
            detail = f"attempt {granted.claim.attempt}"
            self._tell(run, TickEventKind.RECOVERED, key, granted.claim.at, detail)
        with self._lock:
            self._held[attempt.token] = lock
        self._start_thread()
        return lock

    def _attempt(self, run: Run, key: str, policy: TickPolicy) -> Attempt:
        wanted, lease, token = self._is_wanted(run, policy), micros_of(policy.lease), secrets.token_hex(12)
        return Attempt(
            key=key,
            token=token,
            decide=self._rule(run, key, policy, token, lease) if wanted else _too_late(run),
            patience=self._patience(run, policy) if wanted else 0,
            elapsed=elapsed,
            lease=None if self._is_exact() else lease,
            known=self._known.get(key),
        )

    def _carry_out(self, attempt: Attempt, run: Run, ctx: Context) -> Granted:
        is_granted = False
        try:
            granted = self._drive(claim_tick(attempt), ctx)
            is_granted = True
            return granted
        finally:
            if attempt.doubtful and not is_granted:
                key, token, versions = attempt.key, attempt.token, tuple(attempt.doubtful)
                self._later(lambda: settle(key, token, versions), run.registry.report)
            self._remember(attempt.key, attempt.known)

    def _remember(self, key: str, life: str | None) -> None:
        if life is None:
            self._known.pop(key, None)
        else:
            self._known[key] = life

    def _is_wanted(self, run: Run, policy: TickPolicy) -> bool:
        """Whether it is not too late. By this machine's own clock: that it is wrong is no reason to give up."""
        if run.victim is not None or run.kind not in (TickKind.GRID, TickKind.ONCE):
            return True
        return policy.wants(run.spec.schedule, run.scheduled, run.registry.now())

    def _patience(self, run: Run, policy: TickPolicy) -> Micros:
        """How long a claim may take."""
        if run.victim is not None:
            return 0
        deadline = policy.deadline_of(run.spec.schedule, run.scheduled)
        late = max(run.registry.now() - run.scheduled, 0)
        return deadline - late if late < deadline else deadline

    def _rule(
        self, run: Run, key: str, policy: TickPolicy, token: str, lease: Micros
    ) -> Callable[[Record | None, Instant], Answer]:
        owner, schedule, victim = self.store.owner, run.spec.schedule, run.victim

        def decide(record: Record | None, now: Instant) -> Answer:
            request = Request(
                at=run.scheduled,
                kind=run.kind,
                token=token,
                owner=owner(),
                lease=lease,
                overlap=policy.overlap,
                max_attempts=policy.attempts,
                period=policy.period(schedule, now) if run.kind is TickKind.START else 0,
                next_at=schedule.next(now) if run.kind is TickKind.DYNAMIC else None,
            )
            alive = self._alive_at(now)
            if victim is None:
                return claim(record, request, key, now, alive)
            return Refused(StoreAmnesia) if record is None else recover(record, victim, request, now, alive)

        return decide

    def _is_exact(self) -> bool:
        return self.store.is_alive("") is not None  # nobody's name: the answer is False, or that it cannot tell

    def _alive_at(self, now: Instant) -> Alive:
        def alive(held: Claim) -> bool:
            answer = self.store.is_alive(held.owner)
            return now < held.until if answer is None else answer

        return alive

    def _release(self, lock: TickLock) -> None:
        run, claimed = lock.run, lock.claim
        assert claimed is not None, "a run without a claim has nothing to release"
        with self._lock:
            self._held.pop(claimed.token, None)
        following = run.spec.schedule.next if run.kind is TickKind.DYNAMIC else None

        def finish() -> Generator[Step, Any, bool]:
            return end(lock.key, claimed.token, following, run.decided)

        try:
            if not self._drive(finish(), None) and lock.lose():
                self._tell(run, TickEventKind.LOST, lock.key, claimed.at, "found out at its end")
        except LockError:
            self._later(finish, run.registry.report)

    # -- telling -----------------------------------------------------------------------------------

    def _tell(self, run: Run, kind: TickEventKind, key: str, at: Instant, detail: str) -> None:
        self._events.tell(run.registry.report, kind, key, at, detail)

    def _tell_crash(self, report: Reporter, key: str, crashed: Claim) -> None:
        detail = f"attempt {crashed.attempt} of {crashed.owner or 'nobody'}"
        self._events.tell(report, TickEventKind.CRASHED, key, crashed.at, detail)

    def _tell_refusal(self, run: Run, key: str, error: LockError) -> None:
        kinds: dict[type[LockError], TickEventKind] = {
            TickMissed: TickEventKind.MISSED,
            TickBusy: TickEventKind.SKIPPED,
            StoreDown: TickEventKind.SKIPPED,
            StoreAmnesia: TickEventKind.AMNESIA,
            StoreCorrupt: TickEventKind.CORRUPT,
        }
        kind = kinds.get(type(error))
        if kind is None or (run.kind is TickKind.DYNAMIC and kind is TickEventKind.SKIPPED and error.retry_after):
            return
        self._tell(run, kind, key, run.scheduled, str(error))
        if kind is TickEventKind.SKIPPED and isinstance(error, StoreDown):
            with self._lock:
                for job in self._attended:
                    if job.key == key:
                        job.owes = run.scheduled + 1

    # -- the keeper --------------------------------------------------------------------------------

    def _later(self, chore: Callable[[], Generator[Step, Any, object]], report: Reporter) -> None:
        with self._lock:
            self._chores.append((chore, report))
        self._wake()

    def _wake(self) -> None:
        self._start_thread()
        self._bell.set()

    def _start_thread(self) -> None:
        if self._thread is not None or self._closed:
            return
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._keep, name="gocron-tick-keeper", daemon=True)
                thread.start()
                self._thread = thread

    def _keep(self) -> None:
        """Renew claims, look for runs that were cut off, do what could not be done at once."""
        pid = os.getpid()
        pause = 0.0
        while pid == os.getpid():
            self._bell.wait(pause)
            if self._closed:
                return
            self._bell.clear()
            pause = self.store.poll
            for part in self._do_chores, self._renew, self._look:
                try:
                    part()
                except LockError:  # the store is down: what runs will tell of it
                    pause = min(pause, _PATIENCE_WITH_STORE)
                except BaseException as error:
                    self._report_fault(error)
            with self._looked:
                self._looks += 1
                self._is_looking = False
                self._looked.notify_all()
                leases = [lock.lease for lock in self._held.values()]
            pause = min([pause, *(lease / SECOND / 3 for lease in leases)])

    def _report_fault(self, error: BaseException) -> None:
        with self._lock:
            reports = {id(job.report): job.report for job in self._attended}
        for report in reports.values():
            report.error("gocron: the tick locker goes on after", "error", error)

    def _do_chores(self) -> None:
        while self._chores:
            chore, _ = self._chores[0]
            try:
                self._drive(chore(), None)
            except StoreCorrupt:  # nothing of ours is left in there
                pass
            with self._lock:
                self._chores.pop(0)

    def _renew(self) -> None:
        exact = self._is_exact()
        with self._lock:
            locks = list(self._held.values())
        for lock in locks:
            now = elapsed()
            if lock.lost or now - lock.renewed < lock.lease // 3 - SECOND // 20:
                continue
            assert lock.claim is not None, "only claims are held"
            try:
                kept = self._drive(keep(lock.key, lock.claim.token, None if exact else lock.lease), None)
            except LockError:
                # Nobody knows; but when the lease is over, somebody else may have taken it.
                kept = exact or elapsed() - lock.renewed < lock.lease
            else:
                if kept:
                    lock.renewed = now
            if not kept and lock.claim.token in self._held and lock.lose():
                detail = "its claim is gone from the store, or was not renewed in time"
                self._tell(lock.run, TickEventKind.LOST, lock.key, lock.claim.at, detail)

    def _look(self) -> None:
        with self._lock:
            self._is_looking = True
            self._attended = [job for job in self._attended if job.is_current()]
            jobs = list(self._attended)
            self._offered = {victim: job for victim, job in self._offered.items() if job.is_current()}
        if not jobs:
            return
        keys = list({job.key: None for job in jobs})
        snapshot, _ = self._drive(register(keys, secrets.token_hex(8)), None)
        for job in jobs:
            entry = snapshot.entries.get(job.key)
            if entry is None or (entry.version == job.version and job.owes is None):
                continue
            try:
                record = decode(entry.text, job.key)
            except StoreCorrupt as error:
                if entry.version != job.version:
                    self._events.tell(job.report, TickEventKind.CORRUPT, job.key, None, str(error))
                    job.version = entry.version
                continue
            self._look_at(job, record, entry.version, self._alive_at(snapshot.now))

    def _look_at(self, job: Attendance, record: Record, version: object, alive: Alive) -> None:
        known = self._known.setdefault(job.key, record.life)
        if known != record.life:
            self._events.tell(job.report, TickEventKind.AMNESIA, job.key, None, "its record was made anew")
            self._remember(job.key, self._drive(forget(job.key, known), None))
            return
        # A record with claims is looked at again: their holders may die without a word.
        job.version = None if record.claims else version
        after, crashed = reap(record, alive, job.policy.attempts)
        if crashed and self._do(Write(job.key, version, encode(after)), None):
            for each in crashed:
                self._tell_crash(job.report, job.key, each)
            record = after
        if job.policy.overlap or not living(record, alive):
            for each in cut_off(record, alive, job.policy.attempts):
                self._offer(job, each.at, each.token)
        if job.owes is not None:
            before, job.owes = job.owes, None
            self._catch_up(job, record, before)

    def _offer(self, job: Attendance, at: Instant, victim: str) -> None:
        with self._lock:
            if victim in self._offered:
                return
            self._offered[victim] = job
        if not job.offer(at, victim):
            with self._lock:
                self._offered.pop(victim, None)

    def _catch_up(self, job: Attendance, record: Record, before: Instant) -> None:
        """Have the ticks run that came while no instance could."""
        if job.kind is TickKind.DYNAMIC:
            return
        last = max((record.floor, *record.seen[-1:]))
        first = job.schedule.next(last)
        if first is None:
            return
        for at in job.policy.owed(job.schedule, first, job.now()):
            if at < before:  # those since then are on the scheduler's own list
                job.offer(at, None)

    # -- the outside -------------------------------------------------------------------------------

    def _drive(self, procedure: Generator[Step, Any, T], ctx: Context | None) -> T:
        """Do the steps of a procedure."""
        reply: object = None
        failure: LockError | None = None
        while True:
            try:
                step = procedure.send(reply) if failure is None else procedure.throw(failure)
            except StopIteration as over:
                result: T = over.value
                return result
            reply = failure = None
            try:
                reply = self._do(step, ctx)
            except LockError as error:
                failure = error

    def _do(self, step: Step, ctx: Context | None) -> object:
        if isinstance(step, Sleep):
            if self._closed or (background() if ctx is None else ctx).wait(step.micros / SECOND):
                raise _Stopped
            return None
        try:
            if isinstance(step, Load):
                return self.store.load(step.keys)
            return self.store.compare_and_set(step.key, step.version, step.text)
        except LockError:
            raise
        except Exception as error:  # a user's own store: nobody knows whether it did what was asked
            raise StoreDown(f"{type(error).__name__}: {error!s:.200}") from error


def _too_late(run: Run) -> Callable[[Record | None, Instant], Answer]:
    """The rule for a tick that is past its deadline: somebody else may have run it in time."""

    def decide(record: Record | None, now: Instant) -> Answer:
        return Refused(TickTaken if record is not None and run.scheduled in record.seen else TickMissed)

    return decide


_lockers: weakref.WeakSet[TickLocker] = weakref.WeakSet()


def _forked() -> None:
    for locker in _lockers:
        locker.store.forked()
        locker._begin()


os.register_at_fork(after_in_child=_forked)
