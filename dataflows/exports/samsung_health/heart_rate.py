"""Samsung Health's heart rates: the table, and the binning data beside it.

- Most rows of the table are one measurement. A row that names a file of binning data sums that file
  up: its samples are there, so the row is counted and is no sample.
- Binning data are `[{heart_rate, heart_rate_min, heart_rate_max, start_time, end_time}]` in JSON, a
  mean for each minute, with milliseconds since 1970 UTC and no offset. A row is an element of the
  list, counted from 1.

A heart rate of 0 is none.
"""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pyarrow as pa

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_rows import Rows
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.json_text import elements
from dataflows.exports.row_checks import rejected_rows
from dataflows.exports.samsung_health.tables import (
    ORIGIN,
    SOURCE,
    is_told,
    joined,
    origin,
    times,
    values,
)

SIGNAL: Final = "heart_rate"
NEEDED: Final = ("start_time", "heart_rate")
OPTIONAL: Final = ("binning_data", *ORIGIN)
BINNING: Final = frozenset({"heart_rate", "heart_rate_min", "heart_rate_max", "start_time"})
ELSEWHERE: Final = (
    "rows that name binning data have their samples in files of the folder jsons; import it too"
)


def parsed(parts: Iterable[Rows], sha256: str) -> ParsedExport:
    """The measurements of a table.

    Args:
        parts: Rows with the columns `NEEDED` and `OPTIONAL`.
        sha256: Of the file.
    """
    tables = [records.empty(records.PARSED["heart_rate"])]
    rejected: list[dict[str, Any]] = []
    silent_count = binned_count = 0
    for part in parts:
        start, rates = times(part, "start_time"), values(part, "heart_rate")
        binned = is_told(part, "binning_data")
        silent = (rates == 0) & ~binned
        unread = ~binned & ~silent
        bad, found = rejected_rows(
            part,
            (SIGNAL, SOURCE, sha256),
            [
                ("start_time", "not_a_time", (start == cells.NO_INSTANT) & unread),
                ("heart_rate", "not_a_number", np.isnan(rates) & unread),
            ],
        )
        rejected += found
        silent_count += int(np.count_nonzero(silent))
        binned_count += int(np.count_nonzero(binned))
        given = {
            **origin(part, sha256),
            "start_utc": cells.timestamps(start, records.INSTANT),
            "heart_rate_bpm": rates,
            "kind": "sample",
        }
        table = records.table_from_columns(records.PARSED["heart_rate"], given, len(rates))
        tables.append(table.filter(pa.array(unread & ~bad)))
    return _found(
        joined(tables),
        rejected,
        silent_count,
        reason=ELSEWHERE if binned_count else None,
        dropped={"binned_heart_rates": binned_count},
    )


def parsed_binning(file: ExportFile) -> ParsedExport:
    """The samples of one file of binning data."""
    rows: list[dict[str, Any]] = []
    rejected: list[dict[str, Any]] = []
    silent_count = 0
    origin_of = {"source": SOURCE, "raw_sha256": file.sha256}
    told = (element for part in elements(file.content) for element in part)
    for number, element in enumerate(told, start=1):
        rate, start, check, column = _sample(element)
        if check:
            row = cells.rejected_row(SIGNAL, SOURCE, file.sha256, number, check, column=column)
            rejected.append(row)
        elif rate == 0:
            silent_count += 1
        else:
            sample = {"start_utc": start, "heart_rate_bpm": rate, "kind": "sample"}
            rows.append(origin_of | {"raw_row": number} | sample)
    return _found(cells.table_of(SIGNAL, rows), rejected, silent_count)


def _sample(element: Any) -> tuple[float | None, int | None, str, str | None]:
    """Rate and microseconds of an element, the check that it fails, or "", and the column."""
    if not isinstance(element, dict):
        return None, None, "invalid_json", None
    for name, check in (("start_time", "missing_time"), ("heart_rate", "missing_value")):
        if element.get(name) is None:
            return None, None, check, name
    rate, start = cells.number(element["heart_rate"]), cells.whole(element["start_time"])
    if rate is None:
        return None, None, "not_a_number", "heart_rate"
    micros = cells.instants(np.array([start or 0], np.int64), 1_000)[0]
    if start is None or micros == cells.NO_INSTANT:
        return None, None, "not_a_time", "start_time"
    return rate, int(micros), "", None


def _found(
    samples: pa.Table, rejected: list[dict[str, Any]], silent: int, **more: Any
) -> ParsedExport:
    tables = {
        "heart_rate": samples,
        "rejected": records.table_from_rows(records.REJECTED, rejected),
    }
    return parsed_export(tables, source=SOURCE, sentinels={"heart_rate": silent}, **more)
