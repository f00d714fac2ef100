"""The jobs of a crontab on a scheduler."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Any, Final, final
from uuid import UUID

from gocron_py.context import Context
from gocron_py.crontab.file import Crontab, Entry
from gocron_py.crontab.log import Label, Lines, Log
from gocron_py.crontab.process import CommandFailed, Process, Shell
from gocron_py.crontab.pump import Pump
from gocron_py.crontab.schedule import LineDefinition
from gocron_py.crontab.telling import Logger, Runs
from gocron_py.definitions import JobDefinition, one_time_job, one_time_job_start_immediately
from gocron_py.distributed.locker import TickLocker
from gocron_py.distributed.tick import current_run
from gocron_py.job_options import (
    JobOption,
    with_disabled_distributed_job_locker,
    with_event_listeners,
    with_name,
    with_singleton_mode,
)
from gocron_py.limits import LimitMode
from gocron_py.listeners import after_job_runs_with_error
from gocron_py.options import (
    SchedulerOption,
    with_distributed_locker,
    with_location,
    with_logger,
    with_scheduler_monitor,
    with_stop_timeout,
)
from gocron_py.scheduler import Scheduler, new_scheduler
from gocron_py.task import new_task

PATH: Final = "/usr/bin:/bin"
"""What cron's PATH is."""

# What a stop may take beyond the time that commands have.
_SLACK: Final = timedelta(seconds=3)


@final
@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line said.

    :ivar timeout: of commands that have none of their own.
    :ivar grace: from SIGTERM to SIGKILL.
    :ivar overlap: a command may be started while its last run goes on.
    :ivar inherited: the environment that commands begin with.
    :ivar locker: each tick once on all instances that share its store.
    """

    location: tzinfo
    inherited: Mapping[str, str]
    timeout: timedelta | None = None
    grace: timedelta = timedelta(seconds=10)
    overlap: bool = False
    locker: TickLocker | None = None


@final
class Service:
    """A crontab that runs."""

    def __init__(self, crontab: Crontab, settings: Settings, log: Log) -> None:
        """:raises ValueError: a line cannot be run here: the user is not known, or another one and this is not root.

        :raises GocronError: the scheduler or a job is refused.
        """
        self._settings = settings
        self._log = log
        self._pump = Pump()
        self._labels = {entry.name: Label(entry.line, entry.name) for entry in crontab.entries}
        self._running: set[Process] = set()
        self.scheduler = self._scheduler()
        for entry in crontab.entries:
            self._add(entry)

    def _scheduler(self) -> Scheduler:
        settings = self._settings
        options: list[SchedulerOption] = [
            with_location(settings.location),
            with_logger(Logger(self._log)),
            with_scheduler_monitor(Runs(self._log, self._labels, lambda: self.scheduler.is_paused())),
            with_stop_timeout(settings.grace + _SLACK),
        ]
        if settings.locker is not None:
            options.append(with_distributed_locker(settings.locker))
        return new_scheduler(*options)

    def _add(self, entry: Entry) -> None:
        label = self._labels[entry.name]
        definition: JobDefinition
        options: list[JobOption] = [with_name(entry.name), self._listener(label)]
        if entry.timing.times is None:
            definition = one_time_job(one_time_job_start_immediately())
            options.append(with_disabled_distributed_job_locker(True))
        else:
            definition = LineDefinition(entry.schedule, entry.timing.times, entry.timing.is_wild, entry.zone)
        # Under a tick locker a claim sees to it, whichever instance runs the command.
        if not self._settings.overlap and (self._settings.locker is None or entry.timing.times is None):
            options.append(with_singleton_mode(LimitMode.RESCHEDULE))
        shell = shell_of(entry, self._settings.inherited)
        limit = self._settings.timeout if entry.timeout is None else entry.timeout or None

        def run(ctx: Context) -> None:
            self._run(ctx, label, shell, limit)

        self.scheduler.new_job(definition, new_task(run), *options)

    def _listener(self, label: Label) -> JobOption:
        def failed(job_id: UUID, name: str, error: Exception) -> None:
            if not isinstance(error, CommandFailed):  # it has told of itself
                self._log.event(label, "failed", str(error))

        return with_event_listeners(after_job_runs_with_error(failed))

    def _run(self, ctx: Context, label: Label, shell: Shell, limit: timedelta | None) -> None:
        run, began = current_run(), time.monotonic()
        tick = {"GOCRON_TICK": run.tick.at.isoformat(), "GOCRON_ATTEMPT": str(run.attempt)}
        if run.fence is not None:
            tick["GOCRON_FENCE"] = str(run.fence)
        whole = Shell(
            shell.shell, shell.command, shell.stdin, shell.directory, {**shell.environment, **tick}, shell.identity
        )
        try:
            process = Process(whole, self._pump, Lines(self._log, label))
            self._log.event(label, "started", f"started, pid {process.pid}", pid=process.pid, tick=tick["GOCRON_TICK"])
            self._running.add(process)
            try:
                process.run(ctx, limit, self._settings.grace.total_seconds())
            finally:
                self._running.discard(process)
        except CommandFailed as error:
            self._log.event(label, "failed", f"failed after {_took(began)}: {error}", seconds=time.monotonic() - began)
            raise
        self._log.event(label, "ended", f"ended well after {_took(began)}", seconds=time.monotonic() - began)

    def kill(self) -> None:
        """End at once what still runs."""
        for process in list(self._running):
            process.kill()


def _took(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"


# -- the environment -------------------------------------------------------------------------------


def shell_of(entry: Entry, inherited: Mapping[str, str]) -> Shell:
    """How the command of an entry is run.

    :param inherited: what the environment begins with; cron's own is empty.
    :raises ValueError: as another user, and this process may not; or there is no such user.
    """
    user, identity = _user(entry)
    environment = {**inherited}
    if entry.user is not None:
        environment.update(HOME=user.pw_dir)
    environment.setdefault("HOME", user.pw_dir)
    environment.setdefault("PATH", PATH)
    always = {"LOGNAME": user.pw_name, "USER": user.pw_name}
    environment = {**environment, "SHELL": "/bin/sh", **entry.environment, **always}
    # A home that is not there is usual in containers.
    home = environment["HOME"]
    directory = home if os.path.isdir(home) else "/"
    return Shell(environment["SHELL"], entry.command, entry.stdin, directory, environment, identity)


def _user(entry: Entry) -> tuple[pwd.struct_passwd, dict[str, Any]]:
    own = os.geteuid()
    if entry.user is None:
        try:
            return pwd.getpwuid(own), {}
        except KeyError:  # containers run as numbers
            return pwd.struct_passwd((str(own), "x", own, os.getegid(), "", "/", "/bin/sh")), {}
    try:
        user = pwd.getpwnam(entry.user)
    except KeyError:
        raise ValueError(f"line {entry.line}: there is no user {entry.user!r:.80}") from None
    if user.pw_uid == own:
        return user, {}
    if own != 0:
        raise ValueError(f"line {entry.line}: only root can run commands as {entry.user}")
    groups = os.getgrouplist(user.pw_name, user.pw_gid)
    return user, {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": groups}
