"""What monitors are given: statuses, protocols and the records of runs."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gocron_py.monitor import JobStatus, Monitor, MonitorStatus, RunRecord, SchedulerMonitor

AT = datetime(2024, 6, 15, 12, tzinfo=UTC)


def test_statuses() -> None:
    """The statuses are Go's strings."""
    assert ["fail", "success", "skip", "singleton_rescheduled"] == list(JobStatus)
    assert "skip" == f"{JobStatus.SKIP}"


def test_protocols() -> None:
    """A protocol is met by having all of its methods, and by nothing less."""
    counting = type("Counting", (), {"increment_job": print, "record_job_timing": print})()
    status = type("Status", (type(counting),), {"record_job_timing_with_status": print})()
    names = [
        "concurrency_limit_reached",
        "job_completed",
        "job_execution_time",
        "job_failed",
        "job_registered",
        "job_running",
        "job_scheduling_delay",
        "job_started",
        "job_unregistered",
        "scheduler_shutdown",
        "scheduler_started",
        "scheduler_stopped",
    ]
    watching = type("Watching", (), dict.fromkeys(names, print))()
    blind = type("Blind", (), dict.fromkeys(names[1:], print))()
    assert (True, False) == (isinstance(counting, Monitor), isinstance(counting, MonitorStatus))
    assert (True, True) == (isinstance(status, Monitor), isinstance(status, MonitorStatus))
    assert (True, False) == (isinstance(watching, SchedulerMonitor), isinstance(blind, SchedulerMonitor))
    assert set(names) == {name for name in vars(SchedulerMonitor) if not name.startswith("_")}


class TestRunRecord:
    def test_times(self) -> None:
        """Duration and lateness are measured from start to end and from the due time to the start."""
        record = RunRecord(AT, AT + timedelta(seconds=1), AT + timedelta(seconds=3), JobStatus.FAIL, "boom", 2, 7)
        assert timedelta(seconds=2) == record.duration
        assert timedelta(seconds=1) == record.lateness

    def test_not_started(self) -> None:
        """A run that did not start has neither, one that is not over has no duration."""
        skipped = RunRecord(AT, None, None, JobStatus.SKIP, "not the leader")
        assert (None, None, 1, None) == (skipped.duration, skipped.lateness, skipped.attempt, skipped.fence)
        running = dataclasses.replace(skipped, started=AT)
        assert (None, timedelta(0)) == (running.duration, running.lateness)

    def test_clock_change(self) -> None:
        """An hour on the clock that the change to summer time left out is not counted."""
        zone = ZoneInfo("Europe/Berlin")  # 2024-03-31 02:00 -> 03:00
        due = datetime(2024, 3, 31, 1, 59, tzinfo=zone)
        started = datetime(2024, 3, 31, 3, 0, tzinfo=zone)
        completed = datetime(2024, 3, 31, 3, 5, tzinfo=zone)
        record = RunRecord(due, started, completed, JobStatus.SUCCESS, None)
        assert timedelta(minutes=1) == record.lateness
        assert timedelta(minutes=5) == record.duration
        assert timedelta(minutes=6) == RunRecord(due, due, completed, JobStatus.SUCCESS, None).duration

    def test_frozen(self) -> None:
        """A record cannot be changed, takes no other attributes and can be pickled."""
        record = RunRecord(AT, None, None, JobStatus.SKIP, None)
        with pytest.raises(dataclasses.FrozenInstanceError):
            record.attempt = 2  # type: ignore[misc]
        assert not hasattr(record, "__dict__")
        assert record == pickle.loads(pickle.dumps(record))
