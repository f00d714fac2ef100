"""The list of jobs: search, filters, order, pages."""

from __future__ import annotations

from collections.abc import Sequence

from gocron_py.dashboard.binding import Data
from gocron_py.dashboard.documents import Document
from gocron_py.dashboard.formats import STATES as STATE_WORDS
from gocron_py.dashboard.html import Markup, el
from gocron_py.dashboard.pages.layout import View, cell_class, column, job_link, page, pager, strip, table
from gocron_py.dashboard.queries import JobQuery
from gocron_py.dashboard.snapshot import STATES


def jobs(view: View, data: Document, query: JobQuery, tags: Sequence[str]) -> bytes:
    """The page."""
    bind = view.bind

    def row(job: Data) -> Markup:
        def tag(name: Data) -> Markup:
            return bind.text("a", name, ".", attr="href:.|tag title:.", class_="tag")

        return bind.box(
            "tr",
            job,
            "data-row-key:id",
            el("td", job_link(bind, job), bind.rows("span", job, "tags", tag, class_="tags")),
            el("td", bind.badge(job, "state", "state")),
            bind.text("td", job, "schedule", attr="title:schedule", class_="wide words"),
            el("td", strip(bind, job), class_="wide"),
            bind.when("td", job, "last.started", "ago", class_=cell_class(wide=True, number=True)),
            bind.text("td", job, "last.duration", "span", class_=cell_class(wide=True, number=True)),
            bind.when("td", job, "next_run", "ago", class_="number"),
        )

    columns = [
        _sorted_by(view, query, "Job", "name"),
        _sorted_by(view, query, "State", "state"),
        column("Schedule", wide=True),
        column("Last runs", wide=True),
        _sorted_by(view, query, "Started", "last", wide=True, number=True),
        _sorted_by(view, query, "Took", "duration", wide=True, number=True),
        _sorted_by(view, query, "Next", "next", number=True),
    ]
    nothing = "No job matches." if data["total"] else "This scheduler has no jobs."
    return page(
        view,
        "Jobs",
        "/jobs",
        el("div", el("h1", "Jobs"), _found(view, data), class_="title"),
        _filters(view, query, tags),
        table(bind, "Jobs", columns, data, "jobs", row, nothing, "id"),
        pager(view, data, query.page, data["pages"], lambda number: view.url(f"/jobs{query.string(page=number)}")),
        poll=f"/api/jobs{query.string()}",
    )


def _found(view: View, data: Document) -> Markup:
    bind = view.bind
    return el("p", bind.text("span", data, "matching"), " of ", bind.text("span", data, "total"), class_="muted")


def _sorted_by(
    view: View, query: JobQuery, label: str, sort: str, *, wide: bool = False, number: bool = False
) -> Markup:
    """The head of a column that the jobs can be sorted by; a second click turns the order round."""
    is_sorted = query.sort.removeprefix("-") == sort
    is_reversed = query.sort.startswith("-")
    to = f"-{sort}" if is_sorted and not is_reversed else sort
    return el(
        "th",
        el("a", label, href=view.url(f"/jobs{query.string(sort=to, page=1)}")),
        scope="col",
        class_=cell_class(wide, number),
        aria_sort=("descending" if is_reversed else "ascending") if is_sorted else None,
    )


def _filters(view: View, query: JobQuery, tags: Sequence[str]) -> Markup:
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
        el("a", "Show all", href=view.url("/jobs")) if query.search or query.tag or query.state else None,
        method="get",
        action=view.url("/jobs"),
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
