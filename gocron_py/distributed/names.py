"""Names of jobs as keys of stores. Any text is a name; none may break out of its key."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final
from urllib.parse import quote

_LONGEST: Final = 400

# A job has the same name at each of its claims.
_remembered = lru_cache(1024)

_PLAIN: Final = " !#$&'()*+,/:;=?@[]^`{|}"

# Of the entries that are no job's record. Printable, as some databases hold no control characters in texts.
_OWN: Final = "gocron:own:"


def own_key(*parts: str) -> str:
    """The key of an entry of this library's own: no job's, whatever the jobs are called."""
    return _OWN + ":".join(parts)


def job_key(name: str) -> str:
    """The key of a job's record: its name, but for a name that looks like an entry of the library's own."""
    return own_key("job", name) if name.startswith(_OWN) else name


def raw(name: str) -> bytes:
    """The name's bytes; a lone surrogate is no reason to fail."""
    return name.encode("utf-8", "surrogatepass")


@_remembered
def escaped(name: str) -> str:
    """The name percent-encoded. Of a very long one, a part and a hash: the record tells whose it is."""
    text = quote(raw(name), safe="")
    if len(text) <= _LONGEST:
        return text
    # "!" is not in a percent-encoded text, so this is no other name's.
    return f"{text[:_LONGEST]}!{digest(name)}"


@_remembered
def readable(name: str) -> str:
    """The whole name, for people: percent-encoded where it is not plain ASCII."""
    return quote(raw(name), safe=_PLAIN)


@_remembered
def digest(name: str) -> str:
    """64 hexadecimal digits that stand for the name."""
    return hashlib.sha256(raw(name)).hexdigest()
