"""The file of single measurements of a Mi Fitness data copy: heart rates, nights, resting rates."""

from collections.abc import Iterator
from typing import Any, Final

from adapters.sources.demo.life.calendar import (
    FIRST_BAND_UNTIL,
    NOT_WORN,
    RAW_LOST,
    SECOND_BAND_FROM,
)
from adapters.sources.demo.life.draws import Draws
from adapters.sources.demo.life.heart import SLOT_MINUTES
from adapters.sources.demo.life.nights import Sleep
from adapters.sources.demo.life.person import Person
from adapters.sources.demo.mi_fitness_sleep import (
    SENT_TWICE,
    as_seen,
    cut_short,
    local_date_seconds,
    quoted,
    session_value,
    watch_value,
)
from adapters.sources.demo.sheet import DAMAGE, DUPLICATE, SENTINEL, Extra, Sheet
from adapters.sources.demo.wear import Wear, day_slots

UID: Final = 7000000001
FIRST_BAND: Final = "hlth.700000000011"
SECOND_BAND: Final = "huami.700000000022"
HEADER: Final = "Uid,Sid,Key,Time,Value,UpdateTime"
_READ_EVERY_SECONDS: Final = 1800
_READ_AFTER_SECONDS: Final = 104
_MISSED_SHARE: Final = 0.04
_SPOT_CHECK_DAYS: Final = 5

Samples = list[tuple[int, int]]


def bands_of(day: int) -> tuple[str, ...]:
    """Which bands the account holds data of on a day."""
    bands = (FIRST_BAND,) if day <= FIRST_BAND_UNTIL else ()
    return (*bands, SECOND_BAND) if day >= SECOND_BAND_FROM else bands


def read_at(seconds: int) -> int:
    """When the phone read a measurement from the band, half-hourly."""
    return seconds - seconds % _READ_EVERY_SECONDS + _READ_EVERY_SECONDS + _READ_AFTER_SECONDS


def samples_by_day(person: Person, worn: Wear, draws: Draws) -> list[Samples]:
    """UTC minute and beats per minute: every ten minutes, every minute while running."""
    unit, first, truth = draws.unit, person.heart.first, person.heart.slots
    running = _running_minutes(person, worn, draws)
    found: list[Samples] = []
    for day in range(person.days):
        span = day_slots(person, day)
        samples = [
            (first + slot * SLOT_MINUTES, truth[slot] + int(unit() * 3) - 1)
            for slot in span
            if worn.slots[slot] and unit() >= _MISSED_SHARE
        ]
        found.append(sorted(samples + running.get(day, [])))
    return found


def _running_minutes(person: Person, worn: Wear, draws: Draws) -> dict[int, Samples]:
    found: dict[int, Samples] = {}
    for bout in person.heart.bouts:
        slot = (bout.start - person.heart.first) // SLOT_MINUTES
        if not worn.slots[slot]:
            continue
        local = bout.start + person.clock.offset_at(bout.start)
        minutes = (minute for minute in range(bout.start, bout.end) if minute % SLOT_MINUTES)
        found[local // 1440 - person.first_day] = [
            (minute, person.heart.at(minute) + draws.around_zero(2)) for minute in minutes
        ]
    return found


def fitness(name: str, person: Person, worn: Wear, samples: list[Samples], seed: int) -> Sheet:
    """The whole file, and what is planted in it."""
    sheet = Sheet(name, [HEADER])
    draws = Draws(seed, "mi_fitness/raw")
    for band in (FIRST_BAND, SECOND_BAND):
        times = [
            sample
            for day, of_day in enumerate(samples)
            if band in bands_of(day) and day not in RAW_LOST
            for sample in of_day
        ]
        lines = [_heart_line(band, minute * 60, bpm) for minute, bpm in times]
        extras = _heart_extras(band, times, lines, draws) if lines else []
        sheet.scatter(lines, extras, draws)
    sheet.lines += [*_spot_checks(person, samples, draws), *_resting(person, samples)]
    for line in _sleep_lines(person, worn):
        sheet.lines.append(line)
    for extra in _sleep_extras(person, worn):
        sheet.plant(extra)
    sheet.lines += _others(person, draws)
    return sheet


def _heart_line(band: str, at: int, bpm: object) -> str:
    return (
        f'{UID},{band},heart_rate,{at},"{{""time"":{at},""bpm"":{bpm},""type"":0}}",'
        f"{at - at % 1800 + 1904}"
    )


