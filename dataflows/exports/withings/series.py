"""Withings' raw series: `start,duration,value`, where a row holds a list of each.

    2024-06-07T09:22:00+02:00,"[60,60,120]","[65,64,63]"

All raw series have this header, be they heart rates, sleep states, steps, places or oxygen: what a
file holds shows in its values alone, and what is not certain is not used. Heart rates and sleep
states are known by `_are_heart_rates` and `_are_sleep_states`; other series are recognised and hold
nothing for us. States are 0 awake, 1 light, 2 deep, 3 REM [READ]; others are counted and left out.
"""

from typing import Any, Final

import numpy as np
import pyarrow as pa

from dataflows import clinical, records
from dataflows.exports import cells
from dataflows.exports.csv_rows import Layout, rows
from dataflows.exports.csv_text import Header
from dataflows.exports.export_file import ParsedExport, parsed_export
from dataflows.exports.withings.values import (
    MINUTE,
    BadRow,
    Integers,
    Series,
    has_decimals,
    joined,
    values_of,
)

SOURCE: Final = "withings"
COLUMNS: Final = ("start", "duration", "value")
STAGES: Final = ("awake", "light", "deep", "rem")
OTHER_STATES: Final = (4, 5)
SENTINELS: Final = (0, -1, 254, 255)

LEAST_VALUES: Final = 100
"""Ours: fewer values tell too little of what they are."""

LOWEST_PERCENTILE_BPM: Final = 30
"""Ours: hardly any heart beats more slowly, and steps a minute, scores and distances are mostly
smaller at their lowest."""

MOST_MEDIAN_BPM: Final = 120
"""Ours: nobody's usual heart rate is higher, and many altitudes and pressures are."""

PERCENT: Final = 100
"""A series that never exceeds it may be one of percentages, such as oxygen."""

LEAST_HOURS_OF_DAY: Final = 5
"""Ours: on half of its days a heart is measured in so many different hours, by a watch through the
day, by a mat through the night. What is measured during exercise alone (places, laps) is not."""

LEAST_RUN_MINUTES: Final = 120
"""Ours: most of the time of sleep states lies in runs of at least so long. What else has numbers
from 0 to 3 (laps, snoring) is shorter, or knows no state above 1."""

LONGEST_PAUSE_MINUTES: Final = 60
"""Ours: between two parts of such a run."""


def parsed(text: Any, header: Header, sha256: str) -> ParsedExport:
    """The heart rates or the sleep states of one file, if it is known to hold any.

    Args:
        text: UTF-8, as a `pyarrow.Buffer`.
        header: Of this text.
        sha256: Of the file.

    Raises:
        UnusableExportError: A quotation mark opens and is not closed.
    """
    places = {name: place for place, name in enumerate(COLUMNS)}
    found: list[Series] = []
    bad: list[BadRow] = []
    for part in rows(text, Layout(header, places, quoted=True)):
        if has_decimals(part):
            return _nothing()
        values, rejected = values_of(part)
        found.append(values)
        bad += rejected
    series = joined(found)
    if len(bad) > len(_distinct(series.numbers)):
        return _nothing()
    if _are_heart_rates(series):
        return _heart_rates(series, bad, sha256)
    if _are_sleep_states(series):
        return _sleep_states(series, bad, sha256)
    return _nothing()


def _nothing() -> ParsedExport:
    reason = "raw series: its values are not certain to be heart rates or sleep states; not used"
    return parsed_export({}, source=SOURCE, reason=reason)


