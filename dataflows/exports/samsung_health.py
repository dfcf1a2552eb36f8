"""Samsung Health: what the app saves as "Download personal data", a file for each type.

How its tables are written is in `samsung_csv`. Blood pressure, heart rate with its binning data,
sleep and its stages are read; the other tables are recognised and hold nothing for us.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from dataflows.exports import samsung_blood_pressure, samsung_heart_rate, samsung_sleep
from dataflows.exports.csv_rows import Rows
from dataflows.exports.csv_text import SAMPLE_BYTES, UnusableExportError, sample_text, utf8
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.json_text import is_json, keys_of
from dataflows.exports.samsung_csv import SOURCE, table_rows, type_of

__all__ = ["SOURCE", "parse", "recognises"]


@dataclass(frozen=True)
class _Kind:
    """A table that is read: its columns, and what makes records of its rows."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    parsed: Callable[[Iterable[Rows], str], ParsedExport]


# By the name of a type behind `com.samsung.shealth.` or `com.samsung.health.`.
KINDS: Final = {
    "blood_pressure": _Kind(
        samsung_blood_pressure.NEEDED,
        samsung_blood_pressure.OPTIONAL,
        samsung_blood_pressure.parsed,
    ),
    "heart_rate": _Kind(
        samsung_heart_rate.NEEDED, samsung_heart_rate.OPTIONAL, samsung_heart_rate.parsed
    ),
    "sleep": _Kind(samsung_sleep.NIGHT, samsung_sleep.OPTIONAL, samsung_sleep.parsed),
    "sleep_stage": _Kind(samsung_sleep.STAGE, samsung_sleep.OPTIONAL, samsung_sleep.parsed_stages),
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
            return samsung_heart_rate.parsed_binning(file)
        return _parsed_table(file)
    except UnusableExportError as error:
        return parsed_export({}, source=SOURCE, status="failed", reason=str(error))


def _is_binning(sample: bytes) -> bool:
    return is_json(sample) and keys_of(sample) >= samsung_heart_rate.BINNING


def _parsed_table(file: ExportFile) -> ParsedExport:
    text = utf8(file.content)
    kind_name = type_of(text.slice(0, min(text.size, SAMPLE_BYTES)).to_pybytes()) or ""
    name = kind_name.partition("health.")[2].removeprefix(TRACKER)
    kind = KINDS.get(name)
    if kind is None:
        reason = f"{name}: holds no blood pressure, heart rate or sleep"
        return parsed_export({}, source=SOURCE, reason=reason)
    return kind.parsed(table_rows(text, kind.needed, kind.optional), file.sha256)
