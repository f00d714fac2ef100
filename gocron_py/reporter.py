"""Every call to a user's logger, monitor or listener goes through here: what they raise ends here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast, final

from gocron_py.clock import elapsed
from gocron_py.errors import satisfies
from gocron_py.instant import SECOND, Micros
from gocron_py.monitor import RunMonitor

if TYPE_CHECKING:
    from uuid import UUID

    from gocron_py.distributed.events import TickEvent
    from gocron_py.job import Job, RunEntry
    from gocron_py.logger import Logger
    from gocron_py.monitor import JobStatus, Monitor, MonitorStatus, SchedulerMonitor


_SILENCE: Final[Micros] = 60 * SECOND


@final
class Reporter:
    """Tells the outside what happens, and never fails.

    A monitor that is ``None`` is not there; callers may look first, to save making its arguments.
    """

    __slots__ = ("_logger", "_turn", "_warned", "monitor", "monitor_status", "run_monitor", "scheduler_monitor")

    def __init__(
        self,
        logger: Logger,
        monitor: Monitor | None,
        monitor_status: MonitorStatus | None,
        scheduler_monitor: SchedulerMonitor | None,
    ) -> None:
        self._logger = logger
        # By cause: when it was warned of, how often it came since.
        self._warned: dict[str, tuple[Micros, int]] = {}
        self._turn = threading.RLock()  # a signal handler may warn too
        self.monitor = monitor
        self.monitor_status = monitor_status
        self.scheduler_monitor = scheduler_monitor
        self.run_monitor: RunMonitor | None = None
        if satisfies(scheduler_monitor, RunMonitor):
            self.run_monitor = cast("RunMonitor", scheduler_monitor)

    def debug(self, message: str, *pairs: object) -> None:
        """Log what only a developer of schedules wants to know."""
        self._log(self._logger.debug, message, pairs)

    def info(self, message: str, *pairs: object) -> None:
        """Log a change of state."""
        self._log(self._logger.info, message, pairs)

    def warn(self, message: str, *pairs: object) -> None:
        """Log what is likely a mistake, or work that was dropped."""
        self._log(self._logger.warn, message, pairs)

    def warn_now_and_then(self, about: str, message: str, *pairs: object) -> None:
        """Log a warning that would come with every run while its cause lasts: once a minute for each cause."""
        now = elapsed()
        with self._turn:
            said, left_out = self._warned.get(about, (now - _SILENCE, 0))
            is_due = now - said >= _SILENCE
            self._warned[about] = (now, 0) if is_due else (said, left_out + 1)
        if not is_due:
            self.debug(message, *pairs)
        elif left_out:
            self.warn(message, *pairs, "left out since the last warning", left_out)
        else:
            self.warn(message, *pairs)

    def error(self, message: str, *pairs: object) -> None:
        """Log an error; the key ``error`` brings its traceback."""
        self._log(self._logger.error, message, pairs)

    def _log(self, write: Callable[..., None], message: str, pairs: tuple[object, ...]) -> None:
        try:
            write(message, *pairs)
        except BaseException:
            logging.getLogger("gocron_py").exception("gocron: the logger raised; it was told: %s", message)

    def call(self, what: str, function: Callable[..., object], *args: object) -> None:
        """Call a user's function; log what it raises."""
        try:
            function(*args)
        except BaseException as error:
            self.error(f"gocron: {what} raised", "error", error)

    def tell(self, event: str, *args: Any) -> None:
        """Tell the scheduler monitor, if there is one, by the name of its method."""
        if self.scheduler_monitor is not None:
            self.call(f"SchedulerMonitor.{event}", getattr(self.scheduler_monitor, event), *args)

    def began(self, job: Job) -> None:
        """``RunMonitor.run_began``."""
        if self.run_monitor is not None:
            self.call("RunMonitor.run_began", self.run_monitor.run_began, job)

    def ended(self, job: Job, entry: RunEntry) -> None:
        """``RunMonitor.run_ended``."""
        if self.run_monitor is not None:
            self.call("RunMonitor.run_ended", self.run_monitor.run_ended, job, job._run_record(entry))

    def tick(self, event: TickEvent) -> None:
        """``RunMonitor.tick_event``."""
        if self.run_monitor is not None:
            self.call("RunMonitor.tick_event", self.run_monitor.tick_event, event)

    def count(self, job: Job, status: JobStatus) -> None:
        """``Monitor.increment_job``."""
        if self.monitor is not None:
            self.call("Monitor.increment_job", self.monitor.increment_job, job.id(), job.name(), job.tags(), status)

    def timing(self, job: Job, start: datetime, end: datetime) -> None:
        """``Monitor.record_job_timing``."""
        if self.monitor is not None:
            record = self.monitor.record_job_timing
            self.call("Monitor.record_job_timing", record, start, end, job.id(), job.name(), job.tags())

    def timing_with_status(
        self, job: Job, start: datetime, end: datetime, status: JobStatus, error: Exception | None
    ) -> None:
        """``MonitorStatus.record_job_timing_with_status``."""
        if self.monitor_status is not None:
            record = self.monitor_status.record_job_timing_with_status
            job_id: UUID = job.id()
            self.call(
                "MonitorStatus.record_job_timing_with_status",
                record,
                start,
                end,
                job_id,
                job.name(),
                job.tags(),
                status,
                error,
            )

    def result(self, job: Job, error: Exception | None, took: timedelta) -> None:
        """``job_completed`` or ``job_failed``, and ``job_execution_time``."""
        if self.scheduler_monitor is None:
            return
        if error is None:
            self.tell("job_completed", job)
        else:
            self.tell("job_failed", job, error)
        self.tell("job_execution_time", job, took)
