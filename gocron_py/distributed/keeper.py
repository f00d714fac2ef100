"""The keeper: one thread of a tick locker that renews claims, and looks for runs that were cut off."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, final

from gocron_py.clock import elapsed
from gocron_py.distributed import pauses
from gocron_py.distributed.attendance import Attendance, Attended
from gocron_py.distributed.claim import Step, amend, forget, keep, register, set_paused
from gocron_py.distributed.decision import Alive, Claim, Record, decode, encode, reap
from gocron_py.distributed.driver import Driver
from gocron_py.distributed.elector import CampaigningElector
from gocron_py.distributed.errands import Errand
from gocron_py.distributed.events import Events, TickEventKind
from gocron_py.distributed.held import TickLock
from gocron_py.distributed.owed import with_ticks
from gocron_py.distributed.preference import Peers
from gocron_py.distributed.presence import Instance, Presence
from gocron_py.distributed.store import Snapshot, TickStore
from gocron_py.errors import LockError, StoreCorrupt
from gocron_py.instant import SECOND, Instant, Micros

# What a store has not done is tried again this often, in seconds, when it was down.
_PATIENCE_WITH_STORE = 1.0

# A start waits so long, in seconds, for a store that does not answer; the jobs are registered later then.
_LONGEST_REGISTRATION = 2.0

# Of so many claims it is known when they were last seen to change. One that was forgotten counts as alive.
_MOST_SEEN = 4096

# A claim that could not be renewed in time is tried again so soon.
_RETRY: Micros = SECOND // 2

Chore = Callable[[], Generator[Step, Any, object]]


@final
class Keeper:
    """Keeps what one process holds and attends to; does the steps of procedures on the store."""

    def __init__(self, store: TickStore, events: Events) -> None:
        self.store = store
        self._events = events
        self.pauses = pauses.Pauses()
        self.presence = Presence(store)
        self.driver = Driver(store)
        self.begin()

    def begin(self) -> None:
        """As new: also in a forked child, where no thread is and no lock can be trusted."""
        self.pauses.begin()
        self.presence.begin()
        self.driver.health.begin()
        self.peers = Peers()
        self._lock = threading.Lock()
        self._bell = threading.Event()
        # When the thread looks next, and whether it is to look at once.
        self._rests_until: Micros = 0
        self._is_called = False
        # How often the thread has looked, or has tried to.
        self._looked = threading.Condition(self._lock)
        self._looks = 0
        self._is_looking = False
        self._thread: threading.Thread | None = None
        self._attended = Attended()
        # The lives of the records, by key.
        self._known: dict[str, str] = {}
        self._held: dict[str, TickLock] = {}
        self._chores: list[tuple[Chore, str]] = []
        # By a claim's token: the end of its lease, and when that was first seen. For stores without a clock.
        self._seen: dict[str, tuple[Instant, Micros]] = {}
        # What the last look has loaded, if it was not in vain.
        self._snapshot: Snapshot | None = None
        # Whether the store answered when it was last asked about jobs.
        self._is_answered = False

    def close(self) -> None:
        """End the thread."""
        self.driver.closed = True
        self._bell.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)
        with self._lock:
            held = list(self._held.values())
        for lock in held:
            self._lose(lock, "its locker was closed")
        self._say_goodbye()

    # -- for the locker ----------------------------------------------------------------------------

    def attend(self, jobs: Sequence[Attendance]) -> None:
        """Look after jobs for as long as they are current. Waits until the store knows them, at most 2 s."""
        for job in jobs:
            if job.elector is not None:
                job.elector.tell(self)
        with self._looked:
            self._attended.add(jobs)
            due = self._looks + (2 if self._is_looking else 1)
        self.wake()
        with self._looked:
            self._looked.wait_for(lambda: self._looks >= due or self.driver.closed, _LONGEST_REGISTRATION)

    def begins_to_lead(self, elector: CampaigningElector) -> None:
        """Catch up with what was due while nobody led (a :class:`~gocron_py.distributed.elector.Heir`)."""
        with self._lock:
            jobs = [job for job in self._attended.jobs if job.elector is elector]
            for job in jobs:
                job.begins_to_lead()
        if jobs:
            self.wake()

    def known(self, key: str) -> str | None:
        """The life of the job's record that this process has seen."""
        return self._known.get(key)

    def remember(self, key: str, life: str | None) -> None:
        """The life that it has; ``None``: it has been wiped."""
        if life is None:
            self._known.pop(key, None)
        else:
            self._known[key] = life

    def hold(self, token: str, lock: TickLock) -> None:
        """Renew a claim from now on."""
        with self._lock:
            self._held[token] = lock
            # The thread may rest for longer than the claim may wait.
            is_sooner = _due_at(lock) < self._rests_until
            self._rests_until = min(self._rests_until, _due_at(lock))
        self._start()
        if is_sooner:
            self._bell.set()

    def let_go(self, token: str) -> None:
        """Renew it no more."""
        with self._lock:
            self._held.pop(token, None)

    def later(self, chore: Chore, over: str = "") -> None:
        """Carry out a procedure, as often as it takes until the store has done it.

        :param over: it writes that the run with this token is over, and nothing else.
        """
        with self._lock:
            self._chores.append((chore, over))
        self.wake()

    def over(self) -> list[str]:
        """The tokens of runs that are over, which the store does not know yet: any later write may say it, too."""
        return [token for _, token in self._chores if token] if self._chores else []

    def owe(self, key: str, since: Instant, before: Instant) -> None:
        """Ticks of the job were not run here: those from *since* on, before *before*, if nobody else runs them."""
        with self._lock:
            for job in self._attended.of(key):
                job.owes = with_ticks(job.owes, since, before)

    def saw(self, key: str, record: Record) -> None:
        """A claim has seen the record: before the first look, it is the last to see which tick was run before."""
        for job in self._attended.of(key):
            if job.owes is not None and job.owes.from_last and job.owes.last is None:
                with self._lock:
                    job.owes = None if job.owes is None else job.owes.at(record)

    def ended(self, key: str, fence: int, work: Micros, in_time: bool) -> None:
        """A run of the job has ended here; *in_time*: it was no errand."""
        jobs = self._attended.of(key)
        for job in jobs:
            job.errands.ended(fence, work, in_time)
        if in_time and any(job.errands.are_left for job in jobs):
            self.wake()  # there may be a gap

    def _came_back(self, job: Attendance, errand: Errand, has_run: bool) -> None:
        with self._lock:
            job.errands.came_back(errand, has_run, elapsed())
        if has_run and job.errands.are_left:
            self.wake()

    # -- pauses, and the other instances -------------------------------------------------------------

    def pause(self, key: str, paused: bool) -> None:
        """Pause a job, or have it go on, for all instances."""
        self.pauses.saw_job(key, self.driver.drive(set_paused(key, paused, secrets.token_hex(8))))

    def pause_everything(self, paused: bool) -> None:
        """The same for all jobs of the store."""
        self.pauses.saw(self.driver.drive(pauses.set_standing(paused)))

    def ask_pauses(self, keys: Sequence[str]) -> None:
        """Ask the store what is paused. For before the first look."""
        snapshot = self.driver.load((pauses.KEY, *keys))
        self.pauses.hear(snapshot.entries.get(pauses.KEY))
        for key in keys:
            entry = snapshot.entries.get(key)
            self.pauses.saw_job(key, None if entry is None else decode(entry.text, key))

    def instances(self) -> list[Instance]:
        """The instances, as of the last look; if there was none lately, the store is asked."""
        presence = self.presence
        if not presence.is_fresh():
            self.driver.drive(presence.look(self.driver.load(presence.keys()), lambda error: None))
        return presence.view()

    # -- who lives ---------------------------------------------------------------------------------

    def is_exact(self) -> bool:
        """Whether the store tells who lives."""
        return self.store.is_alive("") is not None  # nobody's name: the answer is False, or that it cannot tell

    def alive_at(self, now: Instant) -> Alive:
        """Who lives at the store's time *now*."""

        def alive(held: Claim) -> bool:
            answer = self.store.is_alive(held.owner)
            if answer is None:
                answer = now < held.until if self.store.has_clock else self._has_changed(held)
            return answer

        return alive

    def _has_changed(self, held: Claim) -> bool:
        """Whether a claim was renewed within its lease, by this machine's clock."""
        with self._lock:
            until, since = self._seen.pop(held.token, (None, 0))
            if until != held.until:
                since = elapsed()
            # Last, as the latest that was asked about: those that are over go first.
            self._seen[held.token] = held.until, since
            if len(self._seen) > _MOST_SEEN:
                del self._seen[next(iter(self._seen))]
        return elapsed() - since < held.lease

    # -- the thread --------------------------------------------------------------------------------

    def wake(self) -> None:
        """Look now."""
        self._start()
        self._is_called = True
        self._bell.set()

    def _start(self) -> None:
        if self._thread is not None or self.driver.closed:
            return
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._keep, name="gocron-tick-keeper", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no thread is to be had now; the next claim tries again
                    return
                self._thread = thread

    def _keep(self) -> None:
        pid = os.getpid()
        while pid == os.getpid():
            self._rest()
            if self.driver.closed:
                return
            pause = self.store.poll
            for part in self._do_chores, self._renew, self._look, self._say:
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
                now = elapsed()
                again = [job.errands.again for job in self._attended.jobs if job.errands.again is not None]
                renewals = [max(_due_at(lock), now + min(lock.lease // 3, _RETRY)) for lock in self._held.values()]
                self._rests_until = min([now + round(pause * SECOND), *again, *renewals])

    def _rest(self) -> None:
        """Until the next look is due, or is called for."""
        while not (self._is_called or self.driver.closed) and (left := self._rests_until - elapsed()) > 0:
            self._bell.wait(left / SECOND)
            self._bell.clear()
        self._is_called = False

    def _report_fault(self, error: BaseException) -> None:
        with self._lock:
            reports = {id(job.report): job.report for job in self._attended.jobs}
        for report in reports.values():
            report.error("gocron: the tick locker goes on after", "error", error)

    def _do_chores(self) -> None:
        while self._chores:
            try:
                self.driver.drive(self._chores[0][0]())
            except StoreCorrupt:  # nothing of ours is left in there
                pass
            with self._lock:
                self._chores.pop(0)

    def _renew(self) -> None:
        exact = self.is_exact()
        with self._lock:
            locks = list(self._held.values())
        for lock in locks:
            now = elapsed()
            assert lock.claim is not None, "only claims are held"
            held = self.store.holds(lock.claim.owner)
            # Where it costs no write, at each look: the sooner does a task hear that its claim is gone.
            pause = min(lock.lease // 3, round(self.store.poll * SECOND)) if exact else lock.lease // 3
            if lock.lost or (held and now - lock.renewed < pause - SECOND // 20):
                continue
            try:
                kept = held and self.driver.drive(keep(lock.key, lock.claim.token, None if exact else lock.lease))
            except LockError:
                # Nobody knows; but when the lease is over, somebody else may have taken it.
                kept = exact or elapsed() - lock.renewed < lock.lease
            else:
                if kept:
                    lock.renewed = now
            if not kept and lock.claim.token in self._held:
                detail = "its claim is gone from the store, or was not renewed in time"
                if not held:
                    detail = "what tells others that this instance lives is gone: a lease, or its file"
                self._lose(lock, detail)

    def _lose(self, lock: TickLock, detail: str) -> None:
        if lock.lose() and lock.claim is not None:
            self._events.tell(lock.run.registry.report, TickEventKind.LOST, lock.key, lock.claim.at, detail)

    def _look(self) -> None:
        with self._lock:
            self._is_looking = True
            self._snapshot = None
            jobs = self._attended.current()
        for job in jobs:
            job.errands.again = None
        if not jobs:
            return
        self._is_answered = False
        keys = list({job.key: None for job in jobs})
        own = (pauses.KEY, *self.presence.keys())
        snapshot, _ = self.driver.drive(register(keys, secrets.token_hex(8), own, self.pauses.of_key))
        self._snapshot, self._is_answered = snapshot, True
        self._look_at_pause(snapshot)
        for job in jobs:
            entry = snapshot.entries.get(job.key)
            if entry is None or (entry.version == job.version and job.owes is None):
                continue
            try:
                record = decode(entry.text, job.key)
            except StoreCorrupt as error:
                self._events.tell_corrupt(job.report, job.key, None, str(error))
                job.version = entry.version
                continue
            self._events.is_whole(job.key)
            try:
                self._look_at(job, record, entry.version, snapshot.now)
            except LockError:
                raise
            except Exception as error:  # a schedule of a user's own
                job.owes, job.version = None, entry.version
                job.report.error("gocron: nothing is caught up with", "job", job.key, "error", error)

    def _look_at_pause(self, snapshot: Snapshot) -> None:
        was_paused, entry = self.pauses.everything, snapshot.entries.get(pauses.KEY)
        try:
            self.pauses.look(entry)
        except StoreCorrupt as error:
            self._complain(error)
        if was_paused and not self.pauses.everything:
            with self._lock:
                for job in self._attended.jobs:
                    job.version = None
        if entry is None and self.pauses.everything:
            self.driver.drive(pauses.set_standing(True))

    def _say(self) -> None:
        """Say that this instance is there, and see who else is."""
        snapshot = self._snapshot
        if snapshot is None:
            return
        with self._lock:
            answers = {job.leads() for job in self._attended.jobs}
            group = self.peers.group(frozenset(job.key for job in self._attended.jobs))
        leads = True if True in answers else False if False in answers else None
        self.driver.drive(self.presence.look(snapshot, self._complain))
        self.driver.drive(self.presence.tell(snapshot, leads, group))
        self.peers.saw(self.store.owner(), self.presence.peers(group))

    def _say_goodbye(self) -> None:
        if not self._is_answered:
            return  # it was not there, or the store does not answer
        try:
            snapshot = self.driver.load(self.presence.keys())
            self.driver.drive(self.presence.look(snapshot, lambda error: None))
            self.driver.drive(self.presence.tell(snapshot, None, gone=True))
        except LockError:  # then the others see it by the clock
            pass

    def _complain(self, error: StoreCorrupt) -> None:
        with self._lock:
            report = next((job.report for job in self._attended.jobs), None)
        if report is not None:
            self._events.tell(report, TickEventKind.CORRUPT, "", None, str(error))

    def _look_at(self, job: Attendance, record: Record, version: object, now: Instant) -> None:
        """Look at a job's record at the store's time *now*."""
        alive = self.alive_at(now)
        known = self._known.setdefault(job.key, record.life)
        if known != record.life:
            self._events.tell(job.report, TickEventKind.AMNESIA, job.key, None, "its record was made anew")
            paused = self.pauses.of_key(job.key)
            self.remember(job.key, self.driver.drive(forget(job.key, known, paused)))
            return
        self.pauses.saw_job(job.key, record)
        # A record with claims is looked at again: their holders may die without a word.
        job.version = None if record.claims or record.owed else version
        after, crashed = reap(record, alive, job.policy.attempts)
        if crashed and self.driver.write(job.key, version, encode(after)):
            for each in crashed:
                self._events.tell_crash(job.report, job.key, each)
            record = after
        if record.paused or self.pauses.everything:
            job.owes = None  # nobody catches up with what came before the pause's end
            return
        current = self._note(job, record, now)
        if current is not None:
            for errand in job.errands.due(current, alive, job.now(), elapsed()):
                self._hand(job, errand)

    def _note(self, job: Attendance, record: Record, now: Instant) -> Record | None:
        """Write into the record what this instance knows to be owed. ``None``: the record is gone.

        :param now: the store's: this machine's clock may be ahead.
        """
        with self._lock:
            owed = job.owes = None if job.owes is None else job.owes.at(record)
        resumed = self.pauses.resumed
        change = partial(job.noted, owed=owed, resumed=resumed, now=now)
        after: Record | None = record
        if change(record) != record:
            job.version = None
            after = self.driver.drive(amend(job.key, record.life, change))
        with self._lock:
            if job.owes is owed:  # nothing has been added meanwhile
                job.owes = None
        return after

    def _hand(self, job: Attendance, errand: Errand) -> None:
        handed = replace(errand, over=lambda has_run: self._came_back(job, errand, has_run))
        with self._lock:
            job.errands.out.add(handed)
        if not job.offer(handed):  # there is no room for it now
            with self._lock:
                job.errands.out.discard(errand)


def _due_at(lock: TickLock) -> Micros:
    """When a claim is to be renewed."""
    return lock.renewed + lock.lease // 3
