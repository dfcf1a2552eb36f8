"""Columns over local time, and how a table's columns become such."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

DAY_MS: Final = 86_400_000
MINUTE_MS: Final = 60_000

Column = NDArray[Any]


@dataclass(frozen=True)
class Series:
    """Columns of equal length, ascending in `time`."""

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.columns["time"])

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def between(self, start: float, end: float) -> "Series":
        """The part whose time lies in [start, end)."""
        low, high = np.searchsorted(self["time"], [start, end])
        return Series({name: values[low:high] for name, values in self.columns.items()})

    def where(self, mask: Column) -> "Series":
        """The part for which a mask holds."""
        return Series({name: values[mask] for name, values in self.columns.items()})

    def data(self, *names: str, **renamed: str) -> dict[str, Column]:
        """Some columns, by their own name or as `new=old`."""
        wanted = dict(zip(names, names, strict=True)) | renamed
        return {new: self.columns[old] for new, old in wanted.items()}


def local_times(table: pa.Table, column: str = "start_utc") -> Column:
    """An instant as milliseconds of the local clock."""
    utc = table[column].cast(pa.timestamp("ms", "UTC"), safe=False).cast(pa.int64())
    offset = pc.multiply(table["utc_offset_minutes"].cast(pa.int64()), MINUTE_MS)
    times: Column = pc.add(utc, offset).to_numpy().astype(float)
    return times


def dates(table: pa.Table, column: str = "local_date") -> Column:
    """A local date as milliseconds."""
    days: Column = table[column].cast(pa.int32()).to_numpy().astype(float) * DAY_MS
    return days


def numbers(table: pa.Table, column: str) -> Column:
    """A column as numbers, NaN where one is missing or the table has no such column."""
    if column not in table.column_names:
        return np.full(table.num_rows, np.nan)
    values: Column = table[column].cast(pa.float64()).to_numpy()
    return values


def texts(table: pa.Table, column: str) -> Column:
    """A column as texts, empty where one is missing."""
    if column not in table.column_names:
        return np.full(table.num_rows, "", dtype=object)
    values = table[column].cast(pa.string()).fill_null("")
    found: Column = values.to_numpy(zero_copy_only=False) if len(values) else np.array([], object)
    return found


def empty(names: Iterable[str]) -> Series:
    """A series without a point."""
    return Series({name: np.array([]) for name in names})


def in_order(columns: Mapping[str, Column]) -> Series:
    """Columns as a series, by their time."""
    order = np.argsort(columns["time"], kind="stable")
    return Series({name: values[order] for name, values in columns.items()})


def with_gaps(series: Series, step: float, *names: str) -> Series:
    """An empty point within each gap, so that a line breaks there."""
    times = series["time"]
    breaks = np.nonzero(np.diff(times) > step)[0] + 1
    if not len(breaks):
        return series
    inserted = {name: np.insert(series[name].astype(float), breaks, np.nan) for name in names}
    return Series({"time": np.insert(times, breaks, times[breaks - 1] + 1), **inserted})
