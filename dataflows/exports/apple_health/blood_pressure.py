"""Apple Health's blood pressures: two records, and often a correlation that holds them again.

- A reading is a correlation, and its row that of the correlation. The records in one also stand
  alone, as the type definition of the export says itself: they are one reading, counted once.
- Records without a correlation are paired by source and start; one without its other is rejected.
- Units are `mmHg`, or `kPa`, converted to a tenth and flagged.
- The pulse is no part of it: a cuff's app writes it as a heart rate of the same start, which is
  read as one, and beside the reading as its pulse.
- What the app of a band or of a cuffless device wrote was measured without a cuff [RECALL: names].
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np

from dataflows import clinical
from dataflows.exports import cells
from dataflows.exports.apple_health.columns import SOURCE, UNITS, Columns, recorded_offsets
from dataflows.exports.apple_health.strict import DIASTOLIC, SYSTOLIC
from dataflows.measurement import CUFFLESS

SIGNAL: Final = "blood_pressure"
FACTORS: Final = {"mmHg": 1.0, "kPa": clinical.MMHG_PER_KPA}
CONVERTED: Final = "converted_from_kpa"
CUFFLESS_APPS: Final = frozenset(
    {"mi fitness", "mi fit", "zepp", "zepp life", "aktiia", "hilo", "samsung health monitor"}
)

_BOTH: Final = (SYSTOLIC, DIASTOLIC)
_COLUMNS: Final = {"not_a_time": "startDate", "not_a_number": "value", UNITS: "unit"}
_REASONS: Final = {
    UNITS: "the unit is not one that blood pressures are told in",
    "missing_value": "the reading has only one of its two pressures",
}


class Pressure(NamedTuple):
    """One of the two pressures of a reading.

    Attributes:
        kind: `SYSTOLIC` or `DIASTOLIC`.
        device: Name of the source.
        start: Microseconds since 1970 UTC.
        value: mmHg.
        row: Of the record, or of the correlation that holds it.
        created: As `start`, or `cells.NO_INSTANT`.
        zone: As recorded, or None.
        is_converted: Whether it was in kPa.
    """

    kind: bytes
    device: str | None
    start: int
    value: float
    row: int
    created: int
    zone: str | None
    is_converted: bool

    @property
    def content(self) -> tuple[bytes, str | None, int, float]:
        """What is equal where a correlation tells it again."""
        return self.kind, self.device, self.start, self.value


class BloodPressures:
    """The blood pressures of a file, part by part."""

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256
        self.readings: list[dict[str, Any]] = []
        self.rejected: list[dict[str, Any]] = []
        self.repeated = self.sentinels = self.strange_zones = 0
        self._alone: list[Pressure] = []
        self._together: list[list[Pressure]] = []

    def add(self, told: Columns) -> None:
        """Add records that stand alone."""
        self._alone += [found for found in self._pressures(told) if found is not None]

    def add_correlations(self, groups: Iterable[int], told: Columns) -> None:
        """Add the records of correlations, each beside the number of its correlation."""
        by_group: dict[int, list[Pressure | None]] = {}
        for group, found in zip(groups, self._pressures(told), strict=True):
            by_group.setdefault(group, []).append(found)
        whole = [group for group in by_group.values() if None not in group]
        self._together += [[found for found in group if found] for group in whole]

    def finish(self) -> None:
        """Make readings of everything that was added."""
        repeated = Counter(found.content for group in self._together for found in group)
        pairs: dict[tuple[str | None, int], tuple[list[Pressure], list[Pressure]]] = {}
        for found in self._alone:
            if repeated[found.content]:
                repeated[found.content] -= 1
                self.repeated += 1
            else:
                both = pairs.setdefault((found.device, found.start), ([], []))
                both[found.kind == DIASTOLIC].append(found)
        for group in self._together:
            self._pair(*([found for found in group if found.kind == kind] for kind in _BOTH))
        for systolic, diastolic in pairs.values():
            self._pair(systolic, diastolic)
        self._add_zones()

    def add_pulses(self, heart_rates: Any) -> None:
        """Give readings the heart rate that their source measured at their start.

        Args:
            heart_rates: The table of the file.
        """
        starts = np.array([reading["start_utc"] for reading in self.readings], np.int64)
        times = heart_rates["start_utc"].cast("int64").to_numpy()
        rows = heart_rates.take(np.flatnonzero(np.isin(times, starts)))
        names = ("device", "kind", "heart_rate_bpm")
        told = zip(rows["start_utc"].cast("int64").to_pylist(),
                   *(rows[name].to_pylist() for name in names), strict=True)  # fmt: skip
        pulses = {(start, name): rate for start, name, kind, rate in told if kind != "resting"}
        for reading in self.readings:
            reading["pulse_bpm"] = pulses.get((reading["start_utc"], reading["device"]))

    def _pressures(self, told: Columns) -> list[Pressure | None]:
        """The pressures of some records; None for one that cannot be used, which is rejected."""
        values, failed = told.numbers(FACTORS)
        converted = values != told.numbers(dict.fromkeys(FACTORS, 1.0))[0]
        values = np.where(converted, np.round(values, 1), values)
        columns = (told.starts, values, told.rows, told.created, told.zones, converted)
        rows = zip(
            told.kinds, told.devices.to_pylist(), *(c.tolist() for c in columns), strict=True
        )
        found: list[Pressure | None] = []
        for place, pressure in enumerate(map(Pressure._make, rows)):
            check = next((check for check, mask in failed.items() if mask[place]), None)
            if check is not None:
                self._reject(pressure.row, check, told.values[place].as_py())
            found.append(pressure if check is None else None)
        return found

    def _pair(self, systolic: list[Pressure], diastolic: list[Pressure]) -> None:
        for first, second in zip(systolic, diastolic, strict=False):
            self._add(first, second)
        paired = min(len(systolic), len(diastolic))
        for lone in (*systolic[paired:], *diastolic[paired:]):
            self._reject(lone.row, "missing_value", f"{lone.value:g}")

    def _add(self, systolic: Pressure, diastolic: Pressure) -> None:
        if not systolic.value and not diastolic.value:
            self.sentinels += 1
            return
        flags = {
            CONVERTED: systolic.is_converted or diastolic.is_converted,
            CUFFLESS: (systolic.device or "").casefold() in CUFFLESS_APPS,
        }
        created = None if systolic.created == cells.NO_INSTANT else systolic.created
        self.readings.append(
            {
                "source": SOURCE,
                "device": systolic.device,
                "raw_sha256": self.sha256,
                "raw_row": systolic.row,
                "start_utc": systolic.start,
                "time_zone": systolic.zone or diastolic.zone,
                "updated_utc": created,
                "systolic_mmhg": systolic.value,
                "diastolic_mmhg": diastolic.value,
                "flags": ";".join(sorted(flag for flag, is_so in flags.items() if is_so)) or None,
            }
        )

    def _add_zones(self) -> None:
        """Give readings that name a zone the offset that it had."""
        starts = np.array([reading["start_utc"] for reading in self.readings], np.int64)
        zones = np.array([reading["time_zone"] for reading in self.readings], object)
        offsets, self.strange_zones = recorded_offsets(starts, zones)
        for reading, offset in zip(self.readings, offsets.to_pylist(), strict=True):
            reading["utc_offset_minutes"] = offset

    def _reject(self, row: int, check: str, value: str) -> None:
        self.rejected.append(
            cells.rejected_row(
                SIGNAL,
                SOURCE,
                self.sha256,
                row,
                check,
                column=_COLUMNS.get(check),
                value=value,
                reason=_REASONS.get(check),
            )
        )


def flat(
    correlations: Iterable[tuple[int, list[tuple[bytes, ...]]]],
) -> tuple[list[int], list[tuple[bytes, ...]]]:
    """The place of its correlation for each record of some correlations, and these records."""
    both = [(place, record) for place, told in correlations for record in told]
    return [place for place, _ in both], [record for _, record in both]
