"""The Flask example under real servers: one scheduler in each process that serves, and each tick once."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import EXAMPLES, Serve, Served, check_one_scheduler_each, end_all, start

pytestmark = pytest.mark.slow

EXAMPLE = EXAMPLES / "flask_app"

GUNICORN = ("-m", "gunicorn", "--bind", "127.0.0.1:0", "--workers", "3")
UWSGI = ("-c", "import pyuwsgi; pyuwsgi.run()", "--http-socket", "127.0.0.1:0", "--module", "app:app", "--die-on-term")
MASTER = ("--master", "--processes", "2")

# Name: how many schedulers there are to be, and the command. Of gunicorn's a worker of each kind.
SERVERS: dict[str, tuple[int, tuple[str, ...]]] = {
    "flask run": (1, ("-m", "flask", "run", "--port", "0")),
    "flask run --debug": (1, ("-m", "flask", "run", "--debug", "--port", "PORT")),
    "app.run(debug=True)": (1, ("app.py",)),
    "gunicorn": (3, (*GUNICORN, "app:app")),
    "gunicorn --preload": (3, (*GUNICORN, "--preload", "--worker-class", "gthread", "app:app")),
    "uwsgi": (2, (*UWSGI, *MASTER, "--enable-threads")),
    "uwsgi lazy-apps": (2, (*UWSGI, *MASTER, "--lazy-apps", "--threads", "2")),
    "uwsgi without a master": (1, (*UWSGI, "--enable-threads")),
    "uvicorn": (2, ("-m", "uvicorn", "--port", "0", "--workers", "2", "asgi:app")),
}


@pytest.fixture(scope="module")
def all_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    """All servers at once: they wait for their ticks together."""
    place = tmp_path_factory.mktemp("servers")
    servers = {
        name: start(place / str(number), EXAMPLE, *command)
        for number, (name, (_, command)) in enumerate(SERVERS.items())
    }
    try:
        yield servers
    finally:
        end_all(list(servers.values()))


@pytest.mark.parametrize("name", SERVERS)
def test_one_scheduler_in_each_process_that_serves(all_served: dict[str, Served], name: str) -> None:
    """As many schedulers as processes that serve, none where the server itself is, and no tick runs twice."""
    served, expected = all_served[name], SERVERS[name][0]
    check_one_scheduler_each(served, expected)
    if name not in {"flask run", "uwsgi without a master"}:
        assert served.process.pid not in served.schedulers()


def test_a_touched_file_makes_a_new_scheduler(serve: Serve, tmp_path: Path) -> None:
    """The reloader ends the process that serves, and the next one has its scheduler; the watcher has none."""
    directory = tmp_path / "app"
    shutil.copytree(EXAMPLE, directory)
    served = serve(directory, "-m", "flask", "run", "--debug", "--port", "PORT")
    served.go_on(2)
    file = directory / "app.py"
    file.write_text(file.read_text() + "\n")
    served.until(lambda: len(served.schedulers()) == 2)
    served.go_on(2)
    first, second = served.schedulers()
    assert first != second
    assert served.process.pid not in (first, second)
    served.check_ticks(4)


def test_gunicorn_with_preload_after_hup(serve: Serve) -> None:
    """New workers of the same loaded application have schedulers too, the old ones' are gone, the master has none."""
    served = serve(EXAMPLE, *GUNICORN, "--preload", "app:app")
    served.until(lambda: len(served.schedulers()) == 3)
    served.process.send_signal(signal.SIGHUP)
    served.until(lambda: len(served.schedulers()) == 6)
    served.until(lambda: len(re.findall("scheduler stopped", served.text())) == 3)
    served.go_on(3)
    schedulers = served.schedulers()
    assert len(set(schedulers)) == 6
    assert served.process.pid not in schedulers
    served.check_ticks(3)
    served.end()
    assert len(re.findall("scheduler stopped", served.text())) == 6


def test_uwsgi_without_threads_is_told_so(serve: Serve) -> None:
    """The application is not loaded, and the log says which option is missing."""
    served = serve(EXAMPLE, *UWSGI, *MASTER, "--need-app")
    assert served.process.wait(30) != 0
    assert "uWSGI runs Python without threads here" in served.text()
    assert "enable-threads" in served.text()
    assert served.schedulers() == []


def test_uwsgi_ends_when_its_whole_group_is_told_to(serve: Serve) -> None:
    """A worker that gets the signal twice, from its group and from its master, ends nevertheless."""
    served = serve(EXAMPLE, *UWSGI, *MASTER, "--enable-threads", "--py-call-osafterfork")
    served.until(lambda: len(served.schedulers()) == 2)
    served.go_on(1)

    os.killpg(served.process.pid, signal.SIGTERM)
    served.process.wait(15)


@pytest.mark.parametrize("words", [("routes",), ("gocron", "jobs"), ("shell",)])
def test_commands_start_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A command loads the application, and no scheduler starts; only one that asks for pauses looks at the store."""
    environment = {"JOBS_DB": str(tmp_path / "data" / "jobs.db"), "RUNS_LOG": str(tmp_path / "runs.log")}

    program = "import threading, time; time.sleep(0.2); print([t.name for t in threading.enumerate()])"
    done = subprocess.run(
        [sys.executable, "-m", "flask", *words],
        cwd=EXAMPLE,
        env={**os.environ, **environment},
        input=program if words == ("shell",) else "",
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    assert "gocron-" not in done.stdout
    assert "scheduler started" not in done.stderr
    assert not (tmp_path / "runs.log").exists()
    assert (tmp_path / "data" / "jobs.db").exists() is (words == ("gocron", "jobs"))
