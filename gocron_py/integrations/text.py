"""Texts of users on a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """With what would move a terminal's cursor written out."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
