"""Published tables as columns over local time: what a chart is filled with.

Time is in milliseconds of the local clock, as the charts' axes have it, so that a reading lies on
its local date. Everything here is made once per generation; a visitor's range is a slice of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from adapters.dashboard.columns import (
    DAY_MS,
    MINUTE_MS,
    Column,
    Series,
    dates,
    empty,
    in_order,
    local_times,
    numbers,
    texts,
    with_gaps,
)
from dataflows.day_windows import EVENING, MORNING, Window
from dataflows.measurement import CUFF, is_cuffless

STAGES: Final = ("deep", "light", "rem", "unstaged", "awake")
MORNING_PART, EVENING_PART, OTHER_PART, CUFFLESS_PART = 0, 1, 2, 3

Open = Callable[[str], pa.Table]
Windows = tuple[Window, Window]


@dataclass(frozen=True)
class AllSeries:
    """Every series of a generation, by what one point is.

    Attributes:
        readings: A blood pressure reading.
        pressure_days: A local day's mean blood pressure.
        pressure_weeks: A week's quartiles of readings, and its morning and evening medians.
        heart_days: A local day of heart rate.
        heart_weeks: A week of such days.
        heart_hours: An hour of heart rate; empty where no output tells it.
        nights: A main sleep.
        night_weeks: A week of nights: means of its stages.
        regularity: The sleep regularity index; empty where no output tells it.
        notes: An annotation with its label.
    """

    readings: Series
    pressure_days: Series
    pressure_weeks: Series
    heart_days: Series
    heart_weeks: Series
    heart_hours: Series
    nights: Series
    night_weeks: Series
    regularity: Series
    notes: Series

    @property
    def has_weeks(self) -> bool:
        """Whether a range of years can be told by weeks; older generations have none."""
        return any(map(len, (self.pressure_weeks, self.heart_weeks, self.night_weeks)))

    @property
    def unknown(self) -> list[str]:
        """The signals of which there is nothing at all."""
        signals = {"blood pressure": self.readings, "heart rate": self.heart_days,
                   "sleep": self.nights}  # fmt: skip
        return [signal for signal, series in signals.items() if not len(series)]

    @property
    def bounds(self) -> tuple[int, int]:
        """The first day with any data, and the day after the last one."""
        found = [s["time"] for s in (self.readings, self.heart_days, self.nights) if len(s["time"])]
        if not found:
            return 0, DAY_MS
        first = min(float(times[0]) for times in found)
        last = max(float(times[-1]) for times in found)
        return int(first // DAY_MS * DAY_MS), int(last // DAY_MS * DAY_MS) + DAY_MS


def all_series(table: Open, windows: Windows = (MORNING, EVENING)) -> AllSeries:
    """The series of a generation, from its tables by name.

    Args:
        table: Opens an output.
        windows: Morning and evening.
    """
    days = table("daily_metrics")
    return AllSeries(
        readings=_readings(table("blood_pressure_readings"), windows),
        pressure_days=_pressure_days(table("blood_pressure_days"), days),
        pressure_weeks=_weeks(table("blood_pressure_weeks"), _PRESSURE_WEEKS),
        heart_days=_heart_days(days, table("heart_rate_days")),
        heart_weeks=_weeks(table("heart_rate_weeks"), _HEART_WEEKS),
        heart_hours=_heart_hours(table("heart_rate_hours")),
        nights=_nights(days),
        night_weeks=_night_weeks(table("sleep_weeks")),
        regularity=_regularity(table("sleep_regularity")),
        notes=_notes(table("annotations")),
    )


def part_of_day(times: Column, windows: Windows) -> Column:
    """Morning, evening or other, by the minute of the local clock."""
    minutes = times % DAY_MS // MINUTE_MS
    found = np.full(len(times), OTHER_PART)
    for part, window in zip((MORNING_PART, EVENING_PART), windows, strict=True):
        found[(minutes >= window.first) & (minutes <= window.last)] = part
    return found


_READING_COLUMNS: Final = ("time", "systolic", "diastolic", "pulse", "part", "row")


def _readings(table: pa.Table, windows: Windows) -> Series:
    if not table.num_rows:
        return empty(_READING_COLUMNS)
    times = local_times(table)
    part = np.where(is_cuffless(table), CUFFLESS_PART, part_of_day(times, windows))
    return in_order(
        {
            "time": times,
            "systolic": numbers(table, "systolic_mmhg"),
            "diastolic": numbers(table, "diastolic_mmhg"),
            "pulse": numbers(table, "pulse_bpm"),
            "part": part,
            "row": np.arange(table.num_rows),
        }
    )


def by_cuff(readings: Series) -> Series:
    """The readings that averages and shares are made of: none is a watch's estimate."""
    return readings.where(readings["part"] != CUFFLESS_PART)


