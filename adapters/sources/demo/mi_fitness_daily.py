"""The file of daily reports of a Mi Fitness data copy."""

from collections.abc import Iterator
from typing import Any, Final

from adapters.sources.demo.life.calendar import AGGREGATES_LOST, SECOND_BAND_FROM
from adapters.sources.demo.life.draws import Draws
from adapters.sources.demo.life.nights import Sleep
from adapters.sources.demo.life.person import Person
from adapters.sources.demo.mi_fitness_raw import SECOND_BAND, UID, Samples, bands_of, read_at
from adapters.sources.demo.mi_fitness_sleep import as_seen, local_date_seconds, quoted, segment
from adapters.sources.demo.sheet import DAMAGE, Extra, Sheet
from adapters.sources.demo.wear import Wear

HEADER: Final = "Uid,Sid,Tag,Key,Time,Value,UpdateTime"
MERGED: Final = "default"
_WITHOUT_RESTING_EVERY: Final = 17
_SECOND_REPORT_EVERY: Final = 3


def aggregated(name: str, person: Person, worn: Wear, samples: list[Samples], seed: int) -> Sheet:
    """The whole file: reports, marks and goals of each day but those that the app lost."""
    draws = Draws(seed, "mi_fitness/daily")
    slept: dict[int, list[Sleep]] = {}
    for sleep in worn.sleeps:
        slept.setdefault(sleep.day, []).append(as_seen(sleep))
    sheet = Sheet(name, [HEADER])
    for day in range(person.days):
        if day not in AGGREGATES_LOST and samples[day]:
            sheet.lines += _day(person, day, slept.get(day, []), samples[day], draws)
    lines = sheet.lines
    for key, signal in (("sleep", "sleep"), ("heart_rate", "heart_rate")):
        report = next((line for line in lines[len(lines) // 2 :] if f"report,{key}," in line), None)
        if report is not None:
            sheet.plant(Extra(_torn(report), signal, DAMAGE, "invalid_json"))
    return sheet


def _torn(line: str) -> str:
    """The line with its JSON torn off in the middle of a name."""
    before, _, rest = line.partition(',"{')
    return f'{before},"{{""avg_h",{rest.rpartition(",")[2]}'


def _day(
    person: Person, day: int, slept: list[Sleep], samples: Samples, draws: Draws
) -> Iterator[str]:
    at, updated = local_date_seconds(person, day), read_at(samples[-1][0] * 60) + 1800

    def row(sid: str, tag: str, key: str, value: dict[str, Any]) -> str:
        return f"{UID},{sid},{tag},{key},{at},{quoted(value)},{updated}"

    steps = draws.whole(3200, 12400)
    report = _heart_report(person, day, samples)
    yield row(MERGED, "daily_report", "heart_rate", report)
    if day >= SECOND_BAND_FROM and day % _SECOND_REPORT_EVERY == 0:
        yield row(SECOND_BAND, "daily_report", "heart_rate", _of_one_band(report))
    yield row(MERGED, "daily_report", "steps", _steps(steps))
    if slept:
        yield row(MERGED, "daily_report", "sleep", _sleep_report(person, slept, draws))
        yield row(MERGED, "daily_mark", "sleep", {"has_data": True})
    yield row(MERGED, "daily_mark", "heart_rate", {"has_data": True})
    goal = {"achieved_value": steps, "target_value": 8000, "field": 1}
    yield row(MERGED, "daily_fitness", "goal", {"goal_items": [goal], "date_time": at})


def _steps(steps: int) -> dict[str, int]:
    return {"calories": steps // 24, "distance": steps * 4 // 5, "steps": steps}


def _heart_report(person: Person, day: int, samples: Samples) -> dict[str, Any]:
    rates = [bpm for _, bpm in samples]
    minute, latest = samples[-1]
    report = {
        "abnormal_hr_count": 0,
        "avg_hr": (sum(rates) + len(rates) // 2) // len(rates),
        "avg_rhr": person.heart.resting[day],
        "latest_hr": {
            "bpm": latest,
            "time": (minute + person.clock.offset_at(minute)) * 60,
            "dbKey": "heart_rate",
            "dbTime": minute * 60,
            "sid": bands_of(day)[-1],
        },
        "max_hr": max(rates),
        "min_hr": min(rates),
        "warm_up_hr_zone_duration": sum(bpm > 110 for bpm in rates),  # noqa: PLR2004 - any zone
    }
    if day % _WITHOUT_RESTING_EVERY == 0:
        del report["avg_rhr"]
    return report


def _of_one_band(report: dict[str, Any]) -> dict[str, Any]:
    """The shorter report of one band, which knows no resting rate."""
    names = ("avg_hr", "max_hr", "min_hr")
    return {name: report[name] for name in names} | {"avg_rhr": None, "abnormal_hr_count": 0}


def _sleep_report(person: Person, slept: list[Sleep], draws: Draws) -> dict[str, Any]:
    segments = [segment(person, sleep) for sleep in reversed(slept)]

    def total(name: str) -> int:
        return sum(found.get(name, 0) for found in segments)

    return {
        "avg_hr": 0,
        "avg_spo2": 0,
        "day_sleep_evaluation": 0,
        "segment_details": segments,
        "long_sleep_evaluation": 6,
        "sleep_awake_duration": total("sleep_awake_duration"),
        "sleep_deep_duration": total("sleep_deep_duration"),
        "sleep_light_duration": total("sleep_light_duration"),
        "sleep_rem_duration": total("sleep_rem_duration"),
        "sleep_score": draws.whole(61, 92),
        "sleep_stage": 3,
        "total_duration": total("duration"),
    }
