"""Time, and who does something next. Nothing here sleeps, and nothing happens at the same time."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from gocron_py.distributed.claim import Load, Sleep, Step, Write
from gocron_py.distributed.decision import decode
from gocron_py.distributed.names import job_key
from gocron_py.distributed.remembered import as_record
from gocron_py.distributed.store import Entry, Snapshot
from gocron_py.errors import LockError, StoreDown

SECOND = 1_000_000
BEGIN = 1_700_000_000 * SECOND

Activity = Generator[Step, Any, None]

# Instances and watchers read the same few texts over and over. Records do not change.
record_of = lru_cache(64)(decode)


@dataclass
class Network:
    """How well instances reach the store.

    :ivar latency: of a call, at most.
    :ivar fails: how often a call fails unseen; a write that fails may have been made, or be made later.
    """

    latency: int = 5_000
    fails: float = 0.0
    late: int = 2 * SECOND


@dataclass
class World:
    """The true time, the store, and the instances' activities."""

    dice: random.Random
    network: Network = field(default_factory=Network)
    now: int = BEGIN
    store_offset: int = 0
    jumps: list[tuple[int, int]] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    down: bool = False
    trace: list[str] | None = None
    # Looks at every write: the key, what was there and what is there now.
    watch: Callable[[str, Entry | None, str], None] | None = None

    def __post_init__(self) -> None:
        self._numbers = itertools.count()
        self._versions = itertools.count(1)
        self._events: list[tuple[int, int, Callable[[], None]]] = []

    def note(self, *what: object) -> None:
        """For who reads a trace."""
        if self.trace is not None:
            self.trace.append(f"{(self.now - BEGIN) / SECOND:10.4f} " + " ".join(map(str, what)))

    def at(self, when: int, do: Callable[[], None]) -> None:
        """Have something happen."""
        heapq.heappush(self._events, (max(when, self.now), next(self._numbers), do))

    def run(self, until: int) -> None:
        """Let everything happen that happens before a time."""
        while self._events and self._events[0][0] <= until:
            self.now, _, do = heapq.heappop(self._events)
            do()
        self.now = until

    # -- the store ---------------------------------------------------------------------------------

    def store_now(self) -> int:
        """The store's time."""
        return self.now + self.store_offset

    def store_then(self, ago: int) -> int:
        """The store's time so long ago."""
        then = self.now - ago
        return then + self.store_offset - sum(by for when, by in self.jumps if when > then)

    def jump(self, by: int) -> None:
        """Set the store's clock."""
        self.store_offset += by
        self.jumps.append((self.now, by))

    def load(self, keys: Any) -> Snapshot:
        """As it is at this moment."""
        return Snapshot(self.store_now(), {key: self.entries[key] for key in keys if key in self.entries})

    def write(self, step: Write) -> bool:
        """At this moment."""
        entry = self.entries.get(step.key)
        if (None if entry is None else entry.version) != step.version:
            return False
        if self.watch is not None:
            self.watch(step.key, entry, step.text)
        if step.key == job_key(step.key):  # a job's record; what is remembered of it is what it says
            assert as_record(step.text, step.key) == record_of(step.text, step.key)
        self.entries[step.key] = Entry(step.text, next(self._versions))
        return True

    def wipe(self) -> None:
        """Everything is forgotten."""
        self.note("WIPE")
        self.entries.clear()


class Host:
    """Something that runs activities, and can be stopped and killed."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.alive = True
        self.stalled_until = 0

    def spawn(self, activity: Activity) -> None:
        """Begin an activity."""
        self._resume(activity, None, None)

    def stall(self, micros: int) -> None:
        """Do nothing for so long, whatever happens meanwhile."""
        self.world.note(self.name, f"STALLS for {micros / SECOND:.2f} s")
        self.stalled_until = max(self.stalled_until, self.world.now + micros)

    def _resume(self, activity: Activity, reply: object, failure: LockError | None) -> None:
        world = self.world
        if not self.alive:
            activity.close()
            return
        if world.now < self.stalled_until:
            world.at(self.stalled_until, lambda: self._resume(activity, reply, failure))
            return
        try:
            step = activity.send(reply) if failure is None else activity.throw(failure)
        except StopIteration:
            return
        if isinstance(step, Sleep):
            world.at(world.now + max(step.micros, 1), lambda: self._resume(activity, None, None))
        else:
            self._call(activity, step)

    def _call(self, activity: Activity, step: Load | Write) -> None:
        """The call arrives after a while, and so does its answer; or not."""
        world, dice = self.world, self.world.dice
        there = world.now + dice.randrange(1, world.network.latency)
        back = there + dice.randrange(1, world.network.latency)
        fails = dice.random() < world.network.fails
        # 0: never made, 1: made and not answered, 2: made much later.
        fate = dice.randrange(3)

        def arrive() -> None:
            if world.down or (fails and fate == 0):
                world.at(back, lambda: self._resume(activity, None, StoreDown()))
            elif fails and fate == 2 and isinstance(step, Write):
                world.at(there + dice.randrange(world.network.late), lambda: self._apply_late(step))
                world.at(back, lambda: self._resume(activity, None, StoreDown()))
            else:
                answer = world.load(step.keys) if isinstance(step, Load) else world.write(step)
                failure = StoreDown() if fails else None
                world.at(back, lambda: self._resume(activity, answer, failure))

        world.at(there, arrive)

    def _apply_late(self, step: Write) -> None:
        if self.world.write(step):
            self.world.note(self.name, "a late write is made")
