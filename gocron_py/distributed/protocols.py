"""What a scheduler asks before a run, so that one of several instances does it.

The three protocols are Go's interfaces to the letter. They fail closed: whatever is raised, and
any answer that is not the expected one, means "do not run".
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from gocron_py.context import Context


@runtime_checkable
class Lock(Protocol):
    """A lock that is held (Go: ``Lock``)."""

    def unlock(self, ctx: Context) -> None:
        """Release it. *ctx* is live, whatever became of the run."""
        ...


@runtime_checkable
class Locker(Protocol):
    """Gives one instance at a time the right to run a job (Go: ``Locker``)."""

    def lock(self, ctx: Context, key: str) -> Lock:
        """Take the lock *key*, the job's name; raise if another instance has it or nobody can tell."""
        ...


@runtime_checkable
class Elector(Protocol):
    """Tells whether this instance leads (Go: ``Elector``)."""

    def is_leader(self, ctx: Context) -> None:
        """Return if this instance leads; raise (or return ``False``) if not."""
        ...
