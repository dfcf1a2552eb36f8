"""Samsung Health: what the app saves as "Download personal data", a file for each type.

How its tables are written is in `samsung_health.tables`. Blood pressure, heart rate with its
binning data, sleep and its stages are read; the other tables are recognised and hold nothing for
us.
"""

from collections.abc import Iterable
from typing import Final

from dataflows.exports.csv_rows import Rows
from dataflows.exports.csv_text import SAMPLE_BYTES, UnusableExportError, sample_text, utf8
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.json_text import is_json, keys_of
from dataflows.exports.samsung_health import blood_pressure, heart_rate, sleep
from dataflows.exports.samsung_health.tables import SOURCE, table_rows, type_of

__all__ = ["SOURCE", "parse", "recognises"]


# The columns of each table that is read, needed and optional, by the name of its type behind
# `com.samsung.shealth.` or `com.samsung.health.`.
KINDS: Final = {
    "blood_pressure": (blood_pressure.NEEDED, blood_pressure.OPTIONAL),
    "heart_rate": (heart_rate.NEEDED, heart_rate.OPTIONAL),
    "sleep": (sleep.NIGHT, sleep.OPTIONAL),
    "sleep_stage": (sleep.STAGE, sleep.OPTIONAL),
}
TRACKER: Final = "tracker."


def recognises(sample: bytes) -> bool:
    """Whether a file begins with the line of a table, or as binning data do."""
    return _is_binning(sample) or type_of(sample_text(sample)) is not None


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:  # noqa: ARG001
    """The records of one file; no date order is needed, since its dates are ISO dates."""
    head = file.content.slice(0, min(file.content.size, SAMPLE_BYTES)).to_pybytes()
    try:
        if _is_binning(head):
            return heart_rate.parsed_binning(file)
        return _parsed_table(file)
    except UnusableExportError as error:
        return parsed_export({}, source=SOURCE, status="failed", reason=str(error))


def _is_binning(sample: bytes) -> bool:
    return is_json(sample) and keys_of(sample) >= heart_rate.BINNING


def _parsed_table(file: ExportFile) -> ParsedExport:
    text = utf8(file.content)
    kind_name = type_of(text.slice(0, min(text.size, SAMPLE_BYTES)).to_pybytes()) or ""
    name = kind_name.partition("health.")[2].removeprefix(TRACKER)
    if name not in KINDS:
        reason = f"{name}: holds no blood pressure, heart rate or sleep"
        return parsed_export({}, source=SOURCE, reason=reason)
    needed, optional = KINDS[name]
    return _records(name, table_rows(text, needed, optional), file.sha256)


def _records(name: str, rows: Iterable[Rows], sha256: str) -> ParsedExport:
    if name == "blood_pressure":
        return blood_pressure.parsed(rows, sha256)
    if name == "heart_rate":
        return heart_rate.parsed(rows, sha256)
    if name == "sleep":
        return sleep.parsed(rows, sha256)
    return sleep.parsed_stages(rows, sha256)
