"""The parts of which the API's documents are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from gocron_py import words
from gocron_py.dashboard.snapshot import JobState, Snapshot
from gocron_py.instant import Instant, micros_of

if TYPE_CHECKING:
    from gocron_py.job import RunEntry

Document: TypeAlias = dict[str, Any]

HOUR: Final = micros_of(timedelta(hours=1))

# So many of the last outcomes go with every job.
_STRIP: Final = 12

# So many ticks of a job are drawn in the next hour; a job with more is drawn as a band.
_MOST_TICKS: Final = 60


def iso(seen: Snapshot, instant: Instant | None) -> str | None:
    return None if instant is None else seen.shown(instant).isoformat(timespec="milliseconds")


def _seconds(start: Instant | None, end: Instant | None) -> float | None:
    return None if start is None or end is None else round((end - start) / 1_000_000, 3)


def summary(seen: Snapshot, job: JobState) -> Document:
    spec, last = job.spec, job.last
    return {
        "id": str(job.job.id()),
        "name": spec.name,
        "tags": list(spec.settings.tags),
        "schedule": words.describe(job.job.schedule(), seen.location),
        "state": job.state,
        "paused": job.paused,
        "running": job.running,
        "waiting": job.waiting,
        "running_since": iso(seen, job.started) if job.running else None,
        "next_run": iso(seen, job.next),
        "last": None if last is None else run(seen, last),
        "outcomes": [entry[3] for entry in job.history[-_STRIP:]],
    }


def run(seen: Snapshot, entry: RunEntry) -> Document:
    scheduled, started, completed, outcome, error, attempt, fence, lock = entry
    return {
        "scheduled": iso(seen, scheduled),
        "started": iso(seen, started),
        "completed": iso(seen, completed),
        "outcome": outcome,
        "duration": _seconds(started, completed),
        "lateness": _seconds(scheduled, started),
        "error": error,
        "attempt": attempt,
        "fence": fence,
        "lock": lock,
    }


def limits(seen: Snapshot, job: JobState) -> Iterable[str]:
    """What its options say about when it does not run."""
    settings = job.spec.settings
    if settings.singleton is not None:
        yield f"one run at a time; what comes too early {_too_early(settings.singleton.name)}"
    if settings.limited_runs is not None:
        yield f"{settings.limited_runs} runs, then it goes"
    if settings.interval_from_completion:
        yield "the interval counts from the end of a run"
    if settings.stop is not None:
        yield f"stops at {iso(seen, settings.stop)}"


def _too_early(mode: str) -> str:
    return "waits" if mode == "WAIT" else "is dropped"


def ticks(job: JobState, most: int, until: Instant | None = None) -> list[Instant]:
    """The next ticks, as ``Job.next_runs`` gives them."""
    return job.spec.ticks(job.next, most, until)


def timeline_row(seen: Snapshot, job: JobState, recent: Sequence[RunEntry]) -> Document:
    due = ticks(job, _MOST_TICKS + 1, seen.now + HOUR)
    kept = len(job.history) == job.spec.settings.history_size and len(recent) == len(job.history)
    return {
        "id": str(job.job.id()),
        "name": job.spec.name,
        "state": job.state,
        "running_since": iso(seen, job.started) if job.running else None,
        "runs": [
            {
                "start": iso(seen, entry[1] or entry[0]),
                "end": iso(seen, entry[2] or entry[1] or entry[0]),
                "outcome": entry[3],
            }
            for entry in recent
        ],
        # Of what was before that nothing is kept.
        "kept_since": iso(seen, recent[0][1] or recent[0][0]) if kept and recent else None,
        "ticks": [iso(seen, tick) for tick in due[:_MOST_TICKS]],
        "more_ticks": len(due) > _MOST_TICKS,
    }


def when(entry: RunEntry) -> Instant:
    """When it was over; of a run that was not begun nothing but its time is known."""
    return entry[2] or entry[1] or entry[0]
