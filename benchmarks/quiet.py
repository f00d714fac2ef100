"""How much of the machine others had while something was measured."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

_STAT = Path("/proc/stat")

# A cell that others disturbed more than this (per cent of the machine) is measured again, at most so often.
TOLERATED = 5.0
ATTEMPTS = 3


class Watch:
    """Counts from its making on; children must have been waited for when it is read."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._busy = _machine_seconds()
        self._own = _own_seconds()

    def foreign_percent(self) -> float:
        """The share of the machine that went to processes other than this one and its children; steal counts."""
        passed = (time.monotonic() - self._begin) * (os.cpu_count() or 1)
        foreign = _machine_seconds() - self._busy - (_own_seconds() - self._own)
        return max(0.0, foreign / passed * 100)


def _machine_seconds() -> float:
    if not _STAT.exists():
        return 0.0
    user, nice, system, _idle, _iowait, *others = map(int, _STAT.read_text("ascii").split("\n", 1)[0].split()[1:9])
    return (user + nice + system + sum(others)) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
