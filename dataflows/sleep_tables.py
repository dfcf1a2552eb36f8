"""Sleep between its nodes: the columns that sessions and stages keep on their way, and frames.

A session keeps when its export last changed it. A stage keeps the wall time it was read from,
where that is all its export tells: its date is then a label that may be off by a day
(`sleep_alignment`). A frame holds instants as integers of microseconds, so that arithmetic on them
is exact and knows no zone.
"""

from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from dataflows import records

SIGNAL: Final = "sleep"
STAGE_SIGNAL: Final = "sleep_stages"
MINUTE: Final = 60_000_000
DAY: Final = 86_400_000_000

CHECKED_SESSIONS: Final = records.schema_of(records.SLEEP_SESSIONS, records.RECORDED_UPDATE)
CHECKED_STAGES: Final = records.schema_of(
    records.SLEEP_STAGES,
    pa.schema([pa.field("start_local", records.WALL_TIME), pa.field("label_date", pa.date32())]),
)
MINUTES: Final = (
    "asleep_minutes",
    "deep_minutes",
    "light_minutes",
    "rem_minutes",
    "awake_minutes",
    "unstaged_minutes",
    "in_bed_minutes",
)


def nullable(schema: pa.Schema) -> pa.Schema:
    """The same columns, each of which may be null."""
    return pa.schema([pa.field(field.name, field.type) for field in schema])


def frame_of(table: pa.Table) -> pd.DataFrame:
    """The rows of a table of sessions as a frame.

    Shape: one row for each row, counted from 0; timestamps and dates are integers, no update is
    0, other nulls are NaN or None.
    """
    columns: dict[str, Any] = {}
    for field in table.schema:
        column = table[field.name]
        if field.type == records.TEXT:
            values = column.cast(pa.string()).to_numpy(zero_copy_only=False)
            columns[field.name] = pd.Series(values, dtype=object)
        elif pa.types.is_timestamp(field.type):
            columns[field.name] = column.cast(pa.int64()).fill_null(0).to_numpy()
        elif pa.types.is_date32(field.type):
            columns[field.name] = column.cast(pa.int32()).to_numpy()
        else:
            columns[field.name] = column.to_numpy()
    return pd.DataFrame(columns)


def table_of(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """A frame as a table of `schema`; columns that the schema lacks are left out."""
    arrays = []
    for field in schema:
        values = frame[field.name].to_numpy()
        if field.type == records.TEXT:
            array = pa.array(values, pa.string(), from_pandas=True).dictionary_encode()
        elif pa.types.is_timestamp(field.type):
            untold = values == 0 if field.nullable else None
            array = pa.array(values.astype(np.int64), mask=untold)
        elif pa.types.is_date32(field.type):
            array = pa.array(values.astype(np.int32))
        else:
            array = pa.array(values, field.type, from_pandas=True)
        arrays.append(array.cast(field.type))
    return pa.table(arrays, schema=schema)


def set_flag(frame: pd.DataFrame, mask: Any, code: str) -> None:
    """Give the flag to the rows of an own frame that a mask marks, and to no other."""
    marked = np.asarray(mask, dtype=np.bool_)
    flags = frame["flags"].to_numpy(dtype=object, copy=True)
    for row, text in enumerate(flags):
        codes = set((text or "").split(";")) - {"", code}
        flags[row] = ";".join(sorted(codes | {code} if marked[row] else codes)) or None
    frame["flags"] = pd.Series(flags, index=frame.index, dtype=object)
