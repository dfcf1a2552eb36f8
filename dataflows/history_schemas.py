"""Contracts of what is told of a person's history, over all signals."""

from typing import Final

import pandera.pandas as pandera
import pyarrow as pa

from dataflows import records
from dataflows.annotation_schemas import kind_column
from dataflows.contracts import Contract

_METRIC: Final = (
    pa.field("metric", records.TEXT, nullable=False),
    pa.field("basis", records.TEXT),
)
_PERIOD: Final = (
    pa.field("period_start", pa.date32(), nullable=False),
    pa.field("period_end", pa.date32(), nullable=False),
    pa.field("window_days", pa.int32(), nullable=False),
    pa.field("day_count", pa.int32(), nullable=False),
)
BASELINE_COLUMNS: Final = pa.schema(
    [
        *_METRIC,
        *_PERIOD,
        pa.field("median", pa.float64()),
        pa.field("lower_quartile", pa.float64()),
        pa.field("upper_quartile", pa.float64()),
    ]
)
TREND_COLUMNS: Final = pa.schema(
    [
        *_METRIC,
        *_PERIOD,
        pa.field("slope_per_30_days", pa.float64()),
        pa.field("lower", pa.float64()),
        pa.field("upper", pa.float64()),
        pa.field("method", records.TEXT, nullable=False),
    ]
)
COMPARISON_COLUMNS: Final = pa.schema(
    [
        pa.field("annotation", pa.string(), nullable=False),
        pa.field("kind", records.TEXT, nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("start_date", pa.date32(), nullable=False),
        pa.field("end_date", pa.date32()),
        *_METRIC,
        pa.field("before_start", pa.date32(), nullable=False),
        pa.field("before_end", pa.date32(), nullable=False),
        pa.field("before_count", pa.int32(), nullable=False),
        pa.field("before_mean", pa.float64()),
        pa.field("after_start", pa.date32(), nullable=False),
        pa.field("after_end", pa.date32(), nullable=False),
        pa.field("after_count", pa.int32(), nullable=False),
        pa.field("after_mean", pa.float64()),
        pa.field("difference", pa.float64()),
        pa.field("lower", pa.float64()),
        pa.field("upper", pa.float64()),
        pa.field("method", records.TEXT, nullable=False),
        pa.field("warning", pa.string(), nullable=False),
    ]
)
COVERAGE_COLUMNS: Final = pa.schema(
    [
        pa.field("signal", records.TEXT, nullable=False),
        pa.field("source", records.TEXT, nullable=False),
        pa.field("device", records.TEXT),
        pa.field("first_date", pa.date32(), nullable=False),
        pa.field("last_date", pa.date32(), nullable=False),
        pa.field("day_count", pa.int32(), nullable=False),
        pa.field("record_count", pa.int64(), nullable=False),
        pa.field("share_of_days", pa.float64(), nullable=False),
    ]
)


def _ordered(*names: str) -> pandera.Check:
    """Values that stand in ascending order in each row, where they are told."""
    return pandera.Check(
        lambda rows: ~(rows[list(names)].diff(axis="columns") < 0).any(axis="columns"),
        name="out_of_order",
        error=f"{', '.join(names)} are not in order",
        title=names[0],
    )


_DAYS: Final = pandera.Column(
    None, [pandera.Check.ge(1, name="out_of_range", error="a row without a day")]
)

BASELINES: Final = Contract(
    pandera.DataFrameSchema(
        {
            "metric": pandera.Column(None),
            "day_count": _DAYS,
            "lower_quartile": pandera.Column(None, nullable=True),
            "median": pandera.Column(None, nullable=True),
            "upper_quartile": pandera.Column(None, nullable=True),
        },
        checks=[_ordered("lower_quartile", "median", "upper_quartile")],
        name="baselines",
    ),
    BASELINE_COLUMNS,
)
TRENDS: Final = Contract(
    pandera.DataFrameSchema(
        {
            "metric": pandera.Column(None),
            "day_count": _DAYS,
            "lower": pandera.Column(None, nullable=True),
            "slope_per_30_days": pandera.Column(None, nullable=True),
            "upper": pandera.Column(None, nullable=True),
        },
        checks=[_ordered("lower", "slope_per_30_days", "upper")],
        name="trends",
    ),
    TREND_COLUMNS,
)
PERIOD_COMPARISONS: Final = Contract(
    pandera.DataFrameSchema(
        {
            "kind": kind_column(),
            "warning": pandera.Column(None),
            "lower": pandera.Column(None, nullable=True),
            "difference": pandera.Column(None, nullable=True),
            "upper": pandera.Column(None, nullable=True),
        },
        checks=[_ordered("lower", "difference", "upper")],
        name="period_comparisons",
    ),
    COMPARISON_COLUMNS,
)
SOURCE_COVERAGE: Final = Contract(
    pandera.DataFrameSchema(
        {
            "signal": pandera.Column(None),
            "day_count": _DAYS,
            "share_of_days": pandera.Column(
                None,
                [
                    pandera.Check.in_range(
                        0, 1, include_min=False, name="out_of_range", error="no share"
                    )
                ],
            ),
        },
        name="source_coverage",
    ),
    COVERAGE_COLUMNS,
)
