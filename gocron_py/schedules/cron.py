"""Ticks of crontabs: gocron's rules on top of a cron implementation, its own or a user's."""

from __future__ import annotations

from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Protocol, final, runtime_checkable

from gocron_py.errors import ErrCronJobInvalid, GocronError, check_kind
from gocron_py.instant import LAST, SECOND, Instant, Micros, datetime_of, instant_of
from gocron_py.schedules import crontab as grammar
from gocron_py.schedules.cron_search import TimesSearch, why_never
from gocron_py.schedules.description import CronJobSchedule
from gocron_py.schedules.wall_time import (
    DAY,
    load_location,
    offset_at,
    wall_at,
    wall_of,
)


@runtime_checkable
class Cron(Protocol):
    """A cron implementation (Go: ``Cron``), for :func:`~gocron_py.with_cron_implementation`.

    A schedule calls it from several threads. It is shared by the jobs that it is given to.
    """

    def is_valid(self, crontab: str, location: tzinfo, now: datetime) -> object:
        """Learn *crontab*, which :meth:`next` is to be about; called once, before that.

        :param location: the zone of the crontab, if it does not name one itself.
        :param now: the present time in *location*.
        :return: nothing. An exception, or ``False``, refuses the job too.
        :raises Exception: any exception refuses the job, and is what ``new_job`` raises.
        """
        ...

    def next(self, last_run: datetime) -> datetime | None:
        """The first tick later than *last_run*; ``None``: there is none. An earlier one is a fault, which ends the job.

        :param last_run: in the scheduler's location.
        """
        ...


class Search(Protocol):
    """Where a cron schedule gets its ticks from."""

    def first(self, after: Instant) -> Instant | None:
        """The first tick later than *after*."""
        ...

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """The first tick at or after *now* of those that follow *start*."""
        ...


@final
class EverySearch:
    """``@every``: at a distance from the last tick, on whole seconds (robfig: ``ConstantDelaySchedule``)."""

    __slots__ = ("_distance",)

    def __init__(self, distance: Micros) -> None:
        """:param distance: whole seconds, at least one."""
        self._distance = distance

    def first(self, after: Instant) -> Instant | None:
        """The distance from *after*, without its parts of a second."""
        tick = after - after % SECOND + self._distance
        return tick if tick <= LAST else None

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """A whole number of distances from *start*."""
        if start >= now:
            return start
        base = start - start % SECOND
        tick = max(now + (base - now) % self._distance, base + self._distance)
        return tick if tick <= LAST else None


@final
class GridSearch:
    """``@every`` on a grid that instances share: whole distances from the epoch."""

    __slots__ = ("_distance",)

    def __init__(self, distance: Micros) -> None:
        """:param distance: whole seconds, at least one."""
        self._distance = distance

    def first(self, after: Instant) -> Instant | None:
        """The next line of the grid."""
        tick = after + self._distance - after % self._distance
        return tick if tick <= LAST else None

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """The first line at or after *now*."""
        return start if start >= now else self.first(now - 1)


@final
class CustomSearch:
    """A user's implementation, which may do anything."""

    __slots__ = ("_cron", "_location", "_runs_after_gap")

    def __init__(self, cron: Cron, location: tzinfo, runs_after_gap: bool) -> None:
        """:param location: of the datetimes that *cron* gets, and of naive ones that it gives.
        :param runs_after_gap: a datetime that clocks jump over is a tick after the change; else it is none.
        """
        self._cron = cron
        self._location = location
        self._runs_after_gap = runs_after_gap

    def first(self, after: Instant) -> Instant | None:
        """What the implementation says.

        :raises ErrCronJobInvalid: it raised something, or gave something else than a later datetime.
        """
        while (answer := self._ask(after)) is not None:
            moment, tick = answer
            if tick <= after:
                last_run = datetime_of(after, self._location)
                raise ErrCronJobInvalid(f"the Cron implementation gave {moment}: that is not later than {last_run}")
            if tick > LAST:
                return None
            if self._runs_after_gap or self._exists(moment, tick):
                return tick
            after = tick
        return None

    def _ask(self, after: Instant) -> tuple[datetime, Instant] | None:
        try:
            moment = self._cron.next(datetime_of(after, self._location))
            return None if moment is None else (moment, instant_of(moment, self._location))
        except Exception as error:
            raise ErrCronJobInvalid(f"the Cron implementation failed: {error!r:.200}") from error

    def _exists(self, moment: datetime, tick: Instant) -> bool:
        # Clocks that jump over the reading show another one then.
        return wall_at(tick, moment.tzinfo or self._location) == wall_of(moment.replace(tzinfo=None))

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """What follows the moment just before *now*."""
        return start if start >= now else self.first(now - 1)


def check_verdict(verdict: object) -> None:
    """Read what a user's ``is_valid`` returned, an error perhaps, as ported Go does."""
    if isinstance(verdict, BaseException):
        raise verdict
    if verdict is False:
        raise ErrCronJobInvalid("the Cron implementation refuses it")


