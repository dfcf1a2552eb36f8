"""Google Fit: the files of `Fit/All Data` in a Takeout.

A file is `{"Data Source": ..., "Data Points": [...]}`; a row is a data point, counted from 1. A
point has a type, a start and an end in billionths of a second since 1970 UTC, and values. None
tells an offset. The same points stand in several files, as apps wrote them and merged: no device is
told, so that equal ones count once.

- `com.google.heart_rate.bpm`: samples; of a data source with `resting_heart_rate` in its name,
  resting heart rates.
- `com.google.blood_pressure`: systolic and diastolic are the first two values; what the app of a
  band or watch wrote is cuffless.
- `com.google.sleep.segment`: 1 awake, 2 asleep, 3 out of bed, 4 light, 5 deep, 6 REM. A night is
  made of its segments.

The names of the keys and the order of values are partly unconfirmed [RECALL].
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_text import SAMPLE_BYTES, UnusableExportError
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.json_text import elements, is_json, keys_of, listed
from dataflows.measurement import CUFFLESS, CUFFLESS_PACKAGES

SOURCE: Final = "google_fit"
TELLING: Final = frozenset({"Data Source", "Data Points"})
SIGNALS: Final = {
    "com.google.heart_rate.bpm": "heart_rate",
    "com.google.blood_pressure": "blood_pressure",
    "com.google.sleep.segment": "sleep_stages",
}
STAGES: Final = {1: "awake", 2: "asleep", 3: "awake", 4: "light", 5: "deep", 6: "rem"}
RESTING: Final = b"resting_heart_rate"
_DATA_SOURCE: Final = re.compile(rb'"Data Source"\s*:\s*"([^"]*)"')
_START: Final = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*\{\s*"Data Source"\s*:\s*"[^"]*"\s*,\s*"Data Points"\s*:\s*\['
)
_NANOS: Final = re.compile(r"[0-9]{1,19}")

Point = Mapping[str, Any]


@dataclass
class _Found:
    """What the points of a file come to; heart rates as columns, since they are many."""

    sha256: str
    instants: list[int] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    rate_rows: list[int] = field(default_factory=list)
    pressures: list[dict[str, Any]] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    silent: int = 0

    def reject(self, signal: str, row: int, check: str, column: str) -> None:
        found = cells.rejected_row(signal, SOURCE, self.sha256, row, check, column=column)
        self.rejected.append(found)


def recognises(sample: bytes) -> bool:
    """Whether a file begins as a list of data points does."""
    return is_json(sample) and keys_of(sample) >= TELLING


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:  # noqa: ARG001
    """The records of one file; no date order is needed, since its times are epoch values."""
    found = _Found(file.sha256)
    head = file.content.slice(0, min(file.content.size, SAMPLE_BYTES)).to_pybytes()
    try:
        for row, point in enumerate(_points(file, head), start=1):
            _add(found, row, point)
    except UnusableExportError as error:
        return parsed_export({}, source=SOURCE, status="failed", reason=str(error))
    origin = {"source": SOURCE, "raw_sha256": file.sha256}
    tables = {
        "heart_rate": _heart_rates(found, "resting" if _is_resting(head) else "sample"),
        "blood_pressure": cells.table_of("blood_pressure", [origin | p for p in found.pressures]),
        "sleep_stages": cells.table_of("sleep_stages", [origin | s for s in found.stages]),
        "rejected": records.table_from_rows(records.REJECTED, found.rejected),
    }
    return parsed_export(tables, source=SOURCE, sentinels={"placeholders": found.silent})


def _points(file: ExportFile, head: bytes) -> Iterator[Any]:
    """The data points; part by part, if the file begins as all known ones do."""
    if _START.match(head) is None:
        return listed(file.content)
    parts = elements(file.content, start=_START, end=b"}")
    return (point for part in parts for point in part)


def _is_resting(head: bytes) -> bool:
    source = _DATA_SOURCE.search(head)
    return source is not None and RESTING in source[1]


def _add(found: _Found, row: int, point: Any) -> None:
    signal = SIGNALS.get(str(point.get("dataTypeName"))) if isinstance(point, dict) else None
    if signal is None:
        return
    told = point.get("fitValue")
    values = [_value(one) for one in told] if isinstance(told, list) else []
    start, end = (_micros(point.get(name)) for name in ("startTimeNanos", "endTimeNanos"))
    if start is None:
        found.reject(signal, row, "missing_time", "startTimeNanos")
    elif signal == "heart_rate":
        _add_rate(found, row, start, values)
    elif signal == "blood_pressure":
        _add_pressure(found, row, start, values, str(point.get("originDataSourceId")))
    else:
        _add_stage(found, row, (start, end), values)


def _value(told: Any) -> float | None:
    value = told.get("value") if isinstance(told, dict) else None
    number = value.get("fpVal", value.get("intVal")) if isinstance(value, dict) else None
    return cells.number(number)


def _micros(nanos: Any) -> int | None:
    """Microseconds since 1970 UTC of a whole number, which may stand as text."""
    text = str(nanos)
    return int(text) // 1_000 if _NANOS.fullmatch(text) else None


# -- signals -------------------------------------------------------------------------------------


def _add_rate(found: _Found, row: int, start: int, values: list[float | None]) -> None:
    rate = values[0] if values else None
    if rate is None:
        found.reject("heart_rate", row, "missing_value", "fitValue")
    elif rate == 0:
        found.silent += 1
    else:
        found.instants.append(start)
        found.rates.append(rate)
        found.rate_rows.append(row)


def _add_pressure(
    found: _Found, row: int, start: int, values: list[float | None], origin: str
) -> None:
    systolic, diastolic = (*values, None, None)[:2]
    if systolic is None or diastolic is None:
        found.reject("blood_pressure", row, "missing_value", "fitValue")
    elif systolic == 0 and diastolic == 0:
        found.silent += 1
    else:
        is_cuffless = any(package in origin for package in CUFFLESS_PACKAGES)
        found.pressures.append(
            {
                "raw_row": row,
                "start_utc": start,
                "systolic_mmhg": systolic,
                "diastolic_mmhg": diastolic,
                "flags": CUFFLESS if is_cuffless else None,
            }
        )


def _add_stage(
    found: _Found, row: int, span: tuple[int, int | None], values: list[float | None]
) -> None:
    code, (start, end) = values[0] if values else None, span
    if end is None:
        found.reject("sleep_stages", row, "missing_time", "endTimeNanos")
    elif code not in STAGES:
        check = "missing_value" if code is None else "unknown_stage"
        found.reject("sleep_stages", row, check, "fitValue")
    elif start == end:
        found.silent += 1
    else:
        stage = STAGES[int(code or 0)]
        found.stages.append({"raw_row": row, "start_utc": start, "end_utc": end, "stage": stage})


def _heart_rates(found: _Found, kind: str) -> pa.Table:
    instants = np.array(found.instants, np.int64)
    given = {
        "source": SOURCE,
        "raw_sha256": found.sha256,
        "raw_row": np.array(found.rate_rows, np.int32),
        "start_utc": cells.timestamps(instants, records.INSTANT),
        "heart_rate_bpm": np.array(found.rates, np.float64),
        "kind": kind,
    }
    return records.table_from_columns(records.PARSED["heart_rate"], given, len(instants))
