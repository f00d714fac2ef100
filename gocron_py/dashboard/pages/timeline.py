"""The last hour and the next one, a lane for each job."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from gocron_py.dashboard.binding import Data
from gocron_py.dashboard.documents import Document
from gocron_py.dashboard.formats import Formats
from gocron_py.dashboard.html import Markup, el
from gocron_py.dashboard.pages.filters import job_filters
from gocron_py.dashboard.pages.layout import View, job_link, page, pager
from gocron_py.dashboard.queries import JobQuery

_SPAN: Final = 3600


def timeline(view: View, data: Document, query: JobQuery, tags: Sequence[str]) -> bytes:
    """The page."""
    bind = view.bind

    def row(job: Data) -> Markup:
        lane = bind.box(
            "div", job, "aria-label:.|lane", _lane(view.formats, job), class_="lane", role="img", data_lane=True
        )
        return bind.box("li", job, "data-row-key:id", job_link(bind, job), lane)

    axis = [el("span", label) for label in ("1 h ago", "30 min ago", "now", "in 30 min", "in 1 h")]
    return page(
        view,
        "Timeline",
        "/timeline",
        el("div", el("h1", "Timeline"), el("p", "the last hour and the next", class_="muted"), class_="title"),
        job_filters(view, "/timeline", query, tags),
        _legend(),
        el("div", el("div", class_="name"), el("div", axis, class_="axis"), class_="scale", aria_hidden="true"),
        bind.rows("ol", data, "jobs", row, "id", class_="timeline"),
        bind.shown(
            "p",
            data,
            "jobs",
            "No job here ran in the last hour, and none is due in the next.",
            empty=True,
            class_="nothing",
        ),
        pager(view, data, query.page, data["pages"], lambda number: view.url(f"/timeline{query.string(page=number)}")),
        poll=f"/api/timeline{query.string()}",
    )


def _legend() -> Markup:
    kinds = (
        ("success", "succeeded"), ("fail", "failed"), ("skip", "skipped"), ("running", "running"),
        ("tick", "due"), ("unknown", "older runs are not kept"),
    )  # fmt: skip
    return el("ul", [el("li", el("i", data_kind=kind), word) for kind, word in kinds], class_="legend")


def _lane(formats: Formats, job: Any) -> Markup:
    """A picture 7,200 seconds wide, now in its middle. ``dashboard.js`` draws the same."""
    shapes = [] if job is None else list(_shapes(formats, job))
    now = el("path", d=f"M{_SPAN} 0V20", class_="now")
    return el("svg", shapes, now, viewBox=f"0 0 {2 * _SPAN} 20", preserveAspectRatio="none", aria_hidden="true")


def _shapes(formats: Formats, job: Mapping[str, Any]) -> Iterator[Markup]:
    def place(moment: str) -> int:
        seconds = math.floor((datetime.fromisoformat(moment) - formats.now).total_seconds() + 0.5) + _SPAN
        return min(max(seconds, 0), 2 * _SPAN)

    def bar(start: int, end: int, kind: str) -> Markup:
        return el("rect", x=start, y=4, width=max(end - start, 1), height=12, data_kind=kind)

    if job["kept_since"] is not None:
        yield bar(0, place(job["kept_since"]), "unknown")
    ticks = [place(tick) for tick in job["ticks"]]
    if job["more_ticks"]:
        yield bar(ticks[0], 2 * _SPAN, "tick")
    elif ticks:
        yield el("path", d="".join(f"M{tick} 5V15" for tick in ticks), class_="ticks")
    for run in job["runs"]:
        yield bar(place(run["start"]), place(run["end"]), run["outcome"])
    if job["running_since"] is not None:
        yield bar(place(job["running_since"]), _SPAN, "running")
