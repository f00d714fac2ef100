"""Which jobs have series in the metrics of a registry, and the thread that looks at what nobody tells."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Final, final

from gocron_py.distributed.elector import CampaigningElector
from gocron_py.errors import ErrInvalidArgument
from gocron_py.integrations.prometheus_series import OTHERS, Metrics, Series
from gocron_py.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client import CollectorRegistry

    from gocron_py.job import Job
    from gocron_py.scheduler import Scheduler

REFRESH: Final = 5.0
"""So often, in seconds, what nobody tells is looked at: who leads, whether stores answer."""

_LONGEST_NAME: Final = 200

_log = logging.getLogger("gocron_py")


@final
class Board:
    """Which series there are, and the thread that looks at what nobody tells."""

    def __init__(self, metrics: Metrics, options: tuple[object, ...], max_jobs: int, keep: float) -> None:
        self.metrics = metrics
        self.options = options
        self._max_jobs = max_jobs
        self._keep = keep
        self._series: dict[str, Series] = {}
        # Of these, those whose jobs are gone.
        self._leaving: dict[str, Series] = {}
        self._others: Series | None = None
        # A tick locker knows jobs by their keys.
        self._by_key: dict[str, Series] = {}
        self._schedulers: weakref.WeakSet[Scheduler] = weakref.WeakSet()
        self._kinds_of_electors: set[str] = set()
        # Files of other processes: there a series cannot be taken away.
        self._is_multiprocess = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        self.begin()

    def begin(self) -> None:
        """Also in a forked child, in which no thread is left."""
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._thread: threading.Thread | None = None
        for series in self._series.values():
            series.going = 0

    # -- jobs --------------------------------------------------------------------------------------

    def of(self, name: str) -> Series | None:
        """The series of a job; ``None``: it was removed long ago."""
        return self._series.get(name, self._others)

    def label_of(self, key: str) -> str:
        """The label of the job that a tick locker knows by this key."""
        found = self._by_key.get(key)
        return OTHERS if found is None else found.label

    def began(self, job: Job) -> None:
        """A run goes on."""
        with self._lock:
            series = self.of(job._spec.name)
            if series is not None:
                series.going += 1
                series.running.set(series.going)

    def ceased(self, series: Series) -> None:
        """One does not any more."""
        with self._lock:
            series.going = max(series.going - 1, 0)
            series.running.set(series.going)

    def add(self, job: Job) -> None:
        """A job was registered."""
        name = job.name()
        with self._lock:
            series = self._series.get(name) or self._new(name)
            series.jobs.add(job)
            series.leaving = None
            self._by_key[job._spec.key] = series
            self._schedulers.add(job._scheduler)
        series.begin(job)
        series.show_next(job)
        if job._scheduler._registry.scheduling:
            self.look()

    def _new(self, name: str) -> Series:
        if len(self._series) >= self._max_jobs:
            self._purge()
        if len(self._series) >= self._max_jobs:
            return self._beyond()
        label = printable(name[:_LONGEST_NAME])
        self._series[name] = series = Series(self.metrics, label)
        return series

    def _beyond(self) -> Series:
        if self._others is None:
            _log.warning("gocron: metrics of jobs beyond the first %d share the label %s", self._max_jobs, OTHERS)
            self._others = Series(self.metrics, OTHERS)
        return self._others

    def discard(self, job: Job) -> None:
        """A job was removed. Its series stay for a while: who looks once in a minute is to see its last run."""
        with self._lock:
            series = self.of(job.name())
            if series is not None:
                self._leave(series, {job})

    def _leave(self, series: Series, jobs: set[Job]) -> None:
        gone = series.jobs & jobs
        series.jobs -= gone
        if not gone or series.jobs or series.next is None:
            return
        series.next.set(math.nan)
        if not self._is_multiprocess:
            series.leaving = time.monotonic()
            self._leaving[gone.pop().name()] = series

    def _purge(self) -> None:
        due = time.monotonic() - self._keep
        for name, series in list(self._leaving.items()):
            if series.leaving is None:  # somebody has its name again
                del self._leaving[name]
            elif series.leaving <= due and not series.going:
                del self._leaving[name], self._series[name]
                self._by_key = {key: one for key, one in self._by_key.items() if one is not series}
                if not any(other.label == series.label for other in self._series.values()):
                    series.remove()

    # -- schedulers --------------------------------------------------------------------------------

    def look(self) -> None:
        """Look now, and again every few seconds."""
        with self._lock:
            thread = self._thread
            if thread is None:
                self._thread = thread = threading.Thread(target=self._watch, name="gocron-metrics", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the interpreter ends, or there is no thread to be had now
                    self._thread = None
        self._bell.set()

    def show_all(self) -> None:
        """Schedulers were started or stopped."""
        with self._lock:
            series = list(self._series.values())
            for one in series:
                self._leave(one, {job for job in one.jobs if job._scheduler._registry.closed})
        for one in series:
            for job in tuple(one.jobs):
                one.show_next(job)
        self._refresh()
        self.look()

    def _watch(self) -> None:
        pid = os.getpid()
        while pid == os.getpid():
            self._bell.wait(REFRESH)
            self._bell.clear()
            try:
                started = self._refresh()
            except BaseException:
                _log.exception("gocron: metrics go on after")
                continue
            with self._lock:
                self._purge()
                if not started and not self._leaving:
                    self._thread = None
                    return

    def _refresh(self) -> int:
        """Who leads, which stores answer. Gives how many schedulers are started."""
        with self._lock:
            known = list(self._schedulers)
        here = os.getpid()
        schedulers = [one for one in known if one._registry.pid == here and one._registry.scheduling]
        self.metrics.schedulers.set(len(schedulers))
        electors = [one._settings.elector for one in known if one._registry.pid == here]
        self._show_leaders({elector for elector in electors if isinstance(elector, CampaigningElector)})
        self._show_stores(schedulers)
        return len(schedulers)

    def _show_leaders(self, electors: set[CampaigningElector]) -> None:
        leaders = dict.fromkeys(self._kinds_of_electors, 0)
        for elector in electors:
            if elector._heard.is_set():  # one that was not asked yet does not campaign
                kind = type(elector).__name__
                leaders[kind] = leaders.get(kind, 0) + elector.leads()
        self._kinds_of_electors = set(leaders)
        for kind, count in leaders.items():
            self.metrics.leader.labels(kind).set(count)

    def _show_stores(self, schedulers: Sequence[Scheduler]) -> None:
        stores: dict[str, bool] = {}
        for locker in {locker for one in schedulers for locker in one._registry.shared}:
            reachable = locker.health().reachable
            if reachable is not None:
                kind = type(locker.store).__name__
                stores[kind] = stores.get(kind, True) and reachable
        for kind, reachable in stores.items():
            self.metrics.store.labels(kind).set(reachable)


_boards: weakref.WeakKeyDictionary[CollectorRegistry, dict[str, Board]] = weakref.WeakKeyDictionary()
_making = threading.Lock()


def board_of(
    registry: CollectorRegistry,
    namespace: str,
    durations: Sequence[float],
    latenesses: Sequence[float],
    max_jobs: int,
    keep: float,
) -> Board:
    """The one of that registry; made with the first monitor.

    :raises ErrInvalidArgument: it was made with other options, or something else has one of its names.
    """
    options = (tuple(durations), tuple(latenesses), max_jobs, keep)
    with _making:
        boards = _boards.setdefault(registry, {})
        board = boards.get(namespace)
        if board is None:
            try:
                metrics = Metrics(registry, namespace, durations, latenesses)
            except ValueError as error:
                raise ErrInvalidArgument(f"the metrics cannot be made: {error}") from error
            board = boards[namespace] = Board(metrics, options, max_jobs, keep)
        elif board.options != options:
            raise ErrInvalidArgument("the registry has these metrics already, with other options", got=options)
        return board


def _forked() -> None:
    global _making
    _making = threading.Lock()
    for boards in _boards.values():
        for board in boards.values():
            board.begin()


os.register_at_fork(after_in_child=_forked)