def _pressure_days(told: pa.Table, metrics: pa.Table) -> Series:
    """Daily means by cuff; of all readings where no output tells the two apart."""
    names = ("time", "systolic", "diastolic")
    days = metrics
    if told.num_rows:
        days = told.filter(pc.equal(told["measurement"].cast(pa.string()), CUFF))
    if not days.num_rows:
        return empty(names)
    found = Series(
        {
            "time": dates(days) + DAY_MS / 2,
            "systolic": numbers(days, "systolic_mean_mmhg"),
            "diastolic": numbers(days, "diastolic_mean_mmhg"),
        }
    )
    found = found.where(~np.isnan(found["systolic"]))
    return with_gaps(found, DAY_MS * 1.5, *names[1:])


_PRESSURE_WEEKS: Final = {"count": "reading_count"} | {
    f"{which}_{name}": f"{which}_{figure}_mmhg"
    for which in ("systolic", "diastolic")
    for name, figure in {
        "lower": "lower_quartile", "median": "median", "upper": "upper_quartile",
        "morning": "morning_median", "evening": "evening_median", "cuffless": "cuffless_median",
    }.items()
}  # fmt: skip
_HEART_WEEKS: Final = {
    "low": "heart_rate_min_median_bpm",
    "lower": "heart_rate_mean_lower_quartile_bpm",
    "mean": "heart_rate_mean_median_bpm",
    "upper": "heart_rate_mean_upper_quartile_bpm",
    "high": "heart_rate_max_median_bpm",
    "resting": "resting_heart_rate_median_bpm",
    "count": "day_count",
}


def _weeks(table: pa.Table, columns: Mapping[str, str]) -> Series:
    """The weeks of an output, under the names of the charts."""
    if not table.num_rows:
        return empty(["time", "end", *columns])
    start = dates(table, "period_start")
    told = {name: numbers(table, column) for name, column in columns.items()}
    return Series({"time": start, "end": start + 7 * DAY_MS, **told})


def _night_weeks(table: pa.Table) -> Series:
    names = {stage: f"sleep_{stage}_mean_minutes" for stage in (*STAGES, "asleep")}
    found = _weeks(table, {**names, "efficiency": "sleep_efficiency_mean_ratio"})
    hours = {name: found[name] / 60 for name in names}
    hours |= {stage: np.nan_to_num(hours[stage]) for stage in STAGES}
    return Series({**found.columns, **hours, "efficiency": found["efficiency"] * 100})


def _heart_days(days: pa.Table, told: pa.Table) -> Series:
    """A day's extremes, quartiles and mean; quartiles only where an output tells them."""
    if not days.num_rows:
        return empty(["time", "end", *_HEART_WEEKS, "method"])
    found = Series(
        {
            "time": dates(days),
            "end": dates(days) + DAY_MS,
            "low": numbers(days, "heart_rate_min_bpm"),
            "mean": numbers(days, "heart_rate_mean_bpm"),
            "high": numbers(days, "heart_rate_max_bpm"),
            "resting": numbers(days, "resting_heart_rate_bpm"),
            "count": numbers(days, "heart_rate_sample_count"),
            "method": texts(days, "resting_heart_rate_method"),
            **_quartiles(days, told),
        }
    )
    return found.where(~(np.isnan(found["mean"]) & np.isnan(found["resting"])))


