"""Severe single readings: no category, but what the chosen guideline says to do about them.

Software sees neither symptoms nor organ damage, so it names a range and never an emergency.
"""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa
from hamilton.function_modifiers import tag

from dataflows import contracts, home_schemas, records
from dataflows.guidelines import Guideline, guideline_named
from dataflows.measurement import CUFF, CUFFLESS, is_cuffless

ALERT: Final = "severe_range"
_OF_THE_READING: Final = (
    "local_date",
    "start_utc",
    "systolic_mmhg",
    "diastolic_mmhg",
    "source",
    "raw_sha256",
    "raw_row",
)
_SYMPTOMS: Final = (
    "chest or back pain, breathlessness, weakness, numbness, confusion, or a change of sight or "
    "speech"
)
_CALL: Final = f"With {_SYMPTOMS}: call the emergency number now."
_NO_CUFF: Final = "Estimated without a cuff: measure with one first. "

_CANADA: Final = (
    "Rest, measure again after 1 minute. Still so, without symptoms: rarely an emergency, make a "
    "timely appointment. With symptoms of a heart attack or stroke: call the emergency number now."
)

ADVICE: Final[Mapping[str, str]] = {
    "aha_acc_2025": (
        "Rest, measure again after 5 minutes. Still so, without symptoms: severe hypertension, "
        f"call your health care professional today. {_CALL}"
    ),
    "esc_2024": (
        "Rest, measure again after 1 to 2 minutes. Still so, without symptoms: see a doctor within "
        f"days. {_CALL} With acute organ damage this is a hypertensive emergency."
    ),
    "esh_2023": (
        "Rest, measure again after 1 to 2 minutes. Still so, without symptoms: see a doctor within "
        f"days; grade 3 begins here. {_CALL}"
    ),
    "jsh_2019": (
        "Rest, measure again after 1 to 2 minutes. Still so, without symptoms: see a doctor within "
        f"days. {_CALL}"
    ),
    "nice": (
        "Rest, measure again after at least 1 minute. Still so, without symptoms: see a doctor "
        "soon, who looks for organ damage and measures again within 7 days. With new confusion, "
        "chest pain, or signs of heart failure or of kidney injury: same-day assessment, call now."
    ),
    "canada_2020": _CANADA,
    "canada_2025": _CANADA,
}
"""In our words, after: AHA/ACC 2025 section 6.2 and stroke.org of the American Heart Association
(five minutes); ESC 2024 sections 5.2.3 (1 to 2 minutes between readings) and 10.1.1; NICE NG136
1.2.3 and 1.5 [2nd]; CMAJ, PMC8342011, for both Canadian ones. ESH and JSH: after ESC [RECALL]."""


@tag(stage="merge")
def blood_pressure_alerts(blood_pressure_readings: pa.Table, guideline: str) -> pa.Table:
    """Every reading in the severe range of the chosen guideline, and what that says to do.

    Shape: `home_schemas.ALERT_COLUMNS`, in the order of the readings.

    Units: mmHg.

    Raises:
        UnknownGuidelineError: There is no such guideline.

    Source: the severe ranges in `guidelines`; `ADVICE`.
    """
    chosen = guideline_named(guideline)
    severe = blood_pressure_readings.filter(_is_severe(blood_pressure_readings, chosen))
    cuffless = is_cuffless(severe)
    advice = _sentence(guideline, chosen)
    columns = {
        **{name: severe[name] for name in _OF_THE_READING},
        "guideline": guideline,
        "alert": ALERT,
        "advice": [_NO_CUFF + advice if each else advice for each in cuffless],
        "measurement": [CUFFLESS if each else CUFF for each in cuffless],
    }
    table = records.table_from_columns(home_schemas.ALERT_COLUMNS, columns, severe.num_rows)
    return contracts.checked(table, home_schemas.BLOOD_PRESSURE_ALERTS)


def _is_severe(readings: pa.Table, guideline: Guideline) -> pa.Array:
    pairs = zip(
        readings["systolic_mmhg"].to_pylist(), readings["diastolic_mmhg"].to_pylist(), strict=True
    )
    return pa.array([guideline.severe.holds(*pair) for pair in pairs], pa.bool_())


def _sentence(name: str, guideline: Guideline) -> str:
    return (
        f"In the severe range of {guideline.title} ({guideline.severe}). {ADVICE[name]} "
        "Not a diagnosis."
    )
