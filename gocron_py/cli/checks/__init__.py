"""What ``gocron-py doctor`` looks at: a module for each kind of thing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import final


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    :ivar check: which, in a word.
    """

    check: str
    state: State
    text: str
