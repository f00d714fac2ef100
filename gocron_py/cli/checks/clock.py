"""Is the clock right? As far as a machine can tell by itself."""

from __future__ import annotations

import ctypes
import struct
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gocron_py.cli.checks import Finding, State

_DAY: Final = 86_400.0

# How long, in seconds, the clocks are compared, and how far apart they may go meanwhile.
_LOOK: Final = 0.2
_MOST_DRIFT: Final = 0.02

_TIME_ERROR: Final = 5
_MAXERROR: Final = struct.Struct("@I4xqqq")


def check_clock() -> Iterator[Finding]:
    """The present time, whether it moves as it should, whether something keeps it right."""
    now = time.time()
    shown = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z"
    newest = max(path.stat().st_mtime for path in Path(__file__).parents[2].glob("*.py"))
    if now < newest - _DAY or now > newest + 30 * 365 * _DAY:
        yield Finding("clock", State.FAILURE, f"it is {shown}, which cannot be: this program is of another time")
    else:
        yield Finding("clock", State.OK, f"it is {shown}")
    drift = _drift()
    if abs(drift) > _MOST_DRIFT:
        yield Finding("clock", State.WARNING, f"it is being set: {drift:+.3f} s within {_LOOK} s")
    if sys.platform == "linux" and sys.maxsize > 2**32:
        yield from _kernel()


def _drift() -> float:
    began, steady = time.time(), time.monotonic()
    time.sleep(_LOOK)
    return (time.time() - began) - (time.monotonic() - steady)


def _kernel() -> Iterator[Finding]:
    """What the kernel knows of whoever synchronises it (ntp_adjtime, read only)."""
    buffer = ctypes.create_string_buffer(512)
    state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    if state < 0:  # containers may forbid the call
        yield Finding("clock", State.WARNING, "the kernel does not say whether it is synchronised")
    elif state == _TIME_ERROR:
        yield Finding("clock", State.WARNING, "it is not synchronised (NTP): several machines may disagree on the time")
    else:
        error = _MAXERROR.unpack_from(buffer)[3] / 1e6
        yield Finding("clock", State.OK, f"it is synchronised, to {error:.3f} s at worst")
