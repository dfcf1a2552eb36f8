"""The table that the app of a blood pressure monitor exports: a header, then a reading a row.

Columns are found by name, in any order. Dates and times are those of the phone's clock. A row with
fewer cells than the header is taken out as a whole: where a file is cut off, the last number that
is left may have lost a digit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from dataflows.exports import hand_kept
from dataflows.exports.csv_text import SAMPLE_BYTES, Header, header_of, sample_text, utf8
from dataflows.exports.export_file import ExportFile, ParsedExport
from dataflows.exports.found import Found
from dataflows.exports.hand_kept import CellError
from dataflows.exports.reading_cells import add_reading, failed, pressures, wall_time
from dataflows.exports.written_dates import AmbiguousDatesError, Moment, moment_of, order_of

Cells = Mapping[str, str]


@dataclass(frozen=True)
class MonitorTable:
    """What distinguishes the table of one app.

    Attributes:
        source: Name of the format.
        names: What each column may be called, as `hand_kept.key` gives it; among them `date`,
            `time`, `systolic`, `diastolic` and `pulse`.
        needed: Columns without which it cannot be used.
    """

    source: str
    names: hand_kept.Names
    needed: tuple[str, ...]


def head_of(file: ExportFile) -> bytes:
    """The first bytes of a file, by which it is recognised."""
    head: bytes = file.content.slice(0, min(file.content.size, SAMPLE_BYTES)).to_pybytes()
    return head


def header_keys(sample: bytes) -> set[str]:
    """The names in the first line of a file, by letters and digits alone."""
    header = header_of(sample_text(sample))
    return set() if header is None else {hand_kept.key(name) for name in header.names}


def parsed_table(
    file: ExportFile,
    table: MonitorTable,
    details: Callable[[Cells, Found], Mapping[str, Any]],
    *,
    date_order: str | None,
) -> ParsedExport:
    """The readings of a file with such a table.

    Args:
        file: The export.
        table: Its kind.
        details: What makes the other columns of a parsed reading from the cells of its row.
        date_order: The order of day and month, for dates that do not tell.
    """
    text = utf8(file.content).to_pybytes()
    header = header_of(text)
    if header is None:
        return failed(table.source, "the file is empty")
    places = hand_kept.places(header, table.names)
    missing = missing_column(table, header, places)
    if missing is not None:
        return failed(table.source, missing)
    rows = [(number, cells) for number, cells in hand_kept.rows(text, header) if any(cells)]
    told = [(number, _named(cells, table, places), len(cells)) for number, cells in rows]
    try:
        order = order_of((_moment(cells).date_text for _, cells, _ in told), date_order)
    except AmbiguousDatesError as error:
        return failed(table.source, f"column {header.names[places['date']]}: {error}")
    found = Found(table.source, file.sha256)
    for number, cells, width in told:
        is_whole = width >= len(header.names)
        add_reading(
            found, number, partial(_reading, found, cells, details, order, is_whole=is_whole)
        )
    return found.parsed()


def missing_column(table: MonitorTable, header: Header, places: Mapping[str, int]) -> str | None:
    """What column the header lacks, as a sentence; None if it has all that are needed."""
    absent = next((name for name in table.needed if name not in places), None)
    if absent is None:
        return None
    if not header.ended:
        return f"the file ends within its header (row {header.row}); export it again"
    return (
        f"the column {absent} is missing from the header (row {header.row}), or is named in a "
        "language that is not known; set the app to English and export the file again"
    )


def noted(*cells: str) -> str | None:
    """What is written in some cells, without those that only say that nothing is."""
    return "; ".join(cell for cell in cells if cell not in hand_kept.NOTHING) or None


def _named(cells: list[str], table: MonitorTable, places: Mapping[str, int]) -> dict[str, str]:
    return hand_kept.cells_by_column(cells, places, table.names, as_written=("note",))


def _moment(cells: Cells) -> Moment:
    return moment_of(cells["date"], cells["time"])


def _reading(
    found: Found,
    cells: Cells,
    details: Callable[[Cells, Found], Mapping[str, Any]],
    order: str | None,
    *,
    is_whole: bool,
) -> dict[str, Any]:
    if not is_whole:
        raise CellError("", "wrong_field_count", None)
    return {
        "start_local": wall_time(_moment(cells), order),
        **pressures(cells["systolic"], cells["diastolic"], cells["pulse"]),
        **details(cells, found),
    }
