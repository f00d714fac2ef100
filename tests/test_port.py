"""The worked port of "From Go to Python": the program and its port print the same lines."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import go_build

PORT = Path(__file__).parent.parent / "examples" / "port"


def output(*command: str | Path) -> str:
    """What a program prints, in the directory of the port."""
    done = subprocess.run(command, cwd=PORT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the Go program prints."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed")
    version = subprocess.run([go, "version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"go(\d+)\.(\d+)", version)
    if found is None or (int(found[1]), int(found[2])) < (1, 22):
        pytest.skip(f"gocron needs Go 1.22, this is {version.strip()}")
    fetched = subprocess.run([go, "mod", "download"], cwd=PORT, capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        pytest.skip(f"gocron's source cannot be had: {fetched.stderr.strip()[-200:]}")
    program = tmp_path_factory.mktemp("go") / "port"
    go_build.go(PORT, "build", "-o", str(program), ".")
    return output(program)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_prints_what_the_original_prints(original: str) -> None:
    """Line by line, under the same script for the fake clock."""
    assert original == output(sys.executable, "port.py")


def test_port_runs_to_its_end() -> None:
    """Without Go too, the port goes through its day and a half."""
    lines = output(sys.executable, "port.py").splitlines()

    assert lines[:2] == [
        "refused: gocron: CronJob: crontab parse failure",
        "end of range (61) above maximum (59): 61",
    ]
    assert "31 03:30 backing up, cancelled: false" in lines
    assert lines[-1] == "closed"
