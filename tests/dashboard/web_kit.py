"""For tests of the dashboard: a client that checks every answer against PEP 3333, and a scheduler with a past."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from http.client import HTTPMessage
from time import monotonic, sleep
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import gocron_py as gocron
from gocron_py.testing import FakeClock, wait_for_runs

HOSTILE = [
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "' onmouseover='document.title=1",
    "javascript:document.title='owned'",
    "</title></textarea></template><svg onload=document.title='owned'>",
    "{{7*7}}${7*7}<!--",
    "a\nb\r\nSet-Cookie: x=1",
    "nul\0 and \x1b[31m",
    "right \N{RIGHT-TO-LEFT OVERRIDE}to left",
    "a lone \udc80 surrogate",
    "&lt;b&gt;",
    "long " * 2000,
    " ",
    "%2e%2e/%00?#&=+",
    "äöü 漢字 🕰",
]
"""Names, tags and error texts of somebody who means ill, or does not think."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The page."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The document."""
        return json.loads(self.body)


class Client:
    """Asks a WSGI application; the standard library's validator stands between."""

    def __init__(self, application: Any, root: str = "", host: str = "example.com") -> None:
        self._application = validator(application)
        self.root = root
        self.host = host

    def ask(self, method: str, url: str, **headers: str) -> Answer:
        """One request; in names of headers an underscore stands for a hyphen."""
        path, _, query = url.partition("?")
        errors = io.StringIO()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": self.root,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "HTTP_HOST": self.host,
            "wsgi.errors": errors,
            "wsgi.input": io.BytesIO(),
        }
        setup_testing_defaults(environ)
        environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        begun: list[Any] = []

        def start(status: str, fields: list[tuple[str, str]], problem: Any = None) -> Any:
            begun[:] = status, fields
            return lambda piece: None

        pieces = self._application(environ, start)
        try:
            body = b"".join(pieces)
        finally:
            pieces.close()
        assert errors.getvalue() == ""
        message = HTTPMessage()
        for name, value in begun[1]:
            message[name] = value
        return Answer(int(begun[0][:3]), message, body)

    def get(self, url: str, **headers: str) -> Answer:
        """GET."""
        return self.ask("GET", url, **headers)

    def change(self, url: str, **headers: str) -> Answer:
        """POST as the dashboard's own script does it."""
        own = {"X_Gocron_Dashboard": "1", "Origin": f"http://{self.host}", "Sec_Fetch_Site": "same-origin"}
        return self.ask("POST", url, **(own | headers))


def allow(environ: dict[str, Any], action: str, job: gocron.Job | None) -> bool:
    """Everybody may do everything."""
    return True


class Refused(Exception):
    """What failing tasks raise."""


def fail(text: str = "connection to db-3 refused\n  after 3 attempts") -> None:
    """A task that fails."""
    raise Refused(text)


@contextmanager
def shop(*options: gocron.SchedulerOption) -> Iterator[tuple[gocron.Scheduler, FakeClock]]:
    """A scheduler at noon in Berlin, with jobs of several kinds and states and an hour of runs behind it."""
    clock = FakeClock(datetime(2026, 5, 4, 9, 0, 30, tzinfo=UTC))
    scheduler = gocron.new_scheduler(
        gocron.with_clock(clock), gocron.with_location("Europe/Berlin"), gocron.with_logger(Silent()), *options
    )

    def add(name: str, definition: gocron.JobDefinition, task: gocron.Task, *tags: str) -> gocron.Job:
        return scheduler.new_job(definition, task, gocron.with_name(name), gocron.with_tags(*tags))

    add("mail queue", gocron.duration_job(timedelta(minutes=5)), gocron.new_task(int), "mail", "fast")
    add("sync stock", gocron.duration_job(timedelta(minutes=10)), gocron.new_task(fail), "shop")
    add("nightly report", gocron.cron_job("30 2 * * 1-5"), gocron.new_task(int), "reports")
    add("invoices", gocron.monthly_job(1, [1, -1], [time(9)]), gocron.new_task(int), "billing", "shop")
    paused = add("clean up", gocron.daily_job(1, [time(12, 30)]), gocron.new_task(int))
    scheduler.start()
    paused.pause()
    try:
        clock.advance(timedelta(hours=1))
        wait_for_runs(scheduler)
        yield scheduler, clock
    finally:
        scheduler.shutdown()


class Silent:
    """A logger that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[Any, ...]] = []

    def _keep(self, *args: object) -> None:
        self.lines.append(args)

    debug = info = warn = error = _keep


def job_id(scheduler: gocron.Scheduler, name: str) -> str:
    """The id of the job of that name."""
    return next(str(job.id()) for job in scheduler.jobs() if job.name() == name)


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Until *condition* gives something true.

    :raises TimeoutError: not in so many seconds.
    """
    end = monotonic() + seconds
    while not condition():
        if monotonic() > end:
            raise TimeoutError("it has not come about")
        sleep(0.02)
