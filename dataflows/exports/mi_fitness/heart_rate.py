"""Mi Fitness' heart rates: samples by the million, one JSON object in each row.

`heart_rate` is what the device measured by itself, `single_heart_rate` what the person asked for.
Their times are true UTC. An object of exactly the usual shape is read by a regular expression; any
other by the JSON reader, so that the short way decides nothing: both give the same.

Source: keys and shapes as in formats.md, section 1.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataflows import records
from dataflows.exports import cells

SAMPLE_KEYS: Final = ("heart_rate", "single_heart_rate")
KINDS: Final = ("sample", "manual")
SENTINELS: Final = (0.0, -1.0, 254.0, 255.0)

# Whole numbers as JSON writes them, without a sign; a time of 0 is no time.
_TIME: Final = r'"time": ?(?P<time>[1-9][0-9]{0,17})'
_RATE: Final = r'"bpm": ?(?P<rate>0|[1-9][0-9]{0,5})'
_TYPE: Final = r'(?:, ?"type": ?[0-9])?'
USUAL_SHAPES: Final = (
    rf"^\{{{_TIME}, ?{_RATE}{_TYPE}\}}$",
    rf"^\{{{_RATE}, ?{_TIME}{_TYPE}\}}$",
)


@dataclass(frozen=True)
class Readings:
    """What a column of JSON objects says.

    Attributes:
        epochs: Times; `cells.NO_INSTANT` where the object tells none.
        rates: Heart rates; not a number where the object cannot be used.
        failures: Check that an object fails, by its place.
    """

    epochs: NDArray[np.int64]
    rates: NDArray[np.float64]
    failures: dict[int, str]


def readings(values: Any) -> Readings:
    """The times and heart rates of an Arrow array of JSON objects."""
    epochs = np.full(len(values), cells.NO_INSTANT, np.int64)
    rates = np.full(len(values), np.nan)
    left = np.arange(len(values))
    for shape in USUAL_SHAPES:
        if not len(left):
            break
        found = pc.extract_regex(values if len(left) == len(values) else values.take(left), shape)
        usual = np.asarray(found.is_valid())
        found = found if usual.all() else found.drop_null()
        epochs[left[usual]] = found.field("time").cast(pa.int64())
        rates[left[usual]] = found.field("rate").cast(pa.int32())
        left = left[~usual]
    failures: dict[int, str] = {}
    for place in left.tolist():
        epochs[place], rates[place], failure = reading(values[place].as_py())
        if failure is not None:
            failures[place] = failure
    return Readings(epochs, rates, failures)


def reading(text: str) -> tuple[int, float, str | None]:
    """The time and heart rate of one JSON object, or the check that it fails."""
    value = json_object(text)
    if value is None:
        return cells.NO_INSTANT, np.nan, "invalid_json"
    if value.get("bpm") is None:
        return cells.NO_INSTANT, np.nan, "missing_value"
    rate, epoch = cells.number(value["bpm"]), cells.whole(value.get("time") or 0)
    if rate is None or epoch is None:
        return cells.NO_INSTANT, np.nan, "not_a_number" if rate is None else "not_a_time"
    return epoch or cells.NO_INSTANT, rate, None


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is, or None."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


@dataclass
class Samples:
    """The samples of a file, part by part."""

    columns: list[list[NDArray[Any]]] = field(default_factory=list)
    devices: list[Any] = field(default_factory=list)
    sentinels: int = 0

    def add(
        self, instants: Any, rates: Any, numbers: Any, updated: Any, kinds: Any, devices: Any
    ) -> None:
        """Add the samples of a part; a device's word for "no measurement" is counted, not kept."""
        silent = np.isin(rates, SENTINELS)
        self.sentinels += int(np.count_nonzero(silent))
        columns = [instants, rates, numbers, updated, kinds]
        if silent.any():
            columns = [column[~silent] for column in columns]
            devices = devices.filter(pa.array(~silent))
        self.columns.append(columns)
        named = devices.dictionary_encode()
        if "" in named.dictionary.to_pylist():
            named = pc.if_else(pc.equal(devices, ""), None, devices).dictionary_encode()
        self.devices.append(named)

    def table(self, source: str, sha256: str) -> Any:
        """The samples as a parsed table; they are given away.

        Shape: columns of `records.PARSED["heart_rate"]`.
        """
        types = (np.int64, np.float64, np.int32, np.int64, np.int32)
        instants, rates, numbers, updated, kinds = (self._next_column(kind) for kind in types)
        given = {
            "source": source,
            "device": cells.joined(self.devices),
            "raw_sha256": sha256,
            "raw_row": numbers,
            "start_utc": cells.timestamps(instants, records.INSTANT),
            "updated_utc": cells.timestamps(updated, records.INSTANT),
            "heart_rate_bpm": rates,
            "kind": pa.DictionaryArray.from_arrays(pa.array(kinds), pa.array(KINDS)),
        }
        return records.table_from_columns(records.PARSED["heart_rate"], given, len(rates))

    def _next_column(self, kind: Any) -> NDArray[Any]:
        """The first column of all parts, which give it up: no column is held twice for long."""
        return np.concatenate([np.empty(0, kind), *(part.pop(0) for part in self.columns)])
