"""The demo person's blood pressure: which sittings, and what the cuff showed.

Before treatment about 147/92 in the morning. A tablet from `MEDICATION_STARTS` takes about 10/6 off
within two weeks. Some weeks follow a home protocol (two readings, morning and evening, each day);
between them the person measures when it comes to mind.
"""

from typing import Final, NamedTuple

from adapters.sources.demo.life.calendar import (
    ILLNESS,
    MEDICATION_STARTS,
    MINUTES_OF_DAY,
    TRIP,
)
from adapters.sources.demo.life.draws import Draws

_MORNING, _EVENING = 7 * 60, 20 * 60 + 30
_PROTOCOL_EVERY_DAYS: Final = 48
_PROTOCOL_WEEK: Final = range(2, 9)
_FULL_EFFECT_DAYS: Final = 14
# What the person wrote beside the first reading of some mornings.
_REMARKS: Final = {
    TRIP.start + 1: "in New York; the clock there",
    MEDICATION_STARTS: "started amlodipine 5 mg after this",
    MEDICATION_STARTS + 30: "doctor: carry on with one tablet",
    ILLNESS.start + 1: "fever",
}


class Reading(NamedTuple):
    """One reading of the cuff at a local minute; the note is what the person wrote beside it."""

    local: int
    day: int
    systolic: int
    diastolic: int
    pulse: int
    note: str


def readings(
    first_day_number: int, days: int, resting: tuple[int, ...], draws: Draws
) -> tuple[Reading, ...]:
    """Every reading that the person wrote down, in order of time."""
    found: list[Reading] = []
    day_effect = 0
    for day in range(days):
        day_effect = day_effect * 4 // 10 + draws.around_zero(7)
        protocol = _follows_protocol(day, days)
        midnight = (first_day_number + day) * MINUTES_OF_DAY
        for evening, percent in ((False, 46), (True, 24)):
            measured = draws.chance(97 if protocol else percent) or day in _REMARKS
            if not measured or (day in TRIP and evening):
                continue
            at = midnight + (_EVENING if evening else _MORNING) + draws.whole(0, 45)
            count = 2 if protocol or draws.chance(60) else 1
            level = _level(day) + day_effect
            found += _sitting(at, day, count, level, resting[day], evening=evening, draws=draws)
    return tuple(found)


def _follows_protocol(day: int, days: int) -> bool:
    before_tablet = MEDICATION_STARTS - 7 <= day < MEDICATION_STARTS
    last_week = days - 7 <= day
    ordinary = day % _PROTOCOL_EVERY_DAYS in _PROTOCOL_WEEK and day not in ILLNESS
    return before_tablet or last_week or ordinary


def _level(day: int) -> int:
    """Systolic of an evening, in mmHg, before the scatter of the day."""
    treated = min(max(day - MEDICATION_STARTS + 1, 0), _FULL_EFFECT_DAYS)
    return 144 - 10 * treated // _FULL_EFFECT_DAYS


def _sitting(
    at: int, day: int, count: int, level: int, resting: int, *, evening: bool, draws: Draws
) -> list[Reading]:
    morning_rise = 0 if evening else 3
    scatter = draws.around_zero(6)
    found = []
    for index in range(count):
        settled = 2 * index
        systolic = level + morning_rise + scatter - settled + draws.around_zero(4)
        treated = (144 - _level(day)) * 6 // 10
        diastolic = 89 - treated + (level - _level(day) + scatter) // 2
        diastolic += (0 if evening else 2) - settled // 2 + draws.around_zero(3)
        pulse = resting + 7 + 2 * evening + draws.around_zero(5)
        note = _note(day, evening=evening, first=index == 0)
        minute = at + index
        found.append(Reading(minute, day, _rounded(systolic, draws), diastolic, pulse, note))
    return found


def _rounded(value: int, draws: Draws) -> int:
    """The value; now and then rounded to the next ten, as hands do."""
    return (value + 5) // 10 * 10 if draws.chance(4) else value


def _note(day: int, *, evening: bool, first: bool) -> str:
    return _REMARKS.get(day, "") if first and not evening else ""
