"""The parts of the pipeline: the modules of its flow, what it publishes, the code it may reach."""

from pathlib import Path
from types import ModuleType
from typing import Final

from adapters.engine.read_at_import import data_files
from dataflows import (
    accounts,
    annotations,
    blood_pressure,
    blood_pressure_alerts,
    blood_pressure_days,
    blood_pressure_quality,
    blood_pressure_variability,
    collection,
    daily_metrics,
    heart_rate,
    heart_rate_by_day,
    home_blood_pressure,
    ingestion,
    period_comparisons,
    personal_history,
    sleep,
    sleep_by_night,
    sleep_regularity,
    source_coverage,
    weeks,
)
from registry.code_identity import CodeIndex

FLOW: Final[tuple[ModuleType, ...]] = (
    ingestion,
    blood_pressure,
    blood_pressure_days,
    blood_pressure_quality,
    blood_pressure_variability,
    heart_rate,
    heart_rate_by_day,
    sleep,
    annotations,
    sleep_by_night,
    sleep_regularity,
    collection,
    accounts,
    daily_metrics,
    home_blood_pressure,
    blood_pressure_alerts,
    personal_history,
    period_comparisons,
    source_coverage,
    weeks,
)

OUTPUTS: Final = (
    "daily_metrics",
    "blood_pressure_readings",
    "home_blood_pressure",
    "blood_pressure_alerts",
    "heart_rate_samples",
    "heart_rate_days",
    "heart_rate_hours",
    "sleep_sessions",
    "sleep_stages",
    "annotations",
    "baselines",
    "trends",
    "period_comparisons",
    "source_coverage",
    "sleep_nights",
    "sleep_regularity",
    "blood_pressure_days",
    "blood_pressure_quality",
    "blood_pressure_variability",
    "blood_pressure_weeks",
    "heart_rate_weeks",
    "sleep_weeks",
    "rejected_rows",
    "shadowed_rows",
)
BOOKS: Final = "books"
PROJECT: Final = Path(__file__).resolve().parent.parent


def code_index() -> CodeIndex:
    """The code that the flow may reach."""
    return CodeIndex([PROJECT], packages={"dataflows"}, data_files=data_files())
