"""The Django app inside of one process: jobs, settings, checks, history, the admin and the dashboard."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django_site
import pytest

import gocron_py
from gocron_py.testing import FakeClock, wait_for_runs

django_site.set_up()

from django.contrib.auth.models import Permission, User  # noqa: E402
from django.core import mail  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.core.management import CommandError, call_command  # noqa: E402
from django.core.signals import request_started  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from gocron_py.integrations.declared import ProcessScheduler  # noqa: E402
from gocron_py.integrations.django import (  # noqa: E402
    checks,
    dashboard,
    declaring,
    job,
    models,
    requests,
    scheduling,
    tables,
)

HOUR = timedelta(hours=1)
HOURLY = gocron_py.duration_job(HOUR)

Settings = Callable[..., ProcessScheduler]


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """No job is declared, nothing is in the tables; at the end everything is shut down and closed."""
    django_site.migrate()
    former, declaring.declared[:] = list(declaring.declared), []
    for model in models.Run, models.Job, models.Tick, models.RunRequest, User:
        model.objects.all().delete()
    scheduling.process.cache_clear()
    dashboard._application.cache_clear()
    yield
    if scheduling.process.cache_info().currsize:
        scheduling.process().scheduler.shutdown()
        for locker in scheduling.process().scheduler.tick_lockers():
            locker.close()
    scheduling.process.cache_clear()
    dashboard._application.cache_clear()
    declaring.declared[:] = former
    connections.close_all()


@pytest.fixture
def with_settings() -> Iterator[Settings]:
    """Gives the scheduler under ``GOCRON = {…}``, which holds until the end of the test."""
    overrides: list[Any] = []

    def use(**gocron: Any) -> ProcessScheduler:
        overrides.append(override_settings(GOCRON=gocron))
        overrides[-1].enable()
        return scheduling.process()

    yield use
    for override in reversed(overrides):
        override.disable()


def run_due(process: ProcessScheduler, clock: FakeClock, times: int = 1) -> None:
    for _ in range(times):
        clock.advance(HOUR)
        wait_for_runs(process.scheduler)


def on_clock(clock: FakeClock) -> dict[str, Any]:
    """Settings for a scheduler of a test: no store, as its clock is another."""
    return {"LOCKER": None, "OPTIONS": [gocron_py.with_clock(clock)]}


# -- declaring -------------------------------------------------------------------------------------------------


def test_a_job_is_declared_and_stays_a_function(with_settings: Settings) -> None:
    """With its name, options and, where it wants one, its context."""

    @job(HOURLY, gocron_py.with_tags("db"), name="clean up")
    def clean_up(ctx: gocron_py.Context) -> str:
        return "cleaned"

    (made,) = with_settings(LOCKER=None).jobs()
    assert (made.name(), made.tags()) == ("clean up", ["db"])
    assert clean_up(gocron_py.context.background()) == "cleaned"


def test_a_wrong_job_is_refused_where_it_is_declared() -> None:
    """When its module is imported, whatever the settings are; and nothing is kept of it."""
    with pytest.raises(gocron_py.ErrCronJobParse):
        job(gocron_py.cron_job("61 * * * *"))(lambda: None)
    with pytest.raises(gocron_py.ErrNewJobWrongNumberOfParameters):
        job(HOURLY)(lambda needed: None)
    without: Any = print
    with pytest.raises(gocron_py.ErrInvalidArgument, match=r"@job\(cron_job"):
        job(without)
    assert declaring.declared == []


# -- settings and checks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gocron", "text"),
    [
        ([], "GOCRON must be a dict"),
        ({"LOKCER": None}, "unknown setting LOKCER; there are AUTOSTART, DATABASE, HISTORY"),
        ({"AUTOSTART": "yes"}, "AUTOSTART must be True or False"),
        ({"LOCKER": 7}, "LOCKER must be"),
        ({"DATABASE": "nowhere"}, "DATABASE must be the alias"),
        ({"HISTORY": -1}, "HISTORY must be a number"),
        ({"HISTORY": True}, "HISTORY must be a number"),
        ({"MODULE": "not a name"}, "MODULE must be the name"),
        ({"LOCATION": "Middle/Earth"}, "Middle/Earth"),
        ({"POLICY": {"leese": 1}}, "no 'leese'"),
        ({"POLICY": {"lease": timedelta(0)}}, "lease must be"),
        ({"LOCKER": None, "POLICY": {"lease": HOUR}}, "POLICY is for"),
        ({"STOP_TIMEOUT": "soon"}, "STOP_TIMEOUT must be"),
        ({"OPTIONS": [7]}, "each of OPTIONS"),
    ],
)
def test_a_wrong_setting_is_an_error_of_check(gocron: Any, text: str) -> None:
    """With its key in the text; and nobody can make a scheduler of it."""
    with override_settings(GOCRON=gocron):
        (found,) = checks.check_gocron(None)
        assert (found.id, found.level) == ("gocron.E001", 40)
        assert text in found.msg
        with pytest.raises(gocron_py.GocronError):
            scheduling.process()


def ids(**gocron: Any) -> list[str | None]:
    scheduling.process.cache_clear()
    with override_settings(GOCRON=gocron):
        return [found.id for found in checks.check_gocron(None)]


def test_checks_of_jobs() -> None:
    """Two of one name; a name that no row can hold; a job that is wrong under the settings."""
    assert ids() == []
    for _ in range(2):
        job(HOURLY, name="twin")(lambda: None)
    assert ids() == ["gocron.E003"]
    job(HOURLY, name="x" * 256)(lambda: None)
    assert ids() == ["gocron.E003", "gocron.E004"]
    soon = datetime.now(UTC) + timedelta(seconds=5)
    job(gocron_py.one_time_job(gocron_py.one_time_job_start_date_time(soon)), name="late")(lambda: None)
    clock = FakeClock(datetime(2200, 1, 1, tzinfo=UTC))
    assert ids(OPTIONS=[gocron_py.with_clock(clock)]) == ["gocron.E002"]


def test_checks_of_workers_and_times() -> None:
    """Jobs that every worker would run; clocks that differ; times that are told twice."""
    local = gocron_py.with_disabled_distributed_job_locker(True)
    job(HOURLY, local, name="local")(lambda: None)
    assert ids(AUTOSTART=True, LOCKER=None) == []
    job(HOURLY, name="shared")(lambda: None)
    assert ids(AUTOSTART=True, LOCKER=None) == ["gocron.W001"]
    assert ids(AUTOSTART=True) == []
    assert ids(LOCKER=None) == []
    assert ids(LOCATION="Asia/Tokyo") == ["gocron.W002"]
    with override_settings(USE_TZ=False):
        assert ids() == ["gocron.W003"]


def test_settings_are_used(with_settings: Settings) -> None:
    """By default ticks are claimed in the project's database, by the project's clock."""
    settings: Any = with_settings(POLICY={"lease": HOUR}, STOP_TIMEOUT=3).scheduler._settings
    assert settings.locker.policy.lease == HOUR
    assert type(settings.locker).__name__ == "DjangoTickLocker"
    assert str(settings.location) == "Europe/Berlin"
    assert settings.stop_timeout == timedelta(seconds=3)


# -- runs ------------------------------------------------------------------------------------------------------


def test_a_run_finds_its_connection_good(with_settings: Settings, fake_clock: FakeClock) -> None:
    """Though the one before has left it broken, and in a transaction that failed."""
    seen: list[int] = []

    @job(HOURLY, name="reads")
    def reads() -> None:
        seen.append(User.objects.count())
        connection.errors_occurred = True
        connection.connection.close()

    process = with_settings(**on_clock(fake_clock))
    scheduling.start()
    run_due(process, fake_clock, 3)
    assert seen == [0, 0, 0]
    assert [record.outcome for record in process.jobs()[0].history()] == [gocron_py.JobStatus.SUCCESS] * 3


def test_a_run_finds_its_connection_good_after_a_night(
    with_settings: Settings, fake_clock: FakeClock, postgres_server: Any
) -> None:
    """Its server has ended a connection that was to stay for ever, and nobody has used it since."""
    django_site.add_database("kit", postgres_server.url)
    connections.settings["kit"]["CONN_MAX_AGE"] = None
    seen: list[int] = []

    @job(HOURLY, name="reads")
    def reads() -> None:
        with connections["kit"].cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            seen.append(cursor.fetchone()[0])

    process = with_settings(**on_clock(fake_clock))
    scheduling.start()
    run_due(process, fake_clock)
    with connections["kit"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 20000)", [seen[0]])
    run_due(process, fake_clock)
    assert len(set(seen)) == 2
    assert [record.outcome for record in process.jobs()[0].history()] == [gocron_py.JobStatus.SUCCESS] * 2
    connections["kit"].close()


def test_runs_are_written_down(with_settings: Settings) -> None:
    """With the tick, its fence, and who ran it; what a task raises is kept, whatever is in it."""

    @job(HOURLY, name="fails")
    def fails() -> None:
        raise ValueError("no\0 luck \ud800 <script>")

    job(HOURLY, name="works")(lambda: None)
    process = with_settings()
    scheduling.start()
    for each in process.jobs():
        each.run_now()
    wait_for_runs(process.scheduler)
    rows = {row.job: row for row in models.Run.objects.all()}
    assert rows["works"].outcome == "success"
    assert rows["works"].error == ""
    assert rows["works"].fence > 1_700_000_000_000_000
    assert rows["works"].attempt == 1
    assert rows["fails"].outcome == "fail"
    assert rows["fails"].error == "ValueError: no\\0 luck \\ud800 <script>"
    assert abs(rows["works"].scheduled - datetime.now(UTC)) < timedelta(minutes=2)


def test_the_history_is_bounded(with_settings: Settings, fake_clock: FakeClock) -> None:
    """The last runs of each job stay; with 0 none is written. A monitor of the project's is told all the same."""
    told: list[str] = []

    class Monitor:
        def increment_job(self, *more: object) -> None: ...
        def record_job_timing(self, *more: object) -> None: ...
        def record_job_timing_with_status(self, *more: object) -> None:
            told.append(str(more[5]))

    job(HOURLY, name="often")(lambda: None)
    job(gocron_py.duration_job(5 * HOUR), name="seldom")(lambda: None)
    options = [gocron_py.with_clock(fake_clock), gocron_py.with_monitor_status(Monitor())]
    process = with_settings(LOCKER=None, HISTORY=3, OPTIONS=options)
    scheduling.start()
    run_due(process, fake_clock, 6)
    counts = [models.Run.objects.filter(job=name).count() for name in ("often", "seldom")]
    assert counts == [3, 1]
    assert told == ["success"] * 7
    newest = models.Run.objects.filter(job="often").first()
    assert newest is not None
    assert newest.scheduled == fake_clock.now()


