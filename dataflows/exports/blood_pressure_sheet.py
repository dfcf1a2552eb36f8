"""The blood pressure log that somebody keeps by hand, as a CSV file.

Columns `date,time,systolic,diastolic,pulse` and maybe `note`, in any order and letter case, with a
unit in the name or without, and under the names that people give them in thirteen languages. A
column for date and time together will do, and one for both pressures (`120/80`), which may also
stand in the systolic cell. A title may stand above the header, and a row may hold several readings,
as `log_layout` tells. Times are local, in the home zone, unless the time tells its offset.

What a row leaves to others (the time of day to a word, the day to the row above) is assumed as
`told_readings` says, and flagged.

Cells may have decimal commas, full-width or Arabic digits, and a unit. A row whose two pressures
are both in the range of kPa is converted to mmHg, to a tenth, and flagged. Blank lines are
nothing; rows without any value (the days to come of a form), sums and averages, and headers that
come again are counted and left out. Columns that seem to be swapped are left as they are, to be
rejected later: nobody can know.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from dataflows import clinical
from dataflows.exports import hand_kept
from dataflows.exports.csv_text import Header, header_of
from dataflows.exports.export_file import ExportFile, ParsedExport
from dataflows.exports.found import Found
from dataflows.exports.hand_kept import CellError
from dataflows.exports.log_layout import Layout, layout_of, layout_of_line
from dataflows.exports.log_names import NAMES, is_total
from dataflows.exports.log_text import sample_text_of, text_of
from dataflows.exports.reading_cells import add_reading, failed, pressures, wall_time
from dataflows.exports.told_readings import Told, completed, told
from dataflows.exports.written_dates import AmbiguousDatesError, order_of

SOURCE: Final = "blood_pressure_sheet"
CONVERTED: Final = "converted_from_kpa"
_MINUTE: Final = 60_000_000


def recognises(sample: bytes) -> bool:
    """Whether a file begins with the header of such a log, be it one of its columns short."""
    text = sample_text_of(sample)
    header = header_of(text)
    if header is None:
        return False
    layout = layout_of_line(header)
    known = layout.shared.keys()
    if "pressure" in known or {"systolic", "diastolic"} <= known:
        return layout.is_certain
    return ("date" in known and bool({"systolic", "diastolic"} & known)) or bool(layout_of(text))


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:
    """The readings of a log.

    Args:
        file: The log.
        date_order: `YMD`, `DMY`, `MDY`, or None to accept only dates that are certain.
    """
    text = text_of(file.content)
    header = header_of(text)
    if header is None:
        return failed(SOURCE, "the file is empty")
    layout = layout_of(text) or layout_of_line(header)
    found = Found(SOURCE, file.sha256)
    readings = completed([each for row in _rows(text, layout, found) for each in row])
    missing = _missing(layout, header, readings)
    if missing is not None:
        return failed(SOURCE, missing)
    try:
        order = order_of((each.moment.date_text for each in readings), date_order)
    except AmbiguousDatesError as error:
        return failed(SOURCE, f"column {_date_name(layout)}: {error}")
    for each in readings:
        add_reading(found, each.row, partial(_reading, each, order))
    return found.parsed()


def _rows(text: bytes, layout: Layout, found: Found) -> Iterator[list[Told]]:
    """What each row below the header tells of its readings; what is none is counted."""
    columns = [(layout.places(reading), reading.part) for reading in layout.readings]
    whole = Header((), layout.delimiter, 0, 0, ended=True)
    for number, cells in hand_kept.rows(text, whole):
        if number <= layout.row:
            continue
        row = [told(number, _cells(cells, places), part) for places, part in columns]
        if not any(any(each.cells.values()) for each in row):
            continue
        if any(is_total(each.cells[name]) for each in row for name in ("date", "time")):
            found.dropped["totals"] += 1
        elif cells == list(layout.names):
            found.dropped["headers"] += 1
        elif not any(each.has_values for each in row):
            found.dropped["rows_without_values"] += 1
        else:
            yield [each for each in row if each.has_values]


def _missing(layout: Layout, header: Header, readings: Sequence[Told]) -> str | None:
    """What column is missing and which one may be it, as a sentence; None if none is."""
    known = layout.shared.keys() | layout.readings[0].places.keys()
    needed = [] if any(each.moment.date_text for each in readings) else ["date"]
    if "pressure" not in known:
        needed += ["systolic", "diastolic"]
    if not any(each.moment.time_text for each in readings):
        needed.insert(1, "time")
    absent = next((name for name in needed if name not in known), None)
    if absent is None:
        return None
    if not header.ended:
        return f"the file ends within its header (row {header.row}); export it again"
    others = [
        name for place, name in enumerate(layout.names) if place not in layout.shared.values()
    ]
    near = difflib.get_close_matches(absent, [hand_kept.key(name) for name in others], n=1)
    name = next((other for other in others if near and hand_kept.key(other) == near[0]), None)
    advice = f"is it the column {name}? Rename it" if name else "add it, and a header above it"
    return f"the column {absent} is missing from the header (row {layout.row}); {advice}"


def _date_name(layout: Layout) -> str:
    return layout.names[layout.shared.get("date", layout.shared.get("time", 0))]


def _cells(cells: Sequence[str], places: Mapping[str, int]) -> dict[str, str]:
    return hand_kept.cells_by_column(cells, places, NAMES, as_written=("note",))


def _reading(reading: Told, order: str | None) -> dict[str, Any]:
    """Wall time, the offset if the row tells one, and the values of a reading."""
    values = _pressures(reading.cells)
    return {
        **values,
        "start_local": wall_time(reading.moment, order) + reading.minutes * _MINUTE,
        "utc_offset_minutes": reading.moment.offset_minutes,
        "note": reading.cells["note"] or None,
        "flags": ";".join(sorted({*values["flags"], *reading.assumed})) or None,
    }


def _pressures(cells: Mapping[str, str]) -> dict[str, Any]:
    """Pressures in mmHg, pulse, and remarks, such as that they were in kPa."""
    values = pressures(*_parts(cells))
    systolic, diastolic = values["systolic_mmhg"], values["diastolic_mmhg"]
    if _inside(systolic, clinical.SYSTOLIC_KPA) and _inside(diastolic, clinical.DIASTOLIC_KPA):
        converted = {"systolic_mmhg": _from_kpa(systolic), "diastolic_mmhg": _from_kpa(diastolic)}
        return {**values, **converted, "flags": [CONVERTED]}
    return {**values, "flags": []}


def _parts(cells: Mapping[str, str]) -> tuple[str, str, str]:
    """The texts of both pressures and the pulse; one cell may hold two or three of them."""
    systolic, diastolic, pulse = cells["systolic"], cells["diastolic"], cells["pulse"]
    both = cells["pressure"] if "/" in cells["pressure"] or not systolic else ""
    both = both or (systolic if "/" in systolic else "")
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
