"""Forms that narrow a page down."""

from __future__ import annotations

from collections.abc import Sequence

from gocron_py.dashboard.formats import STATES as STATE_WORDS
from gocron_py.dashboard.html import Markup, el
from gocron_py.dashboard.pages.layout import View
from gocron_py.dashboard.queries import JobQuery
from gocron_py.dashboard.snapshot import STATES


def job_filters(view: View, path: str, query: JobQuery, tags: Sequence[str]) -> Markup:
    """The form that narrows a page of jobs down; it works without scripts."""
    return el(
        "form",
        field(
            "Search",
            el("input", type="search", name="search", value=query.search, id="search", placeholder="name, tag or id"),
            "search",
        ),
        field("Tag", el("input", name="tag", value=query.tag, id="tag", list="tags", autocomplete="off"), "tag"),
        el("datalist", [el("option", value=tag) for tag in tags], id="tags"),
        field("State", choice("state", query.state, {state: STATE_WORDS[state] for state in STATES}), "state"),
        el("input", type="hidden", name="sort", value=query.sort) if query.sort != "name" else None,
        el("button", "Show", type="submit"),
        el("a", "Show all", href=view.url(path)) if query.search or query.tag or query.state else None,
        method="get",
        action=view.url(path),
        role="search",
        class_="filters",
    )


def field(label: str, control: Markup, id: str) -> Markup:
    """A control with its label."""
    return el("p", el("label", label, for_=id), control)


def choice(name: str, chosen: str, words: dict[str, str]) -> Markup:
    """A list to choose from, or not."""
    options = [el("option", "any", value="")]
    options += [el("option", word, value=value, selected=value == chosen) for value, word in words.items()]
    return el("select", options, name=name, id=name)
