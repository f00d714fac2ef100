"""The static files: read once, and named with a hash of their content, so that browsers may keep them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, final

_KINDS: Final = {
    "dashboard.css": "text/css; charset=utf-8",
    "dashboard.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

KEEP: Final = ("Cache-Control", "private, max-age=31536000, immutable")
"""A changed file has another name."""


@final
@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    body: bytes
    kind: str


def _read(name: str, kind: str) -> Asset:
    return Asset(files("gocron_py.dashboard").joinpath("static", name).read_bytes(), kind)


OPENAPI: Final = _read("openapi.json", "application/json")

_ASSETS: Final = {name: _read(name, kind) for name, kind in _KINDS.items()}


def _hashed(name: str, asset: Asset) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{hashlib.blake2b(asset.body, digest_size=6).hexdigest()}.{ending}"


NAMES: Final = {name: _hashed(name, asset) for name, asset in _ASSETS.items()}
"""The name in URLs of each file."""

_BY_HASHED_NAME: Final = {NAMES[name]: asset for name, asset in _ASSETS.items()}


def find(name: str) -> Asset | None:
    """The file that has this name in URLs."""
    return _BY_HASHED_NAME.get(name)
