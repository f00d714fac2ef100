"""The processes that share a store: who lives, who leads, who ran which tick."""

from __future__ import annotations

from gocron_py.dashboard.binding import Binder, Data
from gocron_py.dashboard.documents import Document
from gocron_py.dashboard.html import Markup, el
from gocron_py.dashboard.pages.layout import View, column, job_link, page, panel, strip, table


def instances(view: View, data: Document) -> bytes:
    """The page."""
    bind = view.bind

    def trouble(text: Data) -> Markup:
        return bind.text("li", text, ".", class_="error")

    return page(
        view,
        "Instances",
        "/instances",
        el("div", el("h1", "Instances"), class_="title"),
        bind.shown("div", data, "errors", bind.rows("ul", data, "errors", trouble, class_="plain"), class_="trouble"),
        panel("Stores", _stores(bind, data)),
        panel("Processes", _processes(bind, data)),
        panel("Who ran which tick", who_ran(bind, data, "runs")),
        poll="/api/instances",
    )


def _stores(bind: Binder, data: Document) -> Markup:
    def row(store: Data) -> Markup:
        return el(
            "tr",
            bind.text("td", store, "kind"),
            el(
                "td",
                bind.badge(store, "reachable", "reachable", "yes"),
                bind.text("p", store, "error", only=True, class_="error"),
            ),
            bind.when("td", store, "since", "ago", class_="number"),
        )

    columns = column("Store"), column("State"), column("Since", number=True)
    nothing = "No tick locker: this process shares its jobs with nobody."
    return table(bind, "Stores", columns, data, "stores", row, nothing)


def _processes(bind: Binder, data: Document) -> Markup:
    def row(instance: Data) -> Markup:
        return bind.box(
            "tr",
            instance,
            "data-row-key:id",
            el("td", bind.badge(instance, "state", "state")),
            el(
                "td",
                bind.text("span", instance, "label", only=True, class_="name", attr="title:id"),
                " ",
                el("span", bind.text("span", instance, "pid"), " on ", bind.text("span", instance, "host")),
                bind.shown("span", instance, "here", "this one", class_="note"),
            ),
            bind.text("td", instance, "leads", "yes"),
            el("td", strip(bind, instance), class_="wide"),
            bind.when("td", instance, "since", "ago", class_="number wide"),
            bind.when("td", instance, "seen", "ago", class_="number"),
        )

    columns = (
        column("State"), column("Process"), column("Leads"), column("Last runs", wide=True),
        column("Came", number=True, wide=True), column("Last seen", number=True),
    )  # fmt: skip
    return table(bind, "Processes", columns, data, "instances", row, "None is known.", "id")


def who_ran(bind: Binder, data: Document, path: str) -> Markup:
    """The runs at *path*, whose ever they are."""

    def row(run: Data) -> Markup:
        process = bind.text("span", run, "instance.pid"), " on ", bind.text("span", run, "instance.host")
        return el(
            "tr",
            bind.when("td", run, "scheduled", "time", class_="number"),
            el(
                "td",
                job_link(bind, run, "job.name", "job.id"),
                bind.box("p", run, "title:instance.id", *process, class_="muted"),
            ),
            el("td", bind.badge(run, "outcome", "outcome")),
            bind.when("td", run, "started", "time", class_="number wide"),
            bind.text("td", run, "attempt", class_="number wide"),
            bind.text("td", run, "fence", class_="number wide"),
        )

    columns = (
        column("Tick", number=True), column("Job and process"), column("Outcome"),
        column("Started", number=True, wide=True), column("Attempt", number=True, wide=True),
        column("Fence", number=True, wide=True),
    )  # fmt: skip
    nothing = "No run is known yet. Instances tell of theirs within some ten seconds."
    return table(bind, "Runs of all processes, the latest first", columns, data, path, row, nothing)
