"""Apple Health's heart rates: samples, those typed in by hand, and the watch's resting heart rate.

A rate is in `count/min`, or in `count/s` where an app wrote it so. A resting heart rate is told
again during the day with a new end: the one that was stored last counts. What other apps write as
"no measurement" (0, -1, 254, 255) is no record.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.apple_health.columns import (
    SOURCE,
    UNITS,
    Columns,
    has_zone,
    recorded_offsets,
)

SIGNAL: Final = "heart_rate"
FACTORS: Final = {"count/min": 1.0, "count/s": 60.0}
SENTINELS: Final = (0.0, -1.0, 254.0, 255.0)
KINDS: Final = ("sample", "manual", "resting")

_COLUMNS: Final = {"not_a_time": "startDate", "not_a_number": "value", UNITS: "unit"}
_REASONS: Final = {UNITS: "the unit is not one that heart rates are told in"}


@dataclass
class HeartRates:
    """The heart rates of a file, part by part."""

    sha256: str
    sentinels: int = 0
    strange_zones: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    kept: list[list[NDArray[Any]]] = field(default_factory=list)
    devices: list[Any] = field(default_factory=list)

    def add(self, told: Columns, *, resting: bool) -> None:
        """Add some records."""
        rates, failed = told.numbers(FACTORS)
        bad = np.zeros(len(rates), np.bool_)
        for check, mask in failed.items():
            self._reject(told, mask & ~bad, check)
            bad |= mask
        silent = ~bad & np.isin(rates, SENTINELS)
        self.sentinels += int(np.count_nonzero(silent))
        created = told.created if resting else np.full(len(rates), cells.NO_INSTANT, np.int64)
        kinds = np.full(len(rates), 2, np.int32) if resting else told.by_hand.astype(np.int32)
        columns = [told.starts, rates, told.rows, created, kinds, told.zones]
        stays = ~(bad | silent)
        if not stays.all():
            columns = [column[stays] for column in columns]
        self.kept.append(columns)
        self.devices.append(told.devices if stays.all() else told.devices.filter(pa.array(stays)))

    def _reject(self, told: Columns, mask: NDArray[np.bool_], check: str) -> None:
        for place in np.flatnonzero(mask).tolist():
            row = cells.rejected_row(
                SIGNAL,
                SOURCE,
                self.sha256,
                int(told.rows[place]),
                check,
                column=_COLUMNS[check],
                value=told.values[place].as_py(),
                reason=_REASONS.get(check),
            )
            self.rejected.append(row)

    def table(self) -> Any:
        """The heart rates as a parsed table; they are given away.

        Shape: columns of `records.PARSED["heart_rate"]`.
        """
        kinds = (np.int64, np.float64, np.int32, np.int64, np.int32, object)
        starts, rates, rows, created, codes, zones = (self._next_column(kind) for kind in kinds)
        given = {
            "source": SOURCE,
            "device": cells.joined(self.devices),
            "raw_sha256": self.sha256,
            "raw_row": rows,
            "start_utc": cells.timestamps(starts, records.INSTANT),
            "updated_utc": cells.timestamps(created, records.INSTANT),
            "heart_rate_bpm": rates,
            "kind": pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(KINDS)),
        }
        if has_zone(zones).any():
            offsets, self.strange_zones = recorded_offsets(starts, zones)
            given["utc_offset_minutes"] = offsets
            given["time_zone"] = pa.array(zones, pa.string()).dictionary_encode()
        return records.table_from_columns(records.PARSED["heart_rate"], given, len(rates))

    def _next_column(self, kind: Any) -> NDArray[Any]:
        """The first column of all parts, which give it up: no column is held twice for long."""
        return np.concatenate([np.empty(0, kind), *(part.pop(0) for part in self.kept)])
