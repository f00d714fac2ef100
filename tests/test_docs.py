"""The code in README and documentation runs, and what the pages name is there: the API, tests, log lines, events."""

from __future__ import annotations

import ast
import gc
import importlib
import logging
import pkgutil
import re
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import ModuleType
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

import gocron_py
from gocron_py import distributed, testing
from gocron_py.integrations.prometheus import PrometheusMonitor

ROOT = Path(__file__).parent.parent
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.rst") if "_build" not in path.parts)
TEXTS = [*PAGES, ROOT / "README.rst"]

BLOCK = re.compile(r"( *(?:[*-] +)*)\.\. code-block:: python")


@dataclass(frozen=True)
class Block:
    """A piece of code: the line at which it begins, from 0 on, and what its options say."""

    first: int
    options: str
    code: str


def blocks(page: Path) -> Iterator[Block]:
    """All Python of a page, also that of lists and tables."""
    lines = page.read_text().splitlines()
    for number, line in enumerate(lines):
        found = BLOCK.fullmatch(line)
        if found:
            first = end = number + 1
            while end < len(lines) and (not lines[end].strip() or lines[end].startswith(" " * (len(found[1]) + 3))):
                end += 1
            while lines[first].strip():
                first += 1
            options = " ".join(each.strip() for each in lines[number + 1 : first])
            yield Block(first, options, textwrap.dedent("\n".join(lines[first:end])))


def program(page: Path, dialect: str = "") -> str:
    """The Python of a page that is to be run, its pieces one after the other, each at its own line.

    :param dialect: the class of the pieces that are wanted; none: those that belong to no other one.
    """
    lines = [""] * (page.read_text().count("\n") + 1)
    for block in blocks(page):
        if dialect in block.options if dialect else ":class:" not in block.options:
            for number, line in enumerate(block.code.splitlines(), start=block.first):
                lines[number] = line
    return "\n".join(lines)


OURS, APSCHEDULER = "", "apscheduler"
WITH_CODE = [(page, dialect) for page in PAGES for dialect in (OURS, APSCHEDULER) if program(page, dialect).strip()]


@pytest.fixture
def _logging_as_before() -> Iterator[None]:
    """Pages show how to set the logger's level; other tests are none of their readers."""
    logger, root = logging.getLogger("gocron_py"), logging.getLogger()
    before = logger.level, root.handlers[:]
    yield
    logger.setLevel(before[0])
    root.handlers[:] = before[1]


