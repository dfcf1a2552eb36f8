"""Samsung Health's sleep: a table of nights, and one of their stages.

The two are laid together by device and time, since each file is read on its own (`sleep_stages`).
A night tells when it began and ended alone: what the durations beside it count, and in which unit,
differs by version. So a night without stages tells the time in bed and not how long was slept.
A night that starts when it stops is a placeholder.
"""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_rows import Rows
from dataflows.exports.export_file import ParsedExport, parsed_export
from dataflows.exports.row_checks import rejected_rows
from dataflows.exports.samsung_health.tables import ORIGIN, SOURCE, joined, origin, times

SIGNAL: Final = "sleep"
STAGE_SIGNAL: Final = "sleep_stages"
NIGHT: Final = ("start_time", "end_time")
STAGE: Final = ("start_time", "end_time", "stage")
OPTIONAL: Final = ORIGIN
STAGES: Final = {"40001": "awake", "40002": "light", "40003": "deep", "40004": "rem"}
_NAMES: Final = tuple(STAGES.values())


def parsed(parts: Iterable[Rows], sha256: str) -> ParsedExport:
    """The nights of a table.

    Args:
        parts: Rows with the columns `NIGHT` and `OPTIONAL`.
        sha256: Of the file.
    """
    tables = [records.empty(records.PARSED["sleep_sessions"])]
    rejected: list[dict[str, Any]] = []
    placeholders = 0
    for part in parts:
        start, end, untimed = _span(part)
        silent = (start == end) & ~untimed
        bad, found = _rejected(part, SIGNAL, sha256, start, end)
        rejected += found
        placeholders += int(np.count_nonzero(silent))
        table = _table(part, "sleep_sessions", sha256, start, end)
        tables.append(table.filter(pa.array(~bad & ~silent)))
    return parsed_export(
        {
            "sleep_sessions": joined(tables),
            "rejected": records.table_from_rows(records.REJECTED, rejected),
        },
        source=SOURCE,
        sentinels={"placeholder_nights": placeholders},
    )


def parsed_stages(parts: Iterable[Rows], sha256: str) -> ParsedExport:
    """The stages of a table.

    Args:
        parts: Rows with the columns `STAGE` and `OPTIONAL`.
        sha256: Of the file.
    """
    tables = [records.empty(records.PARSED["sleep_stages"])]
    rejected: list[dict[str, Any]] = []
    for part in parts:
        start, end, _ = _span(part)
        codes, unknown = cells.mapped(part.columns["stage"], _stage, np.int32)
        unknown = np.zeros(len(codes), np.bool_) if unknown is None else unknown
        bad, found = _rejected(
            part, STAGE_SIGNAL, sha256, start, end, ("stage", "unknown_stage", unknown)
        )
        rejected += found
        stage = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(_NAMES))
        table = _table(part, "sleep_stages", sha256, start, end, stage=stage)
        tables.append(table.filter(pa.array(~bad)))
    return parsed_export(
        {
            "sleep_stages": joined(tables),
            "rejected": records.table_from_rows(records.REJECTED, rejected),
        },
        source=SOURCE,
    )


def _stage(text: str) -> int | None:
    name = STAGES.get(text.strip().removesuffix(".0"))
    return None if name is None else _NAMES.index(name)


def _span(part: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Starts, ends, and the rows that lack one of them."""
    start, end = times(part, "start_time"), times(part, "end_time")
    return start, end, (start == cells.NO_INSTANT) | (end == cells.NO_INSTANT)


def _rejected(
    part: Rows,
    signal: str,
    sha256: str,
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    *more: tuple[str, str, NDArray[np.bool_]],
) -> tuple[NDArray[np.bool_], list[dict[str, Any]]]:
    failures = [
        ("start_time", "not_a_time", start == cells.NO_INSTANT),
        ("end_time", "not_a_time", end == cells.NO_INSTANT),
        *more,
    ]
    return rejected_rows(part, (signal, SOURCE, sha256), failures)


def _table(
    part: Rows,
    name: str,
    sha256: str,
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    **more: Any,
) -> pa.Table:
    schema = records.PARSED[name]
    given = {
        **origin(part, sha256),
        "start_utc": cells.timestamps(start, records.INSTANT),
        "end_utc": cells.timestamps(end, records.INSTANT),
        **more,
    }
    told = {column: array for column, array in given.items() if column in schema.names}
    return records.table_from_columns(schema, told, len(start))
