"""The locker of the fleets on etcd and the elector of its elections, for the processes that run them."""

from __future__ import annotations

from datetime import timedelta

from gocron_py.distributed.etcd import EtcdElector, EtcdTickLocker
from gocron_py.distributed.events import EventCallback


def short_lease(at: str, on_event: EventCallback) -> EtcdTickLocker:
    """With the lease that the jobs of fleets on servers have: here it is the instance's."""
    return EtcdTickLocker(at, on_event=on_event, lease=timedelta(seconds=2))


def elector(at: str, name: str) -> EtcdElector:
    """With a lease that tests can wait for."""
    return EtcdElector(at, name=name, ttl=timedelta(seconds=3))
