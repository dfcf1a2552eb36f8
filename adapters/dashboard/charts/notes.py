"""Annotations behind every chart: from the day they begin to the day they end."""

from typing import Any, Final

import numpy as np

from adapters.dashboard.charts.style import Data
from adapters.dashboard.columns import Column, Series

LAYER: Final = "notes"
LINE_HEIGHT: Final = 13
"""Labels of neighbours stand below each other."""
_NEAR_AN_END: Final = 0.2


def data(notes: Series, start: float, end: float, top: float) -> Data:
    """The strips of a range; one without an end is a day wide, where it begins.

    Args:
        notes: All annotations.
        start: Of the range.
        end: Of the range.
        top: Where their labels stand on the value axis.
    """
    shown = notes.where((notes["time"] < end) & (notes["end"] > start))
    columns: dict[str, Any] = shown.data("time", "end", "label")
    middle = np.clip((shown["time"] + shown["end"]) / 2, start, end)
    columns["middle"] = middle
    columns["align"] = _alignment((middle - start) / (end - start))
    columns["top"] = np.full(len(shown), top)
    columns["shift"] = np.arange(len(shown)) % 3 * LINE_HEIGHT
    return {LAYER: columns}


def _alignment(place: Column) -> Column:
    """Near an end of the chart a label stands inwards of its day, so that it is not cut off."""
    found = np.full(len(place), "center", object)
    found[place < _NEAR_AN_END], found[place > 1 - _NEAR_AN_END] = "left", "right"
    return found
