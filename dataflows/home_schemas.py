"""Contracts of what is made of home blood pressure readings."""

from typing import Final

import pandera.pandas as pandera
import pyarrow as pa

from dataflows import clinical, records
from dataflows.contracts import Contract
from dataflows.guidelines import GUIDELINES
from dataflows.home_protocols import PROTOCOLS

COLUMNS: Final = pa.schema(
    [
        pa.field("protocol", records.TEXT, nullable=False),
        pa.field("guideline", records.TEXT),
        pa.field("period_start", pa.date32(), nullable=False),
        pa.field("period_end", pa.date32(), nullable=False),
        pa.field("complete", pa.bool_(), nullable=False),
        pa.field("reading_count", pa.int32(), nullable=False),
        pa.field("day_count", pa.int32(), nullable=False),
        pa.field("missing", pa.string()),
        pa.field("systolic_mean_mmhg", pa.float64()),
        pa.field("diastolic_mean_mmhg", pa.float64()),
        pa.field("category", records.TEXT),
        pa.field("systolic_morning_mean_mmhg", pa.float64()),
        pa.field("diastolic_morning_mean_mmhg", pa.float64()),
        pa.field("systolic_evening_mean_mmhg", pa.float64()),
        pa.field("diastolic_evening_mean_mmhg", pa.float64()),
        pa.field("series_start", pa.date32(), nullable=False),
        pa.field("morning_reading_count", pa.int32(), nullable=False),
        pa.field("evening_reading_count", pa.int32(), nullable=False),
        pa.field("is_high", pa.bool_()),
        pa.field("judged_by", records.TEXT),
    ]
)
ALERT_COLUMNS: Final = pa.schema(
    [
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("start_utc", records.INSTANT, nullable=False),
        pa.field("systolic_mmhg", pa.float64(), nullable=False),
        pa.field("diastolic_mmhg", pa.float64(), nullable=False),
        pa.field("guideline", records.TEXT, nullable=False),
        pa.field("alert", records.TEXT, nullable=False),
        pa.field("advice", records.TEXT, nullable=False),
        pa.field("measurement", records.TEXT, nullable=False),
        pa.field("source", records.TEXT, nullable=False),
        pa.field("raw_sha256", records.TEXT, nullable=False),
        pa.field("raw_row", pa.int32(), nullable=False),
    ]
)


def _inside(limits: clinical.Limits, *, nullable: bool) -> pandera.Column:
    error = f"a pressure is outside {limits.low:g} to {limits.high:g} mmHg"
    check = pandera.Check.in_range(limits.low, limits.high, name="out_of_range", error=error)
    return pandera.Column(None, [check], nullable=nullable)


def _known(values: list[str], *, nullable: bool = False) -> pandera.Column:
    check = pandera.Check.isin(values, name="known_value", error="not a value of the contract")
    return pandera.Column(None, [check], nullable=nullable)


_SYSTOLIC: Final = _inside(clinical.SYSTOLIC_HARD_MMHG, nullable=True)
_DIASTOLIC: Final = _inside(clinical.DIASTOLIC_HARD_MMHG, nullable=True)

HOME_BLOOD_PRESSURE: Final = Contract(
    pandera.DataFrameSchema(
        {
            "protocol": _known([protocol.name for protocol in PROTOCOLS]),
            "guideline": _known(list(GUIDELINES), nullable=True),
            "period_start": pandera.Column(None),
            "period_end": pandera.Column(None),
            "complete": pandera.Column(None),
            "missing": pandera.Column(None, nullable=True),
            "systolic_mean_mmhg": _SYSTOLIC,
            "diastolic_mean_mmhg": _DIASTOLIC,
            "systolic_morning_mean_mmhg": _SYSTOLIC,
            "diastolic_morning_mean_mmhg": _DIASTOLIC,
            "systolic_evening_mean_mmhg": _SYSTOLIC,
            "diastolic_evening_mean_mmhg": _DIASTOLIC,
        },
        checks=[
            pandera.Check(
                lambda rows: rows["complete"] == rows["systolic_mean_mmhg"].notna(),
                name="averaged_incomplete",
                error="a series has a mean exactly if it is complete",
                title="systolic_mean_mmhg",
            ),
            pandera.Check(
                lambda rows: rows["complete"] == rows["missing"].isna(),
                name="missing_untold",
                error="a series says what it lacks exactly if it is incomplete",
                title="missing",
            ),
        ],
        name="home_blood_pressure",
    ),
    COLUMNS,
)

BLOOD_PRESSURE_ALERTS: Final = Contract(
    pandera.DataFrameSchema(
        {
            "guideline": _known(list(GUIDELINES)),
            "systolic_mmhg": _inside(clinical.SYSTOLIC_HARD_MMHG, nullable=False),
            "diastolic_mmhg": _inside(clinical.DIASTOLIC_HARD_MMHG, nullable=False),
        },
        name="blood_pressure_alerts",
    ),
    ALERT_COLUMNS,
)
