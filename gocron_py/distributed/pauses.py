"""What is paused in a store, as this process knows it, and the entry that pauses everything."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final, final

from gocron_py.distributed.claim import Load, Step, Write
from gocron_py.distributed.decision import Record
from gocron_py.distributed.names import job_key, own_key
from gocron_py.distributed.store import Entry, Snapshot
from gocron_py.errors import StoreCorrupt
from gocron_py.instant import LAST, Instant

KEY: Final = own_key("pause")
_FORMAT: Final = 1


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the schedulers that share a store are paused.

    :ivar resumed: when they last went on, on the store's clock: what came before that is not caught up with.
    """

    paused: bool = False
    resumed: Instant = 0


def encode(standing: Standing) -> str:
    """As the store keeps it."""
    fields = {"format": _FORMAT, "paused": standing.paused, "resumed": standing.resumed}
    return json.dumps(fields, separators=(",", ":"))


def decode(text: object) -> Standing:
    """What the store holds.

    :raises StoreCorrupt: it is something else.
    """
    try:
        if not isinstance(text, str):
            raise TypeError("not a text")
        fields = json.loads(text)
        paused, resumed = fields["paused"], fields["resumed"]
        if fields["format"] != _FORMAT or not isinstance(paused, bool) or type(resumed) is not int:
            raise ValueError("it is not one of this version's")
        if not 0 <= resumed <= 2 * LAST:
            raise ValueError("it is no time")
        return Standing(paused, resumed)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise StoreCorrupt(f"the pause of the schedulers: {type(error).__name__}: {error!s:.120}") from error


def set_standing(paused: bool) -> Generator[Step, Any, Standing]:
    """Pause all schedulers that share the store, or have them go on. What cannot be read is replaced."""
    while True:
        snapshot: Snapshot = yield Load((KEY,))
        entry = snapshot.entries.get(KEY)
        before = Standing()
        if entry is not None:
            try:
                before = decode(entry.text)
            except StoreCorrupt:  # whoever pauses or resumes says plainly what is to hold
                before = Standing(paused=True)
        resumed = snapshot.now if before.paused and not paused else before.resumed
        after = Standing(paused, resumed)
        # Written even if it is as it was: a late write that says otherwise then fails.
        if (yield Write(KEY, None if entry is None else entry.version, encode(after))):
            return after


@final
class Pauses:
    """What is paused, as of the last look at the store. Read by any thread without a lock."""

    __slots__ = ("_fences", "_jobs", "_version", "everything", "resumed")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Nothing is known."""
        # By the key of a job. Of a paused one, too: the last fence that was given before.
        self._jobs: dict[str, bool] = {}
        self._fences: dict[str, int] = {}
        self._version: object = None
        self.everything: bool | None = None
        self.resumed: Instant = 0

    def of_job(self, name: str) -> bool | None:
        """Whether the job itself is paused. ``None``: its record was not seen."""
        return self._jobs.get(job_key(name))

    def of_key(self, key: str) -> bool:
        """The same by its key; unknown is not paused."""
        return self._jobs.get(key, False)

    def overtook(self, name: str, fence: int) -> bool:
        """Whether the job was paused after a run had got this fence, which has not begun its task yet."""
        return fence <= self._fences.get(job_key(name), 0)

    def saw_job(self, key: str, record: Record | None) -> None:
        """What its record says."""
        self._jobs[key] = record is not None and record.paused
        if record is not None and record.paused:
            self._fences[key] = record.fence

    def saw(self, standing: Standing) -> None:
        """What the entry says."""
        self.everything, self.resumed = standing.paused, max(self.resumed, standing.resumed)

    def look(self, entry: Entry | None) -> None:
        """Take over what a look at the store has found; nothing, if the store has lost it: the pause stays.

        :raises StoreCorrupt: told once for each version of it. It counts as a pause, until somebody resumes.
        """
        if entry is None:
            self._version = None
            self.everything = bool(self.everything)
        elif entry.version != self._version:
            self._version = entry.version
            self._read(entry)

    def hear(self, entry: Entry | None) -> None:
        """The same outside of a look, whose task it is to tell of what cannot be read."""
        try:
            if entry is not None:
                self._read(entry)
            elif self.everything is None:
                self.everything = False
        except StoreCorrupt:
            pass

    def _read(self, entry: Entry) -> None:
        try:
            self.saw(decode(entry.text))
        except StoreCorrupt:
            self.everything = True
            raise
