"""What the report says, as plain words and numbers for its template.

Every number is a published one, or a count, mean or quartile of published rows of the period.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import pyarrow as pa

from adapters.publishing import words
from adapters.publishing.report_chart import TimeAxis, chart, marked
from adapters.publishing.report_history import compared, trend_of
from adapters.publishing.report_pressure import Pressures
from adapters.publishing.report_signals import four_lines, quality_of, sources_of
from adapters.publishing.rows import Row
from adapters.publishing.tables import Publication, within
from dataflows.guidelines import guideline_named, lines
from dataflows.intervals import CANNOT_SHOW

USUAL_DAYS: Final = 90
_WHOLE: Final = frozenset({"rejected_rows", "shadowed_rows", "period_comparisons"})
"""Outputs of which all rows are looked at, whatever the period."""
_MOST_NAME: Final = 80
_MOST_LABEL: Final = 90
_MOST_DAYS: Final = 90
_MOST_ALERTS: Final = 4
_MOST_ANNOTATIONS: Final = 5


@dataclass(frozen=True)
class Period:
    """The days that a report is of, both ends included."""

    first: date
    last: date

    def holds(self, row: Row) -> bool:
        """Whether the period of a row lies wholly within this one."""
        return bool(self.first <= row["period_start"] and row["period_end"] <= self.last)

    def __str__(self) -> str:
        length = (self.last - self.first).days + 1
        return f"{words.days(self.first, self.last)} ({words.counted(length, 'day')})"


def period_of(tables: Iterable[pa.Table], first: date | None, last: date | None) -> Period | None:
    """The asked days; where not asked, the last ninety up to the newest data of some tables.

    None where there is no data and no day was asked for.
    """
    dates = [when for table in tables for when in table["local_date"].to_pylist()]
    end = last or max([when for when in dates if not first or when >= first], default=first)
    if end is None:
        return None
    if first is None:
        earliest = min([when for when in dates if when <= end], default=end)
        first = max(end - timedelta(days=USUAL_DAYS - 1), earliest)
    return Period(first, end)


def content_of(
    tables: Mapping[str, pa.Table], source: Publication, name: str, guideline: str, period: Period
) -> dict[str, Any]:
    """Everything that the template shows.

    Args:
        tables: The published tables by name; what a generation may lack may be left out.
        source: The generation that they came from.
        name: What the person is called; empty for no name.
        guideline: Whose bands, protocol and line are used.
        period: The days.
    """
    rows = {output: _rows(output, table, period) for output, table in tables.items()}
    pressures = Pressures(rows, guideline, period.first, period.last)
    annotations = sorted(rows.get("annotations", []), key=lambda row: row["start_date"])
    listed = annotations[-_MOST_ANNOTATIONS:]
    comparisons = rows.get("period_comparisons", [])
    trends = [row for row in rows.get("trends", []) if period.holds(row)]
    axis = TimeAxis(period.first, period.last)
    noted = list(_annotations(listed, axis, comparisons, lines(guideline)))
    return {
        "name": words.shortened(name, _MOST_NAME),
        "period": str(period),
        "generation": _origin(source),
        "guideline": guideline_named(guideline).title,
        "line": pressures.line,
        "headline": pressures.headline(),
        "remarks": [text for text in (pressures.other_series(), trend_of(trends)) if text],
        "no_pressure": None if pressures.taken else _no_pressure(tables, period),
        "figures": list(pressures.figures()),
        "protocols": pressures.protocols(),
        "chart": chart(
            pressures.taken,
            pressures.days,
            listed,
            guideline,
            axis,
            pressures.series,
        )
        if pressures.taken
        else None,
        "alerts": list(_alerts(rows.get("blood_pressure_alerts", []))),
        "days": pressures.table(_MOST_DAYS),
        "more_days": max(len(pressures.days) - _MOST_DAYS, 0),
        "annotations": noted,
        "more_annotations": len(annotations) - len(listed),
        "warning": CANNOT_SHOW if any(each["compared"] for each in noted) else "",
        "lines": four_lines(rows),
        "sources": sources_of(rows),
        "quality": list(quality_of(rows)),
    }


def _origin(source: Publication) -> str:
    published = datetime.fromisoformat(source.published_utc)
    return (
        f"generation {source.generation} of profile {source.profile}, published "
        f"{words.day(published)}, {published:%H:%M} UTC"
    )


def _rows(output: str, table: pa.Table, period: Period) -> list[Row]:
    if output not in _WHOLE:
        table = within(output, table, period.first, period.last)
    rows: list[Row] = table.to_pylist()
    return rows


def _no_pressure(tables: Mapping[str, pa.Table], period: Period) -> str:
    """That there is none in the period, and when there was some."""
    dates = tables["blood_pressure_readings"]["local_date"].to_pylist()
    earlier = [when for when in dates if when < period.first]
    told = f"No blood pressure by a cuff from {words.days(period.first, period.last)}."
    if not earlier:
        return told
    return f"{told} The last reading before is of {words.day(max(earlier))}."


def _alerts(rows: Sequence[Row]) -> Iterator[str]:
    """Readings in the severe range, the newest first."""
    newest = sorted(rows, key=lambda row: row["start_utc"], reverse=True)
    for row in newest[:_MOST_ALERTS]:
        value = words.pressure(row["systolic_mmhg"], row["diastolic_mmhg"], words.NO_LINES)
        yield f"{value} on {words.day(row['local_date'])}"
    if len(newest) > _MOST_ALERTS:
        yield f"and {len(newest) - _MOST_ALERTS:,} more"


def _annotations(
    listed: Sequence[Row], axis: TimeAxis, comparisons: Sequence[Row], at: words.Lines
) -> Iterator[dict[str, str]]:
    """What the person noted; with its letter if it begins within the time."""
    letters = {id(row): letter for letter, row in marked(listed, axis).items()}
    for row in listed:
        end = row["end_date"]
        start = words.day(row["start_date"])
        yield {
            "letter": letters.get(id(row), ""),
            "when": words.days(row["start_date"], end) if end else f"from {start} on",
            "text": words.shortened(f"{row['kind']}: {row['label'] or row['note']}", _MOST_LABEL),
            "compared": compared(comparisons, row["annotation"], at),
        }
