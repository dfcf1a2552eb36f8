"""Oura: sleep and heart rates, as the account's export and the interface give them in JSON.

A file is a list, or an object with lists in it (`data`, `sleep`, `heartrate`, ...); a row is an
element of a list, counted from 1 through all lists of the file.

- A sleep has `bedtime_start` and `bedtime_end`, both with their offset, durations in seconds, and
  `sleep_phase_5_min`: 1 deep, 2 light, 3 REM, 4 awake, from the start on. It belongs to the date of
  its end, which is Oura's `day`; its offset is that of its end.
- `long_sleep` is a main sleep, other sleep a nap; what is called `rest` or `deleted` is none and
  is counted.
- `latency` is a stage `in_bed` at the beginning.
- `lowest_heart_rate` of a long sleep is the resting heart rate of its `day`, as in the app [2nd].
- Heart rates are `{bpm, source, timestamp}`. Their offset is always that of UTC, and so no offset
  of a place.

Source: field lists of the interface, version 2 [READ]; the series inside a sleep are not read,
since `heartrate` holds them too.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from dataflows.exports import cells
from dataflows.exports.csv_text import UnusableExportError
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.found import Found
from dataflows.exports.json_text import is_json, keys_of, listed

SOURCE: Final = "oura"
SLEEP: Final = frozenset({"bedtime_start", "bedtime_end"})
RATE: Final = frozenset({"bpm", "source", "timestamp"})
MINUTE: Final = 60 * cells.SECOND
PHASE: Final = 5 * MINUTE
PHASES: Final = {"1": "deep", "2": "light", "3": "rem", "4": "awake"}
STAGED: Final = ("deep", "light", "rem")
MAIN: Final = "long_sleep"
NO_SLEEP: Final = ("rest", "deleted")
LONGEST: Final = 24 * 3600
_SOURCES: Final = re.compile(rb'"source"\s*:\s*"(?:awake|rest|sleep|live|workout|session)"')

Told = Mapping[str, Any]


def recognises(sample: bytes) -> bool:
    """Whether a file begins as a list of sleeps or heart rates does."""
    if not is_json(sample):
        return False
    keys = keys_of(sample)
    return keys >= SLEEP or (keys >= RATE and _SOURCES.search(sample) is not None)


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:  # noqa: ARG001
    """The records of one file; no date order is needed, since its dates are ISO dates."""
    found = Found(SOURCE, file.sha256)
    try:
        for row, element in enumerate(listed(file.content), start=1):
            if isinstance(element, dict) and "bedtime_start" in element:
                _add_sleep(found, row, element)
            elif isinstance(element, dict) and element.keys() >= RATE:
                _add_rate(found, row, element)
    except UnusableExportError as error:
        return parsed_export({}, source=SOURCE, status="failed", reason=str(error))
    return found.parsed()


# -- heart rate ----------------------------------------------------------------------------------


def _add_rate(found: Found, row: int, element: Told) -> None:
    rate, start = cells.number(element["bpm"]), _instant(element["timestamp"])
    if rate is None:
        check = "missing_value" if element["bpm"] is None else "not_a_number"
        found.reject("heart_rate", row, check, column="bpm")
    elif start is None:
        check = "not_a_time" if element["timestamp"] else "missing_time"
        found.reject("heart_rate", row, check, column="timestamp")
    elif rate == 0:
        found.sentinels["heart_rate"] += 1
    else:
        found.add("heart_rate", row, start_utc=start, heart_rate_bpm=rate, kind="sample")


# -- sleep ---------------------------------------------------------------------------------------


def _add_sleep(found: Found, row: int, sleep: Told) -> None:
    if sleep.get("type") in NO_SLEEP:
        found.sentinels["rest_periods"] += 1
        return
    start, end = (_instant(sleep.get(name)) for name in ("bedtime_start", "bedtime_end"))
    for name, moment in (("bedtime_start", start), ("bedtime_end", end)):
        if moment is None:
            found.reject(
                "sleep", row, "not_a_time" if sleep.get(name) else "missing_time", column=name
            )
            return
    if start is None or end is None or start > end:
        reason = "the sleep ends before it starts"
        found.reject("sleep", row, "out_of_range", column="bedtime_end", reason=reason)
        return
    if start == end:
        found.sentinels["placeholder_nights"] += 1
        return
    span = {"utc_offset_minutes": _offset(sleep["bedtime_end"])}
    is_main = sleep.get("type") == MAIN
    is_nap = None if sleep.get("type") is None else not is_main
    told = {**span, **_minutes(sleep), "is_nap": is_nap}
    found.add("sleep_sessions", row, start_utc=start, end_utc=end, **told)
    for first, last, stage in _pieces(found, sleep, start, end):
        found.add("sleep_stages", row, start_utc=first, end_utc=last, stage=stage, **span)
    lowest, day = cells.number(sleep.get("lowest_heart_rate")), _day(sleep.get("day"))
    if is_main and lowest and day is not None:
        found.add("heart_rate", row, local_date=day, heart_rate_bpm=lowest, kind="resting")


def _minutes(sleep: Told) -> dict[str, float | None]:
    """Minutes by column, of the durations that a sleep tells."""
    told = {stage: _minutes_of(sleep.get(f"{stage}_sleep_duration")) for stage in STAGED}
    is_staged = any(told.values())
    total = _minutes_of(sleep.get("total_sleep_duration"))
    return {
        "asleep_minutes": sum(filter(None, told.values())) if total is None else total,
        **{f"{stage}_minutes": value if is_staged else None for stage, value in told.items()},
        "awake_minutes": _minutes_of(sleep.get("awake_time")),
    }


def _minutes_of(seconds: Any) -> float | None:
    found = cells.number(seconds)
    return None if found is None or found < 0 else found / 60


def _pieces(found: Found, sleep: Told, start: int, end: int) -> list[tuple[int, int, str]]:
    """Start, end and name of each stage; those of one kind that meet are one."""
    pieces: list[tuple[int, int, str]] = []
    latency = _minutes_of(sleep.get("latency"))
    if latency and latency * 60 <= LONGEST:
        pieces.append((start, min(start + int(latency * MINUTE), end), "in_bed"))
    phases, first = sleep.get("sleep_phase_5_min"), start
    for code, run in groupby(phases if isinstance(phases, str) else ""):
        count = len(list(run))
        last = min(first + count * PHASE, end)
        if code not in PHASES:
            found.dropped["sleep_stages"] += count
        elif first < last:
            pieces.append((first, last, PHASES[code]))
        first += count * PHASE
    return pieces


# -- times ---------------------------------------------------------------------------------------


def _instant(text: Any) -> int | None:
    return cells.instant(text) if isinstance(text, str) else None


def _offset(text: str) -> int:
    """Minutes from UTC of a time that is an instant."""
    offset = datetime.fromisoformat(text).utcoffset()
    return 0 if offset is None else int(offset.total_seconds() // 60)


def _day(text: Any) -> int | None:
    return cells.day_number(text) if isinstance(text, str) else None
