"""Texts to the page, and clicks from it: two small models for everything that is no chart.

Key figures, legends and tables are markup in the page itself, where its style sheet and a screen
reader reach them. What changes travels as one JSON text; what is clicked comes back as a word.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.models import CustomJS, Div

from adapters.dashboard.drawing import ANCHORS, TOLD
from adapters.dashboard.figures import Figures

_SHOW: Final = "window.dashboard.show(JSON.parse(cb_obj.tags[0]))"
_READY: Final = Path(__file__).with_name("ready.js")


class Bridge:
    """One session's.

    Args:
        on_action: Told what was clicked, as `word` or `word:argument`.
    """

    def __init__(self, on_action: Callable[[str], None]) -> None:
        # What they carry are tags, for a text would be drawn, if only out of sight.
        self.texts = Div(visible=False, name="texts")
        self.clicks = Div(visible=False, name="clicks")
        self.texts.js_on_change("tags", CustomJS(code=_SHOW))
        self.clicks.on_change("tags", lambda _attribute, _old, new: on_action(_word(new)))
        self._count = 0

    def show(self, parts: Mapping[str, Any]) -> None:
        """Replace parts of the page, by their id."""
        self._count += 1  # an equal text would be no change, and not be sent
        self.texts.tags = [json.dumps({**parts, "count": self._count}, ensure_ascii=False)]

    def greet(self, document: Document, figures: Figures) -> None:
        """Have the page know its models once it is there."""
        arguments = {
            "clicks": self.clicks,
            "figures": [*figures.figures.values()],
            "span": figures.span,
            "anchors": {chart: [*layers] for chart, layers in ANCHORS.items()},
            "told": [[name, unit, [*layers]] for name, unit, layers in TOLD],
        }
        document.js_on_event(
            DocumentReady, CustomJS(args=arguments, code=_READY.read_text("utf-8"))
        )


def _word(tags: Sequence[object]) -> str:
    """What was clicked, without the number that makes each click a change."""
    return str(tags[0]).partition("#")[0] if tags else ""
