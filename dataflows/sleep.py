"""Sleep: from parsed sessions and stages to what each day says.

A session belongs to the local date on which the person woke up. Which minutes agree with which is
in `sleep_minutes`, where stages without a trustworthy date belong in `sleep_alignment` and
`sleep_stages`, and which sessions are kept, main sleeps and naps in `sleep_nights`.

Every loser is in `sleep_shadowed` under its rule, stages under the signal `sleep_stages`:

- `same_session`: the same source, device, start, end and minutes.
- `overlap_same_source`, `overlap_other_source`: at least half of the shorter of two sessions lies
  in the other; the one that is told better stays.
- `same_stage`, `conflicting_values`: a stage of the same source at the same instant, equal or not.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from hamilton.function_modifiers import extract_fields, tag

from dataflows import contracts, records, resolution, schemas
from dataflows.local_time import localised, normalised_records, offset_evidence
from dataflows.rejection import rejected_where
from dataflows.sleep_minutes import (
    minutes_by_stage,
    owners_by_row,
    with_agreeing_minutes,
    with_stage_minutes,
)
from dataflows.sleep_nights import keepers, shadow_rules
from dataflows.sleep_resolution import joined, kept, without_withdrawn
from dataflows.sleep_tables import (
    CHECKED_SESSIONS,
    CHECKED_STAGES,
    MINUTE,
    SIGNAL,
    STAGE_SIGNAL,
    frame_of,
    table_of,
)

STAGE_MINUTES: Final = 1
"""Zepp writes a stage for each minute, without an end."""

_MAIN: Final = [
    "asleep_minutes",
    "deep_minutes",
    "light_minutes",
    "rem_minutes",
    "awake_minutes",
    "in_bed_minutes",
]

_DAILY: Final = pa.schema(
    [
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("sleep_asleep_minutes", pa.float64()),
        pa.field("sleep_deep_minutes", pa.float64()),
        pa.field("sleep_light_minutes", pa.float64()),
        pa.field("sleep_rem_minutes", pa.float64()),
        pa.field("sleep_awake_minutes", pa.float64()),
        pa.field("sleep_in_bed_minutes", pa.float64()),
        pa.field("sleep_efficiency_ratio", pa.float64()),
        pa.field("nap_asleep_minutes", pa.float64()),
    ]
)


@tag(stage="normalization")
def sleep_normalized(
    sleep_sessions_parsed: pa.Table,
    sleep_stages_parsed: pa.Table,
    home_time_zone: str,
    home_time_zone_source: str,
) -> dict[str, pa.Table]:
    """Sessions and stages of one file with instants, offset, zone and local date.

    The local date of a session is that of its end. A stage told in wall time keeps it, even where
    the clocks skipped it: its date is only a label.

    Shape: `sessions`, `stages`, `rejected`.

    Units: minutes.
    """
    home: dict[str, Any] = {
        "home_time_zone": home_time_zone,
        "home_time_zone_source": home_time_zone_source,
        "evidence": offset_evidence(sleep_sessions_parsed, sleep_stages_parsed),
    }
    sessions, rejected = normalised_records(
        sleep_sessions_parsed, records.SLEEP_SESSIONS, signal=SIGNAL, date_of="end", **home
    )
    if "updated_utc" not in sessions.column_names:
        never = pa.nulls(sessions.num_rows, records.INSTANT)
        sessions = sessions.append_column("updated_utc", never)
    stages, rejected_stages = _normalised_stages(sleep_stages_parsed, home)
    return {
        "sessions": sessions.cast(CHECKED_SESSIONS),
        "stages": stages,
        "rejected": pa.concat_tables([rejected, rejected_stages]),
    }


def _normalised_stages(parsed: pa.Table, home: Mapping[str, Any]) -> tuple[pa.Table, pa.Table]:
    """Stages in the form of `CHECKED_STAGES`; those without any time are rejected."""
    if not parsed.num_rows:
        return records.empty(CHECKED_STAGES), records.empty(records.REJECTED)
    table = _with_ends(parsed)
    times = localised(table, **home)
    rejected = rejected_where(table, times.untimed, signal=STAGE_SIGNAL, check="missing_time")
    given = {name: table[name] for name in CHECKED_STAGES.names if name in table.column_names}
    columns = dict.fromkeys(CHECKED_STAGES.names) | given | dict(times.columns)
    if "start_utc" in table.column_names:
        timed = table["start_utc"].is_valid()
        for name in ("start_local", "end_local"):
            columns[name] = pc.if_else(timed, None, columns[name]) if columns[name] else None
    kept = records.table_from_columns(CHECKED_STAGES, columns, table.num_rows)
    return kept.filter(pa.array(~times.untimed)).cast(CHECKED_STAGES), rejected


def _with_ends(stages: pa.Table) -> pa.Table:
    """Stages told in wall time and without an end last a minute."""
    names = set(stages.column_names)
    if "start_local" not in names:
        return stages
    step = pa.scalar(STAGE_MINUTES * MINUTE, pa.duration("us"))
    ends = pc.add(stages["start_local"], step)
    if "end_local" in names:
        told = stages["end_local"]
        place = stages.column_names.index("end_local")
        return stages.set_column(place, "end_local", pc.coalesce(told, ends))
    return stages.append_column("end_local", ends)


@tag(stage="validation")
def sleep_checked(sleep_normalized: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Sessions of one file that can be true, with every minute and efficiency; and the rejected.

    A session that tells no stages takes their minutes from the stages in its row. Stages of a
    rejected session go with it.

    Shape: `valid`, `stages`, `rejected`.

    Units: minutes; efficiency is asleep over time in bed, the session from start to end.

    Source: `schemas.SLEEP_SESSIONS`, `sleep_minutes`.
    """
    told = frame_of(sleep_normalized["sessions"])
    stages, bad_stages = contracts.rejected_by(
        sleep_normalized["stages"], schemas.SLEEP_STAGES, signal=STAGE_SIGNAL
    )
    owners = owners_by_row(told, stages)
    sums = minutes_by_stage(told, stages, owners)
    agreed = with_agreeing_minutes(with_stage_minutes(told, sums))
    table = table_of(agreed, CHECKED_SESSIONS)
    valid, rejected = contracts.rejected_by(table, schemas.SLEEP_SESSIONS, signal=SIGNAL)
    orphaned = (owners >= 0) & (owners_by_row(frame_of(valid), stages) < 0)
    if orphaned.any():
        stages = stages.filter(pa.array(~orphaned))
    parts = [sleep_normalized["rejected"], rejected, bad_stages]
    return {"valid": valid, "stages": stages, "rejected": pa.concat_tables(parts)}


