"""Columns and contracts of the tables of nights and of their regularity."""

from typing import Final

import pandera.pandas as pandera
import pyarrow as pa

from dataflows import clinical, records
from dataflows.contracts import Contract

NIGHTS: Final = pa.schema(
    [
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("night_of", pa.date32(), nullable=False),
        pa.field("source", records.TEXT, nullable=False),
        pa.field("start_utc", records.INSTANT, nullable=False),
        pa.field("end_utc", records.INSTANT, nullable=False),
        pa.field("utc_offset_minutes", pa.int16(), nullable=False),
        pa.field("asleep_minutes", pa.float64()),
        pa.field("deep_minutes", pa.float64()),
        pa.field("light_minutes", pa.float64()),
        pa.field("rem_minutes", pa.float64()),
        pa.field("awake_minutes", pa.float64()),
        pa.field("in_bed_minutes", pa.float64()),
        pa.field("efficiency_ratio", pa.float64()),
        pa.field("latency_minutes", pa.float64()),
        pa.field("awakening_count", pa.int32()),
        pa.field("long_awakening_count", pa.int32()),
        pa.field("waso_minutes", pa.float64()),
        pa.field("midpoint_local_minutes", pa.float64(), nullable=False),
        pa.field("part_count", pa.int32(), nullable=False),
        pa.field("pause_minutes", pa.float64(), nullable=False),
        pa.field("nap_count", pa.int32(), nullable=False),
        pa.field("nap_asleep_minutes", pa.float64()),
    ]
)
REGULARITY: Final = pa.schema(
    [
        pa.field("period_start", pa.date32(), nullable=False),
        pa.field("period_end", pa.date32(), nullable=False),
        pa.field("window_days", pa.int32(), nullable=False),
        pa.field("night_count", pa.int32(), nullable=False),
        pa.field("valid_pair_share", pa.float64(), nullable=False),
        pa.field("regularity_index", pa.float64()),
        pa.field("midpoint_mean_local_minutes", pa.float64()),
        pa.field("midpoint_sd_minutes", pa.float64()),
    ]
)


def _between(low: float, high: float) -> pandera.Column:
    """A column whose values lie between two bounds, or are missing."""
    check = pandera.Check.in_range(
        low, high, name="out_of_range", error=f"outside {low:g} to {high:g}"
    )
    return pandera.Column(None, check, nullable=True)


def _day_of_minutes() -> pandera.Column:
    check = pandera.Check(
        lambda minutes: (minutes >= 0) & (minutes < clinical.SLEEP_HARD_MINUTES.high),
        name="out_of_range",
        error="no time of day",
    )
    return pandera.Column(None, check, nullable=True)


_MINUTES: Final = (
    "asleep_minutes",
    "deep_minutes",
    "light_minutes",
    "rem_minutes",
    "awake_minutes",
    "in_bed_minutes",
    "latency_minutes",
    "waso_minutes",
    "pause_minutes",
)

SLEEP_NIGHTS: Final = Contract(
    pandera.DataFrameSchema(
        {
            "local_date": pandera.Column(
                None,
                pandera.Check(
                    lambda dates: dates.is_monotonic_increasing and dates.is_unique,
                    name="ascending_and_unique",
                    error="nights are not ascending and unique",
                ),
            ),
            **{
                name: _between(clinical.SLEEP_HARD_MINUTES.low, clinical.SLEEP_HARD_MINUTES.high)
                for name in _MINUTES
            },
            "efficiency_ratio": _between(0, 1),
            "midpoint_local_minutes": _day_of_minutes(),
        },
        name="sleep_nights",
    ),
    NIGHTS,
)
SLEEP_REGULARITY: Final = Contract(
    pandera.DataFrameSchema(
        {
            "valid_pair_share": _between(0, 1),
            "regularity_index": _between(-100, 100),
            "midpoint_mean_local_minutes": _day_of_minutes(),
        },
        name="sleep_regularity",
    ),
    REGULARITY,
)
