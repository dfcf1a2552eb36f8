"""Contracts of what is made of blood pressure readings by day, month and window."""

from typing import Final

import pandera.pandas as pandera
import pyarrow as pa

from dataflows import clinical, records
from dataflows.clinical import Limits
from dataflows.contracts import Contract
from dataflows.measurement import CUFF, CUFFLESS

DAY_COLUMNS: Final = pa.schema(
    [
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("measurement", records.TEXT, nullable=False),
        pa.field("reading_count", pa.int32(), nullable=False),
        pa.field("systolic_mean_mmhg", pa.float64(), nullable=False),
        pa.field("diastolic_mean_mmhg", pa.float64(), nullable=False),
        pa.field("pulse_mean_bpm", pa.float64()),
        pa.field("systolic_morning_mean_mmhg", pa.float64()),
        pa.field("diastolic_morning_mean_mmhg", pa.float64()),
        pa.field("morning_reading_count", pa.int32(), nullable=False),
        pa.field("systolic_evening_mean_mmhg", pa.float64()),
        pa.field("diastolic_evening_mean_mmhg", pa.float64()),
        pa.field("evening_reading_count", pa.int32(), nullable=False),
        pa.field("systolic_morning_evening_difference_mmhg", pa.float64()),
        pa.field("diastolic_morning_evening_difference_mmhg", pa.float64()),
        pa.field("mean_arterial_pressure_mmhg", pa.float64(), nullable=False),
        pa.field("pulse_pressure_mmhg", pa.float64(), nullable=False),
        pa.field("flags", records.TEXT),
    ]
)
QUALITY_COLUMNS: Final = pa.schema(
    [
        pa.field("period", records.TEXT, nullable=False),
        pa.field("period_start", pa.date32(), nullable=False),
        pa.field("period_end", pa.date32(), nullable=False),
        pa.field("reading_count", pa.int32(), nullable=False),
        pa.field("day_count", pa.int32(), nullable=False),
        pa.field("at_target_count", pa.int32(), nullable=False),
        pa.field("at_target_share", pa.float64()),
        pa.field("target", records.TEXT, nullable=False),
        pa.field("guideline", records.TEXT, nullable=False),
        pa.field("digit_count", pa.int32(), nullable=False),
        pa.field("systolic_zero_digit_share", pa.float64()),
        pa.field("diastolic_zero_digit_share", pa.float64()),
        pa.field("digit_preference", pa.bool_()),
        pa.field("identical_run_longest", pa.int32(), nullable=False),
        pa.field("night_reading_count", pa.int32(), nullable=False),
        pa.field("cuffless_reading_count", pa.int32(), nullable=False),
    ]
)
VARIABILITY_COLUMNS: Final = pa.schema(
    [
        pa.field("period_start", pa.date32(), nullable=False),
        pa.field("period_end", pa.date32(), nullable=False),
        pa.field("window_days", pa.int32(), nullable=False),
        pa.field("day_count", pa.int32(), nullable=False),
        pa.field("day_pair_count", pa.int32(), nullable=False),
        pa.field("history_count", pa.int32(), nullable=False),
        *(
            pa.field(f"{pressure}_{name}", pa.float64())
            for pressure in ("systolic", "diastolic")
            for name in ("mean_mmhg", "sd_mmhg", "cv_percent", "arv_mmhg", "sd_rank_share")
        ),
    ]
)


def _inside(low: float, high: float, *, nullable: bool = False) -> pandera.Column:
    error = f"a value is outside {low:g} to {high:g}"
    check = pandera.Check.in_range(low, high, name="out_of_range", error=error)
    return pandera.Column(None, [check], nullable=nullable)


def _limits(limits: Limits, *, nullable: bool = False) -> pandera.Column:
    return _inside(limits.low, limits.high, nullable=nullable)


def _known(*values: str) -> pandera.Column:
    check = pandera.Check.isin(values, name="known_value", error="not a value of the contract")
    return pandera.Column(None, [check])


def _sorted_once(*names: str) -> pandera.Check:
    return pandera.Check(
        lambda rows: not rows.duplicated(list(names)).any(),
        name="told_twice",
        error="two rows are of the same thing",
        title=names[0],
    )


_SYSTOLIC: Final = _limits(clinical.SYSTOLIC_HARD_MMHG)
_DIASTOLIC: Final = _limits(clinical.DIASTOLIC_HARD_MMHG)
_SYSTOLIC_OR_NONE: Final = _limits(clinical.SYSTOLIC_HARD_MMHG, nullable=True)
_DIASTOLIC_OR_NONE: Final = _limits(clinical.DIASTOLIC_HARD_MMHG, nullable=True)
_SHARE: Final = _inside(0, 1, nullable=True)
_DAY_COUNT: Final = _inside(1, 366)

BLOOD_PRESSURE_DAYS: Final = Contract(
    pandera.DataFrameSchema(
        {
            "local_date": pandera.Column(None),
            "measurement": _known(CUFF, CUFFLESS),
            "reading_count": _inside(1, float("inf")),
            "systolic_mean_mmhg": _SYSTOLIC,
            "diastolic_mean_mmhg": _DIASTOLIC,
            "pulse_mean_bpm": _limits(clinical.HEART_RATE_HARD_BPM, nullable=True),
            "systolic_morning_mean_mmhg": _SYSTOLIC_OR_NONE,
            "diastolic_morning_mean_mmhg": _DIASTOLIC_OR_NONE,
            "systolic_evening_mean_mmhg": _SYSTOLIC_OR_NONE,
            "diastolic_evening_mean_mmhg": _DIASTOLIC_OR_NONE,
            "pulse_pressure_mmhg": _inside(0, 280),
        },
        checks=[_sorted_once("local_date", "measurement")],
        name="blood_pressure_days",
    ),
    DAY_COLUMNS,
)
BLOOD_PRESSURE_QUALITY: Final = Contract(
    pandera.DataFrameSchema(
        {
            "period": pandera.Column(None, unique=True),
            "at_target_share": _SHARE,
            "systolic_zero_digit_share": _SHARE,
            "diastolic_zero_digit_share": _SHARE,
        },
        name="blood_pressure_quality",
    ),
    QUALITY_COLUMNS,
)
BLOOD_PRESSURE_VARIABILITY: Final = Contract(
    pandera.DataFrameSchema(
        {
            "period_end": pandera.Column(None),
            "window_days": _DAY_COUNT,
            "day_count": _DAY_COUNT,
            "systolic_mean_mmhg": _SYSTOLIC_OR_NONE,
            "diastolic_mean_mmhg": _DIASTOLIC_OR_NONE,
            "systolic_sd_mmhg": _inside(0, 280, nullable=True),
            "diastolic_sd_mmhg": _inside(0, 280, nullable=True),
            "systolic_sd_rank_share": _SHARE,
            "diastolic_sd_rank_share": _SHARE,
        },
        checks=[_sorted_once("period_end", "window_days")],
        name="blood_pressure_variability",
    ),
    VARIABILITY_COLUMNS,
)
