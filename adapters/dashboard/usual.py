"""What is usual for this person, and where it is going: baselines and trends by metric."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from adapters.dashboard.markup import table
from adapters.dashboard.published import Published
from dataflows.measurement import CUFFLESS

WINDOW_DAYS: Final = 60
TREND_DAYS: Final = 90
METRICS: Final = {
    "systolic_mean_mmhg": "systolic, mmHg",
    "diastolic_mean_mmhg": "diastolic, mmHg",
    "systolic_morning_mean_mmhg": "systolic in the morning, mmHg",
    "systolic_evening_mean_mmhg": "systolic in the evening, mmHg",
    "pulse_pressure_mmhg": "pulse pressure, mmHg",
    "resting_heart_rate_bpm": "resting heart rate, bpm",
    "heart_rate_mean_bpm": "mean heart rate, bpm",
    "sleep_asleep_minutes": "asleep, minutes",
    "sleep_deep_minutes": "deep sleep, minutes",
    "sleep_rem_minutes": "REM sleep, minutes",
    "sleep_efficiency_ratio": "sleep efficiency, %",
}


@dataclass(frozen=True)
class Usual:
    """The middle half of a metric's days, up to some date."""

    lower: float
    median: float
    upper: float
    day_count: int
    until: date


def usual(published: Published, metric: str, until: date) -> Usual | None:
    """The newest baseline of a metric that does not end after a date."""
    row = _newest(published, "baselines", metric, WINDOW_DAYS, until)
    if row is None or row["median"] is None:
        return None
    low, middle, high = (row[name] for name in ("lower_quartile", "median", "upper_quartile"))
    return Usual(low, middle, high, row["day_count"], row["period_end"])


def usual_table(published: Published, until: date) -> str:
    """Baselines and trends of every metric, up to a date."""
    rows = []
    for metric, label in METRICS.items():
        found = usual(published, metric, until)
        if found is not None:
            scale = _scale(metric)
            told = [round(value * scale, 1) for value in (found.lower, found.median, found.upper)]
            rows.append((label, *told, found.day_count, *_trend(published, metric, until)))
    heads = (
        "metric", "lower quartile", "median", "upper quartile", "days with a value",
        "change in 30 days", "95 % from", "to", "until",
    )  # fmt: skip
    caption = (
        f"What is usual for this person: days of {WINDOW_DAYS}; and the slope of {TREND_DAYS} days"
    )
    return table(caption, heads, rows)


def _trend(published: Published, metric: str, until: date) -> tuple[Any, ...]:
    row = _newest(published, "trends", metric, TREND_DAYS, until)
    if row is None:
        return ("", "", "", "")
    scale = _scale(metric)
    told = (row[name] for name in ("slope_per_30_days", "lower", "upper"))
    return (*(f"{value * scale:+.1f}" for value in told), row["period_end"])


def _scale(metric: str) -> float:
    return 100.0 if metric.endswith("_ratio") else 1.0


def _newest(
    published: Published, output: str, metric: str, window: int, until: date
) -> Mapping[str, Any] | None:
    rows = [
        row
        for row in published.rows_by(output, "metric").get(metric, ())
        if row["window_days"] == window
        and row["period_end"] <= until
        and row.get("basis") != CUFFLESS
    ]
    return max(rows, key=lambda row: (row["period_end"], row["day_count"]), default=None)