def _quartiles(days: pa.Table, told: pa.Table) -> dict[str, Column]:
    pairs = {"lower": "heart_rate_25th_bpm", "upper": "heart_rate_75th_bpm"}
    if not told.num_rows or not set(pairs.values()) <= set(told.column_names):
        return {name: np.full(days.num_rows, np.nan) for name in pairs}
    indexed = pd.DataFrame(
        {name: numbers(told, column) for name, column in pairs.items()}, index=dates(told)
    )
    aligned = indexed.reindex(dates(days))
    return {name: aligned[name].to_numpy() for name in pairs}


def _heart_hours(hours: pa.Table) -> Series:
    names = ("time", "end", "low", "mean", "high", "count")
    if not hours.num_rows:
        return empty(names)
    times = local_times(hours, "hour_start_utc")
    return in_order(
        {
            "time": times,
            "end": times + 60 * MINUTE_MS,
            "low": numbers(hours, "heart_rate_min_bpm"),
            "mean": numbers(hours, "heart_rate_mean_bpm"),
            "high": numbers(hours, "heart_rate_max_bpm"),
            "count": numbers(hours, "sample_count"),
        }
    )


def _nights(days: pa.Table) -> Series:
    if not days.num_rows:
        return empty(["time", "end", *STAGES, "asleep", "efficiency"])
    told = {stage: numbers(days, f"sleep_{stage}_minutes") / 60 for stage in STAGES}
    asleep = numbers(days, "sleep_asleep_minutes") / 60
    staged = sum(np.nan_to_num(told[stage]) for stage in ("deep", "light", "rem"))
    told["unstaged"] = np.maximum(asleep - staged, 0)
    found = Series(
        {
            "time": dates(days),
            "end": dates(days) + DAY_MS,
            **told,
            "asleep": asleep,
            "efficiency": numbers(days, "sleep_efficiency_ratio") * 100,
        }
    )
    return found.where(~np.isnan(found["asleep"]))


REGULARITY_DAYS: Final = 28


def _regularity(table: pa.Table) -> Series:
    if not table.num_rows:
        return empty(["time", "value"])
    window = numbers(table, "window_days")
    shown = REGULARITY_DAYS if REGULARITY_DAYS in window else np.nanmin(window)
    found = Series(
        {
            "time": dates(table, "period_end") + DAY_MS / 2,
            "value": numbers(table, "regularity_index"),
        }
    )
    found = found.where((window == shown) & ~np.isnan(found["value"]))
    return in_order(found.columns)


def _notes(table: pa.Table) -> Series:
    if not table.num_rows:
        return empty(["time", "end", "label", "kind"])
    start = dates(table, "start_date")
    end = pc.coalesce(table["end_date"], table["start_date"]).cast(pa.int32()).to_numpy()
    return in_order(
        {
            "time": start,
            "end": end.astype(float) * DAY_MS + DAY_MS,
            "label": texts(table, "label"),
            "kind": texts(table, "kind"),
        }
    )


def stages_of(rows: pa.Table) -> Series:
    """The stages of sleeps from their beginning to their end; a time in bed alone is none."""
    if not rows.num_rows:
        return empty(["time", "end", "stage"])
    found = rows.filter(pc.not_equal(rows["stage"].cast(pa.string()), "in_bed"))
    stages = np.where(texts(found, "stage") == "asleep", "unstaged", texts(found, "stage"))
    times = {"time": local_times(found), "end": local_times(found, "end_utc")}
    return in_order({**times, "stage": stages})


def samples_of(rows: pa.Table) -> Series:
    """Heart rate samples; vendors' resting values are none."""
    if not rows.num_rows:
        return empty(["time", "value"])
    counted = rows.filter(pc.not_equal(rows["kind"].cast(pa.string()), "resting"))
    return in_order({"time": local_times(counted), "value": numbers(counted, "heart_rate_bpm")})
