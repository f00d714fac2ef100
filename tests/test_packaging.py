"""What is shipped: the contents of sdist and wheel, and that each way to install them works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
BACK_ENDS = ["redis", "etcd3", "kubernetes", "sqlalchemy", "flask", "django", "prometheus_client", "opentelemetry"]
TEST_TOOLS = ["pytest", "hypothesis", "time_machine"]

# Three environments are made and filled from a package index.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def run(*command: object, cwd: Path | None = None) -> str:
    """The standard output of a command; its whole output is in the failure if it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, so that building leaves nothing behind in it."""
    copy = tmp_path_factory.mktemp("source") / "gocron_py"
    leftovers = shutil.ignore_patterns(
        ".git", ".venv*", ".*_cache", ".hypothesis", "*.egg-info", "__pycache__", "_build", "build", "dist"
    )
    shutil.copytree(ROOT, copy, ignore=leftovers)
    return copy


@pytest.fixture(scope="module")
def sdist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist."""
    built = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", built, source)
    (archive,) = built.glob("*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory inside the sdist."""
    target = tmp_path_factory.mktemp("unpacked")
    run("tar", "-xf", sdist, "-C", target)
    (directory,) = target.iterdir()
    return directory


@pytest.fixture(scope="module")
def wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from what the sdist holds, as package indexes' users do."""
    built = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", built, unpacked)
    (archive,) = built.glob("*.whl")
    return archive


def tracked_files(directory: Path) -> set[str]:
    """Every file of a source tree, other than what building writes into it."""
    return {
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and "gocron_py.egg-info" not in path.parts and "__pycache__" not in path.parts
    }


def test_sdist_holds_the_whole_source(sdist: Path, unpacked: Path, source: Path) -> None:
    """Somebody who packages the project can run the tests, build the docs and read the changes."""
    forgotten = tracked_files(source) - tracked_files(unpacked)

    assert {".gitignore"} >= forgotten
    for name in ["CHANGELOG.md", "LICENSE", "README.rst", "run", "docs/conf.py", "tests/test_packaging.py"]:
        assert (unpacked / name).is_file()
    assert os.access(unpacked / "run", os.X_OK)


def test_wheel_holds_the_package_and_nothing_else(wheel: Path, source: Path) -> None:
    """Each file of the package, its metadata, and no test, example or benchmark."""
    package = {f"gocron_py/{name}" for name in tracked_files(source / "gocron_py")}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert package == {name for name in names if ".dist-info/" not in name}
    assert "gocron_py/py.typed" in names


def test_wheel_metadata(wheel: Path) -> None:
    """Licence, Python versions, the pytest plugin, and what the core needs."""
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
        entry_points = archive.read(metadata.replace("METADATA", "entry_points.txt")).decode()
    needed = [line.partition(": ")[2] for line in lines if line.startswith("Requires-Dist") and "extra ==" not in line]

    assert "License-Expression: MIT" in lines
    assert "Requires-Python: >=3.11" in lines
    assert {"croniter", "python-dateutil"} == {Requirement(line).name for line in needed}
    assert "[pytest11]\ngocron_py = gocron_py.pytest_plugin" in entry_points
    assert "[console_scripts]\ngocron-py = gocron_py.__main__:main" in entry_points


def test_extra_all_names_each_other_one() -> None:
    """``gocron_py[all]`` brings what the extras of stores, command line, frameworks and metrics bring."""
    requirements = [Requirement(line) for line in distribution("gocron_py").requires or []]
    (everything,) = (one for one in requirements if one.marker and one.marker.evaluate({"extra": "all"}) and one.extras)

    stores, others = {"redis", "etcd", "kubernetes", "sql"}, {"cli", "flask", "django", "prometheus", "opentelemetry"}
    assert stores | others == everything.extras


CHECK = f"""
import importlib.metadata, json, sys
import gocron_py
import gocron_py.testing
print(json.dumps({{
    "file": gocron_py.__file__,
    "loaded": [name for name in {BACK_ENDS + TEST_TOOLS} if name in sys.modules],
    "installed": sorted(one.metadata["Name"].lower() for one in importlib.metadata.distributions()),
    "missing": [name for name in gocron_py.__all__ if not hasattr(gocron_py, name)],
}}))
"""


@pytest.mark.parametrize("way", ["wheel", "sdist", "editable"])
def test_installs_and_imports(way: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """In a fresh environment the package can be imported, and only the core's needs came with it."""
    source: Path = request.getfixturevalue("source")
    what = ["--editable", source] if way == "editable" else [request.getfixturevalue(way)]
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)

    seen = json.loads(run(python, "-c", CHECK, cwd=tmp_path))

    home = source if way == "editable" else tmp_path / "venv"
    assert home in Path(seen["file"]).parents
    assert [] == seen["loaded"]
    assert [] == seen["missing"]
    assert {"croniter", "gocron_py", "python-dateutil"} <= set(seen["installed"])
    # What dateutil brings, by its version, and what the environment began with.
    assert set(seen["installed"]) <= {
        "croniter", "gocron_py", "pip", "python-dateutil", "setuptools", "six", "tzdata"
    }  # fmt: skip
    run(python, "-m", "pip", "check")
