"""Zepp's heart rates: `HEARTRATE_AUTO` and `HEARTRATE`.

The first gives the local time of the day, without a zone, and holds what the device measured by
itself, up to once a minute. The second gives UTC and holds what the person measured by hand
[RECALL]. Neither tells the device. 0, -1, 254, 255 and nothing mean "no measurement".
"""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_rows import Rows
from dataflows.exports.export_file import ParsedExport, parsed_export
from dataflows.exports.zepp.cells import (
    SOURCE,
    Reader,
    clock_time,
    day,
    plain,
    readings,
    rejected_rows,
    utc,
)

SENTINELS: Final = (0.0, -1.0, 254.0, 255.0)
SILENT: Final = 0.0
SECONDS_OF_DAY: Final = 86_400


def _heart_rate(text: str) -> float | None:
    """A heart rate, or `SILENT` for a sentinel or nothing at all."""
    bare = plain(text)
    rate = cells.number(bare) if bare else SILENT
    return SILENT if rate in SENTINELS else rate


_RATE: Final = Reader("heartRate", "not_a_number", _heart_rate, np.float64)
AUTOMATIC: Final = (
    Reader("date", "not_a_time", day, np.int32),
    Reader("time", "not_a_time", clock_time, np.int32),
    _RATE,
)
MANUAL: Final = (Reader("time", "not_a_time", utc), _RATE)


def parsed(parts: Iterable[Rows], sha256: str, *, automatic: bool) -> ParsedExport:
    """The heart rates of one file.

    Args:
        parts: Rows with the columns `heartRate`, `time` and, if automatic, `date`.
        sha256: Of the file.
        automatic: Whether it is HEARTRATE_AUTO.
    """
    readers = [reader.remembering() for reader in (AUTOMATIC if automatic else MANUAL)]
    kept: list[list[NDArray[Any]]] = []
    rejected: list[dict[str, Any]] = []
    sentinels = 0
    for part in parts:
        (*times, rates), bad = readings(part, readers)
        silent = rates == SILENT
        bad &= ~silent
        sentinels += int(np.count_nonzero(silent))
        kept.append(_without(silent | bad, [_micros(*times), rates, part.numbers]))
        rejected += rejected_rows(part, bad, readers, "heart_rate", sha256)
    return parsed_export(
        {
            "heart_rate": _table(kept, sha256, automatic=automatic),
            "rejected": records.table_from_rows(records.REJECTED, rejected),
        },
        source=SOURCE,
        sentinels={"heart_rate": sentinels},
    )


def _micros(*times: NDArray[Any]) -> NDArray[np.int64]:
    """Days and seconds, or microseconds, as microseconds since 1970."""
    if len(times) == 1:
        return times[0]
    days, seconds = times
    micros = days.astype(np.int64)
    micros *= SECONDS_OF_DAY
    micros += seconds
    micros *= cells.SECOND
    return micros


def _without(taken: NDArray[np.bool_], columns: list[NDArray[Any]]) -> list[NDArray[Any]]:
    return [column[~taken] for column in columns] if taken.any() else columns


def _table(kept: list[list[NDArray[Any]]], sha256: str, *, automatic: bool) -> Any:
    times = _next_column(kept, np.int64)
    rates = _next_column(kept, np.float64)
    wall = {"start_local": cells.timestamps(times, records.WALL_TIME)}
    given = {
        "source": SOURCE,
        "raw_sha256": sha256,
        "raw_row": _next_column(kept, np.int32),
        **(wall if automatic else {"start_utc": cells.timestamps(times, records.INSTANT)}),
        "heart_rate_bpm": rates,
        "kind": "sample" if automatic else "manual",
    }
    return records.table_from_columns(records.PARSED["heart_rate"], given, len(rates))


def _next_column(kept: list[list[NDArray[Any]]], kind: Any) -> NDArray[Any]:
    """The first column of all parts, which give it up: no column is held twice for long."""
    return np.concatenate([np.empty(0, kind), *(columns.pop(0) for columns in kept)])
