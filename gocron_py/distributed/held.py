"""A claim that is held."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, final

from gocron_py.context import Context, background, with_cancel_cause
from gocron_py.distributed.decision import Claim
from gocron_py.errors import LockLost
from gocron_py.instant import Micros

if TYPE_CHECKING:
    from gocron_py.run import Run


@final
class TickLock:
    """A claim that is held; what ``TickLocker.lock`` gives to the scheduler.

    :ivar context: for the task; cancelled with the cause :exc:`~gocron_py.LockLost` if the claim is lost.
    :ivar claim: ``None`` where the run goes on without one.
    """

    __slots__ = ("_cancel", "_release", "claim", "context", "key", "lease", "lost", "renewed", "run")

    def __init__(
        self, run: Run, key: str, claim: Claim | None, lease: Micros, sent: Micros, release: Callable[[TickLock], None]
    ) -> None:
        self.run = run
        self.key = key
        self.claim = claim
        self.lease = lease
        # When the renewal that counts was sent.
        self.renewed = sent
        self.lost: LockLost | None = None
        self._release = release
        self.context, self._cancel = with_cancel_cause(run.context or background())

    @property
    def attempt(self) -> int:
        """How many times the tick was begun."""
        return 1 if self.claim is None else self.claim.attempt

    @property
    def fence(self) -> int | None:
        """Larger than those of all earlier runs of the job."""
        return None if self.claim is None else self.claim.fence

    def lose(self) -> bool:
        """The claim is somebody else's: cancel the task. ``False``: that is known already."""
        if self.lost is not None:
            return False
        self.lost = LockLost(f"job {self.key!r:.80}")
        self._cancel(self.lost)
        return True

    def unlock(self, ctx: Context) -> None:
        """Finish the claim, or give it back if the task was not begun."""
        try:
            self._release(self)
        finally:
            self._cancel()
