"""Several instances: Go's protocols, and the tick lockers and electors that come with this library.

A store's classes are in the store's module: ``gocron_py.distributed.sqlite``, ``gocron_py.distributed.memory``.
"""

from gocron_py.distributed.elector import StoreElector
from gocron_py.distributed.events import TickEvent, TickEventKind
from gocron_py.distributed.health import StoreHealth
from gocron_py.distributed.hold import hold_at_least
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.presence import Instance, InstanceRun
from gocron_py.distributed.protocols import Elector, Lock, Locker
from gocron_py.distributed.store import Entry, Snapshot, TickStore

__all__ = [
    "Elector",
    "Entry",
    "Instance",
    "InstanceRun",
    "Lock",
    "Locker",
    "Snapshot",
    "StoreElector",
    "StoreHealth",
    "TickEvent",
    "TickEventKind",
    "TickLocker",
    "TickStore",
    "hold_at_least",
]
