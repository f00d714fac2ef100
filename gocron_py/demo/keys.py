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
        """The keys that are pressed within so many seconds, which may be several at once; empty if none is.

        An arrow, or another key that sends a sequence, is one escape character. The end of the input is a ``q``.
        """
        if not select.select([self._file], [], [], timeout)[0]:
            return ""
        data = os.read(self._file, 1024)
        return data.decode(errors="ignore").partition("\x1b[")[0] if data else "q"
