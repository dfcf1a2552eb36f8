"""The charts as Bokeh figures: drawn once per process by hvplot, copied for each visitor.

Drawing five overlays takes hvplot half a second and is the same for everybody; a copy is read from
its JSON. The drawn charts hold no data, so that a copy may go to anyone.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from bokeh.core.json_encoder import serialize_json
from bokeh.core.serialization import Deserializer
from bokeh.document import Document
from bokeh.models import ColumnDataSource, FixedTicker, Plot, Range1d, Span
from bokeh.settings import settings

from adapters.dashboard.charts.style import Data
from adapters.dashboard.columns import Column
from adapters.dashboard.drawing import ANCHORS, SPAN, drawn_charts


class Figures:
    """One visitor's charts.

    Attributes:
        figures: Chart -> its figure.
        sources: Layer -> the source that fills it.
        time: The range of time that all charts share.
    """

    def __init__(self) -> None:
        roots = Deserializer().deserialize(_prototype())
        self.figures: dict[str, Plot] = {root.name: root for root in roots}
        self.sources: dict[str, ColumnDataSource] = {
            renderer.data_source.name: renderer.data_source
            for figure in roots
            for renderer in figure.renderers
        }
        self.time: Range1d = roots[0].x_range
        self._numbered: dict[str, dict[str, Any]] = {}
        self.span: Span = roots[0].select_one({"name": SPAN})

    def fill(self, data: Data) -> None:
        """Replace what layers show."""
        for name, columns in data.items():
            self.sources[name].data = columns

    def show_time(self, start: float, end: float) -> None:
        """Move all charts to a range of time."""
        self.time.update(start=start, end=end, reset_start=start, reset_end=end)

    def show_values(self, chart: str, limits: tuple[float, float]) -> None:
        """Set the value axis of a chart."""
        low, high = limits
        self.figures[chart].y_range.update(start=low, end=high, reset_start=low, reset_end=high)

    def name_rows(self, chart: str, names: Sequence[str]) -> None:
        """Name the rows of a chart in place of its numbers; with none, the numbers stand again."""
        axis = self.figures[chart].yaxis[0]
        if not names:
            axis.update(**self._numbered.pop(chart, {}))
            return
        if chart not in self._numbered:
            kept = ("ticker", "axis_label", "major_label_overrides")
            self._numbered[chart] = {name: getattr(axis, name) for name in kept}
        middles = [row + 0.5 for row in range(len(names))]
        overrides = dict(zip(middles, names, strict=True))
        ticker = FixedTicker(ticks=middles)
        axis.update(ticker=ticker, major_label_overrides=overrides, axis_label="")

    def nearest(self, chart: str, x: float) -> tuple[str, dict[str, Any]] | None:
        """The layer and the columns of the point that a click in a chart snaps to."""
        found = [
            (distances[at], layer, at)
            for layer in ANCHORS.get(chart, ())
            if len(distances := _distances(self.sources[layer].data, x))
            for at in [int(np.argmin(distances))]
        ]
        if not found or np.isinf(min(found)[0]):
            return None
        _, layer, at = min(found)
        columns = self.sources[layer].data
        return layer, {str(name): values[at] for name, values in columns.items()}

    def snap_within(self, milliseconds: float) -> None:
        """How far from the crosshair a reading may lie to be shown with it."""
        self.span.tags = [milliseconds]


def _distances(columns: Mapping[str, Any], x: float) -> Column:
    """How far each point lies from an instant; one that lasts begins half its length before.

    Where a line breaks is no point.
    """
    distances: Column = np.abs(np.asarray(columns["time"], float) - x)
    if "half" in columns:
        distances = np.maximum(distances - columns["half"], 0)
    return np.where(np.isnan(np.asarray(columns["value"], float)), np.inf, distances)


@cache
def _prototype() -> Any:
    """All charts without data, as parsed JSON."""
    document = Document()
    for chart in drawn_charts():
        document.add_root(chart)
    for source in document.select({"type": ColumnDataSource}):
        source.data = {name: [] for name in source.data}
    return json.loads(serialize_json(document.to_json()))["roots"]


def prepare() -> None:
    """Draw the charts before the first visitor waits for them.

    Bokeh would look for mistakes in each visitor's copy; the tests look for them in the first.
    """
    settings.perform_document_validation = False
    _prototype()
