"""The merge: what every signal says about a local date, in one row."""

from typing import Final

import duckdb
import pyarrow as pa
from hamilton.function_modifiers import tag

from dataflows import contracts, schemas

DAILY_METRICS: Final = pa.schema(
    [
        pa.field("local_date", pa.date32()),
        pa.field("systolic_mean_mmhg", pa.float64()),
        pa.field("diastolic_mean_mmhg", pa.float64()),
        pa.field("pulse_mean_bpm", pa.float64()),
        pa.field("blood_pressure_reading_count", pa.int64()),
        pa.field("mean_arterial_pressure_mmhg", pa.float64()),
        pa.field("pulse_pressure_mmhg", pa.float64()),
        pa.field("heart_rate_mean_bpm", pa.float64()),
        pa.field("heart_rate_min_bpm", pa.float64()),
        pa.field("heart_rate_max_bpm", pa.float64()),
        pa.field("heart_rate_sample_count", pa.int64()),
        pa.field("heart_rate_basis", pa.string()),
        pa.field("resting_heart_rate_bpm", pa.float64()),
        pa.field("resting_heart_rate_method", pa.string()),
        pa.field("sleep_asleep_minutes", pa.float64()),
        pa.field("sleep_deep_minutes", pa.float64()),
        pa.field("sleep_light_minutes", pa.float64()),
        pa.field("sleep_rem_minutes", pa.float64()),
        pa.field("sleep_awake_minutes", pa.float64()),
        pa.field("sleep_in_bed_minutes", pa.float64()),
        pa.field("sleep_efficiency_ratio", pa.float64()),
        pa.field("nap_asleep_minutes", pa.float64()),
    ]
)

_JOIN: Final = """
    from blood_pressure_daily
    full join heart_rate_daily using (local_date)
    full join sleep_daily using (local_date)
    order by local_date
"""
_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "threads": 1,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_access": False,
}


@tag(stage="merge", rows_by="local_date")
def daily_metrics(
    blood_pressure_daily: pa.Table, heart_rate_daily: pa.Table, sleep_daily: pa.Table
) -> pa.Table:
    """Everything known about each local date; missing is null, never 0.

    Shape: one row for each local date with any data, ascending; the columns of `DAILY_METRICS`.

    Units: mmHg, beats per minute, minutes, a ratio from 0 to 1, as the columns' names say.

    Raises:
        ContractError: A column is outside its bounds, or a date is told twice.
    """
    days = {
        "blood_pressure_daily": blood_pressure_daily,
        "heart_rate_daily": heart_rate_daily,
        "sleep_daily": sleep_daily,
    }
    columns = ", ".join(DAILY_METRICS.names)
    with duckdb.connect(":memory:", config=_SETTINGS) as connection:
        for name, table in days.items():
            connection.register(name, table)
        merged = connection.sql(f"select {columns} {_JOIN}").to_arrow_table()
    return contracts.checked(merged.cast(DAILY_METRICS), schemas.DAILY_METRICS)
