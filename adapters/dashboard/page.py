"""One visitor's page: what was chosen, the charts, and the texts around them.

All of it is made inside the session and lives in its document alone.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from html import escape
from typing import Any, Final

from bokeh.document import Document
from bokeh.events import Tap

from adapters import AdapterError
from adapters.dashboard import details, exports, fragments, tables
from adapters.dashboard.bridge import Bridge
from adapters.dashboard.chart_data import Drawn, drawn
from adapters.dashboard.charts.sleep import ROWS
from adapters.dashboard.figures import Figures
from adapters.dashboard.origins import origin
from adapters.dashboard.published import Published
from adapters.dashboard.state import Choice
from adapters.dashboard.store import DataStore
from registry import RegistryError

LOOKS_EVERY_MS: Final = 1_500
SETTLED_AFTER_MS: Final = 120


class Page:
    """A session's page.

    Args:
        store: Where its data comes from.
        guideline: The one to begin with.

    Attributes:
        choice: What was chosen.
        figures: The charts.
        bridge: The texts, and what was clicked.
        published: The generation that is shown.
    """

    def __init__(self, store: DataStore, guideline: str | None = None) -> None:
        self.store = store
        self.published = store.current()
        self.figures = Figures()
        self.bridge = Bridge(self._on_action)
        self.choice = Choice(bounds=self.published.series.bounds)
        if guideline:
            self.choice.guideline = guideline
        self.choice.look_at(self.choice.quick)
        self._open_tables: set[str] = set()
        self._tab = details.tabs_of(self.published)[0]
        self._shown: Drawn | None = None
        self._document: Document | None = None
        self._settling: Any = None
        self._draw(*self.choice.span)
        self._parts = self._texts()
        self.choice.param.watch(self._on_choice, ["span", "guideline", "signals", "compare"])

    @property
    def parts(self) -> Mapping[str, str]:
        """The texts that the page begins with."""
        return self._parts

    def attach(self, document: Document) -> None:
        """Begin to follow a document: its zoom, its clicks, and newer generations."""
        self._document = document
        self.bridge.greet(document, self.figures)
        for name in ("start", "end"):
            self.figures.time.on_change(name, self._on_zoom)
        for chart, figure in self.figures.figures.items():
            figure.on_event(Tap, self._on_tap(chart))
        document.add_periodic_callback(self.look_for_newer, LOOKS_EVERY_MS)

    def show(self, store: DataStore) -> None:
        """Show other data from now on: what was unlocked, or the public view again."""
        self.store = store
        self._take(store.current())

    def look_for_newer(self) -> None:
        """Take up a newer generation, if one was published meanwhile."""
        newest = self.store.current()
        if newest is self.published:
            return
        with suppress(RegistryError):  # what a writer removes meanwhile is met next time
            _ = newest.series
            self._take(newest)

    def _take(self, published: Published) -> None:
        self.published, self._shown = published, None
        tabs = details.tabs_of(published)
        self._tab = self._tab if self._tab in tabs else tabs[0]
        before = self.choice.span
        self.choice.widen(published.series.bounds)
        if self.choice.span == before:  # another one was drawn as it was chosen
            self._redraw()

    # -- drawing ---------------------------------------------------------------------------------

    def _redraw(self) -> None:
        self._draw(*self.choice.span)
        self._parts = self._texts()
        hidden = [signal for signal in self.choice.param.signals.objects
                  if signal not in self.choice.signals]  # fmt: skip
        rows = {f"table-{name}": self._table(name) for name in self._open_tables}
        self.bridge.show({**self._parts, **rows, "hidden": hidden})

    def _draw(self, start: float, end: float) -> None:
        self._fill(start, end)
        self.figures.show_time(start, end)

    def _fill(self, start: float, end: float) -> Drawn:
        now = self._shown = drawn(self.published, start, end, self.choice.guideline)
        self.figures.fill(now.data)
        for chart, limits in now.limits.items():
            self.figures.show_values(chart, limits)
        self.figures.name_rows("sleep", ROWS if now.sleep_level == "stages" else ())
        self.figures.snap_within(now.reach)
        return now

    def _texts(self) -> dict[str, str]:
        assert self._shown is not None
        return {
            "headline": fragments.headline(self.published),
            "empty": " · ".join(self.published.series.unknown),
            "range": fragments.range_line(self.choice),
            "cards": fragments.cards(self.published, self.choice),
            **self._legends(),
            "methods": fragments.methods(self.published, self.choice),
            "events": fragments.events(self.published, self.choice),
            "tabs": details.tab_list(self.published, self._tab),
            "detail": details.shown(self._tab, self.published, self.choice),
        }

    def _legends(self) -> dict[str, str]:
        assert self._shown is not None
        weekly = self._shown.level == "weeks"
        return {
            "pressure": fragments.pressure_text(self.published, self.choice, weekly=weekly),
            "heart": fragments.heart_text(self._shown.heart_level),
            "sleep": fragments.sleep_text(self._shown),
            "quality": fragments.quality_text(),
        }

    def _table(self, name: str) -> str:
        return tables.shown(name, self.published, self.choice)

    # -- what the visitor does -------------------------------------------------------------------

    def _on_choice(self, *_events: Any) -> None:
        self._redraw()

    def _on_zoom(self, _attribute: str, _old: Any, _new: Any) -> None:
        """Refine once the zoom stands still: both ends move one after the other."""
        if self._document is None or self._settling is not None:
            return
        self._settling = self._document.add_timeout_callback(self._refine, SETTLED_AFTER_MS)

    def _refine(self) -> None:
        self._settling = None
        start, end = float(self.figures.time.start), float(self.figures.time.end)
        if self._shown is not None and self._shown.serves(start, end):
            return
        before = self._shown
        now = self._fill(start, end)
        if before is None or before.levels != now.levels:
            self.bridge.show(self._legends())

    def _on_tap(self, chart: str) -> Callable[[Tap], None]:
        return lambda event: self._answer(lambda: self._tell_origin(chart, event.x))

    def _answer(self, work: Callable[[], None]) -> None:
        """Do what was asked for, or say why that cannot be."""
        try:
            work()
        except (AdapterError, RegistryError) as error:
            self.bridge.show({"readout": escape(str(error))})

    def _tell_origin(self, chart: str, x: float | None) -> None:
        """Tell where the point comes from that is nearest to an instant."""
        found = self.figures.nearest(chart, x) if x is not None else None
        if found is None or self._shown is None:
            return
        layer, point = found
        point["width"] = self._shown.width_of(layer)
        self.bridge.show({"origin": origin(layer, point, self.published)})

    def _on_action(self, action: str) -> None:
        word, _, argument = action.partition(":")
        handlers: dict[str, Callable[[], None]] = {
            "reset": self._reset_zoom,
            "table": lambda: self._open_table(argument),
            "close": lambda: self._open_tables.discard(argument),
            "detail": lambda: self._open_detail(argument),
            "origin": lambda: self._tell_origin(*_place(argument)),
            "save": lambda: self._save(argument),
        }
        if word in handlers:
            self._answer(handlers[word])

    def _reset_zoom(self) -> None:
        self._draw(*self.choice.span)
        self.bridge.show(self._legends())

    def _open_table(self, name: str) -> None:
        if name in tables.NAMES:
            self._open_tables.add(name)
            self.bridge.show({f"table-{name}": self._table(name)})

    def _save(self, what: str) -> None:
        saved = exports.saved(what, self.published, self.choice)
        self.bridge.show({"save": saved} if saved else {"readout": exports.NOTHING})

    def _open_detail(self, tab: str) -> None:
        if tab in details.TABS:
            self._tab = tab
            self.bridge.show({"detail": details.shown(tab, self.published, self.choice)})


def _place(argument: str) -> tuple[str, float | None]:
    """A chart and an instant, as `heart@1767225600000`."""
    chart, _, instant = argument.partition("@")
    try:
        return chart, float(instant)
    except ValueError:
        return chart, None
