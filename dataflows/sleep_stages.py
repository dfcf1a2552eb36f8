"""Stages that stand in a file of their own: each minute once, with the night it belongs to.

Stages with nights beside them belong to those (`sleep_alignment`). A run of stages where no
session is recorded is a session of its own, made from its stages and flagged `made_from_stages`;
the row of its first stage is its row.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import resolution
from dataflows.clocks import integers
from dataflows.local_time import NONEXISTENT
from dataflows.rejection import rejected_where
from dataflows.sleep_alignment import Integers, aligned_stages
from dataflows.sleep_minutes import minutes_by_stage, with_agreeing_minutes, with_stage_minutes
from dataflows.sleep_nights import PAUSE_MINUTES
from dataflows.sleep_tables import DAY, MINUTE, MINUTES, STAGE_SIGNAL, frame_of
from dataflows.text_codes import ranks_of

MADE: Final = "made_from_stages"
SAME_STAGE: Final = "same_stage"


@dataclass(frozen=True)
class StagedSessions:
    """Sessions and the stages that belong to them; arrays are aligned to the stages.

    Attributes:
        sessions: The frame given, with sessions made from stages after them.
        stages: Stages, each of which belongs to a session.
        owners: Position of that session.
        shifts: Days that were added to the date of a stage.
        shadowed: Stages that were told twice.
        rejected: Stages at a wall time that their true date did not have.
    """

    sessions: pd.DataFrame
    stages: pa.Table
    owners: Integers
    shifts: Integers
    shadowed: pa.Table
    rejected: pa.Table


def staged_sessions(sessions: pd.DataFrame, stages: pa.Table) -> StagedSessions:
    """Lay stages without a session in their row where they belong; complete minutes from them."""
    aligned = aligned_stages(sessions, stages)
    rejected = rejected_where(
        aligned.stages,
        aligned.nonexistent,
        signal=STAGE_SIGNAL,
        check=NONEXISTENT,
        column="start_local",
    )
    rows = np.flatnonzero(~aligned.nonexistent)
    rows, shadowed = _once(aligned.stages.take(pa.array(rows)), rows)
    table = aligned.stages.take(pa.array(rows))
    owners = aligned.owners[rows]
    made, owners = _made_sessions(table, owners, len(sessions))
    frame = pd.concat([sessions, made], ignore_index=True) if len(made) else sessions
    frame = with_stage_minutes(frame, minutes_by_stage(frame, table, owners))
    return StagedSessions(
        with_agreeing_minutes(frame), table, owners, aligned.shifts[rows], shadowed, rejected
    )


def _once(stages: pa.Table, rows: Integers) -> tuple[Integers, pa.Table]:
    """Of stages of one source at one instant the first in canonical order, and the others."""
    kinds = ranks_of(stages["stage"])
    starts = integers(stages["start_utc"])
    same = [starts, ranks_of(stages["source"]), ranks_of(stages["device"])]
    preference = [kinds, ranks_of(stages["raw_sha256"]), integers(stages["raw_row"])]
    winners = resolution.winners_of(same, preference)
    lost = winners != np.arange(len(winners))
    order = np.lexsort([*preference[::-1], *same[::-1]])
    losers = order[lost[order]]
    equal = kinds[losers] == kinds[winners[losers]]
    rules = np.where(equal, SAME_STAGE, resolution.CONFLICT).astype(object)
    shadowed = resolution.shadowed(stages, losers, winners[losers], rules, signal=STAGE_SIGNAL)
    return rows[order[~lost[order]]], shadowed


def _made_sessions(stages: pa.Table, owners: Integers, known: int) -> tuple[pd.DataFrame, Integers]:
    """Sessions of runs of stages that no session holds, and owners with these sessions."""
    free = np.flatnonzero(owners < 0)
    keys = [ranks_of(stages["source"]), ranks_of(stages["device"])]
    free = free[np.lexsort((integers(stages["start_utc"])[free], *(key[free] for key in keys)))]
    if not len(free):
        return frame_of(stages.slice(0, 0)), owners
    starts, ends = integers(stages["start_utc"])[free], integers(stages["end_utc"])[free]
    new = np.concatenate(([True], starts[1:] - ends[:-1] > PAUSE_MINUTES * MINUTE))
    for key in keys:
        new[1:] |= np.diff(key[free]) != 0
    firsts = np.flatnonzero(new)
    lasts = np.append(firsts[1:], len(free)) - 1
    owners = owners.copy()
    owners[free] = known + np.cumsum(new) - 1
    made = frame_of(stages.take(pa.array(free[firsts])))
    return _as_sessions(made, stages.take(pa.array(free[lasts]))), owners


def _as_sessions(firsts: pd.DataFrame, lasts: pa.Table) -> pd.DataFrame:
    """Sessions from the first stage of each to the last one."""
    ends = integers(lasts["end_utc"])
    offsets = lasts["utc_offset_minutes"].to_numpy().astype(np.int64)
    nothing: dict[str, Any] = dict.fromkeys([*MINUTES, "efficiency_ratio"], np.nan)
    return firsts.drop(columns=["stage", "start_local", "end_local"]).assign(
        end_utc=ends,
        local_date=((ends + offsets * MINUTE) // DAY).astype(np.int32),
        is_nap=None,
        flags=MADE,
        updated_utc=0,
        **nothing,
    )


def chosen_owners(
    owners: Integers, labelled: NDArray[np.bool_], kept_by: Integers, sources: NDArray[np.object_]
) -> Integers:
    """The kept session that each stage is shown with, -1 for none.

    Stages from a file of their own go with the session that stands for theirs, if it is of the
    same source. Stages in the row of a session are shown with it; a kept session that has none
    borrows those of the best session that it stands for.

    Args:
        owners: The session of each stage, as a position in ranked sessions.
        labelled: Whether a stage stood in a file of its own.
        kept_by: `sleep_nights.keepers` of these sessions.
        sources: Their sources.
    """
    same_source = sources[kept_by] == sources
    moved = np.where(labelled & same_source[owners], kept_by[owners], owners)
    has_stages = np.bincount(moved, minlength=len(kept_by)) > 0
    lenders = np.full(len(kept_by), -1, np.int64)
    ranks = np.lexsort((np.arange(len(kept_by)), ~same_source))
    for row in ranks[has_stages[ranks]][::-1]:
        lenders[kept_by[row]] = row
    own = np.flatnonzero(has_stages & (kept_by == np.arange(len(kept_by))))
    lenders[own] = own
    return np.where(lenders[kept_by[moved]] == moved, kept_by[moved], -1)
