"""What a visitor takes home: the rows of the range as CSV, and the report as PDF."""

import base64
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import pyarrow as pa

from adapters.dashboard.markup import iso_day
from adapters.dashboard.published import Published
from adapters.dashboard.state import Choice
from adapters.publishing.table_files import csv_bytes
from adapters.publishing.tables import Publication, within

NOTHING: Final = "This generation has nothing to save here."
CSV: Final = {
    "days": "daily_metrics",
    "pressure": "blood_pressure_readings",
    "heart": "heart_rate_days",
    "sleep": "sleep_nights",
}
"""What is saved -> the output that has its rows."""


def saved(what: str, published: Published, choice: Choice) -> dict[str, Any] | None:
    """A file for the page to save; None when it cannot be made of this generation."""
    if what == "pdf":
        return _report(published, choice)
    return _csv(what, published, choice)


def _report(published: Published, choice: Choice) -> dict[str, Any] | None:
    from adapters.publishing import report  # noqa: PLC0415 - brings a typesetter

    if not all(name in published for name in report.OUTPUTS):
        return None
    first, last = dates(choice)
    names = [name for name in (*report.OUTPUTS, *report.OPTIONAL_OUTPUTS) if name in published]
    source = _publication(published, {name: published.table(name) for name in names})
    made = report.report_of(
        source.tables, source, name="", guideline=choice.guideline, first=first, last=last
    )
    return file_of(f"{source.profile}-report-{first}-{last}.pdf", "application/pdf", made.pdf)


def _csv(what: str, published: Published, choice: Choice) -> dict[str, Any] | None:
    name = CSV.get(what, "")
    if name not in published:
        name = CSV["days"]
    if name not in published:
        return None
    first, last = dates(choice)
    table = within(name, published.table(name), first, last)
    source = _publication(published, {name: table})
    content = csv_bytes(table, source).to_pybytes()
    return file_of(f"{source.profile}-{name}-{first}-{last}.csv", "text/csv", content)


def _publication(published: Published, tables: Mapping[str, pa.Table]) -> Publication:
    facts = published.facts
    return Publication(facts.profile, facts.generation, facts.published_utc, tables)


def dates(choice: Choice) -> tuple[date, date]:
    """The first and the last day of the range."""
    start, end = choice.span
    return date.fromisoformat(iso_day(start)), date.fromisoformat(iso_day(end - 1))


def file_of(name: str, kind: str, content: bytes) -> dict[str, Any]:
    """A file as the page saves it."""
    return {"name": name, "type": kind, "base64": base64.b64encode(content).decode("ascii")}
