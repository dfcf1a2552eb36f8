"""Heart rate: lowest to highest, quartiles, mean and resting, per week, day, hour or sample."""

from typing import Final

import holoviews as hv
import hvplot.pandas  # noqa: F401 - gives frames their `hvplot`
import numpy as np

from adapters.dashboard.charts.style import (
    BLUE,
    PLAIN,
    SKY,
    VERMILLION,
    Data,
    Frames,
    example,
    layer,
    span,
)
from adapters.dashboard.columns import DAY_MS, MINUTE_MS, Column, Series

HEIGHT: Final = 260
_LEAST: Final = (50.0, 100.0)
SAMPLE_GAP_MS: Final = 30 * MINUTE_MS
_NOTHING: Final = np.array([])


def frames() -> Frames:
    """An example of each layer."""
    return {
        "range": example("time", "low", "end", "high"),
        "middle": example("time", "low", "end", "high"),
        "mean": example("time", "value"),
        "alone": example("time", "value"),
        "resting": example("time", "value"),
    }


def draw(layers: Frames) -> hv.Overlay:
    """The chart; what one box is depends on what it is filled with.

    Args:
        layers: Layer -> its rows, with the columns of `frames`.
    """
    sides = ["time", "low", "end", "high"]
    whole = hv.Rectangles(layers["range"], sides).opts(
        color=SKY, alpha=0.38, line_alpha=0, **layer("heart.range")
    )
    middle = hv.Rectangles(layers["middle"], sides).opts(
        color=BLUE, alpha=0.4, line_alpha=0, **layer("heart.middle")
    )
    mean = layers["mean"].hvplot.line(x="time", y="value", color=BLUE, line_width=1.6, **PLAIN)
    alone = layers["alone"].hvplot.scatter(x="time", y="value", color=BLUE, size=18, **PLAIN)
    resting = layers["resting"].hvplot.scatter(
        x="time", y="value", marker="diamond", color=VERMILLION, size=110, **PLAIN
    )
    drawn = whole * middle * mean.opts(**layer("heart.mean"))
    drawn *= resting.opts(line_color="white", line_width=0.5, **layer("heart.resting"))
    drawn *= alone.opts(**layer("heart.alone"))
    return drawn.opts(
        responsive=True, height=HEIGHT, show_legend=False, xlabel="", ylabel="beats per minute"
    )


def boxes_data(boxes: Series, resting: Series, start: float, end: float, width: float) -> Data:
    """The layers of weeks, days or hours.

    Args:
        boxes: One row per week, day or hour.
        resting: Rows with a resting heart rate.
        start: Of the range.
        end: Of the range.
        width: How long one row lasts, in milliseconds.
    """
    shown, rest = boxes.between(start - width, end), resting.between(start - width, end)
    room = width * 0.08
    sides = {"time": shown["time"] + room, "end": shown["end"] - room}
    return {
        "heart.range": {**sides, **shown.data("low", "high")},
        "heart.middle": {**sides, **_middle(shown)},
        **_line((shown["time"] + shown["end"]) / 2, shown["mean"], width * 1.5),
        "heart.resting": _resting(rest, start),
    }


def samples_data(samples: Series, days: Series, start: float, end: float) -> Data:
    """The layers of a range that is short enough for single samples."""
    nothing = {"time": _NOTHING, "end": _NOTHING, "low": _NOTHING, "high": _NOTHING}
    return {
        "heart.range": nothing,
        "heart.middle": nothing,
        **_line(samples["time"], samples["value"], SAMPLE_GAP_MS),
        "heart.resting": _resting(days.between(start - DAY_MS, end), start),
    }


def _resting(rows: Series, start: float) -> dict[str, Column]:
    middle = (rows["time"] + rows["end"]) / 2
    shown = (middle >= start) & ~np.isnan(rows["resting"])
    return {"time": middle[shown], "value": rows["resting"][shown]}


def limits(data: Data) -> tuple[float, float]:
    """The value axis."""
    boxes = data["heart.range"]
    values = (data["heart.mean"]["value"], data["heart.resting"]["value"])
    return span(boxes["low"], boxes["high"], *values, least=_LEAST)


def _middle(shown: Series) -> dict[str, Column]:
    if "lower" not in shown.columns:
        return {name: np.full(len(shown), np.nan) for name in ("low", "high")}
    return shown.data(low="lower", high="upper")


def _line(times: Column, values: Column, step: float) -> Data:
    """A line that breaks where two points lie further apart than a step; dots between two breaks.

    A line through one point shows nothing.
    """
    is_far = np.diff(times) > step
    breaks = np.nonzero(is_far)[0] + 1
    between = times[breaks - 1] + 1 if len(breaks) else breaks
    alone = np.ones(len(times), bool)
    alone[1:] &= is_far
    alone[:-1] &= is_far
    return {
        "heart.mean": {
            "time": np.insert(times, breaks, between),
            "value": np.insert(values.astype(float), breaks, np.nan),
        },
        "heart.alone": {"time": times[alone], "value": values[alone]},
    }
