"""Where the library logs: Go's Logger, its plain one for standard output, and Python's logging.

All take a message and key, value pairs, as slog does. One call is one line: line breaks and
control characters in names and values are escaped, for they are data and must not forge a line.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from enum import IntEnum
from itertools import pairwise
from typing import Final, Protocol, final, runtime_checkable
from uuid import UUID

from gocron_py.errors import ErrInvalidArgument

__all__ = ["LogLevel", "Logger", "StandardLogger", "new_logger"]


class LogLevel(IntEnum):
    """How much :func:`new_logger` prints: its level and those above. Go: ``LogLevel``."""

    ERROR = 0
    WARN = 1
    INFO = 2
    DEBUG = 3


@runtime_checkable
class Logger(Protocol):
    """What ``with_logger`` takes; called from any thread, often from several at once. Go: ``Logger``.

    *args* are key, value pairs: ``logger.info("job done", "job", name, "took", duration)``.
    """

    def debug(self, msg: str, /, *args: object) -> None:
        """Log what helps to find a fault. Go: ``Logger.Debug``."""
        ...

    def error(self, msg: str, /, *args: object) -> None:
        """Log a failure; an exception under the key ``error`` brings its traceback. Go: ``Logger.Error``."""
        ...

    def info(self, msg: str, /, *args: object) -> None:
        """Log what happens in the ordinary course. Go: ``Logger.Info``."""
        ...

    def warn(self, msg: str, /, *args: object) -> None:
        """Log what was dropped or is likely a mistake. Go: ``Logger.Warn``."""
        ...


def new_logger(level: LogLevel) -> Logger:
    """A logger that prints lines to standard output, as Go's does. Go: ``NewLogger``.

    ``2024/06/15 12:00:00 INFO: job done, job=backup, took=0:00:01``, in local time.
    A standard output that is closed, broken or cannot show a character never raises.

    :param level: the least important level that is printed; as in Go, one below ERROR prints nothing.
    :raises ErrInvalidArgument: not a :class:`LogLevel`, or a number beyond it (such as ``logging.INFO``).
    """
    return _PrintLogger(_checked(level))


@final
class StandardLogger:
    """The default: hands over to Python's :mod:`logging`, by default to the logger ``gocron_py``.

    The pairs follow the message, and are on the record as the dict ``record.gocron``. It holds plain
    values as they are and all others as text, so that a record can be kept, pickled or made JSON.
    An exception under the key ``error`` is logged with its traceback. Go has no default logger.
    """

    # No NullHandler, against the custom of libraries: with one, a newcomer who never configured
    # logging would not see that a job failed. Without, logging's handler of last resort prints
    # warnings and errors to stderr, until the program configures a handler of its own.

    __slots__ = ("_logger",)

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger: Final = logging.getLogger("gocron_py") if logger is None else logger

    def debug(self, msg: str, *args: object) -> None:
        """Log at ``logging.DEBUG``."""
        self._log(logging.DEBUG, msg, args)

    def error(self, msg: str, *args: object) -> None:
        """Log at ``logging.ERROR``."""
        self._log(logging.ERROR, msg, args)

    def info(self, msg: str, *args: object) -> None:
        """Log at ``logging.INFO``."""
        self._log(logging.INFO, msg, args)

    def warn(self, msg: str, *args: object) -> None:
        """Log at ``logging.WARNING``."""
        self._log(logging.WARNING, msg, args)

    def _log(self, level: int, msg: str, args: tuple[object, ...]) -> None:
        if not self._logger.isEnabledFor(level):
            return
        error = next((value for key, value in _pairs(args) if key == "error"), None)
        self._logger.log(
            level,
            _line(msg, args),
            exc_info=error if isinstance(error, BaseException) else None,
            extra={"gocron": {_text(key): _plain(value) for key, value in _pairs(args)}},
            stacklevel=3,
        )


@final
class _PrintLogger:
    __slots__ = ("_level",)

    def __init__(self, level: int) -> None:
        self._level: Final = level

    def debug(self, msg: str, *args: object) -> None:
        self._print(LogLevel.DEBUG, msg, args)

    def error(self, msg: str, *args: object) -> None:
        self._print(LogLevel.ERROR, msg, args)

    def info(self, msg: str, *args: object) -> None:
        self._print(LogLevel.INFO, msg, args)

    def warn(self, msg: str, *args: object) -> None:
        self._print(LogLevel.WARN, msg, args)

    def _print(self, level: LogLevel, msg: str, args: tuple[object, ...]) -> None:
        if self._level >= level:
            now = time.strftime("%Y/%m/%d %H:%M:%S")
            _write(f"{now} {level.name}: {_line(msg, args)}\n")


# Re-entrant, as a signal handler or a finalizer may log in the middle of a line's writing.
_stdout_lock = threading.RLock()


def _forget_lock() -> None:
    global _stdout_lock
    _stdout_lock = threading.RLock()


# A thread of the parent may have held it at the fork; no thread of the child would release it.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)


def _write(line: str) -> None:
    stream = sys.stdout
    try:
        with _stdout_lock:
            try:
                stream.write(line)
            except UnicodeEncodeError:
                stream.write(line.encode("ascii", "backslashreplace").decode("ascii"))
            stream.flush()
    except Exception:
        # Closed, a broken pipe, a full disk, no stdout at all: no place is left to tell of it.
        return


def _line(msg: str, args: tuple[object, ...]) -> str:
    """Message and pairs as Go's logger prints them, on one line."""
    if not args:
        return _escaped(msg)
    if len(args) % 2:
        return _escaped(f"{msg}, {_run_together(args)}")
    return _escaped(f"{msg}, {', '.join(f'{_text(key)}={_text(value)}' for key, value in _pairs(args))}")


def _run_together(args: tuple[object, ...]) -> str:
    """Go's ``fmt.Sprint``: a space between two neighbours when neither is a string."""
    text = _text(args[0])
    for before, arg in pairwise(args):
        text += _text(arg) if isinstance(before, str) or isinstance(arg, str) else f" {_text(arg)}"
    return text


def _pairs(args: tuple[object, ...]) -> Iterator[tuple[object, object]]:
    yield from zip(args[::2], args[1::2], strict=False)
    if len(args) % 2:
        yield "!BADKEY", args[-1]  # slog's name for a value without a key


def _plain(value: object) -> object:
    if value is None or type(value) in {bool, int, float, str} or isinstance(value, date | timedelta | UUID):
        return value
    return _text(value)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:
        return f"<{type(value).__qualname__}: {type(error).__qualname__} in str()>"


# C0 and C1 controls, the other line breaks of str.splitlines, and what turns the direction of
# writing; the tab stays.
_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _escaped(text: str) -> str:
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def _checked(level: object) -> int:
    if isinstance(level, bool) or not isinstance(level, int) or level > LogLevel.DEBUG:
        raise ErrInvalidArgument("level must be a LogLevel", got=level)
    return level
