"""One published generation as the page sees it: facts, and tables that open when asked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from adapters.dashboard.background import NOTHING_BEHIND, Background
from adapters.dashboard.columns import Series
from adapters.dashboard.series import AllSeries, Windows, all_series, samples_of, stages_of
from adapters.profile import DEMO
from dataflows.day_windows import EVENING, MORNING

EMPTY: Final = pa.table({})


@dataclass(frozen=True)
class Facts:
    """What is told of a generation beside its tables.

    Attributes:
        profile: Whose it is.
        generation: Its number.
        published_utc: When it was published.
        versions: Output -> its version.
        books: Signal -> how many rows were parsed, valid, rejected, shadowed and kept.
    """

    profile: str
    generation: int
    published_utc: str
    versions: Mapping[str, int] = field(default_factory=dict)
    books: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def is_synthetic(self) -> bool:
        """Whether nobody lives behind these numbers."""
        return self.profile == DEMO


class Rows(Protocol):
    """Opens outputs, whole or those of some dates."""

    def table(self, name: str) -> pa.Table:
        """All rows of an output."""

    def between(self, name: str, first: date, last: date) -> pa.Table:
        """The rows of an output with a local date from the first to the last."""


class Published:
    """A generation: the same for every visitor who may see it.

    Args:
        facts: Of the generation.
        names: The outputs that it has.
        rows: Opens them.
        windows: Morning and evening.
        background: What the registry knows beside them.
    """

    def __init__(
        self,
        facts: Facts,
        names: Iterable[str],
        rows: Rows,
        windows: Windows = (MORNING, EVENING),
        background: Background = NOTHING_BEHIND,
    ) -> None:
        self.facts, self.background = facts, background
        self._names, self._rows, self._windows = frozenset(names), rows, windows
        self._tables: dict[str, pa.Table] = {}
        self._rows_by: dict[str, dict[Any, list[dict[str, Any]]]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def table(self, name: str) -> pa.Table:
        """An output's rows; without columns where this generation does not have it."""
        if name not in self._names:
            return EMPTY
        if name not in self._tables:
            self._tables[name] = self._rows.table(name)
        return self._tables[name]

    def rows_between(self, name: str, first: date, last: date) -> pa.Table:
        """An output's rows with a local date from the first to the last."""
        return self._rows.between(name, first, last) if name in self._names else EMPTY

    def rows_by(self, name: str, column: str) -> Mapping[Any, Sequence[Mapping[str, Any]]]:
        """The rows of a small output, by what stands in a column."""
        if name not in self._rows_by:
            found: dict[Any, list[dict[str, Any]]] = {}
            for row in self.table(name).to_pylist():
                found.setdefault(row[column], []).append(row)
            self._rows_by[name] = found
        return self._rows_by[name]

    def samples(self, start: float, end: float) -> Series:
        """The heart rate samples between two instants of the local clock."""
        first, last = (datetime.fromtimestamp(at / 1000, UTC).date() for at in (start, end))
        rows = self.rows_between("heart_rate_samples", first, last)
        return samples_of(rows).between(start, end)

    def stages(self, start: float, end: float) -> Series:
        """The stages of sleeps that touch the time between two instants of the local clock."""
        first, last = (datetime.fromtimestamp(at / 1000, UTC).date() for at in (start, end))
        found = stages_of(self.rows_between("sleep_stages", first, last + timedelta(days=1)))
        return found.where((found["time"] < end) & (found["end"] > start))

    @cached_property
    def series(self) -> AllSeries:
        """What the charts draw."""
        return all_series(self.table, self._windows)


def within_dates(table: pa.Table, first: date, last: date) -> pa.Table:
    """The rows with a local date from the first to the last."""
    inside = pc.and_(
        pc.greater_equal(table["local_date"], pa.scalar(first)),
        pc.less_equal(table["local_date"], pa.scalar(last)),
    )
    return table.filter(inside)
