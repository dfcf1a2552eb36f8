"""A guideline's home values as the page shows them: bands behind the charts, counts of readings.

A category belongs to an average that a protocol asks for, never to a single reading: the page says
so wherever it shows how many readings lie in a band.
"""

from dataclasses import dataclass

import numpy as np

from adapters.dashboard.columns import Column
from dataflows.guidelines import DEFAULT_GUIDELINE, GUIDELINES, Band


@dataclass(frozen=True)
class Share:
    """How many readings lie in a band."""

    label: str
    edges: str
    count: int


def bands_of(guideline: str | None) -> tuple[Band, ...]:
    """The home bands of a guideline, the lowest first; of the usual one if there is none so named.

    Where a guideline comes without a scale for home, its bands are few; they are never made up.
    """
    return GUIDELINES.get(guideline or "", GUIDELINES[DEFAULT_GUIDELINE]).home


def label_of(band: Band) -> str:
    """A category for people."""
    return band.category.replace("_", " ")


def shares(guideline: str | None, systolic: Column, diastolic: Column) -> list[Share]:
    """How many readings lie in each band; of its two pressures the higher band counts."""
    bands = bands_of(guideline)
    places = np.zeros(len(systolic), int)
    for place, band in enumerate(bands):
        for values, edge in ((systolic, band.systolic), (diastolic, band.diastolic)):
            if edge is not None:
                places[values >= edge] = place
    counts = np.bincount(places, minlength=len(bands))
    return [
        Share(label_of(band), _edges(bands, place), int(count))
        for place, (band, count) in enumerate(zip(bands, counts, strict=True))
    ]


def _edges(bands: tuple[Band, ...], place: int) -> str:
    """Where a band begins; of the lowest one, what it stays below."""
    if place:
        band = bands[place]
        return " or ".join(
            text
            for text in (_at_least(band.systolic, "systolic"), _at_least(band.diastolic, ""))
            if text
        )
    systolic = [band.systolic for band in bands if band.systolic is not None]
    diastolic = [band.diastolic for band in bands if band.diastolic is not None]
    return f"below {min(systolic)} and below {min(diastolic)}"


def _at_least(edge: int | None, which: str) -> str:
    return "" if edge is None else f"≥{edge} {which}".rstrip()
