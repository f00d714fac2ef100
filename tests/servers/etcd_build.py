"""The newest etcd, built once from Go's modules."""

from __future__ import annotations

from pathlib import Path

from . import go_build

VERSION = "v3.7.3"
_MODULE = "go.etcd.io/etcd/server/v3"
_GO_MOD = f"module gocron_py.invalid/etcd\n\ngo 1.26.0\n\nrequire {_MODULE} {VERSION}\n"
_TOOLS = f'//go:build tools\n\npackage tools\n\nimport _ "{_MODULE}"\n'
NAME = f"etcd-{VERSION}"


def built() -> Path:
    """The server; makes it if need be: a minute or two."""
    return go_build.built(NAME, _build)


def _build(directory: Path) -> Path:
    (directory / "tools.go").write_text(_TOOLS)
    (directory / "go.mod").write_text(_GO_MOD)
    go_build.go(directory, "mod", "tidy")
    go_build.go(directory, "build", "-ldflags", "-s -w", "-o", "etcd", _MODULE)
    return directory / "etcd"
