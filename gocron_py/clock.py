"""Clocks: what time it is, and one sleeper that can be woken.

The wall clock says *when* a job is due; how long to sleep is measured on the monotonic clock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, final, runtime_checkable

from gocron_py.instant import SECOND, Instant, Micros, instant_of

# A sleep is cut to this, so that a wall clock that was set, or a machine that was suspended,
# is noticed within a second.
LONGEST_SLEEP = 0.8

# What is due sooner than the first is waited for as long as the second, if what was slept for before was near too:
# ticks that close come in thousands a second, and one awakening for several of them costs a third (benchmarks/).
_NEAR = 0.000_04
_NAP = 0.000_25

# A processor that had nothing to do takes its time to be itself again. For what is due later than the first, the thread
# gets up earlier by the second and sleeps the rest: a third of the runs came 0.1 to 0.3 ms earlier for it, and once a
# processor is busy it makes no difference (benchmarks/, 100 runs a second).
_FAR = 0.002
_EARLY = 0.000_2

# A smaller step is left to the next due time; NTP slews by at most 0.5 ms a second.
SMALLEST_JUMP: Micros = SECOND // 4


class Timer(Protocol):
    """The bed of one thread. Made by a clock, slept in by one thread, rung by any."""

    def wait_until(self, due: Instant | None, waiters: int) -> Micros:
        """Sleep until *due* (``None``: until woken), or shorter: the caller looks at the clock again.

        :param waiters: how many jobs wait behind this one sleeper; for :class:`FakeClock.block_until
            <gocron_py.testing.FakeClock>`.
        :return: by how many microseconds the wall clock was *set* since the last call, beside
            the time that passed; 0 where it was not.
        """
        ...

    def wake(self) -> None:
        """End the sleep now, or the next one if nobody sleeps. Never blocks."""
        ...

    def close(self) -> None:
        """The thread sleeps here no more."""
        ...


@runtime_checkable
class Clock(Protocol):
    """The source of time of a scheduler (Go: ``clockwork.Clock``); see :func:`gocron_py.with_clock`."""

    def now(self) -> datetime:
        """The time, aware, in any zone."""
        ...

    def new_timer(self) -> Timer:
        """A new sleeper on this clock."""
        ...


@final
class RealClock:
    """The machine's wall clock. It notices when the clock is set and when the machine was suspended."""

    __slots__ = ()

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def new_timer(self) -> Timer:
        """A sleeper on the machine's clock."""
        return _RealTimer()


def reader(clock: Clock) -> Callable[[], Instant]:
    """A function that reads *clock* as an instant; for the real clock without a datetime between."""
    if isinstance(clock, RealClock):
        return _wall
    now = clock.now
    return lambda: instant_of(now(), UTC)


def _wall() -> Instant:
    return time.time_ns() // 1000


if hasattr(time, "CLOCK_BOOTTIME"):

    def elapsed() -> Micros:
        """Microseconds of real time, suspended ones included."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000

else:  # pragma: no cover - not on Linux

    def elapsed() -> Micros:
        """Microseconds of real time."""
        return time.monotonic_ns() // 1000


def _offset() -> Micros:
    """Wall clock less real time. Read twice: a thread may be stopped between the two readings."""
    while True:
        before = elapsed()
        wall = _wall()
        after = elapsed()
        if after - before < SMALLEST_JUMP // 10:
            return wall - after


@final
class _RealTimer:
    # A lock with a time-out is a binary semaphore in one C call; a Condition makes a new lock for
    # every wait and costs several times as much (benchmarks/).
    __slots__ = ("_bell", "_offset", "_was_near")

    def __init__(self) -> None:
        self._bell = threading.Lock()
        self._bell.acquire()
        self._offset = _offset()
        self._was_near = False

    def wait_until(self, due: Instant | None, waiters: int) -> Micros:
        if due is None:
            self._bell.acquire(timeout=LONGEST_SLEEP)
        else:
            self._sleep(due)
        offset = _wall() - elapsed()
        if -SMALLEST_JUMP < offset - self._offset < SMALLEST_JUMP:
            self._offset = offset
            return 0
        return self._jump()

    def _sleep(self, due: Instant) -> None:
        left = (due - _wall()) / SECOND
        is_near = left <= _NEAR
        if left > LONGEST_SLEEP:
            left = LONGEST_SLEEP
        elif left > _FAR:
            if self._bell.acquire(timeout=left - _EARLY):
                return
            left = (due - _wall()) / SECOND
            if left > _FAR:  # the clock was set back
                return
        if left > 0:
            self._bell.acquire(timeout=_NAP if is_near and self._was_near else left)
            self._was_near = is_near

    def _jump(self) -> Micros:
        offset = _offset()
        step = offset - self._offset
        self._offset = offset
        return step if abs(step) >= SMALLEST_JUMP else 0

    def wake(self) -> None:
        try:
            self._bell.release()
        except RuntimeError:  # it rings already
            pass

    def close(self) -> None:
        pass
