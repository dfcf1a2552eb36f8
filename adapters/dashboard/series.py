"""Published tables as columns over local time: what a chart is filled with.

Time is in milliseconds of the local clock, as the charts' axes have it, so that a reading lies on
its local date. Everything here is made once per generation; a visitor's range is a slice of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataflows.day_windows import EVENING, MORNING, Window

DAY_MS: Final = 86_400_000
MINUTE_MS: Final = 60_000
MORNING_PART, EVENING_PART, OTHER_PART = 0, 1, 2

Column = NDArray[Any]
Open = Callable[[str], pa.Table]
Windows = tuple[Window, Window]


@dataclass(frozen=True)
class Series:
    """Columns of equal length, ascending in `time`."""

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.columns["time"])

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def between(self, start: float, end: float) -> "Series":
        """The part whose time lies in [start, end)."""
        low, high = np.searchsorted(self["time"], [start, end])
        return Series({name: values[low:high] for name, values in self.columns.items()})

    def where(self, mask: Column) -> "Series":
        """The part for which a mask holds."""
        return Series({name: values[mask] for name, values in self.columns.items()})

    def data(self, *names: str, **renamed: str) -> dict[str, Column]:
        """Some columns, by their own name or as `new=old`."""
        wanted = dict(zip(names, names, strict=True)) | renamed
        return {new: self.columns[old] for new, old in wanted.items()}


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
    readings = _readings(table("blood_pressure_readings"), windows)
    days = table("daily_metrics")
    heart = _heart_days(days, table("heart_rate_days"))
    nights = _nights(days)
    return AllSeries(
        readings=readings,
        pressure_days=_pressure_days(days),
        pressure_weeks=_pressure_weeks(readings),
        heart_days=heart,
        heart_weeks=_heart_weeks(heart),
        heart_hours=_heart_hours(table("heart_rate_hours")),
        nights=nights,
        night_weeks=_night_weeks(nights),
        regularity=_regularity(table("sleep_regularity")),
        notes=_notes(table("annotations")),
    )


def local_times(table: pa.Table, column: str = "start_utc") -> Column:
    """An instant as milliseconds of the local clock."""
    utc = table[column].cast(pa.timestamp("ms", "UTC"), safe=False).cast(pa.int64())
    offset = pc.multiply(table["utc_offset_minutes"].cast(pa.int64()), MINUTE_MS)
    times: Column = pc.add(utc, offset).to_numpy().astype(float)
    return times


def dates(table: pa.Table, column: str = "local_date") -> Column:
    """A local date as milliseconds."""
    days: Column = table[column].cast(pa.int32()).to_numpy().astype(float) * DAY_MS
    return days


def numbers(table: pa.Table, column: str) -> Column:
    """A column as numbers, NaN where one is missing or the table has no such column."""
    if column not in table.column_names:
        return np.full(table.num_rows, np.nan)
    values: Column = table[column].cast(pa.float64()).to_numpy()
    return values


def texts(table: pa.Table, column: str) -> Column:
    """A column as texts, empty where one is missing."""
    if column not in table.column_names:
        return np.full(table.num_rows, "", dtype=object)
    values = table[column].cast(pa.string()).fill_null("")
    found: Column = values.to_numpy(zero_copy_only=False) if len(values) else np.array([], object)
    return found


def empty(names: Iterable[str]) -> Series:
    """A series without a point."""
    return Series({name: np.array([]) for name in names})


def part_of_day(times: Column, windows: Windows) -> Column:
    """Morning, evening or other, by the minute of the local clock."""
    minutes = times % DAY_MS // MINUTE_MS
    found = np.full(len(times), OTHER_PART)
    for part, window in zip((MORNING_PART, EVENING_PART), windows, strict=True):
        found[(minutes >= window.first) & (minutes <= window.last)] = part
    return found


def _sorted(columns: Mapping[str, Column]) -> Series:
    order = np.argsort(columns["time"], kind="stable")
    return Series({name: values[order] for name, values in columns.items()})


_READING_COLUMNS: Final = ("time", "systolic", "diastolic", "pulse", "part", "row")


def _readings(table: pa.Table, windows: Windows) -> Series:
    if not table.num_rows:
        return empty(_READING_COLUMNS)
    times = local_times(table)
    return _sorted(
        {
            "time": times,
            "systolic": numbers(table, "systolic_mmhg"),
            "diastolic": numbers(table, "diastolic_mmhg"),
            "pulse": numbers(table, "pulse_bpm"),
            "part": part_of_day(times, windows),
            "row": np.arange(table.num_rows),
        }
    )


def _with_gaps(series: Series, step: float, *names: str) -> Series:
    """An empty point within each gap, so that a line breaks there."""
    times = series["time"]
    breaks = np.nonzero(np.diff(times) > step)[0] + 1
    if not len(breaks):
        return series
    inserted = {name: np.insert(series[name].astype(float), breaks, np.nan) for name in names}
    return Series({"time": np.insert(times, breaks, times[breaks - 1] + 1), **inserted})


def _pressure_days(days: pa.Table) -> Series:
    names = ("time", "systolic", "diastolic", "count")
    if not days.num_rows:
        return empty(names)
    found = Series(
        {
            "time": dates(days) + DAY_MS / 2,
            "systolic": numbers(days, "systolic_mean_mmhg"),
            "diastolic": numbers(days, "diastolic_mean_mmhg"),
            "count": numbers(days, "blood_pressure_reading_count"),
        }
    )
    found = found.where(~np.isnan(found["systolic"]))
    return _with_gaps(found, DAY_MS * 1.5, *names[1:])


def _frame(series: Series, names: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame({name: series[name] for name in names})
    # 1970-01-05 was a Monday.
    frame["week"] = (frame["time"] // DAY_MS - 4) // 7 * 7 + 4
    return frame


def _pressure_weeks(readings: Series) -> Series:
    names = [
        f"{which}_{what}"
        for which in ("systolic", "diastolic")
        for what in ("lower", "median", "upper", "morning", "evening")
    ]
    if not len(readings):
        return empty(["time", "end", "count", *names])
    frame = _frame(readings, ["time", "systolic", "diastolic", "part"])
    weeks = frame.groupby("week")
    columns: dict[str, pd.Series[Any]] = {"count": weeks.size()}
    for which in ("systolic", "diastolic"):
        columns[f"{which}_lower"] = weeks[which].quantile(0.25)
        columns[f"{which}_median"] = weeks[which].median()
        columns[f"{which}_upper"] = weeks[which].quantile(0.75)
        for name, part in (("morning", MORNING_PART), ("evening", EVENING_PART)):
            of_part = frame[frame["part"] == part].groupby("week")[which].median()
            columns[f"{which}_{name}"] = of_part
    return _of_weeks(pd.DataFrame(columns))


def _of_weeks(frame: pd.DataFrame) -> Series:
    start = frame.index.to_numpy(dtype=float) * DAY_MS
    columns = {str(name): frame[name].to_numpy(dtype=float) for name in frame}
    return Series({"time": start, "end": start + 7 * DAY_MS, **columns})


_HEART_COLUMNS: Final = (
    "time", "end", "low", "lower", "mean", "upper", "high", "resting", "count",
)  # fmt: skip


def _heart_days(days: pa.Table, told: pa.Table) -> Series:
    """A day's extremes, quartiles and mean; quartiles only where an output tells them."""
    if not days.num_rows:
        return empty([*_HEART_COLUMNS, "method"])
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


