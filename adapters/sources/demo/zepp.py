"""The demo person's Zepp export: a folder of CSV files of a second band, worn for some months.

It overlaps the Mi Fitness data copy night by night. The files begin with a byte order mark, write
`null` where nothing is known, give wall times without a zone, and hold sentinels, placeholders,
resent rows and rows that no device should have written.
"""

from collections.abc import Iterator
from typing import Final

from adapters.sources.demo.life.calendar import (
    MINUTES_OF_DAY,
    ZEPP_WORN,
    clock_text,
    date_of,
    utc_text,
)
from adapters.sources.demo.life.draws import Draws
from adapters.sources.demo.life.heart import SLOT_MINUTES
from adapters.sources.demo.life.nights import Sleep
from adapters.sources.demo.life.person import Person
from adapters.sources.demo.sheet import DAMAGE, DUPLICATE, SENTINEL, Extra, Planted, Sheet
from adapters.sources.demo.wear import Wear, day_slots, wear
from adapters.sources.demo.zepp_sleep import felt_differently, minute_sheet, sleep_sheet

_AUTOMATIC: Final = "date,time,heartRate"
_FORGOTTEN_PERCENT: Final = 6
_MISSED_SHARE: Final = 0.05
_CLOCK_TEXTS: Final = tuple(clock_text(minute) for minute in range(MINUTES_OF_DAY))


def zepp(person: Person, seed: int) -> tuple[dict[str, bytes], list[Planted]]:
    """Names and bytes of the files, and what is planted in them; none before the band was worn."""
    last = min(ZEPP_WORN.stop, person.days)
    if last <= ZEPP_WORN.start:
        return {}, []
    exported = (person.last_day * MINUTES_OF_DAY + 17 * 60) * 60_000

    def named(kind: str, number: int) -> str:
        return f"zepp/{kind}/{kind}_{exported + number}.csv"

    worn = wear(person, range(ZEPP_WORN.start, last), _FORGOTTEN_PERCENT, Draws(seed, "zepp/wear"))
    draws = Draws(seed, "zepp")
    nights = {
        sleep.day: felt_differently(sleep, draws) for sleep in worn.sleeps if not sleep.is_nap
    }
    naps = {sleep.day: sleep for sleep in worn.sleeps if sleep.is_nap}
    sheets = [
        sleep_sheet(named("SLEEP", 1), person, nights, naps, last),
        minute_sheet(named("SLEEP_MINUTE", 2), person, nights, draws),
        _automatic(named("HEARTRATE_AUTO", 3), person, worn, nights, draws),
        _by_hand(named("HEARTRATE", 4), person, worn, draws),
        _activity(named("ACTIVITY", 5), person, worn, draws),
        _sport(named("SPORT", 6), person, last),
        _user(named("USER", 7)),
    ]
    files = {sheet.name: sheet.content(mark=True) for sheet in sheets}
    return files, [row for sheet in sheets for row in sheet.planted]


