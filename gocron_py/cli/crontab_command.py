"""``gocron-py crontab``."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from datetime import timedelta, tzinfo
from pathlib import Path
from types import FrameType
from typing import Final

import click

from gocron_py.cli import fail
from gocron_py.cli.crontab_file import load, told
from gocron_py.cli.dashboard_option import CREDENTIALS, dashboard_option
from gocron_py.cli.dashboard_option import dashboard as serving
from gocron_py.cli.output import duration, one_line, print_error, refuse
from gocron_py.cli.store import locker_of, why_unusable
from gocron_py.crontab.file import Crontab
from gocron_py.crontab.init import with_init
from gocron_py.crontab.log import Log
from gocron_py.crontab.service import Service, Settings
from gocron_py.crontab.telling import teller
from gocron_py.distributed.locker import TickLocker
from gocron_py.errors import ErrWithLocationUnknown, GocronError
from gocron_py.schedules.wall_time import load_location, local_location

_STANDARD_OUTPUT: Final = 1
_STANDARD_ERROR: Final = 2

_STORE: Final = "GOCRON_ONCE_ACROSS"

_STOPS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@click.command("crontab")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--once-across", metavar="URL", envvar=_STORE, help=f"Each tick on one instance only (or ${_STORE}).")
@click.option("--with-seconds", is_flag=True, help="Lines have six fields, the first for seconds.")
@click.option("--system", is_flag=True, help="A column with the user follows the fields, as in /etc/crontab.")
@click.option("--tz", metavar="ZONE", help="The zone of lines without CRON_TZ (default: the machine's).")
@click.option("--timeout", type=duration, metavar="30s", help="End commands that run longer (GOCRON_TIMEOUT per line).")
@click.option("--stop-timeout", type=duration, metavar="10s", default="10s", help="From SIGTERM to SIGKILL (10s).")
@click.option("--overlap", is_flag=True, help="Start a command although its last run still goes on.")
@click.option(
    "--on-crash", type=click.Choice(["skip", "rerun"]), default="skip", help="Of an instance, with --once-across."
)
@click.option("--clean-env", is_flag=True, help="Commands get cron's environment, not this one.")
@click.option("--json", "as_json", is_flag=True, help="The log as an object a line.")
@click.option("--init/--no-init", default=None, help="Reap orphans, pass signals on (default: as PID 1).")
@dashboard_option
def command(
    file: Path,
    once_across: str | None,
    with_seconds: bool,
    system: bool,
    tz: str | None,
    timeout: timedelta | None,
    stop_timeout: timedelta,
    overlap: bool,
    on_crash: str,
    clean_env: bool,
    as_json: bool,
    init: bool | None,
    dashboard: str | None,
) -> int:
    """Run the commands of the crontab FILE until SIGTERM or Ctrl-C.

    FILE is a real crontab, read as Debian's cron does. What commands write goes to standard output line by line, with
    the time, the line in FILE and the job's name before it; so do their starts and ends. A second signal ends all
    at once.

    \b
    With --once-across several instances share each line's ticks: each is run by one of them, once. URL is one of
      sqlite:///jobs.db   redis://host/0   etcd://host:2379   k8s://namespace
      postgresql://user@host/db   mysql://user@host/db

    \b
    Exit codes: 0 after a stop, 1 if the file has errors (all are told) or
    something would not end, 2 for a wrong command line.
    """
    crontab = load(file, with_seconds, system)
    for line in told(file, crontab):
        print_error(line)
    if crontab.errors:
        fail(f"{file}: nothing is run: {len(crontab.errors)} {'error' if len(crontab.errors) == 1 else 'errors'}")
    location = _location(tz)

    def work() -> int:
        _have_standard_descriptors()
        log = Log(_STANDARD_OUTPUT, as_json)
        locker = _locker(once_across, on_crash, overlap, log)
        if locker is not None:
            locker.label = f"crontab {file.name}"[:100]
        settings = Settings(location, _inherited(clean_env), timeout, stop_timeout, overlap, locker)
        return _run(file, crontab, settings, log, dashboard)

    return with_init(work) if (os.getpid() == 1 if init is None else init) else work()


def _have_standard_descriptors() -> None:
    """Who was started without one of them must not get a pipe in its place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _location(tz: str | None) -> tzinfo:
    try:
        return local_location() if tz is None else load_location(tz)
    except ErrWithLocationUnknown:
        refuse(f"--tz: there is no zone {tz!r:.80}")


def _inherited(clean: bool) -> Mapping[str, str]:
    # Passwords are no business of commands; the shell sets the others.
    own = (_STORE, CREDENTIALS, "PWD", "OLDPWD", "SHLVL", "_")
    return {} if clean else {name: value for name, value in os.environ.items() if name not in own}


def _locker(url: str | None, on_crash: str, overlap: bool, log: Log) -> TickLocker | None:
    if url is None:
        return None
    locker = locker_of(url, "--once-across", on_event=teller(log), on_crash=on_crash, overlap=overlap)
    if (reason := why_unusable(locker)) is not None:
        locker.close()
        fail(f"--once-across: {reason}")
    return locker


def _run(file: Path, crontab: Crontab, settings: Settings, log: Log, address: str | None) -> int:
    try:
        service = Service(crontab, settings, log)
    except (ValueError, GocronError) as error:
        fail(f"{file}: {one_line(error)}")
    try:
        with serving(service.scheduler, address) as url:
            received = _signals(service)
            begun = f"{file}: {len(crontab.entries)} {'entry' if len(crontab.entries) == 1 else 'entries'}"
            begun += "" if settings.locker is None else ", each tick on one instance"
            log.event(None, "begin", begun + ("" if url is None else f"; the dashboard is at {url}"))
            service.scheduler.start()
            # Polled: a handler must not touch the lock that the wait it interrupts may hold.
            while not received and not service.scheduler.wait(0.1):
                pass
            return _stop(service, settings, log)
    except GocronError as error:
        fail(one_line(error))


def _signals(service: Service) -> list[int]:
    """Where the signals arrive that stop it: from now on, so that one right after the first word is heard."""
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if received:
            service.kill()
            os._exit(128 + number)
        received.append(number)

    # Whoever started this may have told it not to hear of children.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in _STOPS:
        signal.signal(number, stop)
    return received


def _stop(service: Service, settings: Settings, log: Log) -> int:
    log.ending = True
    log.event(None, "stopping", "stopping: commands are told to end")
    try:
        service.scheduler.shutdown()
    except GocronError as error:
        service.kill()
        print_error(f"gocron-py crontab: {one_line(error)}")
        return 1
    if settings.locker is not None:
        settings.locker.close()
    log.event(None, "end", "stopped")
    return 0
