"""Go's readings of numbers and durations, with Go's texts for what it cannot read.

Crontabs that were checked with Go must mean the same here, and Python reads more generously:
``int`` takes underscores, blanks and all of Unicode's digits.
"""

from __future__ import annotations

import re
from typing import Final

_LONGEST_TEXT = 1000

_INT64 = 1 << 63
_UINT64 = 1 << 64

_NANOSECONDS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # U+00B5, micro sign
    "μs": 1_000,  # U+03BC, Greek letter
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}

_INTEGER = re.compile(r"([+-]?)([0-9]+)", re.ASCII)
_COMPONENT = re.compile(r"([0-9]*)(?:(\.)([0-9]*))?([^.0-9]*)", re.ASCII)

_ESCAPES: Final = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}


class Refused(ValueError):
    """Go would return an error with this text.

    :ivar hint: what Go does not say; for a note.
    """

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


def parse_int(text: str) -> int:
    """Go's ``strconv.Atoi``: an optional sign and ASCII digits, in 64 bits.

    :raises Refused: anything else.
    """
    match = _INTEGER.match(text)
    digits = match[2].lstrip("0") or "0" if match else ""
    # Go finds that 64 bits do not hold a number before it has seen what follows the number.
    if len(digits) > 20 or int(digits or 0) >= _UINT64:
        raise Refused(f"strconv.Atoi: parsing {_quote(text)}: value out of range")
    if match is None or match.end() < len(text):
        raise Refused(f"strconv.Atoi: parsing {_quote(text)}: invalid syntax")
    number = int(match[1] + digits)
    if not -_INT64 <= number < _INT64:
        raise Refused(f"strconv.Atoi: parsing {_quote(text)}: value out of range")
    return number


def parse_duration(text: str) -> int:
    """Go's ``time.ParseDuration``, in nanoseconds: ``1h30m``, ``-1.5h``, ``300ms``, ``0``.

    :raises Refused: anything else, or more than 64 bits of nanoseconds.
    """
    sign = text[0] if text[:1] in ("-", "+") else ""
    rest = text.removeprefix(sign)
    if rest == "0":
        return 0
    if rest == "":
        raise Refused(f"time: invalid duration {_bytes_quote(text)}")
    total = position = 0
    while position < len(rest):
        match = _COMPONENT.match(rest, position)
        assert match is not None  # every part of the pattern is optional
        total += _component(match, text)
        position = match.end()
        if total > _INT64:
            raise Refused(f"time: invalid duration {_bytes_quote(text)}")
    if total == _INT64 and sign != "-":
        raise Refused(f"time: invalid duration {_bytes_quote(text)}")
    return -total if sign == "-" else total


def _component(match: re.Match[str], text: str) -> int:
    """One number with its unit."""
    whole, point, fraction, unit = match.groups()
    # 2**63 has 19 digits, so this many more than it are too many.
    significant = whole.lstrip("0")
    if not (whole or fraction) or len(significant) > 19 or int(significant or "0") > _INT64:
        raise Refused(f"time: invalid duration {_bytes_quote(text)}")
    if not unit:
        raise Refused(f"time: missing unit in duration {_bytes_quote(text)}")
    if unit not in _NANOSECONDS:
        raise Refused(f"time: unknown unit {_bytes_quote(unit)} in duration {_bytes_quote(text)}")
    nanoseconds = int(significant or "0") * _NANOSECONDS[unit]
    if point and fraction:
        nanoseconds += _fraction(fraction, _NANOSECONDS[unit])
    if nanoseconds > _INT64:
        raise Refused(f"time: invalid duration {_bytes_quote(text)}")
    return nanoseconds


def _fraction(digits: str, unit: int) -> int:
    """A part of a unit, calculated in doubles as Go does, for the same last nanosecond."""
    value = 0
    scale = 1.0
    for digit in digits:
        longer = value * 10 + int(digit)
        if value > (_INT64 - 1) // 10 or longer > _INT64:
            break
        value = longer
        scale *= 10
    return int(float(value) * (float(unit) / scale))


def simple_lower(text: str) -> str:
    """Go's ``strings.ToLower``: each character by itself, so that capital I with a dot becomes an i."""
    return text.replace("\u0130", "i").lower()


def cut(text: str) -> str:
    """*text*, of which the middle is left out if it is absurdly long: errors are to be read, and logged."""
    if len(text) <= _LONGEST_TEXT:
        return text
    kept = _LONGEST_TEXT // 5
    return f"{text[:kept]} … {text[-kept:]} ({len(text)} characters)"


def _quote(text: str) -> str:
    """Go's ``strconv.Quote``."""
    return '"' + "".join(map(_quoted, cut(text))) + '"'


def _quoted(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _bytes_quote(text: str) -> str:
    """The quoting of package time: whatever is not printable ASCII, byte by byte."""
    quoted = (
        ("\\" + char if char in '"\\' else char)
        if " " <= char < "\x80"
        else "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
        for char in cut(text)
    )
    return '"' + "".join(quoted) + '"'
