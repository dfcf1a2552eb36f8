"""The values of Withings' raw series: rows with lists, laid out in time.

A value holds from its start for its duration, and the next one of the row begins where it ends. The
offset of a row is that of all its values.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_rows import Rows

MINUTE: Final = 60 * cells.SECOND
_START: Final = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)$"
_NUMBERS: Final = r"^\[ *-?\d{1,9}(?: *, *-?\d{1,9})* *\]$"
_DECIMALS: Final = re.compile(r"\[[^\]]*\d\.\d")
_WALL_LETTERS: Final = 19
_SHOWN_ROWS: Final = 100

Integers = NDArray[np.int64]


class BadRow(NamedTuple):
    """A row that cannot be read: which cell of it, and what stands there."""

    number: int
    check: str
    column: str | None
    text: str


@dataclass(frozen=True)
class Series:
    """Values in the order of the file; arrays are aligned.

    Attributes:
        starts: Microseconds since 1970 UTC.
        ends: The same.
        offsets: Minutes from UTC.
        values: Whole numbers.
        numbers: Of the rows that they stand in.
    """

    starts: Integers
    ends: Integers
    offsets: Integers
    values: Integers
    numbers: Integers

    def where(self, mask: NDArray[np.bool_]) -> "Series":
        """The values that a mask marks."""
        columns = (self.starts, self.ends, self.offsets, self.values, self.numbers)
        return Series(*(column[mask] for column in columns))


def has_decimals(part: Rows) -> bool:
    """Whether a value of the first rows has a fraction, as no heart rate and no state has."""
    return any(_DECIMALS.search(text) for text in part.columns["value"][:_SHOWN_ROWS].to_pylist())


def values_of(part: Rows) -> tuple[Series, list[BadRow]]:
    """The values of some rows, and the rows that are bad.

    Args:
        part: Rows with the columns `start`, `duration` and `value`.
    """
    texts = part.columns
    instants, offsets = _instants(texts["start"])
    lists = {name: _lists(texts[name]) for name in ("duration", "value")}
    lengths = {name: np.asarray(pc.list_value_length(each)) for name, each in lists.items()}
    is_good = {name: _matches(texts[name], _NUMBERS) for name in ("value", "duration")}
    is_good["start"] = instants != cells.NO_INSTANT
    is_good["duration"] &= (lengths["duration"] == lengths["value"]) | ~is_good["value"]
    good = np.logical_and.reduce(list(is_good.values()))
    kept = pa.array(good)
    seconds, values = (
        cells.integers(pc.list_flatten(lists[name].filter(kept))) for name in ("duration", "value")
    )
    row = (instants[good], offsets[good], part.numbers[good].astype(np.int64))
    odd = [BadRow(number, "wrong_field_count", None, text) for number, text in part.odd]
    bad = [_bad_row(part, int(place), is_good) for place in np.flatnonzero(~good)]
    return _laid_out(row, lengths["value"][good], seconds, values), odd + bad


def joined(parts: Iterable[Series]) -> Series:
    """The values of all parts, in their order."""
    none = np.zeros(0, np.int64)
    columns = [(p.starts, p.ends, p.offsets, p.values, p.numbers) for p in parts]
    empty = (none, none, none, none, none)
    return Series(*(np.concatenate(column) for column in zip(empty, *columns, strict=True)))


def _matches(texts: Any, pattern: str) -> NDArray[np.bool_]:
    return np.array(pc.match_substring_regex(texts, pattern))


def _bad_row(part: Rows, place: int, is_good: Mapping[str, NDArray[np.bool_]]) -> BadRow:
    column = next(name for name in ("start", "value", "duration") if not is_good[name][place])
    check = "not_a_time" if column == "start" else "not_a_number"
    text = part.columns[column][place].as_py()
    return BadRow(int(part.numbers[place]), check, column, text)


def _instants(starts: Any) -> tuple[Integers, Integers]:
    """Microseconds since 1970 UTC, `cells.NO_INSTANT` where they are none; minutes from UTC."""
    is_time = _matches(starts, _START)
    offsets, _ = cells.mapped(
        pc.utf8_slice_codeunits(starts, _WALL_LETTERS), _offset_minutes, np.int64
    )
    walls = pc.utf8_slice_codeunits(starts, 0, _WALL_LETTERS)
    walls = pc.if_else(pa.array(is_time), walls, "1970-01-01T00:00:00")
    try:
        micros = np.asarray(walls.cast(records.WALL_TIME).cast(pa.int64()))
    except pa.ArrowInvalid:
        micros, senseless = cells.mapped(walls, _wall_time, np.int64)
        is_time &= True if senseless is None else ~senseless
    return np.where(is_time, micros - offsets * MINUTE, cells.NO_INSTANT), offsets


def _offset_minutes(text: str) -> int:
    digits = text.replace(":", "")
    if len(digits) != len("+0000") or not digits[1:].isdecimal():
        return 0
    return (60 * int(digits[1:3]) + int(digits[3:])) * (-1 if digits[0] == "-" else 1)


def _wall_time(text: str) -> int | None:
    return cells.instant(f"{text}Z")


def _lists(texts: Any) -> Any:
    """What stands between the brackets of each cell, in parts."""
    inside = pc.utf8_trim(pc.replace_substring(texts, " ", ""), "[]")
    return pc.split_pattern(inside, ",")


def _laid_out(
    row: tuple[Integers, Integers, Integers],
    lengths: NDArray[np.int32],
    seconds: Integers,
    values: Integers,
) -> Series:
    """Each value at its own time; `row` are instants, offsets and numbers of the rows."""
    instants, offsets, numbers = (np.repeat(column, lengths) for column in row)
    lasted = np.maximum(seconds, 0) * cells.SECOND
    total = np.cumsum(lasted)
    before = np.concatenate(([0], total))[np.cumsum(lengths) - lengths]
    starts = instants + total - lasted - np.repeat(before, lengths)
    return Series(starts, starts + lasted, offsets, values, numbers)
