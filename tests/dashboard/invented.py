"""A person whose days are all alike, as published tables in memory."""

import numpy as np
import pandas as pd
import pyarrow as pa

from adapters.dashboard.published import Facts, Published, within_dates
from dataflows import weeks

WINDOWS = {"morning": "04:00-11:59", "evening": "17:00-23:59"}
START = pd.Timestamp("2026-01-01")


class TablesInMemory:
    """Outputs that are there already."""

    def __init__(self, tables):
        self._tables = tables

    def table(self, name):
        """All rows of an output."""
        return self._tables[name]

    def between(self, name, first, last):
        """The rows of an output with a local date from the first to the last."""
        return within_dates(self.table(name), first, last)


def coded(values) -> pa.Array:
    """Texts as published tables hold them."""
    return pa.array(values, pa.string()).dictionary_encode()


def published(days: int, **more) -> Published:
    """A person with three readings, a heart rate and a night each day, but for every tenth."""
    dates = [day for day in pd.date_range(START, periods=days) if day.day % 10]
    times = [day + pd.Timedelta(hours=hour) for day in dates for hour in (7, 13, 20)]
    readings = pa.table(
        {
            "local_date": pa.array([time.date() for time in times]),
            "start_utc": pa.array(times, pa.timestamp("us", "UTC")),
            "utc_offset_minutes": pa.array([0] * len(times), pa.int16()),
            "systolic_mmhg": np.tile([120.0, 130.0, 140.0], len(dates)),
            "diastolic_mmhg": np.tile([70.0, 80.0, 90.0], len(dates)),
            "pulse_bpm": np.full(len(times), 60.0),
            "source": coded(["blood_pressure_sheet"] * len(times)),
            "flags": coded([None] * len(times)),
        }
    )
    numbers = {
        "systolic_mean_mmhg": 130.0, "diastolic_mean_mmhg": 80.0,
        "blood_pressure_reading_count": 3.0, "heart_rate_min_bpm": 50.0,
        "heart_rate_mean_bpm": 70.0, "heart_rate_max_bpm": 120.0, "resting_heart_rate_bpm": 55.0,
        "heart_rate_sample_count": 900.0, "sleep_asleep_minutes": 450.0,
        "sleep_deep_minutes": 90.0, "sleep_light_minutes": 260.0, "sleep_rem_minutes": 100.0,
        "sleep_awake_minutes": 15.0, "sleep_efficiency_ratio": 0.97,
    }  # fmt: skip
    daily = pa.table(
        {
            "local_date": pa.array([day.date() for day in dates]),
            "resting_heart_rate_method": ["vendor:zepp"] * len(dates),
            **{name: [value] * len(dates) for name, value in numbers.items()},
        }
    )
    tables = {"blood_pressure_readings": readings, "daily_metrics": daily} | more
    summed_up = {
        "blood_pressure_weeks": weeks.blood_pressure_weeks(
            tables["blood_pressure_readings"], WINDOWS
        ),
        "heart_rate_weeks": weeks.heart_rate_weeks(tables["daily_metrics"]),
        "sleep_weeks": weeks.sleep_weeks(tables["daily_metrics"]),
    }
    tables = summed_up | tables
    return Published(Facts("demo", 1, "2026-06-30T00:00:00Z"), tables, TablesInMemory(tables))


def stages(*told) -> pa.Table:
    """Stages of the night to 2 January, each as its name, its beginning and its minutes."""
    starts = [pd.Timestamp(f"2026-01-{begun}") for _, begun, _ in told]
    ends = [
        start + pd.Timedelta(minutes=length)
        for start, (_, _, length) in zip(starts, told, strict=True)
    ]
    return pa.table(
        {
            "local_date": pa.array([START.date() + pd.Timedelta(days=1)] * len(told)),
            "start_utc": pa.array(starts, pa.timestamp("us", "UTC")),
            "end_utc": pa.array(ends, pa.timestamp("us", "UTC")),
            "utc_offset_minutes": pa.array([0] * len(told), pa.int16()),
            "stage": [stage for stage, _, _ in told],
        }
    )
