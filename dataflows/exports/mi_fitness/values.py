"""Mi Fitness' resting heart rates, daily heart-rate summaries and blood pressures."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from dataflows.exports import cells
from dataflows.exports.found import Found
from dataflows.exports.mi_fitness.sleep import JsonRow, add, reject

SENTINELS: Final = (0.0, -1.0, 254.0, 255.0)
SUMMARY_KEYS: Final = {
    "heart_rate_mean_bpm": "avg_hr",
    "heart_rate_min_bpm": "min_hr",
    "heart_rate_max_bpm": "max_hr",
    "resting_heart_rate_bpm": "avg_rhr",
}

# Likely spellings, none of them seen [RECALL].
SYSTOLIC: Final = ("systolic", "systolic_pressure", "systolic_bp", "sbp", "sys", "high")
DIASTOLIC: Final = ("diastolic", "diastolic_pressure", "diastolic_bp", "dbp", "dia", "low")
PULSE: Final = ("pulse", "pulse_rate", "bpm", "heart_rate", "hr")
TIMES: Final = ("time", "date_time", "measure_time", "timestamp")


def add_resting_heart_rate(found: Found, rows: Sequence[JsonRow]) -> None:
    """Add resting heart rates: of a local date, written as midnight UTC."""
    moments = _moments(rows, ("date_time", "time"))
    for row, moment in zip(rows, moments, strict=True):
        rate = cells.number(row.value.get("bpm"))
        if rate is None:
            absent = row.value.get("bpm") is None
            check = "missing_value" if absent else "not_a_number"
            reject(found, "heart_rate", row.number, check, row.text)
        elif rate in SENTINELS:
            found.sentinels["resting_heart_rate"] += 1
        elif moment == cells.NO_INSTANT:
            reject(found, "heart_rate", row.number, "missing_time", row.text)
        else:
            # Not midnight UTC: no date, but the instant at which it was measured.
            day, rest = divmod(moment, cells.DAY)
            when = {"start_utc": moment} if rest else {"local_date": day}
            add(
                found,
                "heart_rate",
                row,
                **when,
                **_updated(row),
                heart_rate_bpm=rate,
                kind="resting",
            )


def add_heart_rate_summary(found: Found, rows: Iterable[JsonRow]) -> None:
    """Add the daily summaries; a value that is no measurement is missing."""
    for row in rows:
        told = {name: row.value.get(key) for name, key in SUMMARY_KEYS.items()}
        rates = {name: cells.number(value) for name, value in told.items()}
        if any(rates[name] is None and value is not None for name, value in told.items()):
            reject(found, "heart_rate", row.number, "not_a_number", row.text)
            continue
        rates = {name: None if rate in SENTINELS else rate for name, rate in rates.items()}
        if not any(rate is not None for rate in rates.values()):
            found.sentinels["heart_rate_summaries"] += 1
        elif row.time == cells.NO_INSTANT:
            reject(found, "heart_rate", row.number, "missing_time", row.text)
        else:
            day = row.time // cells.DAY
            add(found, "heart_rate_summaries", row, local_date=day, **_updated(row), **rates)


def add_blood_pressure(found: Found, rows: Sequence[JsonRow]) -> None:
    """Add blood pressures; their keys are guesses, so a row without them is rejected."""
    for row, moment in zip(rows, _moments(rows, TIMES), strict=True):
        told = {
            name: _first(row.value, spellings)
            for name, spellings in (("systolic", SYSTOLIC), ("diastolic", DIASTOLIC))
        }
        values = [cells.number(value) for value in told.values()]
        pulse = cells.number(_first(row.value, PULSE))
        if None in values:
            check = "missing_value" if None in told.values() else "not_a_number"
            reject(found, "blood_pressure", row.number, check, row.text)
        elif not any(values):
            found.sentinels["blood_pressure"] += 1
        elif moment == cells.NO_INSTANT:
            reject(found, "blood_pressure", row.number, "missing_time", row.text)
        else:
            add(
                found,
                "blood_pressure",
                row,
                start_utc=moment,
                **_updated(row),
                systolic_mmhg=values[0],
                diastolic_mmhg=values[1],
                pulse_bpm=None if pulse in SENTINELS else pulse,
            )


def _first(value: Mapping[str, Any], names: Iterable[str]) -> Any:
    """What stands under the first of the names that is there."""
    return next((value[name] for name in names if value.get(name) is not None), None)


def _moments(rows: Sequence[JsonRow], names: Iterable[str]) -> list[int]:
    """The time of each row as its value tells it, else as its row does."""
    names = list(names)
    epochs = [cells.whole(_first(row.value, names)) or cells.NO_INSTANT for row in rows]
    column = np.array(epochs, np.int64)
    told = cells.instants(column, cells.ticks_per_second(column)).tolist()
    return [
        row.time if epoch == cells.NO_INSTANT else moment
        for row, epoch, moment in zip(rows, epochs, told, strict=True)
    ]


def _updated(row: JsonRow) -> dict[str, int | None]:
    return {"updated_utc": None if row.updated == cells.NO_INSTANT else row.updated}
