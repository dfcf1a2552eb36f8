"""Systolic or diastolic blood pressure: readings by part of the day, daily means, weekly quartiles.

The bands behind are those of the chosen guideline for means measured at home.
"""

from typing import Any, Final

import holoviews as hv
import hvplot.pandas  # noqa: F401 - gives frames their `hvplot`
import numpy as np

from adapters.dashboard.charts.style import (
    BLUE,
    GREY,
    ORANGE,
    PLAIN,
    VERMILLION,
    Data,
    Frames,
    example,
    layer,
    span,
)
from adapters.dashboard.columns import Series
from adapters.dashboard.series import (
    CUFFLESS_PART,
    EVENING_PART,
    MORNING_PART,
    OTHER_PART,
    AllSeries,
)
from dataflows.guidelines import Band

WHICH: Final = ("systolic", "diastolic")
HEIGHT: Final = {"systolic": 250, "diastolic": 210}
_LEAST: Final = {"systolic": (105.0, 145.0), "diastolic": (65.0, 92.0)}
_TOP: Final = 400.0
_PARTS: Final = {
    "morning": MORNING_PART, "evening": EVENING_PART, "other": OTHER_PART,
    "cuffless": CUFFLESS_PART,
}  # fmt: skip
_MARKS: Final[dict[str, dict[str, Any]]] = {
    "morning": {"marker": "circle", "color": ORANGE, "size": 70},
    "evening": {"marker": "inverted_triangle", "color": BLUE, "size": 80},
    "other": {"marker": "square", "color": GREY, "size": 55},
    "cuffless": {"marker": "x", "color": VERMILLION, "size": 110},
}
_WHITE_EDGE: Final = {"line_color": "white", "line_width": 0.5}
_ALL_LINE: Final = {"line_color": VERMILLION, "line_width": 2}


def frames() -> Frames:
    """An example of each layer."""
    points = example("time", "value")
    return {
        "weeks": example("time", "low", "end", "high"),
        "medians": example("time", "low", "end", "high"),
        "days": points,
        **dict.fromkeys(_PARTS, points),
    }


def draw(which: str, layers: Frames) -> hv.Overlay:
    """The chart of one of the two pressures.

    Args:
        which: `systolic` or `diastolic`.
        layers: Layer -> its rows, with the columns of `frames`.
    """
    bands = hv.HSpans([(0.0, 1.0)]).opts(
        color=GREY, line_alpha=0, **layer(f"{which}.bands", fill_alpha=0.16)
    )
    boxes = hv.Rectangles(layers["weeks"], ["time", "low", "end", "high"]).opts(
        color=GREY, alpha=0.35, line_alpha=0, **layer(f"{which}.weeks")
    )
    medians = hv.Segments(layers["medians"], ["time", "low", "end", "high"]).opts(
        color=GREY, line_width=2, **layer(f"{which}.medians")
    )
    means = layers["days"].hvplot.line(x="time", y="value", color=GREY, line_width=1.5, **PLAIN)
    drawn = bands * boxes * medians * means.opts(**layer(f"{which}.days"))
    for part, marks in _MARKS.items():
        points = layers[part].hvplot.scatter(x="time", y="value", **PLAIN, alpha=0.85, **marks)
        edge = _ALL_LINE if part == "cuffless" else _WHITE_EDGE
        drawn *= points.opts(**edge, **layer(f"{which}.{part}"))
    return drawn.opts(
        responsive=True, height=HEIGHT[which], show_legend=False, xlabel="", ylabel="mmHg"
    )


def readings_data(which: str, series: AllSeries, start: float, end: float) -> Data:
    """The layers of a range in which single readings can be told apart."""
    readings = series.readings.between(start, end)
    days = series.pressure_days.between(start, end)
    data: Data = {
        f"{which}.weeks": _boxes(readings.where(np.zeros(len(readings), bool)), which),
        f"{which}.medians": _boxes(readings.where(np.zeros(len(readings), bool)), which),
        f"{which}.days": days.data("time", value=which),
    }
    for part, number in _PARTS.items():
        of_part = readings.where(readings["part"] == number)
        data[f"{which}.{part}"] = of_part.data("time", "row", value=which)
    return data


def weeks_data(which: str, series: AllSeries, start: float, end: float) -> Data:
    """The layers of a long range: quartiles by week, and the medians of its parts of the day."""
    weeks = series.pressure_weeks.between(start, end)
    middle = (weeks["time"] + weeks["end"]) / 2
    nothing = {"time": np.array([]), "value": np.array([]), "row": np.array([])}
    data: Data = {
        f"{which}.weeks": weeks.data("time", "end", low=f"{which}_lower", high=f"{which}_upper"),
        f"{which}.medians": weeks.data(
            "time", "end", low=f"{which}_median", high=f"{which}_median"
        ),
        f"{which}.days": {"time": np.array([]), "value": np.array([])},
        f"{which}.other": nothing,
    }
    for part in ("morning", "evening", "cuffless"):
        data[f"{which}.{part}"] = {
            "time": middle,
            "value": weeks[f"{which}_{part}"],
            "row": np.full(len(weeks), -1),
        }
    return data


def bands_data(which: str, bands: tuple[Band, ...]) -> Data:
    """The bands above the lowest one, each over those below it, so that higher ones are darker."""
    edges = np.array([getattr(band, which) for band in bands if getattr(band, which)], float)
    return {f"{which}.bands": {"y0": edges, "y1": np.full(len(edges), _TOP)}}


def limits(which: str, data: Data) -> tuple[float, float]:
    """The value axis."""
    shown = [data[f"{which}.{part}"]["value"] for part in _PARTS]
    boxes = data[f"{which}.weeks"]
    return span(*shown, boxes["low"], boxes["high"], least=_LEAST[which])


def _boxes(rows: Series, which: str) -> dict[str, Any]:
    return rows.data("time", end="time", low=which, high=which)
