"""The Django example under real servers: one scheduler in each process that serves, and each tick once."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import EXAMPLES, Serve, Served, check_one_scheduler_each, end_all, start

pytestmark = pytest.mark.slow

EXAMPLE = EXAMPLES / "django_project"

RUNSERVER = ("manage.py", "runserver", "PORT")
GUNICORN = ("-m", "gunicorn", "--bind", "127.0.0.1:0", "--workers", "3", "project.wsgi")
UWSGI = ("-c", "import pyuwsgi; pyuwsgi.run()", "--http-socket", "127.0.0.1:0", "--module", "project.wsgi")

SERVERS: dict[str, tuple[int, tuple[str, ...]]] = {
    "runserver": (1, RUNSERVER),
    "runserver --noreload": (1, (*RUNSERVER, "--noreload")),
    "gunicorn": (3, GUNICORN),
    "gunicorn --preload": (3, (*GUNICORN, "--preload", "--threads", "2")),
    "uwsgi": (2, (*UWSGI, "--master", "--processes", "2", "--enable-threads", "--die-on-term")),
    "uvicorn": (2, ("-m", "uvicorn", "--port", "0", "--workers", "2", "project.asgi:application")),
    "rungocron": (1, ("manage.py", "rungocron")),
}


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "db.sqlite3"
    manage("migrate", "--verbosity", "0", DATABASE=str(file))
    return file


def manage(*words: str, **environment: str) -> str:
    """The output of a command."""
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=EXAMPLE,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def all_served(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[dict[str, Served]]:
    """All servers at once: they wait for their ticks together."""
    place = tmp_path_factory.mktemp("servers")
    servers = {
        name: start(place / str(number), EXAMPLE, *command, DATABASE=shutil.copy(migrated, place / f"{number}.sqlite3"))
        for number, (name, (_, command)) in enumerate(SERVERS.items())
    }
    try:
        yield servers
    finally:
        end_all(list(servers.values()))


@pytest.mark.parametrize("name", SERVERS)
def test_one_scheduler_in_each_process_that_serves(all_served: dict[str, Served], name: str) -> None:
    """As many schedulers as processes that serve, none where the server itself is, and no tick runs twice."""
    check_one_scheduler_each(all_served[name], SERVERS[name][0])
    if name not in {"runserver --noreload", "rungocron"}:
        assert all_served[name].process.pid not in all_served[name].schedulers()


def test_a_touched_file_makes_a_new_scheduler(serve: Serve, tmp_path: Path, migrated: Path) -> None:
    """runserver ends the process that serves, and the next one has its scheduler; the watcher has none."""
    directory = tmp_path / "project"
    shutil.copytree(EXAMPLE, directory, ignore=shutil.ignore_patterns("*.sqlite3"))
    served = serve(directory, *RUNSERVER, DATABASE=shutil.copy(migrated, tmp_path))
    served.go_on(2)
    file = directory / "shop" / "jobs.py"
    file.write_text(file.read_text() + "\n")
    served.until(lambda: len(served.schedulers()) == 2)
    served.go_on(2)
    assert len({*served.schedulers(), served.process.pid}) == 3
    served.check_ticks(4)


def test_gunicorn_with_preload_after_hup_beside_rungocron(serve: Serve, tmp_path: Path, migrated: Path) -> None:
    """Reloaded workers, and a process that does nothing but jobs, share the ticks; the history is theirs together."""
    database = shutil.copy(migrated, tmp_path)
    web = serve(EXAMPLE, *GUNICORN, "--preload", DATABASE=database)
    alone = serve(EXAMPLE, "manage.py", "rungocron", DATABASE=database, RUNS_LOG=str(web.log))
    web.until(lambda: len(web.schedulers()) == 3 and alone.schedulers())
    web.process.send_signal(signal.SIGHUP)
    web.until(lambda: len(web.schedulers()) == 6)
    web.go_on(3)
    assert web.process.pid not in web.schedulers()
    alone.end()
    assert "scheduler stopped" in alone.text()
    assert alone.process.returncode == 0
    web.go_on(1)
    web.end()
    assert len(re.findall("scheduler stopped", web.text())) == 6
    web.check_ticks(4)
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT pid, outcome FROM gocron_run WHERE job = 'clean up'").fetchall()
    connection.close()
    assert {outcome for _, outcome in rows} == {"success"}
    assert len(rows) == min(len(web.runs()), 50)
    assert {pid for pid, _ in rows} <= {*web.schedulers(), *alone.schedulers()}


@pytest.mark.parametrize(
    "words", [("check",), ("shell", "-c", "import time; time.sleep(0.5)"), ("showmigrations",), ("rungocron", "--list")]
)
def test_commands_start_nothing(tmp_path: Path, migrated: Path, words: tuple[str, ...]) -> None:
    """A command loads the apps, and no scheduler starts."""
    log = tmp_path / "runs.log"
    output = manage(*words, DATABASE=shutil.copy(migrated, tmp_path), RUNS_LOG=str(log))
    assert "scheduler started" not in output
    assert not log.exists()


def test_without_its_tables_it_says_what_to_do(serve: Serve, tmp_path: Path) -> None:
    """rungocron refuses; a server serves, and its log names the command that makes them; after that jobs run."""
    database = str(tmp_path / "empty.sqlite3")
    refused = serve(EXAMPLE, "manage.py", "rungocron", DATABASE=database)
    assert refused.process.wait(50) == 1
    (line,) = refused.text().splitlines()
    assert line.startswith("CommandError: No job can run: the database 'default' lacks gocron_job, ")
    assert line.endswith(": has 'manage.py migrate' been run?")
    served = serve(EXAMPLE, *RUNSERVER, "--noreload", DATABASE=database)
    served.until(lambda: "gocron: jobs cannot run: the database 'default' lacks" in served.text())
    served.until(lambda: "has 'manage.py migrate' been run?" in served.text())
    assert served.runs() == []
    manage("migrate", "--verbosity", "0", DATABASE=database)
    served.go_on(2)
    served.check_ticks(2)
