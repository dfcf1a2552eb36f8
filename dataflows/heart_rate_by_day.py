"""Heart rate by local day and hour, year by year in parallel, so that a new file costs its years.

What is made of a day's samples is in `heart_rate_figures`, of an hour's in `heart_rate_hours`, and
how years come together in `heart_rate_days`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
from hamilton.function_modifiers import tag
from hamilton.htypes import Collect, Parallelizable

from dataflows import contracts, heart_rate_schemas
from dataflows.heart_rate_days import days_of_year, days_of_years, hours_of_years

_DAILY: Final = {
    "local_date": "local_date",
    "heart_rate_mean_bpm": "heart_rate_mean_bpm",
    "heart_rate_min_bpm": "heart_rate_min_bpm",
    "heart_rate_max_bpm": "heart_rate_max_bpm",
    "sample_count": "heart_rate_sample_count",
    "heart_rate_basis": "heart_rate_basis",
    "resting_heart_rate_bpm": "resting_heart_rate_bpm",
    "resting_heart_rate_method": "resting_heart_rate_method",
}


@tag(stage="merge")
def heart_rate_year_samples(
    heart_rate_samples: Sequence[Mapping[str, pa.Table]],
) -> Parallelizable[Mapping[str, pa.Table]]:
    """The samples of one UTC year.

    Shape: `records` (`records.HEART_RATE_SAMPLES`).

    Units: beats per minute.
    """
    yield from heart_rate_samples


@tag(stage="merge")
def heart_rate_year_days(
    heart_rate_year_samples: Mapping[str, pa.Table], birth_year: int | None
) -> dict[str, Any]:
    """Figures of the local days and hours of one UTC year, and the samples needed beside them.

    Shape: as `heart_rate_days.days_of_year`: only of days that no other year can have samples of;
    `loose` are the samples of the other days and the resting heart rates.

    Units: beats per minute; minutes.

    Source: `clinical.REST_WINDOW_MINUTES`, `heart_rate_zones`.
    """
    return days_of_year(heart_rate_year_samples["records"], birth_year)


@tag(stage="merge")
def heart_rate_years_days(heart_rate_year_days: Collect[dict[str, Any]]) -> list[dict[str, Any]]:
    """Figures of the local days and hours of each UTC year, in the order of the years.

    Units: beats per minute; minutes.
    """
    return list(heart_rate_year_days)


@tag(stage="merge", rows_by="local_date")
def heart_rate_days(
    heart_rate_years_days: Sequence[Mapping[str, Any]],
    heart_rate_summaries: pa.Table,
    birth_year: int | None,
) -> pa.Table:
    """Figures of each local day, from its samples or else from a vendor's summary.

    The resting heart rate is the vendor's own; else the lowest mean of 30 minutes; else, of sparse
    samples, the 5th percentile of the night; else null, and never the day's minimum. Its method
    stands beside it: values of two methods are two series.
    Coverage is how long the device was worn; zones of effort need the year of birth.

    Shape: `heart_rate_days.DAYS`, one row for each local date with a sample, a resting heart rate
    or a summary, ascending. A summary gives lowest, highest and mean alone.

    Units: beats per minute; minutes.

    Source: `clinical.REST_WINDOW_MINUTES`, `heart_rate_groups.WORN_GAP_MINUTES`,
    `heart_rate_figures`, `heart_rate_zones`.
    """
    days = days_of_years(heart_rate_years_days, heart_rate_summaries, birth_year)
    return contracts.checked(days, heart_rate_schemas.HEART_RATE_DAYS)


@tag(stage="merge", rows_by="local_date")
def heart_rate_hours(
    heart_rate_years_days: Sequence[Mapping[str, Any]],
) -> list[Mapping[str, pa.Table]]:
    """The lowest, mean and highest heart rate of each hour of the wall clock that has a sample.

    Shape: mappings that hold `records` (`heart_rate_hours.HOURS`), one after the other ascending:
    those of each UTC year, and between them those of the days that two years share.

    Units: beats per minute; minutes.

    Source: `heart_rate_groups.WORN_GAP_MINUTES`.
    """
    return hours_of_years(heart_rate_years_days)


@tag(stage="merge")
def heart_rate_daily(heart_rate_days: pa.Table) -> pa.Table:
    """What the daily metrics tell of each day's heart rate.

    Shape: one row for each of `heart_rate_days`.

    Units: beats per minute.
    """
    return heart_rate_days.select(list(_DAILY)).rename_columns(list(_DAILY.values()))
