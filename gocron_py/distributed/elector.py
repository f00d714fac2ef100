"""One leader among the instances that share a store or a server."""

from __future__ import annotations

import json
import logging
import os
import secrets
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, final

from gocron_py.clock import elapsed
from gocron_py.context import Context
from gocron_py.distributed.names import own_key
from gocron_py.distributed.store import TickStore
from gocron_py.errors import ErrInvalidArgument, LockError, NotLeader, StoreCorrupt, check_kind
from gocron_py.instant import SECOND, Instant, Micros
from gocron_py.printable import printable

LeadershipCallback = Callable[[bool], object]

# client-go's: a leader that could not renew for the deadline stops believing before the lease is over.
LEASE: Final[Micros] = 15 * SECOND
DEADLINE: Final[Micros] = 10 * SECOND
RETRY: Final = 2.0
_FIRST_WORD: Final = 2.0
_MARGIN: Final = 0.001
_RESIGNED: Final = "it has resigned"
_OVERDUE: Final = "the lease could not be renewed in time"
_FORMAT: Final = 1

_log = logging.getLogger("gocron_py")


@final
@dataclass(frozen=True, slots=True)
class Leadership:
    """Who leads, until when, and how many leaders there were."""

    leader: str
    until: Instant
    term: int


def campaign(
    held: Leadership | None, candidate: str, now: Instant, is_alive: Callable[[str], bool | None]
) -> Leadership | None:
    """The leadership with *candidate* as the leader; ``None``: another one leads. Pure.

    A leader loses it with its lease, or at once where the store can tell that it is dead.
    """
    if held is not None and held.leader == candidate:
        return Leadership(candidate, now + LEASE, held.term)
    if held is not None and held.leader and now < held.until and is_alive(held.leader) is not False:
        return None
    return Leadership(candidate, now + LEASE, 1 if held is None else held.term + 1)


class Heir(Protocol):
    """What goes on with what was left undone while nobody led."""

    def begins_to_lead(self, elector: CampaigningElector) -> None:
        """Said twice: just before this instance leads, and so before its first run, and when it does.

        Returns soon, and raises nothing.
        """


