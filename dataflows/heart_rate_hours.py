"""Bands of heart rate by the hour of the wall clock."""

from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import records
from dataflows.clocks import MINUTE
from dataflows.daily_sums import SCALE
from dataflows.heart_rate_groups import DaySamples

HOURS: Final = pa.schema(
    [
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("hour_start_utc", records.INSTANT, nullable=False),
        pa.field("utc_offset_minutes", pa.int16(), nullable=False),
        pa.field("sample_count", pa.int32(), nullable=False),
        pa.field("coverage_minutes", pa.int32(), nullable=False),
        pa.field("heart_rate_min_bpm", pa.float64(), nullable=False),
        pa.field("heart_rate_mean_bpm", pa.float64(), nullable=False),
        pa.field("heart_rate_max_bpm", pa.float64(), nullable=False),
    ]
)
_KEYS: Final = ["local_date", "hour", "offset"]


def hours_of(days: DaySamples) -> pa.Table:
    """The lowest, mean and highest heart rate of each hour that has a sample.

    An hour is one of the wall clock; where the clocks go back, it comes twice, under two offsets.

    Args:
        days: The samples, without vendors' resting heart rates.

    Shape: `HOURS`, ascending.
    """
    if not len(days.starts):
        return HOURS.empty_table()
    hours = days.walls // 60 * 60 - days.offsets
    runs = _runs(days, hours)
    found = pd.DataFrame(
        {
            "local_date": days.dates.view(pa.int32()).to_numpy()[days.days[runs]],
            "hour": hours[runs],
            "offset": days.offsets[runs],
            "count": np.diff(np.append(runs, len(hours))),
            "coverage": _coverage(days, hours, runs),
            "low": np.minimum.reduceat(days.values, runs),
            "sum": np.add.reduceat(days.values, runs),
            "high": np.maximum.reduceat(days.values, runs),
        }
    )
    sums = dict.fromkeys(["count", "coverage", "sum"], "sum") | {"low": "min", "high": "max"}
    return _table(found.groupby(_KEYS, as_index=False).agg(sums))


def _runs(days: DaySamples, hours: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the samples of another hour begin, or of the same under another offset."""
    changes = (hours[1:] != hours[:-1]) | (days.offsets[1:] != days.offsets[:-1])
    changes |= days.days[1:] != days.days[:-1]
    return np.concatenate(([0], np.flatnonzero(changes) + 1))


def _coverage(
    days: DaySamples, hours: NDArray[np.int64], runs: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Minutes worn in each run; those beyond the end of an hour count for the next sample's."""
    beyond = np.maximum(days.minutes + days.worn_minutes - hours - 60, 0)
    inside = np.add.reduceat(days.worn_minutes - beyond, runs)
    rows = np.flatnonzero(beyond)
    following = np.searchsorted(runs, rows + 1, side="right") - 1
    np.add.at(inside, following, beyond[rows])
    return inside


def _table(found: pd.DataFrame) -> pa.Table:
    columns: dict[str, Any] = {
        "local_date": pa.array(found["local_date"].to_numpy(np.int32)).cast(pa.date32()),
        "hour_start_utc": pa.array(found["hour"].to_numpy() * MINUTE).cast(records.INSTANT),
        "utc_offset_minutes": found["offset"].to_numpy(np.int16),
        "sample_count": found["count"],
        "coverage_minutes": found["coverage"],
        "heart_rate_min_bpm": found["low"] / SCALE,
        "heart_rate_mean_bpm": found["sum"] / (found["count"] * SCALE),
        "heart_rate_max_bpm": found["high"] / SCALE,
    }
    return records.table_from_columns(HOURS, columns, len(found))
