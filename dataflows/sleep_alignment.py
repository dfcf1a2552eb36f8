"""Stages whose date is only a label, laid where their nights are.

Zepp exports stages minute by minute with a date and a wall time, and the dates do not agree with
those of its nights: one reading of them is that every minute of a night carries its wake date,
another that all dates are a day late. So no date is believed. Minutes make blocks (one date, no
long gap), and each block is tried a day earlier, as labelled, and a day later against the nights
of the same source. One program wrote the file, so the shift that fits most blocks of a kind,
evening or other, is the shift of all of its kind; a block that this leaves without a night may
take another, if no other block is there.

Where a file comes without nights the labels are believed, unless evenings continue in the morning
of their own date more often than in that of the next: then dates are wake dates.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import records
from dataflows.clocks import integers
from dataflows.local_time import localised
from dataflows.sleep_tables import DAY, MINUTE
from dataflows.text_codes import codes_of

SHIFTS: Final = (0, -1, 1)
"""Days added to a label, the first of equally good ones counts. Ours: the two readings that are
published, and their mirror image."""

BLOCK_GAP_MINUTES: Final = 15
"""Ours: minutes further apart are tried apart. Smaller than any pause that makes two sleeps."""

EVENING_HOUR: Final = 18
"""Ours: a block that starts from here on is an evening's. The published rule says 20, which would
split the early sleeper's."""

EDGE_TOLERANCE_MINUTES: Final = 2
"""Ours: labels are whole minutes, nights are not, and both are cut at their ends."""

FIT_RATIO: Final = 0.8
"""Ours: a block fits where so much of it lies in nights."""

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


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


@dataclass(frozen=True)
class _Nights:
    """Sessions of one source by their start, and the latest-ending of those before each.

    Of equal sessions the last one here is the first of the sessions given.
    """

    starts: Integers
    ends: Integers
    latest: Integers
    positions: Integers

    def at(self, times: Integers) -> Integers:
        """The index of the night that each time lies in, -1 for none."""
        if not len(self.starts):
            return np.full(len(times), -1, np.int64)
        tolerance = EDGE_TOLERANCE_MINUTES * MINUTE
        last = np.searchsorted(self.starts - tolerance, times, side="right") - 1
        found = np.full(len(times), -1, np.int64)
        for candidate in (self.latest[last], last):
            inside = (last >= 0) & (times < self.ends[candidate] + tolerance)
            found = np.where(inside, candidate, found)
        return found


@dataclass(frozen=True)
class _Tried:
    """One file's blocks under every shift; the first axis is that of `SHIFTS`."""

    starts: Integers
    nights: Integers
    scores: NDArray[np.float64]


def aligned_stages(sessions: pd.DataFrame, stages: pa.Table) -> Alignment:
    """Every stage that stands in no session's row, on its true date and with its session.

    Args:
        sessions: Frame of sessions, of which those of the same source are candidates.
        stages: Stages without a session of their own (`sleep_tables.CHECKED_STAGES`). Those that
            were recorded as instants are not shifted.
    """
    length = stages.num_rows
    shifts = np.zeros(length, np.int64)
    owners = np.full(length, -1, np.int64)
    labelled = stages["start_local"].is_valid().to_numpy()
    starts = {shift: _shifted(stages, np.full(length, shift)) for shift in SHIFTS}
    walls = _walls(stages)
    for source, has_label, rows in _files(stages, labelled):
        nights = _nights(sessions, source)
        tried = SHIFTS if has_label else SHIFTS[:1]
        times = np.stack([integers(starts[shift]["start_utc"])[rows] for shift in tried])
        chosen, night = _aligned_file(walls[rows], times, nights)
        shifts[rows] = np.asarray(SHIFTS)[chosen]
        owners[rows] = np.where(night >= 0, np.append(nights.positions, -1)[night], -1)
    moved = _shifted(stages, shifts)
    return Alignment(
        _with_times(stages, moved), owners, shifts, np.asarray(moved["nonexistent"]) & labelled
    )


