"""Health Connect's sleep: sessions, and the stages that belong to them.

A session without a stage is unstaged sleep from its start to its end; where its stages leave
minutes out, nothing is known of these.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pyarrow as pa

# Source: androidx.health.connect.client.records.SleepSessionRecord, STAGE_TYPE_*; 0 is unknown.
_STAGES: Final = {
    1: "awake", 2: "asleep", 3: "awake", 4: "light", 5: "deep", 6: "rem", 7: "awake",
}  # fmt: skip
_UNKNOWN: Final = 0
_STAGED: Final = ("deep", "light", "rem")
_MICROS: Final = 1_000
_MINUTE: Final = 60_000_000
STAGE_COLUMNS: Final = dict.fromkeys(
    ("parent_key", "stage_start_time", "stage_end_time", "stage_type"), pa.int64()
)


class Stages:
    """The stages of all sessions.

    Args:
        rows: Theirs, with `STAGE_COLUMNS`, in milliseconds since 1970 UTC, and `row`.

    Attributes:
        lost: How many say nothing that can be used.
    """

    def __init__(self, rows: pa.Table) -> None:
        self.lost = 0
        self._found: dict[int, list[dict[str, Any]]] = {}
        for row in rows.sort_by("stage_start_time").to_pylist():
            start, end, kind = (row[name] for name in [*STAGE_COLUMNS][1:])
            stage = _STAGES.get(kind)
            if start is None or end is None or end <= start or (stage is None and kind != _UNKNOWN):
                self.lost += 1
            elif stage is not None:
                told = {"raw_row": row["row"], **_span(start, end), "stage": stage}
                self._found.setdefault(row["parent_key"], []).append(told)

    def of(self, session: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The stages of a session, in the order of time."""
        yield from self._found.get(session["row_id"], ())

    def session(self, session: Mapping[str, Any]) -> dict[str, Any]:
        """When a session was, and its minutes in each stage."""
        updated = session["last_modified_time"]
        span = _span(session["start_time"], session["end_time"])
        return {
            "raw_row": session["row"],
            "updated_utc": None if updated is None else updated * _MICROS,
            **span,
            **self._minutes(session, span["end_utc"] - span["start_utc"]),
        }

    def _minutes(self, session: Mapping[str, Any], length: int) -> dict[str, Any]:
        sums = dict.fromkeys(("awake", "asleep", *_STAGED), 0.0)
        for one in self.of(session):
            sums[one["stage"]] += (one["end_utc"] - one["start_utc"]) / _MINUTE
        if not any(sums.values()):
            whole = length / _MINUTE
            return {"asleep_minutes": whole, "unstaged_minutes": whole, "flags": "unstaged"}
        staged = sum(sums[stage] for stage in _STAGED)
        return {
            "asleep_minutes": staged + sums["asleep"],
            **{f"{stage}_minutes": sums[stage] if staged else None for stage in _STAGED},
            "awake_minutes": sums["awake"],
            "unstaged_minutes": sums["asleep"] or None,
            "flags": None if staged else "unstaged",
        }


def _span(start: int, end: int) -> dict[str, int]:
    return {"start_utc": start * _MICROS, "end_utc": end * _MICROS}
