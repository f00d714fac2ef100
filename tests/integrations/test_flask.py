"""The Flask extension inside of one process."""

from __future__ import annotations

import gc
import logging
import os
import re
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import gocron_py
from gocron_py.dashboard import BasicAuth
from gocron_py.integrations import serving
from gocron_py.integrations.declared import ProcessScheduler, warn_without_locker
from gocron_py.integrations.flask import GoCron
from gocron_py.testing import FakeClock, wait_for_runs

HOUR = timedelta(hours=1)
HOURLY = gocron_py.duration_job(HOUR)


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    """The extension does not keep applications; a test's live as long as it."""
    yield
    _applications.clear()


_applications: list[Flask] = []


def application(**config: Any) -> Flask:
    app = Flask("shop")
    _applications.append(app)
    app.config.update(SHOP="the corner shop", GOCRON_LOCATION="UTC", **config)
    return app


@pytest.fixture
def ended(kept: None) -> Iterator[list[GoCron]]:
    """The schedulers of what is put in here are shut down at the end."""
    made: list[GoCron] = []
    yield made
    for gocron in made:
        gocron.scheduler.shutdown()


def test_jobs_run_inside_the_apps_context(fake_clock: FakeClock, ended: list[GoCron]) -> None:
    """Functions, coroutines, and what is added to the scheduler directly."""
    seen: list[str] = []
    gocron = GoCron(application(), gocron_py.with_clock(fake_clock))
    ended.append(gocron)

    @gocron.job(HOURLY, name="plain")
    def plain() -> None:
        seen.append(f"plain {current_app.config['SHOP']}")

    @gocron.job(HOURLY, gocron_py.with_tags("web"))
    async def coroutine() -> None:
        seen.append(f"coroutine {current_app.name}")

    gocron.start()
    gocron.start()  # once is enough
    gocron.scheduler.new_job(HOURLY, gocron_py.new_task(lambda: seen.append(f"direct {current_app.name}")))
    fake_clock.advance(HOUR)
    wait_for_runs(gocron.scheduler)
    assert sorted(seen) == ["coroutine shop", "direct shop", "plain the corner shop"]
    jobs = {job.name(): job.tags() for job in gocron.scheduler.jobs()}
    assert {"plain", f"{__name__}.{coroutine.__qualname__}"} < set(jobs)
    assert jobs[f"{__name__}.{coroutine.__qualname__}"] == ["web"]
    plain_function: Any = plain
    with pytest.raises(RuntimeError, match="application context"):
        plain_function()  # it is still what it was


def test_jobs_are_declared_before_there_is_an_application(ended: list[GoCron]) -> None:
    """Of a factory: each application has all jobs, those of later too, in a scheduler of its own."""
    gocron = GoCron()
    with pytest.raises(RuntimeError, match="init_app"):
        _ = gocron.scheduler
    assert gocron.new_job(HOURLY, gocron_py.new_task(print, "first"), gocron_py.with_name("first")) is None
    one, two = application(), application()
    gocron.init_app(one)
    gocron.init_app(two)
    assert gocron.new_job(HOURLY, gocron_py.new_task(print, "second"), gocron_py.with_name("second"))
    schedulers = []
    for app in one, two:
        with app.app_context():
            assert {job.name() for job in gocron.scheduler.jobs()} == {"first", "second"}
            schedulers.append(gocron.scheduler)
    assert schedulers[0] is not schedulers[1]
    assert gocron.scheduler is schedulers[1]


def test_a_wrong_job_is_refused_where_it_is_declared() -> None:
    """Before there is an application, and after; and it is not kept."""
    too_many: Any = (1, 2)
    gocron, app = GoCron(), application()
    for give in (lambda: None, lambda: gocron.init_app(app)):
        give()
        with pytest.raises(gocron_py.ErrCronJobParse):
            gocron.job(gocron_py.cron_job("61 * * * *"))(print)
        with pytest.raises(gocron_py.ErrNewJobWrongNumberOfParameters):
            gocron.new_job(HOURLY, gocron_py.new_task(len, *too_many))
        without: Any = print
        with pytest.raises(gocron_py.ErrInvalidArgument, match=r"@gocron\.job\(cron_job"):
            gocron.job(without)
    assert gocron.scheduler.jobs() == []


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"GOCRON_LOCKR": "jobs.db"}, "unknown setting GOCRON_LOCKR; there are GOCRON_AUTOSTART, GOCRON_LOCATION"),
        ({"GOCRON_LOCKER": 7}, "GOCRON_LOCKER must be"),
        ({"GOCRON_LOCKER": ""}, "GOCRON_LOCKER must be"),
        ({"GOCRON_POLICY": {"lease": HOUR}}, "GOCRON_POLICY is for a locker that"),
        ({"GOCRON_LOCKER": "jobs.db", "GOCRON_POLICY": {"leese": HOUR}}, "a tick policy has no 'leese'"),
        ({"GOCRON_LOCKER": "jobs.db", "GOCRON_POLICY": 7}, "GOCRON_POLICY must be a dict"),
        ({"GOCRON_LOCATION": "Middle/Earth"}, "Middle/Earth"),
        ({"GOCRON_LOCATION": 3}, "GOCRON_LOCATION must be"),
        ({"GOCRON_STOP_TIMEOUT": "soon"}, "GOCRON_STOP_TIMEOUT must be"),
        ({"GOCRON_STOP_TIMEOUT": True}, "GOCRON_STOP_TIMEOUT must be"),
        ({"GOCRON_OPTIONS": "with_clock"}, "GOCRON_OPTIONS must be a list"),
        ({"GOCRON_OPTIONS": [3]}, "each of GOCRON_OPTIONS"),
        ({"GOCRON_AUTOSTART": "no"}, "GOCRON_AUTOSTART must be"),
    ],
)
def test_wrong_settings_are_refused(config: dict[str, Any], text: str, monkeypatch: Any, tmp_path: Path) -> None:
    """By init_app, with the key that is wrong; and the application is left as it was."""
    monkeypatch.chdir(tmp_path)
    app = Flask("shop")
    app.config.update(config)
    with pytest.raises(gocron_py.GocronError, match=text):
        GoCron(app)
    assert "gocron" not in app.extensions


