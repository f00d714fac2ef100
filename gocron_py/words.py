"""Schedules in plain English, for people: the dashboard and the command line. Not in Go.

What is said of a crontab is read from the moments that it names, not from its text: two crontabs that mean the
same are described alike, and nothing is said that the schedule does not do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, time, timedelta, timezone, tzinfo
from itertools import pairwise, product

from gocron_py.errors import ErrCronJobParse, ErrInvalidArgument
from gocron_py.schedules import crontab as grammar
from gocron_py.schedules.description import (
    CronJobSchedule,
    DailyJobSchedule,
    DurationJobSchedule,
    DurationRandomJobSchedule,
    JobSchedule,
    MonthlyJobSchedule,
    OneTimeJobSchedule,
    RRuleJobSchedule,
    WeeklyJobSchedule,
)
from gocron_py.schedules.wall_time import Weekday

__all__ = ["definition", "describe", "duration_words", "zone_name"]

# So many times of day are told one by one; of more only the first ones.
_MOST_TIMES = 6

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_SECOND, _MINUTE, _HOUR = ("second", 60), ("minute", 60), ("hour", 24)


def describe(schedule: JobSchedule, location: tzinfo | None = None) -> str:
    """A schedule as a phrase: ``every 5 minutes from 09:00 to 17:55, Monday to Friday``.

    :param schedule: what ``Job.schedule()`` gives.
    :param location: the scheduler's zone. Given, it is named after times of day; a zone that a crontab names is
        named in any case. Moments of one-time jobs are shown in it.
    :raises ErrInvalidArgument: *schedule* is no schedule.
    """
    match schedule:
        case CronJobSchedule(crontab):
            return _cron(crontab, location)
        case DurationJobSchedule(duration):
            return f"every {duration_words(duration, article=False)}"
        case DurationRandomJobSchedule(least, most):
            return f"every {duration_words(least)} to {duration_words(most)}, at random"
        case DailyJobSchedule(interval, times):
            phrase = f"{_every(interval, 'day')} at {_times_of_day(times)}"
        case WeeklyJobSchedule(interval, days, times):
            phrase = _weekly(interval, days, times)
        case MonthlyJobSchedule(interval, days, from_end, times):
            month = "the month" if interval == 1 else f"every {_ordinal(interval)} month"
            phrase = f"{_days_of_month(days, from_end)} of {month} at {_times_of_day(times)}"
        case OneTimeJobSchedule(moments):
            return _once(moments, location)
        case RRuleJobSchedule(rule):
            phrase = f"by the recurrence {' '.join(rule.split())}"
        case _:
            if not isinstance(schedule, JobSchedule):
                raise ErrInvalidArgument("a schedule is needed, as Job.schedule() gives it", got=schedule)
            return type(schedule).__name__
    return phrase + _in_zone(location)


def duration_words(duration: timedelta, *, article: bool = True) -> str:
    """A length of time in words: ``1 hour 30 minutes``.

    :param article: with False a single unit is said without its number: ``hour``.
    """
    seconds = duration.seconds + duration.microseconds / 1_000_000
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = (duration.days, "day"), (hours, "hour"), (minutes, "minute"), (rest, "second")
    said = [(f"{number:.6f}".rstrip("0").rstrip("."), unit) for number, unit in parts if number]
    if not article and len(said) == 1 and said[0][0] == "1":
        return said[0][1]
    return " ".join(f"{number} {unit}{'' if number == '1' else 's'}" for number, unit in said) or "0 seconds"


def definition(schedule: JobSchedule) -> str:
    """A schedule as it was given: the crontab, the recurrence, else the call that defines it."""
    match schedule:
        case CronJobSchedule(given) | RRuleJobSchedule(given):
            return given
        case DurationJobSchedule(duration):
            return f"duration_job({duration})"
        case DurationRandomJobSchedule(least, most):
            return f"duration_random_job({least}, {most})"
        case DailyJobSchedule(interval, times):
            return f"daily_job({interval}, [{_each(times)}])"
        case WeeklyJobSchedule(interval, days, times):
            return f"weekly_job({interval}, [{', '.join(day.name.title() for day in days)}], [{_each(times)}])"
        case MonthlyJobSchedule(interval, days, from_end, times):
            return f"monthly_job({interval}, [{_each((*days, *from_end))}], [{_each(times)}])"
        case OneTimeJobSchedule(moments):
            return f"one_time_job({_each(moments)})"
        case _:
            return type(schedule).__name__


def _each(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


def zone_name(location: tzinfo) -> str:
    """How a zone is called: its name in the time zone database, else what it calls itself."""
    return str(getattr(location, "key", None) or location)


# -- crontabs ----------------------------------------------------------------------------------------------


def _cron(crontab: str, location: tzinfo | None) -> str:
    home = location or _NOWHERE
    try:
        spec, zone = grammar.parse(crontab, with_seconds=True, location=home)
    except ErrCronJobParse:  # of the user's own implementation
        return f"by the crontab {crontab}" + _in_zone(location)
    if isinstance(spec, grammar.Every):
        return f"every {duration_words(timedelta(microseconds=spec.distance), article=False)}"
    named = location if zone is home else zone
    clock, days = _clock(spec), _cron_days(spec)
    if clock.startswith("at ") and " of " not in clock:
        return f"{days or 'every day'} {clock}" + _in_zone(named)
    return (f"{clock}, {days}" if days else clock) + _in_zone(named)


# The zone of crontabs that name none; only its identity matters.
_NOWHERE = timezone(timedelta(0), "nowhere")


def _clock(spec: grammar.Times) -> str:
    """Which times of each day."""
    seconds, minutes, hours = spec.seconds, spec.minutes, spec.hours
    if len(hours) < 24 and len(seconds) * len(minutes) * len(hours) <= _MOST_TIMES:
        return f"at {_times_of_day([time(h, m, s) for h, m, s in product(hours, minutes, seconds)])}"
    if seconds == (0,):
        return _rhythm(minutes, hours) or f"{_lead(minutes, _MINUTE)} of {_members(hours, _HOUR)}"
    phrase = _lead(seconds, _SECOND)
    if len(minutes) < 60 or len(hours) < 24 or not phrase.startswith("every"):
        phrase += f" of {_members(minutes, _MINUTE)}"
    return phrase if len(hours) == 24 and len(minutes) == 60 else f"{phrase} of {_members(hours, _HOUR)}"


def _rhythm(minutes: tuple[int, ...], hours: tuple[int, ...]) -> str | None:
    """A steady rhythm within a day, on full minutes; ``None``: there is none."""
    first, last = time(hours[0], minutes[0]), time(hours[-1], minutes[-1])
    step = _step(minutes, 60)
    if step is not None and _step(hours, 24, whole=False) == 1:
        rhythm = "every minute" if step == 1 else f"every {step} minutes" if step < 60 else "every hour"
        if len(hours) < 24:
            return f"{rhythm} from {first:%H:%M} to {last:%H:%M}"
        if minutes[0]:
            return f"every hour at minute {minutes[0]}" if step == 60 else f"{rhythm} from {first:%H:%M}"
        return rhythm
    if len(minutes) == 1 and (in_hours := _step(hours, 24)):
        return f"every {in_hours} hours from {first:%H:%M}"
    return None


def _step(numbers: tuple[int, ...], size: int, *, whole: bool = True) -> int | None:
    """The distance between *numbers*, if it is always the same.

    :param whole: it has to be so from the last one to the first one of the next round, too.
    """
    if len(numbers) == 1:
        return size if whole else 1
    step = numbers[1] - numbers[0]
    if any(after - before != step for before, after in pairwise(numbers)):
        return None
    return step if not whole or len(numbers) * step == size else None


def _lead(numbers: tuple[int, ...], unit: tuple[str, int]) -> str:
    """What a phrase begins with: ``every 5 minutes``, ``at minutes 1 and 2``."""
    name, size = unit
    members = _members(numbers, unit)
    if not members.startswith("every"):
        return f"at {members}"
    step = numbers[1]
    return members if step == 1 else f"every {step} {name}s" if size % step == 0 else f"at {members}"


def _members(numbers: tuple[int, ...], unit: tuple[str, int]) -> str:
    """Which ones of a larger unit: ``every minute``, ``every 5th minute``, ``minutes 1 and 2``."""
    name, size = unit
    if len(numbers) == size:
        return f"every {name}"
    step = _step(numbers, size, whole=False)
    if len(numbers) > 3 and step is not None and step > 1 and numbers[0] == 0 and numbers[-1] + step >= size:
        return f"every {_ordinal(step)} {name}"
    return f"{name}{'' if len(numbers) == 1 else 's'} {_numbers(numbers)}"


def _cron_days(spec: grammar.Times) -> str:
    """Which days; empty for all."""
    any_day, any_weekday = len(spec.days) == 31, len(spec.weekdays) == 7
    days = "" if any_day else f"{_cron_days_of_month(spec.days)} of the month"
    weekdays = "" if any_weekday else _weekdays([Weekday(number) for number in spec.weekdays])
    if spec.either_day:
        phrase = f"{days} or {weekdays}" if days and weekdays else ""
    else:
        phrase = days or weekdays
    if len(spec.months) == 12:
        return phrase
    return f"{phrase or 'every day'} in {_join(_ranges(spec.months, lambda month: _MONTHS[month - 1]))}"


def _cron_days_of_month(days: tuple[int, ...]) -> str:
    step = _step(days, 31, whole=False)
    if len(days) > 3 and step is not None and step > 1 and days[0] == 1 and days[-1] + step > 31:
        return f"every {_ordinal(step)} day"
    return _days_of_month(days, ())


# -- days and times ----------------------------------------------------------------------------------------


def _weekly(interval: int, days: Sequence[Weekday], times: Sequence[time]) -> str:
    at = _times_of_day(times)
    if interval > 1:
        return f"every {interval} weeks, {_weekdays(days).removeprefix('every ')} at {at}"
    return f"every day at {at}" if len(days) == 7 else f"{_weekdays(days)} at {at}"


def _weekdays(days: Sequence[Weekday]) -> str:
    if len(days) == 1:
        return f"every {days[0].name.title()}"
    # From Monday on, as weekends belong together: 0 is Sunday.
    numbers = sorted((day - 1) % 7 for day in days)
    return _join(_ranges(numbers, lambda number: Weekday((number + 1) % 7).name.title()))


def _days_of_month(days: Sequence[int], from_end: Sequence[int]) -> str:
    said = []
    if days:
        said.append(f"day{'' if len(days) == 1 else 's'} {_numbers(days)}")
    said += ["the last day" if day == -1 else f"the {_ordinal(-day)} last day" for day in from_end]
    return _join(said)


def _times_of_day(times: Sequence[time]) -> str:
    form = "%H:%M:%S" if any(moment.second for moment in times) else "%H:%M"
    said = [f"{moment:{form}}" for moment in times[:_MOST_TIMES]]
    return _join([*said, f"{len(times) - _MOST_TIMES} more times"] if len(times) > _MOST_TIMES else said)


def _once(moments: Sequence[datetime], location: tzinfo | None) -> str:
    shown = [moment if location is None else moment.astimezone(location) for moment in moments]
    said = [
        f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year} at {moment:{'%H:%M:%S' if moment.second else '%H:%M'}}"
        for moment in shown[:_MOST_TIMES]
    ]
    if not said:
        return "once, at once"
    if len(moments) > _MOST_TIMES:
        said.append(f"{len(moments) - _MOST_TIMES} more times")
    return f"once, on {said[0]}{_in_zone(location)}" if len(said) == 1 else f"on {_join(said)}{_in_zone(location)}"


# -- words -------------------------------------------------------------------------------------------------


def _in_zone(location: tzinfo | None) -> str:
    return "" if location is None else f" ({zone_name(location)})"


def _every(interval: int, unit: str) -> str:
    return f"every {unit}" if interval == 1 else f"every {interval} {unit}s"


def _ordinal(number: int) -> str:
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _numbers(numbers: Sequence[int]) -> str:
    return _join(_ranges(numbers, str))


def _ranges(numbers: Sequence[int], name: Callable[[int], str]) -> list[str]:
    """The names of ascending numbers; three and more in a row as ``first to last``."""
    said: list[str] = []
    start = 0
    for end in range(1, len(numbers) + 1):
        if end < len(numbers) and numbers[end] == numbers[end - 1] + 1:
            continue
        row = numbers[start:end]
        said += [f"{name(row[0])} to {name(row[-1])}"] if len(row) > 2 else map(name, row)
        start = end
    return said


def _join(said: Iterable[str]) -> str:
    *most, last = said
    return f"{', '.join(most)} and {last}" if most else last
