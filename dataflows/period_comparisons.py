"""Days before and after the start of an annotation, side by side.

That two periods differ is a fact; why they do is not in these data. Each comparison carries in
words what it cannot show, and no table of them is complete without that column.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import pyarrow as pa
from hamilton.function_modifiers import tag
from numpy.typing import NDArray

from dataflows import contracts, history_schemas, records
from dataflows.intervals import CANNOT_SHOW, WELCH, welch_difference
from dataflows.metric_series import Series, series_of
from dataflows.trailing_windows import Window

COMPARED_DAYS: Final = 28
"""Ours: at most four weeks on either side, so that each holds every day of the week as often."""

FEWEST_DAYS: Final = 7
"""Ours: with fewer days on a side there is a difference, and no interval."""

_DAY: Final = timedelta(days=1)
_EPOCH: Final = date(1970, 1, 1)


@tag(stage="merge", rows_by="local_date: before_start..after_end")
def period_comparisons(
    annotations: pa.Table, blood_pressure_days: pa.Table, daily_metrics: pa.Table
) -> pa.Table:
    """Each daily figure before an annotation's start, and from its start on.

    Before are the `COMPARED_DAYS` days up to the day before the start; after are as many from the
    start on, its first day included, or fewer if the annotation ends earlier. The difference is
    mean after minus mean before of days with a value. Its 95 % interval is Welch's, and null with
    fewer than `FEWEST_DAYS` days on a side. A figure with no day on either side has no row.

    Shape: `history_schemas.COMPARISON_COLUMNS`, by annotation, metric and basis.

    Units: that of the metric, as its name says; days.

    Source: `intervals.welch_difference`, `COMPARED_DAYS`, `FEWEST_DAYS`.
    """
    events = annotations.to_pylist()
    followed = series_of(blood_pressure_days, daily_metrics)
    rows = [row for event in events for row in _rows(event, events, followed)]
    table = records.table_from_rows(history_schemas.COMPARISON_COLUMNS, rows)
    return contracts.checked(table, history_schemas.PERIOD_COMPARISONS)


def _rows(
    event: Mapping[str, Any], events: Sequence[Mapping[str, Any]], followed: Sequence[Series]
) -> Iterator[dict[str, Any]]:
    start = event["start_date"]
    last = start + (COMPARED_DAYS - 1) * _DAY
    periods = {
        "before_start": start - COMPARED_DAYS * _DAY,
        "before_end": start - _DAY,
        "after_start": start,
        "after_end": min(last, event["end_date"] or last),
    }
    names = ("annotation", "kind", "label", "start_date", "end_date")
    told = {name: event[name] for name in names} | periods
    others = _others(event, events, periods)
    before = _window(periods["before_start"], periods["before_end"])
    after = _window(periods["after_start"], periods["after_end"])
    for series in followed:
        values = [series.values[window.of(series.days)] for window in (before, after)]
        if any(map(len, values)):
            named = {"metric": series.metric, "basis": series.basis, "method": WELCH}
            yield told | named | _compared(*values) | {"warning": _warning(values, others)}


def _window(first: date, last: date) -> Window:
    return Window((first - _EPOCH).days, (last - _EPOCH).days)


def _others(
    event: Mapping[str, Any], events: Sequence[Mapping[str, Any]], periods: Mapping[str, date]
) -> list[str]:
    """The labels of what else begins or ends within both periods."""
    first, last = periods["before_start"], periods["after_end"]
    return [
        other["label"]
        for other in events
        if other is not event
        and (first < other["start_date"] <= last or first <= (other["end_date"] or last) < last)
    ]


def _compared(before: NDArray[Any], after: NDArray[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "before_count": len(before),
        "before_mean": before.mean() if len(before) else None,
        "after_count": len(after),
        "after_mean": after.mean() if len(after) else None,
    }
    if not (len(before) and len(after)):
        return found
    if min(len(before), len(after)) < FEWEST_DAYS:
        return found | {"difference": after.mean() - before.mean()}
    return found | dict(
        zip(("difference", "lower", "upper"), welch_difference(before, after), strict=True)
    )


def _warning(values: Sequence[NDArray[Any]], others: Sequence[str]) -> str:
    """What this comparison lacks, and then what no such comparison can show."""
    parts = [
        f"Days {side} with a value: {len(found)}, too few for an interval."
        for found, side in zip(values, ("before", "after"), strict=True)
        if len(found) < FEWEST_DAYS
    ]
    if others:
        parts.append(f"Something else began or ended in these days: {', '.join(others)}.")
    return " ".join([*parts, CANNOT_SHOW])
