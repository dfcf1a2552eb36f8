"""The demo person's heart: a resting rate a day, a curve of one value in ten minutes."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from adapters.sources.demo.life.calendar import (
    BAD_SLEEP,
    ILLNESS,
    MINUTES_OF_DAY,
    NOT_WORN,
    TRIP,
    Clock,
)
from adapters.sources.demo.life.draws import Draws
from adapters.sources.demo.life.nights import Sleep

SLOT_MINUTES: Final = 10
SLOTS_OF_DAY: Final = MINUTES_OF_DAY // SLOT_MINUTES

# Beats above the resting rate at each full hour, of a person who sits at a desk by day.
_WEEKDAY_HOURS: Final = (
    (8, 6, 5, 5, 5, 6, 9, 17, 19, 14, 13, 15, 19, 20, 16, 15, 17, 22, 24, 20, 16, 14, 12, 10)
)  # fmt: skip
_WEEKEND_HOURS: Final = (
    (10, 8, 6, 5, 5, 5, 6, 9, 14, 20, 24, 25, 24, 22, 22, 23, 24, 25, 23, 21, 19, 17, 15, 12)
)  # fmt: skip
_WHILE: Final = {"deep": -2, "light": 0, "rem": 4, "awake": 9}
_LOWEST, _HIGHEST = 38, 186


class Bout(NamedTuple):
    """One run, in UTC minutes."""

    start: int
    end: int
    peak_bpm: int


@dataclass(frozen=True)
class Heart:
    """The heart rate at every minute between two UTC minutes.

    Attributes:
        first: UTC minute of the first slot.
        slots: Beats per minute, one byte per ten minutes.
        resting: Resting beats per minute of each day.
        bouts: Exercise, in order of time.
    """

    first: int
    slots: bytes
    resting: tuple[int, ...]
    bouts: tuple[Bout, ...]

    def at(self, utc: int) -> int:
        """Beats per minute at a UTC minute, between the slots on a straight line."""
        slot, minute = divmod(utc - self.first, SLOT_MINUTES)
        here = self.slots[slot]
        following = self.slots[min(slot + 1, len(self.slots) - 1)]
        return here + (following - here) * minute // SLOT_MINUTES


def resting_rates(days: int, draws: Draws) -> tuple[int, ...]:
    """The resting rate of each day: slowly fitter, higher when ill, tired or travelling."""
    rates, drift = [], 0
    for day in range(days):
        drift = drift * 7 // 10 + draws.around_zero(15)
        tenths = 610 - 30 * day // 420 + drift
        if day in BAD_SLEEP:
            tenths += 35
        elif day in ILLNESS:
            tenths += 130 - 18 * (day - ILLNESS.start)
        elif day in range(TRIP.start + 1, TRIP.start + 5):
            tenths += 20
        rates.append((tenths + 5) // 10)
    return tuple(rates)


def bouts(clock: Clock, first_day_number: int, days: int, draws: Draws) -> tuple[Bout, ...]:
    """Runs on most Tuesdays and Thursdays after work, most Saturdays before noon."""
    found = []
    for day in range(days):
        weekday = (first_day_number + day + 3) % 7
        if weekday not in (1, 3, 5) or not draws.chance(72):
            continue
        if day in ILLNESS or day in BAD_SLEEP or day in TRIP or day in NOT_WORN:
            continue
        hour = 10 if weekday == 5 else 18  # noqa: PLR2004 - counted from Monday, as date.weekday
        local = (first_day_number + day) * MINUTES_OF_DAY + hour * 60 + draws.whole(0, 50)
        start = clock.utc_of(local)
        found.append(Bout(start, start + draws.whole(30, 55), draws.whole(138, 162)))
    return tuple(found)


def heart(
    clock: Clock,
    first_day_number: int,
    days: int,
    sleeps: tuple[Sleep, ...],
    *,
    resting: tuple[int, ...],
    runs: tuple[Bout, ...],
    draws: Draws,
) -> Heart:
    """The heart over the days: by the clock, then asleep, then running."""
    midnight = first_day_number * MINUTES_OF_DAY
    first, last = clock.utc_of(midnight), clock.utc_of(midnight + days * MINUTES_OF_DAY)
    slots = bytearray((last - first) // SLOT_MINUTES)
    _by_the_clock(slots, clock.stretches(first, last), first_day_number, resting, draws)
    for sleep in sleeps:
        _asleep(slots, first, sleep, resting[sleep.day], draws)
    for bout in runs:
        _running(slots, first, bout, draws)
    return Heart(first, bytes(slots), resting, runs)


def _by_the_clock(
    slots: bytearray,
    stretches: list[tuple[int, int, int]],
    first_day_number: int,
    resting: tuple[int, ...],
    draws: Draws,
) -> None:
    unit, drift, position = draws.unit, 0, 0
    curves = (_curve(_WEEKDAY_HOURS), _curve(_WEEKEND_HOURS))
    for start, end, offset in stretches:
        for utc in range(start, end, SLOT_MINUTES):
            day, minute = divmod(utc + offset, MINUTES_OF_DAY)
            curve = curves[(day + 3) % 7 > 4]  # noqa: PLR2004 - Saturday and Sunday
            drift = drift * 7 // 10 + int(unit() * 12) - 5
            lift = 16 if unit() < 0.06 else 0  # noqa: PLR2004 - stairs, a walk to the baker
            rate = resting[day - first_day_number] + curve[minute // SLOT_MINUTES] + drift + lift
            slots[position] = max(_LOWEST, rate)
            position += 1


def _curve(hours: tuple[int, ...]) -> tuple[int, ...]:
    """The hourly values, joined by straight lines of six steps."""
    following = (*hours[1:], hours[0])
    pairs = zip(hours, following, strict=True)
    return tuple(low + (high - low) * step // 6 for low, high in pairs for step in range(6))


def _asleep(slots: bytearray, first: int, sleep: Sleep, resting: int, draws: Draws) -> None:
    for stage in sleep.stages:
        begin = max(0, -((first - stage.start) // SLOT_MINUTES))
        for slot in range(begin, min(len(slots), -((first - stage.end) // SLOT_MINUTES))):
            slots[slot] = max(_LOWEST, resting + _WHILE[stage.kind] + draws.around_zero(2))


def _running(slots: bytearray, first: int, bout: Bout, draws: Draws) -> None:
    begin, end = ((minute - first) // SLOT_MINUTES for minute in (bout.start, bout.end))
    for slot in range(max(0, begin), min(len(slots), end + 1)):
        slots[slot] = min(_HIGHEST, bout.peak_bpm - 14 * (slot == begin) + draws.around_zero(6))
    for slot in range(end + 1, min(len(slots), end + 3)):
        slots[slot] = min(_HIGHEST, slots[slot] + 22 - 9 * (slot - end - 1))
