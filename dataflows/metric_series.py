"""The daily figures that are followed over time, each as a series of its days.

What was measured in another way is another series: readings without a cuff, a resting heart rate by
another method, a mean of a vendor's instead of samples. The way stands beside the metric as its
`basis`, and no figure is made of two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows.clocks import integers
from dataflows.trailing_windows import Days

PRESSURE_METRICS: Final = (
    "systolic_mean_mmhg",
    "diastolic_mean_mmhg",
    "pulse_mean_bpm",
    "systolic_morning_mean_mmhg",
    "diastolic_morning_mean_mmhg",
    "systolic_evening_mean_mmhg",
    "diastolic_evening_mean_mmhg",
    "systolic_morning_evening_difference_mmhg",
    "mean_arterial_pressure_mmhg",
    "pulse_pressure_mmhg",
)
DAILY_METRICS: Final = {
    "heart_rate_mean_bpm": "heart_rate_basis",
    "heart_rate_min_bpm": "heart_rate_basis",
    "heart_rate_max_bpm": "heart_rate_basis",
    "resting_heart_rate_bpm": "resting_heart_rate_method",
    "sleep_asleep_minutes": None,
    "sleep_deep_minutes": None,
    "sleep_light_minutes": None,
    "sleep_rem_minutes": None,
    "sleep_awake_minutes": None,
    "sleep_efficiency_ratio": None,
}
"""Metric -> the column that tells how it was measured, if any does."""


@dataclass(frozen=True)
class Series:
    """One metric measured in one way.

    Attributes:
        metric: Its name, with its unit last.
        basis: How it was measured; None where there is but one way.
        days: Days with a value, as days since 1970, ascending.
        values: Their values.
    """

    metric: str
    basis: str | None
    days: Days
    values: NDArray[np.float64]


def series_of(blood_pressure_days: pa.Table, daily_metrics: pa.Table) -> list[Series]:
    """Every series with a value, blood pressure first, in the order of the metrics and bases."""
    found = [
        series
        for metric in PRESSURE_METRICS
        for series in _by_basis(blood_pressure_days, metric, "measurement")
    ]
    for metric, basis in DAILY_METRICS.items():
        found += _by_basis(daily_metrics, metric, basis)
    return found


def _by_basis(table: pa.Table, metric: str, basis: str | None) -> Iterator[Series]:
    days, values = integers(table["local_date"]), table[metric].to_numpy()
    told = ~np.isnan(values)
    if basis is None:
        bases = np.full(table.num_rows, None, dtype=object)
    else:
        bases = np.array(table[basis].cast(pa.string()).to_pylist(), dtype=object)
    for name in sorted(set(bases[told]), key=str):
        of_basis = told & (bases == name)
        yield Series(metric, name, days[of_basis], values[of_basis])
