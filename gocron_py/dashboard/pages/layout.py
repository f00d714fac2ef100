"""What all pages have: the frame, the navigation, and parts that several use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

from gocron_py.dashboard.assets import NAMES
from gocron_py.dashboard.binding import Binder, Data
from gocron_py.dashboard.formats import Formats
from gocron_py.dashboard.html import Child, Markup, document, el
from gocron_py.dashboard.problem import Problem

_NAVIGATION: Final = (
    ("Overview", "/"),
    ("Jobs", "/jobs"),
    ("Timeline", "/timeline"),
    ("Events", "/events"),
    ("Instances", "/instances"),
)


@final
@dataclass(frozen=True, slots=True)
class View:
    """For whom a page is drawn.

    :ivar root: the path under which the dashboard is mounted.
    :ivar permitted: the changes that the one who looks may make.
    """

    root: str
    title: str
    formats: Formats
    permitted: Sequence[str] = field(default_factory=list)

    @property
    def bind(self) -> Binder:
        """For what is kept up to date."""
        return Binder(self.formats)

    def url(self, path: str) -> str:
        """A path of the dashboard's as a URL."""
        return f"{self.root}{path}"


def page(view: View, heading: str, here: str, *main: Child, poll: str | None = None) -> bytes:
    """A whole page.

    :param here: the path in the navigation that it belongs to.
    :param poll: the path of the JSON document that it shows.
    """
    static = {name: view.url(f"/static/{hashed}") for name, hashed in NAMES.items()}
    return document(
        el(
            "head",
            el("meta", charset="utf-8"),
            el("title", f"{heading} · {view.title}"),
            el("meta", name="viewport", content="width=device-width, initial-scale=1"),
            el("meta", name="color-scheme", content="light dark"),
            el("link", rel="icon", type="image/svg+xml", href=static["icon.svg"]),
            el("link", rel="stylesheet", href=static["dashboard.css"]),
            el("script", src=static["dashboard.js"], defer=True) if poll else None,
        ),
        el(
            "body",
            el("a", "To the content", class_="skip", href="#main"),
            _header(view, here),
            el("p", role="status", id="notice", hidden=True),
            el("main", *main, id="main", tabindex="-1", data_poll=view.url(poll) if poll else None),
            _footer(view),
            data_root=view.root,
            data_now=view.formats.now.isoformat(timespec="milliseconds"),
        ),
    )


def _header(view: View, here: str) -> Markup:
    links = [
        el("a", label, href=view.url(path), aria_current="page" if path == here else None)
        for label, path in _NAVIGATION
    ]
    return el(
        "header",
        el("a", view.title, class_="brand", href=view.url("/")),
        el("nav", links, aria_label="Pages"),
    )


def _footer(view: View) -> Markup:
    return el(
        "footer",
        el(
            "div",
            el("span", f"As of {view.formats.now:%H:%M:%S}", id="freshness"),
            el("noscript", ". Without JavaScript: reload to see news."),
        ),
        el("button", "Pause updates", type="button", id="updates", hidden=True, aria_pressed="false"),
    )


def problem(view: View, what: Problem) -> bytes:
    """The page of a request that cannot be answered."""
    return page(
        view,
        what.status.phrase,
        "",
        el(
            "section",
            el("h1", what.status.phrase),
            el("p", what.detail, class_="lead"),
            el("p", el("a", "To the overview", href=view.url("/"))),
            class_="problem",
        ),
    )


# -- parts -------------------------------------------------------------------------------------------------


def panel(title: Child, *children: Child, aside: Child = None, **attributes: str | None) -> Markup:
    """A part of a page with a heading."""
    return el("section", el("div", el("h2", title), aside, class_="title"), *children, class_="panel", **attributes)


def table(
    bind: Binder,
    label: str,
    columns: Sequence[Child],
    data: Data,
    path: str,
    row: Callable[[Data], Markup],
    nothing: Child,
    key: str | None = None,
) -> Markup:
    """A table of the list at *path*; *nothing* is said where it is empty."""
    body = bind.rows("tbody", data, path, row, key)
    scrolled = el("table", el("caption", label, class_="unseen"), el("thead", el("tr", columns)), body)
    # Where it is too wide it can be scrolled, by the keyboard too.
    return el(
        "div",
        bind.shown("div", data, path, scrolled, class_="scroll", role="region", aria_label=label, tabindex="0"),
        bind.shown("p", data, path, nothing, empty=True, class_="nothing"),
    )


def column(label: str, *, wide: bool = False, number: bool = False, **more: str | None) -> Markup:
    """The head of a column.

    :param wide: it is only for wide screens.
    :param number: it holds numbers.
    """
    return el("th", label, scope="col", class_=cell_class(wide, number), **more)


def cell_class(wide: bool = False, number: bool = False) -> str | None:
    """The class of the cells in such a column."""
    return " ".join(name for name, wanted in (("wide", wide), ("number", number)) if wanted) or None


def change_button(view: View, data: Data, change: str, label: str, path: str, paused: str) -> Markup:
    """A button that the script switches on, as a change needs a header that only it can send.

    :param paused: the path of the value by which pause or resume is shown.
    """
    more: dict[str, Any] = {"type": "button", "disabled": True, "data_change": change, "data_path": view.url(path)}
    if change in ("pause", "resume"):
        return view.bind.shown("button", data, paused, label, empty=change == "pause", **more)
    return el("button", label, class_="danger" if change == "remove" else None, **more)


def job_link(bind: Binder, data: Data, name: str = "name", id: str = "id") -> Markup:
    """The name of a job, as a link."""
    return bind.text("a", data, name, attr=f"href:{id}|job title:{name}", class_="name")


def strip(bind: Binder, data: Data) -> Markup:
    """The outcomes of the last runs, as a row of marks."""

    def mark(outcome: Data) -> Markup:
        return bind.box("i", outcome, "data-kind:.|text")

    return bind.box(
        "span",
        data,
        "aria-label:outcomes|strip title:outcomes|strip",
        bind.rows("span", data, "outcomes", mark, aria_hidden="true"),
        class_="strip",
        role="img",
    )


def pager(view: View, data: Data, page_number: int, pages: int, to: Callable[[int], str]) -> Markup:
    """Links to the pages before and after."""
    bind = view.bind
    return el(
        "nav",
        el("a", "Previous", href=to(page_number - 1), rel="prev") if page_number > 1 else None,
        el("span", "Page ", str(page_number), " of ", bind.text("span", data, "pages")),
        el("a", "Next", href=to(page_number + 1), rel="next") if page_number < pages else None,
        class_="pager",
        aria_label="Further pages",
        hidden=page_number == 1 and pages == 1,
    )
