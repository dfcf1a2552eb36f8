"""What makes finished Bokeh figures of drawn charts: one time axis, tools, and the crosshair."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import holoviews as hv
from bokeh.models import (
    AllIndices,
    BasicTicker,
    BasicTickFormatter,
    BoxZoomTool,
    ColumnDataSource,
    CustomJS,
    CustomLabelingPolicy,
    DatetimeAxis,
    DatetimeTickFormatter,
    GlyphRenderer,
    Grid,
    HoverTool,
    LinearScale,
    Plot,
    Quad,
    Range1d,
    Scatter,
    Segment,
    Span,
    Text,
    Toolbar,
    UnionRenderers,
    VStrip,
    WheelZoomTool,
)

from adapters.dashboard.charts import heart, pressure, sleep
from adapters.dashboard.charts.notes import LAYER as NOTES
from adapters.dashboard.charts.style import GREY, PURPLE

SPAN: Final = "crosshair"
AXIS_WIDTH: Final = 62
_SIDES: Final = {"left": "time", "bottom": "low", "right": "end", "top": "high"}
_ENDS: Final = {"x0": "time", "y0": "low", "x1": "end", "y1": "high"}

_BY_CUFF: Final = {
    which: tuple(f"{which}.{part}" for part in ("morning", "evening", "other"))
    for which in pressure.WHICH
}
ANCHORS: Final[Mapping[str, Sequence[str]]] = {
    **{which: (*layers, f"{which}.cuffless") for which, layers in _BY_CUFF.items()},
    "heart": ("heart.mean", "heart.resting"),
    "sleep": ("sleep.total", "sleep.stage"),
    "quality": ("quality.efficiency",),
}
"""Chart -> the layers whose points the crosshair, and a click, snap to."""

TOLD: Final = (
    ("systolic", "mmHg", _BY_CUFF["systolic"]),
    ("diastolic", "mmHg", _BY_CUFF["diastolic"]),
    ("systolic without a cuff", "mmHg", ("systolic.cuffless",)),
    ("diastolic without a cuff", "mmHg", ("diastolic.cuffless",)),
    ("heart rate", "bpm", ("heart.mean",)),
    ("resting", "bpm", ("heart.resting",)),
    ("asleep", "h", ("sleep.total",)),
    ("sleep stage", "", ("sleep.stage",)),
    ("efficiency", "%", ("quality.efficiency",)),
    ("regularity", "", ("quality.regularity",)),
)
"""What the line above the charts tells of an instant: name, unit, layers."""


def drawn_charts() -> Iterator[Plot]:
    """Every chart, drawn by hvplot and finished, with one row of example data."""
    hv.extension("bokeh")
    overlays = {
        "systolic": pressure.draw("systolic", pressure.frames()),
        "diastolic": pressure.draw("diastolic", pressure.frames()),
        "heart": heart.draw(heart.frames()),
        "sleep": sleep.draw(sleep.frames()),
        "quality": sleep.draw_quality(sleep.quality_frames()),
    }
    figures = {name: hv.render(overlay, backend="bokeh") for name, overlay in overlays.items()}
    time, span = Range1d(0, 1), Span(name=SPAN, dimension="height", line_color=GREY, line_width=1.5)
    shared, notes = _Shared(), _notes()
    for name, figure in figures.items():
        _annotate(figure, notes, labelled=name == "systolic")
        _add_ring(name, figure)
        figure.update(x_range=time, toolbar=Toolbar(logo=None))
        shared.put_into(figure)
        _finish(name, figure)
        figure.add_layout(span)
        figure.add_tools(_pointer(name, figure))
        yield figure


_EVEN_LABELS: Final = """
    const all = [...indices]
    const fits = (labels) => labels.every((at, k) => k == 0 || distance(labels[k - 1], at) >= 6)
    for (let step = 1; step < all.length; step++) {
      const shown = all.filter((_, k) => (all.length - 1 - k) % step == 0)
      if (fits(shown)) return shown
    }
    return all.slice(-1)
