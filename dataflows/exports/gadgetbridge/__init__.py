"""Gadgetbridge: the SQLite database that the app exports, by hand or each day.

- Any `..._ACTIVITY_SAMPLE` with a `HEART_RATE` holds samples of a device, a minute or less apart;
  `..._HEART_RATE_MANUAL_SAMPLE` what a person measured, `..._HEART_RATE_RESTING_SAMPLE` the
  vendor's resting rate. Times are epoch values, in seconds or thousandths by the table: the unit is
  taken from their size. Only Huami's own heart rates tell an offset from UTC.
- 255, 254, 0 and -1 are no heart rate: no contact, not worn, or a device that did not measure.
- The app drops old rows of its own accord; each export that was kept still has them.
- How sleep is told depends on the device: see `gadgetbridge.sleep`.

Source: GBDaoGenerator.java of Gadgetbridge, schema 92, by name, since versions differ.
"""

from collections.abc import Collection, Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_text import UnusableExportError
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.gadgetbridge.sleep import SLEEP_TABLES, sleep_of
from dataflows.exports.sqlite_tables import Database

SOURCE: Final = "gadgetbridge"
SENTINELS: Final = (-1, 0, 254, 255)
KINDS: Final = {
    "_ACTIVITY_SAMPLE": "sample",
    "_HEART_RATE_SAMPLE": "sample",
    "_HEART_RATE_MANUAL_SAMPLE": "manual",
    "_HEART_RATE_RESTING_SAMPLE": "resting",
}
_DEVICES: Final = "DEVICE"
_TAIL: Final = 5
_OFFSET_TICKS: Final = 60_000


def recognises(tables: Collection[str]) -> bool:
    """Whether a database with these tables is Gadgetbridge's."""
    return _DEVICES in tables and any(name.endswith("_SAMPLE") for name in tables)


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:  # noqa: ARG001
    """The records of a database; no date order is needed, since its times are epoch values."""
    try:
        database = Database(file.content, _is_record)
        found = _Export(file.sha256, database)
        heart_rate = [found.heart_rate(table, kind) for table, kind in found.heart_rate_tables()]
        sleep = sleep_of(database, found.devices)
    except UnusableExportError as error:
        return parsed_export({}, source=SOURCE, status="failed", reason=str(error))
    origin = {"source": SOURCE, "raw_sha256": file.sha256}
    tables = {
        "sleep_sessions": cells.table_of("sleep_sessions", [origin | s for s in sleep.sessions]),
        "sleep_stages": cells.table_of("sleep_stages", [origin | s for s in sleep.stages]),
        "rejected": records.table_from_rows(records.REJECTED, found.rejected),
    }
    if heart_rate:
        tables["heart_rate"] = pa.concat_tables(heart_rate)
    sentinels = {"heart_rate": found.silent, "placeholder_nights": sleep.placeholders}
    return parsed_export(tables, source=SOURCE, sentinels=sentinels)


def _is_record(table: str) -> bool:
    return table.endswith(tuple(KINDS)) or table in SLEEP_TABLES


class _Export:
    """The work on one database."""

    def __init__(self, sha256: str, database: Database) -> None:
        self._sha256, self._database = sha256, database
        self.devices = _devices(database)
        self.rejected: list[dict[str, Any]] = []
        self.silent = 0

    def heart_rate_tables(self) -> Iterator[tuple[str, str]]:
        """The tables with heart rates, and of which kind these are."""
        for table in sorted(self._database.names):
            kind = next((kind for end, kind in KINDS.items() if table.endswith(end)), None)
            if kind and {"TIMESTAMP", "HEART_RATE"} <= self._database.columns(table):
                yield table, kind

    def heart_rate(self, table: str, kind: str) -> pa.Table:
        """The heart rates of a table."""
        names = ("TIMESTAMP", "DEVICE_ID", "HEART_RATE", "UTC_OFFSET")
        rows = self._database.rows(table, dict.fromkeys(names, pa.int64()))
        silent = pc.is_in(rows["HEART_RATE"], value_set=pa.array([*SENTINELS, None], pa.int64()))
        self.silent += pc.sum(silent).as_py() or 0
        rows = rows.filter(pc.invert(silent))
        epochs = np.asarray(rows["TIMESTAMP"].fill_null(cells.NO_INSTANT))
        micros = cells.instants(epochs, cells.ticks_per_second(epochs))
        known = micros != cells.NO_INSTANT
        self._reject(rows.filter(pa.array(~known)))
        rows = rows.filter(pa.array(known))
        given = {
            "source": SOURCE,
            "device": _named(rows["DEVICE_ID"], self.devices),
            "raw_sha256": self._sha256,
            "raw_row": rows["row"],
            "start_utc": cells.timestamps(micros[known], records.INSTANT),
            "utc_offset_minutes": cells.minutes_from_utc(rows["UTC_OFFSET"], _OFFSET_TICKS),
            "heart_rate_bpm": rows["HEART_RATE"].cast(pa.float64(), safe=False),
            "kind": kind,
        }
        return records.table_from_columns(records.PARSED["heart_rate"], given, rows.num_rows)

    def _reject(self, rows: pa.Table) -> None:
        for number in rows["row"].to_pylist():
            self.rejected.append(
                cells.rejected_row(
                    "heart_rate", SOURCE, self._sha256, number, "missing_time", column="TIMESTAMP"
                )
            )


def _devices(database: Database) -> dict[int, str]:
    """Number of a device -> its name and the end of its address, which tells equal ones apart."""
    columns = {"_id": pa.int64(), **dict.fromkeys(("NAME", "IDENTIFIER"), pa.string())}
    return {
        row["_id"]: f"{row['NAME'] or 'device'} ({(row['IDENTIFIER'] or '')[-_TAIL:]})"
        for row in database.rows(_DEVICES, columns).to_pylist()
    }


def _named(numbers: pa.ChunkedArray, devices: dict[int, str]) -> pa.DictionaryArray:
    places = pc.index_in(numbers.combine_chunks(), value_set=pa.array([*devices], pa.int64()))
    return pa.array([*devices.values()], pa.string()).take(places).dictionary_encode()
