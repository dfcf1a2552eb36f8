"""The time model: instant, offset, zone, where the zone came from, and the local date.

A record keeps the zone or the offset that its export recorded. One without either is read on the
clock of the home zone, and says whether that zone was configured or only assumed. Where it is
only assumed, other records of the same export that do carry an offset know better: the offset of
the nearest of them is taken, and the record says `inferred`.

A wall time that the clocks showed twice (a fold) means the earlier instant and is flagged; one
that they skipped (a gap) names no instant and is rejected. The local date is never taken from an
instant without its offset. A record of a date alone starts at the first moment of that local
date.

Source: folds as in PEP 495 (`fold=0`), where a skipped wall time too uses the offset before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import records
from dataflows.clocks import (
    DAY,
    MINUTE,
    Clock,
    Instants,
    Offsets,
    days_around,
    evidence_clock,
    integers,
    offset_minutes,
    recorded_clock,
    wall_time,
    zone_clock,
    zone_named,
)
from dataflows.rejection import rejected_where, with_flag
from dataflows.rows import rows_where
from dataflows.text_codes import equals

__all__ = [
    "AMBIGUOUS",
    "NONEXISTENT",
    "Localised",
    "localised",
    "normalised_records",
    "offset_evidence",
    "offset_minutes",
    "wall_time",
]

AMBIGUOUS: Final = "ambiguous_local_time"
NONEXISTENT: Final = "nonexistent_local_time"

Rows = slice | NDArray[np.int64]


@dataclass(frozen=True)
class Localised:
    """Where the rows of a table lie in time; arrays are aligned to the table.

    Attributes:
        columns: The time columns of a normalised record, by name; `end_utc` too if the table has
            ends. Meaningless in rows that one of the masks below takes out.
        ambiguous: The wall time (or that of the end) was shown twice.
        nonexistent: The wall time (or that of the end) was skipped.
        untimed: Neither an instant nor a wall time nor a date is given.
    """

    columns: Mapping[str, Any]
    ambiguous: NDArray[np.bool_]
    nonexistent: NDArray[np.bool_]
    untimed: NDArray[np.bool_]


@dataclass(frozen=True)
class _Moments:
    instants: Instants
    offsets: Offsets
    ambiguous: NDArray[np.bool_]
    nonexistent: NDArray[np.bool_]
    untimed: NDArray[np.bool_]


def offset_evidence(*tables: pa.Table) -> pa.Table:
    """Instant and recorded offset of every row that has both.

    Shape: start_utc, utc_offset_minutes; one row for each row with both.
    """
    names = ["start_utc", "utc_offset_minutes"]
    found = [table.select(names) for table in tables if set(names) <= set(table.column_names)]
    schema = pa.schema([pa.field("start_utc", records.INSTANT), pa.field(names[1], pa.int16())])
    return pa.concat_tables(
        [table.cast(schema) for table in found] or [schema.empty_table()]
    ).drop_null()


def localised(
    table: pa.Table,
    *,
    home_time_zone: str,
    home_time_zone_source: str,
    evidence: pa.Table | None = None,
    date_of: Literal["start", "end"] = "start",
) -> Localised:
    """Instants, offsets, zones and local dates of a parsed table.

    Args:
        table: Parsed records: `start_utc`, `start_local` or `local_date`, in this preference, row
            by row; maybe `utc_offset_minutes` and `time_zone`; maybe `end_utc` or `end_local`.
        home_time_zone: IANA name, for records that carry neither zone nor offset.
        home_time_zone_source: `configured` or `assumed`.
        evidence: Instants and offsets of other records of the same export (`offset_evidence`);
            used only when the home zone is assumed.
        date_of: Whether the local date is that of the start or of the end (sleep).

    Raises:
        UnknownTimeZoneError: The home zone does not exist.
    """
    days = days_around(_given_times(table))
    home = zone_clock(zone_named(home_time_zone), days, home_time_zone_source)
    default = home
    if home_time_zone_source == "assumed" and evidence is not None and evidence.num_rows:
        default = evidence_clock(evidence)
    groups = _clock_groups(table, days, default)
    starts = _moments(table, "start", groups)
    columns = {
        "start_utc": _timestamps(starts.instants),
        "utc_offset_minutes": pa.array(starts.offsets),
        **_zone_columns(table, groups),
    }
    if not _has(table, "end_utc", "end_local"):
        columns["local_date"] = _local_dates(table, starts)
        return Localised(columns, starts.ambiguous, starts.nonexistent, starts.untimed)
    ends = _moments(table, "end", groups)
    columns["end_utc"] = _timestamps(ends.instants)
    columns["local_date"] = _local_dates(table, ends if date_of == "end" else starts)
    return Localised(
        columns,
        starts.ambiguous | ends.ambiguous,
        starts.nonexistent | ends.nonexistent,
        starts.untimed | ends.untimed,
    )


def normalised_records(
    table: pa.Table,
    schema: pa.Schema,
    *,
    signal: str,
    home_time_zone: str,
    home_time_zone_source: str,
    evidence: pa.Table | None = None,
    date_of: Literal["start", "end"] = "start",
) -> tuple[pa.Table, pa.Table]:
    """A parsed table in the normalised form, and its rows that have no place in time.

    A column of the schema that the table lacks is null. An ambiguous wall time is flagged where
    the schema has `flags`.

    Shape: records of `schema` in the order of the table, with `updated_utc` behind if the table has
    it; rejected rows (`records.REJECTED`).

    Raises:
        UnknownTimeZoneError: The home zone does not exist.
    """
    if not table.num_rows:
        return schema.empty_table(), records.empty(records.REJECTED)
    times = localised(
        table,
        home_time_zone=home_time_zone,
        home_time_zone_source=home_time_zone_source,
        evidence=evidence,
        date_of=date_of,
    )
    columns = {name: table[name] for name in table.column_names if name in schema.names}
    columns |= {name: column for name, column in times.columns.items() if name in schema.names}
    full = {name: columns.get(name) for name in schema.names}
    normalised = records.table_from_columns(_nullable(schema), full, table.num_rows)
    if "updated_utc" in table.column_names:
        normalised = normalised.append_column("updated_utc", table["updated_utc"])
    if "flags" in schema.names and times.ambiguous.any():
        normalised = with_flag(normalised, times.ambiguous, AMBIGUOUS)
    column = "start_local" if "start_local" in table.column_names else "start_utc"
    reject = {"signal": signal, "column": column}
    rejected = [
        rejected_where(table, times.untimed, check="missing_time", **reject),
        rejected_where(table, times.nonexistent & ~times.untimed, check=NONEXISTENT, **reject),
    ]
    normalised = rows_where(normalised, ~(times.untimed | times.nonexistent))
    return normalised.cast(_with_update(schema, normalised)), pa.concat_tables(rejected)


def _with_update(schema: pa.Schema, table: pa.Table) -> pa.Schema:
    """The schema, with `updated_utc` if the table has it."""
    if "updated_utc" not in table.column_names:
        return schema
    return records.schema_of(schema, records.RECORDED_UPDATE)


def _nullable(schema: pa.Schema) -> pa.Schema:
    return pa.schema([pa.field(field.name, field.type) for field in schema])


def _has(table: pa.Table, *names: str) -> bool:
    return any(name in table.column_names for name in names)


def _timestamps(instants: Instants) -> pa.Array:
    return pa.array(instants).view(records.INSTANT)


def _given_times(table: pa.Table) -> list[Instants]:
    """Every time that a table tells, as microseconds; dates as their midnights."""
    names = ("start_utc", "start_local", "end_utc", "end_local")
    given = [integers(table[name].drop_null()) for name in names if _has(table, name)]
    if _has(table, "local_date"):
        given.append(integers(table["local_date"].drop_null()) * DAY)
    return given


def _rows_where(mask: NDArray[np.bool_]) -> Rows | None:
    """Every row as a slice, which copies nothing; no row as None."""
    if mask.all():
        return slice(None)
    return np.flatnonzero(mask) if mask.any() else None


def _valid(table: pa.Table, name: str) -> NDArray[np.bool_]:
    if not _has(table, name):
        return np.zeros(table.num_rows, np.bool_)
    if not table[name].null_count:
        return np.ones(table.num_rows, np.bool_)
    return np.asarray(table[name].is_valid().to_numpy())


def _clock_groups(
    table: pa.Table, days: tuple[int, int], default: Clock
) -> list[tuple[Rows, Clock | Offsets]]:
    """The rows of each clock; rows that record their offset have that instead of a clock."""
    groups: list[tuple[Rows, Clock | Offsets]] = []
    has_offset = _valid(table, "utc_offset_minutes")
    has_zone = _valid(table, "time_zone") & ~has_offset
    recorded = _rows_where(has_offset)
    if recorded is not None:
        offsets = table["utc_offset_minutes"].fill_null(0).to_numpy()
        groups.append((recorded, np.asarray(offsets[recorded], np.int16)))
    if has_zone.any():
        for name in table["time_zone"].unique().drop_null().to_pylist():
            rows = _rows_where(equals(table["time_zone"], name) & has_zone)
            if rows is not None:
                groups.append((rows, recorded_clock(name, days, default)))
    rest = _rows_where(~(has_offset | has_zone))
    if rest is not None:
        groups.append((rest, default))
    return groups


def _moments(
    table: pa.Table, edge: Literal["start", "end"], groups: list[tuple[Rows, Clock | Offsets]]
) -> _Moments:
    length = table.num_rows
    moments = _Moments(
        np.zeros(length, np.int64),
        np.zeros(length, np.int16),
        np.zeros(length, np.bool_),
        np.zeros(length, np.bool_),
        np.zeros(length, np.bool_),
    )
    untold = np.ones(length, np.bool_)
    dates = ["local_date"] if edge == "start" else []
    for name in [f"{edge}_utc", f"{edge}_local", *dates]:
        told = _valid(table, name) & untold
        untold &= ~told
        if told.any():
            for rows, clock in groups:
                _place(moments, table[name], name, _within(rows, told), clock)
    moments.untimed[:] = untold
    return moments


def _within(rows: Rows, told: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """Those of `rows` that are told: as rows of the table, and as positions in `rows`."""
    inside = _rows_where(told[rows])
    if inside is None:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing
    if isinstance(rows, slice):
        return inside, inside
    return rows[inside], inside


def _place(
    moments: _Moments, column: pa.Array, name: str, where: tuple[Rows, Rows], clock: Clock | Offsets
) -> None:
    """Write instants and offsets of the given rows into `moments`."""
    rows, positions = where
    times = integers(column)[rows]
    if name == "local_date":
        times = times * DAY
    if not isinstance(clock, Clock):
        offsets = clock[positions]
        shift = 0 if name.endswith("_utc") else offsets.astype(np.int64) * MINUTE
        moments.instants[rows] = times - shift
        moments.offsets[rows] = offsets
        return
    if name.endswith("_utc"):
        segment = clock.by_instant.at(times)
        moments.instants[rows] = times
        moments.offsets[rows] = clock.by_instant.offsets[segment]
        return
    walls = clock.by_wall_time
    segment = walls.at(times)
    offsets = walls.offsets[segment]
    instants = times - offsets.astype(np.int64) * MINUTE
    if name == "local_date":
        offsets = clock.by_instant.offsets[clock.by_instant.at(instants)]
    else:
        moments.ambiguous[rows] = walls.ambiguous[segment]
        moments.nonexistent[rows] = walls.nonexistent[segment]
    moments.instants[rows] = instants
    moments.offsets[rows] = offsets


def _zone_columns(table: pa.Table, groups: list[tuple[Rows, Clock | Offsets]]) -> dict[str, Any]:
    """`time_zone` and `time_zone_source` of every row."""
    only = groups[0][1] if len(groups) == 1 else None
    if isinstance(only, Clock):
        return {
            "time_zone": records.constant(only.time_zone, table.num_rows),
            "time_zone_source": records.constant(only.time_zone_source, table.num_rows),
        }
    zones = np.full(table.num_rows, None, dtype=object)
    sources = np.full(table.num_rows, "recorded", dtype=object)
    if _has(table, "time_zone"):
        zones[:] = table["time_zone"].cast(pa.string()).to_pylist()
    for rows, clock in groups:
        if isinstance(clock, Clock):
            zones[rows] = clock.time_zone
            sources[rows] = clock.time_zone_source
    return {
        "time_zone": pa.array(zones, pa.string()).dictionary_encode().cast(records.TEXT),
        "time_zone_source": pa.array(sources, pa.string()).dictionary_encode().cast(records.TEXT),
    }


def _local_dates(table: pa.Table, moments: _Moments) -> pa.Array:
    """The date a clock on the wall showed; a record of a date alone keeps that date."""
    walls = moments.offsets.astype(np.int64)
    walls *= MINUTE
    walls += moments.instants
    walls //= DAY
    if _has(table, "local_date"):
        dated = _valid(table, "local_date")
        for name in ("start_utc", "start_local"):
            dated &= ~_valid(table, name)
        if dated.any():
            walls[dated] = integers(table["local_date"])[dated]
    return pa.array(walls.astype(np.int32)).view(pa.date32())
