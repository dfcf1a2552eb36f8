"""One tab of a Google spreadsheet as it was at one moment, with typed cells: what is kept by hand.

The first line tells the spreadsheet's locale and time zone, each further line a row: its number
and its cells. A date, a time or both is a serial number: days since 1899-12-30, with the time of
day as a fraction, in the spreadsheet's time zone.

    {"google_sheet": 1, "locale": "en_GB", "sheet_id": 0, "spreadsheet_id": "...", "time_zone": ...}
    [1, ["date", "time", "systolic", "diastolic", "pulse"]]
    [2, [{"date": 45838}, {"time": 0.3125}, 128, 82, 61]]

A spreadsheet reads what is typed by its locale: where the locale puts the month first, `3/4/2025`
becomes the 4th of March, whoever typed it, and `13/4/2025` stays a text. So texts that are dates
only in the other order say that the dates beside them were misread, and the tab is refused.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from dataflows import records
from dataflows.exports import annotations, blood_pressure_sheet
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.typed_cells import Rows, csv_of, rows_of
from dataflows.exports.written_dates import DAY_FIRST, MONTH_FIRST, TELLING_DATES

SOURCE: Final = blood_pressure_sheet.SOURCE
HAND_KEPT: Final = (annotations, blood_pressure_sheet)
MARK: Final = b'{"google_sheet": 1,'
# Of the locales that Sheets offers, those that write the month before the day, with a year behind.
# Source: Unicode CLDR 46, dateFormats "short".
MONTH_FIRST_LOCALES: Final = ("en_US", "en_PH", "fil_PH")
_NUMERIC_DATE: Final = re.compile(r"(\d{1,2})[-./ ](\d{1,2})[-./ ]\d{2,4}")
_MONTHS: Final = 12


@dataclass(frozen=True)
class _Sheet:
    """A tab as its file tells it; `rows` are row numbers and typed cells, in order."""

    locale: str
    time_zone: str
    rows: Rows

    @property
    def order(self) -> str:
        """The order in which the locale writes day and month."""
        return MONTH_FIRST if self.locale in MONTH_FIRST_LOCALES else DAY_FIRST


def recognises(sample: bytes) -> bool:
    """Whether a file is a tab that was fetched."""
    return sample.startswith(MARK)


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:
    """What a tab holds that is kept by hand; a row is numbered as the spreadsheet shows it.

    Args:
        file: The tab.
        date_order: The order of dates that are texts; None: the locale's, unless they contradict.
    """
    try:
        sheet = _sheet_of(file.content.to_pybytes())
        text = csv_of(sheet.rows)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        reason = "the fetched tab is damaged or cut short; forget the file, the next run fetches it"
        return parsed_export({}, source=SOURCE, status="failed", reason=reason)
    known = next((known for known in HAND_KEPT if known.recognises(text)), None)
    if known is None:
        reason = "the tab is no blood pressure log: it has no columns date, systolic, diastolic"
        return parsed_export({}, source=None, status="unrecognised", reason=reason)
    if _is_misread(sheet):
        return parsed_export({}, source=known.SOURCE, status="failed", reason=_misread(sheet))
    order = date_order or _order_of_texts(sheet)
    parsed: ParsedExport = known.parse(
        ExportFile(file.sha256, pa.py_buffer(text)), date_order=order
    )
    return {**parsed, "blood_pressure": _in_zone(parsed["blood_pressure"], sheet.time_zone)}


def _sheet_of(content: bytes) -> _Sheet:
    head = json.loads(content.partition(b"\n")[0])
    head["time_zone"].encode()
    return _Sheet(head["locale"], head["time_zone"], rows_of(content))


def _in_zone(readings: pa.Table, time_zone: str) -> pa.Table:
    """The readings with the spreadsheet's zone, unless a row tells an offset of its own."""
    if "utc_offset_minutes" not in readings.column_names:
        zone = records.constant(time_zone, readings.num_rows)
        return readings.append_column(records.RECORDED_TIME.field("time_zone"), zone)
    told = readings["utc_offset_minutes"].is_valid().to_pylist()
    zones = pa.array([None if is_told else time_zone for is_told in told], pa.string())
    field = records.RECORDED_TIME.field("time_zone")
    if field.name in readings.column_names:
        readings = readings.drop_columns([field.name])
    return readings.append_column(field, zones.cast(field.type))


# -- dates that the spreadsheet could not read ----------------------------------------------------


def _texts(sheet: _Sheet) -> Iterator[str]:
    """Texts that are dates in one order of day and month or the other."""
    for _, cells in sheet.rows:
        for cell in cells:
            if isinstance(cell, str) and _NUMERIC_DATE.fullmatch(cell.strip()):
                yield cell.strip()


def _against(sheet: _Sheet) -> int:
    """How many texts are dates in the other order alone."""
    place = 1 if sheet.order == MONTH_FIRST else 2
    count = 0
    for text in _texts(sheet):
        found = _NUMERIC_DATE.fullmatch(text)
        assert found is not None
        month, day = int(found[place]), int(found[3 - place])
        count += month > _MONTHS >= day
    return count


def _is_misread(sheet: _Sheet) -> bool:
    has_dates = any(
        isinstance(cell, dict) and "time" not in cell for _, cells in sheet.rows for cell in cells
    )
    return has_dates and _against(sheet) >= TELLING_DATES


def _misread(sheet: _Sheet) -> str:
    first, second = ("month", "day") if sheet.order == MONTH_FIRST else ("day", "month")
    return (
        f"the spreadsheet's locale ({sheet.locale}) reads dates as {first}-{second}, and "
        f"{_against(sheet)} cells hold dates that are {second}-{first}: others were read wrongly. "
        "Set File > Settings > Locale to your country and type the dates again, or as 2024-12-31"
    )


def _order_of_texts(sheet: _Sheet) -> str | None:
    """The locale's order, unless the texts contradict it; then they must tell by themselves."""
    return None if _against(sheet) else sheet.order
