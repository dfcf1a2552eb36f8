"""Zepp's nights: `SLEEP`, and the naps inside it.

A night starts and stops at UTC instants; in old files these are epoch values, and the durations
of a file are minutes or seconds. Time awake counts into the night. REM sleep stands beside the
light sleep or inside it, which differs by version: each night is read the way in which the sum of
its stages comes nearer to its length. A night that stops when it starts, or in which nothing
lasted, is a placeholder and no record.

`naps` holds JSON whose quotation marks are escaped by backslashes, which breaks the quoting of the
row: the night is kept and flagged `naps_dropped`. Its keys were not seen [RECALL]: a nap needs a
start and a stop under a likely name; one without stages counts as asleep from start to stop.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_rows import Rows
from dataflows.exports.export_file import ParsedExport, parsed_export
from dataflows.exports.zepp.cells import SOURCE, plain, rejected_rows

NEEDED: Final = ("deepSleepTime", "shallowSleepTime", "wakeTime", "start", "stop")
OPTIONAL: Final = ("date", "REMTime", "naps", "lastSyncTime")
DURATIONS: Final = ("deepSleepTime", "shallowSleepTime", "REMTime", "wakeTime")
NAP_STARTS: Final = ("start", "startTime", "begin", "start_time")
NAP_STOPS: Final = ("stop", "end", "stopTime", "endTime", "stop_time", "end_time")

MINUTE: Final = 60 * cells.SECOND

# Above this share of the time between start and stop, durations are seconds; it lies half-way
# between 1 and 60 in order of magnitude.
SECONDS_RATIO: Final = 8.0

Row = tuple[int, Mapping[str, str]]


@dataclass
class _Found:
    """What the rows of a file come to."""

    sha256: str
    sessions: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    sentinels: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    def reject(self, number: int, check: str, column: str, value: str, **more: str) -> None:
        row = cells.rejected_row(
            "sleep", SOURCE, self.sha256, number, check, column=column, value=value, **more
        )
        self.rejected.append(row)


@dataclass(frozen=True)
class _Units:
    """In which units a file tells its times and durations."""

    ticks_per_second: int
    per_minute: float


def parsed(parts: Iterable[Rows], sha256: str) -> ParsedExport:
    """The nights and naps of one file.

    Args:
        parts: Rows with the columns `NEEDED` and maybe those of `OPTIONAL`.
        sha256: Of the file.
    """
    found = _Found(sha256)
    nights: list[Row] = []
    for part in parts:
        found.rejected += rejected_rows(
            part, np.zeros(len(part.numbers), np.bool_), [], "sleep", sha256
        )
        names = list(part.columns)
        texts = zip(*(part.columns[name].to_pylist() for name in names), strict=True)
        nights += [
            (number, dict(zip(names, row, strict=True)))
            for number, row in zip(part.numbers.tolist(), texts, strict=True)
        ]
    units = _units([row for _, row in nights])
    for number, row in nights:
        _add_night(found, number, row, units)
    return parsed_export(
        {
            "sleep_sessions": cells.table_of("sleep_sessions", found.sessions),
            "rejected": records.table_from_rows(records.REJECTED, found.rejected),
        },
        source=SOURCE,
        sentinels=found.sentinels,
        dropped=found.dropped,
    )


def _add_night(found: _Found, number: int, row: Mapping[str, str], units: _Units) -> None:
    naps = _naps(row.get("naps", ""))
    if naps is None:
        found.dropped["naps"] += 1
    for nap in naps or []:
        _add_nap(found, number, nap, units)
    bad = _bad_duration(row)
    if bad is not None:
        found.reject(number, "not_a_number", bad, row[bad])
        return
    start, stop = (_moment(row[name], units) for name in ("start", "stop"))
    durations = _minutes(row, units)
    if (start is not None and start == stop) or not sum(filter(None, durations.values())):
        found.sentinels["placeholder_nights"] += 1
        return
    for name, moment in (("start", start), ("stop", stop)):
        if moment is None:
            check = "not_a_time" if plain(row[name]) else "missing_time"
            found.reject(number, check, name, row[name])
            return
    if start is None or stop is None or start > stop:
        reason = "the night stops before it starts"
        found.reject(number, "out_of_range", "stop", row["stop"], reason=reason)
        return
    session = _session(start, stop, durations)
    flags = "naps_dropped" if naps is None else None
    found.sessions.append(_origin(found, number) | session | {"is_nap": False, "flags": flags})


def _add_nap(found: _Found, number: int, nap: Mapping[str, Any], units: _Units) -> None:
    texts = {name: str(value) for name, value in nap.items() if value is not None}
    start, stop = (
        _moment(next((texts[name] for name in names if name in texts), ""), units)
        for names in (NAP_STARTS, NAP_STOPS)
    )
    if start is None or stop is None or start > stop:
        found.dropped["naps"] += 1
        return
    if start == stop:
        found.sentinels["placeholder_nights"] += 1
        return
    durations = {} if _bad_duration(texts) else _minutes(texts, units)
    session = _session(start, stop, durations)
    if not session["asleep_minutes"]:
        length = (stop - start) / MINUTE
        session = {"start_utc": start, "end_utc": stop, "flags": "unstaged"} | {
            "asleep_minutes": length,
            "unstaged_minutes": length,
        }
    found.sessions.append(_origin(found, number) | session | {"is_nap": True})


def _origin(found: _Found, number: int) -> dict[str, Any]:
    return {"source": SOURCE, "raw_sha256": found.sha256, "raw_row": number}


def _session(start: int, stop: int, durations: Mapping[str, float | None]) -> dict[str, Any]:
    """Times and stages of a night, by the reading whose sum is nearer to its length."""
    deep, shallow, rem, awake = (durations.get(name) for name in DURATIONS)
    length = (stop - start) / MINUTE
    beside = (deep or 0) + (shallow or 0) + (awake or 0) + (rem or 0)
    inside = beside - (rem or 0)
    light = shallow
    if (
        rem
        and shallow is not None
        and shallow >= rem
        and abs(inside - length) < abs(beside - length)
    ):
        light = shallow - rem
    return {
        "start_utc": start,
        "end_utc": stop,
        "asleep_minutes": (deep or 0) + (light or 0) + (rem or 0),
        "deep_minutes": deep,
        "light_minutes": light,
        "rem_minutes": rem,
        "awake_minutes": awake,
    }


def _minutes(row: Mapping[str, str], units: _Units) -> dict[str, float | None]:
    """Durations in minutes; what the row does not tell is None."""
    told = {name: cells.number(plain(row.get(name, ""))) for name in DURATIONS}
    return {
        name: None if value is None else value / units.per_minute for name, value in told.items()
    }


def _bad_duration(row: Mapping[str, str]) -> str | None:
    """The first duration that is told and not a number of minutes."""
    for name in DURATIONS:
        text = plain(row.get(name, ""))
        value = cells.number(text) if text else 0.0
        if value is None or value < 0:
            return name
    return None


def _units(nights: list[Mapping[str, str]]) -> _Units:
    """The units of a file: those that fit most of its nights."""
    epochs = [
        int(plain(row[name]))
        for row in nights
        for name in ("start", "stop")
        if _is_epoch(plain(row[name]))
    ]
    ticks = cells.ticks_per_second(np.array(epochs, np.int64))
    times = _Units(ticks, 1.0)
    ratios = []
    for row in nights:
        start, stop = (_moment(row[name], times) for name in ("start", "stop"))
        if start is not None and stop is not None and stop > start and not _bad_duration(row):
            total = sum(filter(None, _minutes(row, times).values()))
            ratios += [total * MINUTE / (stop - start)] if total else []
    in_seconds = bool(ratios) and float(np.median(ratios)) > SECONDS_RATIO
    return _Units(ticks, 60.0 if in_seconds else 1.0)


def _is_epoch(text: str) -> bool:
    return (
        re.fullmatch(r"[0-9]{9,18}|[1-9][0-9]{18}", text, re.ASCII) is not None
        and int(text) < 2**63
    )


def _moment(text: str, units: _Units) -> int | None:
    """Microseconds since 1970 UTC of an instant or an epoch value."""
    bare = plain(text)
    if not _is_epoch(bare):
        return cells.instant(bare)
    moment = int(cells.instants(np.array([int(bare)], np.int64), units.ticks_per_second)[0])
    return None if moment == cells.NO_INSTANT else moment


def _naps(cell: str) -> list[Mapping[str, Any]] | None:
    """The naps of a night, or None where the cell is not JSON as it should be."""
    if plain(cell) in ("", "[]"):
        return []
    bare = cell.strip()
    if bare.startswith('"') and bare.endswith('"'):
        bare = bare[1:-1].replace('""', '"')
    try:
        found = json.loads(bare)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not all(isinstance(nap, dict) for nap in found):
        return None
    return found