def test_no_history_is_written_with_0(with_settings: Settings, fake_clock: FakeClock) -> None:
    """And the table stays empty."""
    job(HOURLY, name="often")(lambda: None)
    process = with_settings(HISTORY=0, **on_clock(fake_clock))
    scheduling.start()
    run_due(process, fake_clock, 2)
    assert models.Run.objects.count() == 0


def test_history_without_zones(with_settings: Settings, fake_clock: FakeClock) -> None:
    """With USE_TZ = False the times are those of TIME_ZONE."""
    fake_clock.set(datetime(2024, 6, 15, 11, tzinfo=UTC))
    job(HOURLY, name="often")(lambda: None)
    process = with_settings(**on_clock(fake_clock))
    with override_settings(USE_TZ=False):
        scheduling.start()
        run_due(process, fake_clock)
        row = models.Run.objects.get()
        assert row.started == datetime(2024, 6, 15, 14)  # noqa: DTZ001


# -- the start -------------------------------------------------------------------------------------------------


def test_the_first_request_starts_where_the_server_is_not_known(with_settings: Settings) -> None:
    """One that comes through a server's handler; not one of a test environment."""
    process = with_settings(LOCKER=None)
    scheduling.start_with_first_request()
    try:
        request_started.send(sender=Client)
        assert not process.is_started()
        mail.outbox = []  # type: ignore[attr-defined]
        request_started.send(sender=WSGIHandler)
        assert not process.is_started()
        del mail.outbox  # type: ignore[attr-defined]
        request_started.send(sender=WSGIHandler)
        assert process.is_started()
    finally:
        request_started.disconnect(dispatch_uid="gocron")


