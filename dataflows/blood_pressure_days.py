"""Blood pressure of each local day: morning, evening, and what is derived from both pressures.

Readings of a cuff and readings without one are two rows: they measure different things, and nothing
may average them. All sums are exact, in whole thousandths, so that neither the order of rows nor
other days matter.
"""

from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from hamilton.function_modifiers import tag

from dataflows import blood_pressure_schemas, clinical, contracts, records
from dataflows.daily_sums import SCALE
from dataflows.measurement import CUFF, CUFFLESS
from dataflows.readings_by_part import PARTS, readings_frame
from dataflows.trailing_windows import dates

WIDE: Final = "wide_pulse_pressure"
SINGLE: Final = "single_reading"
_PRESSURES: Final = ("systolic", "diastolic")


@tag(stage="merge", rows_by="local_date")
def blood_pressure_days(blood_pressure_readings: pa.Table, day_windows: dict[str, str]) -> pa.Table:
    """Means of each local day over its kept readings, those without a cuff apart.

    A mean of the morning or the evening is that of the readings in its window, their difference is
    morning minus evening: both are null where nothing was measured. The difference is a subject of
    research and no category. `flags` are those of the day's readings, and `wide_pulse_pressure` or
    `single_reading`.

    Shape: `blood_pressure_schemas.DAY_COLUMNS`, ascending, cuff before cuffless.

    Units: mmHg, beats per minute.

    Source: `clinical.mean_arterial_pressure`, `clinical.pulse_pressure`,
    `clinical.WIDE_PULSE_PRESSURE_MMHG`, `day_windows`.
    """
    frame = readings_frame(blood_pressure_readings, day_windows)
    days = _sums(frame)
    table = _table(days, _flags(frame, days))
    return contracts.checked(table, blood_pressure_schemas.BLOOD_PRESSURE_DAYS)


def _sums(frame: pd.DataFrame) -> pd.DataFrame:
    """Sums and counts by day and measurement, of all readings and of each part of the day."""
    pieces: dict[str, Any] = {"count": 1, "pulse_count": frame["has_pulse"].astype(np.int64)}
    for part in PARTS:
        pieces[f"{part}_count"] = frame[part].astype(np.int64)
        for pressure in _PRESSURES:
            pieces[f"{pressure}_{part}"] = frame[pressure].where(frame[part], 0)
    summed = frame.assign(**pieces)
    names = ["systolic", "diastolic", "pulse", *pieces]
    return summed.groupby(["day", "cuffless"], sort=True)[names].sum()


def _mean(sums: pd.Series, counts: pd.Series) -> pd.Series:
    """Means of sums in thousandths; not a number where nothing was counted."""
    return sums / (counts * SCALE).where(counts > 0)


def _table(days: pd.DataFrame, flags: list[str | None]) -> pa.Table:
    cuffless = days.index.get_level_values("cuffless").to_numpy(np.bool_)
    systolic, diastolic, count = days["systolic"], days["diastolic"], days["count"]
    arterial = clinical.mean_arterial_pressure(systolic.to_numpy(), diastolic.to_numpy())
    columns: dict[str, Any] = {
        "local_date": dates(days.index.get_level_values("day").to_numpy(np.int64)),
        "measurement": np.where(cuffless, CUFFLESS, CUFF),
        "reading_count": count,
        "systolic_mean_mmhg": _mean(systolic, count),
        "diastolic_mean_mmhg": _mean(diastolic, count),
        "pulse_mean_bpm": _mean(days["pulse"], days["pulse_count"]),
        "mean_arterial_pressure_mmhg": arterial / (count * SCALE),
        "pulse_pressure_mmhg": _pulse_pressure(days),
        "flags": pa.array(flags, pa.string()),
    }
    for part in PARTS:
        columns[f"{part}_reading_count"] = days[f"{part}_count"]
    for pressure in _PRESSURES:
        of_parts = [_mean(days[f"{pressure}_{part}"], days[f"{part}_count"]) for part in PARTS]
        morning, evening = of_parts
        columns[f"{pressure}_morning_mean_mmhg"] = morning
        columns[f"{pressure}_evening_mean_mmhg"] = evening
        columns[f"{pressure}_morning_evening_difference_mmhg"] = morning - evening
    arrays = {name: pa.array(column, from_pandas=True) for name, column in columns.items()}
    return records.table_from_columns(blood_pressure_schemas.DAY_COLUMNS, arrays, len(days))


def _pulse_pressure(days: pd.DataFrame) -> pd.Series:
    return _mean(days["systolic"] - days["diastolic"], days["count"])


def _flags(frame: pd.DataFrame, days: pd.DataFrame) -> list[str | None]:
    """The codes of each day, sorted and joined by semicolons; None where there are none."""
    told = frame.dropna(subset="flags").groupby(["day", "cuffless"])["flags"].agg(";".join)
    wide = _pulse_pressure(days) >= clinical.WIDE_PULSE_PRESSURE_MMHG
    single = days["count"] == 1
    found = []
    for place, is_wide, is_single in zip(days.index, wide, single, strict=True):
        codes = set(told.get(place, "").split(";")) - {"", CUFFLESS}
        codes |= {WIDE} if is_wide else set()
        codes |= {SINGLE} if is_single else set()
        found.append(";".join(sorted(codes)) or None)
    return found
