"""Calls to a server that may be down: errors of one kind, no secrets in them, and no storm of calls."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Final, TypeVar, final

from gocron_py.clock import elapsed
from gocron_py.errors import LockError, StoreDown
from gocron_py.instant import SECOND, Micros

T = TypeVar("T")

CALL_TIMEOUT: Final = 2.0
"""So long, in seconds, a call waits for a server's answer."""

_PAUSE: Final[Micros] = SECOND // 2

# The second failure in a row, not the first: one lost answer is asked about at once.
_PATIENCE: Final = 2

_LONGEST_TEXT: Final = 200

_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@\s]*@")


@final
class Circuit:
    """Lets calls through while they succeed, and one each half second while they fail (a circuit breaker).

    :param typed: makes a :exc:`~gocron_py.LockError` of what a client library raises.
    """

    def __init__(self, typed: Callable[[Exception], LockError]) -> None:
        self._typed = typed
        self.begin()

    def begin(self) -> None:
        """As new: also in a forked child."""
        self._lock = threading.Lock()
        self._failures = 0
        self._asked: Micros = 0
        self._why = ""

    def call(self, work: Callable[[], T]) -> T:
        """What *work* gives.

        :raises LockError: it failed, or is not tried because the last calls failed.
        """
        self._admit()
        try:
            result = work()
        except LockError as error:
            self._judge(error)
            raise
        except Exception as error:
            typed = self._typed(error)
            self._judge(typed)
            # Not chained: texts and frames of client libraries hold addresses with passwords.
            raise typed from None
        self._failures = 0
        return result

    def _admit(self) -> None:
        if self._failures < _PATIENCE:
            return
        with self._lock:
            now = elapsed()
            if now - self._asked < _PAUSE:
                raise StoreDown(self._why)
            self._asked = now

    def _judge(self, error: LockError) -> None:
        if isinstance(error, StoreDown):
            with self._lock:
                self._failures += 1
                self._asked = elapsed()
                self._why = str(error)
        else:
            self._failures = 0


def described(error: BaseException) -> str:
    """One line about an error of a client library, without passwords."""
    lines = str(error).strip().splitlines()
    text = _PASSWORD.sub(r"\1:***@", lines[0] if lines else "")
    return f"{type(error).__name__}: {text:.{_LONGEST_TEXT}}" if text else type(error).__name__