# -- commands --------------------------------------------------------------------------------------------------


def test_rungocron_lists_and_runs_one(with_settings: Settings) -> None:
    """What went wrong is the command's error."""
    seen: list[str] = []
    job(gocron_py.cron_job("0 3 * * *"), name="nightly")(lambda: seen.append("ran"))

    @job(HOURLY, name="bad \x1b[2J")
    def bad() -> None:
        raise ValueError("no luck")

    with_settings(LOCKER=None)

    def call(*words: str) -> str:
        output = io.StringIO()
        call_command("rungocron", *words, stdout=output, skip_checks=True)
        return output.getvalue()

    listed = call("--list").splitlines()
    assert re.fullmatch(r"nightly: every day at 03:00; next 20\d\d-\d\d-\d\d 03:00:00 CES?T", listed[0])
    assert listed[1].startswith("bad \\x1b[2J: every hour")
    assert (call("--once", "nightly"), seen) == ("nightly: success\n", ["ran"])
    with pytest.raises(CommandError, match="fail: ValueError: no luck"):
        call("--once", "bad \x1b[2J")
    with pytest.raises(CommandError, match="no job nothing; there are: nightly, bad"):
        call("--once", "nothing")


@pytest.fixture
def unmigrated(tmp_path: Path, with_settings: Settings) -> ProcessScheduler:
    """The tables are to be in a database that has none."""
    django_site.add_database("empty", f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    job(HOURLY, name="work")(lambda: None)
    return with_settings(DATABASE="empty")


MISSING = "the database 'empty' lacks gocron_job, gocron_run, gocron_run_request, gocron_tick: has 'manage.py migrate'"


def test_nothing_runs_without_tables(unmigrated: ProcessScheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    """rungocron refuses to; ``check --database`` warns, and so it does not where it is migrate that checks."""
    for words in [(), ("--once", "work")]:
        with pytest.raises(CommandError, match=re.escape(f"No job can run: {MISSING} been run?")):
            call_command("rungocron", *words, skip_checks=True)
    assert not unmigrated.is_started()
    assert checks.check_tables(None) == []
    assert checks.check_tables(None, databases=["default"]) == []
    (found,) = checks.check_tables(None, databases=["empty"])
    assert (found.id, found.level) == ("gocron.W004", 30)
    assert MISSING in found.msg
    monkeypatch.setattr("sys.argv", ["manage.py", "migrate"])
    assert checks.check_tables(None, databases=["empty"]) == []
    call_command("migrate", database="empty", verbosity=0, skip_checks=True)
    monkeypatch.setattr("sys.argv", ["manage.py", "check"])
    assert checks.check_tables(None, databases=["empty"]) == []


def test_a_worker_says_now_and_then_that_tables_are_missing(
    unmigrated: ProcessScheduler, with_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Once a minute; of any other trouble once."""

    def told(text: str) -> list[str]:
        caplog.clear()
        trouble = requests._Trouble()
        for seconds in range(0, 122, 2):
            trouble.tell(OSError(text), 1000.0 + seconds)
        return [record.getMessage() for record in caplog.records]

    assert [f"gocron: jobs cannot run: {MISSING} been run?"] * 3 == told("no such table")
    with_settings()  # the default database has its tables
    assert ["gocron: requests to run jobs cannot be looked for: the server is down"] == told("the server is down")


def test_a_database_that_is_down_stops_nobody(tmp_path: Path, with_settings: Settings) -> None:
    """What cannot be asked may answer later."""
    django_site.add_database("down", f"sqlite:///{tmp_path / 'nowhere' / 'db.sqlite3'}")
    with override_settings(GOCRON={"DATABASE": "down"}):
        assert tables.trouble() == ""


# -- the admin -------------------------------------------------------------------------------------------------


def client_of(*permissions: str, is_superuser: bool = False) -> Client:
    """Somebody of the staff."""
    user = User.objects.create(username="Ada", is_staff=True, is_superuser=is_superuser)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client(enforce_csrf_checks=False)
    client.force_login(user)
    return client


def act(client: Client, action: str, *names: str) -> Any:
    rows = models.Job.objects.filter(name__in=names)
    chosen = [str(row.pk) for row in rows]
    return client.post("/admin/gocron/job/", {"action": action, "_selected_action": chosen}, follow=True)


def test_the_admin_shows_jobs_and_runs(with_settings: Settings) -> None:
    """What there is, in words, when it is next, what became of it; hostile texts are texts."""
    hostile = "<script>alert(1)</script>"

    @job(gocron_py.cron_job("0 3 * * *"), gocron_py.with_tags(hostile), name=hostile)
    def bad() -> None:
        raise ValueError(hostile)

    process = with_settings()
    scheduling.start()
    process.jobs()[0].run_now()
    wait_for_runs(process.scheduler)
    models.Job.objects.create(name="of former times")
    client = client_of("view_job", "view_run")
    pages = [client.get("/admin/gocron/job/").text, client.get("/admin/gocron/run/").text]
    row = models.Job.objects.get(name=hostile)
    pages.append(client.get(f"/admin/gocron/job/{row.pk}/change/").text)
    run = models.Run.objects.get()
    pages.append(client.get(f"/admin/gocron/run/{run.pk}/change/").text)
    assert not any(hostile in page for page in pages)
    assert all("&lt;script&gt;alert(1)" in page for page in pages)
    assert "every day at 03:00" in pages[0]
    assert "Europe/Berlin" in pages[0]
    assert "of former times" not in pages[0]
    assert "active" in pages[0]
    assert pages[2].count(" 03:00:00 CE") == 10
    assert "ValueError" in pages[3]
    local = timezone.localtime(run.started)
    for page in pages:  # to the second: within a minute there may be many
        assert f"{local:%Y-%m-%d %H:%M:%S}" in page
    assert re.search(r'<a [^>]*href="\?o=[^"]*">\s*Started', pages[1]), "runs can be sorted by it"


def test_what_takes_a_permission_in_the_admin(with_settings: Settings) -> None:
    """Who may look may not run; nobody adds, changes or deletes, not even a superuser."""
    job(HOURLY, name="work")(lambda: None)
    with_settings()
    looker = client_of("view_job", "view_run")
    page = looker.get("/admin/gocron/job/").text
    assert "work" in page
    assert "Run now" not in page
    act(looker, "run_now", "work")
    act(looker, "pause", "work")
    assert models.RunRequest.objects.count() == 0
    assert not scheduling.process().jobs()[0].is_paused()
    User.objects.all().delete()
    root = client_of(is_superuser=True)
    for address in "/admin/gocron/job/add/", "/admin/gocron/run/add/":
        assert root.get(address).status_code == 403
    row = models.Job.objects.get()
    assert root.post(f"/admin/gocron/job/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert root.post(f"/admin/gocron/job/{row.pk}/change/", {"name": "other"}).status_code == 403
    assert Client().get("/admin/gocron/job/").status_code == 302


@pytest.mark.slow
def test_run_now_by_the_admin(with_settings: Settings) -> None:
    """It is asked for in one process, and run in one that has a scheduler; once, and on record who asked."""
    ran = threading.Event()
    job(HOURLY, name="work")(ran.set)
    process = with_settings()
    client = client_of("view_job", "run_job")
    client.get("/admin/gocron/job/")
    assert "runs as soon as a process with a scheduler sees it" in act(client, "run_now", "work").text
    asked = models.RunRequest.objects.get()
    assert (asked.job, asked.by) == ("work", "Ada")
    assert not ran.is_set()
    scheduling.start()  # its thread looks for requests
    assert ran.wait(30)
    assert models.RunRequest.objects.count() == 0
    requests.request_run("no such job", "Ada")
    requests._serve(process)
    assert models.RunRequest.objects.count() == 0


def test_pause_and_resume_by_the_admin(with_settings: Settings) -> None:
    """The database keeps it, also of a process that runs nothing."""
    job(HOURLY, name="work")(lambda: None)
    (work,) = with_settings().jobs()
    client = client_of("view_job", "pause_job")
    assert "active" in client.get("/admin/gocron/job/").text
    assert "“work” is paused" in act(client, "pause", "work").text
    assert work.is_paused()
    assert "paused" in client.get("/admin/gocron/job/").text
    assert "“work” is resumed" in act(client, "resume", "work").text
    assert not work.is_paused()


# -- the dashboard ---------------------------------------------------------------------------------------------


def test_the_dashboard_is_for_staff(with_settings: Settings) -> None:
    """Others are sent to the login, or told no; a hostile path is no page."""
    with_settings()
    anybody = Client()
    answer = anybody.get("/jobs/jobs")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/jobs/jobs")
    assert anybody.get("/jobs/api/overview").status_code == 403
    customer = Client()
    customer.force_login(User.objects.create(username="customer"))
    assert customer.get("/jobs/").status_code == 403
    staff = client_of()
    assert staff.get("/jobs/").status_code == 200
    assert staff.get("/jobs/%2e%2e/é").status_code == 404


def test_the_dashboard_in_django(with_settings: Settings) -> None:
    """Its pages and files are found under the prefix; changes take the permission and the header."""
    ran = threading.Event()
    job(HOURLY, name="work")(ran.set)
    process = with_settings()
    scheduling.start()
    (work,) = process.jobs()
    client = client_of()
    page = client.get("/jobs/")
    assert page["Content-Security-Policy"].startswith("default-src 'none'")
    files = set(re.findall(r'(?:src|href)="(/jobs/static/[^"]+)"', page.text))
    assert files
    assert {client.get(file).status_code for file in files} == {200}
    listed = json.loads(client.get("/jobs/api/jobs").text)
    assert "work" in json.dumps(listed)
    address = f"/jobs/api/jobs/{work.id()}/run"
    headers = {"X-Gocron-Dashboard": "1", "Origin": "http://testserver", "Host": "testserver"}
    assert client.post(address, headers=headers).status_code == 403
    User.objects.all().delete()
    may = client_of("run_job")
    assert may.post(address).status_code == 403
    assert may.post(address, headers=headers).status_code < 300
    assert ran.wait(30)
    assert may.post(address.replace("/run", "/remove"), headers=headers).status_code == 403
