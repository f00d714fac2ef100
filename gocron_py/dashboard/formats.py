"""How values are shown. ``static/dashboard.js`` has each of these under the same name and gives the same texts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

NOTHING: Final = "\N{EN DASH}"

OUTCOMES: Final = {
    "success": "succeeded",
    "fail": "failed",
    "skip": "skipped",
    "singleton_rescheduled": "dropped",
    "tick_missed": "tick missed",
    "tick_skipped": "tick skipped",
    "tick_unguarded": "ran unguarded",
    "tick_crashed": "crashed",
    "tick_recovered": "recovered",
    "tick_lost": "claim lost",
    "tick_amnesia": "store forgot",
    "tick_corrupt": "store corrupt",
}

STATES: Final = {
    "running": "running",
    "paused": "paused",
    "failed": "failed",
    "late": "late",
    "ok": "succeeded",
    "skipped": "skipped",
    "new": "not run yet",
    "shut_down": "shut down",
}


class Formats:
    """The formats of one answer.

    :param root: the path under which the dashboard is mounted.
    :param now: the present time in the scheduler's location.
    """

    def __init__(self, root: str, now: datetime) -> None:
        self.root = root
        self.now = now
        self._today = now.date().isoformat()
        self.by_name: dict[str, Callable[[Any], str]] = {
            "text": str,
            "line": _line,
            "time": self._time,
            "moment": _moment,
            "full": lambda value: f"{value[:10]} {value[11:19]} {value[23:]}",
            "ago": self._ago,
            "span": _span,
            "outcome": lambda value: str(OUTCOMES.get(value, value)),
            "state": lambda value: str(STATES.get(value, value)),
            "yes": lambda value: "yes" if value else "no",
            "reachable": lambda value: "reachable" if value else "not reachable",
            "strip": _strip,
            "lane": _lane,
            "job": lambda value: f"{root}/jobs/{_encoded(value)}",
            "tag": lambda value: f"{root}/jobs?tag={_encoded(value)}",
        }

    def show(self, value: Any, form: str) -> str:
        """*value* in the format *form*; of ``None`` a dash."""
        return NOTHING if value is None else self.by_name[form](value)

    def _time(self, value: str) -> str:
        return value[11:19] if value[:10] == self._today else f"{value[:10]} {value[11:16]}"

    def _ago(self, value: str) -> str:
        seconds = (self.now - datetime.fromisoformat(value)).total_seconds()
        distance = _rough(abs(seconds))
        return distance if distance == "now" else f"{distance} ago" if seconds > 0 else f"in {distance}"


def _encoded(value: str) -> str:
    """As JavaScript's encodeURIComponent."""
    return quote(value, safe="!'()*", errors="replace")


def _line(value: str) -> str:
    """The first line, shortened."""
    first = value.partition("\n")[0]
    return f"{first[:119]}…" if len(first) > 120 else first


def _moment(value: str) -> str:
    return f"{value[:10]} {value[11:]}"


def _rough(seconds: float) -> str:
    whole = math.floor(seconds)
    if whole < 1:
        return "now"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        return f"{whole // 3600} h {whole // 60 % 60} min"
    return f"{whole // 86400} d {whole // 3600 % 24} h"


def _span(seconds: float) -> str:
    """A length of time, as it was measured."""
    if seconds < 0.9995:
        return f"{math.floor(seconds * 1000 + 0.5)} ms"
    if seconds < 59.95:
        tenths = math.floor(seconds * 10 + 0.5)
        return f"{tenths // 10}.{tenths % 10} s"
    whole = math.floor(seconds + 0.5)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return _rough(whole)


def _strip(outcomes: Sequence[str]) -> str:
    counts = Counter(OUTCOMES.get(outcome, outcome) for outcome in outcomes)
    return ", ".join(f"{counts[word]} {word}" for word in OUTCOMES.values() if counts[word]) or "no runs"


def _lane(job: Any) -> str:
    running = ", runs now" if job["running_since"] else ""
    due = f"more than {len(job['ticks'])}" if job["more_ticks"] else str(len(job["ticks"]))
    return f"last hour: {_strip([run['outcome'] for run in job['runs']])}{running}; next hour: {due} due"
