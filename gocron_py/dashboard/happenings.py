"""What happened, the latest first: runs from the histories of jobs, and what tick lockers tell of."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gocron_py.dashboard.documents import Document, iso, run, when
from gocron_py.dashboard.queries import EventQuery
from gocron_py.dashboard.snapshot import Snapshot
from gocron_py.errors import TickTaken
from gocron_py.instant import Instant, instant_of

if TYPE_CHECKING:
    from gocron_py.distributed.events import TickEvent
    from gocron_py.distributed.locker import TickLocker
    from gocron_py.job import RunEntry


def events(
    seen: Snapshot, lockers: list[TickLocker], query: EventQuery, *, elsewhere: bool = True
) -> tuple[list[Document], int]:
    """One page of them, and how many there are.

    :param elsewhere: whether runs that another instance had are there. Of several workers most see little else.
    """
    # Sorted by time and place: texts and entries do not compare.
    found = [(at, place, what) for place, (at, what) in enumerate(_all(seen, lockers, query, elsewhere))]
    last = query.page * query.per_page
    chosen = heapq.nlargest(last, found, key=lambda each: each[:2])[last - query.per_page :]
    is_told = any(not isinstance(what, tuple) for _, _, what in chosen)
    ids = {job.spec.key: str(job.job.id()) for job in seen.jobs} if is_told else {}
    return [_document(seen, at, what, ids) for at, _, what in chosen], len(found)


def _all(
    seen: Snapshot, lockers: list[TickLocker], query: EventQuery, elsewhere: bool
) -> Iterator[tuple[Instant, TickEvent | tuple[int, RunEntry]]]:
    for number, job in enumerate(seen.jobs):
        name = job.spec.name
        for entry in job.history:
            if query.wants(name, entry[3]) and (elsewhere or not _was_taken(entry)):
                yield when(entry), (number, entry)
    for locker in lockers:
        for event in locker.recent_events():
            if query.wants(event.job_name, f"tick_{event.kind.value}"):
                yield instant_of(event.told, seen.location), event


def _was_taken(entry: RunEntry) -> bool:
    """Whether the tick was another instance's: the least that is worth a look. Other refusals are worth one."""
    return entry[7] == "held" and TickTaken.message in (entry[4] or "")


def _document(seen: Snapshot, at: Instant, what: TickEvent | tuple[int, RunEntry], ids: dict[str, str]) -> Document:
    if isinstance(what, tuple):
        number, entry = what
        job = seen.jobs[number]
        return {
            "at": iso(seen, at),
            "kind": "run",
            "job": {"id": str(job.job.id()), "name": job.spec.name},
            **run(seen, entry),
        }
    return {
        "at": iso(seen, at),
        "kind": "tick",
        # What a locker knows of a job is its key; it may be one of another instance's.
        "job": {"id": ids.get(what.job_name), "name": what.job_name},
        "outcome": f"tick_{what.kind.value}",
        "scheduled": None if what.at is None else iso(seen, instant_of(what.at, seen.location)),
        "error": what.detail or None,
    }