@tag(stage="validation", target_=...)
@extract_fields(
    {
        "sleep_sessions": pa.Table,
        "sleep_stages": pa.Table,
        "sleep_shadowed": pa.Table,
        "sleep_withdrawn": pa.Table,
    }
)
def sleep_resolved(
    sleep_valid: Sequence[pa.Table],
    sleep_stages_valid: Sequence[pa.Table],
    exclusions: pa.Table,
    sleep_future_limit: str | None,
) -> dict[str, pa.Table]:
    """Every sleep of all files once, on its wake date; its stages; duplicates; withdrawn ones.

    The local date of a stage is the wake date of its session.

    Shape: `records.SLEEP_SESSIONS`, `records.SLEEP_STAGES`, `records.SHADOWED`,
    `records.REJECTED`.

    Units: minutes.
    """
    staged, withdrawn = joined(sleep_valid, sleep_stages_valid, exclusions)
    staged, late = without_withdrawn(staged, exclusions, sleep_future_limit)
    kept_by = keepers(staged.sessions)
    rules = shadow_rules(staged.sessions, kept_by)
    lost = np.flatnonzero(kept_by != np.arange(len(kept_by)))
    table = table_of(staged.sessions, records.SLEEP_SESSIONS)
    shadowed = resolution.shadowed(table, lost, kept_by[lost], rules[lost], signal=SIGNAL)
    sessions, stages = kept(staged, kept_by)
    return {
        "sleep_sessions": contracts.checked(sessions, schemas.SLEEP_SESSIONS),
        "sleep_stages": contracts.checked(stages, schemas.SLEEP_STAGES),
        "sleep_shadowed": pa.concat_tables([shadowed, staged.shadowed]),
        "sleep_withdrawn": pa.concat_tables([withdrawn, staged.rejected, late]),
    }


@tag(stage="merge")
def sleep_daily(sleep_sessions: pa.Table) -> pa.Table:
    """The main sleep of each wake date, and how long its naps were.

    The parts of a main sleep are added up; the pause between them is neither sleep nor time in
    bed. Efficiency is asleep over time in bed. What no part tells is null, and so is the time
    asleep of a sleep of which one part does not tell it.

    Shape: one row for each wake date with a main sleep or a nap, ascending.

    Units: minutes; a ratio from 0 to 1.
    """
    frame = frame_of(sleep_sessions)
    main = _sums(frame[frame["is_nap"].eq(other=False)], _MAIN)
    naps = _sums(frame[frame["is_nap"].eq(other=True)], ["asleep_minutes"])
    days = main.join(naps.add_prefix("nap_"), how="outer").sort_index()
    efficiency = days["asleep_minutes"] / days["in_bed_minutes"]
    columns = {
        "local_date": pa.array(days.index.to_numpy(np.int32)).cast(pa.date32()),
        **{f"sleep_{name}": days[name].to_numpy() for name in _MAIN},
        "sleep_efficiency_ratio": efficiency.clip(upper=1.0).to_numpy(),
        "nap_asleep_minutes": days["nap_asleep_minutes"].to_numpy(),
    }
    return records.table_from_columns(_DAILY, columns, len(days))


def _sums(sessions: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Sums by local date of what any session tells; asleep only where every one tells it."""
    groups = sessions.groupby("local_date")
    sums = groups[names].sum(min_count=1)
    untold = groups["asleep_minutes"].count() < groups.size()
    sums["asleep_minutes"] = sums["asleep_minutes"].mask(untold)
    return sums
