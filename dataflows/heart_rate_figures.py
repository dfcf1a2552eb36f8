"""Figures of a local day's heart rates, each from that day's samples alone."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import records
from dataflows.daily_sums import SCALE
from dataflows.heart_rate_groups import WORN_GAP_MINUTES, DaySamples
from dataflows.heart_rate_zones import ZONE_PERCENTS, zone_minutes
from dataflows.resting_heart_rate import lowest_means, night_percentile

NIGHT_HOURS: Final = 6
"""Ours: the hours after local midnight in which the lowest heart rate of the night is looked for.
That of the main sleep would make every day depend on all sleep of its year."""

PERCENTILES: Final = {
    "heart_rate_5th_bpm": 5,
    "heart_rate_25th_bpm": 25,
    "heart_rate_median_bpm": 50,
    "heart_rate_75th_bpm": 75,
    "heart_rate_95th_bpm": 95,
}
ZONES: Final = tuple(f"zone_{number}_minutes" for number in range(1, len(ZONE_PERCENTS) + 1))

FIGURES: Final = pa.schema(
    [
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("sample_count", pa.int32(), nullable=False),
        pa.field("coverage_minutes", pa.int32(), nullable=False),
        pa.field("heart_rate_min_bpm", pa.float64(), nullable=False),
        *(pa.field(name, pa.float64(), nullable=False) for name in PERCENTILES),
        pa.field("heart_rate_max_bpm", pa.float64(), nullable=False),
        pa.field("heart_rate_mean_bpm", pa.float64(), nullable=False),
        pa.field("night_minimum_bpm", pa.float64()),
        *(pa.field(name, pa.int32()) for name in ZONES),
        pa.field("lowest_mean_bpm", pa.float64()),
        pa.field("night_5th_bpm", pa.float64()),
    ]
)

# Heart rates in thousandths take less than 18 bits.
_VALUE_BITS: Final = 20


def figures(days: DaySamples, birth_year: int | None) -> pa.Table:
    """The figures of each local day.

    Args:
        days: The samples, without vendors' resting heart rates.
        birth_year: For the zones, which are null without it.

    Shape: `FIGURES`, by local date.
    """
    if not len(days.starts):
        return FIGURES.empty_table()
    lowest = lowest_means(days.instants, days.values, days.starts)
    columns: dict[str, Any] = {
        "local_date": days.dates,
        "sample_count": days.counts,
        "coverage_minutes": days.sums(days.worn_minutes),
        "heart_rate_min_bpm": np.minimum.reduceat(days.values, days.starts) / SCALE,
        **percentiles(days),
        "heart_rate_max_bpm": np.maximum.reduceat(days.values, days.starts) / SCALE,
        "heart_rate_mean_bpm": days.sums(days.values) / (days.counts * SCALE),
        "night_minimum_bpm": night_minimum(days) / SCALE,
        "lowest_mean_bpm": lowest / SCALE,
        "night_5th_bpm": night_percentiles(days, np.flatnonzero(np.isnan(lowest))) / SCALE,
    }
    zones = [None] * len(ZONES) if birth_year is None else zone_minutes(days, birth_year)
    columns |= dict(zip(ZONES, zones, strict=True))
    return records.table_from_columns(FIGURES, columns, len(days.starts))


def percentiles(days: DaySamples) -> dict[str, NDArray[np.float64]]:
    """Percentiles of the samples of each day, between two samples in proportion.

    Units: beats per minute.

    Source: the seventh definition of Hyndman and Fan, numpy's and R's usual one.
    """
    ordered = (days.days << _VALUE_BITS) + days.values
    ordered.sort()
    ordered &= (1 << _VALUE_BITS) - 1
    found = {}
    for name, percent in PERCENTILES.items():
        places, parts = np.divmod(percent * (days.counts - 1), 100)
        below = days.starts + places
        low, high = ordered[below], ordered[below + (parts > 0)]
        found[name] = (low * (100 - parts) + high * parts) / (100 * SCALE)
    return found


def is_night(walls: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether minutes of the wall clock lie in the `NIGHT_HOURS` after midnight."""
    night: NDArray[np.bool_] = walls - walls // 1440 * 1440 < NIGHT_HOURS * 60
    return night


def night_percentiles(days: DaySamples, wanted: NDArray[np.int64]) -> NDArray[np.float64]:
    """The 5th percentile of the nights of the wanted days, which are few.

    Units: thousandths of a beat per minute; NaN for other days, and where too little was measured.
    """
    found = np.full(len(days.starts), np.nan)
    for day in wanted.tolist():
        own = slice(int(days.starts[day]), int(days.starts[day] + days.counts[day]))
        night = is_night(days.walls[own])
        found[day] = night_percentile(days.values[own][night], days.minutes[own][night])
    return found


def night_minimum(days: DaySamples) -> NDArray[np.float64]:
    """The lowest median of three successive samples between midnight and `NIGHT_HOURS`.

    So one odd sample is never told as the lowest. No two of the three may be further apart than
    `WORN_GAP_MINUTES`.

    Units: thousandths of a beat per minute; NaN for a day without three such samples.
    """
    rows = np.flatnonzero(is_night(days.walls))
    first, second, third = (days.values[rows[place : len(rows) - 2 + place]] for place in range(3))
    low, high = np.minimum(first, second), np.maximum(first, second)
    medians = np.maximum(low, np.minimum(high, third))
    gaps = np.diff(days.minutes[rows])
    day = days.days[rows]
    near = (gaps[1:] <= WORN_GAP_MINUTES) & (gaps[:-1] <= WORN_GAP_MINUTES)
    near &= day[2:] == day[:-2]
    told, firsts = np.unique(day[2:][near], return_index=True)
    lowest = np.full(len(days.starts), np.nan)
    if len(told):
        lowest[told] = np.minimum.reduceat(medians[near], firsts)
    return lowest
