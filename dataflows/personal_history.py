"""What is usual for this person, and where it is going.

Every figure is of a window that ends with the day it is told for, so that the past stays as it was
told when new days come.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa
from hamilton.function_modifiers import tag

from dataflows import contracts, history_schemas, records
from dataflows.intervals import THEIL_SEN, theil_sen_slope
from dataflows.metric_series import Series, series_of
from dataflows.trailing_windows import (
    BASELINE_DAYS,
    Days,
    Window,
    dates,
    days_of,
    month_ends,
    windows,
    year_ends,
)

FEWEST_DAYS: Final = 7
"""Ours: the least number of days that a median and quartiles rest on."""

QUARTER_DAYS: Final = 90
YEAR_DAYS: Final = 365
FEWEST_TREND_DAYS: Final = 14
"""Ours: the least number of days with a value that a slope rests on."""

SHORTEST_SPAN: Final = 0.5
"""Ours: what share of the window lies at least between the first and the last of them."""

_SLOPE_DAYS: Final = 30


@tag(stage="merge", rows_by="local_date: period_start..period_end")
def baselines(blood_pressure_days: pa.Table, daily_metrics: pa.Table) -> pa.Table:
    """Median and quartiles of each daily figure over trailing windows of 28 and 60 days.

    Windows end with each month and with the last day of all. With fewer than `FEWEST_DAYS` days
    there is the count alone. Quartiles are interpolated linearly between neighbours.

    Shape: `history_schemas.BASELINE_COLUMNS`, by metric, basis, window and end.

    Units: that of the metric, as its name says; days.

    Source: `FEWEST_DAYS`; windows of `trailing_windows.BASELINE_DAYS`.
    """
    ends = month_ends(_all_days(blood_pressure_days, daily_metrics))
    rows = [
        {**_place(series, window), **_quartiles(series, window)}
        for series in series_of(blood_pressure_days, daily_metrics)
        for length in BASELINE_DAYS
        for window in windows(series.days, length, ends)
    ]
    table = records.table_from_rows(history_schemas.BASELINE_COLUMNS, rows)
    return contracts.checked(table, history_schemas.BASELINES)


@tag(stage="merge", rows_by="local_date: period_start..period_end")
def trends(blood_pressure_days: pa.Table, daily_metrics: pa.Table) -> pa.Table:
    """The slope of each daily figure over trailing windows of 90 and of 365 days.

    Those of 90 days end with each month, those of 365 with each year, and all with the last day.
    The slope is Theil and Sen's, with its 95 % interval; it is null with fewer than
    `FEWEST_TREND_DAYS` days, or where they lie in less than half of the window. The interval takes
    days for independent, which makes it too narrow. A slope is a description, and no forecast.

    Shape: `history_schemas.TREND_COLUMNS`, by metric, basis, window and end.

    Units: that of the metric, for each 30 days; days.

    Source: `intervals.theil_sen_slope`, `FEWEST_TREND_DAYS`, `SHORTEST_SPAN`.
    """
    days = _all_days(blood_pressure_days, daily_metrics)
    rows = [
        {**_place(series, window), **_slope(series, window), "method": THEIL_SEN}
        for series in series_of(blood_pressure_days, daily_metrics)
        for window in _trend_windows(series, days)
    ]
    table = records.table_from_rows(history_schemas.TREND_COLUMNS, rows)
    return contracts.checked(table, history_schemas.TRENDS)


def _all_days(*tables: pa.Table) -> Days:
    """The days of which any table tells, ascending."""
    return np.unique(np.concatenate([days_of(table["local_date"]) for table in tables]))


def _trend_windows(series: Series, days: Days) -> Iterator[Window]:
    yield from windows(series.days, QUARTER_DAYS, month_ends(days))
    yield from windows(series.days, YEAR_DAYS, year_ends(days))


def _place(series: Series, window: Window) -> dict[str, Any]:
    where = window.of(series.days)
    start, end = dates([window.first, window.last]).to_pylist()
    return {
        "metric": series.metric,
        "basis": series.basis,
        "period_start": start,
        "period_end": end,
        "window_days": window.length,
        "day_count": where.stop - where.start,
    }


def _quartiles(series: Series, window: Window) -> dict[str, float]:
    values = series.values[window.of(series.days)]
    if len(values) < FEWEST_DAYS:
        return {}
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    return {"median": median, "lower_quartile": lower, "upper_quartile": upper}


def _slope(series: Series, window: Window) -> dict[str, float]:
    where = window.of(series.days)
    days, values = series.days[where], series.values[where]
    if len(days) < FEWEST_TREND_DAYS or days[-1] - days[0] < SHORTEST_SPAN * window.length:
        return {}
    slope, lower, upper = theil_sen_slope(values, days)
    return {
        "slope_per_30_days": slope * _SLOPE_DAYS,
        "lower": lower * _SLOPE_DAYS,
        "upper": upper * _SLOPE_DAYS,
    }