"""
"""Each label, or each second, or each third, ...: an axis of which some lack would look broken."""


class _Shared:
    """The models of which all charts may have one together; each saves every visitor's time."""

    def __init__(self) -> None:
        self._all, self._policy = AllIndices(), UnionRenderers()
        self._scale, self._labels = LinearScale(), CustomLabelingPolicy(code=_EVEN_LABELS)
        self._ticker, self._formatter = BasicTicker(), BasicTickFormatter()
        formatter = DatetimeTickFormatter(hours="%H:%M", days="%e %b", months="%b %Y", years="%Y")
        self._time_axis = DatetimeAxis(formatter=formatter)
        self._time_grid = Grid(dimension=0, axis=self._time_axis)
        self.zoom = BoxZoomTool(dimensions="width")
        self.wheel = WheelZoomTool(dimensions="width", modifiers={"ctrl": True})

    def put_into(self, figure: Plot) -> None:
        """Take a figure's own away."""
        figure.update(x_scale=self._scale, y_scale=self._scale, title=None)
        figure.update(below=[self._time_axis], center=[self._time_grid, *figure.ygrid])
        for axis in figure.axis:
            axis.major_label_policy = self._labels
        for axis in figure.yaxis:
            axis.update(ticker=self._ticker, formatter=self._formatter)
        for renderer in _renderers(figure):
            renderer.view.filter = self._all
            renderer.data_source.selection_policy = self._policy
        figure.add_tools(self.zoom, self.wheel)
        figure.toolbar.update(active_drag=self.zoom, active_scroll=self.wheel)


def _renderers(figure: Plot) -> list[GlyphRenderer]:
    return [each for each in figure.renderers if isinstance(each, GlyphRenderer)]


def _add_ring(chart: str, figure: Plot) -> None:
    """Where the crosshair marks the readings that it shows."""
    source = ColumnDataSource({"time": [], "value": []}, name=f"{chart}.ring")
    ring = Scatter(x="time", y="value", size=14, fill_alpha=0, line_color=GREY, line_width=2.5)
    figure.add_glyph(source, ring)


def _notes() -> ColumnDataSource:
    columns = ("time", "end", "middle", "top", "shift", "label", "align")
    return ColumnDataSource({name: [] for name in columns}, name=NOTES)


def _annotate(figure: Plot, notes: ColumnDataSource, *, labelled: bool) -> None:
    """Strips behind the chart; the first chart tells what they are."""
    strips = VStrip(
        x0="time", x1="end", fill_color=PURPLE, fill_alpha=0.12, line_color=PURPLE,
        line_alpha=0.5, hatch_pattern="\\", hatch_color=PURPLE, hatch_alpha=0.18,
    )  # fmt: skip
    figure.add_glyph(notes, strips, level="underlay")
    if labelled:
        text = Text(
            x="middle", y="top", text="label", y_offset="shift", text_baseline="top",
            text_align="align", text_font_size="11px", text_color=GREY,
        )  # fmt: skip
        figure.add_glyph(notes, text)


def _finish(name: str, figure: Plot) -> None:
    figure.update(
        name=name, toolbar_location=None, background_fill_color=None,
        border_fill_color=None, outline_line_color=None, min_border_left=AXIS_WIDTH,
        min_border_right=12, min_border_bottom=24, output_backend="canvas",
    )  # fmt: skip
    for axis in figure.axis:
        axis.update(
            axis_line_color=None, major_tick_line_color=None, minor_tick_line_color=None,
            major_label_text_color=GREY, major_label_text_font_size="12px",
            axis_label_text_color=GREY, axis_label_text_font_style="normal",
            axis_label_text_font_size="12px",
        )  # fmt: skip
    for grid in figure.grid:
        grid.update(grid_line_color=GREY, grid_line_alpha=0.18)
    for renderer in _renderers(figure):
        _plain(renderer)


def _plain(renderer: GlyphRenderer) -> None:
    """Columns by our names, and no second glyph for what is selected or muted."""
    glyph = renderer.glyph
    if isinstance(glyph, Quad | Segment):
        fields = _SIDES if isinstance(glyph, Quad) else _ENDS
        glyph.update(**fields)
        renderer.data_source.data = {name: [] for name in fields.values()}
    renderer.update(
        nonselection_glyph=None, selection_glyph=None, hover_glyph=None, muted_glyph=None
    )


def _pointer(chart: str, figure: Plot) -> HoverTool:
    """What tells the crosshair where the pointer is."""
    anchor = [each for each in _renderers(figure) if isinstance(each.glyph, Scatter)][:1]
    callback = CustomJS(code=f"window.crosshair.point('{chart}', cb_data.geometry.x)")
    return HoverTool(mode="vline", tooltips=None, renderers=anchor, callback=callback)
