"""Withings' sleeps: `sleep.csv`, a session a row with the seconds of each stage.

A session is the time in bed; it begins with going to bed, and `Duration to sleep (s)` later the
person fell asleep. That first time is a stage of its own, `in_bed`, so that latency is known where
a file of sleep states tells when sleep began. Times carry their offset. Where the offset at the end
is another one, it is the end's that counts, as a sleep belongs to the date of waking.

A column of REM sleep with nothing above 0 in a whole file is that of a device which knows no REM.

The header was read in English and German [READ], and its Spanish names in the programs of others
[2nd]. The German one says `Dauer des Schlafs` where the time before sleep stands: in its rows that
is the time awake, and the stages with it are as long as the night. A header of this shape in any
other language is refused.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from dataflows.exports import cells, hand_kept
from dataflows.exports.csv_text import Header
from dataflows.exports.export_file import ParsedExport, parsed_export
from dataflows.exports.found import Found
from dataflows.exports.hand_kept import CellError

SOURCE: Final = "withings"
NAMES: Final = {
    "from": ("from", "von", "de"),
    "to": ("to", "bis", "a"),
    "light": ("lights", "leichts", "ligeros"),
    "deep": ("deeps", "tiefs", "profundos"),
    "rem": ("rems",),
    "awake": ("awakes", "wachs", "despiertos"),
    "latency": ("durationtosleeps", "dauerdesschlafss"),
}
NEEDED: Final = ("from", "to", "light", "deep", "awake")
STAGES: Final = ("light", "deep", "rem", "awake")
# Where REM sleep stands, and two of the stages around it.
REM_PLACE, STAGE_PLACES = 4, (2, 3, 5)
MINUTE: Final = 60 * cells.SECOND
_OFFSET: Final = re.compile(r" ?(?:Z|[+-]\d{2}:?\d{2})$")

Row = Mapping[str, str]


def is_header(names: Sequence[str]) -> bool:
    """Whether a header is that of sleeps, in whatever language."""
    keys = [hand_kept.key(name) for name in names]
    if {"from", "to"} <= set(keys) and {"lights", "deeps"} & set(keys):
        return True
    if len(names) <= max(STAGE_PLACES) or keys[REM_PLACE] not in NAMES["rem"]:
        return False
    return all(names[place].endswith("(s)") for place in STAGE_PLACES)


def parsed(text: bytes, header: Header, sha256: str) -> ParsedExport:
    """The sessions of one file.

    Args:
        text: UTF-8.
        header: Of this text.
        sha256: Of the file.
    """
    places = hand_kept.places(header, NAMES)
    missing = _missing(header, places)
    if missing is not None:
        return parsed_export({}, source=SOURCE, status="failed", reason=missing)
    found = Found(SOURCE, sha256)
    nights: list[tuple[int, Row]] = []
    for number, told in hand_kept.rows(text, header):
        if len(told) < len(header.names) and any(told):
            reason = "the row has fewer cells than the header, as if the file were cut off"
            _reject(found, number, CellError("", "wrong_field_count", None), reason)
        elif any(told):
            nights.append((number, hand_kept.cells_by_column(told, places, NAMES, as_written=())))
    knows_rem = any(cells.number(row["rem"] or "0") for _, row in nights)
    for number, row in nights:
        _add(found, number, row if knows_rem else {**row, "rem": ""})
    return found.parsed()


def _missing(header: Header, places: Mapping[str, int]) -> str | None:
    absent = next((name for name in NEEDED if name not in places), None)
    if absent is None:
        return None
    if not header.ended:
        return f"sleep: the file ends within its header (row {header.row}); export it again"
    return (
        f"sleep: the column {absent} is missing from the header (row {header.row}), or is named in "
        "a language that is not known; set the Withings app to English and export the data again"
    )


def _reject(found: Found, number: int, bad: CellError, reason: str | None = None) -> None:
    details = {"column": bad.column or None, "value": bad.value, "reason": reason}
    found.reject("sleep", number, bad.check, **details)


def _add(found: Found, number: int, row: Row) -> None:
    """Add a night and its time before sleep, unless it is a placeholder or makes no sense."""
    try:
        (start, _), (end, offset) = _moment(row, "from"), _moment(row, "to")
        seconds = {name: _seconds(row, name) for name in STAGES}
        latency = _seconds(row, "latency") or 0.0
    except CellError as bad:
        _reject(found, number, bad)
        return
    if start == end or not sum(filter(None, seconds.values())):
        found.sentinels["placeholder_nights"] += 1
        return
    if start > end:
        reason = "the night ends before it begins"
        _reject(found, number, CellError("to", "out_of_range", row["to"]), reason)
        return
    times = {"start_utc": start, "utc_offset_minutes": offset}
    minutes = {
        f"{name}_minutes": None if told is None else told / 60 for name, told in seconds.items()
    }
    asleep = sum(seconds[name] or 0.0 for name in ("light", "deep", "rem")) / 60
    told = {**times, "end_utc": end, "asleep_minutes": asleep, **minutes}
    found.add("sleep_sessions", number, **told)
    onset = start + round(latency * cells.SECOND)
    if start < onset <= end:
        found.add("sleep_stages", number, **times, end_utc=onset, stage="in_bed")
    elif latency:
        found.dropped["latencies"] += 1


def _moment(row: Row, column: str) -> tuple[int, int]:
    """Microseconds since 1970 UTC, and minutes from UTC."""
    text = row[column]
    if not text:
        raise CellError(column, "missing_time", None)
    instant, wall = cells.instant(text), cells.instant(_OFFSET.sub("Z", text))
    if instant is None or wall is None:
        raise CellError(column, "not_a_time", text)
    return instant, (wall - instant) // MINUTE


def _seconds(row: Row, column: str) -> float | None:
    """What a cell tells; None for an empty one."""
    if not row[column]:
        return None
    found = cells.number(row[column])
    if found is None or found < 0:
        raise CellError(column, "not_a_number", row[column])
    return found