def test_settings_are_used(tmp_path: Path) -> None:
    """Each of them arrives at the scheduler."""
    app = application(
        GOCRON_LOCKER=str(tmp_path / "data" / "jobs.db"),
        GOCRON_POLICY={"lease": HOUR},
        GOCRON_STOP_TIMEOUT=2.5,
        GOCRON_OPTIONS=[gocron_py.with_max_workers(3)],
    )
    settings: Any = GoCron(app).scheduler._settings
    assert settings.locker.policy.lease == HOUR
    assert settings.stop_timeout == timedelta(seconds=2.5)
    assert settings.max_workers == 3
    assert str(settings.location) == "UTC"
    with pytest.raises(gocron_py.ErrInvalidArgument, match="has a scheduler already"):
        GoCron(app)


def test_the_first_request_starts_where_the_server_is_not_known(ended: list[GoCron]) -> None:
    """A request that comes from a server does; one of a test does not; nor does any if autostart is off."""
    for config, from_server, started in (
        ({}, True, True),
        ({}, False, False),
        ({"GOCRON_AUTOSTART": False}, True, False),
    ):
        app = application(**config)
        gocron = GoCron(app)
        ended.append(gocron)
        app.add_url_rule("/", view_func=lambda: "here")
        if from_server:
            environ = app.test_request_context("/", headers={"User-Agent": "curl/8"}).request.environ
            assert list(app.wsgi_app(environ, lambda *told: lambda text: None)) == [b"here"]
        else:
            assert app.test_client().get("/").text == "here"
        jobs: ProcessScheduler = app.extensions["gocron"]
        assert jobs.is_started() is started


def test_a_forked_child_makes_its_own_scheduler(ended: list[GoCron]) -> None:
    """Of the same declarations; a moment that has passed meanwhile is left out there."""
    gocron = GoCron(application())
    ended.append(gocron)
    gocron.new_job(HOURLY, gocron_py.new_task(print, "x"), gocron_py.with_name("hourly"))
    before = gocron.scheduler
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            gocron.start()
            names = ",".join(job.name() for job in gocron.scheduler.jobs())
            os.write(writer, f"{names} {gocron.scheduler is not before}".encode())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    os.close(writer)
    with os.fdopen(reader) as told:
        assert told.read() == "hourly True"
    assert gocron.scheduler is before


def test_an_application_goes_when_it_is_dropped() -> None:
    """The extension, which is a module's for ever, does not keep the applications of tests."""
    gocron = GoCron()
    app = application()
    gocron.init_app(app)
    reference = weakref.ref(app)
    _applications.clear()
    del app
    gc.collect()
    assert reference() is None
    with pytest.raises(RuntimeError):
        _ = gocron.scheduler


def test_the_dashboard_is_mounted(ended: list[GoCron]) -> None:
    """Under a prefix; who may not, sees nothing; wrong options are told where they are given."""
    app = application()
    gocron = GoCron(app)
    ended.append(gocron)
    gocron.new_job(HOURLY, gocron_py.new_task(print), gocron_py.with_name("<nightly>"))
    with pytest.raises(gocron_py.ErrInvalidArgument, match="actions need authorize"):
        gocron.dashboard(actions=True)
    page: Any = gocron.dashboard(actions=True, authorize=BasicAuth({"staff": "password"}))
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/jobs": page})  # type: ignore[method-assign]
    client = app.test_client()
    assert client.get("/jobs/jobs").status_code == 401
    shown = client.get("/jobs/jobs", auth=("staff", "password"))
    assert shown.status_code == 200
    assert "&lt;nightly&gt;" in shown.text
    assert 'href="/jobs/static/' in shown.text


