"""Single keys from a terminal."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from types import TracebackType
from typing import Any, final


@final
class Keys:
    """Reads keys as they are pressed; the terminal is as it was afterwards."""

    def __init__(self) -> None:
        self._file = sys.stdin.fileno()
        self._before: list[Any] = []

    def __enter__(self) -> Keys:
        self._before = termios.tcgetattr(self._file)
        tty.setcbreak(self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)

    def pressed(self, timeout: float) -> str:
        """The key that is pressed within so many seconds; empty if none is."""
        if not select.select([self._file], [], [], timeout)[0]:
            return ""
        return os.read(self._file, 16).decode(errors="ignore")[:1] or "q"
