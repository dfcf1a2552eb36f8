"""Sleep: the stages of a night stacked on a time axis; efficiency and regularity below it.

Where a few nights fill the chart, each stage stands from its beginning to its end, in a row of its
own.
"""

from collections.abc import Iterator
from typing import Any, Final

import holoviews as hv
import hvplot.pandas  # noqa: F401 - gives frames their `hvplot`
import numpy as np

from adapters.dashboard.charts.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PLAIN,
    PURPLE,
    SKY,
    Data,
    Frames,
    example,
    layer,
    span,
)
from adapters.dashboard.columns import MINUTE_MS, Series
from adapters.dashboard.series import STAGES

HEIGHT: Final = 250
QUALITY_HEIGHT: Final = 170
NAMES: Final = {
    "deep": "deep", "light": "light", "rem": "REM", "unstaged": "asleep, stage unknown",
    "awake": "awake",
}  # fmt: skip
_SIDES: Final = ["time", "low", "end", "high"]
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "deep": {"color": BLUE, "hatch_pattern": " "},
    "light": {"color": SKY, "hatch_pattern": " "},
    "rem": {"color": PURPLE, "hatch_pattern": "/"},
    "unstaged": {"color": GREY, "hatch_pattern": " "},
    "awake": {"color": ORANGE, "hatch_pattern": "."},
}


def frames() -> Frames:
    """An example of each layer of the stages."""
    points = dict.fromkeys(("total", "stage"), example("time", "value"))
    return {stage: example(*_SIDES) for stage in STAGES} | points


def quality_frames() -> Frames:
    """An example of each layer of efficiency and regularity."""
    return dict.fromkeys(("efficiency", "regularity"), example("time", "value"))


def draw(layers: Frames) -> hv.Overlay:
    """Hours in each stage, one above the other; or each stage in its row.

    Args:
        layers: Stage -> its boxes; `total` with the hours asleep; `stage` with the middle of each
            timed stage, which is not seen: the crosshair snaps to it.
    """
    total = layers["total"].hvplot.scatter(
        x="time", y="value", marker="dash", color=GREY, size=50, **PLAIN
    )
    drawn = None
    for stage, look in LOOKS.items():
        hatch = {"hatch_pattern": look["hatch_pattern"], "hatch_alpha": 0.35, "hatch_scale": 7}
        boxes = hv.Rectangles(layers[stage], _SIDES).opts(
            color=look["color"], line_alpha=0, **layer(f"sleep.{stage}", **hatch)
        )
        drawn = boxes if drawn is None else drawn * boxes
    drawn *= total.opts(**layer("sleep.total"))
    middles = layers["stage"].hvplot.scatter(x="time", y="value", alpha=0, **PLAIN)
    drawn *= middles.opts(**layer("sleep.stage"))
    return drawn.opts(responsive=True, height=HEIGHT, show_legend=False, xlabel="", ylabel="hours")


def draw_quality(layers: Frames) -> hv.Overlay:
    """Efficiency in per cent and the regularity index, which has 100 as its best value too.

    Args:
        layers: `efficiency` and `regularity` with their points.
    """
    points = layers["efficiency"].hvplot.scatter(
        x="time", y="value", marker="circle", color=GREEN, size=45, **PLAIN
    )
    line = layers["regularity"].hvplot.line(
        x="time", y="value", color=PURPLE, line_width=2, line_dash="dashed", **PLAIN
    )
    drawn = points.opts(line_alpha=0, **layer("quality.efficiency"))
    drawn *= line.opts(**layer("quality.regularity"))
    return drawn.opts(
        responsive=True, height=QUALITY_HEIGHT, show_legend=False, xlabel="", ylabel="% and index"
    )


def stages_data(nights: Series, start: float, end: float, width: float) -> Data:
    """The stacked boxes of nights or weeks."""
    shown = nights.between(start - width, end)
    room = width * 0.08
    sides = {"time": shown["time"] + room, "end": shown["end"] - room}
    low = np.zeros(len(shown))
    data: Data = {}
    for stage in STAGES:
        high = low + np.nan_to_num(shown[stage])
        data[f"sleep.{stage}"] = {**sides, "low": low, "high": high}
        low = high
    middle = (shown["time"] + shown["end"]) / 2
    inside = middle >= start
    data["sleep.total"] = {"time": middle[inside], "value": shown["asleep"][inside]}
    data["sleep.stage"] = {"time": np.array([]), "value": np.array([])}
    return data


ROWS: Final = ("deep", "light", "REM", "awake")
"""What the rows of timed stages are, from the bottom up."""
_PLACES: Final = {
    "deep": (0, 1), "light": (1, 2), "rem": (2, 3), "awake": (3, 4), "unstaged": (0, 3),
}  # fmt: skip
_ROOM: Final = 0.08


def timed_data(stages: Series) -> Data:
    """Each stage from its beginning to its end; one that no source told stands over all of sleep.

    Args:
        stages: The stages of a range.
    """
    data: Data = {}
    for stage in STAGES:
        found = stages.where(stages["stage"] == stage)
        low, high = _PLACES[stage]
        data[f"sleep.{stage}"] = {
            "time": found["time"],
            "end": found["end"],
            "low": np.full(len(found), low + _ROOM),
            "high": np.full(len(found), high - _ROOM),
        }
    half = (stages["end"] - stages["time"]) / 2
    data["sleep.stage"] = {
        "time": stages["time"] + half,
        "half": half,
        "value": np.array([sum(_PLACES[stage]) / 2 for stage in stages["stage"]], float),
        "name": np.array([_told(stage, minutes) for stage, minutes in _lengths(stages)], object),
    }
    data["sleep.total"] = {"time": np.array([]), "value": np.array([])}
    return data


def _lengths(stages: Series) -> Iterator[tuple[str, int]]:
    minutes = (stages["end"] - stages["time"]) / MINUTE_MS
    return zip(stages["stage"], minutes.round().astype(int), strict=True)


def _told(stage: str, minutes: int) -> str:
    return f"{NAMES[stage]}, {minutes} min"


def quality_data(nights: Series, regularity: Series, start: float, end: float) -> Data:
    """Efficiency of nights or weeks; the regularity index where it is published."""
    shown = nights.between(start, end)
    return {
        "quality.efficiency": {
            "time": (shown["time"] + shown["end"]) / 2,
            "value": shown["efficiency"],
        },
        "quality.regularity": regularity.between(start, end).data("time", "value"),
    }


def limits(data: Data) -> tuple[float, float]:
    """The value axis of the stages."""
    if len(data["sleep.stage"]["time"]):
        return 0.0, float(len(ROWS))
    _, high = span(data["sleep.awake"]["high"], least=(0.0, 8.0))
    return 0.0, high


def quality_limits(data: Data) -> tuple[float, float]:
    """The value axis of efficiency and regularity."""
    values = (data["quality.efficiency"]["value"], data["quality.regularity"]["value"])
    low, _ = span(*values, least=(80.0, 100.0))
    return low, 102.0
