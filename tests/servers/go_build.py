"""Programs built once with Go and kept in the user's cache."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from .system import ServerMissing


def cached(name: str) -> Path:
    """Where the program is, or will be. What it is built from is in its name: another version is another file."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "gocron_py", name)


def built(name: str, build: Callable[[Path], Path]) -> Path:
    """The program; *build* makes it in a directory that is given, if need be."""
    target = cached(name)
    if target.exists():
        return target
    if shutil.which("go") is None:
        raise ServerMissing(f"{name} is built with Go >= 1.26, and there is no go (Debian: golang-go)")
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{target}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs at a time: the second one waits and finds it made
        if not target.exists():
            with tempfile.TemporaryDirectory(prefix="build-", dir=target.parent) as directory:
                os.replace(build(Path(directory)), target)
    return target


# Nobody debugs them: to write down for a debugger what is where takes a sixth of the compiler's time.
_FLAGS = "-buildvcs=false -trimpath -gcflags=all=-dwarf=false"


def go(directory: Path, *arguments: str) -> str:
    """Run ``go`` there. What one program has compiled serves the next one: the settings are the same."""
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": _FLAGS, "GOWORK": "off"}
    done = subprocess.run(
        ["nice", "-n", "19", "go", *arguments], cwd=directory, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        # Mostly a Go that is too old or a network that is not there.
        said = (done.stdout + done.stderr)[-4000:]
        raise ServerMissing(f"it cannot be built here: go {' '.join(arguments)} failed\n{said}")
    return done.stdout