def _heart_weeks(days: Series) -> Series:
    if not len(days):
        return empty(_HEART_COLUMNS)
    weeks = _frame(days, ["time", "low", "mean", "high", "resting"]).groupby("week")
    return _of_weeks(
        pd.DataFrame(
            {
                "low": weeks["low"].median(),
                "lower": weeks["mean"].quantile(0.25),
                "mean": weeks["mean"].median(),
                "upper": weeks["mean"].quantile(0.75),
                "high": weeks["high"].median(),
                "resting": weeks["resting"].median(),
                "count": weeks.size(),
            }
        )
    )


def _heart_hours(hours: pa.Table) -> Series:
    names = ("time", "end", "low", "mean", "high", "count")
    if not hours.num_rows:
        return empty(names)
    times = local_times(hours, "hour_start_utc")
    return _sorted(
        {
            "time": times,
            "end": times + 60 * MINUTE_MS,
            "low": numbers(hours, "heart_rate_min_bpm"),
            "mean": numbers(hours, "heart_rate_mean_bpm"),
            "high": numbers(hours, "heart_rate_max_bpm"),
            "count": numbers(hours, "sample_count"),
        }
    )


STAGES: Final = ("deep", "light", "rem", "awake")
_NIGHT_COLUMNS: Final = ("time", "end", *STAGES, "asleep", "efficiency")


def _nights(days: pa.Table) -> Series:
    if not days.num_rows:
        return empty(_NIGHT_COLUMNS)
    found = Series(
        {
            "time": dates(days),
            "end": dates(days) + DAY_MS,
            **{stage: numbers(days, f"sleep_{stage}_minutes") / 60 for stage in STAGES},
            "asleep": numbers(days, "sleep_asleep_minutes") / 60,
            "efficiency": numbers(days, "sleep_efficiency_ratio") * 100,
        }
    )
    return found.where(~np.isnan(found["asleep"]))


def _night_weeks(nights: Series) -> Series:
    if not len(nights):
        return empty(_NIGHT_COLUMNS)
    weeks = _frame(nights, ["time", *STAGES, "asleep", "efficiency"]).groupby("week")
    return _of_weeks(weeks[[*STAGES, "asleep", "efficiency"]].mean())


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
    return _sorted(found.columns)


def _notes(table: pa.Table) -> Series:
    if not table.num_rows:
        return empty(["time", "end", "label", "kind"])
    start = dates(table, "start_date")
    end = pc.coalesce(table["end_date"], table["start_date"]).cast(pa.int32()).to_numpy()
    return _sorted(
        {
            "time": start,
            "end": end.astype(float) * DAY_MS + DAY_MS,
            "label": texts(table, "label"),
            "kind": texts(table, "kind"),
        }
    )


def samples_of(rows: pa.Table) -> Series:
    """Heart rate samples; vendors' resting values are none."""
    if not rows.num_rows:
        return empty(["time", "value"])
    counted = rows.filter(pc.not_equal(rows["kind"].cast(pa.string()), "resting"))
    return _sorted({"time": local_times(counted), "value": numbers(counted, "heart_rate_bpm")})
