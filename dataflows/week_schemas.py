"""Contracts of the tables that sum up weeks."""

from typing import Final

import pandera.pandas as pandera
import pyarrow as pa

from dataflows import clinical
from dataflows.clinical import Limits
from dataflows.contracts import Contract

PRESSURES: Final = ("systolic", "diastolic")
FIGURES: Final = (
    "lower_quartile", "median", "upper_quartile", "morning_median", "evening_median",
    "cuffless_median",
)  # fmt: skip
STAGES: Final = ("asleep", "deep", "light", "rem", "unstaged", "awake")
_WEEK: Final = (
    pa.field("period_start", pa.date32(), nullable=False),
    pa.field("period_end", pa.date32(), nullable=False),
)


def _counts(*names: str) -> list[pa.Field]:
    return [pa.field(name, pa.int32(), nullable=False) for name in names]


def _figures(*names: str) -> list[pa.Field]:
    return [pa.field(name, pa.float64()) for name in names]


def _contract(name: str, columns: pa.Schema, limits: dict[str, Limits]) -> Contract:
    """Weeks that ascend, and figures within their limits or missing."""
    checks = {
        column: pandera.Column(
            None,
            pandera.Check.in_range(found.low, found.high, name="out_of_range"),
            nullable=True,
        )
        for column, found in limits.items()
    }
    ascending = pandera.Check(
        lambda dates: dates.is_monotonic_increasing and dates.is_unique,
        name="ascending_and_unique",
        error="weeks are not ascending and unique",
    )
    schema = {"period_start": pandera.Column(None, ascending), **checks}
    return Contract(pandera.DataFrameSchema(schema, name=name), columns)


_SYSTOLIC: Final = [f"systolic_{figure}_mmhg" for figure in FIGURES]
_DIASTOLIC: Final = [f"diastolic_{figure}_mmhg" for figure in FIGURES]
PRESSURE_COLUMNS: Final = pa.schema(
    [
        *_WEEK,
        *_counts("reading_count", "cuffless_reading_count"),
        *_figures(*_SYSTOLIC, *_DIASTOLIC),
    ]
)
BLOOD_PRESSURE_WEEKS: Final = _contract(
    "blood_pressure_weeks",
    PRESSURE_COLUMNS,
    dict.fromkeys(_SYSTOLIC, clinical.SYSTOLIC_HARD_MMHG)
    | dict.fromkeys(_DIASTOLIC, clinical.DIASTOLIC_HARD_MMHG),
)

_RATES: Final = (
    "heart_rate_min_median_bpm", "heart_rate_mean_lower_quartile_bpm",
    "heart_rate_mean_median_bpm", "heart_rate_mean_upper_quartile_bpm",
    "heart_rate_max_median_bpm",
)  # fmt: skip
RATE_COLUMNS: Final = pa.schema(
    [*_WEEK, *_counts("day_count"), *_figures(*_RATES, "resting_heart_rate_median_bpm")]
)
HEART_RATE_WEEKS: Final = _contract(
    "heart_rate_weeks",
    RATE_COLUMNS,
    dict.fromkeys(_RATES, clinical.HEART_RATE_HARD_BPM)
    | {"resting_heart_rate_median_bpm": clinical.RESTING_HEART_RATE_HARD_BPM},
)

_MINUTES: Final = [f"sleep_{stage}_mean_minutes" for stage in STAGES]
SLEEP_COLUMNS: Final = pa.schema(
    [*_WEEK, *_counts("night_count"), *_figures(*_MINUTES, "sleep_efficiency_mean_ratio")]
)
SLEEP_WEEKS: Final = _contract(
    "sleep_weeks",
    SLEEP_COLUMNS,
    dict.fromkeys(_MINUTES, Limits(0, 2 * 1440)) | {"sleep_efficiency_mean_ratio": Limits(0, 1)},
)
