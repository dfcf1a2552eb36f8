"""What all charts share: colours, names of sources, axes.

Colours are those of Okabe and Ito, which colour-blind eyes tell apart; every layer also differs in
its mark, its pattern or its place, so that no meaning hangs on colour alone.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from adapters.dashboard.columns import Column

ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
GREY: Final = "#767676"
"""Readable on white and on the dark page alike."""

PLAIN: Final = {"hover": False, "legend": False, "responsive": True, "height": 250}
"""Of every layer that hvplot draws: the crosshair tells its values, the page its legend."""

Frames = Mapping[str, pd.DataFrame]
Data = dict[str, dict[str, Column]]
Hook = Callable[[Any, Any], None]


def naming(source: str, **glyph: Any) -> Hook:
    """A hook that gives a layer's source its name, by which it is found and filled."""

    def hook(plot: Any, _element: Any) -> None:
        plot.handles["source"].name = source
        plot.handles["source"].tags = [source]
        for name, value in glyph.items():
            setattr(plot.handles["glyph"], name, value)

    return hook


def layer(source: str, **glyph: Any) -> dict[str, Any]:
    """The options of a layer: its name, and neither tools nor hover of its own."""
    return {"hooks": [naming(source, **glyph)], "tools": [], "default_tools": []}


def example(*columns: str) -> pd.DataFrame:
    """A frame of one row, to draw a chart that is filled later."""
    times = {"time", "end"}
    start = pd.Timestamp("2026-01-01")
    return pd.DataFrame({name: [start if name in times else 1.0] for name in columns})


def span(*found: Column, least: tuple[float, float], pad: float = 0.06) -> tuple[float, float]:
    """Limits of a value axis around what is shown, and at least these."""
    values = np.concatenate([least, *found])
    values = values[~np.isnan(values)]
    low, high = float(values.min()), float(values.max())
    room = (high - low) * pad
    return low - room, high + room
