"""Mi Fitness: the archive that a person gets from Xiaomi's "Manage your data".

Two of its files are read. `hlth_center_fitness_data.csv` holds what the sensors measured, and
`hlth_center_aggregated_fitness_data.csv` has one more column, `Tag`, and holds daily reports; the
other members are recognised and hold nothing for us. What is known of them, and handled here:

- The value of a row is a JSON object; a row whose JSON is broken is rejected alone.
- `Time` is true UTC for what has a time of day. For what belongs to a day, `Time` and `date_time`
  are the local date, written as midnight UTC: it is read with UTC and never converted.
- `latest_hr` inside a daily report is local wall time written as UTC, and no sample: ignored.
- `UpdateTime` tells which of two issues of a record is the later.
- `Sid` is the device; `default` is the vendor's merge of all of them. `abnormal_heart_rate`
  repeats `heart_rate` and is not read.
- Epoch values are seconds; the unit is checked by magnitude for each column.
- `blood_pressure` is listed by one panel, but its JSON keys were not seen [RECALL]: likely
  spellings are tried, and a row that has none of them is rejected.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_rows import Layout, Rows, rows
from dataflows.exports.csv_text import (
    SAMPLE_BYTES,
    Header,
    UnusableExportError,
    columns,
    fields,
    header_of,
    sample_text,
    utf8,
)
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.found import Found
from dataflows.exports.mi_fitness.heart_rate import SAMPLE_KEYS, Samples, json_object, readings
from dataflows.exports.mi_fitness.sleep import SLEEP_KEYS, JsonRow, add_sleep, reject
from dataflows.exports.mi_fitness.values import (
    add_blood_pressure,
    add_heart_rate_summary,
    add_resting_heart_rate,
)

SOURCE: Final = "mi_fitness"
NEEDED: Final = ("Sid", "Key", "Time", "Value")
OPTIONAL: Final = ("Tag", "UpdateTime")
DAILY_REPORT: Final = "daily_report"

# Columns of the members that hold nothing for us; each member has one or more of them beside Uid.
OTHER_MEMBERS: Final = frozenset(
    {
        "sid",
        "did",
        "key",
        "tag",
        "gpx",
        "category",
        "vo2max",
        "birth",
        "relation",
        "module",
        "record_id",
        "plan_type",
        "identifier",
        "xiaomiid",
    }
)

SIGNALS: Final = {
    "blood_pressure": "blood_pressure",
    "resting_heart_rate": "heart_rate",
    **dict.fromkeys(SAMPLE_KEYS, "heart_rate"),
    **dict.fromkeys(SLEEP_KEYS, "sleep"),
}
SENSOR_KEYS: Final = (*SAMPLE_KEYS, "resting_heart_rate", "blood_pressure", *SLEEP_KEYS)
REPORT_KEYS: Final = ("heart_rate", "sleep")


def recognises(sample: bytes) -> bool:
    """Whether a file begins with the header of a member of this archive."""
    header = header_of(sample_text(sample))
    return header is not None and (_has_records(header) or _is_member(header))


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:  # noqa: ARG001
    """The records of one file; no date order is needed, since its times are epoch values."""
    text = utf8(file.content)
    header = header_of(text.slice(0, min(text.size, SAMPLE_BYTES)).to_pybytes())
    if header is None or not _has_records(header):
        reason = "this file of the archive holds no blood pressure, heart rate or sleep"
        return parsed_export({}, source=SOURCE, reason=reason)
    try:
        places = columns(header, NEEDED, OPTIONAL)
        layout = Layout(header, places, quoted=True, wide=places["Value"])
        return _File(file.sha256, layout).parsed(rows(text, layout))
    except UnusableExportError as error:
        return parsed_export({}, source=SOURCE, status="failed", reason=str(error))


def _has_records(header: Header) -> bool:
    """Whether it is one of the two files that are read, maybe with a column missing."""
    names = {name.casefold() for name in header.names}
    if names & {"did", "category", "gpx", "identifier", "systolic", "diastolic"}:
        return False
    known = names & {name.casefold() for name in NEEDED}
    return len(known) >= len(NEEDED) - 1 or (not header.ended and {"uid", "sid"} <= names)


def _is_member(header: Header) -> bool:
    names = {name.casefold() for name in header.names}
    return "uid" in names and bool(names & OTHER_MEMBERS)


@dataclass
class _File:
    """The work on one file."""

    sha256: str
    layout: Layout
    samples: Samples = field(default_factory=Samples)
    kept: list[JsonRow] = field(default_factory=list)
    ticks: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.found = Found(SOURCE, self.sha256)
        self.is_report = "Tag" in self.layout.places
        self.keys = pa.array(REPORT_KEYS if self.is_report else SENSOR_KEYS)

    def parsed(self, parts: Iterable[Rows]) -> ParsedExport:
        """The tables and the report of all parts."""
        for part in parts:
            self._add_part(part)
        self._add_kept()
        tables = {name: cells.table_of(name, found) for name, found in self.found.tables.items()}
        tables["heart_rate"] = self._heart_rates(tables.get("heart_rate"))
        tables["rejected"] = records.table_from_rows(records.REJECTED, self.found.rejected)
        self.found.sentinels["heart_rate"] += self.samples.sentinels
        return parsed_export(
            tables,
            source=SOURCE,
            sentinels=self.found.sentinels,
            dropped=self.found.dropped,
        )

    def _heart_rates(self, resting: Any) -> Any:
        samples = self.samples.table(SOURCE, self.sha256)
        if resting is None or not samples.num_rows:
            return samples if resting is None else resting
        both = pa.concat_tables([samples, resting], promote_options="default")
        names = [name for name in records.PARSED["heart_rate"].names if name in both.column_names]
        return both.select(names).unify_dictionaries().combine_chunks()

    def _add_part(self, part: Rows) -> None:
        for number, text in part.odd:
            self._reject_odd(number, text)
        codes = pc.index_in(part.columns["Key"], value_set=self.keys).fill_null(-1)
        codes = np.asarray(codes)
        if self.is_report:
            reports = pc.equal(part.columns["Tag"], DAILY_REPORT)
            codes = np.where(np.asarray(reports), codes, -1)
        sampled = np.zeros(len(codes), np.bool_)
        if not self.is_report:
            sampled = (codes >= 0) & (codes < len(SAMPLE_KEYS))
            self._add_samples(_taken(part, sampled), codes[sampled].astype(np.int32))
        others = _taken(part, (codes >= 0) & ~sampled)
        self._keep(others)

    def _add_samples(self, part: Rows, kinds: NDArray[np.int32]) -> None:
        if not len(kinds):
            return
        found = readings(part.columns["Value"])
        instants = self._instants("heart rate time", found.epochs)
        untold = found.epochs == cells.NO_INSTANT
        if untold.any():
            instants[untold] = self._moments(part, "Time")[untold]
        bad = (instants == cells.NO_INSTANT) | np.isnan(found.rates)
        for place in np.flatnonzero(bad).tolist():
            check = found.failures.get(place)
            if check is None:
                check = "missing_time" if untold[place] else "out_of_range"
            text = part.columns["Value"][place].as_py()
            reject(self.found, "heart_rate", int(part.numbers[place]), check, text)
        updated = self._moments(part, "UpdateTime")
        good = _taken(part, ~bad)
        if bad.any():
            instants, updated, kinds = instants[~bad], updated[~bad], kinds[~bad]
        rates = found.rates[~bad] if bad.any() else found.rates
        self.samples.add(instants, rates, good.numbers, updated, kinds, good.columns["Sid"])

    def _keep(self, part: Rows) -> None:
        """Put rows aside until the units of all their times are known."""
        if not len(part.numbers):
            return
        times, updates = self._moments(part, "Time"), self._moments(part, "UpdateTime")
        texts = zip(
            *(part.columns[name].to_pylist() for name in ("Sid", "Key", "Value")), strict=True
        )
        for place, (device, key, text) in enumerate(texts):
            number, value = int(part.numbers[place]), json_object(text)
            if value is None:
                reject(self.found, SIGNALS[key], number, "invalid_json", text)
                continue
            time, updated = int(times[place]), int(updates[place])
            self.kept.append(JsonRow(number, device, key, value, text, time, updated))

    def _add_kept(self) -> None:
        of_key: dict[str, list[JsonRow]] = {}
        for row in self.kept:
            of_key.setdefault(row.key, []).append(row)
        sleep = [row for row in self.kept if row.key in SLEEP_KEYS]
        add_sleep(self.found, sleep, daily_report=self.is_report)
        if self.is_report:
            add_heart_rate_summary(self.found, of_key.get("heart_rate", []))
        else:
            add_resting_heart_rate(self.found, of_key.get("resting_heart_rate", []))
            add_blood_pressure(self.found, of_key.get("blood_pressure", []))

    def _moments(self, part: Rows, column: str) -> NDArray[np.int64]:
        """A column of epoch values as microseconds."""
        if column not in part.columns:
            return np.full(len(part.numbers), cells.NO_INSTANT, np.int64)
        return self._instants(column, cells.integers(part.columns[column]))

    def _instants(self, column: str, epochs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Epoch values as microseconds; the first part that tells any decides the unit."""
        if column not in self.ticks and (epochs != cells.NO_INSTANT).any():
            self.ticks[column] = cells.ticks_per_second(epochs)
        return cells.instants(epochs, self.ticks.get(column, 1))

    def _reject_odd(self, number: int, text: str) -> None:
        """Reject a row of another width, unless its key says that it would hold nothing for us."""
        place = self.layout.places["Key"]
        found = fields(text.splitlines()[0], self.layout.header.delimiter)
        key = found[place] if len(found) > place + 1 else None
        if key is None or key in self.keys.to_pylist():
            signal = "unknown" if key is None else SIGNALS[key]
            self.found.reject(signal, number, "wrong_field_count", value=text)


def _taken(part: Rows, mask: NDArray[np.bool_]) -> Rows:
    """The rows of a part that a mask marks."""
    if mask.all():
        return part
    marked = pa.array(mask)
    taken: Mapping[str, Any] = {name: text.filter(marked) for name, text in part.columns.items()}
    return Rows(taken, part.numbers[mask])
