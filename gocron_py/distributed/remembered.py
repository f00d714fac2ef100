"""Records as texts and back, without reading again what this process wrote or read last.

A claim and its finish write two records of a job that often nobody else has written since. To compare a text with
one that is known costs next to nothing; to read it is a third of what a claim costs this process.
"""

from __future__ import annotations

from typing import Final

from gocron_py.distributed.decision import FARTHEST, Record, decode, encode

# A usual text has 1,400 characters: some megabytes at most.
_MOST: Final = 1024
_LONGEST: Final = 8192

# By key of a job, its last text and what that says. Set and asked for in one step each: threads need no lock.
_known: dict[str, tuple[str, Record]] = {}


def as_record(text: str, key: str) -> Record:
    """What :func:`decode` gives.

    :raises StoreCorrupt: it is no record of the job *key*.
    """
    known = _known.get(key)
    if known is not None and known[0] == text:
        return known[1]
    record = decode(text, key)
    _remember(text, record)
    return record


def as_text(record: Record) -> str:
    """What :func:`encode` gives."""
    text = encode(record)
    # Of a job that has been read once, so its name comes back as it is.
    if record.name in _known and _is_plain(record):
        _remember(text, record)
    return text


def _remember(text: str, record: Record) -> None:
    if len(text) > _LONGEST:
        return
    if len(_known) >= _MOST:
        _known.clear()
    _known[record.name] = text, record


def _is_plain(record: Record) -> bool:
    """Whether what comes from a store, its time and a name of an owner, is what :func:`decode` lets pass."""
    for held in record.claims:
        if type(held.owner) is not str or type(held.until) is not int or abs(held.until) > FARTHEST:
            return False
    for time in (record.floor, record.fence, record.next_at or 0):
        if type(time) is not int or abs(time) > FARTHEST:
            return False
    return True
