"""Fitbit's sleep: `sleep-*.json`, a log for each sleep.

- Times are those of the wall clock, without a zone [READ]; a sleep belongs to the date of its end,
  which is Fitbit's `dateOfSleep`.
- `levels.data` tells the stages one after the other, and `levels.shortData` the awakenings of up to
  three minutes, which lie inside those: they are taken out of the stages, as Fitbit's own sums do.
- A log of the type `classic` knows no stages: `asleep` is unstaged sleep; `restless` is awake,
  since the export's `minutesAsleep` leaves it out (608 asleep, 24 restless, 1 awake, in bed 633).
- Where a log has no `levels.data`, its sums count: `levels.summary`, else `minutesAsleep` and
  `minutesAwake`.
- The time in bed is the log from start to end, which agrees with `timeInBed`. Its first
  `minutesToFallAsleep`, if any, are a stage `in_bed` too, so that the latency is known.
- `mainSleep` false is a nap.

A log whose start is its end, or in which nothing was told, is a placeholder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dataflows.exports import cells
from dataflows.exports.export_file import ExportFile, ParsedExport
from dataflows.exports.found import Found
from dataflows.exports.json_text import elements

SOURCE: Final = "fitbit"
TELLING: Final = frozenset({"logId", "dateOfSleep"})
MINUTE: Final = 60 * cells.SECOND
STAGES: Final = {
    "wake": "awake", "awake": "awake", "restless": "awake", "asleep": "asleep",
    "light": "light", "deep": "deep", "rem": "rem",
}  # fmt: skip
STAGED: Final = ("deep", "light", "rem")
LONGEST_STAGE: Final = 24 * 3600
LONGEST_LATENCY: Final = 24 * 60

Log = Mapping[str, Any]


@dataclass(frozen=True)
class _Piece:
    """Microseconds of wall time, and what the person did."""

    start: int
    end: int
    stage: str


def parsed(file: ExportFile) -> ParsedExport:
    """The sleeps of one file, with their stages in their rows."""
    found = Found(SOURCE, file.sha256)
    logs = (log for part in elements(file.content) for log in part)
    for row, log in enumerate(logs, start=1):
        _add(found, row, log)
    return found.parsed()


def _add(found: Found, row: int, log: Any) -> None:
    if not isinstance(log, dict):
        found.reject("sleep", row, "invalid_json")
        return
    start, end = (_wall_time(log.get(name)) for name in ("startTime", "endTime"))
    for name, moment in (("startTime", start), ("endTime", end)):
        if moment is None:
            check = "not_a_time" if log.get(name) else "missing_time"
            found.reject("sleep", row, check, column=name)
            return
    if start is None or end is None or start > end:
        reason = "the sleep ends before it starts"
        found.reject("sleep", row, "out_of_range", column="endTime", reason=reason)
        return
    pieces = _pieces(found, log)
    minutes = _sums(pieces) if pieces else _told_sums(log)
    if start == end or not any(minutes.values()):
        found.sentinels["placeholder_nights"] += 1
        return
    is_nap = log.get("mainSleep") is False
    session = {"start_local": start, "end_local": end, "is_nap": is_nap}
    found.add("sleep_sessions", row, **session, **_columns(minutes))
    for one in (*_in_bed(log, start), *pieces):
        times = {"start_local": one.start, "end_local": one.end}
        found.add("sleep_stages", row, **times, stage=one.stage)


def _in_bed(log: Log, start: int) -> list[_Piece]:
    """The time in bed before sleep, of a log that tells it."""
    minutes = cells.number(log.get("minutesToFallAsleep"))
    if minutes is None or not 0 < minutes <= LONGEST_LATENCY:
        return []
    return [_Piece(start, start + int(minutes * MINUTE), "in_bed")]


def _wall_time(text: Any) -> int | None:
    """Microseconds since 1970 of a wall time as ISO 8601 writes it."""
    return cells.instant(f"{text}Z") if isinstance(text, str) else None


# -- stages --------------------------------------------------------------------------------------


def _pieces(found: Found, log: Log) -> list[_Piece]:
    """The stages of a log one after the other, without the short awakenings in them."""
    levels = log.get("levels")
    told = levels if isinstance(levels, dict) else {}
    pieces = _told_pieces(found, told.get("data"))
    short = [one for one in _told_pieces(found, told.get("shortData")) if one.stage == "awake"]
    return [part for piece in pieces for part in _around(piece, short)]


def _told_pieces(found: Found, told: Any) -> list[_Piece]:
    pieces = []
    for one in told if isinstance(told, list) else []:
        piece = _piece(one)
        if piece is None:
            found.dropped["sleep_stages"] += 1
        else:
            pieces.append(piece)
    return sorted(pieces, key=lambda piece: piece.start)


def _piece(told: Any) -> _Piece | None:
    """A stage; None if it does not tell what, when and how long."""
    if not isinstance(told, dict):
        return None
    start, seconds = _wall_time(told.get("dateTime")), cells.number(told.get("seconds"))
    stage = STAGES.get(str(told.get("level")))
    if start is None or seconds is None or stage is None or not 0 < seconds <= LONGEST_STAGE:
        return None
    return _Piece(start, start + int(seconds * cells.SECOND), stage)


def _around(piece: _Piece, awakenings: Sequence[_Piece]) -> list[_Piece]:
    """A stage, cut by the awakenings that lie in it."""
    if piece.stage == "awake":
        return [piece]
    parts, place = [], piece.start
    for short in awakenings:
        start, end = max(short.start, place), min(short.end, piece.end)
        if start < end:
            parts += [_Piece(place, start, piece.stage), _Piece(start, end, "awake")]
            place = end
    parts.append(_Piece(place, piece.end, piece.stage))
    return [part for part in parts if part.start < part.end]


# -- minutes -------------------------------------------------------------------------------------


def _sums(pieces: Sequence[_Piece]) -> dict[str, float]:
    """Minutes by stage."""
    sums: dict[str, float] = {}
    for piece in pieces:
        sums[piece.stage] = sums.get(piece.stage, 0.0) + (piece.end - piece.start) / MINUTE
    return sums


def _told_sums(log: Log) -> dict[str, float]:
    """Minutes by stage as a log sums them up itself."""
    levels = log.get("levels")
    summary = levels.get("summary") if isinstance(levels, dict) else None
    sums: dict[str, float] = {}
    for level, of_level in summary.items() if isinstance(summary, dict) else ():
        minutes = cells.number(of_level.get("minutes")) if isinstance(of_level, dict) else None
        stage = STAGES.get(level)
        if stage is not None and minutes is not None:
            sums[stage] = sums.get(stage, 0.0) + minutes
    if sums:
        return sums
    told = {"asleep": log.get("minutesAsleep"), "awake": log.get("minutesAwake")}
    return {stage: cells.number(minutes) or 0.0 for stage, minutes in told.items()}


def _columns(sums: Mapping[str, float]) -> dict[str, Any]:
    """Minutes as columns; a sleep without stages tells no deep, light or REM sleep."""
    is_staged = any(sums.get(stage) for stage in STAGED)
    staged = {f"{stage}_minutes": sums.get(stage, 0.0) if is_staged else None for stage in STAGED}
    asleep = sum(minutes for stage, minutes in sums.items() if stage != "awake")
    return {"asleep_minutes": asleep, **staged, "awake_minutes": sums.get("awake", 0.0)}
