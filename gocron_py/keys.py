"""The keys by which lockers know jobs: two jobs of one key are one job to a locker, and it is said so."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from gocron_py.job import JobSpec
    from gocron_py.reporter import Reporter

_ONE_PER_TICK: Final = "only one of them runs at each tick: give each its own with_name"
_ONE_AT_ONCE: Final = "while one of them runs, the others are skipped: give each its own with_name"
_CHANGES: Final = "it goes by its function's name, which changes with the code: give it with_name"


@final
class Keys:
    """Counts the jobs of a scheduler that share a locker and a key; :meth:`count` under the registry's lock."""

    def __init__(self) -> None:
        # A locker of the user's own need not be hashable; its job keeps it alive, and so its id.
        self._jobs: Counter[tuple[int, str]] = Counter()

    def count(self, spec: JobSpec, by: int) -> None:
        """A job came, or went. One without a locker and a name of its own has no key."""
        locker = spec.settings.locker
        if locker is None and spec.settings.name is None:
            return
        key = id(locker), spec.key
        self._jobs[key] += by
        if not self._jobs[key]:
            del self._jobs[key]

    def clear(self) -> None:
        """All jobs are gone."""
        self._jobs.clear()

    def look_at(self, spec: JobSpec, report: Reporter) -> None:
        """Warn of a job that came and has its key from its function, or together with others."""
        locker = spec.settings.locker
        if locker is None and spec.settings.name is None:
            return
        if self._jobs[id(locker), spec.key] > 1:
            so = _ONE_AT_ONCE if spec.settings.tick_locker is None else _ONE_PER_TICK
            # Without a locker nothing becomes of it, until there is one.
            consequence = () if locker is None else ("so", so)
            report.warn("gocron: several jobs have one name, which is the key of locks", "job", spec.key, *consequence)
        elif spec.settings.name is None:
            said = "gocron: a locker is set and the job has no name of its own"
            report.warn(said, "job", spec.name, "so", _CHANGES)
