"""What is looked at."""

import pandas as pd


def daily_table(
    daily_means: pd.DataFrame,
    daily_extremes: pd.DataFrame,
    daily_counts: pd.DataFrame,
    resting_rates: pd.DataFrame,
) -> pd.DataFrame:
    """All that is known about a day."""
    table = daily_means
    for more in (daily_extremes, daily_counts, resting_rates):
        table = table.merge(more, on="day")
    return table


def weekly_table(daily_table: pd.DataFrame) -> pd.DataFrame:
    """Means of a week's days."""
    return daily_table.groupby((daily_table["day"] // 7).rename("week")).mean().reset_index()


def books(weekly_table: pd.DataFrame, rejected_readings: pd.DataFrame) -> pd.DataFrame:
    """How many weeks there are, and how many rows were rejected."""
    return pd.DataFrame({"weeks": [len(weekly_table)], "rejected": [len(rejected_readings)]})
