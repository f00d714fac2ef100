"""What happened, of all jobs."""

from __future__ import annotations

from gocron_py.dashboard.documents import Document
from gocron_py.dashboard.formats import OUTCOMES as OUTCOME_WORDS
from gocron_py.dashboard.html import el
from gocron_py.dashboard.pages.filters import choice, field
from gocron_py.dashboard.pages.layout import View, page, pager
from gocron_py.dashboard.pages.overview import latest
from gocron_py.dashboard.queries import EventQuery


def events(view: View, data: Document, query: EventQuery) -> bytes:
    """The page."""
    bind = view.bind
    return page(
        view,
        "Events",
        "/events",
        el("div", el("h1", "Events"), el("p", bind.text("span", data, "matching"), class_="muted"), class_="title"),
        el(
            "form",
            field(
                "Job",
                el("input", type="search", name="search", value=query.search, id="search", placeholder="name"),
                "search",
            ),
            field("Outcome", choice("outcome", query.outcome, OUTCOME_WORDS), "outcome"),
            el("button", "Show", type="submit"),
            el("a", "Show all", href=view.url("/events")) if query.search or query.outcome else None,
            method="get",
            action=view.url("/events"),
            role="search",
            class_="filters",
        ),
        latest(bind, data, "events", "No job has run yet."),
        pager(view, data, query.page, data["pages"], lambda number: view.url(f"/events{query.string(page=number)}")),
        el("p", "From the histories of the jobs that are there now, each as long as the job keeps it.", class_="muted"),
        poll=f"/api/events{query.string()}",
    )
