"""Sessions and stages of all files: joined, without the withdrawn ones, and as published."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import clinical, records, resolution
from dataflows.clocks import integers
from dataflows.main_sleeps import ranking, with_main_sleeps
from dataflows.sleep_minutes import owners_by_row
from dataflows.sleep_stages import (
    MADE,
    StagedSessions,
    chosen_owners,
    staged_sessions,
    unstaged_sessions,
)
from dataflows.sleep_tables import (
    CHECKED_SESSIONS,
    CHECKED_STAGES,
    SIGNAL,
    STAGE_SIGNAL,
    frame_of,
    set_flag,
    table_of,
)
from dataflows.text_codes import equals, ranks_of


def joined(
    valid: Sequence[pa.Table], stages_valid: Sequence[pa.Table], exclusions: pa.Table
) -> tuple[StagedSessions, pa.Table]:
    """Sessions of all files, ranked, with their stages; and the stages that the owner excluded."""
    sessions = frame_of(resolution.concatenated(valid, CHECKED_SESSIONS))
    sessions = sessions.iloc[ranking(sessions)].reset_index(drop=True)
    stages = resolution.concatenated(stages_valid, CHECKED_STAGES)
    stages = stages.take(pa.array(_canonical_order(stages)))
    owners = owners_by_row(sessions, stages)
    sessions = sessions.assign(has_stages=_has_stages(stages, owners, len(sessions)))
    own = _without_labels(stages.filter(pa.array(owners >= 0)))
    others = stages.filter(pa.array(owners < 0))
    laid = staged_sessions(sessions, others) if others.num_rows else unstaged_sessions(sessions)
    others, withdrawn = resolution.without_withdrawn(
        others,
        signal=STAGE_SIGNAL,
        exclusions=_without_rows(exclusions, made_rows(laid.sessions)),
        future_limit=None,
    )
    if withdrawn.num_rows:
        laid = staged_sessions(sessions, others)
    order = ranking(laid.sessions)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    ranked = StagedSessions(
        sessions=laid.sessions.iloc[order].reset_index(drop=True),
        stages=pa.concat_tables([own, laid.stages], promote_options="default").unify_dictionaries(),
        owners=place[np.concatenate((owners[owners >= 0], laid.owners))],
        shifts=np.concatenate((np.zeros(own.num_rows, np.int64), laid.shifts)),
        shadowed=laid.shadowed,
        rejected=laid.rejected,
    )
    return ranked, withdrawn


def _has_stages(stages: pa.Table, owners: NDArray[np.int64], length: int) -> NDArray[np.bool_]:
    """Whether stages of each session stand in its row; a time in bed is none."""
    own = owners[(owners >= 0) & ~equals(stages["stage"], "in_bed")]
    return np.bincount(own, minlength=length) > 0


def _without_labels(stages: pa.Table) -> pa.Table:
    """Stages as instants alone: whose session stands in their row, theirs is no other."""
    place = stages.column_names.index("start_local")
    field = stages.schema.field(place)
    return stages.set_column(place, field, pa.nulls(stages.num_rows, field.type))


def _without_rows(exclusions: pa.Table, rows: set[tuple[str, int]]) -> pa.Table:
    """The owner's wishes but for those about some rows."""
    wished = zip(
        exclusions["raw_sha256"].to_pylist(), exclusions["raw_row"].to_pylist(), strict=True
    )
    return exclusions.filter(pa.array([row not in rows for row in wished], pa.bool_()))


def made_rows(sessions: pd.DataFrame) -> set[tuple[str, int]]:
    """File and row of the sessions that were made from stages."""
    made = sessions[sessions["flags"].fillna("").str.contains(MADE, regex=False)]
    return set(zip(made["raw_sha256"], made["raw_row"].tolist(), strict=True))


def named_by_signal(table: pa.Table, made: set[tuple[str, int]]) -> pa.Table:
    """Rejected or shadowed sessions under the signal of their row: `sleep`, or that of stages."""
    rows = zip(table["raw_sha256"].to_pylist(), table["raw_row"].to_pylist(), strict=True)
    signals = [STAGE_SIGNAL if row in made else SIGNAL for row in rows]
    column = pa.array(signals, pa.string()).dictionary_encode().cast(records.TEXT)
    return table.set_column(0, table.schema.field("signal"), column)


def without_withdrawn(
    staged: StagedSessions, exclusions: pa.Table, future_limit: str | None
) -> tuple[StagedSessions, pa.Table]:
    """Without the sessions that the owner excluded or that lie in the future, nor their stages."""
    table = table_of(staged.sessions, records.SLEEP_SESSIONS)
    table = table.append_column("position", pa.array(np.arange(table.num_rows)))
    left, withdrawn = resolution.without_withdrawn(
        table, signal=SIGNAL, exclusions=exclusions, future_limit=future_limit
    )
    if left.num_rows == table.num_rows:
        return staged, withdrawn
    positions = left["position"].to_numpy()
    place = np.full(table.num_rows, -1, np.int64)
    place[positions] = np.arange(len(positions))
    stays = place[staged.owners] >= 0
    staying = StagedSessions(
        sessions=staged.sessions.iloc[positions].reset_index(drop=True),
        stages=staged.stages.filter(pa.array(stays)),
        owners=place[staged.owners][stays],
        shifts=staged.shifts[stays],
        shadowed=staged.shadowed,
        rejected=staged.rejected,
    )
    return staying, withdrawn


def kept(staged: StagedSessions, kept_by: NDArray[np.int64]) -> tuple[pa.Table, pa.Table]:
    """The published sessions and stages."""
    labelled = staged.stages["start_local"].is_valid().to_numpy()
    sources = staged.sessions["source"].to_numpy(dtype=object)
    owners = chosen_owners(staged.owners, labelled, kept_by, sources)
    frame = staged.sessions.assign(position=np.arange(len(kept_by)))
    for shift in np.unique(staged.shifts[staged.shifts != 0]):
        moved = owners[(staged.shifts == shift) & (owners >= 0)]
        set_flag(frame, np.isin(frame["position"], moved), f"stage_dates_shifted_by_{shift}")
    frame = with_main_sleeps(frame[kept_by == frame["position"]])
    slept = frame["asleep_minutes"].where(frame["is_nap"].eq(other=False))
    set_flag(frame, slept < clinical.SLEEP_SOFT_MINUTES.low, "short_sleep")
    set_flag(frame, slept > clinical.SLEEP_SOFT_MINUTES.high, "long_sleep")
    wake_dates = np.zeros(len(kept_by), np.int32)
    wake_dates[frame["position"]] = frame["local_date"]
    return table_of(frame, records.SLEEP_SESSIONS), _kept_stages(staged.stages, owners, wake_dates)


def _kept_stages(
    stages: pa.Table, owners: NDArray[np.int64], wake_dates: NDArray[np.int32]
) -> pa.Table:
    shown = np.flatnonzero(owners >= 0)
    table = stages.take(pa.array(shown))
    dates = pa.array(wake_dates[owners[shown]]).cast(pa.date32())
    place = table.column_names.index("local_date")
    table = table.set_column(place, table.schema.field(place), dates)
    return resolution.published(table, records.SLEEP_STAGES, _canonical_order(table))


def _canonical_order(stages: pa.Table) -> NDArray[np.int64]:
    keys: list[NDArray[Any]] = [
        integers(stages["start_utc"]),
        *(ranks_of(stages[name]) for name in ("source", "device")),
        integers(stages["end_utc"]),
        *(ranks_of(stages[name]) for name in ("stage", "raw_sha256")),
        integers(stages["raw_row"]),
    ]
    return np.lexsort(keys[::-1])
