"""The heap of what is due next. One lock guards it (the registry's), one thread takes from it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING, final

from gocron_py.instant import Instant, Micros

if TYPE_CHECKING:
    from gocron_py.job import JobRecord

# Below this many entries the stale ones are not worth a rebuild.
_SMALL = 64


@final
class Timeline:
    """``(due, entry number, job)``, earliest first.

    An entry is never searched for. A job knows the number of its one valid entry; an entry with
    another number is stale and is dropped when it surfaces, or when half of the heap is stale.
    """

    __slots__ = ("_heap", "_numbers", "_valid")

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int, JobRecord]] = []
        self._numbers = 0
        self._valid = 0

    def __len__(self) -> int:
        """How many jobs have a tick to come."""
        return self._valid

    def add(self, due: Instant, record: JobRecord) -> bool:
        """Give the job its next tick. True: it is now the earliest of all."""
        if record.entry:
            self.discard(record)
        self._numbers = number = self._numbers + 1
        record.entry = number
        self._valid += 1
        heap = self._heap
        heapq.heappush(heap, (due, number, record))
        return heap[0][1] == number

    def discard(self, record: JobRecord) -> None:
        """The job has no tick to come."""
        if not record.entry:
            return
        record.entry = 0
        self._valid -= 1
        if len(self._heap) > _SMALL and self._valid < len(self._heap) // 2:
            self._rebuild(lambda due, _: due)

    def clear(self) -> None:
        """No job has a tick to come."""
        for _, _, record in self._heap:
            record.entry = 0
        self._heap.clear()
        self._valid = 0

    def earliest(self) -> Instant | None:
        """When the next tick is due."""
        heap = self._heap
        while heap and heap[0][2].entry != heap[0][1]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def take(self, now: Instant, most: int) -> list[tuple[Instant, JobRecord]]:
        """Remove and give the ticks due at *now*, at most so many."""
        heap = self._heap
        taken: list[tuple[Instant, JobRecord]] = []
        while heap and heap[0][0] <= now and len(taken) < most:
            due, number, record = heapq.heappop(heap)
            if record.entry == number:
                record.entry = 0
                self._valid -= 1
                taken.append((due, record))
        return taken

    def move(self, step: Micros) -> None:
        """The wall clock was set by *step*: what is measured in elapsed time keeps its distance."""

        def moved(due: Instant, record: JobRecord) -> Instant:
            if not record.spec.schedule.elapsed:
                return due
            record.next = due + step
            record.start = None if record.start is None else record.start + step
            return due + step

        self._rebuild(moved)

    def on_the_wall(self) -> list[JobRecord]:
        """The jobs with a tick to come that is read off the wall clock."""
        return [
            record for _, number, record in self._heap if record.entry == number and not record.spec.schedule.elapsed
        ]

    def _rebuild(self, due_of: Callable[[Instant, JobRecord], Instant]) -> None:
        self._heap = [
            (due_of(due, record), number, record) for due, number, record in self._heap if record.entry == number
        ]
        heapq.heapify(self._heap)
