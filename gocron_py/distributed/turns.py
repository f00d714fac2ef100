"""The thread of a tick locker on which ticks wait that are left to other instances: one load for all of a moment."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from gocron_py.clock import elapsed
from gocron_py.distributed.claim import Attempt
from gocron_py.distributed.driver import Driver
from gocron_py.distributed.preference import FIRST_LOOK, Turn, Watch
from gocron_py.instant import SECOND, Instant, Micros

if TYPE_CHECKING:
    from gocron_py.run import Run

# Takes runs back that wait no longer.
Resume = Callable[[list["Run"]], None]


@final
@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that waits.

    :ivar rank: so many instances are before this one.
    :ivar end: it waits until then, at most (:func:`~gocron_py.clock.elapsed`).
    """

    run: Run
    rank: int
    end: Micros
    resume: Resume


@final
class Turns:
    """Has runs wait for their turn, or until others have taken their ticks.

    :param driver: of the store.
    :param attempt_of: makes the claim of a run. It may raise what a schedule of the user's raises.
    """

    def __init__(self, driver: Driver, pause: float, attempt_of: Callable[[Run], Attempt]) -> None:
        self._driver = driver
        self._first = max(FIRST_LOOK, round(pause * SECOND))
        self._attempt_of = attempt_of
        self.begin()

    def begin(self) -> None:
        """As new: also in a forked child, where no thread is and nothing waits."""
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._thread: threading.Thread | None = None
        self._new: deque[Waiting] = deque()
        # Only the thread touches these.
        self._watches: dict[Instant, Watch] = {}
        self._waiting: dict[Turn, Waiting] = {}

    def has_room(self, room: Micros) -> bool:
        """Whether a tick can wait for a look, if it may wait for so long."""
        return room >= self._first

    def enter(self, waiting: Waiting) -> bool:
        """Have a run wait; ``False``: there is no thread for it. From any thread; calls nothing of a user's."""
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._loop, name="gocron-tick-turns", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    return False
                self._thread = thread
            self._new.append(waiting)
        self._bell.set()
        return True

    def hurry(self) -> None:
        """Runs may have been cancelled."""
        self._bell.set()

    def close(self) -> None:
        """Nothing waits any more. The driver is closed."""
        self._bell.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)

    # -- the thread --------------------------------------------------------------------------------

    def _loop(self) -> None:
        pid = os.getpid()
        while pid == os.getpid():
            due = min((watch.due for watch in self._watches.values()), default=None)
            self._bell.wait(None if due is None else max(due - elapsed(), 0) / SECOND)
            self._bell.clear()
            self._admit()
            for at, watch in list(self._watches.items()):
                self._go(self._cancelled(watch))
                if watch.turns and watch.due <= elapsed():
                    self._go(self._look(watch))
                if not watch.turns:
                    del self._watches[at]
            with self._lock:
                if self._driver.closed and not self._new:
                    self._thread = None
                    return

    def _admit(self) -> None:
        refused: list[Waiting] = []
        while self._new:
            waiting = self._new.popleft()
            try:
                attempt = self._attempt_of(waiting.run)
            except BaseException:  # it will tell of that itself
                refused.append(waiting)
                continue
            at = waiting.run.scheduled
            watch = self._watches.get(at)
            if watch is None:
                watch = self._watches[at] = Watch(self._first, elapsed() + self._first)
            turn = Turn(at, waiting.rank, waiting.end, attempt)
            self._waiting[turn] = waiting
            watch.enter(turn)
        _resume(refused)

    def _cancelled(self, watch: Watch) -> list[Turn]:
        if self._driver.closed:
            gone = list(watch.turns)
        else:
            gone = [turn for turn in watch.turns if _is_cancelled(self._waiting[turn].run)]
        watch.leave(gone)
        return gone

    def _look(self, watch: Watch) -> list[Turn]:
        asked = elapsed()
        try:
            return watch.look(self._driver.load(watch.keys()), asked, elapsed())
        except BaseException:  # the store is down, or a user's own does what it must not: claims will tell of it
            over, watch.turns = watch.turns, []
            return over

    def _go(self, turns: Iterable[Turn]) -> None:
        over = []
        for turn in turns:
            waiting = self._waiting.pop(turn)
            waiting.run.waited = turn.attempt
            over.append(waiting)
        _resume(over)


def _is_cancelled(run: Run) -> bool:
    return run.context is not None and run.context.done()


def _resume(over: Iterable[Waiting]) -> None:
    """Hand the runs back, all of one scheduler at once: its workers are woken for all of them."""
    groups: dict[Resume, list[Run]] = {}
    for waiting in over:
        groups.setdefault(waiting.resume, []).append(waiting.run)
    for resume, runs in groups.items():
        resume(runs)