def _automatic(
    name: str, person: Person, worn: Wear, nights: dict[int, Sleep], draws: Draws
) -> Sheet:
    """Every five minutes; every minute of each fifth night and of every run."""
    unit, truth, first = draws.unit, person.heart.slots, person.heart.first
    by_minute = _watched_closely(person, worn, nights)
    lines: list[str] = []
    dates = {day: str(date_of(day)) for day in range(person.first_day - 1, person.last_day + 2)}
    for start, end, offset in person.clock.stretches(first, first + len(truth) * SLOT_MINUTES):
        for slot in range((start - first) // SLOT_MINUTES, (end - first) // SLOT_MINUTES):
            if not worn.slots[slot]:
                continue
            utc = first + slot * SLOT_MINUTES
            day, minute = divmod(utc + offset, MINUTES_OF_DAY)
            here, following = truth[slot], truth[min(slot + 1, len(truth) - 1)]
            for step in range(10) if slot in by_minute else (0, 5):
                if unit() < _MISSED_SHARE:
                    continue
                bpm = here + (following - here) * step // 10 + int(unit() * 5) - 2
                lines.append(f"{dates[day]},{_CLOCK_TEXTS[minute + step]},{bpm}")
    sheet = Sheet(name, [_AUTOMATIC])
    sheet.scatter(lines, _automatic_extras(lines, draws), draws)
    return sheet


def _watched_closely(person: Person, worn: Wear, nights: dict[int, Sleep]) -> set[int]:
    """The slots of which the band kept every minute."""
    spans = [(night.start, night.end) for day, night in nights.items() if day % 5 == 0]
    spans += [(bout.start, bout.end) for bout in person.heart.bouts]
    first = person.heart.first
    return {
        slot
        for start, end in spans
        for slot in range((start - first) // SLOT_MINUTES, (end - first) // SLOT_MINUTES)
        if 0 <= slot < len(worn.slots)
    }


def _automatic_extras(lines: list[str], draws: Draws) -> list[Extra]:
    signal = "heart_rate"

    def drawn() -> str:
        return lines[draws.whole(0, len(lines) - 1)]

    def with_rate(rate: str) -> str:
        date, time, _ = drawn().split(",")
        # A minute that no sample has: samples stand at multiples of five, or at all minutes.
        return f"{date},{time[:-1]}{'3' if time[-1] in '05' else time[-1]},{rate}"

    copies = [Extra(drawn(), signal, DUPLICATE) for _ in range(24)]
    sentinels = [Extra(with_rate(rate), signal, SENTINEL) for rate in ("0", "255", "null", "0")]
    words = [Extra(with_rate("n/a"), signal, DAMAGE, "not_a_number")]
    far = [Extra(with_rate(rate), signal, DAMAGE, "out_of_range") for rate in ("301", "9")]
    return [*copies, *sentinels, *words, *far]


def _by_hand(name: str, person: Person, worn: Wear, draws: Draws) -> Sheet:
    """Measurements that the person started, with a UTC instant."""
    sheet = Sheet(name, ["time,heartRate"])
    for day in range(ZEPP_WORN.start, min(ZEPP_WORN.stop, person.days), 6):
        span = day_slots(person, day)
        slot = span[len(span) * 3 // 5]
        if worn.slots[slot]:
            utc = person.heart.first + slot * SLOT_MINUTES + draws.whole(1, 4)
            rate = person.heart.at(utc) + draws.around_zero(2)
            sheet.lines.append(f"{utc_text(utc)[:-2]}{draws.whole(10, 59)}+0000,{rate}")
    return sheet


def _activity(name: str, person: Person, worn: Wear, draws: Draws) -> Sheet:
    """Steps a day; a day without the band is a row of zeros."""
    sheet = Sheet(name, ["date,steps,calories,distance,runDistance"])
    for day in range(ZEPP_WORN.start, min(ZEPP_WORN.stop, person.days)):
        steps = draws.whole(3100, 12600)
        if not any(worn.slots[slot] for slot in day_slots(person, day)):
            steps = 0
        date = date_of(person.first_day + day)
        sheet.lines.append(f"{date},{steps},{steps // 24},{steps * 4 // 5},0")
    return sheet


def _sport(name: str, person: Person, last: int) -> Sheet:
    """Runs; -1.0 where the band knows nothing."""
    header = (
        "type,startTime,sportTime(s),maxPace(/meter),minPace(/meter),distance(m),avgPace(/meter),"
        "calories(kcal)"
    )
    return Sheet(name, [header, *_runs(person, last)])


def _runs(person: Person, last: int) -> Iterator[str]:
    for bout in person.heart.bouts:
        day = (bout.start + person.clock.offset_at(bout.start)) // MINUTES_OF_DAY
        if ZEPP_WORN.start <= day - person.first_day < last:
            seconds = (bout.end - bout.start) * 60
            yield (
                f"1,{utc_text(bout.start)}+0000,{seconds},-1.0,-1.0,{seconds * 5 // 2}.0,0.4,"
                f"{seconds // 6}.0"
            )


def _user(name: str) -> Sheet:
    header = "userId,gender,height,weight,nickName,avatar,birthday"
    return Sheet(name, [header, "7000000001,1,178.0,82.0,Demo,null,1979-04"])
