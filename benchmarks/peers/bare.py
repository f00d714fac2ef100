"""The limit: a heap, a thread that waits for its first entry, and a ThreadPoolExecutor. Nothing else.

No names, no history, no removal, no time zones, no care for errors or for jumps of the clock.
"""

from __future__ import annotations

import heapq
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Condition, Thread

from benchmarks.peers import Task


class Scheduler:
    """A heap of ``(due, number, interval, task, argument)``, times in whole microseconds."""

    def __init__(self, workers: int | None = None) -> None:
        self._heap: list[tuple[int, int, int, Task, int]] = []
        self._changed = Condition()
        self._pool = ThreadPoolExecutor(workers)
        self._stopped = False

    def add(self, task: Task, argument: int, interval: float, first: float | None) -> None:
        due = int((time.time() + interval if first is None else first) * 1e6)
        with self._changed:
            entry = (due, len(self._heap), int(interval * 1e6), task, argument)
            heapq.heappush(self._heap, entry)
            if self._heap[0] is entry:
                self._changed.notify()

    def add_cron(self, task: Task, argument: int, crontab: str) -> None:
        raise NotImplementedError

    def start(self) -> None:
        Thread(target=self._loop, daemon=True).start()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _loop(self) -> None:
        heap, changed = self._heap, self._changed
        submit, clock, replace = self._pool.submit, time.time_ns, heapq.heapreplace
        with changed:
            while not self._stopped:
                now = clock() // 1_000
                while heap and heap[0][0] <= now:
                    due, number, interval, task, argument = heap[0]
                    replace(heap, (due + interval, number, interval, task, argument))
                    submit(task, argument)
                if not heap:
                    changed.wait()
                    continue
                wait = heap[0][0] - clock() // 1_000
                if wait > 0:
                    changed.wait(wait / 1e6)
