"""Ticks of a crontab's line, with Debian's rule for clocks that change.

A line with a star in the minute or the hour follows the wall clock. One at times of day runs once for each of them:
when clocks are put forward over it, right after the change; when they are put back over it, the first time only.
Changes of three hours and more are taken for corrections, which all lines follow.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Final, final

from gocron_py.definitions import JobDefinition, Setup
from gocron_py.errors import ErrCronJobInvalid
from gocron_py.instant import LAST, SECOND, Instant, Micros
from gocron_py.schedules.cron import CronSchedule, EverySearch, GridSearch, never_again
from gocron_py.schedules.cron_search import shared_readings, why_never
from gocron_py.schedules.crontab import Every, Times
from gocron_py.schedules.description import CronJobSchedule, DescribedSchedule
from gocron_py.schedules.wall_time import Wall, first_change, offset_at

_CORRECTION: Final[Micros] = 3 * 3600 * SECOND


@final
class LineSchedule:
    """When a line is due."""

    __slots__ = ("_is_wild", "_readings", "_text", "_zone")

    def __init__(self, text: str, times: Times, zone: tzinfo, is_wild: bool) -> None:
        """:param text: for people.
        :param times: at least one reading.
        :param is_wild: it follows the wall clock.
        """
        self._text = text
        self._readings = shared_readings(times)
        self._zone = zone
        self._is_wild = is_wild

    @property
    def elapsed(self) -> bool:
        """See :attr:`Schedule.elapsed <gocron_py.schedules.Schedule.elapsed>`."""
        return False

    def next(self, after: Instant) -> Instant | None:
        """See :meth:`Schedule.next <gocron_py.schedules.Schedule.next>`."""
        begin, offset = after, offset_at(after, self._zone)
        wall = self._past_repeats(after, offset)
        while (reading := self._readings.after(wall)) is not None and reading - offset <= LAST:
            tick = reading - offset
            change = first_change(begin, tick, self._zone)
            if change is None or tick < change:
                return tick
            new = offset_at(change, self._zone)
            if self._is_special(new - offset) and self._names_one(change + offset, change + new):
                return change
            # From the change on, repeated readings left out.
            wall = change + (max(offset, new) if self._is_special(offset - new) else new) - 1
            begin, offset = change, new
        return None

    def resume(self, start: Instant, now: Instant) -> Instant | None:
        """See :meth:`Schedule.resume <gocron_py.schedules.Schedule.resume>`."""
        return start if start >= now else self.next(now - 1)

    def describe(self) -> CronJobSchedule:
        """The line's fields."""
        return CronJobSchedule(self._text)

    def _is_special(self, change: Micros) -> bool:
        """Whether a change by so much, forward or as often back, is one that the line does not just follow."""
        return not self._is_wild and 0 < change < _CORRECTION

    def _names_one(self, first: Wall, end: Wall) -> bool:
        reading = self._readings.after(first - 1)
        return reading is not None and reading < end

    def _past_repeats(self, after: Instant, offset: Micros) -> Wall:
        """The last reading that is not looked at: that of *after*, or if it comes again, the last that does."""
        wall = after + offset
        earlier = after - _CORRECTION
        if not self._is_special(offset_at(earlier, self._zone) - offset):
            return wall
        change = first_change(earlier, after, self._zone)
        return wall if change is None else max(wall, change + offset_at(change - 1, self._zone) - 1)


@final
class LineDefinition(JobDefinition):
    """A line of a crontab, for ``new_job``."""

    __slots__ = ("_is_wild", "_text", "_times", "_zone")

    def __init__(self, text: str, times: Times | Every, is_wild: bool, zone: tzinfo | None) -> None:
        """:param zone: of ``CRON_TZ``; ``None``: the scheduler's."""
        self._text = text
        self._times = times
        self._is_wild = is_wild
        self._zone = zone

    def build(self, setup: Setup) -> DescribedSchedule:
        """See :meth:`JobDefinition.build <gocron_py.JobDefinition>`.

        :raises ErrCronJobInvalid: it never runs.
        """
        location = self._zone or setup.location
        if isinstance(self._times, Every):
            search = (EverySearch if setup.grid is None else GridSearch)(self._times.distance)
            return CronSchedule(self._text, search, location, setup.grid is not None)
        if reason := why_never(self._times):
            raise ErrCronJobInvalid(f"it names {reason}: it never runs")
        return setup.usable(LineSchedule(self._text, self._times, location, self._is_wild), never_again)
