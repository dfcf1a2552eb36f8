"""Contracts: what holds for every row of a table that crosses a stage boundary.

Bounds come from `clinical`; the name of a check is its fixed code and its `error` the sentence for
people, which tells the bound and never the value. What a contract does is in `contracts`.
"""

from collections.abc import Callable
from typing import Final

import pandas as pd
import pandera.pandas as pandera

from dataflows import clinical, records
from dataflows.clinical import Limits
from dataflows.contracts import Contract

SOURCES: Final = (
    "apple_health",
    "beurer",
    "blood_pressure_sheet",
    "fitbit",
    "gadgetbridge",
    "google_fit",
    "health_connect",
    "ihealth",
    "mi_fitness",
    "omron",
    "oura",
    "samsung_health",
    "withings",
    "zepp",
)
TIME_ZONE_SOURCES: Final = ("recorded", "configured", "inferred", "assumed")
HEART_RATE_KINDS: Final = ("sample", "manual", "resting")
SLEEP_STAGES_KNOWN: Final = ("awake", "light", "deep", "rem", "asleep", "in_bed")
HEART_RATE_BASES: Final = ("samples", "vendor_summary")


def _inside(limits: Limits, what: str) -> pandera.Check:
    return pandera.Check.in_range(
        limits.low,
        limits.high,
        name="out_of_range",
        error=f"{what} is outside {limits.low:g} to {limits.high:g}",
    )


def _at_least(low: float, what: str) -> pandera.Check:
    return pandera.Check.ge(low, name="out_of_range", error=f"{what} is below {low:g}")


def _one_of(values: tuple[str, ...]) -> pandera.Check:
    return pandera.Check.isin(values, name="known_value", error="not a value of the contract")


def _across(
    column: str, code: str, sentence: str, holds: Callable[[pd.DataFrame], pd.Series]
) -> pandera.Check:
    """A check over several columns, which blames one of them."""
    return pandera.Check(holds, name=code, error=sentence, title=column)


def _column(*checks: pandera.Check, nullable: bool = False) -> pandera.Column:
    return pandera.Column(None, list(checks), nullable=nullable)


def _swapped(rows: pd.DataFrame) -> pd.Series:
    """Whether the two pressures would be plausible the other way round, and only so."""
    systolic, diastolic = rows["systolic_mmhg"], rows["diastolic_mmhg"]
    plausible = diastolic.between(
        clinical.SYSTOLIC_HARD_MMHG.low, clinical.SYSTOLIC_HARD_MMHG.high
    ) & systolic.between(clinical.DIASTOLIC_HARD_MMHG.low, clinical.DIASTOLIC_HARD_MMHG.high)
    return (systolic < diastolic) & plausible


def _stages_fit(rows: pd.DataFrame) -> pd.Series:
    """Whether the stages are not longer than the session; stages that are not known fit."""
    names = ["deep_minutes", "light_minutes", "rem_minutes", "awake_minutes", "unstaged_minutes"]
    window = (rows["end_utc"] - rows["start_utc"]).dt.total_seconds() / 60
    stages = rows[names].sum(axis="columns")
    return stages <= window * clinical.SLEEP_STAGES_TOLERANCE_RATIO


_ORIGIN: Final = {
    "source": _column(_one_of(SOURCES)),
    "time_zone_source": _column(_one_of(TIME_ZONE_SOURCES)),
    "start_utc": _column(
        pandera.Check.ge(
            pd.Timestamp(clinical.EARLIEST_UTC),
            name="out_of_range",
            error="the time is before 2000-01-01",
        )
    ),
    "utc_offset_minutes": _column(
        pandera.Check.in_range(-720, 840, name="out_of_range", error="no zone has this offset")
    ),
    "raw_row": _column(_at_least(1, "row")),
}
_MINUTES: Final = _column(_inside(clinical.SLEEP_HARD_MINUTES, "minutes of sleep"), nullable=True)
_RATIO: Final = _column(_inside(Limits(0, 1), "sleep efficiency"), nullable=True)
_COUNT: Final = _column(_at_least(1, "count"), nullable=True)

BLOOD_PRESSURE_READINGS: Final = Contract(
    pandera.DataFrameSchema(
        {
            **_ORIGIN,
            "systolic_mmhg": _column(_inside(clinical.SYSTOLIC_HARD_MMHG, "systolic mmHg")),
            "diastolic_mmhg": _column(_inside(clinical.DIASTOLIC_HARD_MMHG, "diastolic mmHg")),
            "pulse_bpm": _column(
                _inside(clinical.HEART_RATE_HARD_BPM, "pulse per minute"), nullable=True
            ),
        },
        checks=[
            _across(
                "systolic_mmhg",
                "swapped_columns",
                "the systolic value is below the diastolic one, as if the columns were swapped: "
                "correct it where it was written",
                lambda rows: ~_swapped(rows),
            ),
            _across(
                "diastolic_mmhg",
                "out_of_range",
                "the diastolic value is not below the systolic one",
                lambda rows: rows["diastolic_mmhg"] < rows["systolic_mmhg"],
            ),
        ],
        name="blood_pressure_readings",
    ),
    records.BLOOD_PRESSURE_READINGS,
)

HEART_RATE_SAMPLES: Final = Contract(
    pandera.DataFrameSchema(
        {
            **_ORIGIN,
            "heart_rate_bpm": _column(_inside(clinical.HEART_RATE_HARD_BPM, "beats per minute")),
            "kind": _column(_one_of(HEART_RATE_KINDS)),
        },
        name="heart_rate_samples",
    ),
    records.HEART_RATE_SAMPLES,
)

RESTING_HEART_RATES: Final = Contract(
    pandera.DataFrameSchema(
        {
            "heart_rate_bpm": _column(
                _inside(clinical.RESTING_HEART_RATE_HARD_BPM, "resting beats per minute")
            )
        },
        name="resting_heart_rates",
    )
)

