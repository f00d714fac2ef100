"""A world from a seed: what instances there are, what befalls them, and whether the promise was kept."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from gocron_py import cron_job, duration_job, duration_random_job
from gocron_py.demo.jobs import FleetJob
from gocron_py.demo.ledger import Account, Ledger
from gocron_py.demo.log import Line
from gocron_py.distributed.claim import Sleep, set_paused
from gocron_py.distributed.store import Entry
from gocron_py.errors import LockError
from gocron_py.instant import micros_of

from .engine import BEGIN, SECOND, Activity, Host, Network, World, record_of
from .instance import Instance, Rules, key_of

MINUTE = 60 * SECOND


@dataclass
class Outcome:
    """What became of a world."""

    seed: int
    kind: str
    accounts: list[Account]
    trace: list[str] = field(default_factory=list)
    broken_pauses: list[str] = field(default_factory=list)
    not_caught_up: list[str] = field(default_factory=list)

    def complaints(self) -> list[str]:
        """How the promise was broken."""
        found = [f"seed {self.seed} ({self.kind}): {each}" for each in [*self.broken_pauses, *self.not_caught_up]]
        for account in self.accounts:
            for what in ("twice", "missed", "not_recovered", "fences_wrong"):
                ticks = getattr(account, what)
                if ticks:
                    found.append(
                        f"seed {self.seed} ({self.kind}): {account.job}: {what}: {[at - BEGIN for at in ticks]}"
                    )
        return found


def _seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def _job(dice: random.Random, number: int, lease: float) -> FleetJob:
    interval = dice.choice([1, 2, 5, 10])
    definitions = [
        duration_job(_seconds(interval)),
        cron_job(f"*/{interval} * * * * *", with_seconds=True),
        duration_random_job(_seconds(interval / 2), _seconds(interval * 3 / 2)),
    ]
    policy: dict[str, Any] = {
        "lease": _seconds(lease),
        "start_deadline": _seconds(dice.choice([3, 5])),
        "overlap": dice.random() < 0.5,
        "catch_up": dice.choice(["latest", "all", "none"]),
    }
    if dice.random() < 0.5:
        policy |= {"on_crash": "rerun", "max_attempts": dice.choice([2, 3, 10])}
    work = dice.choice([0.0, 0.01, 0.5, 2.5])
    return FleetJob(f"job{number}", "", dice.choice(definitions), work, policy=policy)  # type: ignore[arg-type]


class Fleet:
    """The instances of a world."""

    def __init__(self, world: World, rules: Rules, jobs: list[FleetJob], skew: int) -> None:
        self.world = world
        self.rules = rules
        self.jobs = jobs
        self.skew = skew
        self.lines: list[Line] = []
        self.instances: list[Instance] = []
        # Dice of its own for what instances believe of each other: how often they are quite wrong.
        self.beliefs = random.Random(hash(world.dice.getstate()[1]))  # of numbers alone: the same in each process
        self.errs = self.beliefs.choice([0.0, 0.0, 0.3])

    def start(self, jobs: list[FleetJob] | None = None) -> Instance:
        number = len(self.instances) + 1
        skew = self.world.dice.randint(-self.skew, self.skew)
        instance = Instance(
            self.world, f"i{number}", number, self.jobs if jobs is None else jobs, skew, self.rules, self.lines
        )
        instance.fleet_alive = self.is_alive  # type: ignore[method-assign]
        instance.peers = lambda: self.peers_of(instance)  # type: ignore[method-assign]
        self.instances.append(instance)
        return instance

    def is_alive(self, owner: str) -> bool:
        return any(each.name == owner and each.alive for each in self.instances)

    def peers_of(self, instance: Instance) -> list[str]:
        """Whom an instance believes to live: mostly those who do, and some dead ones; in some worlds anybody."""
        if self.beliefs.random() < self.errs:
            return [each.name for each in self.instances if each is not instance and self.beliefs.random() < 0.5]
        return [each.name for each in self.instances if each is not instance and (each.alive or each.number % 3 == 0)]

    def living(self) -> list[Instance]:
        return [each for each in self.instances if each.alive]

    def kill(self, instance: Instance) -> None:
        self.world.note(instance.name, "KILLED")
        instance.alive = False
        self.log("killed", instance)

    def stall(self, instance: Instance, micros: int) -> None:
        self.log("frozen", instance)
        instance.stall(micros)
        self.world.at(self.world.now + micros, lambda: self.log("thawed", instance))

    def log(self, what: str, instance: Instance) -> None:
        self.lines.append(Line(what, self.world.now, instance.number))


class Pauses:
    """Watches the store: no tick is granted while a job is paused, and none of the pause is granted later."""

    def __init__(self) -> None:
        # By key: when the pauses of a job began and ended, on the store's clock.
        self.past: dict[str, list[tuple[int, int]]] = {}
        self.since: dict[str, int] = {}
        self.broken: list[str] = []

    def watch(self, world: World, key: str, before: Entry | None, text: str) -> None:
        """A record is written."""
        after = record_of(text, key)
        was = None if before is None else record_of(before.text, key)
        if was is None:  # the store was wiped, what it knew of pauses is gone
            self.past.pop(key, None)
            self.since.pop(key, None)
        if after.paused and (was is None or not was.paused):
            self.since[key] = world.store_now()
        if was is not None and was.paused and not after.paused:
            # It ends when whoever resumed has looked; the write came a moment later, or much later.
            slowest = world.network.late + 4 * world.network.latency
            self.past.setdefault(key, []).append((self.since.pop(key), world.store_then(slowest)))
        old = set() if was is None else {held.token for held in was.claims}
        for held in after.claims:
            if held.token in old:
                continue
            if after.paused or (was is not None and was.paused):
                self.broken.append(f"{key}: {held.at - BEGIN} was granted during a pause")
            elif held.attempt == 1 and any(began < held.at < ended for began, ended in self.past.get(key, ())):
                self.broken.append(f"{key}: {held.at - BEGIN} came during a pause, and was run later")


class Backlog:
    """Watches the store: of a job that catches up with all of its ticks each is granted in the end, or still owed.

    Of those jobs whose runs may overlap: else a tick in time may find the job busy.
    """

    def __init__(self) -> None:
        self.granted: dict[str, set[int]] = {}

    def watch(self, key: str, text: str) -> None:
        """A record is written."""
        self.granted.setdefault(key, set()).update(held.at for held in record_of(text, key).claims)

    def lost(self, fleet: Fleet) -> list[str]:
        """In the end, of a world in which the store is not wiped and its clock is not set."""
        found, world = [], fleet.world
        for job in fleet.jobs:
            key, policy = key_of(job), job.tick_policy()
            attended = [line.time for line in fleet.lines if line.what == "attend" and line.job == job.name]
            if world.down or not attended or not policy.overlap or policy.catch_up != "all":
                continue
            last = world.now - micros_of(policy.start_deadline or timedelta(0)) - 3 * SECOND
            # What an instance has not yet told the store.
            for owed in (each.owes[key] for each in fleet.living()):
                last = min(last, owed.since - 1) if owed is not None and owed.since is not None else last
            known = self.granted.get(key, set()) | set(record_of(world.entries[key].text, key).owed)
            schedule = job.schedule(BEGIN)
            tick = schedule.next(min(attended))
            while tick is not None and tick <= last:
                if tick not in known:
                    found.append(f"{key}: {tick - BEGIN} was not caught up with")
                tick = schedule.next(tick)
        return found


def _pause(fleet: Fleet) -> None:
    """An operator pauses a job, and has it go on a few seconds later."""
    world = fleet.world
    key = key_of(world.dice.choice(fleet.jobs))
    operator = Host(world, "operator")

    def say(paused: bool) -> Activity:
        while True:
            try:
                yield from set_paused(key, paused, f"operator.{world.now}")
                world.note("operator", "PAUSED" if paused else "RESUMED", key)
                return
            except LockError:
                yield Sleep(SECOND // 5)

    operator.spawn(say(True))
    world.at(world.now + world.dice.randrange(3 * SECOND, 8 * SECOND), lambda: operator.spawn(say(False)))


Trouble = Callable[[Fleet], None]


def _kill(fleet: Fleet) -> None:
    fleet.kill(fleet.world.dice.choice(fleet.living()))
    fleet.start()


def _stall(longest: float) -> Trouble:
    def stall(fleet: Fleet) -> None:
        awake = [each for each in fleet.living() if each.stalled_until <= fleet.world.now]
        if len(awake) > 1:
            fleet.stall(
                fleet.world.dice.choice(awake), fleet.world.dice.randrange(SECOND // 10, round(longest * SECOND))
            )

    return stall


def _outage(fleet: Fleet) -> None:
    """To the checker the same as if nobody were awake."""
    world = fleet.world
    if world.down:
        return
    world.note("STORE DOWN")
    world.down = True
    everybody = fleet.living()
    for instance in everybody:
        fleet.log("frozen", instance)

    def end() -> None:
        world.note("STORE UP")
        world.down = False
        for instance in everybody:
            fleet.log("thawed", instance)

    world.at(world.now + world.dice.randrange(SECOND // 2, 20 * SECOND), end)


def _jump(by: int) -> Trouble:
    def jump(fleet: Fleet) -> None:
        fleet.world.note(f"THE STORE'S CLOCK JUMPS by {by / SECOND} s")
        fleet.world.jump(by)

    return jump


def _wipe(fleet: Fleet) -> None:
    fleet.world.wipe()


# Kind of world: troubles, their number, the most skew, how often calls fail, whether misses are judged. Where a
# store fails, or its clock jumps, what a live instance could reach is not for the checker to say: only doubles count.
KINDS: dict[str, tuple[list[Trouble], int, int, float, bool]] = {
    "calm": ([], 0, 250_000, 0.0, True),
    "skewed": ([], 0, 5 * SECOND, 0.0, True),
    "killed": ([_kill], 6, 250_000, 0.0, True),
    "stalled": ([_stall(3), _stall(20)], 6, 250_000, 0.0, True),
    "rough": ([_kill, _stall(3), _stall(60)], 8, 5 * SECOND, 0.0, True),
    "unreachable": ([_outage, _kill, _stall(3)], 4, 250_000, 0.0, False),
    "lossy": ([_kill, _stall(3)], 3, 250_000, 0.1, False),
    "jumping": ([_jump(300 * SECOND), _jump(-60 * SECOND), _kill], 4, 250_000, 0.02, False),
    "wiped": ([_wipe, _kill, _stall(5)], 4, 250_000, 0.0, False),
    "paused": ([_pause, _pause, _kill, _stall(5)], 4, 250_000, 0.02, False),
    "all of it": ([_outage, _kill, _stall(40), _jump(20 * SECOND), _wipe, _pause], 8, 5 * SECOND, 0.05, False),
}

# In these nobody owes ticks: the store is wiped or paused, or its clock is set to a time when they are not due.
_FORGETFUL = ("jumping", "wiped", "paused", "all of it")

LENGTH = 40 * SECOND
QUIET = 12 * SECOND


def live(
    seed: int, *, mutate: Callable[[Rules], None] | None = None, trace: bool = False, kind: str | None = None
) -> Outcome:
    """Make the world of a seed, let it live, and judge it."""
    dice = random.Random(seed)
    kind = kind or list(KINDS)[seed % len(KINDS)]
    troubles, count, skew, fails, judged = KINDS[kind]
    world = World(
        dice, Network(latency=dice.choice([2_000, 20_000, 100_000]), fails=fails), trace=[] if trace else None
    )
    rules = Rules(exact=dice.random() < 0.5)
    if mutate is not None:
        mutate(rules)
    # Leases that outlast the stalls or do not.
    jobs = [_job(dice, number, dice.choice([2.0, 5.0, 30.0])) for number in range(2)]
    fleet = Fleet(world, rules, jobs, skew)
    pauses, backlog = Pauses(), Backlog()

    def watch(key: str, before: Entry | None, text: str) -> None:
        pauses.watch(world, key, before, text)
        backlog.watch(key, text)

    world.watch = watch
    for _ in range(dice.choice([2, 3, 4])):
        fleet.start()
    for _ in range(count):
        trouble = dice.choice(troubles)
        world.at(BEGIN + dice.randrange(3 * SECOND, LENGTH - QUIET), lambda trouble=trouble: trouble(fleet))  # type: ignore[misc]
    world.run(BEGIN + LENGTH)
    lease = 0 if rules.exact else max(micros_of(job.tick_policy().lease) for job in jobs)
    # Where the store may be wiped, a claim of before may be begun late, as where its lease may run out.
    lingers = lease if judged else max(lease, SECOND)
    accounts = Ledger(jobs, fleet.lines, world.now, recovery=lease + 3 * SECOND, lingers=lingers).accounts
    if not judged:
        for account in accounts:
            account.missed, account.not_recovered = [], []
    lost = [] if kind in _FORGETFUL else backlog.lost(fleet)
    return Outcome(seed, kind, accounts, world.trace or [], pauses.broken, lost)
