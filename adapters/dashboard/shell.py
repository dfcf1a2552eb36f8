"""The page around the charts: its template, and the controls beside them."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import panel as pn
from bokeh.document import Document
from bokeh.models import Column, LayoutDOM
from panel.template import Template
from panel.viewable import Viewable

from adapters.dashboard.columns import DAY_MS
from adapters.dashboard.page import Page
from adapters.dashboard.state import QUICK, SIGNALS, Choice
from dataflows.guidelines import GUIDELINES

SCRIPTS: Final = ("crosshair.js", "page.js")
COMPARE: Final = "Compare with the period before"
TITLE: Final = "Personal data"
EPOCH: Final = date(1970, 1, 1)
_HERE: Final = Path(__file__).parent
_STYLE: Final = (_HERE / "controls.css").read_text("utf-8")


class Shell(Template):
    """A template with plain Bokeh models beside Panel's, which all enter the document together.

    Each of them alone would have Bokeh look through the whole document again, and Panel looks
    through each model that it holds a few times more.

    Args:
        source: The template.
        plain: Name -> the Bokeh model that is embedded by it.
    """

    def __init__(self, source: str, plain: Mapping[str, LayoutDOM]) -> None:
        super().__init__(source)
        self._plain = plain

    def _init_doc(self, doc: Document | None = None, **options: Any) -> Document:
        document = doc or pn.state.curdoc or Document()
        with document.models.freeze():
            for name, model in self._plain.items():
                model.name = name
                document.add_root(model)
            return super()._init_doc(document, **options)


def shell(page: Page, login: Viewable) -> Template:
    """A session's page as Panel serves it."""
    bridge = Column(page.bridge.texts, page.bridge.clicks)
    source = (_HERE / "page.html").read_text("utf-8")
    template = Shell(source, {**page.figures.figures, "bridge": bridge})
    template.add_panel("controls", controls(page))
    template.add_panel("login", login)
    template.add_variable("parts", page.parts)
    template.add_variable("style", (_HERE / "page.css").read_text("utf-8"))
    template.add_variable("scripts", [(_HERE / name).read_text("utf-8") for name in SCRIPTS])
    template.add_variable("title", TITLE)
    return template


def controls(page: Page) -> pn.Column:
    """The controls; each only changes what was chosen, and shows what was chosen elsewhere."""
    choice = page.choice
    look: dict[str, Any] = {"stylesheets": [_STYLE], "sizing_mode": "stretch_width", "margin": 0}
    guidelines = {guideline.title: name for name, guideline in GUIDELINES.items()}
    quick = pn.widgets.RadioButtonGroup(
        name="Quick range", options=[*QUICK], value=choice.quick, **look
    )
    slider = pn.widgets.DateRangeSlider(name="Days", **_slid(choice), **look)
    guideline = pn.widgets.Select(
        name="Guideline, home values", options=guidelines, value=choice.guideline, **look
    )
    signals = pn.widgets.CheckBoxGroup(
        name="Signals", options=[*SIGNALS], value=choice.signals, **look
    )
    compare = pn.widgets.CheckBoxGroup(  # a Checkbox has no label that a screen reader finds
        name="Comparison", options=[COMPARE], value=[COMPARE] if choice.compare else [], **look
    )
    quick.param.watch(lambda event: _look(choice, event.new), "value")
    slider.param.watch(lambda event: _slide(choice, event.new), "value_throttled")
    for widget, name in ((guideline, "guideline"), (signals, "signals")):
        widget.param.watch(lambda event, to=name: setattr(choice, to, event.new), "value")

    compare.param.watch(lambda event: setattr(choice, "compare", bool(event.new)), "value")

    def follow(*_events: Any) -> None:
        slider.param.update(**_slid(choice))
        quick.value = choice.quick or None

    choice.param.watch(follow, ["span", "bounds"])
    return pn.Column(quick, slider, guideline, signals, compare, sizing_mode="stretch_width")


def _slid(choice: Choice) -> dict[str, Any]:
    """What the slider shows; its last day is inside."""
    first, last = (_date(choice.bounds[0]), _date(choice.bounds[1] - DAY_MS))
    start, end = (_date(choice.span[0]), _date(choice.span[1] - DAY_MS))
    if first == last:
        last += timedelta(days=1)
    return {"start": first, "end": last, "value": (start, end)}


def _look(choice: Choice, quick: str | None) -> None:
    if quick and quick != choice.quick:
        choice.look_at(quick)


def _slide(choice: Choice, days: tuple[date, date]) -> None:
    start, end = ((day - EPOCH).days * DAY_MS for day in days)
    if (start, end + DAY_MS) != choice.span:
        choice.look_between(start, end + DAY_MS)


def _date(milliseconds: float) -> date:
    return EPOCH + timedelta(days=milliseconds // DAY_MS)
