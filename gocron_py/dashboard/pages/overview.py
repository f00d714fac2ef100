"""The overview: how it stands, what needs a look, what runs, what comes."""

from __future__ import annotations

from typing import Final

from gocron_py.dashboard.binding import Binder, Data
from gocron_py.dashboard.documents import Document
from gocron_py.dashboard.html import Markup, el
from gocron_py.dashboard.pages.instances import who_ran
from gocron_py.dashboard.pages.layout import View, change_button, column, job_link, page, panel, table

_COUNTS: Final = (
    ("jobs", "Jobs", ""),
    ("running", "Running", "?state=running"),
    ("failed", "Failed", "?state=failed"),
    ("late", "Late", "?state=late"),
    ("paused", "Paused", "?state=paused"),
)


def overview(view: View, data: Document) -> bytes:
    """The page."""
    bind = view.bind
    return page(
        view,
        "Overview",
        "/",
        el("h1", "Overview", class_="unseen"),
        _counts(view, data),
        el(
            "div",
            el("div", panel("Needs a look", _attention(bind, data)), panel("Running now", _running(bind, data))),
            el(
                "div",
                panel("Scheduler", _scheduler(bind, data), aside=_pause(view, data)),
                panel("Up next", _next(bind, data)),
            ),
            class_="columns",
        ),
        _fleet(view, data),
        panel(
            el("span", "Latest runs", bind.shown("span", data, "shared", " of this process")),
            latest(bind, data, "latest", "This process has run no job yet."),
            aside=el("a", "All events", href=view.url("/events")),
        ),
        poll="/api/overview",
    )


def _fleet(view: View, data: Document) -> Markup:
    """What all processes ran, where they share a store: of a tick that one of them had, the others know nothing."""
    bind = view.bind
    told = panel(
        "Latest runs of all instances",
        el("p", "A process tells the others of its runs: they are here within some ten seconds.", class_="muted"),
        who_ran(bind, data, "fleet"),
        aside=el("a", "All instances", href=view.url("/instances")),
    )
    return bind.shown("div", data, "shared", told)


def _counts(view: View, data: Document) -> Markup:
    bind = view.bind

    def tile(name: str, label: str, query: str) -> Markup:
        number = bind.text("b", data, f"counts.{name}", attr=f"data-count:counts.{name}", data_kind=name)
        return el("li", el("a", number, " ", el("span", label), href=view.url(f"/jobs{query}")))

    return el("ul", [tile(*count) for count in _COUNTS], class_="counts")


def _scheduler(bind: Binder, data: Document) -> Markup:
    def fact(label: str, shown: Markup, needed: str | None = None) -> Markup:
        children = el("dt", label), el("dd", shown)
        return el("div", *children) if needed is None else bind.shown("div", data, needed, *children)

    def store(one: Data) -> Markup:
        kind = bind.text("span", one, "kind"), " ", bind.badge(one, "reachable", "reachable", "yes")
        return el("span", *kind, bind.text("p", one, "error", only=True, class_="error"))

    return el(
        "dl",
        fact("State", bind.badge(data, "scheduler.state", "state")),
        fact(
            "Process",
            el("span", bind.text("span", data, "scheduler.pid"), " on ", bind.text("span", data, "scheduler.host")),
        ),
        fact("Zone", bind.text("span", data, "scheduler.zone")),
        fact("Leads", bind.text("span", data, "scheduler.leader", "yes")),
        fact("Stores", bind.rows("span", data, "scheduler.stores", store, class_="list"), "scheduler.stores"),
        fact("Waiting runs", bind.text("span", data, "scheduler.waiting"), "scheduler.waiting"),
        fact("gocron_py", bind.text("span", data, "scheduler.version")),
        class_="facts",
    )


def _pause(view: View, data: Document) -> Markup | None:
    """The buttons, of which the script shows the one that makes sense."""
    buttons = [
        change_button(view, data, change, label, f"/api/scheduler/{change}", "scheduler.paused")
        for change, label in (("pause", "Pause all"), ("resume", "Resume all"))
        if change in view.permitted
    ]
    return el("div", buttons, class_="actions") if buttons else None


def _attention(bind: Binder, data: Document) -> Markup:
    def row(job: Data) -> Markup:
        return bind.box(
            "tr",
            job,
            "data-row-key:id",
            el("td", bind.badge(job, "state", "state")),
            el("td", job_link(bind, job), bind.text("p", job, "last.error", "line", only=True, class_="error")),
            bind.when("td", job, "last.started", "ago", class_="number"),
        )

    columns = column("State"), column("Job"), column("Started", number=True)
    well = el("span", "All is well", bind.shown("span", data, "shared", " in this process"), ".")
    return table(bind, "Jobs that failed or are late", columns, data, "attention", row, well, "id")


def _running(bind: Binder, data: Document) -> Markup:
    def row(job: Data) -> Markup:
        return bind.box(
            "tr",
            job,
            "data-row-key:id",
            el("td", job_link(bind, job)),
            bind.when("td", job, "running_since", "ago", class_="number"),
        )

    columns = column("Job"), column("Since", number=True)
    return table(bind, "Jobs that run", columns, data, "running", row, "Nothing runs at this moment.", "id")


def _next(bind: Binder, data: Document) -> Markup:
    def row(job: Data) -> Markup:
        return bind.box(
            "tr",
            job,
            "data-row-key:id",
            el("td", job_link(bind, job)),
            bind.when("td", job, "next_run", "ago", class_="number"),
            bind.when("td", job, "next_run", "time", class_="number wide"),
        )

    columns = column("Job"), column("Due", number=True), column("At", number=True, wide=True)
    return table(bind, "Jobs by their next run", columns, data, "next", row, "Nothing is planned.", "id")


def latest(bind: Binder, data: Data, path: str, nothing: str) -> Markup:
    """Runs of several jobs; *nothing* is said where there are none."""

    def row(event: Data) -> Markup:
        return el(
            "tr",
            bind.when("td", event, "at", "time", class_="number"),
            el(
                "td",
                job_link(bind, event, "job.name", "job.id"),
                bind.text("p", event, "error", "line", only=True, class_="error"),
            ),
            el("td", bind.badge(event, "outcome", "outcome")),
            bind.text("td", event, "duration", "span", class_="number"),
            bind.text("td", event, "lateness", "span", class_="number wide"),
        )

    columns = (
        column("Time", number=True), column("Job"), column("Outcome"),
        column("Took", number=True), column("Late by", number=True, wide=True),
    )  # fmt: skip
    return table(bind, "Runs, the latest first", columns, data, path, row, nothing)
