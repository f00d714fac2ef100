"""Sphinx: ``./run docs``. No network: nothing outside this checkout is read."""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import TYPE_CHECKING

import gocron_py

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "gocron_py"
author = "The gocron_py authors"
copyright = f"2026, {author}"  # noqa: A001
release = version = version_of("gocron_py")

extensions = ["sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {
    "description": "Go's gocron, in Python",
    "fixed_sidebar": True,
    "page_width": "1080px",
    "sidebar_width": "240px",
}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}
html_static_path: list[str] = []

autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 90

# Names of the standard library and of other projects, which this documentation does not hold.
nitpick_ignore_regex = [
    ("py:.*", r"(collections|concurrent|datetime|dateutil|enum|logging|signal|typing|uuid|zoneinfo)(\..*)?"),
    ("py:.*", r"(?:[a-z]\w*|[A-Z]\w*Error|Exception|BaseException|SystemExit|KeyboardInterrupt|None)"),
]


def add_message(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Show an error's text, which for most is all there is to say."""
    if isinstance(thing, type) and issubclass(thing, gocron_py.GocronError):
        lines += ["", *(f"| ``{line}``" for line in thing.message.splitlines()), ""]


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", add_message)
