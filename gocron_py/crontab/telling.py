"""What the scheduler and its tick locker tell, in the log of a cron for containers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, final

from gocron_py.clock import elapsed
from gocron_py.crontab.log import Label, Log
from gocron_py.distributed.events import TickEvent, TickEventKind
from gocron_py.errors import GocronError, StoreCorrupt
from gocron_py.instant import SECOND, Micros
from gocron_py.job import Job
from gocron_py.monitor import JobStatus, RunMonitor, RunRecord
from gocron_py.run import PAUSED

# What lasts until somebody mends it is said once, and again after so long.
_SILENCE: Final = 3600 * SECOND


def teller(log: Log) -> Callable[[TickEvent], None]:
    """What a tick locker is to call with its events."""
    told: dict[str, Micros] = {}

    def tell(event: TickEvent) -> None:
        tick = "" if event.at is None else f", tick of {event.at.isoformat()}"
        detail = _flat(event.detail)
        if event.kind is TickEventKind.CORRUPT:  # with every tick, and often of every job
            if elapsed() - told.get(detail, -_SILENCE) < _SILENCE:
                return
            told[detail] = elapsed()
        log.event(None, event.kind.value, f"{event.kind}: {event.job_name}{tick}: {detail}", job=event.job_name)

    return tell


def _flat(value: object) -> str:
    return ": ".join(str(value).removeprefix("gocron: ").splitlines())


@final
class Logger:
    """Warnings and errors of the scheduler; but not what a tick locker has told of."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def debug(self, msg: str, /, *args: object) -> None:
        return

    def info(self, msg: str, /, *args: object) -> None:
        return

    def warn(self, msg: str, /, *args: object) -> None:
        text = _joined(msg, args)
        if not msg.startswith("gocron: tick ") and _flat(StoreCorrupt.message) not in text:
            self._log.event(None, "warning", text)

    def error(self, msg: str, /, *args: object) -> None:
        self._log.event(None, "error", _joined(msg, args))


def _joined(msg: str, args: tuple[object, ...]) -> str:
    pairs = zip(args[::2], args[1::2], strict=False)
    return ", ".join([_flat(msg), *(f"{key}={_flat(value)}" for key, value in pairs)])


@final
class Runs(RunMonitor):
    """Tells of runs that do not start: the one before goes on, or the job is paused; and when that is over.

    :param is_paused: whether the scheduler is, and so all jobs.
    """

    def __init__(self, log: Log, labels: Mapping[str, Label], is_paused: Callable[[], bool]) -> None:
        self._log = log
        self._labels = labels
        self._is_paused = is_paused
        self._paused: set[str] = set()

    def run_began(self, job: Job, /) -> None:
        # One that somebody asked for runs although the job is paused.
        name = job.name()
        try:
            if name in self._paused and not job.is_paused() and not self._is_paused():
                self._goes_on(name)
        except GocronError:  # the store does not say; the next run tells
            return

    def run_ended(self, job: Job, run: RunRecord, /) -> None:
        name = job.name()
        if run.outcome is JobStatus.SINGLETON_RESCHEDULED:
            self._log.event(self._labels[name], "skipped", "skipped: its last run still goes on")
        elif run.outcome is JobStatus.SKIP and run.error == PAUSED:
            if name not in self._paused:
                self._paused.add(name)
                self._log.event(self._labels[name], "paused", "paused: its ticks are skipped until it is resumed")
        elif run.outcome is JobStatus.SKIP and name in self._paused:  # another instance ran it
            self._goes_on(name)

    def _goes_on(self, name: str) -> None:
        self._paused.discard(name)
        self._log.event(self._labels[name], "resumed", "resumed: it is paused no longer")
