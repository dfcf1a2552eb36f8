"""What holds for every row of a published table."""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from dataflows import (
    annotation_schemas,
    blood_pressure_schemas,
    heart_rate_schemas,
    history_schemas,
    home_schemas,
    schemas,
    sleep_schemas,
    week_schemas,
)
from dataflows.contracts import Contract, failures

CONTRACTS: Final[Mapping[str, Contract]] = {
    "daily_metrics": schemas.DAILY_METRICS,
    "blood_pressure_readings": schemas.BLOOD_PRESSURE_READINGS,
    "home_blood_pressure": home_schemas.HOME_BLOOD_PRESSURE,
    "blood_pressure_alerts": home_schemas.BLOOD_PRESSURE_ALERTS,
    "heart_rate_samples": schemas.HEART_RATE_SAMPLES,
    "heart_rate_days": heart_rate_schemas.HEART_RATE_DAYS,
    "heart_rate_hours": heart_rate_schemas.HEART_RATE_HOURS,
    "sleep_sessions": schemas.SLEEP_SESSIONS,
    "sleep_stages": schemas.SLEEP_STAGES,
    "annotations": annotation_schemas.ANNOTATIONS,
    "baselines": history_schemas.BASELINES,
    "trends": history_schemas.TRENDS,
    "period_comparisons": history_schemas.PERIOD_COMPARISONS,
    "source_coverage": history_schemas.SOURCE_COVERAGE,
    "sleep_nights": sleep_schemas.SLEEP_NIGHTS,
    "sleep_regularity": sleep_schemas.SLEEP_REGULARITY,
    "blood_pressure_days": blood_pressure_schemas.BLOOD_PRESSURE_DAYS,
    "blood_pressure_quality": blood_pressure_schemas.BLOOD_PRESSURE_QUALITY,
    "blood_pressure_variability": blood_pressure_schemas.BLOOD_PRESSURE_VARIABILITY,
    "blood_pressure_weeks": week_schemas.BLOOD_PRESSURE_WEEKS,
    "heart_rate_weeks": week_schemas.HEART_RATE_WEEKS,
    "sleep_weeks": week_schemas.SLEEP_WEEKS,
    "rejected_rows": schemas.REJECTED_ROWS,
    "shadowed_rows": schemas.SHADOWED_ROWS,
}


def broken(name: str, table: pa.Table) -> str | None:
    """What a table of an output breaks of its contract, without a value."""
    contract = CONTRACTS[name]
    if contract.columns is not None and table.schema.names != contract.columns.names:
        return f"the columns of {name} are not those of its contract"
    missing = contract.values.columns.keys() - set(table.schema.names)
    if missing:
        return f"{name} has no column {', '.join(sorted(missing))}"
    for failure in failures(table, contract):
        return f"{name}.{failure.column} breaks the contract: {failure.check}"
    return None
