"""What is usual for this person, and where it is going: baselines and trends by metric."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from adapters.dashboard.markup import Figure, decimal, duration, signed, table
from adapters.dashboard.published import Published
from dataflows.measurement import CUFFLESS

WINDOW_DAYS: Final = 60
TREND_DAYS: Final = 90


@dataclass(frozen=True)
class Metric:
    """A daily figure as people read it.

    Attributes:
        label: What it is, with its unit unless each value tells it.
        shown: A value for people.
    """

    label: str
    shown: Callable[[float], Figure] = decimal

    def between(self, lower: float, upper: float) -> Figure:
        """From a value to another."""
        return Figure(f"{self.shown(lower)} to {self.shown(upper)}")

    def change(self, value: float) -> Figure:
        """A difference."""
        return signed(self.shown, value)

    def interval(self, lower: float, upper: float) -> Figure:
        """From a difference to another."""
        return Figure(f"{self.change(lower)} to {self.change(upper)}")


def _percent(ratio: float) -> Figure:
    return decimal(ratio * 100)


METRICS: Final[Mapping[str, Metric]] = {
    "systolic_mean_mmhg": Metric("systolic, mmHg"),
    "diastolic_mean_mmhg": Metric("diastolic, mmHg"),
    "systolic_morning_mean_mmhg": Metric("systolic in the morning, mmHg"),
    "systolic_evening_mean_mmhg": Metric("systolic in the evening, mmHg"),
    "pulse_pressure_mmhg": Metric("pulse pressure, mmHg"),
    "resting_heart_rate_bpm": Metric("resting heart rate, bpm"),
    "heart_rate_mean_bpm": Metric("mean heart rate, bpm"),
    "sleep_asleep_minutes": Metric("asleep", duration),
    "sleep_deep_minutes": Metric("deep sleep", duration),
    "sleep_rem_minutes": Metric("REM sleep", duration),
    "sleep_efficiency_ratio": Metric("sleep efficiency, %", _percent),
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
    for name, metric in METRICS.items():
        found = usual(published, name, until)
        if found is not None:
            middle = metric.shown(found.median), metric.between(found.lower, found.upper)
            rows.append(
                (metric.label, *middle, found.day_count, *_trend(published, name, metric, until))
            )
    heads = (
        "metric", "median", "middle half", "days", "change in 30 days", "95 % interval", "until",
    )  # fmt: skip
    caption = (
        f"What is usual for this person: days of {WINDOW_DAYS}; and the slope of {TREND_DAYS} days"
    )
    return table(caption, heads, rows)


def _trend(published: Published, name: str, metric: Metric, until: date) -> tuple[Any, ...]:
    row = _newest(published, "trends", name, TREND_DAYS, until)
    if row is None:
        return (None, None, None)
    slope, lower, upper = (row[each] for each in ("slope_per_30_days", "lower", "upper"))
    return (metric.change(slope), metric.interval(lower, upper), row["period_end"])


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
