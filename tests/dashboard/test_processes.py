"""Several processes on one page, and a scheduler that is another process's."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import gocron_py as gocron
from gocron_py import dashboard
from gocron_py.distributed.sqlite import SQLiteElector, SQLiteTickLocker
from tests.dashboard.web_kit import Client, Silent, wait_until

ROOT = Path(__file__).parent.parent.parent

OTHER = """
import sys
from datetime import timedelta
import gocron_py as gocron
from gocron_py.distributed.sqlite import SQLiteTickLocker

locker = SQLiteTickLocker(sys.argv[1])
locker.label = "the other <b>one</b>"
with gocron.new_scheduler(gocron.with_distributed_locker(locker)) as scheduler:
    # Who runs what is shared is a matter of luck.
    for name in "shared", "theirs":
        scheduler.new_job(gocron.duration_job(timedelta(seconds=1)), gocron.new_task(int), gocron.with_name(name))
    print("up", flush=True)
    scheduler.wait()
"""


@contextmanager
def process(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python program with this library; killed at the end."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], env=environment, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            yield child
        finally:
            child.kill()


@pytest.fixture
def private(tmp_path: Path) -> str:
    """A file in a directory that only we may write to."""
    (tmp_path / "jobs").mkdir(mode=0o700)
    return str(tmp_path / "jobs" / "jobs.db")


@pytest.mark.slow
def test_several_processes_on_one_page(private: str) -> None:
    """Both processes are there, with who leads and who ran which tick; one that is killed is gone a moment later."""
    locker, elector = SQLiteTickLocker(private), SQLiteElector(private)
    options = gocron.with_distributed_locker(locker), gocron.with_logger(Silent())
    with process(OTHER, private) as other, gocron.new_scheduler(*options, gocron.with_location("UTC")) as scheduler:
        assert other.stdout is not None
        assert "up" == other.stdout.readline().strip()
        for name in "shared", "ours":
            scheduler.new_job(gocron.duration_job(timedelta(seconds=1)), gocron.new_task(int), gocron.with_name(name))
        client = Client(dashboard.app(scheduler))

        def instances() -> dict[int, Any]:
            return {each["pid"]: each for each in client.get("/api/instances").json["instances"]}

        def runners() -> set[int]:
            return {run["instance"]["pid"] for run in client.get("/api/instances").json["runs"]}

        wait_until(lambda: {other.pid, os.getpid()} <= set(instances()))
        wait_until(lambda: other.pid in runners())
        seen = instances()
        page = client.get("/instances").text
        # A tick has one runner, whoever it was.
        runs = client.get("/api/instances").json["runs"]
        ticks = [(run["job"]["name"], run["scheduled"]) for run in runs if run["outcome"] != "skip"]
        other.send_signal(signal.SIGKILL)
        other.wait(30)
        wait_until(lambda: instances()[other.pid]["state"] == "gone")
        wait_until(lambda: os.getpid() in runners())
        alive = instances()[os.getpid()]
    elector.close()
    locker.close()

    assert ("alive", False, True) == (seen[other.pid]["state"], seen[other.pid]["here"], seen[os.getpid()]["here"])
    assert "the other &lt;b&gt;one&lt;/b&gt;" in page
    assert f">{other.pid}</span>" in page
    assert len(ticks) == len(set(ticks)) >= 1
    assert "alive" == alive["state"]


def test_who_leads(private: str) -> None:
    """The overview says whether this process leads, and nothing about electors of others."""
    elector = SQLiteElector(private)
    with gocron.new_scheduler(gocron.with_distributed_elector(elector), gocron.with_logger(Silent())) as scheduler:
        client = Client(dashboard.app(scheduler))
        assert client.get("/api/overview").json["scheduler"]["leader"] is False
        elector.is_leader(gocron.context.background())
        assert client.get("/api/overview").json["scheduler"]["leader"] is True
    elector.close()


@pytest.mark.slow
def test_store_that_is_not_reachable(private: str) -> None:
    """A store that fails is said to, with why, on every page that tells of it; and the pages are there."""
    locker = SQLiteTickLocker(private)
    options = gocron.with_distributed_locker(locker), gocron.with_logger(Silent())
    with gocron.new_scheduler(*options) as scheduler:
        scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(int), gocron.with_name("shared"))
        client = Client(dashboard.app(scheduler))
        assert [True] == [store["reachable"] for store in client.get("/api/overview").json["scheduler"]["stores"]]

        def stores() -> Any:
            return client.get("/api/overview").json["scheduler"]["stores"]

        holder = sqlite3.connect(private)
        holder.execute("BEGIN EXCLUSIVE")  # somebody who does not let go of it
        wait_until(lambda: stores()[0]["reachable"] is False)
        pages = [client.get(path) for path in ("/", "/instances", "/jobs", "/events")]
        error = stores()[0]["error"]
        holder.close()
        wait_until(lambda: stores()[0]["reachable"] is True)
    locker.close()

    assert {200} == {page.status for page in pages}
    assert error
    assert "not reachable" in pages[0].text
    assert "not reachable" in pages[1].text


FORKED = """
import os, sys
from datetime import timedelta
import gocron_py as gocron
from gocron_py import dashboard
sys.path.insert(0, sys.argv[1])
from tests.dashboard.web_kit import Client

scheduler = gocron.new_scheduler()
scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(int))
scheduler.start()
client = Client(dashboard.app(scheduler))
assert client.get("/").status == 200
if os.fork() == 0:
    for path in ("/", "/jobs", "/instances", "/api/jobs"):
        answer = client.get(path)
        print(answer.status, "belongs to the parent process" in answer.text)
    sys.stdout.flush()
    os._exit(0)
os.wait()
scheduler.shutdown()
"""


@pytest.mark.slow
def test_forked_child() -> None:
    """Where a server has loaded the application and then forked, the page says that the scheduler is the parent's."""
    with process(FORKED, str(ROOT)) as child:
        said, _ = child.communicate(timeout=50)

    assert ["503 True"] * 4 == said.splitlines()
    assert 0 == child.returncode
