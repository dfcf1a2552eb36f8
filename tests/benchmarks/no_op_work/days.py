"""Sums of hours and days."""

import pandas as pd

HOUR, DAY = 3_600, 86_400


def hourly_means(samples: pd.DataFrame) -> pd.DataFrame:
    """Mean heart rate of an hour."""
    hours = samples["second"] // HOUR
    return samples.groupby(hours.rename("hour"))["bpm"].mean().reset_index()


def daily_means(samples: pd.DataFrame) -> pd.DataFrame:
    """Mean heart rate of a day."""
    return _by_day(samples).mean().rename("mean_bpm").reset_index()


def daily_extremes(samples: pd.DataFrame) -> pd.DataFrame:
    """Lowest and highest heart rate of a day."""
    return _by_day(samples).agg(["min", "max"]).reset_index()


def daily_counts(samples: pd.DataFrame) -> pd.DataFrame:
    """Samples of a day."""
    return _by_day(samples).size().rename("samples").reset_index()


def resting_rates(hourly_means: pd.DataFrame) -> pd.DataFrame:
    """Lowest hour of a day."""
    days = hourly_means["hour"] * HOUR // DAY
    return hourly_means.groupby(days.rename("day"))["bpm"].min().rename("resting").reset_index()


def _by_day(samples: pd.DataFrame) -> "pd.api.typing.SeriesGroupBy":
    return samples.groupby((samples["second"] // DAY).rename("day"))["bpm"]