@pytest.mark.usefixtures("_logging_as_before")
@pytest.mark.parametrize(
    ("page", "dialect"), WITH_CODE, ids=[f"{page.relative_to(ROOT)} {dialect}".strip() for page, dialect in WITH_CODE]
)
def test_code_runs(page: Path, dialect: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A reader who pastes the code of a page, from top to bottom, sees it work."""
    code = compile(program(page, dialect), str(page), "exec")
    with warnings.catch_warnings():
        if dialect == APSCHEDULER:  # it leaves the connections of its job store to the collector
            warnings.simplefilter("ignore", ResourceWarning)
        exec(code, {"__name__": "__main__"})
        gc.collect()

    assert "Traceback" not in capsys.readouterr().err


def test_code_that_is_not_run_says_so() -> None:
    """A piece of code is run, is of another library, or is marked: no other class keeps it from being run."""
    known = {"", ":class: not-run", f":class: {APSCHEDULER}"}

    assert known >= {block.options for page in TEXTS for block in blocks(page)}


@pytest.mark.slow
def test_quick_start_prints_what_it_should(capsys: pytest.CaptureFixture[str]) -> None:
    """README's first program greets three times in three and a half seconds."""
    exec(compile(program(ROOT / "README.rst"), "README.rst", "exec"), {"__name__": "__main__"})

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("nightly runs next at 2")
    assert len(lines) == 4
    assert all(line.endswith(" hello, second") for line in lines[1:])


# -- the API --------------------------------------------------------------------------------------


def documented() -> set[str]:
    """The names on the API page, in full."""
    text = (ROOT / "docs" / "api.rst").read_text()
    named = re.findall(
        r"^ *\.\. (?:auto)?(?:class|data|exception|function|module|protocol):: (\S+)$", text, re.MULTILINE
    )
    return {name if name.startswith("gocron_py.") else f"gocron_py.{name}" for name in named}


def test_api_page_is_complete() -> None:
    """Each exported name is on the API page, and each name there is exported."""
    text = (ROOT / "docs" / "api.rst").read_text()
    constants = {name for name in gocron_py.__all__ if name.isupper()}
    here = {name.removeprefix("gocron_py.") for name in documented()}

    assert set(gocron_py.__all__) - constants <= here
    assert {name for name in here if "." not in name} <= set(gocron_py.__all__) | {"testing"}
    assert {f"testing.{name}" for name in testing.__all__} <= here
    assert [] == [name for name in sorted(constants) if f"``{name}``" not in text]


# Modules whose ``__all__`` is what other modules of the package use; nothing in them is for users.
INTERNAL = re.compile(
    r"gocron_py\.(schedules|definitions|cli|crontab|demo|errors|monitor|logger|context|dashboard\.pages)\b"
)


def public_modules() -> list[ModuleType]:
    """Those that say by ``__all__`` what is for users."""
    names = [each.name for each in pkgutil.walk_packages(gocron_py.__path__, "gocron_py.") if "django" not in each.name]
    modules = [importlib.import_module(name) for name in names if not INTERNAL.match(name) and "__main__" not in name]
    return [module for module in modules if hasattr(module, "__all__")]


def test_api_page_has_the_names_of_all_modules() -> None:
    """What a module says that it exports is on the page, there or where the package exports it."""
    here = documented()
    missing = [
        f"{module.__name__}.{name}"
        for module in public_modules()
        for name in module.__all__
        if f"{module.__name__}.{name}" not in here and f"gocron_py.{name}" not in here
    ]

    assert missing == []


# -- what the pages name ----------------------------------------------------------------------------

NAMED_TEST = re.compile(r"``(\w[\w/]*\.py)::(test_\w+)``")
LITERAL = re.compile(r"``([^`]+)``")


def literals(page: Path) -> set[str]:
    """What stands between double backquotes, on one line or over two."""
    return {" ".join(text.split()) for text in LITERAL.findall(page.read_text())}


@cache
def names_of_tests(file: str) -> frozenset[str]:
    """The names of the tests in a file."""
    path = ROOT / file
    return frozenset(re.findall(r"^ *def (test_\w+)", path.read_text(), re.MULTILINE) if path.is_file() else ())


@cache
def said() -> tuple[re.Pattern[str], ...]:
    """The texts in the source, as patterns: anything may stand where a value is put in."""
    patterns = set()
    for file in (ROOT / "gocron_py").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            pattern = _pattern_of(node)
            if pattern.strip(".+"):
                patterns.add(pattern)
    return tuple(map(re.compile, sorted(patterns)))


def _pattern_of(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%[srd]", ".+", re.escape(node.value))
    if isinstance(node, ast.JoinedStr):
        return "".join(_pattern_of(part) if isinstance(part, ast.Constant) else ".+" for part in node.values)
    return ""


@pytest.mark.parametrize("page", TEXTS, ids=[str(page.relative_to(ROOT)) for page in TEXTS])
def test_named_tests_exist(page: Path) -> None:
    """A test that a page calls as a witness is there."""
    named = NAMED_TEST.findall(page.read_text())

    assert [f"{file}::{name}" for file, name in named if name not in names_of_tests(file)] == []


@pytest.mark.parametrize("page", TEXTS, ids=[str(page.relative_to(ROOT)) for page in TEXTS])
def test_quoted_lines_are_logged(page: Path) -> None:
    """A line of the log that a page quotes is one that the library writes."""
    quoted = {text for text in literals(page) if text.startswith("gocron: ")}
    kinds = [f"gocron: tick {kind.value}" for kind in distributed.TickEventKind]
    patterns = [each for each in said() if each.pattern.startswith("gocron:") and each.pattern != r"gocron:\ tick\ .+"]

    assert [text for text in quoted if text not in kinds and not any(each.fullmatch(text) for each in patterns)] == []


def attribute(path: str) -> bool:
    """Whether ``Class.member`` is one of the library's."""
    thing: object = None
    for module in (gocron_py, distributed, importlib.import_module("gocron_py.distributed.health")):
        thing = thing or getattr(module, path.split(".")[0], None)
    return thing is not None and hasattr(thing, path.split(".")[1])


def test_the_tree_ends_at_what_can_be_read() -> None:
    """Events, outcomes, monitors' methods and reasons that the decision tree names are the library's own."""
    named = literals(ROOT / "docs" / "ran_twice_or_not_at_all.rst")
    members = {each for each in named if re.fullmatch(r"[A-Z]\w+\.\w+", each)}
    reasons = {each for each in named if each.endswith(": …") and not each.startswith("gocron: ")}

    assert len(members) > 10
    assert [each for each in sorted(members) if not attribute(each)] == []
    assert len(reasons) >= 3
    assert [each for each in sorted(reasons) if not any(p.pattern == re.escape(each[:-1]) + ".+" for p in said())] == []


@pytest.mark.parametrize("page", TEXTS, ids=[str(page.relative_to(ROOT)) for page in TEXTS])
def test_named_metrics_exist(page: Path) -> None:
    """A metric that a page names is one that the monitor for Prometheus has."""
    registry = CollectorRegistry()
    PrometheusMonitor(registry)
    there = {f"{family.name}{end}" for family in registry.collect() for end in ("", "_total", "_bucket", "_created")}
    named = {name for text in literals(page) for name in re.findall(r"^gocron_(?!py|ticks|locks\b)\w+", text)}

    assert named - there == set()


def sections(page: str) -> dict[str, str]:
    """The text below each title that is underlined with minus signs."""
    parts = re.split(r"^(.+)\n-{4,}\n", (ROOT / "docs" / page).read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_each_complaint_is_answered() -> None:
    """All twenty are there, in their order, each with the threads it is from and a test that shows the answer."""
    answers = sections("complaints.rst")
    numbered = {title: text for title, text in answers.items() if title[0].isdigit()}

    assert [title.split(".")[0] for title in numbered] == [str(number) for number in range(1, 21)]
    assert [title for title, text in numbered.items() if not re.search(r"\w#\d+", text)] == []
    assert [title for title, text in numbered.items() if not NAMED_TEST.search(text)] == []


def test_each_line_of_security_has_a_test() -> None:
    """What the page on security says is held by a test in the same line of its tables."""
    text = (ROOT / "docs" / "security.rst").read_text()
    rows = [
        row
        for table in re.split(r"\.\. list-table::", text)[1:]
        for row in re.split(r"^   \* - ", table, flags=re.MULTILINE)[2:]
    ]

    assert len(rows) > 20
    assert [row.splitlines()[0] for row in rows if not NAMED_TEST.search(row)] == []


def test_architecture_names_every_room() -> None:
    """Each module of the package and of the stores and frameworks is on the page, by its name or its directory's."""
    text = (ROOT / "docs" / "architecture.rst").read_text()
    package = ROOT / "gocron_py"
    rooms = [f"{path.name}/" if path.is_dir() else path.name for path in package.iterdir()]
    rooms += [
        f"{each}/{path.name}" for each in ("distributed", "integrations") for path in (package / each).glob("*.py")
    ]
    left_out = {"__init__.py", "__main__.py", "__pycache__/", "py.typed"}

    missing = [room for room in rooms if Path(room).name not in text and room not in left_out]
    assert [room for room in sorted(missing) if not room.endswith("__init__.py")] == []


def test_reasons_of_the_tree_are_those_of_a_history() -> None:
    """Runs that are paused, vetoed, refused by a lock or by an election say why in the words of the decision tree."""

    class No:
        def lock(self, ctx: gocron_py.Context, key: str) -> gocron_py.Lock:
            raise RuntimeError("somebody has it")

        def is_leader(self, ctx: gocron_py.Context) -> None:
            raise gocron_py.NotLeader("somebody leads")

    def veto(job_id: UUID, name: str) -> Exception:
        return ValueError("not today")

    reasons = set()
    listener = gocron_py.with_event_listeners(gocron_py.before_job_runs_skip_if_before_func_errors(veto))
    clock = testing.FakeClock()
    for options in [[gocron_py.with_distributed_locker(No())], [gocron_py.with_distributed_elector(No())], []]:
        with gocron_py.new_scheduler(gocron_py.with_clock(clock), *options) as scheduler:
            hourly, task = gocron_py.cron_job("0 * * * *"), gocron_py.new_task(print)
            jobs = [scheduler.new_job(hourly, task, gocron_py.with_name(name), listener) for name in ("one", "two")]
            jobs[1].pause()
            clock.advance(timedelta(hours=1))
            testing.wait_for_runs(scheduler)
            reasons |= {run.error for job in jobs for run in job.history()}

    told = {reason.partition(":")[0] for reason in reasons if reason}
    named = literals(ROOT / "docs" / "ran_twice_or_not_at_all.rst")
    assert told == {"paused", "lock refused", "not the leader", "skipped by a listener"}
    assert [each for each in told if each not in named and f"{each}: …" not in named] == []
