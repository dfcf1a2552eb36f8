"""Samsung Health's blood pressures.

What the app Samsung Health Monitor wrote was estimated by a watch, without a cuff, and is flagged.
0 over 0 is a placeholder, a pulse of 0 is no pulse.
"""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_rows import Rows
from dataflows.exports.export_file import ParsedExport, parsed_export
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
from dataflows.measurement import CUFFLESS, CUFFLESS_PACKAGES

SIGNAL: Final = "blood_pressure"
NEEDED: Final = ("start_time", "systolic", "diastolic")
OPTIONAL: Final = ("pulse", "comment", *ORIGIN)


def parsed(parts: Iterable[Rows], sha256: str) -> ParsedExport:
    """The readings of a table.

    Args:
        parts: Rows with the columns `NEEDED` and `OPTIONAL`.
        sha256: Of the file.
    """
    tables = [records.empty(records.PARSED["blood_pressure"])]
    rejected: list[dict[str, Any]] = []
    placeholders = 0
    for part in parts:
        table, bad, silent = _readings(part, sha256)
        rejected += bad
        placeholders += silent
        tables.append(table)
    return parsed_export(
        {
            "blood_pressure": joined(tables),
            "rejected": records.table_from_rows(records.REJECTED, rejected),
        },
        source=SOURCE,
        sentinels={"blood_pressure": placeholders},
    )


def _readings(part: Rows, sha256: str) -> tuple[pa.Table, list[dict[str, Any]], int]:
    """The readings of some rows, the rejected ones, and how many placeholders there are."""
    start = times(part, "start_time")
    systolic, diastolic, pulse = (values(part, name) for name in ("systolic", "diastolic", "pulse"))
    silent = (systolic == 0) & (diastolic == 0)
    bad, rejected = rejected_rows(
        part,
        (SIGNAL, SOURCE, sha256),
        [
            ("start_time", "not_a_time", (start == cells.NO_INSTANT) & ~silent),
            ("systolic", "not_a_number", np.isnan(systolic)),
            ("diastolic", "not_a_number", np.isnan(diastolic)),
            ("pulse", "not_a_number", np.isnan(pulse) & is_told(part, "pulse")),
        ],
    )
    packages = pa.array(sorted(CUFFLESS_PACKAGES))
    is_cuffless = pc.is_in(part.columns["pkg_name"], value_set=packages)
    note = pc.utf8_trim_whitespace(part.columns["comment"])
    given = {
        **origin(part, sha256),
        "start_utc": cells.timestamps(start, records.INSTANT),
        "systolic_mmhg": systolic,
        "diastolic_mmhg": diastolic,
        "pulse_bpm": np.where(pulse == 0, np.nan, pulse),
        "note": pc.if_else(pc.equal(note, ""), None, note),
        "flags": pc.if_else(is_cuffless, CUFFLESS, None).dictionary_encode(),
    }
    table = records.table_from_columns(records.PARSED["blood_pressure"], given, len(part.numbers))
    kept = pa.array(~bad & ~silent)
    return table.filter(kept), rejected, int(np.count_nonzero(silent & ~bad))
