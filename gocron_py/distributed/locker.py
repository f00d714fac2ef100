"""The tick locker: claims for the runs of this process's schedulers, on a store that processes share."""

from __future__ import annotations

import os
import secrets
import weakref
from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Unpack

from gocron_py.clock import elapsed
from gocron_py.context import Context
from gocron_py.distributed.attendance import Attendance
from gocron_py.distributed.claim import Attempt, Step, claim_tick, end, settle
from gocron_py.distributed.decision import (
    Answer,
    Granted,
    Record,
    Refused,
    Request,
    claim,
    cut,
    finish,
    freed,
    recover,
    unclaim,
)
from gocron_py.distributed.driver import Stopped
from gocron_py.distributed.events import EventCallback, Events, TickEvent, TickEventKind
from gocron_py.distributed.health import StoreHealth
from gocron_py.distributed.held import TickLock
from gocron_py.distributed.keeper import Keeper
from gocron_py.distributed.names import job_key
from gocron_py.distributed.policy import PolicyOverrides, TickPolicy, policy_of
from gocron_py.distributed.preference import room_of
from gocron_py.distributed.presence import Instance
from gocron_py.distributed.store import TickStore
from gocron_py.distributed.tick import TickKind, tick_of
from gocron_py.distributed.turns import Resume, Turns, Waiting
from gocron_py.errors import (
    ErrInvalidArgument,
    LockError,
    StoreAmnesia,
    StoreCorrupt,
    StoreDown,
    TickBusy,
    TickEarly,
    TickMissed,
    TickPaused,
    TickStale,
    TickTaken,
    check_kind,
)
from gocron_py.instant import SECOND, Instant, Micros, micros_of
from gocron_py.monitor import JobStatus

if TYPE_CHECKING:
    from gocron_py.run import Run

GRANTED_TOO_LATE: Final = "it was granted too late, and given up"
"""What a :exc:`~gocron_py.TickMissed` says where nobody else can have run the tick."""

