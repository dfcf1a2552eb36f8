"""Windows that look back: which days they end on, and which days of a series lie in them.

A figure of the past must not change when new days come, so that every window ends with the day that
it is told for and none reads a later one. Windows end with each month, and with the last day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows.clocks import integers

BASELINE_DAYS: Final = (28, 60)
"""Ours: four weeks and two months."""

Days = NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """Successive days, the first and the last of them as days since 1970."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many days it has."""
        return self.last - self.first + 1

    def of(self, days: Days) -> slice:
        """Where the days of this window stand among ascending ones."""
        first, end = np.searchsorted(days, [self.first, self.last + 1])
        return slice(int(first), int(end))


def windows(days: Days, length: int, ends: Days) -> Iterator[Window]:
    """The windows of a length that hold any of some ascending days."""
    for end in ends.tolist():
        window = Window(end - length + 1, end)
        where = window.of(days)
        if where.start < where.stop:
            yield window


def month_ends(days: Days) -> Days:
    """The last day of each month that ends between the first and the last of some days; the last.

    Args:
        days: Days since 1970, ascending.
    """
    return _ends(days, "M8[M]")


def year_ends(days: Days) -> Days:
    """The last day of each year that ends between the first and the last of some days; the last.

    Args:
        days: Days since 1970, ascending.
    """
    return _ends(days, "M8[Y]")


def _ends(days: Days, unit: str) -> Days:
    if not len(days):
        return days
    first, last = days[[0, -1]].astype("M8[D]").astype(unit)
    starts = np.arange(first, last) + 1
    ends = starts.astype("M8[D]").astype(np.int64) - 1
    return np.append(ends, days[-1])


def dates(days: list[int] | Days) -> pa.Array:
    """Days since 1970 as Arrow dates."""
    return pa.array(np.asarray(days, np.int32)).view(pa.date32())


def days_of(column: pa.ChunkedArray) -> Days:
    """The distinct dates of a column, ascending, as days since 1970."""
    return np.unique(integers(column))
