"""Sleep regularity: how alike successive days are, and when the middle of the night lies.

The index is told in `regularity`. Its values depend on who measures and how: they are for
comparison with a person's own, and with nobody else's.
"""

from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from hamilton.function_modifiers import tag
from numpy.typing import NDArray

from dataflows import contracts, sleep_schemas
from dataflows.circular import circular_deviation, circular_mean
from dataflows.clocks import integers
from dataflows.regularity import DayPairs, day_pairs, regularity_index
from dataflows.sleep_calendar import EPOCHS_PER_DAY, LEAST_NIGHT_MINUTES, sleep_calendar
from dataflows.trailing_windows import BASELINE_DAYS, Window, dates, month_ends, windows

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
    midpoint where it has fewer than `LEAST_NIGHTS` nights. Naps count as sleep; a main sleep of
    less than `LEAST_NIGHT_MINUTES` is no night. See `sleep_calendar` for what is known of a minute.

    Shape: `sleep_schemas.REGULARITY`, by window and end.

    Units: days; a share from 0 to 1; an index from -100 to 100; minutes, of the mean midpoint after
    local midnight.

    Source: `regularity`, `circular`, `LEAST_OVERLAP_DAYS`.
    """
    calendar = sleep_calendar(sleep_sessions, sleep_stages)
    pairs = day_pairs(calendar.states)
    length = pc.add(sleep_nights["in_bed_minutes"], sleep_nights["pause_minutes"])
    whole = sleep_nights.filter(pc.greater_equal(length, LEAST_NIGHT_MINUTES))
    nights = integers(whole["local_date"])
    midpoints = whole["midpoint_local_minutes"].to_numpy()
    rows = [
        {
            "period_start": window.first,
            "period_end": window.last,
            "window_days": window.length,
            **_regularity(pairs, window, calendar.first_day),
            **_midpoint(midpoints[window.of(nights)]),
        }
        for length in BASELINE_DAYS
        for window in windows(nights, length, month_ends(nights))
    ]
    return contracts.checked(_table(rows), sleep_schemas.SLEEP_REGULARITY)


def _regularity(pairs: DayPairs, window: Window, first_day: int) -> dict[str, Any]:
    """The index of the days of a window; `first_day` is that of the pairs."""
    days = slice(max(window.first - first_day, 0), window.last - first_day)
    valid, equal = int(pairs.valid[days].sum()), int(pairs.equal[days].sum())
    enough = valid >= LEAST_OVERLAP_DAYS * EPOCHS_PER_DAY
    return {
        "valid_pair_share": valid / ((window.length - 1) * EPOCHS_PER_DAY),
        "regularity_index": regularity_index(equal, valid) if enough else None,
    }


def _midpoint(midpoints: NDArray[np.float64]) -> dict[str, Any]:
    """Mean and spread of the midpoints of some nights."""
    enough = len(midpoints) >= LEAST_NIGHTS
    return {
        "night_count": len(midpoints),
        "midpoint_mean_local_minutes": circular_mean(midpoints) if enough else None,
        "midpoint_sd_minutes": circular_deviation(midpoints) if enough else None,
    }


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    frame = pd.DataFrame(rows, columns=sleep_schemas.REGULARITY.names)
    columns: dict[str, Any] = {}
    for field in sleep_schemas.REGULARITY:
        if pa.types.is_date32(field.type):
            columns[field.name] = dates(frame[field.name].to_numpy(np.int64))
        else:
            columns[field.name] = pa.array(frame[field.name], field.type, from_pandas=True)
    return pa.table(columns, schema=sleep_schemas.REGULARITY)
