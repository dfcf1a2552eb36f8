"""Rows of large tables: what stays where it lies is not copied."""

from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# Runs of neighbours from this length on are worth a chunk of their own.
LONG_RUN: Final = 65_536


def rows_where(table: pa.Table, mask: NDArray[np.bool_]) -> pa.Table:
    """The rows that a mask marks; the very same table if it marks all."""
    if mask.all():
        return table
    edges = np.flatnonzero(mask[1:] != mask[:-1]) + 1
    if len(edges) > len(mask) // LONG_RUN:
        return table.filter(pa.array(mask))
    runs = pairwise([0, *edges.tolist(), len(mask)])
    parts = [table.slice(first, last - first) for first, last in runs if mask[first]]
    return pa.concat_tables([table.slice(0, 0), *parts])


def taken(table: pa.Table, order: NDArray[np.int64]) -> pa.Table:
    """The rows in the given order; of long runs of neighbours nothing is copied."""
    edges = np.concatenate(([0], np.flatnonzero(np.diff(order) != 1) + 1, [len(order)]))
    long = np.flatnonzero(np.diff(edges) >= LONG_RUN)
    parts, done = [], 0
    for first, last in zip(edges[long].tolist(), edges[long + 1].tolist(), strict=True):
        parts += [
            _copied(table, order[done:first]),
            table.slice(int(order[first]), last - first),
        ]
        done = last
    parts.append(_copied(table, order[done:]))
    return pa.concat_tables(parts)


def _copied(table: pa.Table, order: NDArray[np.int64]) -> pa.Table:
    # Arrow joins the chunks of a table to take rows of it, even to take none.
    return table.take(pa.array(order)) if len(order) else table.slice(0, 0)
