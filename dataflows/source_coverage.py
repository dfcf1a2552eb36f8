"""Which source tells of which days: from when to when, on how many of them, how much."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, cast

import pandas as pd
import pyarrow as pa
from hamilton.function_modifiers import tag

from dataflows import contracts, history_schemas, records
from dataflows.clocks import integers
from dataflows.coverage import COUNTS, counts_of
from dataflows.trailing_windows import dates


@tag(stage="merge")
def source_coverage(
    blood_pressure_readings: pa.Table,
    heart_rate_years_resolved: Sequence[Mapping[str, Any]],
    heart_rate_summaries: pa.Table,
    sleep_sessions: pa.Table,
) -> pa.Table:
    """First and last date, days and records of each signal, source and device.

    Counted are the records that count: what stands behind another source's is in `shadowed_rows`.
    Vendors' daily summaries of heart rates are a signal of their own, `heart_rate_summary`.
    `share_of_days` is that of the days from the first to the last that have a record. How long ago
    the last date is, is a matter of who looks and when.

    Shape: `history_schemas.COVERAGE_COLUMNS`, by signal, source and device.

    Units: days; records; a share from 0 to 1.
    """
    counts = {
        "blood_pressure": [counts_of(blood_pressure_readings)],
        "heart_rate": [year["coverage"] for year in heart_rate_years_resolved],
        "heart_rate_summary": [counts_of(heart_rate_summaries)],
        "sleep": [counts_of(sleep_sessions)],
    }
    rows = [row for signal, tables in counts.items() for row in _rows(signal, tables)]
    table = records.table_from_rows(history_schemas.COVERAGE_COLUMNS, rows)
    return contracts.checked(table, history_schemas.SOURCE_COVERAGE)


def _rows(signal: str, tables: Iterable[pa.Table]) -> list[dict[str, Any]]:
    counts = pa.concat_tables([COUNTS.empty_table(), *tables])
    frame = pd.DataFrame(
        {
            "source": counts["source"].to_pylist(),
            "device": counts["device"].to_pylist(),
            "day": integers(counts["local_date"]),
            "records": counts["record_count"].to_numpy(),
        }
    ).astype({"source": object, "device": object})
    groups = frame.groupby(["source", "device"], dropna=False, sort=False)
    rows = [_row(signal, names, found) for names, found in groups]
    return sorted(rows, key=lambda row: (row["source"], row["device"] or ""))


def _row(signal: str, names: Hashable, found: pd.DataFrame) -> dict[str, Any]:
    source, device = cast("tuple[str, object]", names)
    first, last = int(found["day"].min()), int(found["day"].max())
    first_date, last_date = dates([first, last]).to_pylist()
    day_count = int(found["day"].nunique())
    return {
        "signal": signal,
        "source": source,
        "device": device if isinstance(device, str) else None,
        "first_date": first_date,
        "last_date": last_date,
        "day_count": day_count,
        "record_count": int(found["records"].sum()),
        "share_of_days": day_count / (last - first + 1),
    }
