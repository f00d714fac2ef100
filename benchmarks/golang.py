"""Building the Go side, where there is Go."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

_SOURCE = Path(__file__).parent / "gocron"
_BUILD_TIMEOUT = 300.0


def build(directory: Path) -> Path | None:
    """The program, built in *directory*; None where Go is absent or cannot build it (it says why)."""
    go = shutil.which("go")
    if go is None:
        return None
    source = directory / "gocron"
    shutil.copytree(_SOURCE, source)
    program = directory / "benchmark"
    try:
        subprocess.run([go, "build", "-o", program, "."], cwd=source, check=True, timeout=_BUILD_TIMEOUT)
    except (subprocess.SubprocessError, OSError) as error:
        print(f"gocron is left out: {error}", file=sys.stderr)
        return None
    return program


def version() -> str:
    """What ``go version`` says, in short."""
    done = subprocess.run(["go", "version"], capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.split()[2].removeprefix("go")


def gocron_version() -> str:
    """The version of gocron that go.mod asks for."""
    lines = (_SOURCE / "go.mod").read_text(encoding="ascii").splitlines()
    return next(line.split()[-1] for line in lines if "go-co-op/gocron" in line)
