"""One sheet of a workbook of Excel or LibreOffice, with typed cells: the CSV file that it would be.

The first line marks the file, each further line is a row: its number and its cells, as
`typed_cells` tells them.

    {"workbook_sheet": 1}
    [1, ["date", "time", "systolic", "diastolic", "pulse"]]
    [2, [{"date": 45838}, {"time": 0.3125}, 128, 82, 61]]

The program that saved it read what was typed by its language: where that puts the month first,
`3/4/2025` became the 4th of March, whoever typed it, and `13/4/2025` stayed a text. The workbook
does not tell that language. But where every text is a date in one order alone, and every date has
a day that could be a month, dates were misread, and the sheet is refused.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from dataflows.exports.typed_cells import LAST_SERIAL, Rows, day_of, rows_of
from dataflows.exports.written_dates import TELLING_DATES

MARK: Final = b'{"workbook_sheet": 1}'
MISREAD: Final = (
    "some dates of the sheet are texts that the program could not read, since it takes day and "
    "month in the other order; so it misread the others. Type the dates again, as 2024-12-31"
)
_NUMERIC_DATE: Final = re.compile(r"(\d{1,2})[-./ ](\d{1,2})[-./ ]\d{2,4}")
_MONTHS: Final = 12


def recognises(sample: bytes) -> bool:
    """Whether a file is a sheet that was taken out of a workbook."""
    return sample.startswith(MARK)


def rows(content: Any) -> Rows:
    """The rows of a sheet.

    Args:
        content: Its bytes, a `pyarrow.Buffer`.
    """
    return rows_of(content.to_pybytes())


def has_misread_dates(told: Rows) -> bool:
    """Whether the program that saved a sheet took days for months."""
    days = [day_of(serial).day for serial in _serials(told)]
    texts = [(int(found[1]), int(found[2])) for found in _texts(told)]
    day_first = all(first > _MONTHS >= second for first, second in texts)
    month_first = all(second > _MONTHS >= first for first, second in texts)
    return (
        bool(days)
        and max(days) <= _MONTHS
        and len(texts) >= TELLING_DATES
        and (day_first or month_first)
    )


def _serials(told: Rows) -> Iterator[float]:
    """The dates among the cells, which may have a time."""
    for _, cells in told:
        for cell in cells:
            if isinstance(cell, dict):
                serial: float = cell["date"] if "date" in cell else cell.get("moment", 0.0)
                if 1 <= serial <= LAST_SERIAL:
                    yield serial


def _texts(told: Rows) -> Iterator[re.Match[str]]:
    """Texts that are dates in one order of day and month or the other."""
    for _, cells in told:
        for cell in cells:
            found = _NUMERIC_DATE.match(cell.strip()) if isinstance(cell, str) else None
            if found is not None:
                yield found
