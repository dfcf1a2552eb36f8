"""How long each kind of sleep took, made to agree.

Time in bed is the session from start to end, in elapsed time: on the two nights a year when the
clocks change it is not the difference of the wall times. Asleep is deep, light, REM and unstaged
sleep together, without the time awake. Efficiency is asleep over time in bed. Where a device calls
the moment of falling asleep the start, that denominator is the sleep period, and efficiency reads
higher than a sleep laboratory's.

Source: clinical definitions of TIB, TST and SE; that Mi Fitness leaves the time awake out of
`duration`: its documented example 101 + 329 + 66 = 496 in a span of 505 minutes with 9 awake.
"""

from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dataflows.clinical import SLEEP_STAGES_TOLERANCE_RATIO
from dataflows.clocks import integers
from dataflows.sleep_tables import MINUTE, set_flag
from dataflows.text_codes import codes_of

STAGED: Final = ["deep_minutes", "light_minutes", "rem_minutes"]
STAGES: Final = ("deep", "light", "rem", "awake", "asleep")


def owners_by_row(sessions: pd.DataFrame, stages: pa.Table) -> NDArray[np.int64]:
    """The session that stands in the same row of the same file as a stage.

    A row may hold several sessions; a stage belongs to the one that it lies in.

    Shape: a position in `sessions` for each stage, -1 for none.
    """
    codes, files = codes_of(stages["raw_sha256"])
    file_of = {name: code for code, name in enumerate(files)}
    middle = (integers(stages["start_utc"]) + integers(stages["end_utc"])) // 2
    found = pd.DataFrame({"file": codes, "raw_row": stages["raw_row"].to_numpy(), "middle": middle})
    rows = sessions[["raw_row", "start_utc", "end_utc"]].assign(
        file=[file_of.get(name, -1) for name in sessions["raw_sha256"]],
        owner=np.arange(len(sessions)),
    )
    pairs = found.rename_axis("stage").reset_index().merge(rows, on=["file", "raw_row"])
    outside = (pairs["middle"] < pairs["start_utc"]) | (pairs["middle"] > pairs["end_utc"])
    pairs = pairs.assign(outside=outside).sort_values(["stage", "outside", "owner"])
    pairs = pairs.drop_duplicates("stage")
    owners = np.full(stages.num_rows, -1, np.int64)
    owners[pairs["stage"].to_numpy()] = pairs["owner"].to_numpy()
    return owners


def minutes_by_stage(
    sessions: pd.DataFrame, stages: pa.Table, owners: NDArray[np.int64]
) -> pd.DataFrame:
    """Minutes that the stages of each session lie in it.

    Shape: one row for each session, one column for each of `STAGES`; NaN for a session without
    stages.
    """
    owned = owners >= 0
    own = owners[owned]
    codes, names = codes_of(stages["stage"])
    codes = codes[owned]
    first = np.maximum(integers(stages["start_utc"])[owned], sessions["start_utc"].to_numpy()[own])
    last = np.minimum(integers(stages["end_utc"])[owned], sessions["end_utc"].to_numpy()[own])
    length = np.maximum(last - first, 0)
    has_stages = np.bincount(own, minlength=len(sessions)) > 0
    sums = {}
    for name in STAGES:
        here = codes == names.index(name) if name in names else np.zeros(len(codes), np.bool_)
        total = np.zeros(len(sessions), np.int64)
        np.add.at(total, own[here], length[here])
        sums[name] = np.where(has_stages, total / MINUTE, np.nan)
    return pd.DataFrame(sums)


def with_stage_minutes(sessions: pd.DataFrame, sums: pd.DataFrame) -> pd.DataFrame:
    """Sessions whose export tells no stage minutes take them from their stages.

    Stages that sum up to more than the session fill nothing in.
    """
    frame = sessions.copy()
    window = (frame["end_utc"] - frame["start_utc"]) / MINUTE
    total = sums.sum(axis=1)
    asleep = sums[["deep", "light", "rem"]].sum(axis=1)
    fills = (frame[STAGED].sum(axis=1) == 0) & (total > 0)
    fills &= total <= window * SLEEP_STAGES_TOLERANCE_RATIO
    for name in ("deep", "light", "rem"):
        column = f"{name}_minutes"
        frame[column] = frame[column].where(~(fills & (asleep > 0)), sums[name])
    awake_fills = fills & (frame["awake_minutes"].fillna(0) == 0)
    frame["awake_minutes"] = frame["awake_minutes"].where(~awake_fills, sums["awake"])
    told = frame["asleep_minutes"].fillna(0) > 0
    recorded = (asleep + sums["asleep"]).where(asleep + sums["asleep"] > 0)
    frame["asleep_minutes"] = frame["asleep_minutes"].where(told | ~fills, recorded)
    return frame


def with_agreeing_minutes(sessions: pd.DataFrame) -> pd.DataFrame:
    """The sessions with every minute column and the efficiency, in agreement with each other.

    A sleep of which nothing is known is null and not 0: stages of a session without any, REM in
    an export without REM, the time asleep where neither stages nor a total are told.
    """
    frame = _rem_taken_out_of_light(sessions)
    window = (frame["end_utc"] - frame["start_utc"]) / MINUTE
    staged = frame[STAGED].sum(axis=1)
    recorded = frame["asleep_minutes"].fillna(0)
    awake = frame["awake_minutes"].fillna(0)
    asleep = recorded.where((recorded > staged) | (recorded < 0), staged)
    frame["asleep_minutes"] = asleep.where((asleep != 0) | (awake != 0))
    frame["unstaged_minutes"] = (asleep - staged).where(frame["asleep_minutes"].notna())
    frame[STAGED] = frame[STAGED].where(staged != 0)
    frame["in_bed_minutes"] = window
    efficiency = frame["asleep_minutes"] / window.where(window > 0)
    set_flag(frame, efficiency > 1, "efficiency_capped")
    set_flag(frame, staged == 0, "unstaged")
    frame["efficiency_ratio"] = np.minimum(efficiency, 1.0)
    return frame


def _rem_taken_out_of_light(sessions: pd.DataFrame) -> pd.DataFrame:
    """Some exports count REM inside light sleep: then the sum fits the session only without it."""
    frame = sessions.copy()
    window = (frame["end_utc"] - frame["start_utc"]) / MINUTE * SLEEP_STAGES_TOLERANCE_RATIO
    total = frame[[*STAGED, "awake_minutes"]].sum(axis=1)
    rem = frame["rem_minutes"].fillna(0)
    inside = (total > window) & (total - rem <= window) & (rem > 0)
    inside &= frame["light_minutes"] >= rem
    frame["light_minutes"] = frame["light_minutes"].where(~inside, frame["light_minutes"] - rem)
    flagged = frame["flags"].fillna("").str.contains("rem_inside_light", regex=False)
    set_flag(frame, inside | flagged, "rem_inside_light")
    return frame
