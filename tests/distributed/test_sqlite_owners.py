"""The files by which processes tell that they live: read, copied, deleted and inherited. Real processes, real kills."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import gocron_py as gocron
from gocron_py.distributed.sqlite import SQLiteElector, SQLiteStore
from tests.distributed.test_sqlite_faults import is_alive_for_another_process, until
from tests.servers.system import freeze

pytestmark = pytest.mark.slow


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ticks.db"


class Programs:
    """Python programs, whose lines are read from a file; none outlives the test."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / "log"
        self.log.touch()
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, program: str, *arguments: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", program, *map(str, arguments)]
        with self.log.open("ab") as log:
            self.running.append(subprocess.Popen(command, stdout=log, stdin=subprocess.PIPE, stderr=subprocess.PIPE))
        return self.running[-1]

    def lines(self) -> list[str]:
        """The whole ones: an unbuffered ``print`` writes a line word by word."""
        return self.log.read_text().split("\n")[:-1]


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    programs = Programs(tmp_path)
    yield programs
    for process in programs.running:
        process.kill()
        process.communicate()


# -- opened and closed by its own process ----------------------------------------------------------


def test_a_backup_by_the_process_itself_costs_no_life(path: Path, tmp_path: Path) -> None:
    """It opens and closes the process's own file, which drops a POSIX lock on it for good."""
    store = SQLiteStore(path)
    owner = store.owner()
    shutil.copytree(path.parent, tmp_path / "backup")
    assert is_alive_for_another_process(path, owner)
    store.close()


# -- inherited -------------------------------------------------------------------------------------

PARENT = """
import multiprocessing, os, subprocess, sys, time
from gocron_py.distributed.sqlite import SQLiteStore

if __name__ == "__main__":
    store, other = SQLiteStore(sys.argv[1]), SQLiteStore(sys.argv[1])
    store.owner()
    children = []
    for method in "fork", "forkserver":
        child = multiprocessing.get_context(method).Process(target=time.sleep, args=(60,))
        child.start()
        children.append(child.pid)
    children.append(subprocess.Popen(["sleep", "60"], close_fds=False).pid)
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    children.append(child)
    print(store.owner(), other.owner(), *children, flush=True)
    time.sleep(60)
"""


def test_a_killed_process_is_dead_while_its_children_live(path: Path, programs: Programs) -> None:
    """A lock of an open file lives in every process that has it; no child keeps it."""
    parent = programs.start(PARENT, path)
    until(lambda: len(programs.lines()) == 1)
    first, second, *children = programs.lines()[0].split()
    store = SQLiteStore(path)
    try:
        assert all(map(store.is_alive, (first, second)))
        freeze(parent.pid)
        assert store.is_alive(first)
        parent.kill()
        parent.wait()
        assert not any(map(store.is_alive, (first, second)))
        for child in children:
            os.kill(int(child), 0)  # it is there
    finally:
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        store.close()


# -- deleted ---------------------------------------------------------------------------------------

WORKER = """
import os, sys
from datetime import timedelta
import gocron_py as gocron
from gocron_py.distributed.sqlite import SQLiteTickLocker

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def task(wait):
    run = gocron.current_run()
    say("run", run.tick.job_name, run.tick.at.timestamp(), run.attempt)
    if wait and run.context.wait(30):
        say("lost", isinstance(run.context.cause(), gocron.LockLost))

locker = SQLiteTickLocker(sys.argv[1], on_crash="rerun", on_event=lambda event: say("event", event.kind, event.detail))
scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
long = sys.argv[2] == "long"
interval = timedelta(seconds=1 if long else 0.5)
name = "long" if long else "short"
scheduler.new_job(gocron.duration_job(interval), gocron.new_task(task, long), gocron.with_name(name))
scheduler.start()
sys.stdin.read()
scheduler.shutdown()
locker.close()
"""


def runs(programs: Programs, name: str) -> list[tuple[float, int]]:
    words = [line.split() for line in programs.lines() if line.startswith(f"run {name} ")]
    return [(float(each[2]), int(each[3])) for each in words]


def test_deleted_files_are_noticed_and_made_anew(path: Path, programs: Programs) -> None:
    """The run that goes on hears that its claim is lost. Once all have looked, each tick runs once again."""
    for kind in "long", "short", "short":
        programs.start(WORKER, path, kind)
    until(lambda: bool(runs(programs, "long")) and len(runs(programs, "short")) >= 3)
    owners = path.with_name(path.name + ".owners")
    shutil.rmtree(owners)
    until(lambda: owners.is_dir() and len(list(owners.iterdir())) == 3)
    noticed = time.time()
    until(lambda: "lost True" in programs.lines())
    until(lambda: any(line.startswith("event lost") and "its file" in line for line in programs.lines()))
    until(lambda: sum(at > noticed for at, _ in runs(programs, "short")) >= 5)
    later = [at for at, _ in runs(programs, "short") if at > noticed]
    assert [at for at, count in Counter(later).items() if count > 1] == []
    ends = [process.communicate(timeout=20)[1].decode() for process in programs.running]
    assert sum("was deleted or replaced" in text for text in ends) == 3, ends


LEADER = """
import os, sys
import gocron_py as gocron
from gocron_py.distributed.sqlite import SQLiteElector

elector = SQLiteElector(sys.argv[1], on_change=lambda leads: os.write(1, f"leads {leads}\\n".encode()))
elector.is_leader(gocron.context.background())
sys.stdin.read()
elector.close()
"""


def test_a_leader_whose_file_is_deleted_leads_no_more(path: Path, programs: Programs) -> None:
    """Another one takes over, and there are not two."""
    programs.start(LEADER, path)
    until(lambda: programs.lines() == ["leads True"])
    elector = SQLiteElector(path)
    with pytest.raises(gocron.NotLeader):
        elector.is_leader(gocron.context.background())
    shutil.rmtree(path.with_name(path.name + ".owners"))
    until(lambda: programs.lines()[1:2] == ["leads False"])
    until(lambda: elector.leads() or programs.lines()[2:] == ["leads True"])
    assert elector.leads() is (programs.lines()[2:] == [])
    elector.close()
