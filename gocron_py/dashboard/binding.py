"""Elements that show a value of the page's JSON document, and say which: the script keeps them up to date.

``data-text="next_run|time"`` is the path of a value and its format, ``data-attr`` the same for attributes,
``data-show`` hides an element while the value is empty, and ``data-rows`` repeats the ``<template>`` in it for
each member of a list. What the server draws here and what the script draws are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from gocron_py.dashboard.formats import Formats
from gocron_py.dashboard.html import Child, Markup, el

Data: TypeAlias = Mapping[str, Any] | Sequence[Any] | str | None
"""A JSON document or a part of it; ``None``: a row of a template, without values."""

Attributes: TypeAlias = str | int | bool | None


def value_at(data: Any, path: str) -> Any:
    """The value at a path such as ``last.outcome``; ``.`` is the whole, ``None`` what is not there."""
    if path == ".":
        return data
    for name in path.split("."):
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


class Binder:
    """Draws bound elements in the formats of one answer."""

    def __init__(self, formats: Formats) -> None:
        self.formats = formats

    def text(
        self,
        name: str,
        data: Data,
        path: str,
        form: str = "text",
        attr: str | None = None,
        *,
        only: bool = False,
        **more: Attributes,
    ) -> Markup:
        """An element whose text is a value.

        :param attr: attributes that are values too: ``href:id|job title:name``.
        :param only: it is hidden while there is no value.
        """
        if only:
            hidden = data is not None and not value_at(data, path)
            more |= {"hidden": hidden, "data_show": path}
        shown = "" if data is None else self.formats.show(value_at(data, path), form)
        bound = f"{path}|{form}"
        return el(name, shown, **self._attributes(data, attr), data_text=bound, data_attr=attr, **more)

    def box(self, name: str, data: Data, attr: str, *children: Child, **more: Attributes) -> Markup:
        """An element with values as attributes."""
        return el(name, *children, **self._attributes(data, attr), data_attr=attr, **more)

    def shown(
        self, name: str, data: Data, path: str, *children: Child, empty: bool = False, **more: Attributes
    ) -> Markup:
        """An element that is there only while a value is neither null, zero, false nor empty.

        :param empty: the other way round.
        """
        hidden = data is not None and bool(value_at(data, path)) is empty
        return el(name, *children, hidden=hidden, data_show=f"!{path}" if empty else path, **more)

    def rows(
        self,
        name: str,
        data: Data,
        path: str,
        row: Callable[[Data], Markup],
        key: str | None = None,
        **more: Attributes,
    ) -> Markup:
        """An element with one *row* for each member of a list.

        :param key: what tells the rows apart; default: their place.
        """
        members = [] if data is None else value_at(data, path) or []
        template = el("template", row(None))
        return el(name, map(row, members), template, data_rows=path, data_key=key, **more)

    def when(self, name: str, data: Data, path: str, form: str = "time", **more: Attributes) -> Markup:
        """A moment, in full when it is pointed at; *name* is the element around it."""
        return el(name, self.text("time", data, path, form, f"datetime:{path} title:{path}|moment"), **more)

    def badge(self, data: Data, path: str, form: str, kind: str = "text") -> Markup:
        """A state or an outcome: a word with a coloured mark.

        :param kind: the format of what the colour goes by.
        """
        return self.text("span", data, path, form, f"data-kind:{path}|{kind}", class_="badge")

    def _attributes(self, data: Data, attr: str | None) -> dict[str, Attributes]:
        values: dict[str, Attributes] = {}
        for part in (attr or "").split():
            name, _, bound = part.partition(":")
            path, _, form = bound.partition("|")
            value = None if data is None else value_at(data, path)
            values[name] = None if value is None else self.formats.show(value, form or "text")
        return values
