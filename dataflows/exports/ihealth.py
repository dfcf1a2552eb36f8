"""iHealth: the CSV file of a blood pressure monitor, `Date,Time,SYS(mmHg),DIA(mmHg),...`.

Dates are written in English (`Dec 28, 2025`, in quotes), times are local and without a zone, and
the newest reading comes first. A header in another language was not seen, and is left to whoever
knows its columns.
"""

from collections.abc import Mapping
from typing import Any, Final

from dataflows.exports.export_file import ExportFile, ParsedExport
from dataflows.exports.found import Found
from dataflows.exports.monitor_tables import Cells, MonitorTable, header_keys, noted, parsed_table

SOURCE: Final = "ihealth"
NAMES: Final = {
    "date": ("date",),
    "time": ("time",),
    "systolic": ("sysmmhg",),
    "diastolic": ("diammhg",),
    "pulse": ("pulsebeatsmin",),
    "note": ("note", "notes"),
}
# All three: the names of two of them occur in logs that are kept by hand.
TELLING: Final = frozenset({"sysmmhg", "diammhg", "pulsebeatsmin"})
TABLE: Final = MonitorTable(SOURCE, NAMES, ("date", "time", "systolic", "diastolic"))


def recognises(sample: bytes) -> bool:
    """Whether a file begins with the header of this export."""
    return header_keys(sample) >= TELLING


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:
    """The readings of a file.

    Args:
        file: The export.
        date_order: `YMD`, `DMY`, `MDY`, or None to accept only dates that are certain.
    """
    return parsed_table(file, TABLE, _details, date_order=date_order)


def _details(cells: Cells, found: Found) -> Mapping[str, Any]:  # noqa: ARG001  as others have it
    return {"note": noted(cells["note"])}
