"""The list of jobs: search, filters, order, pages."""

from __future__ import annotations

from collections.abc import Sequence

from gocron_py.dashboard.binding import Data
from gocron_py.dashboard.documents import Document
from gocron_py.dashboard.html import Markup, el
from gocron_py.dashboard.pages.filters import job_filters
from gocron_py.dashboard.pages.layout import View, cell_class, column, job_link, page, pager, strip, table
from gocron_py.dashboard.queries import JobQuery


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
        job_filters(view, "/jobs", query, tags),
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
