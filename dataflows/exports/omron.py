"""OMRON connect: the report that it mails in the US, and the CSV file that it saves elsewhere.

The report has `Date,Time,Systolic (mmHg),...` and writes `-` for nothing; it tells no time zone.
The saved file has `Measurement Date,Timezone,SYS(mmHg),...` and names an IANA zone in each row,
which is kept. Both are newest first. German names and months are known from parsers of others
[2nd]; a header in another language is refused.

What the monitor remarks about a reading becomes a flag. Such a reading counts: it is a completed
measurement, and no guideline in `clinical` leaves one out for it. Seen in the cells of a remark is
`Detected` [READ]; the other words are guesses [RECALL], and one that is neither is counted as
`unknown_remarks`.
"""

from collections.abc import Mapping
from typing import Any, Final

from dataflows.exports.export_file import ExportFile, ParsedExport
from dataflows.exports.found import Found
from dataflows.exports.hand_kept import key
from dataflows.exports.monitor_tables import (
    Cells,
    MonitorTable,
    head_of,
    header_keys,
    noted,
    parsed_table,
)

SOURCE: Final = "omron"

REPORT_NAMES: Final = {
    "date": ("date", "datum"),
    "time": ("time", "zeit", "uhrzeit"),
    "systolic": ("systolicmmhg", "systolischmmhg"),
    "diastolic": ("diastolicmmhg", "diastolischmmhg"),
    "pulse": ("pulsebpm", "pulsbpm"),
    "irregular": ("irregularheartbeatdetected", "unregelmässigerherzschlagfestgestellt"),
    "fibrillation": ("possibleafib", "möglichesafib"),
    "cuff": ("cuffwrapguide", "manschettensitzkontrolle"),
    "position": ("positioningindicator", "positionierungsanzeige"),
    "movement": ("bodymovement", "körperbewegung"),
    "truread": ("truread",),
    "symptoms": ("symptoms",),
    "consumed": ("consumed",),
    "device": ("device", "gerät"),
    "note": ("notes", "notizen"),
}
SAVED_NAMES: Final = {
    "date": ("measurementdate",),
    "time": (),
    "zone": ("timezone",),
    "systolic": ("sysmmhg",),
    "diastolic": ("diammhg",),
    "pulse": ("pulsebpm",),
    "irregular": ("irregularheartbeat", "irregularheartbeatdetected"),
    "irregular_count": ("ihbdetectioncount", "ihbdetectioncounts", "ihbdetectioncountstimes"),
    "fibrillation": ("possibleafib",),
    "movement": ("bodymovement",),
    "cuff": ("cuffwrapguide",),
    "position": ("positioningindicator",),
    "device": ("device",),
    "note": ("notes",),
}
# Names that no log kept by hand has, any of which betrays the report.
TELLING: Final = {"truread", *REPORT_NAMES["irregular"], *REPORT_NAMES["fibrillation"]}

FLAGS: Final = {
    "irregular": "irregular_heartbeat",
    "irregular_count": "irregular_heartbeat",
    "fibrillation": "possible_atrial_fibrillation",
    "movement": "body_movement",
    "cuff": "cuff_fit",
    "position": "cuff_position",
    "truread": "truread",
}
REMARKED: Final = (
    "detected", "yes", "ja", "on", "true", "x", "ng", "error", "fehler", "loose", "bad", "high",
    "low", "incorrect", "improper", "possibleafib", "truread",
)  # fmt: skip
UNREMARKED: Final = (
    "", "no", "nein", "off", "false", "ok", "good", "gut", "normal", "correct", "none",
    "notdetected", "nichtfestgestellt", "keine",
)  # fmt: skip
REPORT: Final = MonitorTable(SOURCE, REPORT_NAMES, ("date", "time", "systolic", "diastolic"))
SAVED: Final = MonitorTable(SOURCE, SAVED_NAMES, ("date", "systolic", "diastolic"))


def recognises(sample: bytes) -> bool:
    """Whether a file begins with the header of one of the two, be it one of its columns short."""
    keys = header_keys(sample)
    return _is_saved(keys) or _is_report(keys)


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:
    """The readings of a file.

    Args:
        file: The report or the saved file.
        date_order: `YMD`, `DMY`, `MDY`, or None to accept only dates that are certain.
    """
    if _is_saved(header_keys(head_of(file))):
        return parsed_table(file, SAVED, _saved_details, date_order=date_order)
    return parsed_table(file, REPORT, _report_details, date_order=date_order)


def _is_saved(keys: set[str]) -> bool:
    others = {"timezone", *SAVED_NAMES["systolic"], *SAVED_NAMES["diastolic"]}
    return "measurementdate" in keys and bool(keys & others)


def _is_report(keys: set[str]) -> bool:
    named = {*REPORT_NAMES["systolic"], *REPORT_NAMES["diastolic"]}
    return bool(keys & TELLING) and ("truread" in keys or bool(keys & named))


def _report_details(cells: Cells, found: Found) -> Mapping[str, Any]:
    return {
        "device": cells["device"] or None,
        "note": noted(cells["symptoms"], cells["consumed"], cells["note"]),
        "flags": _flags(cells, found),
    }


def _saved_details(cells: Cells, found: Found) -> Mapping[str, Any]:
    return {
        "time_zone": cells["zone"] or None,
        "device": cells["device"] or None,
        "note": noted(cells["note"]),
        "flags": _flags(cells, found),
    }


def _flags(cells: Cells, found: Found) -> str | None:
    """The codes of what the monitor remarks, as other flags are written."""
    codes = {code for column, code in FLAGS.items() if _is_remarked(cells.get(column, ""), found)}
    return ";".join(sorted(codes)) or None


def _is_remarked(cell: str, found: Found) -> bool:
    word = key(cell)
    if word.isdecimal():
        return int(word) > 0
    if word not in REMARKED and word not in UNREMARKED:
        found.dropped["unknown_remarks"] += 1
    return word in REMARKED
