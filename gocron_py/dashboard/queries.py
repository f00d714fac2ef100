"""What a page or the API is asked for: search, filters, order and page, from the query string."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, final
from urllib.parse import urlencode

from gocron_py.dashboard.problem import Problem
from gocron_py.dashboard.snapshot import STATES, JobState
from gocron_py.distributed.events import TickEventKind
from gocron_py.monitor import JobStatus

_LAST: Final = float("inf")

SORTS: Final[dict[str, Callable[[JobState], Any]]] = {
    "name": lambda job: (job.spec.name.casefold(), job.job.id().int),
    "state": lambda job: (STATES.index(job.state), job.spec.name.casefold()),
    "next": lambda job: (_LAST if job.next is None else job.next, job.spec.name.casefold()),
    "last": lambda job: (-(job.started or 0), job.spec.name.casefold()),
    "duration": lambda job: (-_duration(job), job.spec.name.casefold()),
}
"""Of each order its key."""

OUTCOMES: Final = (*map(str, JobStatus), *(f"tick_{kind.value}" for kind in TickEventKind))

_MOST_PER_PAGE: Final = 200


@final
@dataclass(frozen=True, slots=True)
class JobQuery:
    """Which jobs, and in which order; a sort with a hyphen before it is the other way round."""

    search: str = ""
    tag: str = ""
    state: str = ""
    sort: str = "name"
    page: int = 1
    per_page: int = 50

    @classmethod
    def read(cls, query: Mapping[str, str], sort: str = "name") -> JobQuery:
        """From a query string; without an order of its own in the order *sort*.

        :raises Problem: 400, what is wrong in it.
        """
        asked = cls(
            query.get("search", "").strip(),
            query.get("tag", ""),
            _one_of(query, "state", STATES),
            query.get("sort") or sort,
            _number(query, "page", 1, 1_000_000),
            _number(query, "per_page", 50, _MOST_PER_PAGE),
        )
        if asked.sort.removeprefix("-") not in SORTS:
            raise Problem.bad_request(f"sort is one of {', '.join(SORTS)}, with a hyphen before it for the other way")
        return asked

    def select(self, jobs: Sequence[JobState]) -> list[JobState]:
        """Those that match, in order."""
        chosen = [job for job in jobs if self._wants(job)]
        chosen.sort(key=SORTS[self.sort.removeprefix("-")], reverse=self.sort.startswith("-"))
        return chosen

    def _wants(self, job: JobState) -> bool:
        if self.state and self.state not in job.states:
            return False
        if self.tag and self.tag not in job.spec.settings.tags:
            return False
        if not self.search:
            return True
        wanted = self.search.casefold()
        return (
            wanted in job.spec.name.casefold()
            or any(wanted in tag.casefold() for tag in job.spec.settings.tags)
            or str(job.job.id()).startswith(wanted)
        )

    def string(self, **changed: Any) -> str:
        """As a query string, with something changed; what is as usual is left out."""
        return _differing(replace(self, **changed), JobQuery())


@final
@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events."""

    search: str = ""
    outcome: str = ""
    page: int = 1
    per_page: int = 50

    @classmethod
    def read(cls, query: Mapping[str, str]) -> EventQuery:
        """From a query string.

        :raises Problem: 400, what is wrong in it.
        """
        return cls(
            query.get("search", "").strip(),
            _one_of(query, "outcome", OUTCOMES),
            _number(query, "page", 1, 1_000_000),
            _number(query, "per_page", 50, _MOST_PER_PAGE),
        )

    def wants(self, name: str, outcome: str) -> bool:
        """Whether a line of a job's history is to be shown."""
        if self.outcome and outcome != self.outcome:
            return False
        return not self.search or self.search.casefold() in name.casefold()

    def string(self, **changed: Any) -> str:
        """As a query string, with something changed; what is as usual is left out."""
        return _differing(replace(self, **changed), EventQuery())


def _differing(query: JobQuery | EventQuery, usual: JobQuery | EventQuery) -> str:
    """A query string of the fields that differ, with its question mark."""
    was = asdict(usual)
    fields = {name: value for name, value in asdict(query).items() if value != was[name]}
    return f"?{urlencode(fields, errors='replace')}" if fields else ""


def _duration(job: JobState) -> int:
    last = job.last
    return last[2] - last[1] if last is not None and last[1] is not None and last[2] is not None else -1


def _number(query: Mapping[str, str], name: str, usual: int, most: int) -> int:
    text = query.get(name) or str(usual)
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= most:
        raise Problem.bad_request(f"{name} is a number from 1 to {most}")
    return int(text)


def _one_of(query: Mapping[str, str], name: str, choices: Sequence[str]) -> str:
    value = query.get(name, "")
    if value and value not in choices:
        raise Problem.bad_request(f"{name} is one of {', '.join(choices)}")
    return value
