"""Sphinx: ``./run docs``. No network: nothing outside this checkout is read."""

from __future__ import annotations

from dataclasses import is_dataclass
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING

import gocron_py

if TYPE_CHECKING:
    from docutils.nodes import Element, TextElement
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

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
    "page_width": "1200px",
    "body_max_width": "900px",
    "sidebar_width": "240px",
}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}
html_static_path = ["_static"]
html_css_files = ["custom.css"]

autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 90

# Names of the standard library and of other projects, which this documentation does not hold, and
# private ones.
nitpick_ignore_regex = [
    ("py:.*", r"(asyncio|collections|concurrent|contextlib|datetime|dateutil|dict|enum|flask|logging)(\..*)?"),
    ("py:.*", r"(opentelemetry|prometheus_client|signal|typing|uuid|zoneinfo)(\..*)?"),
    ("py:.*", r"(?:[a-z]\w*|[A-Z]\w*Error|Exception|BaseException|SystemExit|KeyboardInterrupt|None|UUID)"),
    ("py:.*", r"gocron_py\.([\w.]+\.)?(_\w+|[A-Z])"),
]


def add_message(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Show an error's text, which for most is all there is to say."""
    if isinstance(thing, type) and issubclass(thing, gocron_py.GocronError):
        lines += ["", *(f"| ``{line}``" for line in thing.message.splitlines()), ""]


def hide_constructor(
    app: Sphinx, what: str, name: str, thing: object, options: object, signature: str, returns: str
) -> tuple[str, None] | None:
    """Most classes are made by functions, most errors by the library; how is nobody's business."""
    is_made_by_users = is_dataclass(thing) or name.startswith("gocron_py.testing.")
    return ("", None) if what in {"class", "exception"} and not is_made_by_users else None


def find_where_exported(
    app: Sphinx, environment: BuildEnvironment, node: pending_xref, content: TextElement
) -> Element | None:
    """Docstrings name things by their module or without one; they are documented where they are exported."""
    domain = environment.domains.python_domain
    parts = node["reftarget"].removeprefix("gocron_py.").split(".")
    first = next((number for number, part in enumerate(parts) if part in gocron_py.__all__ and part != "context"), None)
    if node["refdomain"] != "py" or first is None:
        return None
    target = ".".join(["gocron_py", *parts[first:]])
    return domain.resolve_xref(environment, node["refdoc"], app.builder, node["reftype"], target, node, content)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", add_message)
    app.connect("autodoc-process-signature", hide_constructor)
    app.connect("missing-reference", find_where_exported)
