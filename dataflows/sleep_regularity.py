"""Sleep regularity: how alike successive days are, and when the middle of the night lies.

The index is told in `regularity`. Its values depend on who measures and how: they are for
comparison with a person's own, and with nobody else's.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from hamilton.function_modifiers import tag
from numpy.typing import NDArray

from dataflows import contracts, sleep_schemas
from dataflows.circular import circular_deviation, circular_mean
from dataflows.clocks import integers
from dataflows.regularity import DayPairs, day_pairs, regularity_index
from dataflows.sleep_blocks import Integers
from dataflows.sleep_calendar import EPOCHS_PER_DAY, sleep_calendar

WINDOWS_DAYS: Final = (28, 60)
"""Ours: four weeks, and two months; the windows of the other baselines too."""

LEAST_OVERLAP_DAYS: Final = 5
"""The least time in pairs that an index rests on: `sleepreg` (Windred 2024, doi
10.1093/sleep/zsad253) refuses less; read first-hand, as code."""

LEAST_NIGHTS: Final = 5
"""Ours: the least number of nights that a mean midpoint and its spread rest on."""


@tag(stage="merge", rows_by="local_date: period_start..period_end")
def sleep_regularity(
    sleep_sessions: pa.Table, sleep_stages: pa.Table, sleep_nights: pa.Table
) -> pa.Table:
    """Regularity of sleep over trailing windows that end with each month and with the last night.

    A window's index is null where fewer than `LEAST_OVERLAP_DAYS` days of it can be compared, its
    midpoint where it has fewer than `LEAST_NIGHTS` nights. Naps count as sleep. See
    `sleep_calendar` for what is known of a minute and what is not.

    Shape: `sleep_schemas.REGULARITY`, by window and end.

    Units: days; a share from 0 to 1; an index from -100 to 100; minutes, of the mean midpoint after
    local midnight.

    Source: `regularity`, `circular`, `LEAST_OVERLAP_DAYS`.
    """
    calendar = sleep_calendar(sleep_sessions, sleep_stages)
    pairs = day_pairs(calendar.states)
    nights = integers(sleep_nights["local_date"])
    midpoints = sleep_nights["midpoint_local_minutes"].to_numpy()
    rows = []
    for window in WINDOWS_DAYS:
        for end in _period_ends(nights):
            start = end - window + 1
            first, last = np.searchsorted(nights, [start, end + 1])
            if first < last:
                compared = slice(max(start - calendar.first_day, 0), end - calendar.first_day)
                rows.append(_row(start, end, midpoints[first:last], pairs, compared))
    return contracts.checked(_table(rows), sleep_schemas.SLEEP_REGULARITY)


def _period_ends(nights: Integers) -> Iterator[int]:
    """The last day of each month from the first night to the last one, and that of the last."""
    if not len(nights):
        return
    first, last = nights[[0, -1]].astype("M8[D]")
    months = np.arange(first.astype("M8[M]"), last.astype("M8[M]")) + 1
    yield from (months.astype("M8[D]").astype(np.int64) - 1).tolist()
    yield int(nights[-1])


def _row(
    start: int, end: int, midpoints: NDArray[np.float64], pairs: DayPairs, compared: slice
) -> dict[str, Any]:
    valid, equal = (int(counts[compared].sum()) for counts in (pairs.valid, pairs.equal))
    enough = len(midpoints) >= LEAST_NIGHTS
    overlaps = valid >= LEAST_OVERLAP_DAYS * EPOCHS_PER_DAY
    return {
        "period_start": start,
        "period_end": end,
        "window_days": end - start + 1,
        "night_count": len(midpoints),
        "valid_pair_share": valid / ((end - start) * EPOCHS_PER_DAY),
        "regularity_index": regularity_index(equal, valid) if overlaps else None,
        "midpoint_mean_local_minutes": circular_mean(midpoints) if enough else None,
        "midpoint_sd_minutes": circular_deviation(midpoints) if enough else None,
    }


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    frame = pd.DataFrame(rows, columns=sleep_schemas.REGULARITY.names)
    columns: dict[str, Any] = {}
    for field in sleep_schemas.REGULARITY:
        if pa.types.is_date32(field.type):
            columns[field.name] = pa.array(frame[field.name].to_numpy(np.int32)).cast(field.type)
        else:
            columns[field.name] = pa.array(frame[field.name], field.type, from_pandas=True)
    return pa.table(columns, schema=sleep_schemas.REGULARITY)