class CampaigningElector(ABC):
    """What electors have in common: a thread that campaigns, and answers from memory (an ``Elector``).

    It campaigns from the first question on, and comes back after any loss. ``is_leader`` asks no server: it
    goes by the last renewal that was *sent*, on a clock that runs on while the machine sleeps.

    :param deadline: in microseconds; a leader that could not renew for so long stops believing that it leads.
    :param on_change: called with ``True`` and ``False`` as this instance begins and ceases to lead.
    :raises ErrInvalidArgument: ``on_change`` is not callable.
    """

    def __init__(self, deadline: Micros, on_change: LeadershipCallback | None) -> None:
        if on_change is not None and not callable(on_change):
            raise ErrInvalidArgument("on_change must be callable", got=on_change)
        self._deadline = deadline
        self._on_change = on_change
        self._closed = False
        self._heirs: weakref.WeakSet[Heir] = weakref.WeakSet()
        self._begin()
        _electors.add(self)

    def _begin(self) -> None:
        """As new: also in a forked child, which leads nothing."""
        self._lock = threading.RLock()  # a signal handler may close it
        self._thread: threading.Thread | None = None
        self._bell = threading.Event()
        self._heard = threading.Event()
        self._leads = False
        self._began: Micros = 0
        self._sent: Micros = 0
        self._why = "no campaign has ended yet"
        self._has_complained = False

    def is_leader(self, ctx: Context) -> None:
        """Return if this instance leads (``Elector.IsLeader``). The first questions wait for an answer, at most 2 s.

        :raises NotLeader: it does not, or cannot know.
        """
        if not self._heard.is_set() and not self._closed:
            self._start()
            # Jobs that are due together ask together: whoever asks second needs the answer as much.
            self._heard.wait(max(_FIRST_WORD - (elapsed() - self._began) / SECOND, 0))
        if not self._leads:
            raise NotLeader(self._why)
        if self._is_overdue():
            raise NotLeader(_OVERDUE)

    def leads(self) -> bool:
        """Whether this instance leads, from memory: nothing is asked, and nothing is started."""
        return self._leads and not self._is_overdue()

    def follows(self) -> bool:
        """Whether it knows, from memory, that it does not lead. Before the first question it knows nothing."""
        return self._heard.is_set() and not self.leads()

    def reason(self) -> str:
        """Why it does not lead, for people: who leads, or what failed; empty where it leads."""
        if self.leads():
            return ""
        return self._why or _OVERDUE

    def tell(self, heir: Heir) -> None:
        """From now on, for as long as there is this heir."""
        with self._lock:
            self._heirs.add(heir)

    def close(self) -> None:
        """Resign, so that another instance leads at once, and campaign no more."""
        self._closed = True
        with self._lock:
            thread = self._thread
        self._bell.set()
        if thread is None:
            self._disconnect()
        elif thread is not threading.current_thread():
            thread.join(5)
        # Also where the thread hangs.
        self._follow(_RESIGNED)

    # -- for a server's own class ------------------------------------------------------------------

    @abstractmethod
    def _stand(self) -> None:
        """One step of the campaign; ends with :meth:`_lead` or :meth:`_follow`, or raises a LockError."""

    @abstractmethod
    def _resign(self) -> None:
        """Give the leadership up, if it is this instance's; raise a LockError where that cannot be done."""

    def _pause(self) -> float:
        """So long, in seconds, until the next step."""
        return RETRY

    def _disconnect(self) -> None:  # noqa: B027 - most have nothing to close
        pass

    def _forked(self) -> None:  # noqa: B027 - most have nothing to renew
        pass

    def _lead(self, sent: Micros) -> None:
        """It leads; the renewal that says so was sent at *sent*."""
        if self._closed or elapsed() - sent >= self._deadline:  # the answer took too long
            self._follow(_RESIGNED if self._closed else _OVERDUE)
            return
        if self._leads and self._is_overdue():  # it did not lead for a while
            self._follow(_OVERDUE)
        with self._lock:
            heirs = () if self._leads else tuple(self._heirs)
        for heir in heirs:
            heir.begins_to_lead(self)
        self._sent = sent
        self._change(True, "", heirs)

    def _follow(self, why: str) -> None:
        self._change(False, why)

    # -- the thread --------------------------------------------------------------------------------

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                thread = threading.Thread(target=self._campaign, name="gocron-elector", daemon=True)
                self._began = elapsed()
                thread.start()
                self._thread = thread

    def _campaign(self) -> None:
        pid = os.getpid()
        while not self._closed and pid == os.getpid():
            try:
                self._stand()
                self._has_complained = False
            except LockError as error:
                if not self.leads():
                    self._follow(str(error))
                    self._complain(error)
            except BaseException:
                _log.exception("gocron: the elector goes on after")
            self._heard.set()
            self._bell.wait(self._until_next_step())
            if self._leads and self._is_overdue():  # before the next step, which may take its time
                self._follow(_OVERDUE)
        if pid == os.getpid():
            self._end()

    def _until_next_step(self) -> float:
        pause = self._pause()
        if not self._leads:
            return pause
        left = (self._sent + self._deadline - elapsed()) / SECOND
        return min(pause, max(left, 0.0) + _MARGIN)

    def _is_overdue(self) -> bool:
        return elapsed() - self._sent >= self._deadline

    def _complain(self, error: LockError) -> None:
        # Where nobody can lead no job runs: that is not to happen without a word, and one for each outage will do.
        if not self._has_complained:
            self._has_complained = True
            _log.warning("gocron: this instance cannot lead: %s", printable(str(error)))

    def _end(self) -> None:
        # First: another one leads as soon as the server knows.
        self._follow(_RESIGNED)
        try:
            self._resign()
        except LockError:  # then the lease has to run out
            pass
        except BaseException:
            _log.exception("gocron: an elector could not resign")
        self._disconnect()

    def _change(self, leads: bool, why: str, heirs: tuple[Heir, ...] = ()) -> None:
        changed, self._leads, self._why = leads is not self._leads, leads, why
        self._heard.set()  # first: on_change may ask
        for heir in heirs:  # before on_change, which may take its time
            heir.begins_to_lead(self)
        if changed:
            _log.info("gocron: this instance %s", "leads" if leads else f"leads no more: {printable(why)}")
            if self._on_change is not None:
                try:
                    self._on_change(leads)
                except BaseException:
                    _log.exception("gocron: on_change raised")


