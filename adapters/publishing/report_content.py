"""What the report says, as plain words and numbers for its template.

Every number is a published one, or a count, mean or quartile of published rows of the period.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import pyarrow as pa

from adapters.publishing import words
from adapters.publishing.report_chart import TimeAxis, chart, marked
from adapters.publishing.report_pressure import Pressures
from adapters.publishing.report_signals import four_lines, quality_of, sources_of
from adapters.publishing.rows import Row
from adapters.publishing.tables import Publication, within
from dataflows.guidelines import guideline_named

USUAL_DAYS: Final = 90
_DATELESS: Final = frozenset({"rejected_rows", "shadowed_rows"})
_MOST_NAME: Final = 80
_MOST_LABEL: Final = 90
_MOST_DAYS: Final = 90
_MOST_ALERTS: Final = 4
_MOST_ANNOTATIONS: Final = 8


@dataclass(frozen=True)
class Period:
    """The days that a report is of, both ends included."""

    first: date
    last: date

    def __str__(self) -> str:
        length = (self.last - self.first).days + 1
        return f"{words.days(self.first, self.last)} ({words.counted(length, 'day')})"


def period_of(metrics: pa.Table, first: date | None, last: date | None) -> Period | None:
    """The asked days; where not asked, the last ninety up to the newest data.

    None where there is no data and no day was asked for.
    """
    dates = metrics["local_date"].to_pylist()
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
    annotations = rows.get("annotations", [])
    axis = TimeAxis(period.first, period.last)
    return {
        "name": words.shortened(name, _MOST_NAME),
        "period": str(period),
        "generation": _origin(source),
        "guideline": guideline_named(guideline).title,
        "line": pressures.line,
        "headline": pressures.headline(),
        "other_series": pressures.other_series(),
        "no_pressure": None if pressures.taken else _no_pressure(tables, period),
        "figures": list(pressures.figures()),
        "protocols": pressures.protocols(),
        "chart": chart(
            pressures.taken,
            pressures.days,
            annotations,
            guideline,
            axis,
            pressures.series,
        )
        if pressures.taken
        else None,
        "alerts": list(_alerts(rows.get("blood_pressure_alerts", []))),
        "days": pressures.table(_MOST_DAYS),
        "more_days": max(len(pressures.days) - _MOST_DAYS, 0),
        "annotations": list(_annotations(annotations, axis)),
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
    if output not in _DATELESS:
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


def _annotations(rows: Sequence[Row], axis: TimeAxis) -> Iterator[dict[str, str]]:
    """What the person noted that touches the period; with its letter if it begins within it."""
    letters = {id(row): letter for letter, row in marked(rows, axis).items()}
    ordered = sorted(rows, key=lambda row: row["start_date"])
    for row in ordered[-_MOST_ANNOTATIONS:]:
        end = row["end_date"]
        when = words.days(row["start_date"], end) if end else f"{words.day(row['start_date'])} on"
        yield {
            "letter": letters.get(id(row), ""),
            "when": when if end else f"from {when}",
            "text": words.shortened(f"{row['kind']}: {row['label'] or row['note']}", _MOST_LABEL),
        }
    if len(ordered) > _MOST_ANNOTATIONS:
        more = len(ordered) - _MOST_ANNOTATIONS
        yield {"letter": "", "when": "", "text": f"and {words.counted(more, 'earlier one')}"}