def test_commands(fake_clock: FakeClock) -> None:
    """What there is, when it is next, and one run; what went wrong is the exit code."""
    fake_clock.set(datetime(2024, 6, 15, 12, tzinfo=UTC))
    app = application()
    gocron = GoCron(app, gocron_py.with_clock(fake_clock))
    seen: list[str] = []

    @gocron.job(gocron_py.cron_job("0 3 * * *"), gocron_py.with_tags("db"), name="nightly")
    def nightly() -> None:
        seen.append(current_app.name)

    @gocron.job(
        gocron_py.one_time_job(gocron_py.one_time_job_start_immediately()),
        gocron_py.with_event_listeners(gocron_py.after_job_runs_with_error(lambda *told: None)),
        name="bad \x1b[2J",
    )
    def bad() -> None:
        raise ValueError("no luck")

    call = app.test_cli_runner().invoke
    listed = call(args=["gocron", "jobs"]).output.splitlines()
    assert listed[0].split() == ["NAME", "NEXT", "SCHEDULE", "TAGS"]
    assert listed[1] == "nightly      2024-06-16 03:00:00+00:00  every day at 03:00  db"
    assert listed[2].startswith("bad \\x1b[2J  ")
    shown = call(args=["gocron", "next", "nightly", "-n", "2"])
    assert shown.output.splitlines() == ["2024-06-16 03:00:00+00:00", "2024-06-17 03:00:00+00:00"]
    assert (call(args=["gocron", "run", "nightly"]).output, seen) == ("nightly: success\n", ["shop"])
    failed = call(args=["gocron", "run", "bad \x1b[2J"])
    assert (failed.exit_code, failed.output) == (1, "Error: fail: ValueError: no luck\n")
    unknown = call(args=["gocron", "run", "nothing"])
    assert unknown.exit_code == 1
    assert unknown.output == "Error: there is no job nothing; there are: nightly, bad \\x1b[2J\n"


def test_a_run_by_command_takes_the_lock(tmp_path: Path) -> None:
    """While the job runs elsewhere, the command does not run it."""
    file = str(tmp_path / "data" / "jobs.db")
    app = application(GOCRON_LOCKER=file, GOCRON_POLICY={"start_deadline": timedelta(seconds=0.1)})
    gocron = GoCron(app)
    calls: list[str] = []

    @gocron.job(HOURLY, name="one at a time")
    def nested() -> None:
        calls.append("begun")
        if len(calls) == 1:
            calls.append(app.test_cli_runner().invoke(args=["gocron", "run", "one at a time"]).output)

    assert app.test_cli_runner().invoke(args=["gocron", "run", "one at a time"]).exit_code == 0
    assert calls[0] == "begun"
    assert calls[1].startswith("Error: skip: lock refused")
    assert len(calls) == 2
    _let_go_of_stores(gocron)


def _let_go_of_stores(*made: GoCron) -> None:
    """A process of commands ends; here they are as many in one."""
    for gocron in made:
        for locker in gocron.scheduler.tick_lockers():
            locker.close()


def test_pause_and_resume_by_command(tmp_path: Path) -> None:
    """The store keeps it for all processes; without a store a command would pause nothing but itself."""
    app = application(GOCRON_LOCKER=str(tmp_path / "data" / "jobs.db"))
    gocron = GoCron(app)
    gocron.new_job(HOURLY, gocron_py.new_task(print), gocron_py.with_name("hourly"))
    call = app.test_cli_runner().invoke
    assert call(args=["gocron", "pause", "hourly"]).output == "hourly: paused\n"
    other = GoCron(application(GOCRON_LOCKER=str(tmp_path / "data" / "jobs.db")))
    job = other.new_job(HOURLY, gocron_py.new_task(print), gocron_py.with_name("hourly"))
    assert job is not None
    assert job.is_paused()
    assert re.search("^hourly +paused +every hour$", call(args=["gocron", "jobs"]).output, re.MULTILINE)
    assert call(args=["gocron", "resume", "hourly"]).output == "hourly: resumed\n"
    assert call(args=["gocron", "jobs"]).output.count("paused") == 0
    _let_go_of_stores(gocron, other)
    without = application()
    GoCron(without).new_job(HOURLY, gocron_py.new_task(print), gocron_py.with_name("hourly"))
    refused = without.test_cli_runner().invoke(args=["gocron", "pause", "hourly"])
    assert refused.exit_code == 1
    assert "see GOCRON_LOCKER" in refused.output


def test_workers_without_a_locker_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """The log names the jobs that all of them run; not those that are meant to be local."""
    caplog.set_level(logging.WARNING, "gocron_py")
    gocron = GoCron(application())
    gocron.new_job(
        HOURLY,
        gocron_py.new_task(print),
        gocron_py.with_name("local"),
        gocron_py.with_disabled_distributed_job_locker(True),
    )
    warn_without_locker(gocron.scheduler, "GOCRON_LOCKER")
    assert caplog.text == ""
    gocron.new_job(HOURLY, gocron_py.new_task(print), gocron_py.with_name("nightly"))
    warn_without_locker(gocron.scheduler, "GOCRON_LOCKER")
    assert "without GOCRON_LOCKER each of them runs nightly" in caplog.text
    assert serving.several_workers() is False


def test_what_fails_at_the_start_does_not_end_the_server(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, with its traceback."""

    def begin() -> None:
        raise OSError("no more threads")

    serving.logging_errors(begin)()
    assert "could not be started" in caplog.text
    assert "no more threads" in caplog.text