HEART_RATE_SUMMARIES: Final = Contract(
    pandera.DataFrameSchema(
        {
            **_ORIGIN,
            "heart_rate_mean_bpm": _column(
                _inside(clinical.HEART_RATE_HARD_BPM, "mean beats per minute"), nullable=True
            ),
            "heart_rate_min_bpm": _column(
                _inside(clinical.HEART_RATE_HARD_BPM, "lowest beats per minute"), nullable=True
            ),
            "heart_rate_max_bpm": _column(
                _inside(clinical.HEART_RATE_HARD_BPM, "highest beats per minute"), nullable=True
            ),
            "resting_heart_rate_bpm": _column(
                _inside(clinical.RESTING_HEART_RATE_HARD_BPM, "resting beats per minute"),
                nullable=True,
            ),
        },
        name="heart_rate_summaries",
    ),
    records.HEART_RATE_SUMMARIES,
)

SLEEP_SESSIONS: Final = Contract(
    pandera.DataFrameSchema(
        {
            **_ORIGIN,
            "end_utc": _column(),
            "asleep_minutes": _MINUTES,
            "deep_minutes": _MINUTES,
            "light_minutes": _MINUTES,
            "rem_minutes": _MINUTES,
            "awake_minutes": _MINUTES,
            "unstaged_minutes": _MINUTES,
            "in_bed_minutes": _MINUTES,
            "efficiency_ratio": _RATIO,
        },
        checks=[
            _across(
                "end_utc",
                "ends_before_start",
                "the session does not end after it starts",
                lambda rows: rows["end_utc"] > rows["start_utc"],
            ),
            _across(
                "end_utc",
                "out_of_range",
                "the session is longer than 24 hours",
                lambda rows: rows["end_utc"] - rows["start_utc"] <= pd.Timedelta(hours=24),
            ),
            _across(
                "deep_minutes",
                "inconsistent_stages",
                "the stages are longer than the session",
                _stages_fit,
            ),
        ],
        name="sleep_sessions",
    ),
    records.SLEEP_SESSIONS,
)

SLEEP_STAGES: Final = Contract(
    pandera.DataFrameSchema(
        {**_ORIGIN, "end_utc": _column(), "stage": _column(_one_of(SLEEP_STAGES_KNOWN))},
        checks=[
            _across(
                "end_utc",
                "ends_before_start",
                "the stage does not end after it starts",
                lambda rows: rows["end_utc"] > rows["start_utc"],
            ),
            _across(
                "end_utc",
                "out_of_range",
                "the stage is longer than 24 hours",
                lambda rows: rows["end_utc"] - rows["start_utc"] <= pd.Timedelta(hours=24),
            ),
        ],
        name="sleep_stages",
    ),
    records.SLEEP_STAGES,
)

DAILY_METRICS: Final = Contract(
    pandera.DataFrameSchema(
        {
            "local_date": _column(
                pandera.Check(
                    lambda dates: dates.is_monotonic_increasing and dates.is_unique,
                    name="ascending_and_unique",
                    error="days are not ascending and unique",
                )
            ),
            "systolic_mean_mmhg": _column(
                _inside(clinical.SYSTOLIC_HARD_MMHG, "systolic mmHg"), nullable=True
            ),
            "diastolic_mean_mmhg": _column(
                _inside(clinical.DIASTOLIC_HARD_MMHG, "diastolic mmHg"), nullable=True
            ),
            "pulse_mean_bpm": _column(
                _inside(clinical.HEART_RATE_HARD_BPM, "pulse per minute"), nullable=True
            ),
            "blood_pressure_reading_count": _COUNT,
            "mean_arterial_pressure_mmhg": _column(
                _inside(Limits(20, 300), "mean arterial mmHg"), nullable=True
            ),
            "pulse_pressure_mmhg": _column(_inside(Limits(0, 280), "pulse mmHg"), nullable=True),
            "heart_rate_mean_bpm": _column(
                _inside(clinical.HEART_RATE_HARD_BPM, "beats per minute"), nullable=True
            ),
            "heart_rate_min_bpm": _column(
                _inside(clinical.HEART_RATE_HARD_BPM, "beats per minute"), nullable=True
            ),
            "heart_rate_max_bpm": _column(
                _inside(clinical.HEART_RATE_HARD_BPM, "beats per minute"), nullable=True
            ),
            "heart_rate_sample_count": _COUNT,
            "heart_rate_basis": _column(_one_of(HEART_RATE_BASES), nullable=True),
            "resting_heart_rate_bpm": _column(
                _inside(clinical.HEART_RATE_HARD_BPM, "beats per minute"), nullable=True
            ),
            "resting_heart_rate_method": _column(nullable=True),
            "sleep_asleep_minutes": _MINUTES,
            "sleep_deep_minutes": _MINUTES,
            "sleep_light_minutes": _MINUTES,
            "sleep_rem_minutes": _MINUTES,
            "sleep_awake_minutes": _MINUTES,
            "sleep_in_bed_minutes": _MINUTES,
            "sleep_efficiency_ratio": _RATIO,
            "nap_asleep_minutes": _MINUTES,
        },
        name="daily_metrics",
    )
)

REJECTED_ROWS: Final = Contract(
    pandera.DataFrameSchema({"raw_row": _column(_at_least(1, "row"))}, name="rejected_rows"),
    records.REJECTED,
)
SHADOWED_ROWS: Final = Contract(
    pandera.DataFrameSchema(
        {
            "raw_row": _column(_at_least(1, "row")),
            "kept_raw_row": _column(_at_least(1, "row")),
        },
        name="shadowed_rows",
    ),
    records.SHADOWED,
)
