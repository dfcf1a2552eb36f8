"""Fitbit's newer tables of sleep in a Takeout: `UserSleeps` and `UserSleepStages`.

Unlike `sleep-*.json`, which tells the same sleeps, they have instants and record the offset of the
place, so they come before it. The two are laid together by time, since each file is read on its
own. A sleep belongs to the date of its end, in the offset of its end.

`minutes_to_fall_asleep`, if not 0, is a stage `in_bed` in the row of the sleep. An awakening in the
middle of another stage is cut out of it. RESTLESS is awake, as in a classic log.

Source: the headers of both [READ]; whether short awakenings lie inside other stages [RECALL].
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_rows import Rows
from dataflows.exports.export_file import ParsedExport, parsed_export
from dataflows.exports.row_checks import rejected_rows

SOURCE: Final = "fitbit"
SIGNAL: Final = "sleep"
STAGE_SIGNAL: Final = "sleep_stages"
NIGHT: Final = ("sleep_start", "sleep_end", "minutes_asleep", "minutes_awake")
NIGHT_OPTIONAL: Final = ("end_utc_offset", "minutes_to_fall_asleep", "sleep_last_updated")
STAGE: Final = ("sleep_stage_start", "sleep_stage_end", "sleep_stage_type")
STAGE_OPTIONAL: Final = ("end_utc_offset",)
STAGES: Final = {
    "AWAKE": "awake", "WAKE": "awake", "RESTLESS": "awake", "ASLEEP": "asleep",
    "LIGHT": "light", "DEEP": "deep", "REM": "rem",
}  # fmt: skip
AWAKE: Final = "awake"
MINUTE: Final = 60 * cells.SECOND
LONGEST_LATENCY: Final = 24 * 60
_OFFSET: Final = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})(?::?00)?")

Span = tuple[int, int]


def parsed(parts: Iterable[Rows], sha256: str) -> ParsedExport:
    """The sleeps of a table.

    Args:
        parts: Rows with the columns `NIGHT` and maybe those of `NIGHT_OPTIONAL`.
        sha256: Of the file.
    """
    sessions: list[dict[str, Any]] = []
    stages: list[dict[str, Any]] = []
    rejected: list[dict[str, Any]] = []
    placeholders = 0
    for part in parts:
        start, end = _times(part, "sleep_start"), _times(part, "sleep_end")
        asleep, awake = (_numbers(part, name) for name in ("minutes_asleep", "minutes_awake"))
        bad, found = rejected_rows(
            part,
            (SIGNAL, SOURCE, sha256),
            [
                ("sleep_start", "not_a_time", start == cells.NO_INSTANT),
                ("sleep_end", "not_a_time", end == cells.NO_INSTANT),
                ("minutes_asleep", "not_a_number", np.isnan(asleep)),
                ("minutes_awake", "not_a_number", np.isnan(awake)),
            ],
        )
        rejected += found
        silent = (start == end) | (asleep + awake == 0)
        placeholders += int(np.count_nonzero(silent & ~bad))
        offsets, updated = _offsets(part), _times(part, "sleep_last_updated")
        latencies = _numbers(part, "minutes_to_fall_asleep")
        for place in np.flatnonzero(~bad & ~silent).tolist():
            origin = _origin(part, place, sha256, offsets)
            span = (int(start[place]), int(end[place]))
            sessions.append(
                origin
                | {"start_utc": span[0], "end_utc": span[1]}
                | {"asleep_minutes": asleep[place], "awake_minutes": awake[place]}
                | {"updated_utc": _known(updated[place])}
            )
            stages += [origin | stage for stage in _in_bed(span[0], float(latencies[place]))]
    return _export(sessions, stages, rejected, placeholders)


def parsed_stages(parts: Iterable[Rows], sha256: str) -> ParsedExport:
    """The stages of a table.

    Args:
        parts: Rows with the columns `STAGE` and maybe those of `STAGE_OPTIONAL`.
        sha256: Of the file.
    """
    stages: list[dict[str, Any]] = []
    rejected: list[dict[str, Any]] = []
    for part in parts:
        start, end = _times(part, "sleep_stage_start"), _times(part, "sleep_stage_end")
        names = [STAGES.get(text.strip().upper()) for text in part.columns[STAGE[2]].to_pylist()]
        unknown = np.array([name is None for name in names], np.bool_)
        bad, found = rejected_rows(
            part,
            (STAGE_SIGNAL, SOURCE, sha256),
            [
                ("sleep_stage_start", "not_a_time", start == cells.NO_INSTANT),
                ("sleep_stage_end", "not_a_time", end == cells.NO_INSTANT),
                ("sleep_stage_type", "unknown_stage", unknown),
            ],
        )
        rejected += found
        offsets = _offsets(part)
        stages += [
            _origin(part, place, sha256, offsets)
            | {"start_utc": int(start[place]), "end_utc": int(end[place]), "stage": names[place]}
            for place in np.flatnonzero(~bad).tolist()
        ]
    return _export([], _without_awakenings(stages), rejected, 0)


def _export(
    sessions: list[dict[str, Any]],
    stages: list[dict[str, Any]],
    rejected: list[dict[str, Any]],
    placeholders: int,
) -> ParsedExport:
    tables = {
        "sleep_sessions": cells.table_of("sleep_sessions", sessions),
        "sleep_stages": cells.table_of("sleep_stages", stages),
        "rejected": records.table_from_rows(records.REJECTED, rejected),
    }
    return parsed_export(tables, source=SOURCE, sentinels={"placeholder_nights": placeholders})


def _in_bed(start: int, minutes: float) -> list[dict[str, Any]]:
    """The time in bed before sleep, where it is told."""
    if not 0 < minutes <= LONGEST_LATENCY:
        return []
    return [{"start_utc": start, "end_utc": start + int(minutes * MINUTE), "stage": "in_bed"}]


def _without_awakenings(stages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stages, cut where an awakening lies in one of them."""
    ordered = sorted(stages, key=lambda stage: (stage["start_utc"], stage["end_utc"]))
    awakenings = [(one["start_utc"], one["end_utc"]) for one in ordered if one["stage"] == AWAKE]
    starts = np.array([start for start, _ in awakenings], np.int64)
    cut: list[dict[str, Any]] = []
    for stage in ordered:
        span = (stage["start_utc"], stage["end_utc"])
        if stage["stage"] == AWAKE or span[0] >= span[1]:
            cut.append(stage)
            continue
        near = slice(*np.searchsorted(starts, span))
        parts = _left(span, awakenings[near])
        cut += [stage | {"start_utc": start, "end_utc": end} for start, end in parts]
    return cut