def _are_heart_rates(series: Series) -> bool:
    """Whether values can be heart rates and nothing else that is measured in whole numbers."""
    told = series.where(~np.isin(series.values, SENTINELS))
    if len(told.values) < LEAST_VALUES:
        return False
    low, middle, high = np.percentile(told.values, (1, 50, 99.9))
    possible = low >= LOWEST_PERCENTILE_BPM and high <= clinical.HEART_RATE_HARD_BPM.high
    if not possible or middle > MOST_MEDIAN_BPM or told.values.max() <= PERCENT:
        return False
    hours = _distinct((told.starts // MINUTE + told.offsets) // 60)
    _, counts = np.unique(hours // 24, return_counts=True)
    return bool(np.median(counts) >= LEAST_HOURS_OF_DAY)


def _distinct(numbers: Integers) -> Integers:
    """Each number once, ascending; much faster than `np.unique` for millions that mostly are so."""
    ordered = np.sort(numbers, kind="stable")
    distinct: Integers = ordered[np.diff(ordered, prepend=ordered[:1] - 1) != 0]
    return distinct


def _are_sleep_states(series: Series) -> bool:
    """Whether values can be states of sleep and nothing else that has so few."""
    known = np.arange(len(STAGES))
    if not np.isin(series.values, [*known, *OTHER_STATES]).all():
        return False
    if len(np.intersect1d(series.values, known[1:])) < 2:  # noqa: PLR2004  two depths of sleep
        return False
    order = np.argsort(series.starts, kind="stable")
    starts, ends = series.starts[order], np.maximum.accumulate(series.ends[order])
    new = np.concatenate(([True], starts[1:] - ends[:-1] > LONGEST_PAUSE_MINUTES * MINUTE))
    first = np.flatnonzero(new)
    lengths = ends[np.append(first[1:], len(ends)) - 1] - starts[first]
    long = lengths >= LEAST_RUN_MINUTES * MINUTE
    return bool(lengths[long].sum() * 2 > lengths.sum())


def _heart_rates(series: Series, bad: list[BadRow], sha256: str) -> ParsedExport:
    silent = np.isin(series.values, SENTINELS)
    told = series.where(~silent)
    columns = _times(told, sha256) | {
        "heart_rate_bpm": told.values.astype(np.float64),
        "kind": "sample",
    }
    table = records.table_from_columns(records.PARSED["heart_rate"], columns, len(told.values))
    return parsed_export(
        {"heart_rate": table, "rejected": _rejected(bad, "heart_rate", sha256)},
        source=SOURCE,
        sentinels={"heart_rate": int(silent.sum())},
    )


def _sleep_states(series: Series, bad: list[BadRow], sha256: str) -> ParsedExport:
    known = series.values < len(STAGES)
    told = _runs(series.where(known & (series.ends > series.starts)))
    stages = pa.DictionaryArray.from_arrays(pa.array(told.values.astype(np.int32)), list(STAGES))
    columns = _times(told, sha256) | {
        "end_utc": cells.timestamps(told.ends, records.INSTANT),
        "stage": stages,
    }
    table = records.table_from_columns(records.PARSED["sleep_stages"], columns, len(told.values))
    return parsed_export(
        {"sleep_stages": table, "rejected": _rejected(bad, "sleep", sha256)},
        source=SOURCE,
        dropped={"unknown_states": int(np.count_nonzero(~known))},
    )


def _runs(series: Series) -> Series:
    """Successive values of a row that are equal as one."""
    if not len(series.values):
        return series
    new = np.ones(len(series.values), np.bool_)
    new[1:] = (np.diff(series.numbers) != 0) | (np.diff(series.values) != 0)
    new[1:] |= series.starts[1:] != series.ends[:-1]
    first = np.flatnonzero(new)
    ends = series.ends[np.append(first[1:], len(new)) - 1]
    runs = series.where(new)
    return Series(runs.starts, ends, runs.offsets, runs.values, runs.numbers)


def _times(series: Series, sha256: str) -> dict[str, Any]:
    return {
        "source": SOURCE,
        "raw_sha256": sha256,
        "raw_row": series.numbers.astype(np.int32),
        "start_utc": cells.timestamps(series.starts, records.INSTANT),
        "utc_offset_minutes": series.offsets.astype(np.int16),
    }


def _rejected(bad: list[BadRow], signal: str, sha256: str) -> pa.Table:
    rows = [
        cells.rejected_row(
            signal, SOURCE, sha256, row.number, row.check, column=row.column, value=row.text
        )
        for row in bad
    ]
    return records.table_from_rows(records.REJECTED, rows)
