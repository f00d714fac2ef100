"""HTML in which every text is escaped, unless it was made here."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TypeAlias, final


@final
class Markup(str):
    """HTML that is safe as it stands. Only this module makes any."""

    __slots__ = ()


Child: TypeAlias = "str | int | Iterable[Child] | None"
"""What may stand in an element: markup as it is, all other text escaped, ``None`` nothing."""

_VOID = frozenset({"input", "link", "meta", "img", "br"})


def el(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """An element.

    :param attributes: an underscore stands for a hyphen, one at the end is dropped (``class_``). ``None`` and
        ``False`` leave the attribute out, ``True`` gives it no value.
    """
    said = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{join(children)}</{name}>")


def join(children: Child) -> Markup:
    """Children, one after the other."""
    if children is None:
        return Markup()
    if isinstance(children, Markup):
        return children
    if isinstance(children, str | int):
        return Markup(escape(_readable(str(children))))
    return Markup("".join(map(join, children)))


def document(*children: Child, language: str = "en") -> bytes:
    """A whole page."""
    # What UTF-8 cannot hold (a lone surrogate in a name) is shown as a question mark.
    return f"<!doctype html>\n{el('html', *children, lang=language)}\n".encode("utf-8", "replace")


def _attribute(key: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(_readable(str(value)))}"'


def _readable(text: str) -> str:
    """Without what HTML cannot hold, and what would turn the direction of the text around it."""
    return text.translate(_UNREADABLE)


# Control characters, and the marks that override the direction of writing: a name must not rearrange the page.
_UNREADABLE = {
    number: "\N{REPLACEMENT CHARACTER}"
    for numbers in (
        range(9),
        range(11, 13),
        range(14, 32),
        range(127, 160),
        range(0x202A, 0x202F),
        range(0x2066, 0x206A),
    )
    for number in numbers
}
