"""An instance of the fleet, as the scheduler and the tick locker behave together, on the procedures of the library."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from gocron_py.demo.jobs import FleetJob
from gocron_py.demo.log import Line
from gocron_py.distributed import claim as procedures
from gocron_py.distributed.claim import Attempt, Load, Sleep, Step, Write
from gocron_py.distributed.decision import (
    Alive,
    Answer,
    Claim,
    Record,
    Refused,
    Request,
    claim,
    encode,
    finish,
    freed,
    reap,
    recover,
    unclaim,
)
from gocron_py.distributed.errands import Errand, Errands
from gocron_py.distributed.owed import Owed, noted, with_ticks
from gocron_py.distributed.preference import FIRST_LOOK, Turn, Watch, rank, room_of
from gocron_py.distributed.tick import TickKind
from gocron_py.errors import LockError, StoreAmnesia, StoreDown, TickBusy, TickMissed, TickPaused, TickTaken
from gocron_py.instant import micros_of

from .engine import BEGIN, SECOND, Activity, Host, World, record_of


@dataclass
class Rules:
    """What the instances go by; mutants have wrong ones.

    :ivar exact: whether the store tells who lives.
    """

    exact: bool
    claim: Callable[..., Answer] = claim
    recover: Callable[..., Answer] = recover
    settles: bool = True


@dataclass
class Held:
    """A claim that the instance holds."""

    claim: Claim
    renewed: int
    lost: bool = False


class Instance(Host):
    """One process."""

    def __init__(
        self, world: World, name: str, number: int, jobs: list[FleetJob], skew: int, rules: Rules, lines: list[Line]
    ) -> None:
        super().__init__(world, name)
        self.number = number
        self.skew = skew
        self.rules = rules
        self.lines = lines
        self.held: dict[str, tuple[str, Held]] = {}
        self.chores: list[tuple[Callable[[], Generator[Step, Any, Any]], str]] = []
        self.known: dict[str, str] = {}
        # By key: whether the job is paused, and the last fence of before, as of the last look.
        self.paused: dict[str, bool] = {}
        self.fences: dict[str, int] = {}
        self.tokens = 0
        # Ticks that are left to others, by their moments; how each goes on.
        self.watches: dict[int, Watch] = {}
        self.waiting: dict[Turn, Callable[[], Activity]] = {}
        self.jobs = {key_of(job): job for job in jobs}
        self.schedules = {key: job.schedule(BEGIN) for key, job in self.jobs.items()}
        self.policies = {key: job.tick_policy() for key, job in self.jobs.items()}
        # As in the locker: ticks before this may have to be caught up with.
        self.owes: dict[str, Owed | None] = dict.fromkeys(self.jobs, Owed(self.clock()))
        self.errands = {key: Errands(self.policies[key], self.schedules[key]) for key in self.jobs}
        # Set where a look may find something sooner than the next one would.
        self.rung = False
        self.has_looked = False
        self._log("born")
        for key in self.jobs:
            self.spawn(self._execute(key))
        self.spawn(self._keep())

    def clock(self) -> int:
        """This machine's, which may be wrong."""
        return self.world.now + self.skew

    def _log(self, what: str, job: str = "-", at: int = 0, attempt: int = 0, fence: int = 0) -> None:
        self.lines.append(Line(what, self.world.now, self.number, job, at, attempt, fence))

    # -- the scheduler -----------------------------------------------------------------------------

    def _execute(self, key: str) -> Activity:
        schedule, policy = self.schedules[key], self.policies[key]
        born, began = self.world.now, self.clock()
        while not self.has_looked and self.world.now < born + 2 * SECOND:  # as a start does
            yield Sleep(SECOND // 100)
        # What came due meanwhile is left to the locker.
        self.owes[key] = with_ticks(self.owes[key], began, self.clock() + 1)
        tick = schedule.next(self.clock())
        while tick is not None:
            while (left := tick - self.clock()) > 0:
                yield Sleep(min(left, SECOND // 2))
            following = policy.following(schedule, tick, self.clock())
            if policy.is_behind(schedule, tick, self.clock()) and following is not None:
                self.owes[key] = with_ticks(self.owes[key], tick, min(following, self.clock() + 1))
            else:
                self.spawn(self._run(key, tick, None))
            tick = following

    # -- claims ------------------------------------------------------------------------------------

    def _token(self) -> str:
        self.tokens += 1
        return f"{self.name}.{self.tokens}"

    def _alive_at(self, now: int) -> Alive:
        if self.rules.exact:
            return lambda held: self.fleet_alive(held.owner)
        return lambda held: now < held.until

    def fleet_alive(self, owner: str) -> bool:
        """Set by the fleet."""
        raise NotImplementedError

    def peers(self) -> list[str]:
        """Set by the fleet: the other instances, as this one believes them to be."""
        raise NotImplementedError

    def _rule(self, key: str, at: int, token: str, errand: Errand | None) -> Callable[[Record | None, int], Answer]:
        policy = self.policies[key]
        lease = micros_of(policy.lease)
        victim = None if errand is None else errand.victim
        is_owed = errand is not None and victim is None
        request = Request(at, TickKind.GRID, token, self.name, lease, policy.overlap, policy.attempts, is_owed=is_owed)

        def decide(record: Record | None, now: int) -> Answer:
            alive = self._alive_at(now)
            if record is not None:
                before = self.owes[key]
                self.owes[key] = None if before is None else before.at(record)
                record = freed(record, [over for _, over in self.chores if over])
            if victim is None:
                return self.rules.claim(record, request, key, now, alive)
            return Refused(StoreAmnesia) if record is None else self.rules.recover(record, victim, request, now, alive)

        return decide

    def _run_errand(self, key: str, errand: Errand) -> Activity:
        self.errands[key].out.add(errand)
        yield from self._run(key, errand.at, errand)

    def _run(self, key: str, at: int, errand: Errand | None) -> Activity:
        token = self._token()
        policy, schedule = self.policies[key], self.schedules[key]
        attempt = Attempt(
            key=key,
            token=token,
            decide=self._rule(key, at, token, errand),
            patience=0 if errand else policy.deadline_of(schedule, at),
            elapsed=lambda: self.world.now,
            lease=None if self.rules.exact else micros_of(policy.lease),
            known=self.known.get(key),
            paused=self.paused.get(key, False),
            dice=self.world.dice.random,
        )
        if errand is None:
            self._give_up_if_late(attempt, at)
        if errand is not None or not self._leave_to_others(attempt, at):
            yield from self._claim(attempt, at, errand)

    def _give_up_if_late(self, attempt: Attempt, at: int) -> None:
        policy, schedule = self.policies[attempt.key], self.schedules[attempt.key]
        if not policy.wants(schedule, at, self.clock()):
            attempt.decide = lambda record, now: Refused(_why_too_late(record, at))
            attempt.patience = 0

    def _leave_to_others(self, attempt: Attempt, at: int) -> bool:
        """As in the locker: another instance is to claim the tick first."""
        job, key, now = self.jobs[attempt.key], attempt.key, self.world.now
        place = rank(key, self.name, self.peers())
        following = self.schedules[key].next(at)
        deadline = self.policies[key].deadline_of(self.schedules[key], at)
        room = room_of(deadline, deadline if following is None else following - at, self.clock() - at)
        if not place or room < FIRST_LOOK:
            return False
        if at not in self.watches:
            self.watches[at] = Watch(FIRST_LOOK, now + FIRST_LOOK)
            self.spawn(self._watch(at))
        turn = Turn(at, place, now + room, attempt)

        def go_on() -> Activity:
            attempt.patience = max(attempt.patience - (self.world.now - now), 0)
            attempt.known, attempt.paused = self.known.get(key), self.paused.get(key, False)
            self._give_up_if_late(attempt, at)
            return self._claim(attempt, at, None)

        self.world.note(self.name, job.name, at - BEGIN, "leaves it to others, as number", place)
        self.waiting[turn] = go_on
        self.watches[at].enter(turn)
        return True

    def _watch(self, at: int) -> Activity:
        watch = self.watches[at]
        while True:
            while (left := watch.due - self.world.now) > 0:
                yield Sleep(left)
            asked = self.world.now
            try:
                over = watch.look((yield Load(watch.keys())), asked, self.world.now)
            except StoreDown:
                over, watch.turns = watch.turns, []
            if not watch.turns:  # before any of them goes on, and others come
                del self.watches[at]
            for turn in over:
                self.spawn(self.waiting.pop(turn)())
            if not watch.turns:
                return

    def _claim(self, attempt: Attempt, at: int, errand: Errand | None) -> Activity:
        key, token, job = attempt.key, attempt.token, self.jobs[attempt.key]
        sent = self.world.now if attempt.glance is None else attempt.glance.asked
        try:
            granted = yield from procedures.claim_tick(attempt)
        except LockError as error:
            self.world.note(self.name, job.name, at - BEGIN, type(error).__name__)
            if errand is None and (isinstance(error, StoreDown) or (isinstance(error, TickBusy) and attempt.was_down)):
                self.owes[key] = with_ticks(self.owes[key], at, at + 1)
            if attempt.doubtful and self.rules.settles:
                versions = tuple(attempt.doubtful)
                self.chores.append((lambda: procedures.settle(key, token, versions), ""))
            if errand is not None:
                self.errands[key].came_back(errand, False, self.world.now)
            return
        finally:
            self._remember(key, attempt.known)
        policy, schedule = self.policies[key], self.schedules[key]
        if errand is None and not policy.wants(schedule, at, self.clock() - attempt.early):
            self.world.note(self.name, job.name, at - BEGIN, "answered too late")
            self._log("gave_up", job.name, at)
            yield from self._finish(key, token, is_over=True)
            return
        held = Held(granted.claim, sent)
        self.held[token] = key, held
        yield Sleep(self.world.dice.randrange(1, 2000))  # where a stall is the worst
        # As in the registry: a pause has come between the grant and the task.
        began = held.claim.fence > self.fences.get(key, 0)
        if began:
            yield from self._work(job, held, errand)
        del self.held[token]
        yield from self._finish(key, token, began or errand is None or errand.victim is None)
        if began:
            self.errands[key].ended(held.claim.fence, round(job.work * SECOND), in_time=errand is None)
            self.rung |= self.errands[key].are_left
        if errand is not None:
            self.errands[key].came_back(errand, began, self.world.now)

    def _remember(self, key: str, life: str | None) -> None:
        if life is None:
            self.known.pop(key, None)
        else:
            self.known[key] = life

    def _work(self, job: FleetJob, held: Held, errand: Errand | None) -> Activity:
        claimed = held.claim
        late = "" if errand is None or errand.victim is not None else "as it was owed"
        self.world.note(self.name, "RUNS", job.name, claimed.at - BEGIN, "attempt", claimed.attempt, late)
        self._log("start", job.name, claimed.at, claimed.attempt, claimed.fence)
        end = self.world.now + round(job.work * SECOND)
        while self.world.now < end and not held.lost:
            yield Sleep(min(end - self.world.now, SECOND // 4))
        self._log("end", job.name, claimed.at, claimed.attempt, claimed.fence)

    def _finish(self, key: str, token: str, is_over: bool) -> Activity:
        how = finish if is_over else unclaim
        try:
            yield from procedures.end(key, token, how)
        except LockError:
            self.chores.append((lambda: procedures.end(key, token, how), token if is_over else ""))

    # -- the keeper --------------------------------------------------------------------------------

    def _keep(self) -> Activity:
        poll = SECOND // 2
        announced = False
        while True:
            try:
                while self.chores:
                    yield from self.chores[0][0]()
                    self.chores.pop(0)
                yield from self._renew()
                yield from self._look()
                self.has_looked = True
                if not announced:
                    announced = True
                    for job in self.jobs.values():
                        self._log("attend", job.name, self.skew)
            except LockError:
                pass
            again = min((each.again for each in self.errands.values() if each.again is not None), default=None)
            until = self.world.now + poll if again is None else min(again, self.world.now + poll)
            nap = SECOND // 50 if any(each.are_left for each in self.errands.values()) else poll
            while not self.rung and self.world.now < until:
                yield Sleep(min(until - self.world.now, nap))
            self.rung = False

    def _renew(self) -> Activity:
        for token, (key, held) in list(self.held.items()):
            lease = micros_of(self.policies[key].lease)
            sent = self.world.now
            if held.lost or sent - held.renewed < lease // 3 - SECOND // 20:
                continue
            try:
                kept = yield from procedures.keep(key, token, None if self.rules.exact else lease)
            except LockError:
                kept = self.rules.exact or self.world.now - held.renewed < lease
            else:
                held.renewed = sent if kept else held.renewed
            held.lost = not kept and token in self.held

    def _look(self) -> Activity:
        keys = list(self.jobs)
        for errands in self.errands.values():
            errands.again = None
        paused = self.paused
        snapshot, _ = yield from procedures.register(keys, self._token(), (), lambda key: paused.get(key, False))
        alive = self._alive_at(snapshot.now)
        for key, entry in snapshot.entries.items():
            policy, record = self.policies[key], record_of(entry.text, key)
            known = self.known.setdefault(key, record.life)
            if known != record.life:
                self._remember(key, (yield from procedures.forget(key, known, paused.get(key, False))))
                continue
            paused[key] = record.paused
            after, crashed = reap(record, alive, policy.attempts)
            if crashed and (yield Write(key, entry.version, encode(after))):
                record = after
            if record.paused:
                self.fences[key], self.owes[key] = record.fence, None
                continue
            current = yield from self._note(key, record)
            if current is not None:
                for errand in self.errands[key].due(current, alive, self.clock(), self.world.now):
                    self.spawn(self._run_errand(key, errand))

    def _note(self, key: str, record: Record) -> Generator[Step, Any, Record | None]:
        before = self.owes[key]
        owed = self.owes[key] = None if before is None else before.at(record)
        schedule, policy, now = self.schedules[key], self.policies[key], self.clock()

        def change(record: Record) -> Record:
            return noted(record, owed, schedule, policy, now)

        after: Record | None = record
        if change(record) != record:
            after = yield from procedures.amend(key, record.life, change)
        if self.owes[key] is owed:
            self.owes[key] = None
        return after


def _why_too_late(record: Record | None, at: int) -> type[LockError]:
    if record is not None and at in record.seen:
        return TickTaken
    return TickPaused if record is not None and record.paused else TickMissed


def key_of(job: FleetJob) -> str:
    """The key of a job's record."""
    return job.policy.get("key") or job.name
