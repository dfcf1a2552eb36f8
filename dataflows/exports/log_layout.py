"""Where the columns of a blood pressure log stand that somebody keeps by hand.

The header is a line that names a date and both pressures. A title and blank lines may stand above
it, and its names may be spread over two lines, as in

    Date;Morning;;;Evening;;
    ;Sys;Dia;Pulse;Sys;Dia;Pulse

A row may hold several readings: of the morning and the evening, of two arms, one after the other.
Their columns are told apart by what stands beside their names, or by that they come again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from dataflows.exports import hand_kept
from dataflows.exports.csv_text import DELIMITERS, SAMPLE_BYTES, Header
from dataflows.exports.log_names import (
    PARTS,
    Label,
    Named,
    is_doubtful,
    is_label,
    may_be_header,
    named,
)

# How far below the beginning a header may stand.
MOST_LINES: Final = 40
_WHOLE: Final = frozenset({"systolic", "diastolic"})
_SHARED: Final = ("date", "time", "half", "note")


@dataclass(eq=False)
class Group:
    """The columns of one reading in each row.

    Attributes:
        label: Which reading of the row it is, if that is told.
        places: Column -> where it stands.
    """

    label: Label = frozenset()
    places: dict[str, int] = field(default_factory=dict)

    @property
    def part(self) -> str | None:
        """The part of the day that it belongs to."""
        return next((part for part in PARTS if part in self.label), None)

    @property
    def has_pressure(self) -> bool:
        """Whether any pressure is told."""
        return "pressure" in self.places or not _WHOLE.isdisjoint(self.places)

    @property
    def has_pressures(self) -> bool:
        """Whether both pressures are told."""
        return "pressure" in self.places or self.places.keys() >= _WHOLE

    def takes(self, column: str, label: Label) -> bool:
        """Whether a column with this label, which is told, is one of this reading."""
        return bool(label) and label == self.label and column not in self.places

    def is_closed_to(self, column: str) -> bool:
        """Whether a column that says no more than its name begins another reading."""
        return column in self.places and self.has_pressures


@dataclass(frozen=True)
class Layout:
    """The header of a log.

    Attributes:
        row: Its number; of two lines that of the second.
        delimiter: Between the cells.
        names: Of its columns.
        readings: The columns of each reading.
        shared: The date, the time, the half of the day and the note, which may stand once for all.
    """

    row: int
    delimiter: str
    names: Sequence[str]
    readings: Sequence[Group]
    shared: Mapping[str, int]

    @property
    def tells_both(self) -> bool:
        """Whether each pressure has a column of its own."""
        return all("systolic" in reading.places for reading in self.readings)

    @property
    def is_certain(self) -> bool:
        """Whether nothing but blood pressure can be meant."""
        known = {name for reading in self.readings for name in reading.places}
        called = (self.names[reading.places["pressure"]] for reading in self.readings)
        return not known.isdisjoint({*_WHOLE, "pulse"}) or not any(map(is_doubtful, called))

    def places(self, reading: Group) -> Mapping[str, int]:
        """Where the columns of a reading stand, with those that it shares."""
        shared = {
            name: place
            for name, place in self.shared.items()
            if name not in {"time", "half"} or not reading.part
        }
        return {**shared, **reading.places}


def layout_of(text: bytes) -> Layout | None:
    """The layout of a log that is complete: with a date and both pressures. None of others."""
    head = b"\n".join(text[:SAMPLE_BYTES].splitlines()[:MOST_LINES])
    if not may_be_header(head.decode(errors="replace")):
        return None
    found = (_layout(head, delimiter) for delimiter in DELIMITERS)
    return next((layout for layout in found if layout is not None), None)


def layout_of_line(header: Header) -> Layout:
    """The layout that one line makes, complete or not; of columns that come again, the first."""
    group = _first_columns([named(name) for name in header.names])
    return Layout(header.row, header.delimiter, header.names, [group], group.places)


def _layout(text: bytes, delimiter: str) -> Layout | None:
    rows = hand_kept.rows(text, Header((), delimiter, 0, 0, ended=True))
    lines = [(number, cells) for number, cells in rows if any(cells)]
    coarse: Layout | None = None
    for (_, above), (number, cells) in pairwise([(0, []), *lines]):
        alone = _of_names(number, delimiter, cells)
        joined = _of_names(number, delimiter, [*_below(above, cells)])
        if coarse is not None:
            return joined if joined is not None and joined.tells_both else coarse
        found = joined if alone is None or any(map(is_label, above)) else alone
        if found is not None and found.tells_both:
            return found
        coarse = found
    return coarse


def _below(above: Sequence[str], cells: Sequence[str]) -> Iterator[str]:
    """The names of a header of two lines; what says which reading it is holds up to the next."""
    label = ""
    for place, cell in enumerate(cells):
        over = above[place] if place < len(above) else ""
        if over:
            label = over if is_label(over) else ""
        yield f"{label} {cell}" if cell and label else cell or over


def _of_names(row: int, delimiter: str, names: Sequence[str]) -> Layout | None:
    """The layout of a header; None if it is no whole one."""
    told = [named(name) for name in names]
    groups = _groups(told)
    readings = [group for group in groups if group.has_pressure]
    if not all(group.has_pressures for group in readings):
        readings = groups = [_first_columns(told)]
    shared = {
        name: place
        for group in reversed(groups)
        for name, place in group.places.items()
        if name in _SHARED
    }
    if "date" not in shared or not readings or not readings[0].has_pressures:
        return None
    layout = Layout(row, delimiter, names, readings, shared)
    return layout if layout.is_certain else None


def _groups(names: Sequence[Named]) -> list[Group]:
    """The columns, by the reading that they belong to."""
    current = Group()
    groups = [current]
    for place, (column, label) in enumerate(names):
        if column is None:
            continue
        if column != "note" and (label or current.is_closed_to(column)):
            current = next((group for group in groups if group.takes(column, label)), Group(label))
        if current not in groups:
            groups.append(current)
        current.places.setdefault(column, place)
    return groups


def _first_columns(names: Iterable[Named]) -> Group:
    """One reading, of the first column of each name."""
    group = Group()
    for place, (column, _) in enumerate(names):
        if column is not None:
            group.places.setdefault(column, place)
    return group
