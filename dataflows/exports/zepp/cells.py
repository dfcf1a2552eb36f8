"""How Zepp writes things: `null` for nothing, local clock times, instants with `+0000`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dataflows.exports import cells
from dataflows.exports.csv_rows import Rows

SOURCE: Final = "zepp"

# The texts of dates, times of the day and heart rates come again and again.
DISTINCT_TEXTS: Final = 16_384


@dataclass(frozen=True)
class Reader:
    """What turns the cells of a column into numbers.

    Attributes:
        column: Name.
        check: Code of the check that a cell fails of which `read` makes None.
        read: Gives a number, or None for a text that means nothing.
        kind: Numpy type of the numbers.
    """

    column: str
    check: str
    read: Callable[[str], float | None]
    kind: type[Any] = np.int64

    def remembering(self) -> "Reader":
        """The same reader, which reads a text it has lately read from memory."""
        return Reader(self.column, self.check, lru_cache(DISTINCT_TEXTS)(self.read), self.kind)


def plain(text: str) -> str:
    """A cell without quotation marks and spaces around it; a literal `null` is nothing."""
    bare = text.strip().strip('"').strip()
    return "" if bare == "null" else bare


def day(text: str) -> int | None:
    """Days since 1970 of a date."""
    return cells.day_number(plain(text))


def clock_time(text: str) -> int | None:
    """Seconds since midnight of `HH:MM` or `HH:MM:SS`."""
    parts = plain(text).split(":")
    if len(parts) not in (2, 3) or not all(part.isdecimal() for part in parts):
        return None
    hour, minute, second = (int(part) for part in (*parts, "0")[:3])
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004
        return None
    return hour * 3600 + minute * 60 + second


def utc(text: str) -> int | None:
    """Microseconds since 1970 UTC of a time with its offset."""
    return cells.instant(plain(text))


def readings(part: Rows, readers: Sequence[Reader]) -> tuple[list[NDArray[Any]], NDArray[np.bool_]]:
    """The numbers of each reader's column, and which rows have one that means nothing."""
    bad = np.zeros(len(part.numbers), np.bool_)
    found = []
    for reader in readers:
        values, senseless = cells.mapped(part.columns[reader.column], reader.read, reader.kind)
        found.append(values)
        if senseless is not None:
            bad |= senseless
    return found, bad


def rejected_rows(
    part: Rows, bad: NDArray[np.bool_], readers: Sequence[Reader], signal: str, sha256: str
) -> list[dict[str, Any]]:
    """The rejected rows of a part: of another width, or with a cell that means nothing."""
    odd = [
        cells.rejected_row(signal, SOURCE, sha256, row, "wrong_field_count", value=text)
        for row, text in part.odd
    ]
    return odd + [
        _rejected_row(part, int(place), readers, signal, sha256) for place in np.flatnonzero(bad)
    ]


def _rejected_row(
    part: Rows, place: int, readers: Sequence[Reader], signal: str, sha256: str
) -> dict[str, Any]:
    """The rejected row of a row, for the first of its cells that means nothing."""
    texts = [part.columns[each.column][place].as_py() for each in readers]
    bad, text = next(
        (each, text) for each, text in zip(readers, texts, strict=True) if each.read(text) is None
    )
    missing = bad.check == "not_a_time" and not plain(text)
    return cells.rejected_row(
        signal,
        SOURCE,
        sha256,
        int(part.numbers[place]),
        "missing_time" if missing else bad.check,
        column=bad.column,
        value=text,
    )
