"""The cells of blood pressure readings, and the readings and rejected rows that come of them.

Whoever keeps a log by hand and the apps of blood pressure monitors write one reading a row, in
local time; what they have in common is here.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from dataflows.exports.export_file import ParsedExport, parsed_export
from dataflows.exports.found import Found
from dataflows.exports.hand_kept import CellError
from dataflows.exports.written_dates import Moment, date_of, microseconds, time_of

SIGNAL: Final = "blood_pressure"
REASONS: Final = {
    "missing_time": "the row lacks its date or its time",
    "not_a_time": "the date or the time cannot be read",
    "missing_value": "the row lacks one of its two pressures",
    "not_a_number": "the cell is not a number",
    "wrong_field_count": "the row has fewer cells than the header, as if the file were cut off",
}
_NUMBER: Final = re.compile(r"(\d+(?:[.,]\d+)?) ?(?:mm ?hg|kpa|bpm|/min)?", re.IGNORECASE)


def add_reading(
    found: Found, row: int, record: Callable[[], Mapping[str, Any]], *, signal: str = SIGNAL
) -> None:
    """Put a row among the records, or among the rejected rows if a cell of it is bad."""
    try:
        found.add(signal, row, **record())
    except CellError as bad:
        details = {"column": bad.column or None, "value": bad.value or None}
        found.reject(signal, row, bad.check, **details, reason=REASONS[bad.check])


def failed(source: str, reason: str) -> ParsedExport:
    """An export that cannot be used."""
    return parsed_export({}, source=source, status="failed", reason=reason)


def wall_time(told: Moment, order: str | None) -> int:
    """Microseconds since 1970 of a local date and time.

    Raises:
        CellError: One of them is missing or cannot be read.
    """
    for column, text in (("date", told.date_text), ("time", told.time_text)):
        if not text:
            raise CellError(column, "missing_time", None)
    day, clock = date_of(told.date_text, order), time_of(told.time_text)
    if day is None:
        raise CellError("date", "not_a_time", told.date_text)
    if clock is None:
        raise CellError("time", "not_a_time", told.time_text)
    return microseconds(day, clock)


def number(text: str, column: str) -> float | None:
    """The number in a cell, which may have a unit or a decimal comma; None in an empty cell.

    Raises:
        CellError: The cell is not a number.
    """
    if not text:
        return None
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise CellError(column, "not_a_number", text)
    return float(found[1].replace(",", "."))


def pressures(systolic: str, diastolic: str, pulse: str) -> dict[str, Any]:
    """Both pressures, and the pulse if there is one; a pulse of 0 is none.

    Raises:
        CellError: A pressure is missing, or a cell is not a number.
    """
    high, low = number(systolic, "systolic"), number(diastolic, "diastolic")
    if high is None or low is None:
        raise CellError("systolic" if high is None else "diastolic", "missing_value", None)
    return {
        "systolic_mmhg": high,
        "diastolic_mmhg": low,
        "pulse_bpm": number(pulse, "pulse") or None,
    }
