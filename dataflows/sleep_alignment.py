"""Stages whose date is only a label, laid where their nights are.

Zepp exports stages with a date and a wall time, and the dates do not agree with those of its
nights: one reading of them is that every minute of a night carries its wake date, another that all
dates are a day late. So no date is believed. Stages make blocks (one date, no long gap), and each
block is tried a day earlier, as labelled, and a day later against the nights of the same source,
and of the same device, if that tells nights of its own. A night whose stages stand in its row needs
no others.
The shift that fits most of its neighbours of the same kind, evening or other, is the shift of a
block; one that this leaves without a night may take another, where no other block is.

Where a file comes without nights its labels are believed, with two exceptions that make them wake
dates: stages of one label run on over midnight, or evenings continue in the morning of their own
date more often than in that of the next.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dataflows import records
from dataflows.clocks import integers
from dataflows.local_time import localised
from dataflows.sleep_blocks import SHIFTS, Flags, Integers, Nights, Times, aligned_file
from dataflows.sleep_tables import DAY, MINUTE
from dataflows.text_codes import codes_of


@dataclass(frozen=True)
class Alignment:
    """What became of each stage; arrays are aligned to the table of stages.

    Attributes:
        stages: The table with its time columns as shifted.
        owners: The position of the session a stage belongs to, -1 for none.
        shifts: Days that were added to the label.
        nonexistent: The clocks skipped this wall time on its true date.
    """

    stages: pa.Table
    owners: Integers
    shifts: Integers
    nonexistent: Flags


def aligned_stages(sessions: pd.DataFrame, stages: pa.Table) -> Alignment:
    """Every stage that stands in no session's row, on its true date and with its session.

    Args:
        sessions: Frame of sessions, of which those of the same source are candidates, with
            `has_stages`: whether their stages stand in their row.
        stages: Stages without a session of their own (`sleep_tables.CHECKED_STAGES`). Those that
            were recorded as instants are not shifted.
    """
    length = stages.num_rows
    shifts = np.zeros(length, np.int64)
    owners = np.full(length, -1, np.int64)
    labelled = stages["start_local"].is_valid().to_numpy()
    times = _times(stages)
    for source, device, has_label, unordered in _files(stages, labelled):
        nights = _nights(sessions, source, device)
        rows = unordered[np.lexsort((times.walls[unordered], times.labels[unordered]))]
        chosen, night = aligned_file(times.of(rows, len(SHIFTS) if has_label else 1), nights)
        shifts[rows] = np.asarray(SHIFTS)[chosen]
        owners[rows] = np.where(night >= 0, np.append(nights.positions, -1)[night], -1)
    true = _shifted(stages, shifts)
    skipped = np.asarray(true["nonexistent"]) & labelled
    return Alignment(_with_times(stages, true), owners, shifts, skipped)


def _files(stages: pa.Table, labelled: Flags) -> Iterator[tuple[str, str | None, bool, Integers]]:
    """Source, device, whether dates are labels, and rows of each file's stages."""
    files, _ = codes_of(stages["raw_sha256"])
    sources, source_names = codes_of(stages["source"])
    devices, device_names = codes_of(stages["device"])
    keys = np.stack([files, sources, devices, labelled])
    kinds, numbers = np.unique(keys, axis=1, return_inverse=True)
    for number, (_, source, device, has_label) in enumerate(kinds.T.tolist()):
        rows = np.flatnonzero(numbers.reshape(-1) == number)
        named = None if device < 0 else device_names[device]
        yield source_names[source], named, bool(has_label), rows


def _times(stages: pa.Table) -> Times:
    offsets = stages["utc_offset_minutes"].to_numpy().astype(np.int64)
    labelled = stages["start_local"].is_valid().to_numpy()
    walls = integers(stages["start_utc"]) + offsets * MINUTE
    walls = np.where(labelled, integers(stages["start_local"]), walls)
    has_label = np.asarray(stages["label_date"].is_valid())
    moved = [_shifted(stages, np.full(stages.num_rows, shift)) for shift in SHIFTS]
    return Times(
        walls,
        np.stack([integers(columns["start_utc"]) for columns in moved]),
        np.stack([integers(columns["end_utc"]) for columns in moved]),
        np.where(has_label, integers(stages["label_date"]), walls // DAY),
    )


def _shifted(stages: pa.Table, shifts: Integers) -> dict[str, Any]:
    """The time columns of stages whose labels are moved by whole days of wall time.

    A stage lasts as long as its wall times say: it is too short for the clocks to change in it.
    """
    labelled = stages["start_local"].is_valid().to_numpy()
    zoned = stages["time_zone"].is_valid().to_numpy()
    starts, walls = integers(stages["start_utc"]), integers(stages["start_local"])
    lasted = integers(stages["end_utc"]) - starts
    table = pa.table(
        {
            "start_utc": pa.array(starts, mask=labelled).cast(records.INSTANT),
            "start_local": pa.array(walls + shifts * DAY).cast(records.WALL_TIME),
            "utc_offset_minutes": pa.array(
                stages["utc_offset_minutes"].to_numpy(), mask=zoned | ~labelled
            ),
            "time_zone": stages["time_zone"],
        }
    )
    times = localised(table, home_time_zone="UTC", home_time_zone_source="configured")
    ends = integers(times.columns["start_utc"]) + lasted
    end = {"end_utc": pa.array(ends).cast(records.INSTANT)}
    return {**times.columns, **end, "nonexistent": times.nonexistent}


def _with_times(stages: pa.Table, moved: dict[str, Any]) -> pa.Table:
    for name in ("start_utc", "end_utc", "utc_offset_minutes", "local_date"):
        place = stages.column_names.index(name)
        stages = stages.set_column(place, stages.schema.field(name), moved[name])
    return stages


def _nights(sessions: pd.DataFrame, source: str, device: str | None) -> Nights:
    """The nights of a source; of the device alone, and without stages of their own, if any are."""
    chosen = (sessions["source"] == source).to_numpy(np.bool_)
    for better in (sessions["device"] == device, ~sessions["has_stages"]):
        narrowed = chosen & better.to_numpy(np.bool_)
        chosen = narrowed if narrowed.any() else chosen
    positions = np.flatnonzero(chosen)
    starts = sessions["start_utc"].to_numpy()[positions]
    ends = sessions["end_utc"].to_numpy()[positions]
    order = np.lexsort((-positions, ends, starts))
    starts, ends = starts[order], ends[order]
    best = np.maximum.accumulate(ends)
    latest = np.maximum.accumulate(np.where(ends == best, np.arange(len(ends)), 0))
    return Nights(starts, ends, latest, positions[order])
