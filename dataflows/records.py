"""The tables that travel through the flow, as Arrow schemas.

Every record passes three forms. A *parsed* record holds what its export says and nothing more; a
*normalised* record also has an instant, an offset, a zone and a local date; a *valid* record has
also passed the limits of its signal. Tables are immutable `pyarrow.Table`s: a table that passes
through a node unchanged is the same table, and costs nothing to store again.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

TEXT: Final = pa.dictionary(pa.int32(), pa.string())
INSTANT: Final = pa.timestamp("us", "UTC")
WALL_TIME: Final = pa.timestamp("us")

# Columns a parsed record may have beside those of its signal. An export fills those it has an
# answer for and leaves the others out; a left out column reads as null.
ORIGIN: Final = pa.schema(
    [
        pa.field("source", TEXT, nullable=False),
        pa.field("device", TEXT),
        pa.field("raw_sha256", TEXT, nullable=False),
        pa.field("raw_row", pa.int32(), nullable=False),
    ]
)
RECORDED_TIME: Final = pa.schema(
    [
        pa.field("start_utc", INSTANT),
        pa.field("start_local", WALL_TIME),
        pa.field("utc_offset_minutes", pa.int16()),
        pa.field("time_zone", TEXT),
        pa.field("local_date", pa.date32()),
    ]
)
# When the export last changed a record, where it tells: of two issues of one record the later
# counts. It serves de-duplication alone and is not published.
RECORDED_UPDATE: Final = pa.schema([pa.field("updated_utc", INSTANT)])
RECORDED_END: Final = pa.schema([pa.field("end_utc", INSTANT), pa.field("end_local", WALL_TIME)])

# Columns every normalised record starts with, in this order.
NORMALISED: Final = pa.schema(
    [
        pa.field("source", TEXT, nullable=False),
        pa.field("device", TEXT),
        pa.field("start_utc", INSTANT, nullable=False),
        pa.field("utc_offset_minutes", pa.int16(), nullable=False),
        pa.field("time_zone", TEXT),
        pa.field("time_zone_source", TEXT, nullable=False),
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("raw_sha256", TEXT, nullable=False),
        pa.field("raw_row", pa.int32(), nullable=False),
    ]
)

BLOOD_PRESSURE_VALUES: Final = pa.schema(
    [
        pa.field("systolic_mmhg", pa.float64()),
        pa.field("diastolic_mmhg", pa.float64()),
        pa.field("pulse_bpm", pa.float64()),
        pa.field("note", pa.string()),
        pa.field("flags", TEXT),
    ]
)
HEART_RATE_VALUES: Final = pa.schema(
    [pa.field("heart_rate_bpm", pa.float64()), pa.field("kind", TEXT)]
)
HEART_RATE_SUMMARY_VALUES: Final = pa.schema(
    [
        pa.field("heart_rate_mean_bpm", pa.float64()),
        pa.field("heart_rate_min_bpm", pa.float64()),
        pa.field("heart_rate_max_bpm", pa.float64()),
        pa.field("resting_heart_rate_bpm", pa.float64()),
    ]
)
SLEEP_SESSION_VALUES: Final = pa.schema(
    [
        pa.field("is_nap", pa.bool_()),
        pa.field("asleep_minutes", pa.float64()),
        pa.field("deep_minutes", pa.float64()),
        pa.field("light_minutes", pa.float64()),
        pa.field("rem_minutes", pa.float64()),
        pa.field("awake_minutes", pa.float64()),
        pa.field("unstaged_minutes", pa.float64()),
        pa.field("in_bed_minutes", pa.float64()),
        pa.field("efficiency_ratio", pa.float64()),
        pa.field("flags", TEXT),
    ]
)
SLEEP_STAGE_VALUES: Final = pa.schema([pa.field("stage", TEXT)])
ANNOTATION_VALUES: Final = pa.schema(
    [
        pa.field("kind", TEXT, nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("start_date", pa.date32(), nullable=False),
        pa.field("end_date", pa.date32()),
        pa.field("note", pa.string()),
    ]
)

REJECTED: Final = pa.schema(
    [
        pa.field("signal", TEXT, nullable=False),
        pa.field("source", TEXT, nullable=False),
        pa.field("raw_sha256", TEXT, nullable=False),
        pa.field("raw_row", pa.int32(), nullable=False),
        pa.field("column", TEXT),
        pa.field("check", TEXT, nullable=False),
        pa.field("reason", TEXT, nullable=False),
        pa.field("value", pa.string()),
    ]
)
SHADOWED: Final = pa.schema(
    [
        pa.field("signal", TEXT, nullable=False),
        pa.field("source", TEXT, nullable=False),
        pa.field("raw_sha256", TEXT, nullable=False),
        pa.field("raw_row", pa.int32(), nullable=False),
        pa.field("kept_raw_sha256", TEXT, nullable=False),
        pa.field("kept_raw_row", pa.int32(), nullable=False),
        pa.field("rule", TEXT, nullable=False),
    ]
)


def schema_of(*parts: pa.Schema) -> pa.Schema:
    """One schema of the fields of several, in order."""
    return pa.schema([field for part in parts for field in part])


# What a parser may fill, per table of a parsed export.
PARSED: Final[Mapping[str, pa.Schema]] = {
    "blood_pressure": schema_of(ORIGIN, RECORDED_TIME, RECORDED_UPDATE, BLOOD_PRESSURE_VALUES),
    "heart_rate": schema_of(ORIGIN, RECORDED_TIME, RECORDED_UPDATE, HEART_RATE_VALUES),
    "heart_rate_summaries": schema_of(
        ORIGIN, RECORDED_TIME, RECORDED_UPDATE, HEART_RATE_SUMMARY_VALUES
    ),
    "sleep_sessions": schema_of(
        ORIGIN, RECORDED_TIME, RECORDED_UPDATE, RECORDED_END, SLEEP_SESSION_VALUES
    ),
    "sleep_stages": schema_of(ORIGIN, RECORDED_TIME, RECORDED_END, SLEEP_STAGE_VALUES),
    "annotations": schema_of(
        pa.schema([ORIGIN.field(name) for name in ("source", "raw_sha256", "raw_row")]),
        ANNOTATION_VALUES,
    ),
    "rejected": REJECTED,
}

BLOOD_PRESSURE_READINGS: Final = schema_of(NORMALISED, BLOOD_PRESSURE_VALUES)
HEART_RATE_SAMPLES: Final = schema_of(NORMALISED, HEART_RATE_VALUES)
HEART_RATE_SUMMARIES: Final = schema_of(NORMALISED, HEART_RATE_SUMMARY_VALUES)
SLEEP_SESSIONS: Final = schema_of(
    NORMALISED, pa.schema([pa.field("end_utc", INSTANT, nullable=False)]), SLEEP_SESSION_VALUES
)
SLEEP_STAGES: Final = schema_of(
    NORMALISED, pa.schema([pa.field("end_utc", INSTANT, nullable=False)]), SLEEP_STAGE_VALUES
)
ANNOTATIONS: Final = schema_of(
    pa.schema([pa.field("annotation", pa.string(), nullable=False)]),
    ANNOTATION_VALUES,
    pa.schema([pa.field("flags", TEXT), ORIGIN.field("raw_sha256"), ORIGIN.field("raw_row")]),
)


def constant(value: str | None, length: int) -> pa.Array:
    """One text repeated `length` times.

    Its 32-bit codes are zeros nobody writes: untouched pages, which take no memory.
    """
    if value is None:
        return pa.nulls(length, TEXT)
    codes = pa.array(np.zeros(length, np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array([value], pa.string()))


def table_from_columns(schema: pa.Schema, columns: Mapping[str, Any], length: int) -> pa.Table:
    """A table of those columns of `schema` that are given, in the schema's order.

    Args:
        schema: Names, types and order of what may stand in the table.
        columns: Arrow arrays, numpy arrays or lists of `length` values; a text or None stands for
            a constant column.
        length: Rows of the table.

    Raises:
        KeyError: A column is given that the schema does not have.
    """
    unknown = columns.keys() - set(schema.names)
    if unknown:
        raise KeyError(f"not in the schema: {', '.join(sorted(unknown))}")
    fields, arrays = [], []
    for field in schema:
        if field.name not in columns:
            continue
        value = columns[field.name]
        if value is None or isinstance(value, str):
            value = constant(value, length) if field.type == TEXT else pa.nulls(length, field.type)
        elif not isinstance(value, pa.Array | pa.ChunkedArray):
            value = pa.array(value, field.type, from_pandas=True)
        arrays.append(value if value.type == field.type else value.cast(field.type))
        fields.append(field)
    return pa.table(arrays, schema=pa.schema(fields))


def table_from_rows(schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """A table with every column of `schema`, from one mapping a row."""
    return pa.Table.from_pylist(list(rows), schema=schema)


def empty(schema: pa.Schema) -> pa.Table:
    """The table of `schema` without a row."""
    return schema.empty_table()
