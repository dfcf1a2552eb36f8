"""The rows of a spreadsheet with typed cells, and the CSV file that they would have been saved as.

A row is its number and its cells from the first column on. A cell is a text, a number, a boolean
or nothing; a date, a time or both is a serial number under its kind, `{"date": 45838}`: days since
1899-12-30, with the time of day as a fraction.
"""

import csv
import io
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

Rows = Sequence[tuple[int, Sequence[Any]]]

# Source: Google Sheets API, `DateTimeRenderOption.SERIAL_NUMBER`; ECMA-376 part 1, 18.17.4.1. What
# this origin gives is right from 1900-03-01 on.
_ORIGIN: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a wall time
_DAY_SECONDS: Final = 86_400
LAST_SERIAL: Final = 2_958_465  # the 31st of December 9999
_LAST_ROW: Final = 10_000_000  # more cells than any of these programs holds in a sheet


def rows_of(content: bytes) -> Rows:
    """The rows of a raw file: JSON, a line for each below a line about the whole.

    Raises:
        ValueError: A line is damaged.
        TypeError: A line is no row.
    """
    lines = content.split(b"\n")[1:]
    rows = [(number, cells) for number, cells in map(json.loads, filter(None, lines))]
    if any(not 0 < number <= _LAST_ROW for number, _ in rows):
        raise ValueError("a row that no spreadsheet has")
    return rows


def serial_of(moment: datetime) -> float:
    """The serial number of a wall time; an offset from UTC that it tells is left out."""
    return (moment.replace(tzinfo=None) - _ORIGIN).total_seconds() / _DAY_SECONDS


def day_of(serial: float) -> date:
    """The day of a serial number up to `LAST_SERIAL`."""
    return (_ORIGIN + timedelta(days=int(serial))).date()


def csv_of(rows: Rows) -> bytes:
    """The rows as a person would have saved them: each in its place, all of one width.

    Semicolons part the cells, so that a sheet whose cells hold whole lines of a CSV file is the
    file that it was pasted from.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    width = max((len(cells) for _, cells in rows), default=0)
    next_row = 1
    for number, cells in rows:
        out.write("\n" * (number - next_row))
        writer.writerow([*map(_text, cells), *[""] * (width - len(cells))])
        next_row = number + 1
    return out.getvalue().encode()


def _text(cell: Any) -> str:
    if isinstance(cell, dict):
        ((kind, serial),) = cell.items()
        return _moment(kind, serial)
    if isinstance(cell, bool) or cell is None:
        return "" if cell is None else str(cell)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).replace("\r\n", " ").replace("\r", " ").replace("\n", " ")


def _moment(kind: str, serial: float) -> str:
    """A date, a time or both, rounded to the second, in ISO 8601; without a day, a time alone."""
    if kind == "time" or (kind == "moment" and 0 <= serial < 1):
        seconds = min(round(serial % 1 * _DAY_SECONDS), _DAY_SECONDS - 1)
        return f"{_ORIGIN + timedelta(seconds=seconds):%H:%M:%S}"
    if not 0 <= serial <= LAST_SERIAL:
        return str(serial)
    moment = _ORIGIN + timedelta(seconds=round(serial * _DAY_SECONDS))
    if kind == "date":
        return moment.date().isoformat()
    return f"{moment:%Y-%m-%d %H:%M:%S}"
