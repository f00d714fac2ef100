"""Calls to a server that may be down: errors of one kind, no secrets in them, and no storm of calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, TypeVar, final

from gocron_py.clock import elapsed
from gocron_py.errors import LockError, StoreDown
from gocron_py.instant import SECOND, Micros
from gocron_py.printable import without_passwords

T = TypeVar("T")

CALL_TIMEOUT: Final = 2.0
"""So long, in seconds, a call waits for a server's answer."""

_PAUSE: Final[Micros] = SECOND // 2
_MEMORY: Final[Micros] = 5 * SECOND

# The second failure in a row, not the first: one lost answer is asked about at once.
_PATIENCE: Final = 2

_LONGEST_TEXT: Final = 200


@final
class _Line:
    """One kind of calls: how many failed in a row, when the last one was let through, when the next one may be."""

    __slots__ = ("asked", "failures", "rests_until", "why")

    def __init__(self) -> None:
        self.failures = 0
        self.asked: Micros = 0
        self.rests_until: Micros = 0
        self.why = ""

    def let_through(self, now: Micros, rest: Micros) -> None:
        self.asked, self.rests_until = now, now + rest


@final
class Circuit:
    """Lets calls through while they succeed, and one each half second while they fail (a circuit breaker).

    :param typed: makes a :exc:`~gocron_py.LockError` of what a client library raises.
    :param kinds: of calls. Where one kind fails and another succeeds (a server that refuses to write is read from
        all the same), all kinds are slowed down, and they share the half seconds: none takes another's turn. That ends
        when the failing kind was not asked for a while: perhaps nobody comes to ask it, where all turns of the other
        kind go to claims that find their ticks taken.
    """

    def __init__(self, typed: Callable[[Exception], LockError], kinds: Sequence[str] = ("",)) -> None:
        self._typed = typed
        self._kinds = kinds
        self._turn = _PAUSE * len(kinds)
        self.begin()

    def begin(self) -> None:
        """As new: also in a forked child."""
        self._lock = threading.Lock()
        self._lines = {kind: _Line() for kind in self._kinds}
        self._rests_until: Micros = 0
        # Whether no kind has failed lately, and no rest is asked for: then there is nothing to look at.
        self._is_calm = True

    def call(self, work: Callable[[], T], kind: str = "", requests: int = 1) -> T:
        """What *work* gives.

        :param requests: so many of them it sends; it takes as many turns.
        :raises LockError: it failed, or is not tried because the last calls failed.
        """
        line = self._lines[kind]
        self._admit(line, requests)
        try:
            result = work()
        except LockError as error:
            self._judge(line, error)
            raise
        except Exception as error:
            typed = self._typed(error)
            self._judge(line, typed)
            # Not chained: texts and frames of client libraries hold addresses with passwords.
            raise typed from None
        line.failures = 0
        return result

    def rest(self, pause: Micros) -> None:
        """The server asks to be left alone for so long."""
        with self._lock:
            self._rests_until = elapsed() + pause
            self._is_calm = False

    def _admit(self, line: _Line, requests: int) -> None:
        if not self._is_calm:
            self._admit_after_failures(line, requests)

    def _admit_after_failures(self, line: _Line, requests: int) -> None:
        recent = elapsed() - _MEMORY
        others = (each for each in self._lines.values() if each.asked > recent)
        worst = max([line, *others], key=lambda each: each.failures)
        if worst.failures < _PATIENCE and not self._rests_until:
            with self._lock:
                self._is_calm = not any(each.failures for each in self._lines.values()) and not self._rests_until
            return
        with self._lock:
            now = elapsed()
            is_slow = worst.failures >= _PATIENCE and now < line.rests_until
            if is_slow or now < self._rests_until:
                raise StoreDown(worst.why)
            self._rests_until = 0
            line.let_through(now, min(requests * self._turn, _MEMORY))

    def _judge(self, line: _Line, error: LockError) -> None:
        if isinstance(error, StoreDown):
            with self._lock:
                self._is_calm = False
                line.failures += 1
                # However many it was to send: the first goes alone, and where that fails it was the only one.
                line.let_through(elapsed(), self._turn)
                line.why = str(error).removeprefix(StoreDown.message).strip()
        else:
            line.failures = 0


def described(error: BaseException) -> str:
    """One line about an error of a client library, without passwords."""
    lines = str(error).strip().splitlines()
    text = without_passwords(lines[0] if lines else "")
    return f"{type(error).__name__}: {text:.{_LONGEST_TEXT}}" if text else type(error).__name__
