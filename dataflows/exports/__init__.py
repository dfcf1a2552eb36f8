"""One module per vendor export: recognise it, turn its bytes into records and rejected rows.

A format is recognised by the content of a file, never by its name. To add one: write a module
with `SOURCE`, `recognises` and `parse` as the others have them, and name it in `FORMATS`.
"""

import re
from types import ModuleType
from typing import Any, Final

import pyarrow as pa

from dataflows.exports import (
    annotations,
    apple_health,
    beurer,
    blood_pressure_sheet,
    fitbit,
    gadgetbridge,
    google_fit,
    google_sheet,
    health_connect,
    ihealth,
    mi_fitness,
    omron,
    oura,
    samsung_health,
    withings,
    workbook_sheet,
    zepp,
)
from dataflows.exports.csv_text import (
    SAMPLE_BYTES,
    UnusableExportError,
    header_of,
    sample_text,
)
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.sqlite_tables import SIGNATURE, Database
from dataflows.exports.typed_cells import csv_of

__all__ = ["FORMATS", "ExportFile", "ParsedExport", "parse", "recognised_format"]

# A vendor's own table is known by more than its readings, and so comes before those of people.
FORMATS: Final = (
    mi_fitness,
    zepp,
    omron,
    ihealth,
    beurer,
    withings,
    annotations,
    blood_pressure_sheet,
)
# These are recognised by the names of their tables.
DATABASES: Final = (health_connect, gadgetbridge)
# These begin like JSON and XML, the last two also as tables. The first is what this program writes
# when it fetches a tab.
DOCUMENTS: Final = (google_sheet, apple_health, google_fit, oura, fitbit, samsung_health)

# Source: [MS-CFB] 2.2, the header of a compound file; its folder names the streams in UTF-16.
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLE_STREAMS: Final = {
    "EncryptedPackage": "a workbook with a password; save it without one (in Excel: File > Info > "
    "Protect Workbook) and import it again",
    "Workbook": "an old Excel workbook (.xls); save it as .xlsx or CSV and import that",
}
# What a file may begin with that is no table of text.
SIGNATURES: Final = (
    (b"%PDF", "a PDF document"),
    (b"PK", "a zip archive"),
    (SIGNATURE, "an SQLite database"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"\x1f\x8b", "a compressed file"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"<", "XML or HTML"),
)
SHOWN_NAMES: Final = 6
LONGEST_NAME: Final = 30


def recognised_format(content: Any) -> ModuleType | None:
    """The module of the format that the content (a `pyarrow.Buffer`) has, or None."""
    sample = _sample(content)
    if sample.startswith(SIGNATURE):
        tables = _tables(content)
        return next((known for known in DATABASES if known.recognises(tables)), None)
    is_table = bool(sample) and _signature(sample) is None
    formats = (*DOCUMENTS, *FORMATS) if is_table else DOCUMENTS
    return next((known for known in formats if known.recognises(sample)), None)


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:
    """The records of a file, by the module of its format.

    Args:
        file: Any file at all.
        date_order: `YMD`, `DMY`, `MDY` or None, for formats that do not tell.
    """
    if workbook_sheet.recognises(_sample(file.content)):
        return _parsed_sheet(file, date_order)
    return _parsed(file, date_order)


def _parsed(file: ExportFile, date_order: str | None) -> ParsedExport:
    known = recognised_format(file.content)
    if known is None:
        reason = _seen(file.content)
        return parsed_export({}, source=None, status="unrecognised", reason=reason)
    parsed: ParsedExport = known.parse(file, date_order=date_order)
    return parsed


def _parsed_sheet(file: ExportFile, date_order: str | None) -> ParsedExport:
    """A sheet of a workbook, which is read as the CSV file that it would have been saved as."""
    try:
        rows = workbook_sheet.rows(file.content)
        text, is_misread = csv_of(rows), workbook_sheet.has_misread_dates(rows)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        reason = "the sheet is damaged or cut short; import its workbook again"
        return parsed_export({}, source=None, status="failed", reason=reason)
    parsed = _parsed(ExportFile(file.sha256, pa.py_buffer(text)), date_order)
    if parsed["report"]["status"] == "parsed" and is_misread:
        source, reason = parsed["report"]["format"], workbook_sheet.MISREAD
        return parsed_export({}, source=source, status="failed", reason=reason)
    return parsed


def _sample(content: Any) -> bytes:
    sample: bytes = content.slice(0, min(content.size, SAMPLE_BYTES)).to_pybytes()
    return sample


def _signature(sample: bytes) -> str | None:
    return next((what for start, what in SIGNATURES if sample.startswith(start)), None)


def _tables(content: Any) -> frozenset[str]:
    """The names of a database's tables; none if it is damaged."""
    try:
        return Database(content).names
    except UnusableExportError:
        return frozenset()


def _seen(content: Any) -> str:
    """What an unrecognised file is, as far as one can see; shows no cell, only names."""
    sample = _sample(content)
    if sample.startswith(SIGNATURE) and not _tables(content):
        return "this is an SQLite database that is empty, damaged or cut short; export it again"
    if sample.startswith(OLE):
        return _seen_in_ole(content.to_pybytes())
    what = _signature(sample)
    if what is not None:
        return f"this is {what}, not a table of an export that is known"
    return _seen_text(sample_text(sample))


def _seen_text(text: bytes) -> str:
    header = header_of(text)
    if header is None:
        return "the file is empty"
    if b"\x00" in text or b"\xef\xbf\xbd" * 3 in text:
        return "the file is binary, not a table of an export that is known"
    if any(re.search(r"[0-9]", name) for name in header.names):
        return "the first line names no columns; export the file again, with its header"
    names = [name[:LONGEST_NAME] for name in header.names[:SHOWN_NAMES]]
    more = ", ..." if len(header.names) > SHOWN_NAMES else ""
    return f"the columns {', '.join(names)}{more} belong to no export that is known"


def _seen_in_ole(content: bytes) -> str:
    """What a compound file is, by the names of its streams."""
    names = (name for name in OLE_STREAMS if name.encode("utf-16-le") in content)
    found = next(names, None)
    return f"this is {OLE_STREAMS[found] if found else 'a document, not a table of an export'}"
