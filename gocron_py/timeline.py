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
    """``(due, entry number)``, earliest first, and the jobs by entry number.

    An entry is never searched for. A job knows the number of its one valid entry; an entry with
    another number is stale and is dropped when it surfaces, or when half of the heap is stale.

    Entries are numbers alone, which the garbage collector lets go of at its first look. With the job in them, those of
    a busy scheduler would grow old, and their growing number would have it look at everything (benchmarks/).
    """

    __slots__ = ("_heap", "_jobs", "_numbers")

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int]] = []
        self._jobs: dict[int, JobRecord] = {}
        self._numbers = 0

    def __len__(self) -> int:
        """How many jobs have a tick to come."""
        return len(self._jobs)

    def add(self, due: Instant, record: JobRecord) -> bool:
        """Give the job its next tick. True: it is now the earliest of all."""
        while record.entry:  # a signal handler may have entered one meanwhile
            self.discard(record)
        self._numbers = number = self._numbers + 1
        record.entry = number
        self._jobs[number] = record
        heap = self._heap
        is_earliest = not heap or due < heap[0][0]
        heapq.heappush(heap, (due, number))
        return is_earliest

    def discard(self, record: JobRecord) -> None:
        """The job has no tick to come."""
        if not record.entry:
            return
        del self._jobs[record.entry]
        record.entry = 0
        if len(self._heap) > _SMALL and len(self._jobs) < len(self._heap) // 2:
            self._rebuild(lambda due, _: due)

    def clear(self) -> None:
        """No job has a tick to come."""
        for record in self._jobs.values():
            record.entry = 0
        self._heap.clear()
        self._jobs.clear()

    def earliest(self) -> Instant | None:
        """When the next tick is due."""
        heap = self._heap
        while heap and heap[0][1] not in self._jobs:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def hint(self) -> Instant | None:
        """When the next tick is due, or an entry that is stale by now. Asked without the lock."""
        try:
            return self._heap[0][0]
        except IndexError:
            return None

    def take(self, now: Instant, most: int) -> list[tuple[Instant, JobRecord]]:
        """Remove and give the ticks due at *now*, at most so many."""
        heap = self._heap
        taken: list[tuple[Instant, JobRecord]] = []
        while heap and heap[0][0] <= now and len(taken) < most:
            due, number = heapq.heappop(heap)
            record = self._jobs.pop(number, None)
            if record is not None:
                record.entry = 0
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
        return [record for record in self._jobs.values() if not record.spec.schedule.elapsed]

    def _rebuild(self, due_of: Callable[[Instant, JobRecord], Instant]) -> None:
        jobs = self._jobs
        while True:
            numbers = self._numbers
            heap = [(due_of(due, jobs[number]), number) for due, number in self._heap if number in jobs]
            heapq.heapify(heap)
            if numbers == self._numbers:  # else a signal handler has entered something meanwhile
                self._heap = heap
                return
