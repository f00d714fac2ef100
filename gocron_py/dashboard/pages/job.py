"""One job: its schedule, what comes, what was."""

from __future__ import annotations

from typing import Final

from gocron_py.dashboard.binding import Binder, Data
from gocron_py.dashboard.documents import Document
from gocron_py.dashboard.html import Markup, el
from gocron_py.dashboard.pages.layout import View, change_button, column, page, panel, strip, table

_LABELS: Final = {"run": "Run now", "pause": "Pause", "resume": "Resume", "remove": "Remove"}

_POLICIES: Final = {
    "default": "as usual for its kind",
    "skip": "left out",
    "run_after_transition": "run after the change",
}


def job(view: View, data: Document) -> bytes:
    """The page."""
    bind = view.bind
    return page(
        view,
        data["name"],
        "/jobs",
        el(
            "div",
            el("h1", bind.text("span", data, "name"), " ", bind.badge(data, "state", "state")),
            _actions(view, data),
            class_="title",
        ),
        el(
            "div",
            panel("Schedule", _facts(bind, data)),
            panel("Next runs", _next_runs(bind, data)),
            class_="columns",
        ),
        panel("Last runs", _runs(bind, data), aside=strip(bind, data)),
        _confirmation() if "remove" in view.permitted else None,
        poll=f"/api/jobs/{data['id']}",
    )


def _actions(view: View, data: Document) -> Markup | None:
    """Buttons; the script shows them, as a change needs a header that only it can send."""
    buttons = [
        change_button(view, data, change, _LABELS[change], f"/api/jobs/{data['id']}/{change}", "paused")
        for change in view.permitted
    ]
    return el("div", buttons, class_="actions") if buttons else None


def _confirmation() -> Markup:
    return el(
        "dialog",
        el("h2", "Remove this job?", id="confirm-title"),
        el("p", "It will not run again until the program adds it anew."),
        el(
            "form",
            el("button", "Keep it", value="", autofocus=True),
            el("button", "Remove it", value="yes", class_="danger"),
            method="dialog",
            class_="actions",
        ),
        id="confirm",
        aria_labelledby="confirm-title",
    )


def _facts(bind: Binder, data: Document) -> Markup:
    def tag(name: Data) -> Markup:
        return bind.text("a", name, ".", attr="href:.|tag title:.", class_="tag")

    def limit(text: Data) -> Markup:
        return bind.text("li", text, ".")

    return el(
        "dl",
        _fact("In words", bind.text("span", data, "schedule")),
        _fact("As given", bind.text("code", data, "definition")),
        _fact("Zone", bind.text("span", data, "zone")),
        _fact("DST gap", el("span", _POLICIES[data["dst_policy"]])),
        _fact(
            "Next run",
            el(
                "span",
                bind.when("span", data, "next_run", "full"),
                " ",
                bind.when("span", data, "next_run", "ago", class_="muted"),
            ),
        ),
        bind.shown("div", data, "running", el("dt", "Running"), el("dd", bind.text("span", data, "running"))),
        bind.shown("div", data, "waiting", el("dt", "Waiting"), el("dd", bind.text("span", data, "waiting"))),
        bind.shown(
            "div", data, "limits", el("dt", "Limits"), el("dd", bind.rows("ul", data, "limits", limit, class_="plain"))
        ),
        bind.shown("div", data, "locker", el("dt", "Locker"), el("dd", bind.text("span", data, "locker"))),
        bind.shown(
            "div", data, "tags", el("dt", "Tags"), el("dd", bind.rows("span", data, "tags", tag, class_="tags"))
        ),
        _fact("Id", bind.text("code", data, "id")),
        class_="facts",
    )


def _fact(label: str, shown: Markup) -> Markup:
    return el("div", el("dt", label), el("dd", shown))


def _next_runs(bind: Binder, data: Document) -> Markup:
    def row(moment: Data) -> Markup:
        return el(
            "tr",
            bind.when("td", moment, ".", "full", class_="moment"),
            bind.when("td", moment, ".", "ago", class_="number"),
        )

    nothing = "None: the schedule has ended, or the scheduler is not started."
    return table(bind, "Next runs", (column("At"), column("Due", number=True)), data, "next_runs", row, nothing)


def _runs(bind: Binder, data: Document) -> Markup:
    is_locked = data["locker"] is not None

    def row(run: Data) -> Markup:
        error = bind.shown("pre", run, "error", bind.text("span", run, "error"))
        lock = [bind.text("td", run, name, class_="number wide") for name in ("attempt", "fence")]
        lock.insert(0, bind.text("td", run, "lock", class_="wide"))
        return el(
            "tr",
            bind.when("td", run, "scheduled", "time", class_="number"),
            el("td", bind.badge(run, "outcome", "outcome"), error),
            bind.when("td", run, "started", "time", class_="number wide"),
            bind.text("td", run, "lateness", "span", class_="number"),
            bind.text("td", run, "duration", "span", class_="number"),
            lock if is_locked else None,
        )

    columns = [
        column("Scheduled", number=True),
        column("Outcome"),
        column("Started", number=True, wide=True),
        column("Late by", number=True),
        column("Took", number=True),
    ]
    if is_locked:
        columns += [
            column("Lock", wide=True),
            column("Attempt", number=True, wide=True),
            column("Fence", number=True, wide=True),
        ]
    kept = data["history_size"]
    nothing = f"It has not run yet. The last {kept} runs are kept." if kept else "This job keeps no history."
    return table(bind, "Last runs, the latest first", columns, data, "runs", row, nothing)
