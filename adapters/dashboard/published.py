"""One published generation as the page sees it: facts, and tables that open when asked for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import pyarrow as pa

from adapters.dashboard.series import AllSeries, Windows, all_series
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
    """

    profile: str
    generation: int
    published_utc: str
    versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_synthetic(self) -> bool:
        """Whether nobody lives behind these numbers."""
        return self.profile == DEMO


class Published:
    """A generation: the same for every visitor who may see it.

    Args:
        facts: Of the generation.
        names: The outputs that it has.
        opened: Opens one of them.
        windows: Morning and evening.
    """

    def __init__(
        self,
        facts: Facts,
        names: Iterable[str],
        opened: Callable[[str], pa.Table],
        windows: Windows = (MORNING, EVENING),
    ) -> None:
        self.facts, self._windows = facts, windows
        self._names, self._opened = frozenset(names), opened
        self._tables: dict[str, pa.Table] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def table(self, name: str) -> pa.Table:
        """An output's rows; without columns where this generation does not have it."""
        if name not in self._names:
            return EMPTY
        if name not in self._tables:
            self._tables[name] = self._opened(name)
        return self._tables[name]

    @cached_property
    def series(self) -> AllSeries:
        """What the charts draw."""
        return all_series(self.table, self._windows)
