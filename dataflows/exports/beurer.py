"""Beurer HealthManager and HealthManager Pro: one CSV file of several sections.

The newer file begins with lines about the person, the period and the categories; then each section
has a title, a header and its rows, up to a blank line, and legends such as `MAD = ...` stand
between them [READ several parsers]. The older one writes the title and the header together, as in
`WeightDate;Time;kg;...` [READ]; that its section of blood pressure does so too is a guess [RECALL].
Cells are parted by semicolons and may be quoted; times are local, without a zone.

A date with dots is day, month and year. With slashes it is what `PDP_DATE_ORDER` says, or what the
column itself tells. Only the blood pressures are read, in English and German; rows of the other
sections are counted. Without a section that is known to hold them, nothing is read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from dataflows.exports import hand_kept
from dataflows.exports.csv_text import Header, sample_text, utf8
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.found import Found
from dataflows.exports.hand_kept import CellError, key
from dataflows.exports.monitor_tables import noted
from dataflows.exports.reading_cells import add_reading, failed, pressures, wall_time
from dataflows.exports.written_dates import (
    DAY_FIRST,
    AmbiguousDatesError,
    moment_of,
    order_of,
)

SOURCE: Final = "beurer"
NAMES: Final = {
    "date": ("date", "datum"),
    "time": ("time", "uhrzeit", "zeit"),
    "systolic": ("sys", "systolic", "systole", "systolisch"),
    "diastolic": ("dia", "diastolic", "diastole", "diastolisch"),
    "pulse": ("pulse", "puls", "pulserate", "heartrate"),
    "mean": ("mad", "map"),
    "manual": ("addedmanually", "manuellhinzugefügt"),
    "note": ("comment", "comments", "kommentar", "note", "notes", "bemerkung"),
    "medication": ("medication", "medikation", "medikamente"),
}
STARTS: Final = ("time", "uhrzeit", "zeit", "startzeit", "starttime")
WEIGHT: Final = {"kg", "bmi"}
# The shortest header of any section: a date, a time and a value.
LEAST_CELLS: Final = 3
_DOTTED: Final = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2,4}\.?")

Row = tuple[int, Sequence[str]]


@dataclass(frozen=True)
class _Section:
    """A section's header: where the columns of readings stand, if it is one of readings.

    Attributes:
        places: By the names above.
        width: Cells of the header.
        keys: Its names by letters and digits alone.
        is_titled: Whether the title of the section stands in front of its first name.
        is_first: Whether nothing but blank lines stands above it.
    """

    places: Mapping[str, int]
    width: int
    keys: frozenset[str]
    is_titled: bool
    is_first: bool

    @property
    def holds_readings(self) -> bool:
        return {"systolic", "diastolic"} <= self.places.keys()

    @property
    def is_telling(self) -> bool:
        """Whether no table that somebody keeps by hand looks so."""
        if self.holds_readings:
            told = "mean" in self.places and ("manual" in self.places or not self.is_first)
            return self.is_titled or told
        return self.keys >= WEIGHT and (self.is_titled or not self.is_first)


def recognises(sample: bytes) -> bool:
    """Whether a file begins with a section of such an export."""
    found = _sections(_rows(sample_text(sample)))
    sections = [section for section, _ in found if section is not None]
    if sections and sections[0].holds_readings and not sections[0].is_telling:
        return False
    return any(section.is_telling for section in sections)


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:
    """The readings of a file.

    Args:
        file: The export.
        date_order: `DMY` or `MDY` for dates with slashes, or None to accept only certain ones.
    """
    found = Found(SOURCE, file.sha256)
    readings: list[tuple[int, Mapping[str, str], bool]] = []
    sections = 0
    for section, rows in _sections(_rows(utf8(file.content).to_pybytes())):
        if section is None:
            continue
        if not section.holds_readings:
            found.dropped["rows_of_other_sections"] += len(rows)
            continue
        sections += 1
        readings += [_named(row, section) for row in rows if not _is_legend(row)]
    if not sections:
        return parsed_export({}, source=SOURCE, reason="holds no section of blood pressure")
    try:
        order = order_of((_slashed(cells) for _, cells, _ in readings), date_order)
    except AmbiguousDatesError as error:
        return failed(SOURCE, str(error))
    for number, cells, is_whole in readings:
        add_reading(found, number, partial(_reading, cells, order, is_whole=is_whole))
    return found.parsed()


def _rows(text: bytes) -> Iterator[Row]:
    """Every line of a file, counted from 1, with its cells."""
    return hand_kept.rows(text, Header((), ";", 0, 0, ended=True))


def _sections(rows: Iterator[Row]) -> Iterator[tuple[_Section | None, list[Row]]]:
    """Each header with the rows below it up to a blank line; lines outside of them without one."""
    section: _Section | None = None
    inside: list[Row] = []
    is_first = True
    for number, cells in rows:
        header = _header(cells, is_first=is_first)
        if header is not None or not any(cells):
            yield section, inside
            section, inside = header, []
        else:
            inside.append((number, cells))
        is_first = is_first and not any(cells)
    yield section, inside


def _header(cells: Sequence[str], *, is_first: bool) -> _Section | None:
    """What the header of a section says; None for any other line."""
    keys = [key(cell) for cell in cells]
    if len([each for each in keys if each]) < LEAST_CELLS or keys[1] not in STARTS:
        return None
    first = next((name for name in NAMES["date"] if keys[0].endswith(name)), None)
    if first is None:
        return None
    header = Header((first, *cells[1:]), ";", 0, 0, ended=True)
    places = hand_kept.places(header, NAMES)
    is_titled = keys[0] != first
    return _Section(places, len(cells), frozenset(keys), is_titled, is_first)


def _is_legend(row: Row) -> bool:
    """Whether a line explains something and is no row: one cell, or no digit where the date is."""
    told = [cell for cell in row[1] if cell]
    return len(told) == 1 or not any(letter.isdigit() for letter in told[0])


def _named(row: Row, section: _Section) -> tuple[int, Mapping[str, str], bool]:
    """Number and cells of a row, and whether it has as many cells as its header."""
    number, cells = row
    named = hand_kept.cells_by_column(
        cells, section.places, NAMES, as_written=("note", "medication")
    )
    # HealthManager Pro in English ends a time with a comma.
    return number, {**named, "time": named["time"].rstrip(",")}, len(cells) >= section.width


def _slashed(cells: Mapping[str, str]) -> str:
    return "" if _DOTTED.fullmatch(cells["date"]) else cells["date"]


def _reading(cells: Mapping[str, str], order: str | None, *, is_whole: bool) -> dict[str, Any]:
    if not is_whole:
        raise CellError("", "wrong_field_count", None)
    told = moment_of(cells["date"], cells["time"])
    return {
        "start_local": wall_time(told, DAY_FIRST if _DOTTED.fullmatch(cells["date"]) else order),
        **pressures(cells["systolic"], cells["diastolic"], cells["pulse"]),
        "note": noted(cells["note"], cells["medication"]),
    }
