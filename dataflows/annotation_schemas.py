"""Contracts of annotations."""

from datetime import date
from typing import Final

import pandera.pandas as pandera

from dataflows import clinical, records
from dataflows.contracts import Contract

KINDS: Final = ("medication", "illness", "travel", "note")


def kind_column() -> pandera.Column:
    """A kind of annotation."""
    error = "not a kind of annotation"
    return pandera.Column(None, [pandera.Check.isin(KINDS, name="known_value", error=error)])


def _date_column(what: str, *, nullable: bool) -> pandera.Column:
    first, last = clinical.EARLIEST_ANNOTATION, clinical.LATEST_ANNOTATION
    check = pandera.Check.in_range(
        date.fromisoformat(first),
        date.fromisoformat(last),
        name="out_of_range",
        error=f"{what} is outside {first} to {last}",
    )
    return pandera.Column(None, [check], nullable=nullable)


_COLUMNS: Final = {
    "kind": kind_column(),
    "label": pandera.Column(None),
    "start_date": _date_column("the start", nullable=False),
    "end_date": _date_column("the end", nullable=True),
    "raw_row": pandera.Column(
        None, [pandera.Check.ge(1, name="out_of_range", error="row is below 1")]
    ),
}
_ENDS_AFTER_START: Final = pandera.Check(
    lambda rows: rows["end_date"].fillna(rows["start_date"]) >= rows["start_date"],
    name="ends_before_start",
    error="the annotation ends before it starts",
    title="end_date",
)

ANNOTATIONS_CHECKED: Final = Contract(
    pandera.DataFrameSchema(_COLUMNS, checks=[_ENDS_AFTER_START], name="annotations_checked"),
    records.PARSED["annotations"],
)
ANNOTATIONS: Final = Contract(
    pandera.DataFrameSchema(
        {**_COLUMNS, "annotation": pandera.Column(None, unique=True)},
        checks=[_ENDS_AFTER_START],
        name="annotations",
    ),
    records.ANNOTATIONS,
)
