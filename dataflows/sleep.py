"""Sleep: from parsed sessions and stages to what each day says.

A session belongs to the local date on which the person woke up. Which minutes agree with which is
in `sleep_minutes`, where stages without a trustworthy date belong in `sleep_alignment` and
`sleep_stages`, and which sessions are kept, main sleeps and naps in `main_sleeps`.

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
from dataflows.main_sleeps import keepers, shadow_rules
from dataflows.rejection import rejected_where
from dataflows.sleep_minutes import (
    minutes_by_stage,
    owners_by_row,
    with_agreeing_minutes,
    with_stage_minutes,
)
from dataflows.sleep_resolution import (
    joined,
    kept,
    made_rows,
    named_by_signal,
    without_withdrawn,
)
from dataflows.sleep_tables import (
    CHECKED_SESSIONS,
    CHECKED_STAGES,
    MINUTE,
    SIGNAL,
    STAGE_SIGNAL,
    frame_of,
    nullable,
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
    """Stages in the form of `CHECKED_STAGES`; those without a start or an end are rejected."""
    if not parsed.num_rows:
        return records.empty(CHECKED_STAGES), records.empty(records.REJECTED)
    table = _with_time_columns(parsed)
    times = localised(table.drop_columns(["end_utc", "end_local"]), **home)
    lasts = pc.subtract(table["end_local"], table["start_local"])
    lasts = pc.fill_null(lasts, pa.scalar(STAGE_MINUTES * MINUTE, pa.duration("us")))
    wall_ends = pc.if_else(
        table["start_utc"].is_valid(), None, pc.add(times.columns["start_utc"], lasts)
    )
    ends = pc.coalesce(table["end_utc"], wall_ends)
    labels = {"start_local": table["start_local"], "label_date": table["local_date"]}
    timed = table["start_utc"].is_valid()
    columns = dict.fromkeys(CHECKED_STAGES.names)
    columns |= {name: table[name] for name in columns if name in table.column_names}
    columns |= dict(times.columns) | {"end_utc": ends}
    columns |= {name: pc.if_else(timed, None, column) for name, column in labels.items()}
    untimed = times.untimed | np.asarray(ends.is_null())
    rejected = rejected_where(table, untimed, signal=STAGE_SIGNAL, check="missing_time")
    normalised = records.table_from_columns(nullable(CHECKED_STAGES), columns, table.num_rows)
    return normalised.filter(pa.array(~untimed)).cast(CHECKED_STAGES), rejected


def _with_time_columns(parsed: pa.Table) -> pa.Table:
    """The table with every column in which a stage may tell its times."""
    for field in records.PARSED["sleep_stages"]:
        is_time = pa.types.is_temporal(field.type)
        if is_time and field.name not in parsed.column_names:
            parsed = parsed.append_column(field, pa.nulls(parsed.num_rows, field.type))
    return parsed


@tag(stage="validation")
def sleep_checked(sleep_normalized: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Sessions of one file that can be true, with every minute and efficiency; and the rejected.

    A session that tells no stages takes their minutes from the stages in its row. Stages of a
    rejected session go with it.

    Shape: `valid`, `stages`, `rejected`.

    Units: minutes; efficiency is asleep over time in bed, the session from start to end.

    Source: `schemas.SLEEP_SESSIONS`, `sleep_minutes`.
    """
    if not sleep_normalized["sessions"].num_rows + sleep_normalized["stages"].num_rows:
        valid, stages = (records.empty(each) for each in (CHECKED_SESSIONS, CHECKED_STAGES))
        return {"valid": valid, "stages": stages, "rejected": sleep_normalized["rejected"]}
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
    if not any(table.num_rows for table in (*sleep_valid, *sleep_stages_valid)):
        return {
            "sleep_sessions": records.empty(records.SLEEP_SESSIONS),
            "sleep_stages": records.empty(records.SLEEP_STAGES),
            "sleep_shadowed": records.empty(records.SHADOWED),
            "sleep_withdrawn": records.empty(records.REJECTED),
        }
    staged, withdrawn = joined(sleep_valid, sleep_stages_valid, exclusions)
    made = made_rows(staged.sessions)
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
        "sleep_shadowed": pa.concat_tables([named_by_signal(shadowed, made), staged.shadowed]),
        "sleep_withdrawn": pa.concat_tables(
            [withdrawn, staged.rejected, named_by_signal(late, made)]
        ),
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
