"""Nights of the demo person as a second band saw them, and the files that Zepp writes of them.

The band feels sleep a few minutes sooner or later than the other one. Its older nights count dreams
as light sleep; `SLEEP_MINUTE` dates its rows by the day of waking in older nights and one day late
in newer ones.
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
from adapters.sources.demo.life.nights import Sleep, Stage
from adapters.sources.demo.life.person import Person
from adapters.sources.demo.sheet import DAMAGE, DUPLICATE, SENTINEL, Extra, Sheet

SLEEP_HEADER: Final = "date,deepSleepTime,shallowSleepTime,wakeTime,start,stop,REMTime,naps"
MINUTE_HEADER: Final = "date,time,stage,hr,respiratory_rate"
REM_WITHIN_LIGHT: Final = range(ZEPP_WORN.start, ZEPP_WORN.start + 20)
DATED_LATE_FROM: Final = ZEPP_WORN.start + 50
_STAGES: Final = {"deep": "DEEP", "light": "LIGHT", "rem": "REM", "awake": "WAKE"}
_BREATHS_EVERY_MINUTES: Final = 30


def felt_differently(night: Sleep, draws: Draws) -> Sleep:
    """The night with every boundary of its stages moved by a few minutes."""
    start, end = night.start + draws.around_zero(6), night.end + draws.around_zero(6)
    inner = [stage.start + draws.around_zero(3) for stage in night.stages[1:]]
    bounds = [start]
    for bound in [*inner, end]:
        bounds.append(min(max(bound, bounds[-1] + 1), end))
    stages = [
        Stage(begin, until, stage.kind)
        for begin, until, stage in zip(bounds, bounds[1:], night.stages, strict=False)
        if begin < until
    ]
    return night._replace(start=start, end=end, stages=tuple(stages))


def sleep_sheet(
    name: str, person: Person, nights: dict[int, Sleep], naps: dict[int, Sleep], last: int
) -> Sheet:
    """One row a day: the night, a placeholder where there was none, naps as broken JSON."""
    sheet = Sheet(name, [SLEEP_HEADER])
    for day in range(ZEPP_WORN.start, last):
        date = date_of(person.first_day + day)
        night = nights.get(day)
        if night is None:
            never = (
                f"{utc_text(person.clock.utc_of((person.first_day + day) * MINUTES_OF_DAY))}+0000"
            )
            sheet.plant(Extra(f"{date},0,0,0,{never},{never},0,", "sleep", SENTINEL))
            continue
        sheet.lines.append(f"{date},{_night_cells(night)},{_naps_cell(naps.get(day))}")
    for night in [night for day, night in nights.items() if day % 40 == 0][:1]:
        sheet.plant(_longer_than_the_bed(date_of(person.first_day + night.day), night))
    return sheet


def _night_cells(night: Sleep) -> str:
    deep, light, rem = (night.minutes(kind) for kind in ("deep", "light", "rem"))
    shallow = light + rem if night.day in REM_WITHIN_LIGHT else light
    span = f"{utc_text(night.start)}+0000,{utc_text(night.end)}+0000"
    return f"{deep},{shallow},{night.minutes('awake')},{span},{rem}"


def _naps_cell(nap: Sleep | None) -> str:
    """JSON whose quotes are escaped by backslashes, which breaks the CSV around it."""
    if nap is None:
        return ""
    start, stop = utc_text(nap.start), utc_text(nap.end)
    return f'"[{{\\"start\\":\\"{start}+0000\\",\\"stop\\":\\"{stop}+0000\\"}}]"'


def _longer_than_the_bed(date: object, night: Sleep) -> Extra:
    span = f"{utc_text(night.start)}+0000,{utc_text(night.end)}+0000"
    return Extra(f"{date},900,300,0,{span},60,", "sleep", DAMAGE, "inconsistent_stages")


def minute_sheet(name: str, person: Person, nights: dict[int, Sleep], draws: Draws) -> Sheet:
    """One row a minute of every night, some twice and some twice with another stage."""
    sheet = Sheet(name, [MINUTE_HEADER])
    for night in nights.values():
        lines = list(_minutes(person, night, draws))
        sheet.lines += lines
        if night.day % 15 == 0:
            for line in lines[60:72]:
                sheet.plant(Extra(line, "sleep_stages", DUPLICATE))
            sheet.plant(Extra(_other_stage(lines[90]), "sleep_stages", DUPLICATE))
    return sheet


def _minutes(person: Person, night: Sleep, draws: Draws) -> Iterator[str]:
    offset = person.clock.offset_at(night.start)
    waking_date = date_of(person.first_day + night.day)
    heart = person.heart.at
    for stage in night.stages:
        word = _STAGES[stage.kind]
        for minute in range(stage.start, stage.end):
            if minute % 60 == 0:
                offset = person.clock.offset_at(minute)
            local = minute + offset
            date = waking_date
            if night.day >= DATED_LATE_FROM:
                date = date_of(local // MINUTES_OF_DAY + 1)
            beats = heart(minute) if minute % 7 else "null"
            breaths = ""
            if minute % _BREATHS_EVERY_MINUTES == 0:
                breaths = f"{draws.whole(12, 16)}.{draws.whole(0, 1) * 5}"
            yield f"{date},{clock_text(local)},{word},{beats},{breaths}"


def _other_stage(line: str) -> str:
    return (
        line.replace(",LIGHT,", ",WAKE,") if ",LIGHT," in line else line.replace(",REM,", ",LIGHT,")
    )
