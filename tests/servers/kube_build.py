"""kube-apiserver, built once from Go's modules and kept in the user's cache: nobody packages it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from .system import ServerMissing

VERSION = "v1.37.2"
_MODULE = "k8s.io/kubernetes"
_STAGING = VERSION.replace("v1.", "v0.", 1)  # the version under which its staging modules are published
_STAGED = re.compile(r"^\s*(k8s\.io/\S+) => \./staging/src/\1$", re.MULTILINE)
_GO_MOD = """\
module gocron_py.invalid/kube

go 1.26.0

godebug default=go1.26

require {module} {version}

"""
# Keeps the requirement, and all that the program needs, when go.mod is tidied.
_TOOLS = f'//go:build tools\n\npackage tools\n\nimport _ "{_MODULE}/cmd/kube-apiserver"\n'


def binary() -> Path:
    """Where the server is, or will be: another version is another file."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "gocron_py", f"kube-apiserver-{VERSION}")


def built() -> Path:
    """The server; makes it if need be: some four minutes on two cores, and 5 GiB in Go's own caches."""
    target = binary()
    if target.exists():
        return target
    if shutil.which("go") is None:
        raise ServerMissing("kube-apiserver is built with Go >= 1.26, and there is no go (Debian: golang-go)")
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{target}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs at a time: the second one waits and finds it made
        if not target.exists():
            with tempfile.TemporaryDirectory(prefix="build-", dir=target.parent) as directory:
                os.replace(_build(Path(directory)), target)
    return target


def _build(directory: Path) -> Path:
    (directory / "tools.go").write_text(_TOOLS)
    go_mod = directory / "go.mod"
    go_mod.write_text(_GO_MOD.format(module=_MODULE, version=VERSION))
    # Its own go.mod points to directories of its repository, which is no use to who requires it.
    its_own = json.loads(_go(directory, "mod", "download", "-json", f"{_MODULE}@{VERSION}"))["GoMod"]
    with go_mod.open("a") as file:
        file.writelines(f"replace {name} => {name} {_STAGING}\n" for name in _STAGED.findall(Path(its_own).read_text()))
    _go(directory, "mod", "tidy")
    _, major, minor, *_ = re.split("[v.]", VERSION)
    version = {"gitVersion": VERSION, "gitMajor": major, "gitMinor": minor}
    link = " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{key}={it}" for key, it in version.items())])
    _go(directory, "build", "-trimpath", "-ldflags", link, "-o", "kube-apiserver", f"{_MODULE}/cmd/kube-apiserver")
    return directory / "kube-apiserver"


def _go(directory: Path, *arguments: str) -> str:
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
    done = subprocess.run(
        ["nice", "-n", "19", "go", *arguments], cwd=directory, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        # Mostly a Go that is too old or a network that is not there.
        said = (done.stdout + done.stderr)[-4000:]
        raise ServerMissing(f"kube-apiserver cannot be built here: go {' '.join(arguments)} failed\n{said}")
    return done.stdout
