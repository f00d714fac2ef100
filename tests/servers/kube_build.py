"""kube-apiserver, built once from Go's modules: nobody packages it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from . import go_build

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
NAME = f"kube-apiserver-{VERSION}"


def built() -> Path:
    """The server; makes it if need be: some four minutes on two cores, and 5 GiB in Go's own caches."""
    return go_build.built(NAME, _build)


def _build(directory: Path) -> Path:
    (directory / "tools.go").write_text(_TOOLS)
    go_mod = directory / "go.mod"
    go_mod.write_text(_GO_MOD.format(module=_MODULE, version=VERSION))
    # Its own go.mod points to directories of its repository, which is no use to who requires it.
    its_own = json.loads(go_build.go(directory, "mod", "download", "-json", f"{_MODULE}@{VERSION}"))["GoMod"]
    with go_mod.open("a") as file:
        file.writelines(f"replace {name} => {name} {_STAGING}\n" for name in _STAGED.findall(Path(its_own).read_text()))
    go_build.go(directory, "mod", "tidy")
    _, major, minor, *_ = re.split("[v.]", VERSION)
    version = {"gitVersion": VERSION, "gitMajor": major, "gitMinor": minor}
    link = " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{key}={it}" for key, it in version.items())])
    go_build.go(directory, "build", "-ldflags", link, "-o", "kube-apiserver", f"{_MODULE}/cmd/kube-apiserver")
    return directory / "kube-apiserver"
