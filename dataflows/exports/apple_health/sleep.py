"""Apple Health's sleep analysis: segments, each a stage of its own row. It tells no nights.

- `Core` is light sleep; `Asleep` (before iOS 16) and `AsleepUnspecified` are asleep, stage unknown.
- `InBed` is time in bed and never sleep; mostly the phone tells it, beside the stages of a watch.
- At one time a source tells one thing: of two segments that overlap the one of a stage counts
  before time awake, and that before sleep of unknown stage; the other is cut, or given up.
- Which segments make a night, and which time in bed is its, is decided for all exports together
  (`sleep_runs`).

Source: HealthKit's `HKCategoryValueSleepAnalysis`, as in formats.md, section 4.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.apple_health.columns import SOURCE, Columns, has_zone, recorded_offsets

SIGNAL: Final = "sleep_stages"
PREFIX: Final = "HKCategoryValueSleepAnalysis"
IN_BED: Final = "in_bed"
STAGES: Final = {
    "InBed": IN_BED,
    "Asleep": "asleep",
    "AsleepUnspecified": "asleep",
    "AsleepCore": "light",
    "AsleepDeep": "deep",
    "AsleepREM": "rem",
    "Awake": "awake",
}
LONGEST: Final = cells.DAY

_PRECEDENCE: Final = {"deep": 0, "rem": 0, "light": 0, "awake": 1, "asleep": 2}
_COLUMNS: Final = {"not_a_time": "startDate", "unknown_stage": "value"}
_REASONS: Final = {
    "ends_before_start": "the segment ends before it begins",
    "out_of_range": "the segment is longer than 24 hours",
}


class Segment(NamedTuple):
    """One segment; times are microseconds since 1970 UTC.

    Attributes:
        device: Name of its source.
        start: When it began.
        end: When it ended.
        stage: As in `records`.
        row: Its row.
        zone: As recorded, or None.
    """

    device: str
    start: int
    end: int
    stage: str
    row: int
    zone: str | None


class Sleep:
    """The sleep segments of a file, part by part."""

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256
        self.rejected: list[dict[str, Any]] = []
        self.placeholders = self.overlapping = self.strange_zones = 0
        self._segments: list[Segment] = []

    def add(self, told: Columns) -> None:
        """Add some records."""
        stages = [STAGES.get(value.removeprefix(PREFIX)) for value in told.values.to_pylist()]
        failed = {
            "not_a_time": (told.starts == cells.NO_INSTANT) | (told.ends == cells.NO_INSTANT),
            "unknown_stage": np.array([stage is None for stage in stages]),
            "ends_before_start": told.ends < told.starts,
            "out_of_range": told.ends - told.starts > LONGEST,
        }
        bad = np.zeros(len(stages), np.bool_)
        for check, mask in failed.items():
            for place in np.flatnonzero(mask & ~bad).tolist():
                self._reject(told, place, check)
            bad |= mask
        empty = ~bad & (told.starts == told.ends)
        self.placeholders += int(np.count_nonzero(empty))
        columns = (told.starts.tolist(), told.ends.tolist(), stages, told.rows.tolist(), told.zones)
        devices = told.devices.to_pylist()
        rows = zip(devices, *columns, ~(bad | empty), strict=True)
        self._segments += [Segment(row[0] or "", *row[1:-1]) for row in rows if row[-1]]

    def _reject(self, told: Columns, place: int, check: str) -> None:
        self.rejected.append(
            cells.rejected_row(
                SIGNAL,
                SOURCE,
                self.sha256,
                int(told.rows[place]),
                check,
                column=_COLUMNS.get(check, "endDate"),
                value=told.values[place].as_py(),
                reason=_REASONS.get(check),
            )
        )

    def table(self) -> Any:
        """The segments as a parsed table.

        Shape: columns of `records.PARSED["sleep_stages"]`.
        """
        found: list[Segment] = []
        ordered = sorted(self._segments, key=_order)
        for _, told in groupby(ordered, key=lambda segment: segment.device):
            found += self._one_at_a_time(list(told))
        devices, starts, ends, stages, rows, zones = zip(*found, strict=True) if found else [()] * 6
        moments, names = np.array(starts, np.int64), np.array(zones, object)
        given = {
            "source": SOURCE,
            "device": pa.array([device or None for device in devices], pa.string()),
            "raw_sha256": self.sha256,
            "raw_row": np.array(rows, np.int32),
            "start_utc": cells.timestamps(moments, records.INSTANT),
            "end_utc": cells.timestamps(np.array(ends, np.int64), records.INSTANT),
            "stage": pa.array(stages, pa.string()),
        }
        if has_zone(names).any():
            given["utc_offset_minutes"], self.strange_zones = recorded_offsets(moments, names)
            given["time_zone"] = pa.array(zones, pa.string())
        return records.table_from_columns(records.PARSED["sleep_stages"], given, len(found))

    def _one_at_a_time(self, told: Sequence[Segment]) -> list[Segment]:
        """The segments of one source by start, none of them overlapping but for time in bed."""
        in_bed = [segment for segment in told if segment.stage == IN_BED]
        told = [segment for segment in told if segment.stage != IN_BED]
        found = list(in_bed)
        for cluster in _clusters(told):
            pieces = list(_without_overlaps(cluster))
            whole = len(set(pieces) & set(cluster))
            self.overlapping += len(cluster) - whole
            found += pieces
        return sorted(found, key=_order)


def _order(segment: Segment) -> tuple[str, int, int, str, int]:
    return segment.device, segment.start, segment.end, segment.stage, segment.row


def _clusters(told: Iterable[Segment]) -> list[list[Segment]]:
    """Segments, ordered by start, in groups of those that overlap directly or through others."""
    clusters: list[list[Segment]] = []
    latest = 0
    for segment in told:
        if clusters and segment.start < latest:
            clusters[-1].append(segment)
            latest = max(latest, segment.end)
        else:
            clusters.append([segment])
            latest = segment.end
    return clusters


def _without_overlaps(cluster: Sequence[Segment]) -> Iterable[Segment]:
    """The parts of some segments that no segment of higher precedence, or equal and before, has."""
    if len(cluster) == 1:
        return cluster
    taken: list[tuple[int, int]] = []
    pieces: list[Segment] = []
    for segment in sorted(cluster, key=lambda each: (_PRECEDENCE[each.stage], _order(each))):
        for start, end in _free(segment, taken):
            taken.insert(bisect_left(taken, (start, end)), (start, end))
            pieces.append(segment._replace(start=start, end=end))
    return pieces


def _free(segment: Segment, taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The stretches of a segment that lie in none of some intervals, which are in order."""
    free, start = [], segment.start
    for first, last in taken:
        if first >= segment.end:
            break
        if first > start:
            free.append((start, first))
        start = max(start, last)
    if start < segment.end:
        free.append((start, segment.end))
    return free
