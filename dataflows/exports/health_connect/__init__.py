"""Health Connect: the database that Android's "Back up data" writes, health_connect_export.db.

- Times are milliseconds since 1970 UTC; `zone_offset` counts seconds and is the offset where the
  record was made, so it counts as recorded.
- `device` is the maker and model that a record names, else the app that wrote it.
- A pressure that the app of a watch or band wrote, or that a watch measured, is cuffless.
- A record that was typed in (recording method 3) is a manual measurement.
- `last_modified_time` tells which of two issues of a record is the later.

Health Connect takes no systolic value above 200 and no diastolic one above 180: the worst readings
are missing from it.

Source: the tables as AOSP's HealthFitness module creates them, by name, since versions differ.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_text import UnusableExportError
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.health_connect.sleep import STAGE_COLUMNS, Stages
from dataflows.exports.sqlite_tables import Database
from dataflows.measurement import CUFFLESS, CUFFLESS_PACKAGES, is_watch

SOURCE: Final = "health_connect"
BLOOD_PRESSURE: Final = "blood_pressure_record_table"
HEART_RATE: Final = "heart_rate_record_series_table"
RESTING: Final = "resting_heart_rate_record_table"
SLEEP: Final = "sleep_session_record_table"
STAGES: Final = "sleep_stages_table"
RECORDS: Final = (BLOOD_PRESSURE, HEART_RATE, RESTING, SLEEP, STAGES)
_SERIES: Final = "heart_rate_record_table"
_APPS: Final = "application_info_table"
_DEVICES: Final = "device_info_table"

_TYPED_IN: Final = 3
_SECONDS: Final = 60
_MILLISECONDS: Final = 1_000

_ORIGIN: Final[Mapping[str, pa.DataType]] = {
    "app_info_id": pa.int64(),
    "device_info_id": pa.int64(),
    "recording_method": pa.int64(),
    "last_modified_time": pa.int64(),
}


def recognises(tables: Collection[str]) -> bool:
    """Whether a database with these tables is Health Connect's."""
    return _APPS in tables and any(name in tables for name in RECORDS)


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:  # noqa: ARG001
    """The records of a database; no date order is needed, since its times are epoch values."""
    try:
        found = _Export(file.sha256, Database(file.content, RECORDS.__contains__))
        tables = found.tables()
    except UnusableExportError as error:
        return parsed_export({}, source=SOURCE, status="failed", reason=str(error))
    rejected = records.table_from_rows(records.REJECTED, found.rejected)
    return parsed_export(
        {**tables, "rejected": rejected},
        source=SOURCE,
        sentinels={"placeholder_nights": found.placeholders},
        dropped={"sleep_stages": found.lost_stages},
    )


