"""Workbooks of Excel and LibreOffice, and those that Google Sheets saves: each sheet a raw file.

A workbook is kept as it came, and each of its sheets becomes a raw file of its own, as the tabs of
a Google spreadsheet do: the cells with their kinds, a line for each row, under the row's number.

    {"workbook_sheet": 1}
    [1, ["date", "time", "systolic", "diastolic", "pulse"]]
    [2, [{"date": 45838}, {"time": 0.3125}, 128, 82, 61]]

So a sheet that did not change is the same file again, also inside of a workbook that did. What a
sheet means is decided later, by `dataflows.exports`; here nothing is interpreted but what the
program that saved it says about a cell: its value, of a formula the last one, and whether a number
is shown as a date, a time or both. Dates are days since 1899-12-30, whatever the workbook counts
from. Hidden sheets, rows and columns are read as others are.

Why no library does it: openpyxl 3.1.5 refuses a workbook for a style that it cannot validate and
finds no sheet in one that Excel saved as "Strict Open XML"; calamine (python-calamine 0.9.1) gives
nothing for `#N/A`, a date for a moment at midnight, and takes memory for every cell between two
that are far apart. The tests compare with both.
"""

import zipfile
from typing import Final

from adapters.sources.workbooks import open_document, open_xml
from adapters.sources.workbooks.parts import DAMAGED, ENCRYPTED, Parts
from adapters.sources.workbooks.sheets import Sheet
from adapters.sources.zips import ArchiveError

__all__ = ["Sheet", "sheets_of"]

_READERS: Final = (open_xml, open_document)
_OTHER: Final = (
    "it is an office document, and no workbook that is known; save its sheet as .xlsx or CSV and "
    "put that there"
)


def sheets_of(archive: zipfile.ZipFile) -> list[Sheet]:
    """The sheets of a workbook that have any cell, in the order of their tabs.

    Raises:
        ArchiveError: It is another document, too large, encrypted or damaged.
    """
    parts = Parts(archive)
    try:
        if "encrypted-package" in parts:
            raise ArchiveError(ENCRYPTED)
        reader = next((known for known in _READERS if known.is_workbook(parts)), None)
        if reader is None:
            raise ArchiveError(_OTHER)
        return [sheet for sheet in reader.sheets_of(parts) if sheet.rows]
    except (LookupError, ValueError, OverflowError):
        raise ArchiveError(DAMAGED) from None