_CLOSED: Final = "the locker is closed"


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
        self._keeper = Keeper(store, self._events)
        self._driver = self._keeper.driver
        self.pauses = self._keeper.pauses
        self._turns = Turns(self._driver, store.pause, self._attempt_of)
        _lockers.add(self)

    def counts(self) -> dict[TickEventKind, int]:
        """How many events of each kind there were in this process."""
        return self._events.counts()

    def recent_events(self) -> list[TickEvent]:
        """The last 200 events of this process, oldest first."""
        return self._events.recent()

    def health(self) -> StoreHealth:
        """Whether the store answered the last call, and since when that is so. Asks nothing."""
        return self._driver.health.state()

    @property
    def label(self) -> str:
        """What other instances see of this one beside its host and pid; the program's name, unless it is set.

        :raises ErrInvalidArgument: set to something else than a text of at most 100 characters.
        """
        return self._keeper.presence.label

    @label.setter
    def label(self, label: str) -> None:
        check_kind(label, str, "label")
        if len(label) > 100:
            raise ErrInvalidArgument("label must be of 100 characters at most", got=label)
        self._keeper.presence.label = label

    def instances(self) -> list[Instance]:
        """The processes that share the store, those that came first first; at most 128, dead ones for an hour or more.

        As of the keeper's last look at the store. If there was none lately, the store is asked.

        :raises StoreDown: it cannot be reached.
        """
        return self._keeper.instances()

    def window(self) -> timedelta:
        """An instance that was not seen for so long counts as dead, where the store cannot tell exactly."""
        return timedelta(seconds=self._keeper.presence.window)

    def close(self) -> None:
        """End the thread and close the store. For after the shutdown of the schedulers.

        A run that still goes on loses its claim.
        """
        self._keeper.close()
        self._turns.close()
        self.store.close()

    # -- for the scheduler -------------------------------------------------------------------------

    def attend(self, jobs: Sequence[Attendance]) -> None:
        """Look after jobs for as long as they are current.

        Waits until the store knows them, at most 2 s: its ticks count from then on.
        """
        for job in jobs:
            job.key = job_key(job.key)
        self._keeper.attend(jobs)
        if jobs and (why := self._unusable()):  # the first tick, which would tell of it, may be a nightly one
            said = "gocron: the store of locks cannot be used"
            jobs[0].report.warn_now_and_then(f"attend {id(self)}", said, "why", why)
            self._driver.health.complain(jobs[0].report)

    def catch_up(self, key: str, since: Instant, before: Instant) -> None:
        """Ticks of a job, from *since* on and before *before*, are late. They run if nobody else has run them."""
        self._keeper.owe(job_key(key), since, before)
        self._keeper.wake()

    def defer(self, run: Run, resume: Resume) -> bool:
        """Whether the run waits, for another instance is to claim its tick first; *resume* is given it later.

        Calls nothing of a user's but the job's schedule.
        """
        if run.errand is not None or run.kind not in _SHARED or not self._keeper.peers.others:
            return False
        rank = self._keeper.peers.rank(job_key(run.spec.key))
        if not rank:
            return False
        policy, schedule, at = self._policy_of(run), run.spec.schedule, run.scheduled
        following = schedule.next(at)
        deadline = policy.deadline_of(schedule, at)
        room = room_of(deadline, deadline if following is None else following - at, run.registry.now() - at)
        return self._turns.has_room(room) and self._turns.enter(Waiting(run, rank, elapsed() + room, resume))

    def hurry(self) -> None:
        """Runs that wait may have been cancelled."""
        self._turns.hurry()

    def lock(self, ctx: Context, key: str) -> TickLock:
        """Claim the tick that *ctx* is about. Waits, at most until its start deadline.

        :raises LockError: it may not run here; the subclass says why.
        :raises ErrInvalidArgument: *ctx* does not come from a scheduler.
        """
        check_kind(ctx, Context, "ctx")
        run = tick_of(ctx)
        if run is None:
            raise ErrInvalidArgument("a tick locker needs the context that a scheduler gives to lock()")
        if self._driver.closed:  # nobody would renew the claim
            raise StoreDown(_CLOSED)
        policy, key = self._policy_of(run), job_key(key)
        if run.errand is None and run.kind in _NAMED and self._is_behind(run, policy):  # it waited long for a worker
            self._keeper.owe(key, run.scheduled, run.scheduled + 1)
        try:
            return self._claim(run, ctx, key, policy)
        except LockError as error:
            self._tell_refusal(run, key, error)
            raise

    def set_paused(self, name: str, paused: bool) -> None:
        """Pause the job of that name or key for all instances, or have it go on.

        :raises StoreDown: nobody knows whether that was written.
        """
        self._keeper.pause(job_key(name), paused)

    def set_everything_paused(self, paused: bool) -> None:
        """Pause all schedulers that share the store, or have them go on.

        :raises StoreDown: nobody knows whether that was written.
        """
        self._keeper.pause_everything(paused)

    def is_paused(self, name: str) -> bool:
        """Whether the job of that name or key is paused, as of the last look at the store.

        :raises StoreDown: there was none yet, and the store cannot be reached.
        """
        if self.pauses.of_job(name) is None:
            self._keeper.ask_pauses((job_key(name),))
        return bool(self.pauses.of_job(name))

    def is_everything_paused(self) -> bool:
        """Whether all schedulers that share the store are paused, as of the last look at it.

        :raises StoreDown: there was none yet, and the store cannot be reached.
        """
        if self.pauses.everything is None:
            self._keeper.ask_pauses(())
        return bool(self.pauses.everything)

    def _unusable(self) -> str:
        """Why, if it is so."""
        if self._driver.closed:
            return _CLOSED
        health = self.health()
        return "" if health.reachable else health.error or "it has not answered yet"

    # -- claims ------------------------------------------------------------------------------------

    def _claim(self, run: Run, ctx: Context, key: str, policy: TickPolicy) -> TickLock:
        attempt = self._attempt(run, key, policy) if run.waited is None else self._waited(run, run.waited, key, policy)
        lease, sent = micros_of(policy.lease), elapsed() if attempt.glance is None else attempt.glance.asked
        try:
            granted = self._carry_out(attempt, run, ctx)
        except StoreDown as error:
            if policy.on_store_error == "skip" or run.errand is not None:
                raise
            if self.pauses.of_key(key) and run.kind is not TickKind.MANUAL:
                raise TickPaused("as far as is known: the store cannot be reached") from error
            self._tell(run, TickEventKind.UNGUARDED, key, run.scheduled, str(error))
            return TickLock(run, key, None, lease, sent, lambda lock: None)
        except Stopped:
            raise ctx.err() or StoreDown(_CLOSED) from None
        for crashed in granted.crashed:
            self._events.tell_crash(run.registry.report, key, crashed)
        if not self._is_wanted(run, policy, attempt.early):  # the answer took too long: the tick is over for all
            self._keeper.later(lambda: end(key, attempt.token, finish), over=attempt.token)
            raise TickMissed(GRANTED_TOO_LATE)
        lock = TickLock(run, key, granted.claim, lease, sent, self._release)
        if run.victim is not None:
            detail = f"attempt {granted.claim.attempt}"
            self._tell(run, TickEventKind.RECOVERED, key, granted.claim.at, detail)
        self._keeper.hold(attempt.token, lock)
        return lock

    def _attempt_of(self, run: Run) -> Attempt:
        return self._attempt(run, job_key(run.spec.key), self._policy_of(run))

    def _policy_of(self, run: Run) -> TickPolicy:
        return self.policy if run.spec.settings.policy is None else run.spec.settings.policy

    def _waited(self, run: Run, attempt: Attempt, key: str, policy: TickPolicy) -> Attempt:
        """The claim of a run that has been left to others for a while."""
        run.waited = None
        if not self._is_wanted(run, policy):  # this process was frozen meanwhile
            return self._attempt(run, key, policy)
        attempt.patience = self._patience(run, policy)
        attempt.known, attempt.paused = self._keeper.known(key), self.pauses.of_key(key)
        return attempt

    def _attempt(self, run: Run, key: str, policy: TickPolicy) -> Attempt:
        wanted, lease, token = self._is_wanted(run, policy), micros_of(policy.lease), secrets.token_hex(12)
        return Attempt(
            key=key,
            token=token,
            decide=self._rule(run, key, policy, token, lease) if wanted else _too_late(run),
            patience=self._patience(run, policy) if wanted else 0,
            elapsed=elapsed,
            lease=None if self._keeper.is_exact() else lease,
            known=self._keeper.known(key),
            pause=round(self.store.pause * SECOND),
            paused=self.pauses.of_key(key),
        )

    def _carry_out(self, attempt: Attempt, run: Run, ctx: Context) -> Granted:
        is_granted = False
        try:
            granted = self._driver.drive(claim_tick(attempt), ctx)
            is_granted = True
            return granted
        except TickBusy:
            # Perhaps by a run that is late itself, begun while this one could not ask.
            if attempt.was_down and run.errand is None:
                self._keeper.owe(attempt.key, run.scheduled, run.scheduled + 1)
            raise
        finally:
            if attempt.doubtful and not is_granted:
                key, token, versions = attempt.key, attempt.token, tuple(attempt.doubtful)
                self._keeper.later(lambda: settle(key, token, versions))
            self._keeper.remember(attempt.key, attempt.known)

    def _is_wanted(self, run: Run, policy: TickPolicy, early: Micros = 0) -> bool:
        """Whether it is not too late. By this machine's own clock: that it is wrong is no reason to give up.

        :param early: how far the tick was still to come by the store's clock.
        """
        if run.errand is not None or run.kind not in _NAMED:
            return True
        return policy.wants(run.spec.schedule, run.scheduled, run.registry.now() - early)

    def _is_behind(self, run: Run, policy: TickPolicy) -> bool:
        return policy.is_behind(run.spec.schedule, run.scheduled, run.registry.now())

    def _patience(self, run: Run, policy: TickPolicy) -> Micros:
        """How long a claim may take."""
        if run.errand is not None:  # it is tried again
            return 0
        deadline = policy.deadline_of(run.spec.schedule, run.scheduled)
        late = max(run.registry.now() - run.scheduled, 0)
        return deadline - late if late < deadline else deadline

    def _rule(
        self, run: Run, key: str, policy: TickPolicy, token: str, lease: Micros
    ) -> Callable[[Record | None, Instant], Answer]:
        owner, schedule, victim = self.store.owner, run.spec.schedule, run.victim
        is_owed = run.errand is not None and victim is None

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
                is_owed=is_owed,
            )
            alive = self._keeper.alive_at(now)
            if record is not None:
                self._events.is_whole(key)
                self.pauses.saw_job(key, record)
                self._keeper.saw(key, record)
                record = freed(record, self._keeper.over())
            if is_owed and run.scheduled <= self.pauses.resumed:
                return Refused(TickStale)
            if victim is None:
                return claim(record, request, key, now, alive)
            return Refused(StoreAmnesia) if record is None else recover(record, victim, request, now, alive)

        return decide

    def _release(self, lock: TickLock) -> None:
        run, claimed = lock.run, lock.claim
        assert claimed is not None, "a run without a claim has nothing to release"
        if run.started is not None:
            past = claimed.at, run.started, run.completed, run.outcome, claimed.attempt, claimed.fence
            self._keeper.presence.ran((run.spec.key, *past))
        self._keeper.let_go(claimed.token)
        how, following = self._end_of(lock), None
        if how is finish and run.kind is TickKind.DYNAMIC:
            following = run.spec.schedule.next

        def ending() -> Generator[Step, Any, bool]:
            return end(lock.key, claimed.token, how, following)

        try:
            if not self._driver.drive(ending()) and lock.lose():
                self._tell(run, TickEventKind.LOST, lock.key, claimed.at, "found out at its end")
        except LockError:
            # Where ticks count from the end of a run, what is to be written says more.
            is_over = how is finish and following is None
            self._keeper.later(ending, over=claimed.token if is_over else "")
        if run.started is not None:
            work = (run.completed or run.started) - run.started
            self._keeper.ended(lock.key, claimed.fence, work, in_time=run.errand is None)

    def _end_of(self, lock: TickLock) -> Callable[[Record | None, str], Record | None]:
        run = lock.run
        if not run.decided:
            return unclaim
        # The task was told to stop, and nobody took it over: it is to be begun again, if that is wanted.
        is_cut = lock.lost is not None and run.outcome == JobStatus.FAIL.value and self._policy_of(run).attempts > 1
        return cut if is_cut else finish

    # -- telling -----------------------------------------------------------------------------------

    def _tell(self, run: Run, kind: TickEventKind, key: str, at: Instant, detail: str) -> None:
        self._events.tell(run.registry.report, kind, key, at, detail)

    def _tell_refusal(self, run: Run, key: str, error: LockError) -> None:
        kinds: dict[type[LockError], TickEventKind] = {
            TickMissed: TickEventKind.MISSED,
            TickBusy: TickEventKind.SKIPPED,
            StoreDown: TickEventKind.SKIPPED,
            StoreAmnesia: TickEventKind.AMNESIA,
            StoreCorrupt: TickEventKind.CORRUPT,
        }
        kind = kinds.get(type(error))
        if isinstance(error, StoreDown):
            self._driver.health.complain(run.registry.report)
        comes_again = run.errand is not None or (run.kind is TickKind.DYNAMIC and error.retry_after)
        if kind is None or (kind is TickEventKind.SKIPPED and comes_again):
            return
        if kind is TickEventKind.CORRUPT:
            self._events.tell_corrupt(run.registry.report, key, run.scheduled, str(error))
            return
        self._tell(run, kind, key, run.scheduled, str(error))
        if kind is TickEventKind.SKIPPED and isinstance(error, StoreDown):
            self._keeper.owe(key, run.scheduled, run.scheduled + 1)


def _too_late(run: Run) -> Callable[[Record | None, Instant], Answer]:
    """The rule for a tick that is past its deadline: somebody else may have run it in time."""

    def decide(record: Record | None, now: Instant) -> Answer:
        if record is not None and run.scheduled in record.seen:
            return Refused(TickTaken)
        if run.scheduled > now:  # too late only by this machine's clock, which is ahead
            return Refused(TickEarly)
        return Refused(TickPaused if record is not None and record.paused else TickMissed)

    return decide


# Kinds of ticks that many instances try to get at one moment.
_SHARED = (TickKind.GRID, TickKind.ONCE, TickKind.DYNAMIC)

# Kinds of ticks that all instances know by the same name.
_NAMED = (TickKind.GRID, TickKind.ONCE)

_lockers: weakref.WeakSet[TickLocker] = weakref.WeakSet()


def _forked() -> None:
    for locker in _lockers:
        locker.store.forked()
        locker._keeper.begin()
        locker._turns.begin()


os.register_at_fork(after_in_child=_forked)