class _Export:
    """The work on one database."""

    def __init__(self, sha256: str, database: Database) -> None:
        self._sha256, self._database = sha256, database
        self.rejected: list[dict[str, Any]] = []
        self.lost_stages = self.placeholders = 0
        self._apps = self._texts(_APPS, "package_name")
        self._devices = self._texts(_DEVICES, "manufacturer", "model")

    def tables(self) -> dict[str, pa.Table]:
        """Every table that a parser may fill."""
        sessions, stages = self._sleep()
        return {
            "blood_pressure": self._blood_pressure(),
            "heart_rate": pa.concat_tables([self._heart_rate(), self._resting()]),
            "sleep_sessions": sessions,
            "sleep_stages": stages,
        }

    def _texts(self, table: str, *columns: str) -> dict[int, str]:
        found = self._database.rows(
            table, {"row_id": pa.int64(), **dict.fromkeys(columns, pa.string())}
        )
        return {
            row["row_id"]: text
            for row in found.to_pylist()
            if (text := " ".join(filter(None, (row[name] for name in columns))).strip())
        }

    # -- signals ---------------------------------------------------------------------------------

    def _blood_pressure(self) -> pa.Table:
        values = {"systolic": pa.float64(), "diastolic": pa.float64()}
        rows = self._read(BLOOD_PRESSURE, {"time": pa.int64(), "zone_offset": pa.int64(), **values})
        rows = self._complete(rows, "blood_pressure", "time", tuple(values))
        given = {
            **self._origin(rows, rows),
            **_start(rows, "time", rows["zone_offset"]),
            "systolic_mmhg": rows["systolic"],
            "diastolic_mmhg": rows["diastolic"],
            "flags": self._flags(rows),
        }
        return records.table_from_columns(records.PARSED["blood_pressure"], given, rows.num_rows)

    def _heart_rate(self) -> pa.Table:
        """The samples of all series; a series tells who measured, and where."""
        columns = {"parent_key": pa.int64(), "epoch_millis": pa.int64()}
        rows = self._database.rows(HEART_RATE, {**columns, "beats_per_minute": pa.float64()})
        rows = self._complete(rows, "heart_rate", "epoch_millis", ("beats_per_minute",))
        series = self._read(_SERIES, {"row_id": pa.int64(), "start_zone_offset": pa.int64()})
        owners = series.take(_places(rows["parent_key"], series["row_id"]))
        given = {
            **self._origin(rows, owners),
            **_start(rows, "epoch_millis", owners["start_zone_offset"]),
            "heart_rate_bpm": rows["beats_per_minute"],
            "kind": _kinds(owners["recording_method"]),
        }
        return records.table_from_columns(records.PARSED["heart_rate"], given, rows.num_rows)

    def _resting(self) -> pa.Table:
        columns = {"time": pa.int64(), "zone_offset": pa.int64()}
        rows = self._read(RESTING, {**columns, "beats_per_minute": pa.float64()})
        rows = self._complete(rows, "heart_rate", "time", ("beats_per_minute",))
        given = {
            **self._origin(rows, rows),
            **_start(rows, "time", rows["zone_offset"]),
            "heart_rate_bpm": rows["beats_per_minute"],
            "kind": records.constant("resting", rows.num_rows),
        }
        return records.table_from_columns(records.PARSED["heart_rate"], given, rows.num_rows)

    def _sleep(self) -> tuple[pa.Table, pa.Table]:
        columns = dict.fromkeys(
            ("row_id", "start_time", "end_time", "start_zone_offset"), pa.int64()
        )
        rows = _timely(self._read(SLEEP, columns), "start_time", "end_time", "last_modified_time")
        rows = self._complete(rows, "sleep", "start_time", ("end_time",))
        told = self._database.rows(STAGES, STAGE_COLUMNS)
        stages = Stages(_timely(told, "stage_start_time", "stage_end_time"))
        self.lost_stages = stages.lost
        is_night = pc.greater(rows["end_time"], rows["start_time"])
        self.placeholders = rows.num_rows - (pc.sum(is_night).as_py() or 0)
        rows = rows.filter(is_night)
        devices = self._named(rows).to_pylist()
        offsets = cells.minutes_from_utc(rows["start_zone_offset"], _SECONDS).to_pylist()
        sessions: list[dict[str, Any]] = []
        staged: list[dict[str, Any]] = []
        for row, device, offset in zip(rows.to_pylist(), devices, offsets, strict=True):
            origin = {"source": SOURCE, "device": device, "raw_sha256": self._sha256}
            place = origin | {"utc_offset_minutes": offset}
            sessions.append(place | stages.session(row))
            staged += [place | stage for stage in stages.of(row)]
        return cells.table_of("sleep_sessions", sessions), cells.table_of("sleep_stages", staged)

    # -- what all have in common -----------------------------------------------------------------

    def _read(self, table: str, columns: Mapping[str, pa.DataType]) -> pa.Table:
        return self._database.rows(table, {**columns, **_ORIGIN})

    def _complete(self, rows: pa.Table, signal: str, time: str, values: Sequence[str]) -> pa.Table:
        """The rows that have their time and their values; the others are rejected."""
        bad = np.zeros(rows.num_rows, np.bool_)
        for name in (time, *values):
            absent = np.asarray(rows[name].is_null()) & ~bad
            check = "missing_time" if name == time else "missing_value"
            for number in rows["row"].filter(pa.array(absent)).to_pylist():
                self.rejected.append(
                    cells.rejected_row(signal, SOURCE, self._sha256, number, check, column=name)
                )
            bad |= absent
        return rows.filter(pa.array(~bad)) if bad.any() else rows

    def _origin(self, rows: pa.Table, owners: pa.Table) -> dict[str, Any]:
        updated = cells.timestamps(_micros(owners["last_modified_time"]), records.INSTANT)
        return {
            "source": SOURCE,
            "device": self._named(owners),
            "raw_sha256": self._sha256,
            "raw_row": rows["row"],
            "updated_utc": updated,
        }

    def _flags(self, owners: pa.Table) -> pa.Array:
        """`cuffless` where the app, or the device, is known to measure without a cuff."""
        apps = [row for row, package in self._apps.items() if package in CUFFLESS_PACKAGES]
        watches = [row for row, name in self._devices.items() if is_watch(name)]
        marked = pc.or_kleene(
            pc.is_in(owners["app_info_id"], value_set=pa.array(apps, pa.int64())),
            pc.is_in(owners["device_info_id"], value_set=pa.array(watches, pa.int64())),
        )
        return pc.if_else(marked, CUFFLESS, None).combine_chunks().dictionary_encode()

    def _named(self, owners: pa.Table) -> pa.DictionaryArray:
        """The device of each row, else its app; the pairs of both are few."""
        ids = owners.select(["device_info_id", "app_info_id"])
        pairs = ids.group_by(ids.column_names).aggregate([])
        codes = _places(_pairs(ids), _pairs(pairs))
        names = [self._devices.get(device) or self._apps.get(app) for device, app in _tuples(pairs)]
        return pa.array(names, pa.string()).take(codes).dictionary_encode()


def _places(keys: pa.ChunkedArray, known: pa.ChunkedArray) -> pa.Int32Array:
    """Where each key stands among known ones; null where it does not."""
    return pc.index_in(keys.combine_chunks(), value_set=known.combine_chunks())


def _pairs(ids: pa.Table) -> pa.ChunkedArray:
    """Two identifiers as one text."""
    texts = [column.cast(pa.string()).fill_null("") for column in ids.columns]
    return pc.binary_join_element_wise(*texts, " ")


def _kinds(methods: pa.ChunkedArray) -> pa.Array:
    typed = pc.fill_null(pc.equal(methods, _TYPED_IN), fill_value=False)
    return pc.if_else(typed, "manual", "sample").combine_chunks().dictionary_encode()


def _start(rows: pa.Table, time: str, offsets: pa.ChunkedArray) -> dict[str, Any]:
    """When rows were measured: the instant, and minutes from UTC where they are told."""
    return {
        "start_utc": cells.timestamps(_micros(rows[time]), records.INSTANT),
        "utc_offset_minutes": cells.minutes_from_utc(offsets, _SECONDS),
    }


def _timely(rows: pa.Table, *names: str) -> pa.Table:
    """Rows whose times outside the calendar are null."""
    for name in names:
        times = cells.in_calendar(rows[name], _MILLISECONDS)
        rows = rows.set_column(rows.schema.get_field_index(name), name, times)
    return rows


def _micros(milliseconds: pa.ChunkedArray) -> NDArray[np.int64]:
    found = np.asarray(milliseconds.fill_null(cells.NO_INSTANT))
    return cells.instants(found, _MILLISECONDS)


def _tuples(table: pa.Table) -> Any:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)
