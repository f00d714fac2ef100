"""The public API as type checkers see it: ``api.py`` is accepted, each marked line of ``wrong.py`` is not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
GOOD, WRONG = HERE / "api.py", HERE / "wrong.py"

Fault = tuple[str, int, str]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def output(*command: str) -> str:
    """What a checker prints; its exit status tells only that it found something."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.stdout


def mypy() -> set[Fault]:
    """What mypy finds: file, line, text."""
    lines = output("mypy", "--strict", "--output=json", str(GOOD), str(WRONG)).splitlines()
    faults = [json.loads(line) for line in lines if line.startswith("{")]
    return {(Path(one["file"]).name, one["line"], one["message"]) for one in faults if one["severity"] == "error"}


def pyright() -> set[Fault]:
    """What pyright finds: file, line, text."""
    report = output("pyright", "--pythonpath", sys.executable, "--outputjson", str(GOOD), str(WRONG))
    faults = json.loads(report)["generalDiagnostics"]
    return {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1, one["message"])
        for one in faults
        if one["severity"] == "error"
    }


@pytest.fixture(scope="module", params=[mypy, pyright], ids=["mypy", "pyright"])
def faults(request: pytest.FixtureRequest) -> set[Fault]:
    """What one checker finds in both files."""
    found: set[Fault] = request.param()
    return found


def test_good_calls_are_accepted(faults: set[Fault]) -> None:
    """Nothing is wrong with ``api.py``."""
    assert [] == sorted(fault for fault in faults if fault[0] == GOOD.name)


def test_wrong_calls_are_refused(faults: set[Fault]) -> None:
    """Each line of ``wrong.py`` that says so is an error, and no other line is."""
    lines = WRONG.read_text().splitlines()
    marked = {number for number, line in enumerate(lines, start=1) if line.endswith("# error")}
    found = {line for name, line, _ in faults if name == WRONG.name}

    accepted = [lines[number - 1].strip() for number in sorted(marked - found)]
    surprising = sorted(fault for fault in faults if fault[0] == WRONG.name and fault[1] not in marked)
    assert ([], []) == (accepted, surprising)