class StoreElector(CampaigningElector):
    """Lets one of the instances that share a store lead. Not in Go.

    A leader that could not renew for 10 s stops believing; another instance can win after 15 s at the earliest.

    :param store: shared by the instances. ``close()`` closes it, too.
    :param name: of the election: the key in the store.
    :param on_change: called with ``True`` and ``False`` as this instance begins and ceases to lead.
    :raises ErrInvalidArgument: a wrong kind of object, or an empty name.
    """

    def __init__(
        self, store: TickStore, *, name: str = "gocron-leader", on_change: LeadershipCallback | None = None
    ) -> None:
        check_kind(store, TickStore, "store")
        check_kind(name, str, "name")
        if not name:
            raise ErrInvalidArgument("name must not be empty")
        if not store.has_clock:
            raise ErrInvalidArgument("an election needs a store with a clock of its own", got=type(store).__name__)
        self._store = store
        self._key = own_key("elector", name)
        self._identity = ""
        super().__init__(DEADLINE, on_change)

    def _stand(self) -> None:
        if self._identity and not self._store.holds(_owner_of(self._identity)):
            self._identity = ""
            self._follow("others cannot see any more that it lives")
        if not self._identity:
            # The store tells lives of owners apart; this one is of this object alone.
            self._identity = f"{self._store.owner()}/{secrets.token_hex(4)}"
        sent = elapsed()
        held, version, now = self._load()
        after = campaign(held, self._identity, now, self._is_alive)
        if after is None:
            self._follow(f"{held.leader if held else 'nobody'} leads")
        elif (
            # It was renewed a moment ago.
            held is not None and held.leader == self._identity and held.until - now > LEASE - SECOND
        ) or self._store.compare_and_set(self._key, version, _encode(after)):
            self._lead(sent)

    def _load(self) -> tuple[Leadership | None, object, Instant]:
        snapshot = self._store.load((self._key,))
        entry = snapshot.entries.get(self._key)
        if entry is None:
            return None, None, snapshot.now
        return _decode(entry.text), entry.version, snapshot.now

    def _is_alive(self, identity: str) -> bool | None:
        return self._store.is_alive(_owner_of(identity))

    def _resign(self) -> None:
        held, version, _ = self._load()
        if held is not None and held.leader == self._identity:
            self._store.compare_and_set(self._key, version, _encode(Leadership("", 0, held.term)))

    def _pause(self) -> float:
        return min(RETRY, self._store.poll)

    def _disconnect(self) -> None:
        self._store.close()

    def _forked(self) -> None:
        self._store.forked()
        self._identity = ""


def _owner_of(identity: str) -> str:
    return identity.rpartition("/")[0]


def _encode(held: Leadership) -> str:
    return json.dumps({"format": _FORMAT, "leader": held.leader, "until": held.until, "term": held.term})


def _decode(text: str) -> Leadership:
    try:
        fields = json.loads(text)
        leader, until, term = fields["leader"], fields["until"], fields["term"]
        if fields["format"] != _FORMAT or not isinstance(leader, str):
            raise ValueError("it is not one of this version's")
        return Leadership(leader, int(until), int(term))
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise StoreCorrupt(f"the elector's record: {error!s:.120}") from error


_electors: weakref.WeakSet[CampaigningElector] = weakref.WeakSet()


def _forked() -> None:
    for elector in _electors:
        elector._forked()
        elector._begin()


os.register_at_fork(after_in_child=_forked)