def _left(span: Span, awakenings: Sequence[Span]) -> list[Span]:
    """What awakenings that begin in a span leave of it."""
    parts, place = [], span[0]
    for start, end in awakenings:
        parts.append((place, start))
        place = max(place, end)
    parts.append((place, span[1]))
    return [(start, end) for start, end in parts if start < end]


# -- cells ---------------------------------------------------------------------------------------


def _times(part: Rows, name: str) -> NDArray[np.int64]:
    """Microseconds of a column of instants; `NO_INSTANT` where a cell tells none."""
    if name not in part.columns:
        return np.full(len(part.numbers), cells.NO_INSTANT)
    micros, absent = cells.mapped(part.columns[name], cells.instant, np.int64)
    if absent is not None:
        micros[absent] = cells.NO_INSTANT
    return micros


def _numbers(part: Rows, name: str) -> NDArray[np.float64]:
    if name not in part.columns:
        return np.full(len(part.numbers), np.nan)
    found, _ = cells.mapped(part.columns[name], cells.number, np.float64)
    return found


def _offsets(part: Rows) -> list[int | None]:
    """Minutes from UTC where rows end; None where a cell tells none that a clock shows."""
    texts = part.columns.get("end_utc_offset", pa.nulls(len(part.numbers), pa.string()))
    return [_offset(text or "") for text in texts.to_pylist()]


def _offset(text: str) -> int | None:
    found = _OFFSET.fullmatch(text.strip())
    return None if found is None else cells.offset_minutes(found[1], found[2], found[3])


def _known(micros: np.int64) -> int | None:
    return None if micros == cells.NO_INSTANT else int(micros)


def _origin(part: Rows, place: int, sha256: str, offsets: Sequence[int | None]) -> dict[str, Any]:
    return {
        "source": SOURCE,
        "raw_sha256": sha256,
        "raw_row": int(part.numbers[place]),
        "utc_offset_minutes": offsets[place],
    }
