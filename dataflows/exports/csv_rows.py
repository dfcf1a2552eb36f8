"""The rows of a CSV export, streamed, each with the number that a spreadsheet program shows.

A field quoted over several lines is one row, and a blank line is a row too, though nothing is in
it. A row of another width than the header is mended where it can be: empty fields after the last
are dropped, the commas of a column that holds unquoted JSON are its own, and lines that a lost
quotation mark drew into one row are taken apart again (they share its number).
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from dataflows.exports.csv_text import Header, UnusableExportError, fields

BLOCK_BYTES: Final = 4_194_304


@dataclass(frozen=True)
class Layout:
    """How the fields of a row are found.

    Attributes:
        header: The line that names the columns.
        places: Where the wanted columns stand, by the name that they get.
        quoted: Whether quotation marks may hold delimiters and line ends. Where not, each line is
            a row, whatever is damaged in the lines before, and the marks stay in the text.
        wide: Place of the column that may hold delimiters without quoting them.
        block_bytes: How much is split at once.
    """

    header: Header
    places: Mapping[str, int]
    quoted: bool
    wide: int | None = None
    block_bytes: int = BLOCK_BYTES


@dataclass(frozen=True)
class Rows:
    """Some rows of a file, none of them blank.

    Attributes:
        columns: Text by column name, Arrow arrays without nulls.
        numbers: Row numbers, of the length of the columns.
        odd: Number and text of the rows that cannot be mended; not among the others.
    """

    columns: Mapping[str, Any]
    numbers: NDArray[np.int32]
    odd: tuple[tuple[int, str], ...] = ()


def rows(text: Any, layout: Layout) -> Iterator[Rows]:
    """The rows after the header, in parts.

    Args:
        text: UTF-8, as a `pyarrow.Buffer`.
        layout: Of this text.

    Raises:
        UnusableExportError: A quotation mark opens and is not closed within a block.
    """
    offset = layout.header.row
    odd: list[tuple[int, str]] = []
    first = 1
    try:
        for batch in _one_ahead(_batches(text.slice(layout.header.end), layout, odd)):
            numbers = _numbers(first, batch.num_rows, [number for number, _ in odd])
            first = int(numbers[-1]) + 1 if len(numbers) else first
            named = {name: batch[str(place)] for name, place in layout.places.items()}
            yield _without_blanks(named, numbers + np.int32(offset))
            seen = sum(number < first for number, _ in odd)
            if seen:
                yield _mended([(number + offset, line) for number, line in odd[:seen]], layout)
                del odd[:seen]
    except pa.ArrowInvalid as error:
        message = f"a quotation mark opens after row {first + offset - 1} and is never closed"
        raise UnusableExportError(message) from error
    if odd:
        yield _mended([(number + offset, line) for number, line in odd], layout)


def _batches(body: Any, layout: Layout, odd: list[tuple[int, str]]) -> Iterator[Any]:
    """Record batches of text; rows of another width are put into `odd` before theirs comes."""

    def set_aside(row: csv.InvalidRow) -> str:
        odd.append((row.number, row.text))
        return "skip"

    if not body.size:
        return
    names = [str(place) for place in range(len(layout.header.names))]
    wanted = [str(place) for place in dict.fromkeys(layout.places.values())]
    yield from csv.open_csv(
        pa.BufferReader(body),
        csv.ReadOptions(column_names=names, block_size=layout.block_bytes, use_threads=False),
        csv.ParseOptions(
            delimiter=layout.header.delimiter,
            quote_char='"' if layout.quoted else False,
            newlines_in_values=layout.quoted,
            ignore_empty_lines=False,
            invalid_row_handler=set_aside,
        ),
        csv.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(wanted, pa.string()),
            strings_can_be_null=False,
        ),
    )


def _one_ahead(batches: Iterator[Any]) -> Iterator[Any]:
    """The same batches; the next one is read while the last one is worked on."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def _numbers(first: int, length: int, odd: list[int]) -> NDArray[np.int32]:
    """The `length` numbers from `first` on that are not `odd`."""
    numbers = np.arange(first, first + length + len(odd), dtype=np.int32)
    return np.setdiff1d(numbers, odd, assume_unique=True)[:length] if odd else numbers


def _without_blanks(columns: Mapping[str, Any], numbers: NDArray[np.int32]) -> Rows:
    blank = np.ones(len(numbers), np.bool_)
    for column in columns.values():
        if not blank.any():
            return Rows(columns, numbers)
        blank &= np.asarray(pc.equal(pc.binary_length(column), 0))
    kept = pa.array(~blank)
    return Rows({name: text.filter(kept) for name, text in columns.items()}, numbers[~blank])


def _mended(odd: list[tuple[int, str]], layout: Layout) -> Rows:
    good: list[tuple[int, list[str]]] = []
    hopeless: list[tuple[int, str]] = []
    for number, text in odd:
        mended = [found for line in text.splitlines() if (found := _fields(line, layout))]
        good += [(number, found) for found in mended]
        if not mended and text.strip():
            hopeless.append((number, text))
    columns = {
        name: pa.array([found[place] for _, found in good], pa.string())
        for name, place in layout.places.items()
    }
    return Rows(columns, np.array([number for number, _ in good], np.int32), tuple(hopeless))


def _fields(line: str, layout: Layout) -> list[str] | None:
    """The fields of a row of another width, as many as the header has."""
    width, delimiter = len(layout.header.names), layout.header.delimiter
    found = fields(line, delimiter)
    if len(found) >= width and not any(field.strip() for field in found[width:]):
        return found[:width]
    pieces = line.split(delimiter)
    if layout.wide is None or len(pieces) < width:
        return None
    after = len(pieces) - (width - layout.wide - 1)
    return [
        *pieces[: layout.wide],
        delimiter.join(pieces[layout.wide : after]),
        *pieces[after:],
    ]
