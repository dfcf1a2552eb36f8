"""Contracts of the tables of heart rate by day and by hour."""

from typing import Final

import pandera.pandas as pandera

from dataflows import clinical
from dataflows.clinical import Limits
from dataflows.contracts import Contract
from dataflows.heart_rate_days import DAYS
from dataflows.heart_rate_figures import PERCENTILES, ZONES
from dataflows.heart_rate_hours import HOURS
from dataflows.schemas import HEART_RATE_BASES


def _inside(limits: Limits) -> pandera.Column:
    """A column whose values lie between two bounds, or are missing."""
    check = pandera.Check.in_range(
        limits.low,
        limits.high,
        name="out_of_range",
        error=f"outside {limits.low:g} to {limits.high:g}",
    )
    return pandera.Column(None, check, nullable=True)


_ASCENDING: Final = pandera.Column(
    None,
    pandera.Check(
        lambda dates: dates.is_monotonic_increasing and dates.is_unique,
        name="ascending_and_unique",
        error="days are not ascending and unique",
    ),
)
_RATES: Final = ("heart_rate_min_bpm", "heart_rate_mean_bpm", "heart_rate_max_bpm")
# The day on which the clocks go back has 25 hours; a journey west can make one longer still.
_LONGEST_DAY: Final = Limits(0, 2 * 1440)

HEART_RATE_DAYS: Final = Contract(
    pandera.DataFrameSchema(
        {
            "local_date": _ASCENDING,
            **{
                name: _inside(clinical.HEART_RATE_HARD_BPM)
                for name in (*_RATES, *PERCENTILES, "night_minimum_bpm")
            },
            **{name: _inside(_LONGEST_DAY) for name in ("coverage_minutes", *ZONES)},
            "resting_heart_rate_bpm": _inside(clinical.RESTING_HEART_RATE_HARD_BPM),
            "heart_rate_basis": pandera.Column(
                None, pandera.Check.isin(HEART_RATE_BASES, name="known_value"), nullable=True
            ),
        },
        name="heart_rate_days",
    ),
    DAYS,
)
HEART_RATE_HOURS: Final = Contract(
    pandera.DataFrameSchema(
        {
            **{name: _inside(clinical.HEART_RATE_HARD_BPM) for name in _RATES},
            "coverage_minutes": _inside(Limits(0, 60)),
        },
        name="heart_rate_hours",
    ),
    HOURS,
)
