"""Exact sums over local days: whole thousandths, so that neither order nor neighbours matter."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows.clocks import integers

SCALE: Final = 1000


@dataclass(frozen=True)
class DayGroups:
    """The rows of each local date.

    Attributes:
        dates: Each date once, ascending.
        starts: Where the rows of each begin.
        order: The rows, date by date, each in its former order; None if they stood so.
    """

    dates: pa.Array
    starts: NDArray[np.int64]
    order: NDArray[np.int64] | None

    def arranged(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Values of the rows, date by date."""
        return values if self.order is None else values[self.order]


def day_groups(local_dates: pa.ChunkedArray) -> DayGroups:
    """Group rows by their local date."""
    days = integers(local_dates)
    order = None
    if len(days) and (days[1:] < days[:-1]).any():
        order = np.argsort(days, kind="stable")
        days = days[order]
    starts = np.flatnonzero(np.concatenate(([True], days[1:] != days[:-1])) if len(days) else [])
    dates = pa.array(days[starts].astype(np.int32)).view(pa.date32())
    return DayGroups(dates, starts, order)


def in_thousandths(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Values as whole thousandths; null as 0."""
    scaled = np.asarray(column.to_numpy(), np.float64) * SCALE
    np.rint(scaled, out=scaled)
    if column.null_count:
        np.nan_to_num(scaled, copy=False)
    return scaled.astype(np.int64)


def thousandths_sums(
    column: pa.ChunkedArray, days: DayGroups
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each day the sum of the values, in thousandths, and how many there are."""
    if not len(days.starts):
        nothing = np.zeros(0, np.int64)
        return nothing, nothing
    present = np.asarray(column.is_valid().to_numpy(), np.int64)
    sums = np.add.reduceat(days.arranged(in_thousandths(column)), days.starts)
    return sums, np.add.reduceat(days.arranged(present), days.starts)


def thousandths(sums: NDArray[Any], counts: NDArray[np.int64]) -> pa.Array:
    """Means of sums in thousandths; null where nothing was counted."""
    means = sums / np.maximum(counts * SCALE, 1)
    return pa.array(means, pa.float64(), mask=counts == 0)