def _files(stages: pa.Table, labelled: Flags) -> Iterator[tuple[str, bool, Integers]]:
    """Source, whether dates are labels, and rows of each file's stages."""
    files, _ = codes_of(stages["raw_sha256"])
    sources, names = codes_of(stages["source"])
    keys = (files.astype(np.int64) * len(names) + sources) * 2 + labelled
    for key in np.unique(keys):
        yield names[key // 2 % len(names)], bool(key % 2), np.flatnonzero(keys == key)


def _walls(stages: pa.Table) -> Integers:
    """Wall time of every stage as its export labels it."""
    offsets = stages["utc_offset_minutes"].to_numpy().astype(np.int64)
    told = integers(stages["start_local"])
    labelled = stages["start_local"].is_valid().to_numpy()
    return np.where(labelled, told, integers(stages["start_utc"]) + offsets * MINUTE)


def _shifted(stages: pa.Table, shifts: Integers) -> dict[str, Any]:
    """The time columns of stages whose labels are moved by whole days of wall time."""
    names = ["start_local", "end_local"]
    walls = {name: integers(stages[name]) + shifts * DAY for name in names}
    labelled = stages["start_local"].is_valid().to_numpy()
    zoned = stages["time_zone"].is_valid().to_numpy()
    table = pa.table(
        {
            "start_utc": pa.array(integers(stages["start_utc"]), mask=labelled).cast(
                records.INSTANT
            ),
            "end_utc": pa.array(integers(stages["end_utc"]), mask=labelled).cast(records.INSTANT),
            **{name: pa.array(walls[name]).cast(records.WALL_TIME) for name in names},
            "utc_offset_minutes": pa.array(
                stages["utc_offset_minutes"].to_numpy(), mask=zoned | ~labelled
            ),
            "time_zone": stages["time_zone"],
        }
    )
    times = localised(table, home_time_zone="UTC", home_time_zone_source="configured")
    return {**times.columns, "nonexistent": times.nonexistent}


def _with_times(stages: pa.Table, moved: dict[str, Any]) -> pa.Table:
    for name in ("start_utc", "end_utc", "utc_offset_minutes", "local_date"):
        place = stages.column_names.index(name)
        stages = stages.set_column(place, stages.schema.field(name), moved[name])
    return stages


def _nights(sessions: pd.DataFrame, source: str) -> _Nights:
    positions = np.flatnonzero((sessions["source"] == source).to_numpy())
    starts = sessions["start_utc"].to_numpy()[positions]
    ends = sessions["end_utc"].to_numpy()[positions]
    order = np.lexsort((-positions, ends, starts))
    starts, ends = starts[order], ends[order]
    best = np.maximum.accumulate(ends)
    latest = np.maximum.accumulate(np.where(ends == best, np.arange(len(ends)), 0))
    return _Nights(starts, ends, latest, positions[order])


def _aligned_file(walls: Integers, times: Integers, nights: _Nights) -> tuple[Integers, Integers]:
    """For each stage of one file the index into `SHIFTS` and that of its night."""
    order = np.argsort(walls, kind="stable")
    walls, times = walls[order], times[:, order]
    firsts = _block_starts(walls)
    blocks = np.cumsum(np.isin(np.arange(len(walls)), firsts)) - 1
    tried = _tried(times, firsts, nights)
    evening = walls[firsts] % DAY >= EVENING_HOUR * 60 * MINUTE
    preferred = _preferred_shifts(tried.scores, evening, walls, firsts)
    chosen, fits = _chosen_shifts(tried, preferred, blocks)
    rows = np.arange(len(walls))
    night = np.where(fits[blocks], tried.nights[chosen[blocks], rows], -1)
    night = _completed(night, blocks, fits)
    back = np.argsort(order, kind="stable")
    return chosen[blocks][back], night[back]


def _block_starts(walls: Integers) -> Integers:
    """Where a block begins: at a new label date, and after a gap."""
    new = np.diff(walls) > BLOCK_GAP_MINUTES * MINUTE
    new |= np.diff(walls // DAY) > 0
    return np.concatenate(([0], np.flatnonzero(new) + 1))


def _tried(times: Integers, firsts: Integers, nights: _Nights) -> _Tried:
    """How well each block fits under each shift: its part inside nights, and edges that meet."""
    lasts = np.append(firsts[1:], times.shape[1]) - 1
    sizes = lasts - firsts + 1
    tolerance = EDGE_TOLERANCE_MINUTES * MINUTE
    starts = np.append(nights.starts, -DAY)
    ends = np.append(nights.ends, -DAY)
    found, scores = [], []
    for row in times:
        night = nights.at(row)
        share = np.add.reduceat((night >= 0).astype(np.int64), firsts) / sizes
        meets_start = np.abs(row[firsts] - starts[night[firsts]]) <= tolerance
        meets_end = np.abs(row[lasts] + MINUTE - ends[night[lasts]]) <= tolerance
        found.append(night)
        scores.append(np.where(share >= FIT_RATIO, share + meets_start + meets_end, 0.0))
    return _Tried(times, np.stack(found), np.stack(scores))


def _preferred_shifts(
    scores: NDArray[np.float64], evening: Flags, walls: Integers, firsts: Integers
) -> Integers:
    """The shift, as index, that suits most blocks of the same kind."""
    totals = {kind: scores[:, evening == kind].sum(axis=1).round(6) for kind in (True, False)}
    best = {kind: int(np.argmax(total)) for kind, total in totals.items()}
    if not totals[True].any():
        days = SHIFTS[best[False]] + _evening_shift(walls, firsts)
        best[True] = SHIFTS.index(days) if days in SHIFTS[: len(scores)] else best[False]
    return np.where(evening, best[True], best[False])


def _evening_shift(walls: Integers, firsts: Integers) -> int:
    """-1 where dates are wake dates, 0 where a night goes on under the next date."""
    lasts = walls[np.append(firsts[1:], len(walls)) - 1]
    evenings = lasts[(lasts % DAY) >= DAY - BLOCK_GAP_MINUTES * MINUTE] // DAY
    begins = walls[firsts]
    mornings = begins[(begins % DAY) < BLOCK_GAP_MINUTES * MINUTE] // DAY
    own = np.isin(evenings, mornings).sum()
    following = np.isin(evenings + 1, mornings).sum()
    return -1 if own > following else 0


def _chosen_shifts(tried: _Tried, preferred: Integers, blocks: Integers) -> tuple[Integers, Flags]:
    """The shift of each block, and whether it fits a night there."""
    everyone = np.arange(len(preferred))
    chosen = preferred.copy()
    fits = tried.scores[preferred, everyone] > 0
    taken = tried.starts[chosen[blocks], np.arange(len(blocks))][fits[blocks]]
    for block in np.flatnonzero(~fits & (tried.scores.max(axis=0) > 0)):
        other = int(np.argmax(tried.scores[:, block]))
        mine = tried.starts[other, blocks == block]
        if not np.isin(mine, taken).any():
            chosen[block], fits[block] = other, True
            taken = np.concatenate((taken, mine))
    return chosen, fits


def _completed(night: Integers, blocks: Integers, fits: Flags) -> Integers:
    """The few minutes of a fitting block that lie outside go with the minute before or after."""
    rows = np.arange(len(night))
    filled = np.where(night >= 0, rows, -1)
    before = np.maximum.accumulate(filled)
    after = np.minimum.accumulate(np.where(night >= 0, rows, len(night))[::-1])[::-1]
    for candidate in (before, after):
        near = np.where((candidate >= 0) & (candidate < len(night)), candidate, rows)
        same = blocks[near] == blocks
        night = np.where((night < 0) & fits[blocks] & same, night[near], night)
    return night
