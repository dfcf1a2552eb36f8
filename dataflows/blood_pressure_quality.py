"""How good a log of home readings is, by month: share at target, digits, runs, readings by night.

Nothing here judges a person. A digit that is preferred, or the same pair again and again, says that
numbers were rounded or copied; readings between midnight and four are often of a clock twelve hours
off.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from hamilton.function_modifiers import tag

from dataflows import blood_pressure_schemas, clinical, contracts, records
from dataflows.daily_sums import SCALE
from dataflows.guidelines import guideline_named
from dataflows.readings_by_part import readings_frame
from dataflows.trailing_windows import dates

ALL: Final = "all"


@dataclass(frozen=True)
class Target:
    """A home reading is at target if both of its pressures are below these."""

    systolic: int
    diastolic: int

    def __str__(self) -> str:
        return f"below {self.systolic}/{self.diastolic} mmHg at home"


TARGETS: Final = {
    "aha_acc_2025": Target(130, 80),
    "esc_2024": Target(135, 85),
    "esh_2023": Target(135, 85),
    "jsh_2019": Target(135, 85),
    "nice": Target(135, 85),
    "canada_2020": Target(135, 85),
    "canada_2025": Target(130, 80),
}
"""Where a guideline begins to call a home mean high: AHA/ACC 2025, table 9, note (out of office 130
or 80); ESC 2024, table 5; NICE NG136 1.4.22, which is a target of treatment too (145/85 from 80
years on, which is not told apart here); the others as in `guidelines`. What this person shall aim
at is for their doctor to say."""


@tag(stage="merge", rows_by="local_date: period_start..period_end")
def blood_pressure_quality(
    blood_pressure_readings: pa.Table, day_windows: dict[str, str], guideline: str
) -> pa.Table:
    """What can be said about the readings of each calendar month, and of all of them.

    Counts and shares are over readings of a cuff; those without one are only counted. A digit is
    told of whole values alone; `digit_preference` is null where they are too few. A run is of
    readings that follow one another with the same two pressures.

    Shape: `blood_pressure_schemas.QUALITY_COLUMNS`, `all` first, then the months, ascending.

    Units: readings; shares from 0 to 1.

    Source: `TARGETS`, `clinical.ZERO_DIGIT_SHARE`, `clinical.FEWEST_DIGITS`.

    Raises:
        UnknownGuidelineError: There is no such guideline.
    """
    title, target = guideline_named(guideline).title, TARGETS[guideline]
    frame = readings_frame(blood_pressure_readings, day_windows)
    rows = [
        _row(period, first, last, readings, target) | {"target": str(target), "guideline": title}
        for period, first, last, readings in _periods(frame)
    ]
    table = records.table_from_rows(blood_pressure_schemas.QUALITY_COLUMNS, rows)
    return contracts.checked(table, blood_pressure_schemas.BLOOD_PRESSURE_QUALITY)


def _periods(frame: pd.DataFrame) -> Iterator[tuple[str, int, int, pd.DataFrame]]:
    """Name, first and last day, and readings: of all, then of each month with any."""
    if frame.empty:
        return
    yield ALL, int(frame["day"].min()), int(frame["day"].max()), frame
    months = frame["day"].to_numpy().astype("M8[D]").astype("M8[M]")
    for month in np.unique(months):
        first, after = (month + np.arange(2)).astype("M8[D]").astype(np.int64).tolist()
        yield str(month), first, after - 1, frame[months == month]


def _row(
    period: str, first: int, last: int, readings: pd.DataFrame, target: Target
) -> dict[str, Any]:
    cuff = readings[~readings["cuffless"]]
    below = (cuff["systolic"] < target.systolic * SCALE) & (
        cuff["diastolic"] < target.diastolic * SCALE
    )
    start, end = dates([first, last]).to_pylist()
    return {
        "period": period,
        "period_start": start,
        "period_end": end,
        "reading_count": len(cuff),
        "day_count": cuff["day"].nunique(),
        "at_target_count": int(below.sum()),
        "at_target_share": below.mean() if len(cuff) else None,
        **_digits(cuff),
        "identical_run_longest": _longest_run(cuff),
        "night_reading_count": int((cuff["minute"] < clinical.NIGHT_ENDS_MINUTE).sum()),
        "cuffless_reading_count": len(readings) - len(cuff),
    }


def _digits(cuff: pd.DataFrame) -> dict[str, Any]:
    """How many of the whole values end in zero, and whether that is more than chance."""
    values = cuff[["systolic", "diastolic"]].to_numpy()
    whole = values[(values % SCALE == 0).all(axis=1)] // SCALE
    if not len(whole):
        return {"digit_count": 0}
    systolic, diastolic = (whole % 10 == 0).mean(axis=0).tolist()
    found: dict[str, Any] = {
        "digit_count": len(whole),
        "systolic_zero_digit_share": systolic,
        "diastolic_zero_digit_share": diastolic,
    }
    if len(whole) >= clinical.FEWEST_DIGITS:
        found["digit_preference"] = max(systolic, diastolic) > clinical.ZERO_DIGIT_SHARE
    return found


def _longest_run(cuff: pd.DataFrame) -> int:
    """How many readings in a row tell the same two pressures, at most."""
    pairs = cuff[["systolic", "diastolic"]]
    runs = pairs.ne(pairs.shift()).any(axis="columns").cumsum()
    return int(runs.value_counts().max()) if len(runs) else 0
