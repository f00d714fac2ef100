"""How long tests go on: shortly in every run, and for hours where ``GOCRON_SOAK`` (seconds for each fleet) is set."""

from __future__ import annotations

import os
from typing import TypeVar

import pytest

T = TypeVar("T", int, float)

SECONDS = float(os.environ.get("GOCRON_SOAK", "0"))

only = pytest.mark.skipif(not SECONDS, reason="takes minutes: set GOCRON_SOAK to some seconds")


def long(soaking: T, otherwise: T) -> T:
    """The one or the other."""
    return soaking if SECONDS else otherwise