def _heart_extras(band: str, times: Samples, lines: list[str], draws: Draws) -> list[Extra]:
    """Rows that no sample may come of, each at a moment between two samples."""

    def moment() -> int:
        return times[draws.whole(0, len(times) - 1)][0] * 60 + 317

    signal = "heart_rate"
    copies = [
        Extra(lines[draws.whole(0, len(lines) - 1)], signal, DUPLICATE)
        for _ in range(min(14, len(lines) // 40))
    ]
    sentinels = [
        Extra(_heart_line(band, moment(), bpm), signal, SENTINEL)
        for bpm in (255, 0, 255, 255, 0, 255, 255)
    ]
    cut = [
        Extra(f'{UID},{band},heart_rate,{at},"{{""time"":{at},""bp",{read_at(at)}', signal, DAMAGE,
              "invalid_json")
        for at in (moment(), moment())
    ]  # fmt: skip
    words = [Extra(_heart_line(band, moment(), '""--""'), signal, DAMAGE, "not_a_number")]
    far = [Extra(_heart_line(band, moment(), bpm), signal, DAMAGE, "out_of_range")
           for bpm in (283, 12)]  # fmt: skip
    return [*copies, *sentinels, *cut, *words, *far]


def _spot_checks(person: Person, samples: list[Samples], draws: Draws) -> Iterator[str]:
    """A measurement by hand now and then, between two automatic ones."""
    for day in range(0, person.days, _SPOT_CHECK_DAYS):
        if not samples[day] or day in RAW_LOST:
            continue
        minute, bpm = samples[day][len(samples[day]) // 2]
        at = minute * 60 + draws.whole(61, 299)
        value = quoted({"bpm": bpm + draws.around_zero(3), "time": at})
        yield f"{UID},{bands_of(day)[0]},single_heart_rate,{at},{value},{read_at(at)}"


def _resting(person: Person, samples: list[Samples]) -> Iterator[str]:
    """The resting rate of each day, dated by a local date that looks like one in UTC."""
    for day in range(person.days):
        if not samples[day] or day in RAW_LOST:
            continue
        at = local_date_seconds(person, day)
        value = quoted({"bpm": person.heart.resting[day], "date_time": at})
        updated = read_at(samples[day][-1][0] * 60)
        yield f"{UID},{bands_of(day)[-1]},resting_heart_rate,{at},{value},{updated}"


def _sleep_lines(person: Person, worn: Wear) -> Iterator[str]:
    for sleep in worn.sleeps:
        if sleep.day in RAW_LOST:
            continue
        if sleep.day in SENT_TWICE and not sleep.is_nap:
            yield from _session_lines(person, as_seen(cut_short(sleep, 7)), later=0)
        yield from _session_lines(person, as_seen(sleep), later=5400)


def _session_lines(person: Person, sleep: Sleep, *, later: int) -> Iterator[str]:
    updated = read_at(sleep.end * 60) + later
    for band in bands_of(sleep.day):
        if band == FIRST_BAND:
            yield _row(band, "sleep", sleep.end * 60, session_value(person, sleep), updated)
        else:
            key = "watch_daytime_sleep" if sleep.is_nap else "watch_night_sleep"
            at = local_date_seconds(person, sleep.day)
            yield _row(band, key, at, watch_value(person, sleep), updated)


def _row(band: str, key: str, at: int, value: dict[str, Any], updated: int) -> str:
    return f"{UID},{band},{key},{at},{quoted(value)},{updated}"


def _sleep_extras(person: Person, worn: Wear) -> Iterator[Extra]:
    """A night twice, two broken ones, one longer than the bed was used, two that never were."""
    nights = [sleep for sleep in worn.sleeps if not sleep.is_nap and sleep.day not in RAW_LOST]
    for night in nights[40:41]:
        for line in _session_lines(person, as_seen(night), later=5400):
            yield Extra(line, "sleep", DUPLICATE)
    for night in nights[50:52]:
        start = f'{UID},{FIRST_BAND},sleep,{night.end * 60},"{{""bedtime"":{night.start * 60},""sl"'
        yield Extra(f"{start},{read_at(night.end * 60)}", "sleep", DAMAGE, "invalid_json")
    for night in nights[70:71]:
        value = session_value(person, night)
        value |= {"sleep_deep_duration": 900, "duration": value["duration"] + 700}
        line = _row(FIRST_BAND, "sleep", night.end * 60, value, read_at(night.end * 60))
        yield Extra(line, "sleep", DAMAGE, "inconsistent_stages")
    for day in (day for day in NOT_WORN[::3] if day < person.days):
        at = local_date_seconds(person, day) + 4 * 3600
        value = {"bedtime": at, "wake_up_time": at, "duration": 0, "timezone": 8, "items": []}
        yield Extra(_row(SECOND_BAND, "sleep", at, value, read_at(at)), "sleep", SENTINEL)


def _others(person: Person, draws: Draws) -> Iterator[str]:
    """Keys of the file that are no signal of ours: they must pass by unharmed."""
    for bout in person.heart.bouts:
        at, steps = bout.start * 60, draws.whole(4200, 7900)
        value = {"time": at, "steps": steps, "distance": steps * 4 // 5, "calories": steps // 20}
        yield _row(FIRST_BAND, "steps", at, value, read_at(at))
    for day in range(0, person.days, 7):
        at = local_date_seconds(person, day) + 5 * 3600
        value = {"bmi": 25, "time": at, "weight": 82 - day // 140}
        yield _row("xiaomiwear_app_manually", "weight", at, value, read_at(at))
