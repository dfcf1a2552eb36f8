"""Stages that stand in a file of their own: each minute once, with the night it belongs to.

Stages with nights beside them belong to those (`sleep_alignment`). A run of stages where no
session is recorded is a session of its own (`sleep_runs`), made from its stages and flagged
`made_from_stages`; its row and device are those of the first stage that tells more than a time in
bed. One without such a stage is flagged `in_bed_only`: nobody knows whether the person slept.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import records, resolution
from dataflows.clocks import integers
from dataflows.local_time import NONEXISTENT
from dataflows.main_sleeps import IN_BED_ONLY
from dataflows.rejection import rejected_where
from dataflows.sleep_alignment import aligned_stages
from dataflows.sleep_blocks import Integers
from dataflows.sleep_minutes import minutes_by_stage, with_agreeing_minutes, with_stage_minutes
from dataflows.sleep_runs import with_runs
from dataflows.sleep_spans import IN_BED
from dataflows.sleep_tables import CHECKED_STAGES, DAY, MINUTE, MINUTES, STAGE_SIGNAL, frame_of
from dataflows.text_codes import equals, ranks_of

MADE: Final = "made_from_stages"
SAME_STAGE: Final = "same_stage"
OTHER_FILE: Final = "other_file_of_same_sleep"


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


def unstaged_sessions(sessions: pd.DataFrame) -> StagedSessions:
    """The sessions as they are, where no stages stand in a file of their own."""
    none = np.zeros(0, np.int64)
    return StagedSessions(
        sessions,
        records.empty(CHECKED_STAGES),
        none,
        none,
        records.empty(records.SHADOWED),
        records.empty(records.REJECTED),
    )


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
    there = np.flatnonzero(~aligned.nonexistent)
    owners = with_runs(aligned.stages, aligned.owners, len(sessions))
    rows, shadowed = _of_one_file(aligned.stages, there, owners)
    table = aligned.stages.take(pa.array(rows))
    made, owners = _made_sessions(table, owners[rows], len(sessions))
    frame = pd.concat([sessions, made], ignore_index=True) if len(made) else sessions
    frame = with_stage_minutes(frame, minutes_by_stage(frame, table, owners))
    return StagedSessions(
        with_agreeing_minutes(frame), table, owners, aligned.shifts[rows], shadowed, rejected
    )


def _of_one_file(stages: pa.Table, rows: Integers, owners: Integers) -> tuple[Integers, pa.Table]:
    """The stages of each session from the file that tells most of it, and the others, shadowed."""
    told = pd.DataFrame(
        {
            "owner": owners,
            "start": integers(stages["start_utc"]),
            "end": integers(stages["end_utc"]),
            "kind": ranks_of(stages["stage"]),
            "file": ranks_of(stages["raw_sha256"]),
        }
    ).iloc[rows]
    told = told.sort_values(["owner", "start", "file", "end"])
    told["length"] = told["end"] - told["start"]
    sums = told.groupby(["owner", "file"])["length"].sum().reset_index()
    sums = sums.sort_values(["owner", "length", "file"], ascending=[True, False, True])
    best = sums.drop_duplicates("owner").set_index("owner")["file"]
    kept = told["file"] == told["owner"].map(best)
    losers, stays = told[~kept], told[kept]
    winners = _standing_for(losers, stays)
    same = ["start", "end", "kind"]
    equal = (losers[same].to_numpy() == told.loc[winners, same].to_numpy()).all(axis=1)
    rules = np.where(equal, SAME_STAGE, OTHER_FILE).astype(object)
    shadowed = resolution.shadowed(
        stages, losers.index.to_numpy(), winners, rules, signal=STAGE_SIGNAL
    )
    return stays.index.to_numpy(), shadowed


def _standing_for(losers: pd.DataFrame, stays: pd.DataFrame) -> Integers:
    """For each stage that goes, one of its session that stays: from the same instant, or the first.

    Shape: index labels of `stays`.
    """
    rows = stays.assign(row=stays.index)
    first = rows.drop_duplicates("owner").set_index("owner")["row"]
    keys = ["owner", "start"]
    twins = rows.drop_duplicates(keys).set_index(keys)["row"]
    twin = twins.reindex(pd.MultiIndex.from_frame(losers[keys])).to_numpy()
    standing = np.where(np.isnan(twin), losers["owner"].map(first), twin)
    return standing.astype(np.int64)


def _made_sessions(stages: pa.Table, owners: Integers, known: int) -> tuple[pd.DataFrame, Integers]:
    """Sessions of the runs of stages that no session holds, and owners without gaps.

    Args:
        stages: By owner and start.
        owners: Numbers from `known` on are runs.
        known: How many sessions there are.
    """
    free = np.flatnonzero(owners >= known)
    if not len(free):
        return pd.DataFrame(), owners
    _, numbers = np.unique(owners[free], return_inverse=True)
    owners = owners.copy()
    owners[free] = known + numbers
    told = stages.take(pa.array(free))
    frame = pd.DataFrame(
        {
            "run": numbers,
            "in_bed": equals(told["stage"], IN_BED),
            "start": integers(told["start_utc"]),
            "end": integers(told["end_utc"]),
        }
    )
    runs = frame.groupby("run").agg(start=("start", "min"), end=("end", "max"))
    ordered = frame.sort_values(["run", "in_bed"], kind="stable")
    firsts = ordered.drop_duplicates("run").index.to_numpy()
    lasts = frame.sort_values(["run", "end"], kind="stable").drop_duplicates("run", keep="last")
    offsets = told["utc_offset_minutes"].to_numpy().astype(np.int64)[lasts.index]
    made = frame_of(told.take(pa.array(firsts)))
    only_in_bed = frame["in_bed"].to_numpy()[firsts]
    return _as_sessions(made, runs, offsets, only_in_bed), owners


def _as_sessions(
    firsts: pd.DataFrame, runs: pd.DataFrame, offsets: Integers, only_in_bed: NDArray[np.bool_]
) -> pd.DataFrame:
    """Sessions from the beginning of each run to its end."""
    ends = runs["end"].to_numpy()
    nothing: dict[str, Any] = dict.fromkeys([*MINUTES, "efficiency_ratio"], np.nan)
    return firsts.drop(columns=["stage", "start_local", "label_date"]).assign(
        start_utc=runs["start"].to_numpy(),
        end_utc=ends,
        local_date=((ends + offsets * MINUTE) // DAY).astype(np.int32),
        is_nap=None,
        flags=np.where(only_in_bed, f"{IN_BED_ONLY};{MADE}", MADE).astype(object),
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
        kept_by: `main_sleeps.keepers` of these sessions.
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
