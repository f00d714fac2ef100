"""What other ways of sharing ticks do under the same troubles: the table of docs/simulation.rst."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from gocron_py import duration_job
from gocron_py.demo.jobs import FleetJob
from gocron_py.demo.log import Line

from .engine import BEGIN, SECOND, Host, Network, World
from .instance import Instance, Rules
from .worlds import Fleet

INTERVAL = 10 * SECOND
INSTANCES = 4
_LEASE = 30 * SECOND
_JOB = FleetJob("job", "", duration_job(timedelta(microseconds=INTERVAL)), 0.02)

WAYS = ("gocron's lock", "lock held for 3 s at least", "tick key with a TTL of 60 s", "window and the store's clock")
TROUBLES = ("skew 250 ms", "stalls", "clock jump", "skew 5 s")


@dataclass(frozen=True)
class Cell:
    """How many ticks were due; how many runs there were beyond one for each; how many ticks nobody ran."""

    due: int
    twice: int
    lost: int


@dataclass
class Keys:
    """A store of keys that expire, as SET NX PX writes them."""

    world: World
    held: dict[str, tuple[str, int]] = field(default_factory=dict)

    def take(self, key: str, token: str, ttl: int) -> bool:
        """Whether the key was free."""
        holder = self.held.get(key)
        if holder is not None and holder[1] > self.world.store_now():
            return False
        self.held[key] = token, self.world.store_now() + ttl
        return True

    def free(self, key: str, token: str) -> None:
        """If it is still ours."""
        if self.held.get(key, ("", 0))[0] == token:
            del self.held[key]


class Rival(Host):
    """An instance that shares ticks in another way; it fires on the same grid."""

    def __init__(
        self, world: World, name: str, number: int, way: str, keys: Keys, skew: int, lines: list[Line]
    ) -> None:
        super().__init__(world, name)
        self.number, self.way, self.keys, self.skew, self.lines = number, way, keys, skew, lines
        self._wait_for((world.now + skew) // INTERVAL * INTERVAL + INTERVAL)

    def _wait_for(self, tick: int) -> None:
        self.world.at(tick - self.skew, lambda: self._fire(tick))

    def _fire(self, tick: int) -> None:
        world = self.world
        if world.now < self.stalled_until:
            world.at(self.stalled_until, lambda: self._fire(tick))
            return
        self._wait_for(max(tick + INTERVAL, (world.now + self.skew) // INTERVAL * INTERVAL + INTERVAL))
        world.at(world.now + world.dice.randrange(100, 5000), lambda: self._ask(tick))

    def _ask(self, tick: int) -> None:
        by_tick = self.way == WAYS[2]
        key, token = (str(tick), "") if by_tick else ("job", f"{self.name} {tick}")
        if not self.keys.take(key, token, 60 * SECOND if by_tick else _LEASE):
            return
        asked = self.world.now
        self.world.at(asked + self.world.dice.randrange(100, 5000), lambda: self._begin(tick, key, token, asked))

    def _begin(self, tick: int, key: str, token: str, asked: int) -> None:
        world = self.world
        if world.now < self.stalled_until:
            world.at(self.stalled_until, lambda: self._begin(tick, key, token, asked))
            return
        self.lines.append(Line("start", world.now, self.number, "job", tick, 1))
        end = world.now + 20_000
        if self.way == WAYS[1]:
            end = max(end, asked + 3 * SECOND)
        if self.way != WAYS[2]:
            world.at(end, lambda: self.keys.free(key, token))


def measure(way: str, trouble: str, ticks: int = 4290) -> Cell:
    """One cell of the table: a fleet of four, so many ticks, one way of sharing, one kind of trouble."""
    dice = random.Random(f"{trouble}")
    world = World(dice, Network(latency=2_500))
    skew = 5 * SECOND if trouble == "skew 5 s" else 250_000 if trouble.startswith("skew") else 20_000
    begin = world.now = BEGIN // INTERVAL * INTERVAL + INTERVAL // 3
    end = begin + ticks * INTERVAL
    hosts: Sequence[Rival | Instance]
    if way == WAYS[3]:
        fleet = Fleet(world, Rules(exact=False), [_JOB], skew)
        hosts, lines = [fleet.start() for _ in range(INSTANCES)], fleet.lines
    else:
        keys, lines = Keys(world), []
        hosts = [
            Rival(world, f"i{number}", number, way, keys, dice.randint(-skew, skew), lines)
            for number in range(INSTANCES)
        ]
    _make_trouble(world, trouble, hosts, begin, end)
    world.run(end + 3 * INTERVAL)
    first = begin // INTERVAL * INTERVAL + INTERVAL
    due = [first + number * INTERVAL for number in range(ticks)]
    starts = Counter(line.at for line in lines if line.what == "start")
    return Cell(ticks, sum(starts[at] - 1 for at in due if starts[at]), sum(1 for at in due if not starts[at]))


def _make_trouble(world: World, trouble: str, hosts: Sequence[Rival | Instance], begin: int, end: int) -> None:
    dice = world.dice
    if trouble == "stalls":
        # One at a time, so that there is always somebody who could run a tick.
        when = begin + 5 * SECOND
        while when < end - 130 * SECOND:
            host, length = dice.choice(hosts), dice.randrange(SECOND, 120 * SECOND)
            world.at(when, lambda host=host, length=length: host.stall(length))  # type: ignore[misc]
            when += length + dice.randrange(SECOND, 20 * SECOND)
    if trouble == "clock jump":
        # A machine's clock is set forward by five minutes, and back a little later.
        for number in range(1, 11):
            when = begin + number * (end - begin) // 12 + dice.randrange(INTERVAL)
            host = dice.choice(hosts)
            world.at(when, lambda host=host: _set_clock(host, 300 * SECOND))  # type: ignore[misc]
            world.at(when + 60 * SECOND, lambda host=host: _set_clock(host, -300 * SECOND))  # type: ignore[misc]


def _set_clock(host: Rival | Instance, by: int) -> None:
    host.skew += by
