"""The other processes: who lives, who leads, who ran what; from the stores of the tick lockers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from gocron_py.dashboard.documents import Document
from gocron_py.dashboard.snapshot import Snapshot
from gocron_py.errors import StoreError

if TYPE_CHECKING:
    from gocron_py.distributed.locker import TickLocker
    from gocron_py.distributed.presence import Instance
    from gocron_py.scheduler import Scheduler

_MOST_RUNS: Final = 100


def stores(scheduler: Scheduler) -> list[Document]:
    """How it stands with each store, as of the last call to it."""
    return [_store(scheduler, locker) for locker in scheduler.tick_lockers()]


def _store(scheduler: Scheduler, locker: TickLocker) -> Document:
    health = locker.health()
    location = scheduler._settings.location
    return {
        "kind": type(locker.store).__name__,
        "reachable": health.reachable,
        "since": None if health.since is None else _iso(health.since.astimezone(location)),
        "error": health.error or None,
    }


def fleet(scheduler: Scheduler, seen: Snapshot) -> Document:
    """The instances that share a store with this one, and their last runs."""
    found, troubles = _found(scheduler)
    return {
        "stores": stores(scheduler),
        "errors": troubles,
        "instances": [_instance(seen, locker, instance) for locker, instance in found],
        "runs": _all_runs(seen, found)[:_MOST_RUNS],
    }


def latest_runs(scheduler: Scheduler, seen: Snapshot, most: int) -> list[Document]:
    """The last runs of all instances; none of those whose store cannot be reached, of which its state tells."""
    return _all_runs(seen, _found(scheduler)[0])[:most]


def _found(scheduler: Scheduler) -> tuple[list[tuple[TickLocker, Instance]], list[str]]:
    """The instances, and what is wrong with the stores that could not be asked."""
    found: list[tuple[TickLocker, Instance]] = []
    troubles: list[str] = []
    for locker in scheduler.tick_lockers():
        try:
            found += [(locker, instance) for instance in locker.instances()]
        except StoreError as error:
            troubles.append(f"{type(locker.store).__name__}: {error}")
    return found, troubles


def _all_runs(seen: Snapshot, found: list[tuple[TickLocker, Instance]]) -> list[Document]:
    """Of all instances, the latest first."""
    ids = {job.spec.key: str(job.job.id()) for job in seen.jobs}
    return sorted((run for _, instance in found for run in _runs(seen, instance, ids)), key=_latest, reverse=True)


def _instance(seen: Snapshot, locker: TickLocker, instance: Instance) -> Document:
    return {
        "id": instance.id,
        "host": instance.host,
        "pid": instance.pid,
        "label": instance.label,
        "state": "alive" if instance.alive else "gone",
        "leads": instance.leads,
        "here": instance.id == locker.store.owner(),
        "since": _iso(instance.since.astimezone(seen.location)),
        "seen": _iso(instance.seen.astimezone(seen.location)),
        "outcomes": [run.outcome for run in instance.runs[-12:]],
    }


def _runs(seen: Snapshot, instance: Instance, ids: dict[str, str]) -> Iterator[Document]:
    for run in instance.runs:
        yield {
            "job": {"id": ids.get(run.job), "name": run.job},
            "scheduled": _iso(run.tick.astimezone(seen.location)),
            "started": None if run.started is None else _iso(run.started.astimezone(seen.location)),
            "completed": None if run.completed is None else _iso(run.completed.astimezone(seen.location)),
            "outcome": run.outcome,
            "attempt": run.attempt,
            "fence": run.fence,
            "instance": {"id": instance.id, "host": instance.host, "pid": instance.pid},
        }


def _latest(run: Document) -> tuple[datetime, str]:
    # Texts of one zone do not sort across a change of its clocks.
    return datetime.fromisoformat(run["started"] or run["scheduled"]), run["job"]["name"]


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
