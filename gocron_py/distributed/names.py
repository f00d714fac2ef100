"""Names of jobs as keys of stores. Any text is a name; none may break out of its key."""

from __future__ import annotations

import hashlib
from typing import Final
from urllib.parse import quote

_LONGEST: Final = 400


def raw(name: str) -> bytes:
    """The name's bytes; a lone surrogate is no reason to fail."""
    return name.encode("utf-8", "surrogatepass")


def escaped(name: str) -> str:
    """The name percent-encoded. Of a very long one, a part and a hash: the record tells whose it is."""
    text = quote(raw(name), safe="")
    if len(text) <= _LONGEST:
        return text
    # "!" is not in a percent-encoded text, so this is no other name's.
    return f"{text[:_LONGEST]}!{digest(name)}"


def digest(name: str) -> str:
    """64 hexadecimal digits that stand for the name."""
    return hashlib.sha256(raw(name)).hexdigest()
