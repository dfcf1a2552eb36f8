"""Withings: the members of the zip file that holds all data of an account.

`bp.csv` has local times without a zone. Most of its rows have a heart rate and no pressures: a
scale or a watch measured the pulse alone, which is a heart rate measured by hand. `sleep.csv` is
in `withings.sleep`, the raw series of heart rates and sleep states in `withings.series`. Weights
and heights are recognised and hold nothing for us; the other members are left unrecognised.

The header of `bp.csv` is that of many a log kept by hand. It is taken for Withings' only if it is
exactly so, and if the first row tells its time to the second, as Withings does. In an app set to
another language the header is another one; such a file is not recognised here.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from dataflows.exports import hand_kept
from dataflows.exports.csv_text import (
    SAMPLE_BYTES,
    Header,
    UnusableExportError,
    header_of,
    sample_text,
    utf8,
)
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.found import Found
from dataflows.exports.hand_kept import CellError
from dataflows.exports.monitor_tables import noted
from dataflows.exports.reading_cells import add_reading, failed, number, pressures, wall_time
from dataflows.exports.withings import series, sleep
from dataflows.exports.written_dates import moment_of

SOURCE: Final = "withings"
PRESSURE: Final = ("Date", "Heart rate", "Systolic", "Diastolic", "Comments")
NAMES: Final = {
    "date": ("date",),
    "pulse": ("heartrate",),
    "systolic": ("systolic",),
    "diastolic": ("diastolic",),
    "note": ("comments",),
}
BODY: Final = ("Weight (", "Height (")
ACTIVITIES: Final = "from (manual)"
_TO_THE_SECOND: Final = re.compile(rb'\s*"?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"?[,;\t]')


def recognises(sample: bytes) -> bool:
    """Whether a file begins with the header of a member that is known."""
    text = sample_text(sample)
    header = header_of(text)
    return header is not None and _kind_of(header, text) is not None


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:  # noqa: ARG001
    """The records of one member; no date order is needed, since its dates are ISO dates."""
    text = utf8(file.content)
    head = text.slice(0, min(text.size, SAMPLE_BYTES)).to_pybytes()
    header = header_of(head)
    kind = None if header is None else _kind_of(header, head)
    if header is None or kind is None:
        return failed(SOURCE, "the header is damaged")
    try:
        return _parsed(kind, text, header, file.sha256)
    except UnusableExportError as error:
        return failed(SOURCE, f"{kind}: {error}")


def _kind_of(header: Header, text: bytes) -> str | None:
    if header.names == series.COLUMNS:
        return "series"
    if sleep.is_header(header.names):
        return "sleep"
    if header.names == PRESSURE:
        body = text[header.end :]
        return "bp" if not body.strip() or _TO_THE_SECOND.match(body) else None
    if ACTIVITIES in header.names:
        return "activities"
    is_body = header.names[0] == "Date" and header.names[-1] == "Comments"
    return "body" if is_body and any(name.startswith(BODY) for name in header.names) else None


def _parsed(kind: str, text: Any, header: Header, sha256: str) -> ParsedExport:
    if kind == "series":
        return series.parsed(text, header, sha256)
    if kind == "sleep":
        return sleep.parsed(text.to_pybytes(), header, sha256)
    if kind == "bp":
        return _pressures(text.to_pybytes(), header, sha256)
    reason = f"{kind}: holds no blood pressure, heart rate or sleep"
    return parsed_export({}, source=SOURCE, reason=reason)


def _pressures(text: bytes, header: Header, sha256: str) -> ParsedExport:
    places = hand_kept.places(header, NAMES)
    found = Found(SOURCE, sha256)
    for row, cells in hand_kept.rows(text, header):
        if any(cells):
            named = hand_kept.cells_by_column(cells, places, NAMES, as_written=("note",))
            _add(found, row, named, is_whole=len(cells) >= len(header.names))
    return found.parsed()


def _add(found: Found, row: int, cells: Mapping[str, str], *, is_whole: bool) -> None:
    """Put a row among the readings, or among the heart rates if it tells no pressure."""
    if cells["systolic"] or cells["diastolic"] or not is_whole:
        add_reading(found, row, partial(_reading, cells, is_whole=is_whole))
    elif cells["pulse"] and cells["pulse"] != "0":
        add_reading(found, row, partial(_heart_rate, cells), signal="heart_rate")
    else:
        found.sentinels["empty_rows"] += 1


def _reading(cells: Mapping[str, str], *, is_whole: bool) -> dict[str, Any]:
    if not is_whole:
        raise CellError("", "wrong_field_count", None)
    return {
        "start_local": _time(cells),
        **pressures(cells["systolic"], cells["diastolic"], cells["pulse"]),
        "note": noted(cells["note"]),
    }


def _heart_rate(cells: Mapping[str, str]) -> dict[str, Any]:
    return {
        "start_local": _time(cells),
        "heart_rate_bpm": number(cells["pulse"], "pulse"),
        "kind": "manual",
    }


def _time(cells: Mapping[str, str]) -> int:
    return wall_time(moment_of(cells["date"], ""), None)
