"""``status``, ``pause``, ``resume`` and ``doctor``; and lockers by the URL of their store."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cron_kit import until

import gocron_py as gocron
from gocron_py.cli import run
from gocron_py.cli.checks import State
from gocron_py.cli.checks import clock as clock_checks
from gocron_py.cli.checks.versions import check_zones
from gocron_py.distributed.redis import RedisTickLocker
from gocron_py.distributed.sql import SQLTickLocker
from gocron_py.distributed.sqlite import SQLiteTickLocker
from gocron_py.distributed.urls import tick_locker
from gocron_py.errors import ErrInvalidArgument


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The URL of a store in which a scheduler has run a job with a hostile name, and one that is asleep."""
    directory = tmp_path / "store"
    locker = SQLiteTickLocker(directory / "jobs.db")
    scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
    job = scheduler.new_job(
        gocron.cron_job("0 0 1 1 *"), gocron.new_task(lambda: None), gocron.with_name("year\x1b[31m\nend")
    )
    scheduler.start()
    job.run_now()
    until(lambda: bool(job.history()))
    scheduler.shutdown()
    locker.close()
    return f"sqlite:///{directory}/jobs.db"


def test_pause_and_resume(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By one process, seen by another; it stays."""
    name = "year\x1b[31m\nend"
    assert run(["pause", name, "--store", store]) == 0
    assert capsys.readouterr().out == "year\\x1b[31m\\nend is paused\n"
    assert state(store, capsys, name)["jobs"] == [{"name": name, "paused": True}]
    assert run(["resume", name, "--store", store]) == 0
    assert state(store, capsys, name)["jobs"] == [{"name": name, "paused": False}]


def test_pause_everything(store: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL may come from the environment, where nobody sees it."""
    monkeypatch.setenv("GOCRON_ONCE_ACROSS", store)
    assert run(["pause", "--all"]) == 0
    assert state(store, capsys)["everything_paused"] is True
    assert run(["status"]) == 0
    assert "everything is paused" in capsys.readouterr().out
    assert run(["resume", "--all"]) == 0
    assert state(store, capsys)["everything_paused"] is False


def state(store: str, capsys: pytest.CaptureFixture[str], *jobs: str) -> Any:
    capsys.readouterr()
    assert run(["status", *jobs, "--store", store, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_pause_reaches_a_scheduler_that_runs(store: str) -> None:
    """It is the scheduler's own pause."""
    path = Path(store.removeprefix("sqlite:///"))
    locker = SQLiteTickLocker(path)
    with gocron.new_scheduler(gocron.with_distributed_locker(locker)) as scheduler:
        job = scheduler.new_job(
            gocron.cron_job("0 0 1 1 *"), gocron.new_task(lambda: None), gocron.with_name("year\x1b[31m\nend")
        )
        assert not job.is_paused()
        assert run(["pause", job.name(), "--store", store]) == 0
        until(job.is_paused)
        assert run(["resume", job.name(), "--store", store]) == 0
        until(lambda: not job.is_paused())
    locker.close()


def test_status_shows_instances(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Who is alive, and what was run; names are harmless."""
    locker = tick_locker(store)
    locker.label = "the label\x1b[31m"
    with gocron.new_scheduler(gocron.with_distributed_locker(locker)) as scheduler:
        scheduler.new_job(gocron.cron_job("0 0 1 1 *"), gocron.new_task(lambda: None), gocron.with_name("x"))
        until(lambda: any(each["label"].startswith("the label") for each in state(store, capsys)["instances"]))
        assert run(["status", "--store", store]) == 0
        out = capsys.readouterr().out
        assert "the label\\x1b[31m" in out
        assert "alive" in out
        assert "\x1b" not in out
    locker.close()


@pytest.mark.parametrize("command", ["status", "pause", "resume"])
@pytest.mark.parametrize(
    ("url", "code", "says"),
    [
        ("sqlite:////nosuch/jobs.db", 1, "/nosuch/jobs.db: No such file"),
        ("sqlite:////etc/passwd", 1, "--store: "),
        ("ftp://geheim", 2, "begins with one of"),
        ("redis://:geheim@127.0.0.1:1/0", 1, "the store cannot be reached"),
    ],
)
def test_stores_that_are_none(command: str, url: str, code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, without the password, and nothing is made."""
    assert run([command, *(["--all"] if command != "status" else []), "--store", url]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert "geheim" not in err
    assert err.count("\n") == 1


def test_a_job_that_is_not_there(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the pen pauses nothing; and it takes a job or --all."""
    assert run(["pause", "yaer", "--store", store]) == 1
    assert "the store knows no job 'yaer'" in capsys.readouterr().err
    assert run(["pause", "--store", store]) == 2
    assert run(["pause", "x", "--all", "--store", store]) == 2
    assert run(["status"]) == 2
    assert "Missing option '--store', or GOCRON_ONCE_ACROSS in the environment" in capsys.readouterr().err


# -- doctor ----------------------------------------------------------------------------------------


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[tuple[str, str, str]]]:
    capsys.readouterr()
    code = run(["doctor", *arguments, "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] == (code == 0)
    return code, [(each["check"], each["state"], each["text"]) for each in answer["findings"]]


def test_doctor(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All is well here, but perhaps for NTP."""
    code, findings = doctor(capsys, "--store", store)
    assert code == 0
    assert {"python", "packages", "clock", "zones", "store"} == {check for check, _, _ in findings}
    assert any("click " in text and "croniter " in text for check, _, text in findings if check == "packages")
    assert any(text.startswith("it answers within") for check, _, text in findings if check == "store")
    assert run(["doctor"]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_doctor_on_stores(store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Permissions, directories that are not there, servers that do not answer."""
    path = Path(store.removeprefix("sqlite:///"))
    path.chmod(0o666)
    assert ("store", "warning", f"{path}: others may write to it (mode 0666)") in doctor(capsys, "--store", store)[1]
    path.parent.chmod(0o777)
    code, findings = doctor(capsys, "--store", store)
    assert code == 1
    assert ("store", "failure", f"{path.parent}: everybody may write to it") in findings
    code, findings = doctor(capsys, "--store", f"sqlite:///{tmp_path}/nosuch/x.db")
    assert ("store", "failure", f"{tmp_path}/nosuch: there is no such directory") in findings
    code, findings = doctor(capsys, "--store", f"sqlite:///{tmp_path}/new.db")
    assert ("store", "ok", f"{tmp_path}/new.db: it is not there yet") in findings
    assert not (tmp_path / "new.db").exists()
    code, findings = doctor(capsys, "--store", "redis://:geheim@127.0.0.1:1/0")
    assert code == 1
    assert "geheim" not in str(findings)


JOBS = """
import gocron_py as gocron
from gocron_py.distributed.memory import MemoryTickLocker
plain = gocron.new_scheduler()
shared = gocron.new_scheduler(gocron.with_distributed_locker(MemoryTickLocker()))
for scheduler in (plain, shared):
    for _ in range(2):
        scheduler.new_job(gocron.cron_job("0 3 * * *"), gocron.new_task(print), gocron.with_name("nightly"))
"""


def test_doctor_on_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Two jobs of one name are a mistake, under a tick locker a bad one."""
    (tmp_path / "doctors_jobs.py").write_text(JOBS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    told = "2 jobs are called 'nightly', which is the key of their locks"
    code, findings = doctor(capsys, "doctors_jobs:plain")
    assert (code, findings[-1]) == (0, ("jobs", "warning", told))
    code, findings = doctor(capsys, "doctors_jobs:shared")
    assert (code, findings[-1]) == (1, ("jobs", "failure", told))
    sys.modules.pop("doctors_jobs")


def test_doctor_on_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is of another time, and one that is being set."""
    now = clock_checks.time.time
    past = SimpleNamespace(time=lambda: 86_400.0, monotonic=clock_checks.time.monotonic, sleep=lambda seconds: None)
    monkeypatch.setattr(clock_checks, "time", past)
    assert next(iter(clock_checks.check_clock())).state is State.FAILURE
    steps = iter([0.0, 1.0])
    jumping = SimpleNamespace(time=lambda: now() + next(steps, 1.0), monotonic=now, sleep=lambda seconds: None)
    monkeypatch.setattr(clock_checks, "time", jumping)
    assert clock_checks._drift() == pytest.approx(1.0, abs=0.1)


def test_doctor_on_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Old data, and a machine whose zone is no name."""
    assert State.FAILURE not in {each.state for each in check_zones()}
    monkeypatch.setattr("gocron_py.cli.checks.versions._release", lambda directory: "2001a")
    monkeypatch.setattr("gocron_py.cli.checks.versions._source", lambda: ("2001a", "here"))
    monkeypatch.setenv("TZ", "XYZ-3")
    first, second = check_zones()
    assert (first.state, second.state) == (State.WARNING, State.WARNING)
    assert "version 2001a is old" in first.text


# -- URLs ------------------------------------------------------------------------------------------


def test_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which locker each of them is; none of these asks its server yet."""
    monkeypatch.chdir(tmp_path)
    relative = tick_locker("sqlite:///a%20b.db", on_crash="rerun", max_attempts=5)
    assert isinstance(relative, SQLiteTickLocker)
    assert (relative.policy.on_crash, relative.policy.max_attempts) == ("rerun", 5)
    relative.store.load(("x",))
    assert (tmp_path / "a b.db").exists()
    absolute = tick_locker(f"SQLite:///{tmp_path}/b.db")
    absolute.store.load(("x",))
    assert (tmp_path / "b.db").exists()
    made: list[tuple[str, type]] = [
        ("redis://localhost:1/0", RedisTickLocker),
        ("rediss://localhost:1/0", RedisTickLocker),
        ("unix:///tmp/redis.sock", RedisTickLocker),
        ("postgresql://app:geheim@localhost:1/app", SQLTickLocker),
        ("postgresql+psycopg://app@localhost:1/app", SQLTickLocker),
        ("mysql://app@localhost:1/app", SQLTickLocker),
        ("mariadb+pymysql://app@localhost:1/app", SQLTickLocker),
    ]
    for url, kind in made:
        locker = tick_locker(url)
        assert isinstance(locker, kind)
        assert "geheim" not in repr(locker) + repr(locker.store)
        locker.close()
    relative.close()
    absolute.close()


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "sqlite:", "sqlite://", "sqlite:///", "sqlite://geheim.db", "ftp://geheim", "oracle://geheim", "redis+x://geheim",
        "redis://:geheim@h:port/0", "postgresql://u:geheim@h:port/x", "postgresql+geheim://h/x", "k8s://", "k8s://a/b",
        "k8s://UPPER", "http://geheim", "sqlite:///\0", "etcd://",
    ],
)  # fmt: skip
def test_urls_that_are_none(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One kind of error, which does not repeat the URL."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ErrInvalidArgument) as caught:
        tick_locker(url)
    told = str(caught.value) + str(getattr(caught.value, "__notes__", ""))
    assert "geheim" not in told
    assert caught.value.__cause__ is None or "geheim" not in str(caught.value.__cause__)


def test_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install."""
    monkeypatch.delitem(sys.modules, "gocron_py.distributed.redis", raising=False)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ErrInvalidArgument, match=r"pip install 'gocron_py\[redis\]'"):
        tick_locker("redis://localhost")
    monkeypatch.undo()


def test_options_that_are_none() -> None:
    """They are refused as the lockers refuse them."""
    with pytest.raises(ErrInvalidArgument, match="on_crash"):
        tick_locker("redis://localhost", on_crash="never")
    make: Callable[..., object] = tick_locker
    with pytest.raises(ErrInvalidArgument):
        make(3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["redis_server", "etcd_server", "postgres_server", "mariadb_server"])
def test_urls_of_real_servers(name: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    """A scheduler ticks on each of them; status, pause, resume and doctor work on it."""
    url = url_of(request.getfixturevalue(name))
    locker = tick_locker(url)
    job_name = "test_urls_of_real_servers"
    with gocron.new_scheduler(gocron.with_distributed_locker(locker)) as scheduler:
        job = scheduler.new_job(
            gocron.cron_job("* * * * * *", with_seconds=True), gocron.new_task(lambda: None), gocron.with_name(job_name)
        )
        until(lambda: any(each.outcome == "success" for each in job.history()))
        assert run(["pause", job_name, "--store", url]) == 0
        until(job.is_paused)
        # Other tests have left jobs there.
        assert {"name": job_name, "paused": True} in state(url, capsys, job_name)["jobs"]
        assert run(["resume", job_name, "--store", url]) == 0
        until(lambda: not job.is_paused())
        assert doctor(capsys, "--store", url)[0] == 0
    locker.close()


def url_of(server: Any) -> str:
    """As somebody would write it by hand: without a driver."""
    url: str = server.url
    return url.replace("http://", "etcd://").replace("+psycopg", "").replace("+pymysql", "")
