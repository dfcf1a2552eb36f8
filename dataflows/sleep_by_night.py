"""Nights: the main sleep of each wake date as one row, its naps beside it.

What the night's minutes and efficiency are is said at `sleep.sleep_daily`, whose figures they are.
Here stands what needs the order of things: when it was, how often and how long the person was
awake in between, and how long it took to fall asleep.
"""

from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from hamilton.function_modifiers import tag

from dataflows import contracts, records, sleep_schemas
from dataflows.main_sleeps import PAUSE_MINUTES
from dataflows.sleep_spans import AWAKE, IN_BED, clipped, runs_of, sleep_edges, stages_of_sleeps
from dataflows.sleep_tables import DAY, MINUTE, frame_of
from dataflows.trailing_windows import dates

LONG_AWAKENING_MINUTES: Final = 5
"""An awakening that counts for quality is longer. National Sleep Foundation, Ohayon 2017,
doi 10.1016/j.sleh.2016.11.006, read second-hand in its press release."""

_DAILY: Final = ("asleep", "deep", "light", "rem", "awake", "in_bed")


@tag(stage="merge", rows_by="local_date")
def sleep_nights(
    sleep_sessions: pa.Table, sleep_stages: pa.Table, sleep_daily: pa.Table
) -> pa.Table:
    """The main sleep of each wake date that has one; a date of naps alone has no night.

    Parts of one sleep are one night; a pause between them is time awake, and neither sleep nor
    time in bed. Awakenings and the time awake after falling asleep are told where every part of
    the night has stages; a hole between stages is no awakening. Latency is told only where a stage
    says since when the person was in bed. The night belongs to the date twelve hours before it
    began, its sleep to the date of waking.

    Shape: `sleep_schemas.NIGHTS`, one row for each wake date with a main sleep, ascending.

    Units: minutes; a ratio from 0 to 1; the midpoint is in minutes after local midnight.

    Source: `main_sleeps.PAUSE_MINUTES`, `LONG_AWAKENING_MINUTES`.
    """
    sessions = frame_of(sleep_sessions)
    parts = sessions[sessions["is_nap"].eq(other=False)].reset_index(drop=True)
    nights = _nights(parts)
    nights = nights.join(_continuity(parts, sleep_stages, nights))
    naps = _nap_counts(sessions[sessions["is_nap"].eq(other=True)])
    nights["nap_count"] = naps.reindex(nights.index, fill_value=0)
    figures = _figures(sleep_daily).reindex(nights.index)
    table = _table(nights.join(figures).sort_index())
    return contracts.checked(table, sleep_schemas.SLEEP_NIGHTS)


def _nights(parts: pd.DataFrame) -> pd.DataFrame:
    """When each night was, by wake date."""
    nights = parts.groupby("local_date").agg(
        source=("source", "first"),
        start_utc=("start_utc", "min"),
        end_utc=("end_utc", "max"),
        utc_offset_minutes=("utc_offset_minutes", "first"),
        in_parts=("in_bed_minutes", "sum"),
        part_count=("start_utc", "size"),
    )
    shift = nights["utc_offset_minutes"].astype(np.int64) * MINUTE
    middle = nights["start_utc"] + (nights["end_utc"] - nights["start_utc"]) // 2
    return nights.assign(
        night_of=(nights["start_utc"] + shift - DAY // 2) // DAY,
        midpoint_local_minutes=(middle + shift) % DAY / MINUTE,
        pause_minutes=(nights["end_utc"] - nights["start_utc"]) / MINUTE - nights["in_parts"],
    )


def _continuity(parts: pd.DataFrame, stages: pa.Table, nights: pd.DataFrame) -> pd.DataFrame:
    """Latency, awakenings and time awake after falling asleep, by wake date."""
    number = nights.index.get_indexer(pd.Index(parts["local_date"]))
    inside = stages_of_sleeps(parts, stages)
    told = sleep_edges(inside, len(parts))["onset"].notna().to_numpy()
    untold = number[~told]
    inside["sleep"] = number[inside["sleep"]]
    edges = sleep_edges(inside, len(nights))
    edges.iloc[untold] = np.nan
    first = edges["onset"].fillna(0).to_numpy(np.int64)
    last = edges["waking"].fillna(0).to_numpy(np.int64)
    awake = inside.loc[inside["kind"] == AWAKE, ["sleep", "start", "end"]]
    runs = runs_of(clipped(pd.concat([awake, _pauses(parts, number)]), first, last))
    runs["minutes"] = (runs["end"] - runs["start"]) / MINUTE
    by_night = runs.groupby("sleep")["minutes"]
    long = runs[runs["minutes"] > LONG_AWAKENING_MINUTES].groupby("sleep").size()
    in_bed = inside[inside["kind"] == IN_BED].groupby("sleep")["start"].min()
    latency = (edges["onset"] - in_bed.reindex(edges.index)) / MINUTE
    columns = pd.DataFrame(
        {
            "latency_minutes": latency.where(latency >= 0),
            "awakening_count": by_night.size().reindex(edges.index, fill_value=0),
            "long_awakening_count": long.reindex(edges.index, fill_value=0),
            "waso_minutes": by_night.sum().reindex(edges.index, fill_value=0.0),
        }
    )
    return columns.where(edges["onset"].notna()).set_index(nights.index)


def _pauses(parts: pd.DataFrame, number: np.ndarray) -> pd.DataFrame:
    """The time between the parts of each night."""
    ends = parts["end_utc"].groupby(number).shift()
    pauses = pd.DataFrame({"sleep": number, "start": ends, "end": parts["start_utc"]})
    return pauses[ends.notna()].astype(np.int64)


def _nap_counts(naps: pd.DataFrame) -> pd.Series:
    """How many naps each date has; parts of a nap are one, as of a night."""
    keys = ["local_date", "source"]
    latest = naps.groupby(keys)["end_utc"].shift()
    follows = naps["start_utc"] - latest <= PAUSE_MINUTES * MINUTE
    return naps[~follows].groupby("local_date").size()


def _figures(daily: pa.Table) -> pd.DataFrame:
    """What `sleep_daily` says of each wake date, under the names of a night."""
    names = {f"sleep_{name}_minutes": f"{name}_minutes" for name in _DAILY}
    names |= {"sleep_efficiency_ratio": "efficiency_ratio"}
    names |= {"nap_asleep_minutes": "nap_asleep_minutes"}
    frame = frame_of(daily).set_index("local_date")
    return frame[list(names)].rename(columns=names)


def _table(nights: pd.DataFrame) -> pa.Table:
    columns = {name: nights[name] for name in sleep_schemas.NIGHTS.names if name in nights}
    instants = {
        name: pa.array(nights[name].to_numpy(np.int64)).cast(records.INSTANT)
        for name in ("start_utc", "end_utc")
    }
    days = {
        name: dates(values.to_numpy(np.int64))
        for name, values in (("local_date", nights.index), ("night_of", nights["night_of"]))
    }
    return records.table_from_columns(
        sleep_schemas.NIGHTS, {**columns, **instants, **days}, len(nights)
    )
