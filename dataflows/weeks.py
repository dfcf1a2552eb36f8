"""Weeks from Monday to Sunday: what a range of years shows, of which days would be a smear."""

from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from hamilton.function_modifiers import tag
from numpy.typing import NDArray

from dataflows import contracts, records, week_schemas
from dataflows.clocks import integers
from dataflows.daily_sums import SCALE
from dataflows.readings_by_part import PARTS, readings_frame
from dataflows.week_schemas import PRESSURES, STAGES

_DAYS: Final = 7
_MONDAY: Final = 4  # 1970-01-05, the fifth day since 1970, was one
_STAGED: Final = ["deep", "light", "rem"]


@tag(stage="merge", rows_by="local_date: period_start..period_end")
def blood_pressure_weeks(
    blood_pressure_readings: pa.Table, day_windows: dict[str, str]
) -> pa.Table:
    """Quartiles of a week's cuff readings, medians of those of mornings and evenings.

    Readings without a cuff have a median of their own and enter no other figure.

    Shape: `week_schemas.PRESSURE_COLUMNS`, one row for each week with a reading, ascending.

    Units: mmHg; readings.
    """
    frame = readings_frame(blood_pressure_readings, day_windows)
    frame[[*PRESSURES]] /= SCALE
    frame["week"] = _weeks(frame["day"].to_numpy())
    cuffless = frame[frame["cuffless"]].groupby("week")
    cuff = frame[~frame["cuffless"]]
    columns = {
        "reading_count": cuff.groupby("week").size(),
        "cuffless_reading_count": cuffless.size(),
    }
    parts = {part: cuff[cuff[part]].groupby("week") for part in PARTS} | {"cuffless": cuffless}
    for which in PRESSURES:
        columns |= _quartiles(f"{which}_{{}}_mmhg", cuff.groupby("week")[which])
        for part, readings in parts.items():
            columns[f"{which}_{part}_median_mmhg"] = readings[which].median()
    counts = dict.fromkeys(["reading_count", "cuffless_reading_count"], 0)
    table = _table(week_schemas.PRESSURE_COLUMNS, pd.DataFrame(columns).fillna(counts))
    return contracts.checked(table, week_schemas.BLOOD_PRESSURE_WEEKS)


@tag(stage="merge", rows_by="local_date: period_start..period_end")
def heart_rate_weeks(daily_metrics: pa.Table) -> pa.Table:
    """Medians of a week's daily lowest, highest and resting heart rates, quartiles of its means.

    Shape: `week_schemas.RATE_COLUMNS`, one row for each week with a heart rate, ascending.

    Units: beats per minute; days.
    """
    low, mean, high = (f"heart_rate_{figure}_bpm" for figure in ("min", "mean", "max"))
    frame = _days(daily_metrics, [low, mean, high, "resting_heart_rate_bpm"])
    weeks = frame.dropna(subset=[mean, "resting_heart_rate_bpm"], how="all").groupby("week")
    columns = {
        "day_count": weeks.size(),
        "heart_rate_min_median_bpm": weeks[low].median(),
        **_quartiles("heart_rate_mean_{}_bpm", weeks[mean]),
        "heart_rate_max_median_bpm": weeks[high].median(),
        "resting_heart_rate_median_bpm": weeks["resting_heart_rate_bpm"].median(),
    }
    table = _table(week_schemas.RATE_COLUMNS, pd.DataFrame(columns))
    return contracts.checked(table, week_schemas.HEART_RATE_WEEKS)


@tag(stage="merge", rows_by="local_date: period_start..period_end")
def sleep_weeks(daily_metrics: pa.Table) -> pa.Table:
    """Means of a week's main sleeps by wake date; what no stage tells of one is unstaged.

    A stage's mean is over all nights of the week, those that tell nothing of it counted as none of
    it, so that the stages add up to the sleep. Where no night tells of it, it is missing.

    Shape: `week_schemas.SLEEP_COLUMNS`, one row for each week with a main sleep, ascending.

    Units: minutes; a ratio from 0 to 1; nights.
    """
    told = [stage for stage in STAGES if stage != "unstaged"]
    names = {f"sleep_{stage}_minutes": stage for stage in told}
    frame = _days(daily_metrics, [*names, "sleep_efficiency_ratio"]).rename(columns=names)
    frame = frame.dropna(subset=["asleep"])
    frame["unstaged"] = np.maximum(frame["asleep"] - frame[_STAGED].sum(axis=1), 0)
    weeks = frame.groupby("week")
    columns = {
        "night_count": weeks.size(),
        **{
            f"sleep_{stage}_mean_minutes": weeks[stage].sum(min_count=1) / weeks.size()
            for stage in STAGES
        },
        "sleep_efficiency_mean_ratio": weeks["sleep_efficiency_ratio"].mean(),
    }
    table = _table(week_schemas.SLEEP_COLUMNS, pd.DataFrame(columns))
    return contracts.checked(table, week_schemas.SLEEP_WEEKS)


def _weeks(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """The Monday of each day's week, as days since 1970."""
    return (days - _MONDAY) // _DAYS * _DAYS + _MONDAY


def _days(daily_metrics: pa.Table, names: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame({name: daily_metrics[name].to_numpy() for name in names}, dtype=float)
    frame["week"] = _weeks(integers(daily_metrics["local_date"]))
    return frame


def _quartiles(name: str, weeks: Any) -> dict[str, Any]:
    shares = {"lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75}
    return {name.format(figure): weeks.quantile(share) for figure, share in shares.items()}


def _table(columns: pa.Schema, found: pd.DataFrame) -> pa.Table:
    first = found.index.to_numpy(np.int32)
    dates = {
        "period_start": pa.array(first).cast(pa.date32()),
        "period_end": pa.array(first + _DAYS - 1, pa.int32()).cast(pa.date32()),
    }
    told = {str(name): found[name].to_numpy() for name in found}
    return records.table_from_columns(columns, dates | told, len(found))
