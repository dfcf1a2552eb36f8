"""The blood pressure log that somebody keeps by hand, as a CSV file.

Columns `date,time,systolic,diastolic,pulse` and maybe `note`, in any order and letter case, with a
unit in the name or without, and under the names that people give them. A column for date and time
together will do, and one for both pressures (`120/80`), which may also stand in the systolic cell.
Times are local, in the home zone, unless the time tells its offset.

Cells may have decimal commas, full-width or Arabic digits, and a unit. A row whose two pressures
are both in the range of kPa is converted to mmHg, to a tenth, and flagged. Blank lines are
nothing; sums and averages under the table are counted and left out. Columns that seem to be
swapped are left as they are, to be rejected later: nobody can know.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from dataflows import clinical
from dataflows.exports import hand_kept
from dataflows.exports.csv_text import Header, header_of, sample_text, utf8
from dataflows.exports.export_file import ExportFile, ParsedExport
from dataflows.exports.found import Found
from dataflows.exports.hand_kept import CellError
from dataflows.exports.reading_cells import add_reading, failed, pressures, wall_time
from dataflows.exports.written_dates import AmbiguousDatesError, Moment, moment_of, order_of

SOURCE: Final = "blood_pressure_sheet"
CONVERTED: Final = "converted_from_kpa"

NAMES: Final = {
    "date": ("date", "day", "datum", "datetime", "dateandtime", "datetimelocal", "timestamp"),
    "time": ("time", "clock", "hour", "timeofday", "uhrzeit", "zeit"),
    "systolic": ("systolic", "sys", "sbp", "syst", "systole", "systolicbp", "systolicpressure",
                 "systolicbloodpressure", "systolisch"),
    "diastolic": ("diastolic", "dia", "dbp", "diast", "diastole", "diastolicbp",
                  "diastolicpressure", "diastolicbloodpressure", "diastolisch"),
    "pressure": ("bp", "bloodpressure", "sysdia", "systolicdiastolic", "blutdruck"),
    "pulse": ("pulse", "pulserate", "heartrate", "hr", "bpm", "puls"),
    "note": ("note", "notes", "comment", "comments", "remark", "remarks", "notiz"),
}  # fmt: skip
TOTALS: Final = (
    "average",
    "avg",
    "mean",
    "median",
    "total",
    "totals",
    "sum",
    "min",
    "minimum",
    "max",
    "maximum",
    "count",
    "mittelwert",
    "durchschnitt",
    "summe",
)
_UNITS: Final = re.compile(r"(in)?(mmhg|kpa|bpm)|beats|permin(ute)?|1min|(?<=pulse)min")


def recognises(sample: bytes) -> bool:
    """Whether a file begins with the header of such a log, be it one of its columns short."""
    header = header_of(sample_text(sample))
    if header is None:
        return False
    known = _places(header).keys()
    if "pressure" in known or {"systolic", "diastolic"} <= known:
        return True
    return "date" in known and bool({"systolic", "diastolic"} & known)


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:
    """The readings of a log.

    Args:
        file: The log.
        date_order: `YMD`, `DMY`, `MDY`, or None to accept only dates that are certain.
    """
    text = utf8(file.content).to_pybytes()
    header = header_of(text)
    if header is None:
        return failed(SOURCE, "the file is empty")
    places = _places(header)
    told = [(n, _cells(cells, places)) for n, cells in hand_kept.rows(text, header) if any(cells)]
    missing = _missing(places, header, [cells for _, cells in told])
    if missing is not None:
        return failed(SOURCE, missing)
    try:
        order = order_of((_moment(cells).date_text for _, cells in told), date_order)
    except AmbiguousDatesError as error:
        return failed(SOURCE, f"column {header.names[places['date']]}: {error}")
    found = Found(SOURCE, file.sha256)
    for number, cells in told:
        if _is_total(cells):
            found.dropped["totals"] += 1
        else:
            add_reading(found, number, partial(_reading, cells, order))
    return found.parsed()


def _places(header: Header) -> dict[str, int]:
    return hand_kept.places(header, NAMES, _UNITS)


def _missing(
    places: Mapping[str, int], header: Header, told: Sequence[Mapping[str, str]]
) -> str | None:
    """What column is missing and which one may be it, as a sentence; None if none is."""
    needed = ["date"]
    if "pressure" not in places:
        needed += ["systolic", "diastolic"]
    if not any(_moment(cells).time_text for cells in told):
        needed.insert(1, "time")
    absent = next((name for name in needed if name not in places), None)
    if absent is None:
        return None
    if not header.ended:
        return f"the file ends within its header (row {header.row}); export it again"
    others = [name for place, name in enumerate(header.names) if place not in places.values()]
    near = difflib.get_close_matches(absent, [hand_kept.key(name) for name in others], n=1)
    name = next((other for other in others if near and hand_kept.key(other) == near[0]), None)
    advice = f"is it the column {name}? Rename it" if name else "add it, and a header above it"
    return f"the column {absent} is missing from the header (row {header.row}); {advice}"


def _cells(cells: Sequence[str], places: Mapping[str, int]) -> dict[str, str]:
    return hand_kept.cells_by_column(cells, places, NAMES, as_written=("note",))


def _moment(cells: Mapping[str, str]) -> Moment:
    return moment_of(cells["date"], cells["time"])


def _is_total(cells: Mapping[str, str]) -> bool:
    return any(cells[name].casefold().rstrip(":") in TOTALS for name in ("date", "time"))


def _reading(cells: Mapping[str, str], order: str | None) -> dict[str, Any]:
    """Wall time, the offset if the row tells one, and the values of a row."""
    told = _moment(cells)
    when = {"start_local": wall_time(told, order), "utc_offset_minutes": told.offset_minutes}
    return {**when, **_pressures(cells), "note": cells["note"] or None}


def _pressures(cells: Mapping[str, str]) -> dict[str, Any]:
    """Pressures in mmHg, pulse, and a remark if they were in kPa."""
    values = pressures(*_parts(cells))
    systolic, diastolic = values["systolic_mmhg"], values["diastolic_mmhg"]
    if _inside(systolic, clinical.SYSTOLIC_KPA) and _inside(diastolic, clinical.DIASTOLIC_KPA):
        converted = {"systolic_mmhg": _from_kpa(systolic), "diastolic_mmhg": _from_kpa(diastolic)}
        return {**values, **converted, "flags": CONVERTED}
    return {**values, "flags": None}


def _parts(cells: Mapping[str, str]) -> tuple[str, str, str]:
    """The texts of both pressures and the pulse; one cell may hold two or three of them."""
    systolic, diastolic, pulse = cells["systolic"], cells["diastolic"], cells["pulse"]
    both = cells["pressure"] or (systolic if "/" in systolic else "")
    if not both:
        return systolic, diastolic, pulse
    parts = [part.strip() for part in both.split("/")]
    told = [systolic if both != systolic else "", diastolic, pulse]
    if len(parts) not in {2, 3} or any(
        beside and beside != part for beside, part in zip(told, parts, strict=False)
    ):
        raise CellError("systolic", "not_a_number", both)
    return parts[0], parts[1], (parts[2] if len(parts) > 2 else pulse)  # noqa: PLR2004


def _inside(value: float, limits: clinical.Limits) -> bool:
    return limits.low <= value <= limits.high


def _from_kpa(value: float) -> float:
    return round(value * clinical.MMHG_PER_KPA, 1)
