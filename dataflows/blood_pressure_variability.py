"""How much blood pressure varies from day to day, against the person's own history.

No guideline names a line between much and little (ESC 2024: "no agreement on the optimum
approach"), so there is none here: a window is ranked among the earlier windows of the same person.
"""

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hamilton.function_modifiers import tag
from numpy.typing import NDArray

from dataflows import blood_pressure_schemas, contracts, records
from dataflows.clocks import integers
from dataflows.measurement import CUFF
from dataflows.trailing_windows import BASELINE_DAYS, Days, Window, dates, month_ends, windows

PRESSURES: Final = ("systolic", "diastolic")
FEWEST_DAYS: Final = 7
"""Ours, and cautious: Finn-Home found a variation coefficient of 3 days only marginally worse than
one of 7 (Am J Hypertens, the abstract)."""

FEWEST_PAIRS: Final = 6
"""Ours: as many pairs of successive days as seven days in a row have."""

FEWEST_EARLIER: Final = 6
"""Ours: a rank among fewer earlier windows says nothing."""

Values = NDArray[np.float64]


@tag(stage="merge", rows_by="local_date: period_start..period_end")
def blood_pressure_variability(blood_pressure_days: pa.Table) -> pa.Table:
    """Spread of the daily means of cuff readings, over trailing windows.

    Standard deviation (n - 1) and variation coefficient need `FEWEST_DAYS` days with readings. The
    average real variability is the mean absolute difference of calendar-consecutive days; gaps are
    not bridged, and it needs `FEWEST_PAIRS` pairs. `sd_rank_share` is the share of the earlier
    windows of this length whose standard deviation is lower, equal ones counting half.

    Shape: `blood_pressure_schemas.VARIABILITY_COLUMNS`, by length and end of the window.

    Units: mmHg, percent, days; shares from 0 to 1.

    Source: PMC6825020, table 1, and JMAJ 2025 for the definitions (second-hand for Mena 2005's
    average real variability, unweighted as in R `bp`). That n - 1 is meant is ours.
    """
    cuff = blood_pressure_days.filter(pc.equal(blood_pressure_days["measurement"], CUFF))
    days = integers(cuff["local_date"])
    means = {name: cuff[f"{name}_mean_mmhg"].to_numpy() for name in PRESSURES}
    rows: list[dict[str, Any]] = []
    for length in BASELINE_DAYS:
        found = [_row(window, days, means) for window in windows(days, length, month_ends(days))]
        rows += _ranked(found)
    table = records.table_from_rows(blood_pressure_schemas.VARIABILITY_COLUMNS, rows)
    return contracts.checked(table, blood_pressure_schemas.BLOOD_PRESSURE_VARIABILITY)


def _row(window: Window, days: Days, means: dict[str, Values]) -> dict[str, Any]:
    where = window.of(days)
    pairs = np.diff(days[where]) == 1
    start, end = dates([window.first, window.last]).to_pylist()
    row = {
        "period_start": start,
        "period_end": end,
        "window_days": window.length,
        "day_count": where.stop - where.start,
        "day_pair_count": int(pairs.sum()),
    }
    for pressure, values in means.items():
        row |= _spread(pressure, values[where], pairs)
    return row


def _spread(pressure: str, values: Values, pairs: NDArray[np.bool_]) -> dict[str, float]:
    found: dict[str, float] = {}
    if len(values) >= FEWEST_DAYS:
        mean, deviation = float(values.mean()), float(values.std(ddof=1))
        found |= {
            f"{pressure}_mean_mmhg": mean,
            f"{pressure}_sd_mmhg": deviation,
            f"{pressure}_cv_percent": 100 * deviation / mean,
        }
    if pairs.sum() >= FEWEST_PAIRS:
        found[f"{pressure}_arv_mmhg"] = float(np.abs(np.diff(values))[pairs].mean())
    return found


def _ranked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The windows of one length, in order of their ends, each with its rank among the earlier."""
    for name in PRESSURES:
        earlier: list[float] = []
        for row in rows:
            own = row.get(f"{name}_sd_mmhg")
            row["history_count"] = len(earlier)
            if own is not None and len(earlier) >= FEWEST_EARLIER:
                row[f"{name}_sd_rank_share"] = _rank(own, earlier)
            if own is not None:
                earlier.append(own)
    return rows


def _rank(own: float, earlier: list[float]) -> float:
    lower = sum(other < own for other in earlier)
    equal = sum(other == own for other in earlier)
    return (lower + equal / 2) / len(earlier)
