"""The rows behind each chart: what a screen reader tells, and whoever wants the numbers."""

from collections.abc import Callable
from typing import Any, Final

from adapters.dashboard.columns import Series
from adapters.dashboard.markup import iso_day, moment, table
from adapters.dashboard.published import Published
from adapters.dashboard.state import Choice

_PARTS: Final = ("morning", "evening", "", "estimated without a cuff")
_HEART: Final = ("low", "mean", "high", "count", "resting", "method")
_SLEEP: Final = ("asleep", "deep", "light", "rem", "awake", "efficiency")


def shown(name: str, published: Published, choice: Choice) -> str:
    """The rows of a chart in the range, the newest first."""
    return NAMES[name](published, choice)


def _pressure(published: Published, choice: Choice) -> str:
    readings = published.series.readings.between(*choice.span)
    rows = [
        (
            moment(readings["time"][at]),
            _PARTS[readings["part"][at]],
            *(float(readings[name][at]) for name in ("systolic", "diastolic", "pulse")),
        )
        for at in _backwards(readings)
    ]
    heads = ("local time", "part of day", "systolic mmHg", "diastolic mmHg", "pulse bpm")
    return table("Blood pressure readings, the newest first", heads, rows)


def _heart(published: Published, choice: Choice) -> str:
    days = published.series.heart_days.between(*choice.span)
    heads = (
        "date", "lowest bpm", "mean bpm", "highest bpm", "samples", "resting bpm", "resting by",
    )  # fmt: skip
    return table("Heart rate by day, the newest first", heads, _rows(days, _HEART))


def _sleep(published: Published, choice: Choice) -> str:
    nights = published.series.nights.between(*choice.span)
    heads = ("woke on", "asleep h", "deep h", "light h", "REM h", "awake h", "efficiency %")
    return table("Main sleep by wake date, the newest first", heads, _rows(nights, _SLEEP))


def _rows(found: Series, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return [
        (iso_day(found["time"][at]), *(_plain(found[name][at]) for name in columns))
        for at in _backwards(found)
    ]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else float(value)


def _backwards(found: Series) -> range:
    return range(len(found) - 1, -1, -1)


NAMES: Final[dict[str, Callable[[Published, Choice], str]]] = {
    "pressure": _pressure,
    "heart": _heart,
    "sleep": _sleep,
}