@final
class CronSchedule:
    """A crontab (Go: ``CronJob``).

    A tick whose reading, to the second, is that of the tick before it is dropped: the hour that
    is repeated in autumn does not run a daily job twice, and leaves out one tick of an hourly one.
    """

    __slots__ = ("_crontab", "_location", "_on_grid", "_search")

    def __init__(self, crontab: str, search: Search, location: tzinfo, on_grid: bool = False) -> None:
        """:param location: readings are compared on its clock, whatever zone the crontab has.
        :param on_grid: which ticks are dropped does not depend on the one that is asked about.
        """
        self._on_grid = on_grid
        self._crontab = crontab
        self._search = search
        self._location = location

    @property
    def elapsed(self) -> bool:
        """See :attr:`Schedule.elapsed <gocron_py.schedules.Schedule.elapsed>`."""
        return isinstance(self._search, EverySearch)

    def next(self, after: Instant) -> Instant | None:
        """See :meth:`Schedule.next <gocron_py.schedules.Schedule.next>`."""
        tick = self._search.first(after)
        if self._on_grid:
            return self._search.first(tick) if tick is not None and self._is_repeat(tick) else tick
        if tick is None or tick - after > DAY or self._reading(tick) != self._reading(after):
            return tick
        return self._search.first(tick)

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """See :meth:`Schedule.resume <gocron_py.schedules.Schedule.resume>`.

        (Where clocks are changed by half an hour, as on Lord Howe Island, a tick that day can
        depend on all those before; it is then the one that follows the moment before *now*.)
        """
        if start >= now:
            return start
        if self._on_grid:
            return self.next(now - 1)
        tick = self._search.resume(start, now)
        if tick is not None and self._repeats_one_since(start, tick):
            return self._search.first(tick)
        return tick

    def describe(self) -> CronJobSchedule:
        """The crontab."""
        return CronJobSchedule(self._crontab)

    def _reading(self, instant: Instant) -> int:
        return wall_at(instant, self._location) // SECOND

    def _is_repeat(self, tick: Instant) -> bool:
        """Whether the crontab's tick before *tick*, whoever has run it, has the same reading."""
        if isinstance(self._search, GridSearch):
            return False
        put_back = self._put_back(tick)
        twin = tick - put_back
        return (
            put_back > 0
            and self._reading(twin) == self._reading(tick)
            and self._search.first(twin - 1) == twin
            and self._search.first(twin) == tick
        )

    def _put_back(self, tick: Instant) -> Micros:
        """By how much clocks were put back in the day before *tick*."""
        return offset_at(tick - DAY - 3600 * SECOND, self._location) - offset_at(tick, self._location)

    def _repeats_one_since(self, start: Instant, tick: Instant) -> bool:
        """Whether the tick before *tick*, with *start* the first of all, has the same reading."""
        put_back = self._put_back(tick)
        twin = tick - put_back
        if put_back <= 0 or self._reading(twin) != self._reading(tick):
            return False
        if twin <= start:
            return self._reading(start) == self._reading(tick) and self._search.first(start) == tick
        return self._search.resume(start, twin) == twin and self._search.first(twin) == tick


@final
class DefaultCron:
    """gocron's own cron implementation (Go: ``NewDefaultCron``); also usable without a scheduler.

    It knows no daylight savings policy and does not drop repeated readings: jobs do.
    """

    def __init__(self, with_seconds: bool) -> None:
        """:param with_seconds: crontabs may begin with a field for the seconds."""
        self.with_seconds = with_seconds
        self._location: tzinfo | None = None
        self._search: Search | None = None

    def is_valid(self, crontab: str, location: tzinfo | str, now: datetime) -> None:
        """Check *crontab*, and keep it for :meth:`next`.

        :param location: the zone of crontabs that name none, and of naive datetimes.
        :raises ErrCronJobParse: it breaks the grammar; the text says where.
        :raises ErrCronJobInvalid: it names no time after *now*; a note says why.
        :raises ErrInvalidArgument: an argument of a wrong kind.
        """
        zone = load_location(location) if isinstance(location, str) else location
        check_kind(crontab, str, "crontab")
        check_kind(zone, tzinfo, "location")
        search = search_for(crontab, self.with_seconds, zone)
        if search.first(instant_of(now, zone)) is None:
            raise never_again()
        self._location, self._search = zone, search

    def next(self, last_run: datetime) -> datetime | None:
        """The first tick later than *last_run*, in its zone; ``None``: there is none before the year 10000.

        :raises ErrCronJobInvalid: :meth:`is_valid` has not accepted a crontab.
        """
        if self._search is None or self._location is None:
            raise ErrCronJobInvalid("is_valid comes first")
        tick = self._search.first(instant_of(last_run, self._location))
        return None if tick is None else datetime_of(tick, last_run.tzinfo or self._location)


def search_for(
    crontab: str, with_seconds: bool, location: tzinfo, runs_after_gap: bool = False, on_grid: bool = False
) -> Search:
    """What finds the ticks of a crontab. Jobs of the same one share it.

    :param runs_after_gap: ``DaylightSavingsTimePolicy.RUN_AFTER_TRANSITION``.
    :param on_grid: ``@every`` counts from the epoch.
    :raises ErrCronJobParse: it breaks the grammar.
    :raises ErrCronJobInvalid: it names no time.
    """
    try:
        return _shared_search(crontab, with_seconds, location, runs_after_gap, on_grid)
    except TypeError:  # a zone may have no hash
        return _new_search(crontab, with_seconds, location, runs_after_gap, on_grid)


def _new_search(crontab: str, with_seconds: bool, location: tzinfo, runs_after_gap: bool, on_grid: bool) -> Search:
    spec, zone = grammar.parse(crontab, with_seconds, location)
    if isinstance(spec, grammar.Every):
        return GridSearch(spec.distance) if on_grid else EverySearch(spec.distance)
    if reason := why_never(spec):
        raise _invalid(f"the crontab names {reason}: it never runs")
    return TimesSearch(spec, zone, runs_after_gap)


_shared_search = lru_cache(maxsize=1024)(_new_search)


def never_again() -> GocronError:
    """The error for a crontab without a tick left."""
    return _invalid("there is no tick before the year 10000")


def _invalid(reason: str) -> ErrCronJobInvalid:
    # In a note, since the text is Go's to the letter.
    error = ErrCronJobInvalid()
    error.add_note(reason)
    return error
