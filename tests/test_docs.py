"""The code in README and documentation runs, and the API page leaves nothing out."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

import gocron_py
from gocron_py import testing

ROOT = Path(__file__).parent.parent
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.rst") if "_build" not in path.parts)

BLOCK = re.compile(r"^\.\. code-block:: python\n((?:   :\S.*\n)*)\n((?:(?:    .*)?\n)+)", re.MULTILINE)


def program(page: Path) -> str:
    """All Python of a page that is to be run, its pieces one after the other, each at its own line."""
    text = page.read_text()
    lines = [""] * (text.count("\n") + 1)
    for found in BLOCK.finditer(text):
        if "not-run" not in found[1]:
            first = text.count("\n", 0, found.start(2))
            for number, line in enumerate(textwrap.dedent(found[2]).splitlines(), start=first):
                lines[number] = line
    return "\n".join(lines)


WITH_CODE = [page for page in PAGES if program(page).strip()]


@pytest.mark.parametrize("page", WITH_CODE, ids=[str(page.relative_to(ROOT)) for page in WITH_CODE])
def test_code_runs(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A reader who pastes the code of a page, from top to bottom, sees it work."""
    exec(compile(program(page), str(page), "exec"), {"__name__": "__main__"})

    assert "Traceback" not in capsys.readouterr().err


def test_quick_start_prints_what_it_should(capsys: pytest.CaptureFixture[str]) -> None:
    """README's first program greets three times in three and a half seconds."""
    exec(compile(program(ROOT / "README.rst"), "README.rst", "exec"), {"__name__": "__main__"})

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("nightly runs next at 2")
    assert len(lines) == 4
    assert all(line.endswith(" hello, second") for line in lines[1:])


def test_api_page_is_complete() -> None:
    """Each exported name is on the API page, and each name there is exported."""
    text = (ROOT / "docs" / "api.rst").read_text()
    named = re.findall(r"^ *\.\. auto(?:class|data|exception|function|module|protocol):: (\S+)$", text, re.MULTILINE)
    constants = {name for name in gocron_py.__all__ if name.isupper()}
    here = {name.removeprefix("gocron_py.") for name in named}

    assert set(gocron_py.__all__) - constants <= here
    assert {name for name in here if "." not in name} <= set(gocron_py.__all__) | {"testing"}
    assert {f"testing.{name}" for name in testing.__all__} <= here
    assert [] == [name for name in sorted(constants) if f"``{name}``" not in text]
