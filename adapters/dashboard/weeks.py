"""Weeks: what a range of years shows, since thousands of points are a smear.

They are a way to draw what is published, and no result of their own: made once for each generation,
in about 20 ms for ten years, and shared by all its visitors.
"""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from adapters.dashboard.columns import DAY_MS, Series, empty

STAGES: Final = ("deep", "light", "rem", "unstaged", "awake")
MORNING_PART, EVENING_PART, OTHER_PART, CUFFLESS_PART = 0, 1, 2, 3
_MEDIANS: Final = {
    "morning": MORNING_PART, "evening": EVENING_PART, "cuffless": CUFFLESS_PART,
}  # fmt: skip
HEART_COLUMNS: Final = (
    "time", "end", "low", "lower", "mean", "upper", "high", "resting", "count",
)  # fmt: skip
NIGHT_COLUMNS: Final = ("time", "end", *STAGES, "asleep", "efficiency")


def pressure_weeks(readings: Series) -> Series:
    """Quartiles of a week's readings by cuff, and the medians of its parts."""
    names = [
        f"{which}_{what}"
        for which in ("systolic", "diastolic")
        for what in ("lower", "median", "upper", *_MEDIANS)
    ]
    if not len(readings):
        return empty(["time", "end", "count", *names])
    frame = _frame(readings, ["time", "systolic", "diastolic", "part"])
    weeks = frame[frame["part"] != CUFFLESS_PART].groupby("week")
    columns: dict[str, pd.Series[Any]] = {"count": weeks.size()}
    for which in ("systolic", "diastolic"):
        columns[f"{which}_lower"] = weeks[which].quantile(0.25)
        columns[f"{which}_median"] = weeks[which].median()
        columns[f"{which}_upper"] = weeks[which].quantile(0.75)
        for name, part in _MEDIANS.items():
            of_part = frame[frame["part"] == part].groupby("week")[which].median()
            columns[f"{which}_{name}"] = of_part
    return _of_weeks(pd.DataFrame(columns))


def _of_weeks(frame: pd.DataFrame) -> Series:
    start = frame.index.to_numpy(dtype=float) * DAY_MS
    columns = {str(name): frame[name].to_numpy(dtype=float) for name in frame}
    return Series({"time": start, "end": start + 7 * DAY_MS, **columns})


def heart_weeks(days: Series) -> Series:
    """Medians of a week's extremes, quartiles of its daily means."""
    if not len(days):
        return empty(HEART_COLUMNS)
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


def night_weeks(nights: Series) -> Series:
    """Means of a week's nights; what no source told of a night is its unknown part."""
    if not len(nights):
        return empty(NIGHT_COLUMNS)
    frame = _frame(nights, ["time", *STAGES, "asleep", "efficiency"])
    frame = frame.fillna(dict.fromkeys(STAGES, 0.0))
    return _of_weeks(frame.groupby("week")[[*STAGES, "asleep", "efficiency"]].mean())


def _frame(series: Series, names: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame({name: series[name] for name in names})
    # 1970-01-05 was a Monday.
    frame["week"] = (frame["time"] // DAY_MS - 4) // 7 * 7 + 4
    return frame
