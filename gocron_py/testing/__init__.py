"""For tests of programs that schedule: a clock that stands still until it is moved.

.. code-block:: python

    clock = FakeClock()
    with gocron.new_scheduler(gocron.with_clock(clock)) as scheduler:
        scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(work))
        clock.advance(timedelta(hours=3))      # three runs have been handed out

With pytest the fixture ``fake_clock`` gives one.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, final

from gocron_py.clock import Timer
from gocron_py.errors import ErrInvalidArgument
from gocron_py.instant import LAST, Instant, Micros, datetime_of, instant_of, micros_of

if TYPE_CHECKING:
    from gocron_py.scheduler import Scheduler

__all__ = ["FakeClock", "wait_for_runs"]

# How long the clock waits for a scheduler's thread to take its part of a step. It is real time
# and generous: it ends a broken test with a stack instead of a stuck run.
_PATIENCE = 30.0


def wait_for_runs(scheduler: Scheduler, timeout: timedelta = timedelta(seconds=10)) -> None:
    """Wait until no run of *scheduler* goes on: all that were handed out are over, listeners and locks included.

    :raises TimeoutError: not within *timeout* of real time.
    """
    registry = scheduler._registry
    if not registry.watch(lambda: not registry.in_flight, timeout.total_seconds()):
        raise TimeoutError(f"{registry.in_flight} runs go on")


@final
class FakeClock:
    """A clock for tests, after Go's ``clockwork.FakeClock``. Give it to ``with_clock``.

    :param start: the first time; a naive datetime is read as UTC. Default: 2024-01-01T00:00Z.
    :param max_steps: :meth:`advance` stops at no more than this many moments on its way. Where more are due
        it raises: a test that walks so far takes minutes, and :meth:`set` is what it needs.
    """

    def __init__(self, start: datetime | None = None, *, max_steps: int = 100_000) -> None:
        first = datetime(2024, 1, 1, tzinfo=UTC) if start is None else start
        self._now: Instant = instant_of(first, UTC)
        self._max_steps = max_steps
        self._changed = threading.Condition()
        self._moving = threading.Lock()
        self._timers: list[_FakeTimer] = []

    def now(self) -> datetime:
        """The time the clock shows, in UTC."""
        return datetime_of(self._now, UTC)

    def advance(self, d: timedelta) -> None:
        """Let the time *d* pass. Each tick that falls due on the way happens at its own time, in order.

        When it returns, every run due has been handed out and has started, unless a lock or a listener of
        its own holds it up; the work itself may go on.

        :raises ErrInvalidArgument: *d* is not a timedelta, or negative: :meth:`set` goes back. Or more than
            *max_steps* moments are due on the way: the clock has come to the last of them, no tick up to it is left
            out, and the next call goes on from there.
        """
        if not isinstance(d, timedelta) or d < timedelta(0):
            raise ErrInvalidArgument("advance takes a timedelta of zero or more", got=d)
        with self._moving, self._changed:
            target = self._now + micros_of(d)
            if target > LAST:
                raise ErrInvalidArgument("the clock ends with the year 9999", got=d)
            steps = 0
            while (due := self._settle()) is not None and due <= target:
                if steps == self._max_steps:
                    raise ErrInvalidArgument(f"more than {steps:,} moments are due on the way; set() jumps", got=d)
                steps += 1
                self._show(due)
            self._show(target)
            self._settle()

    def set(self, t: datetime) -> None:
        """Jump to *t* (naive: UTC) without the time between, as a clock that is set or a suspended machine.

        Forward, jobs that were due run once and the missed ticks are skipped. Backward, nothing runs
        again: jobs at times of the wall clock wait for their next time, intervals go on as they were.
        """
        with self._moving, self._changed:
            target = instant_of(t, UTC)
            self._settle()
            back = min(target - self._now, 0)
            for timer in self._timers:
                timer.jump += back
                timer.rung = timer.rung or back < 0
            self._show(target)
            self._settle()

    def block_until(self, waiters: int, timeout: timedelta = timedelta(seconds=10)) -> None:
        """Wait until at least *waiters* scheduled jobs wait for this clock (Go: ``BlockUntil``).

        :raises TimeoutError: not within *timeout* of real time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiters() >= waiters, timeout.total_seconds()):
                raise TimeoutError(f"{self._waiters()} jobs wait for the clock, not {waiters}")

    def new_timer(self) -> Timer:
        """A sleeper on this clock; a scheduler makes one when it starts."""
        timer = _FakeTimer(self)
        with self._changed:
            self._timers.append(timer)
        return timer

    def _waiters(self) -> int:
        return sum(timer.waiters for timer in self._timers if timer.asleep)

    def _show(self, now: Instant) -> None:
        self._now = now
        self._changed.notify_all()

    def _settle(self) -> Instant | None:
        """Wait, holding the condition, until every sleeper sleeps; give the earliest due time."""
        if not self._changed.wait_for(self._all_asleep, _PATIENCE):
            raise TimeoutError("a scheduler on this clock does not come to rest")
        return min((timer.due for timer in self._timers if timer.due is not None), default=None)

    def _all_asleep(self) -> bool:
        return all(timer.at_rest() for timer in self._timers)


@final
class _FakeTimer:
    __slots__ = ("_clock", "asleep", "due", "jump", "rung", "waiters")

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.asleep = False
        self.rung = False
        self.due: Instant | None = None
        self.jump: Micros = 0
        self.waiters = 0

    def _is_time(self) -> bool:
        return self.rung or (self.due is not None and self.due <= self._clock._now)

    def at_rest(self) -> bool:
        return self.asleep and not self._is_time()

    def wait_until(self, due: Instant | None, waiters: int) -> Micros:
        changed = self._clock._changed
        with changed:
            self.due, self.waiters, self.asleep = due, waiters, True
            changed.notify_all()
            changed.wait_for(self._is_time)
            self.asleep = self.rung = False
            jump, self.jump = self.jump, 0
            return jump

    def wake(self) -> None:
        with self._clock._changed:
            self.rung = True
            self._clock._changed.notify_all()

    def close(self) -> None:
        with self._clock._changed:
            if self in self._clock._timers:
                self._clock._timers.remove(self)
            self._clock._changed.notify_all()
