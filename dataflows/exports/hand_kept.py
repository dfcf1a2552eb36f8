"""Tables that people keep by hand, as CSV files: their columns by many names, their rows, cells.

Cells may have full-width or Arabic digits, and say in many ways that nothing is there. Blank lines
are rows too, so that the numbers of the others are those that a spreadsheet program shows.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from dataflows.exports.csv_text import Header, fields
from dataflows.exports.written_dates import plain

NOTHING: Final = ("", "-", "--", "—", "/", "n/a", "na", "none", "null", "?")

Names = Mapping[str, Sequence[str]]


class CellError(Exception):
    """A row cannot be read: which cell, and why."""

    def __init__(self, column: str, check: str, value: str | None) -> None:
        self.column, self.check, self.value = column, check, value
        super().__init__(check)


def key(name: str) -> str:
    """The letters and digits of a column's name, in one letter case."""
    return re.sub(r"[\W_]", "", plain(name).casefold())


def places(header: Header, names: Names, unit: re.Pattern[str] | None = None) -> dict[str, int]:
    """Where each column stands; of several that would do, the first.

    Args:
        header: The line that names the columns.
        names: What each column may be called, as `key` gives it.
        unit: What may stand in a name beside it.
    """
    known = {name: column for column, called in names.items() for name in called}
    found: dict[str, int] = {}
    for place, name in enumerate(header.names):
        letters = key(name)
        column = known.get(letters) or (known.get(unit.sub("", letters)) if unit else None)
        if column is not None:
            found.setdefault(column, place)
    return found


def rows(text: bytes, header: Header) -> Iterator[tuple[int, list[str]]]:
    """Row number and cells of each record below the header, without spaces around them."""
    body = text[header.end :].decode(errors="replace")
    for number, cells in enumerate(_records(body, header.delimiter), header.row + 1):
        yield number, [cell.strip() for cell in cells]


def _records(body: str, delimiter: str) -> Iterable[list[str]]:
    """The records of a text; each line for itself where a quotation mark is never closed."""
    try:
        return list(csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return [fields(line, delimiter) for line in body.splitlines()]


def cells_by_column(
    cells: Sequence[str], places: Mapping[str, int], names: Names, *, as_written: Sequence[str]
) -> dict[str, str]:
    """The cells by column; one that is missing, or only says that nothing is there, is empty.

    Args:
        cells: Of one row.
        places: Where each column stands.
        names: All columns there may be.
        as_written: Columns of free text, which is left as it is.
    """
    found = {column: cells[place] for column, place in places.items() if place < len(cells)}
    told = {column: cell if column in as_written else _told(cell) for column, cell in found.items()}
    return {**dict.fromkeys(names, ""), **told}


def _told(cell: str) -> str:
    text = plain(cell)
    return "" if text in NOTHING else text
