"""What happened when, as somebody writes it down: a CSV file of annotations.

Columns `kind,label,start` and maybe `end` and `note`, in any order and letter case. Kinds are
medication, illness, travel and note, also under a few other words. Start and end are local dates,
both of which belong to the annotation; without an end it lasts.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from dataflows.exports import hand_kept
from dataflows.exports.csv_text import Header, header_of, near_name, sample_text, utf8
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.found import Found
from dataflows.exports.hand_kept import CellError
from dataflows.exports.written_dates import AmbiguousDatesError, date_of, moment_of, order_of

SOURCE: Final = "annotations"
SIGNAL: Final = "annotations"

NAMES: Final = {
    "kind": ("kind", "kindofannotation"),
    "label": ("label", "name", "what", "title"),
    "start": ("start", "startdate", "starts", "started", "from", "begin", "since"),
    "end": ("end", "enddate", "ends", "ended", "until", "till", "to", "stop", "stopped"),
    "note": ("note", "notes", "comment", "comments", "remark", "remarks"),
}
NEEDED: Final = ("kind", "label", "start")
KINDS: Final = {
    "medication": ("medication", "medications", "medicine", "drug", "tablet", "pill", "meds"),
    "illness": ("illness", "ill", "sick", "sickness", "disease", "infection"),
    "travel": ("travel", "trip", "journey", "holiday", "vacation"),
    "note": ("note", "notes", "other", "event"),
}
LASTING: Final = ("ongoing", "now", "present", "today", "still", "...", "…")
REASONS: Final = {
    "missing_time": "the row lacks its start",
    "missing_value": "the row lacks its kind or its label",
    "not_a_time": "the start or the end is not a date that can be read",
    "wrong_field_count": "the row has more cells than the header; put a text with commas in quotes",
    "unknown_kind": "the kind is none of medication, illness, travel and note",
}


def recognises(sample: bytes) -> bool:
    """Whether a file begins with the header of annotations, be it one of its columns short."""
    header = header_of(sample_text(sample))
    if header is None:
        return False
    known = hand_kept.places(header, NAMES).keys()
    return "kind" in known and bool({"label", "start"} & known)


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:
    """The annotations of a file.

    Args:
        file: The annotations.
        date_order: `YMD`, `DMY`, `MDY`, or None to accept only dates that are certain.
    """
    text = utf8(file.content).to_pybytes()
    header = header_of(text)
    if header is None:
        return _failed("the file is empty")
    places = hand_kept.places(header, NAMES)
    missing = next((name for name in NEEDED if name not in places), None)
    if missing is not None:
        return _failed(_advice(missing, header, places))
    rows = [(number, cells) for number, cells in hand_kept.rows(text, header) if any(cells)]
    told = [(number, _cells(cells, places)) for number, cells in rows]
    overlong = {number for number, cells in rows if any(cells[len(header.names) :])}
    try:
        order = order_of(_dates(cells for _, cells in told), date_order)
    except AmbiguousDatesError as error:
        return _failed(str(error))
    return _parsed(told, overlong, order, file.sha256)


def _failed(reason: str) -> ParsedExport:
    return parsed_export({}, source=SOURCE, status="failed", reason=reason)


def _advice(missing: str, header: Header, places: Mapping[str, int]) -> str:
    if not header.ended:
        return f"the file ends within its header (row {header.row}); export it again"
    others = [name for place, name in enumerate(header.names) if place not in places.values()]
    near = near_name(missing, others)
    advice = f"is it the column {near}? Rename it" if near else "add it, and a header above it"
    return f"the column {missing} is missing from the header (row {header.row}); {advice}"


def _cells(cells: list[str], places: Mapping[str, int]) -> dict[str, str]:
    found = hand_kept.cells_by_column(cells, places, NAMES, as_written=("label", "note"))
    if found["end"].casefold() in LASTING:
        found["end"] = ""
    return found


def _dates(rows: Iterator[Mapping[str, str]]) -> Iterator[str]:
    for cells in rows:
        yield from (_date_text(cells[name]) for name in ("start", "end"))


def _date_text(cell: str) -> str:
    """The date of a cell, which may tell a time of day behind it."""
    return moment_of(cell, "").date_text


def _parsed(
    told: list[tuple[int, dict[str, str]]], overlong: set[int], order: str | None, sha256: str
) -> ParsedExport:
    found = Found(SOURCE, sha256)
    for number, cells in told:
        try:
            told_of = _annotation(cells, order, is_overlong=number in overlong)
        except CellError as bad:
            details = {"column": bad.column, "value": bad.value or None}
            found.reject(SIGNAL, number, bad.check, **details, reason=REASONS[bad.check])
        else:
            found.add("annotations", number, **told_of)
    return found.parsed()


def _annotation(
    cells: Mapping[str, str], order: str | None, *, is_overlong: bool
) -> dict[str, Any]:
    if is_overlong:
        raise CellError("note", "wrong_field_count", None)
    start = _date(cells, "start", order)
    if start is None:
        raise CellError("start", "missing_time", None)
    return {
        "kind": _kind(cells["kind"]),
        "label": _label(cells["label"]),
        "start_date": start,
        "end_date": _date(cells, "end", order),
        "note": cells["note"] or None,
    }


def _date(cells: Mapping[str, str], column: str, order: str | None) -> date | None:
    if not cells[column]:
        return None
    found = date_of(_date_text(cells[column]), order)
    if found is None:
        raise CellError(column, "not_a_time", cells[column])
    return found


def _kind(cell: str) -> str:
    if not cell:
        raise CellError("kind", "missing_value", None)
    word = hand_kept.key(cell)
    found = next((kind for kind, words in KINDS.items() if word in words), None)
    if found is None:
        raise CellError("kind", "unknown_kind", cell)
    return found


def _label(cell: str) -> str:
    label = " ".join(cell.split())
    if not label:
        raise CellError("label", "missing_value", None)
    return label
