"""The demo person's Mi Fitness data copy: a zip of CSV files whose values are JSON.

Two bands: the first until day `FIRST_BAND_UNTIL`, the second from `SECOND_BAND_FROM`; in between
the account holds the same samples under both ids. Oddities of real archives are in it: `timezone`
in quarter-hours, daily `Time` as the local date at 00:00 UTC, `latest_hr.time` in local time beside
a true `dbTime`, nights without REM or without stages, nights sent twice, days that only the
aggregated file or only the raw file still has, sentinels, duplicates and broken JSON.
"""

import io
import zipfile
from typing import Final

from adapters.sources.demo.life.calendar import date_of
from adapters.sources.demo.life.draws import Draws
from adapters.sources.demo.life.person import Person
from adapters.sources.demo.mi_fitness_daily import aggregated
from adapters.sources.demo.mi_fitness_raw import (
    FIRST_BAND,
    SECOND_BAND,
    UID,
    fitness,
    read_at,
    samples_by_day,
)
from adapters.sources.demo.mi_fitness_sleep import local_date_seconds, quoted
from adapters.sources.demo.sheet import Planted, Sheet
from adapters.sources.demo.wear import wear

_UNIX: Final = 3
_READABLE: Final = 0o644 << 16
_FORGOTTEN_PERCENT: Final = 3


def mi_fitness(person: Person, seed: int) -> tuple[str, bytes, list[Planted]]:
    """Name and bytes of the archive, and what is planted in its members."""
    stamp = str(date_of(person.last_day)).replace("-", "")
    archive, prefix = f"{stamp}_{UID}_MiFitness_fr1_data_copy.zip", f"{stamp}_{UID}_MiFitness_"
    worn = wear(person, range(person.days), _FORGOTTEN_PERCENT, Draws(seed, "mi_fitness/wear"))
    samples = samples_by_day(person, worn, Draws(seed, "mi_fitness/samples"))

    def named(member: str) -> str:
        return f"{archive}/{prefix}{member}.csv"

    raw = fitness(named("hlth_center_fitness_data"), person, worn, samples, seed)
    daily = aggregated(named("hlth_center_aggregated_fitness_data"), person, worn, samples, seed)
    small = [Sheet(named(member), lines) for member, lines in _small_files(person)]
    sheets = [daily, raw, *small]
    return archive, _zip(person, sheets), [row for sheet in sheets for row in sheet.planted]


def _small_files(person: Person) -> list[tuple[str, list[str]]]:
    """The members that hold no signal; real archives have them, so the flow must pass them by."""
    sport = "Uid,Sid,Key,Time,Category,Value,UpdateTime"
    track = "Uid,Did,Key,Time,UpdateTime,GPX"
    source = "Uid,Sid,Identifier,Model,Name,Alias,Status,CreateTime,UpdateTime"
    member = "Uid,Name,Sex,Birth,Height,Weight,Relation,XiaomiId,Region,SpecialMark,Icon"
    profile = "Uid,Vo2Max,MaximalMet,MaxHrm,MinHrm,DailyCalGoal,DailyStepGoal,DailySleepGoal"
    records = "uid,tag,key,time,did,value,metric,last_modify"
    created = local_date_seconds(person, 0) * 1_000_000_000
    devices = [
        f"{UID},{sid},00000000-0000-4000-8000-00000000000{number},{model},{name},,{status},"
        f"{created + number},{created + number}"
        for number, (sid, model, name, status) in enumerate(
            (
                (FIRST_BAND, "miwear.watch.demo1", "Demo Band", 1),
                (SECOND_BAND, "hmpace.watch.demo2", "Demo Watch", 2),
            )
        )
    ]
    return [
        ("hlth_center_sport_record", [sport, *_runs(person)]),
        ("hlth_center_sport_track_data", [track]),
        ("hlth_center_data_source", [source, *devices]),
        ("user_member_profile", [member, f"{UID},Demo,male,1979-04-01,178,82,self,0,de,0,"]),
        ("user_fitness_profile", [profile, f"{UID},41,12,179,52,500,8000,450"]),
        ("user_fitness_data_records", [records]),
    ]


def _runs(person: Person) -> list[str]:
    lines = []
    for bout in person.heart.bouts:
        at, seconds = bout.start * 60, (bout.end - bout.start) * 60
        value = {
            "start_time": at,
            "end_time": at + seconds,
            "duration": seconds,
            "distance": seconds * 5 // 2,
            "max_hrm": bout.peak_bpm,
        }
        read = read_at(at + seconds)
        lines.append(f"{UID},{FIRST_BAND},outdoor_running,{at},running,{quoted(value)},{read}")
    return lines


def _zip(person: Person, sheets: list[Sheet]) -> bytes:
    """The archive, stored: what a compressor makes of the same bytes differs between systems."""
    day = date_of(person.last_day)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for sheet in sheets:
            member = zipfile.ZipInfo(
                sheet.name.partition("/")[2], (day.year, day.month, day.day, 12, 0, 0)
            )
            member.create_system, member.external_attr = _UNIX, _READABLE
            archive.writestr(member, sheet.content())
    return target.getvalue()
