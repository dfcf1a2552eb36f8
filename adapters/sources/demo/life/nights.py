"""Nights and naps of the demo person, in stages of whole minutes."""

from typing import Final, NamedTuple

from adapters.sources.demo.life.calendar import BAD_SLEEP, ILLNESS, MINUTES_OF_DAY, TRIP, Clock
from adapters.sources.demo.life.draws import Draws

# Minutes before (-) or after local midnight of the day the person wakes.
_WEEKDAY: Final = (-50, 400)
_WEEKEND: Final = (10, 490)
_CYCLE_MINUTES: Final = 94
# Share of a sleep cycle, in percent, from the first cycle of a night to the sixth.
_DEEP_SHARE: Final = (42, 32, 18, 8, 3, 0)
_REM_SHARE: Final = (7, 17, 25, 30, 32, 34)
_FIRST_WORKING_DAY, _LAST_WORKING_DAY = 0, 4


class Stage(NamedTuple):
    """One stretch of one stage; `kind` is deep, light, rem or awake."""

    start: int
    end: int
    kind: str


class Sleep(NamedTuple):
    """One night or nap in UTC minutes; `day` counts to the local day of waking."""

    start: int
    end: int
    day: int
    stages: tuple[Stage, ...]
    is_nap: bool

    def minutes(self, kind: str) -> int:
        """Minutes of one kind of stage."""
        return sum(stage.end - stage.start for stage in self.stages if stage.kind == kind)

    def awakenings(self) -> int:
        """How often the person woke."""
        return sum(stage.kind == "awake" for stage in self.stages)


def sleeps(clock: Clock, first_day_number: int, days: int, draws: Draws) -> tuple[Sleep, ...]:
    """Every night that ends and every nap within the days, in order of time.

    The night before the first day is left out: the exports begin on its morning.
    """
    found = []
    for day in range(days):
        midnight = (first_day_number + day) * MINUTES_OF_DAY
        working = _is_working_day(first_day_number + day)
        if day > 0:
            found.append(_night(clock, midnight, day, working=working, draws=draws))
        if draws.chance(7 if working else 26) and day not in TRIP:
            found.append(_nap(clock, midnight, day, draws))
    return tuple(found)


def _is_working_day(number: int) -> bool:
    # 1970-01-01 was a Thursday.
    return _FIRST_WORKING_DAY <= (number + 3) % 7 <= _LAST_WORKING_DAY


def _night(clock: Clock, midnight: int, day: int, *, working: bool, draws: Draws) -> Sleep:
    bed, wake = _WEEKDAY if working else _WEEKEND
    bed, wake = bed + draws.around_zero(55), wake + draws.around_zero(25 if working else 60)
    restless = 0
    if day in BAD_SLEEP:
        bed, wake, restless = bed + 85, wake - 40, 16
    if day in ILLNESS:
        bed, wake, restless = bed - 60, wake + 35, 6
    if day == TRIP.stop:
        bed, wake, restless = 255, 520, 12
    start = clock.utc_of(midnight + bed)
    end = max(clock.utc_of(midnight + wake), start + 250)
    return Sleep(start, end, day, _cycles(start, end, restless, draws), is_nap=False)


def _nap(clock: Clock, midnight: int, day: int, draws: Draws) -> Sleep:
    start = clock.utc_of(midnight + draws.whole(13 * 60, 15 * 60 + 30))
    end = start + draws.whole(24, 75)
    light = start + draws.whole(8, 20)
    deep = light + (end - light) // 3
    stages = (Stage(start, light, "light"), Stage(light, deep, "deep"), Stage(deep, end, "light"))
    return Sleep(start, end, day, stages, is_nap=True)


def _cycles(start: int, end: int, restless: int, draws: Draws) -> tuple[Stage, ...]:
    """Four to six cycles: deep sleep early, dreams late, a short waking between them."""
    count = max(3, min(6, (end - start + _CYCLE_MINUTES // 2) // _CYCLE_MINUTES))
    stages: list[Stage] = []
    at = start
    for cycle in range(count):
        until = start + (end - start) * (cycle + 1) // count
        if cycle + 1 < count:
            until += draws.around_zero(9)
        at = _cycle(stages, at, until, cycle, restless, draws)
    return tuple(stages)


def _cycle(
    stages: list[Stage], at: int, until: int, cycle: int, restless: int, draws: Draws
) -> int:
    length = until - at
    deep = max(0, _DEEP_SHARE[cycle] * length // 100 + draws.around_zero(4))
    rem = max(4, _REM_SHARE[cycle] * length // 100 + draws.around_zero(5))
    awake = draws.whole(0, 4) + (draws.whole(0, restless) if restless else 0)
    light = length - deep - rem - awake
    before = light * draws.whole(35, 60) // 100
    parts = (
        ("light", before),
        ("deep", deep),
        ("light", light - before),
        ("rem", rem),
        ("awake", awake),
    )
    for kind, minutes in parts:
        if minutes > 0:
            stages.append(Stage(at, at + minutes, kind))
            at += minutes
    return at
