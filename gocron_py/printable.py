"""Texts of others, made harmless for terminals and logs."""

from __future__ import annotations

import re


def printable(text: str, keep: str = "") -> str:
    """*text* on one line, with everything escaped that is not printed.

    Controls, line breaks of all kinds, what turns the direction of writing, lone surrogates (bytes of a file or an
    argument that are no text).

    :param keep: characters that stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how Python reads a byte that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if 0xD800 <= code <= 0xDFFF else char.encode("unicode_escape").decode("ascii")


# Up to the last "@": a password that was not percent-encoded may have one.
_PASSWORD = re.compile(r"(://[^:/@\s]*):\S*@")


def without_passwords(text: str) -> str:
    """The text, with stars for the passwords of the URLs in it."""
    return _PASSWORD.sub(r"\1:***@", text)
