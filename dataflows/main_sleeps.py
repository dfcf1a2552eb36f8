"""A person sleeps once at a time: which session counts, and which sleep is the main one.

Sessions that overlap are one sleep told twice, by two devices, two exports or two vendors. The
better told one is kept and the others are shadowed by it; none is changed or joined to another.

Sessions of one source that follow each other after a short pause are parts of one sleep. They stay
rows of their own, share the wake date of the last part and are flagged `sleep_in_parts`; daily sums
add them up, without the pause. The longest sleep of a wake date is its main sleep, at whatever
hour; every other one is a nap. A time in bed of which nobody knows whether the person slept is no
part of another and no nap, and the main sleep only where it is longer than any nap.
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dataflows.sleep_tables import DAY, MINUTE, MINUTES, set_flag

SOURCE_PRIORITY: Final = ("mi_fitness", "zepp", "withings")
"""Ours: of two vendors' records of one night the first named one's counts; `mi_fitness` carries its
offset, `withings` too, and others only copy it. Not named ones follow in alphabetical order."""

MERGED_DEVICES: Final = {"mi_fitness": "default"}
"""The device name under which a vendor has merged its own devices."""

OVERLAP_RATIO: Final = 0.5
"""Ours: overlap, as part of the shorter session, from which on two sessions are one sleep."""

PAUSE_MINUTES: Final = 60
"""Ours: the longest pause inside one sleep. Gadgetbridge and open-wearables use 120, which joins an
evening's nap to the night."""

LONGEST_NAP_MINUTES: Final = 180
"""Ours: a session that its vendor calls a nap and that is not longer is never a main sleep; the
day of a shift worker is a sleep whatever the vendor calls it."""

IN_BED_ONLY: Final = "in_bed_only"
"""The flag of a session that tells when the person was in bed and nothing of sleep."""

EXACT: Final = "same_session"
SAME_SOURCE: Final = "overlap_same_source"
OTHER_SOURCE: Final = "overlap_other_source"

Integers = NDArray[np.int64]


def ranking(sessions: pd.DataFrame) -> Integers:
    """Positions of the sessions, the one that counts before those it would shadow.

    Staged before unstaged, then by source, a vendor's merged record before that of a single
    device, the later re-issue, the longer one.

    A total order of their contents: how files are named or ordered plays no part.
    """
    others = sorted(set(sessions["source"]) - set(SOURCE_PRIORITY))
    priority = {source: place for place, source in enumerate([*SOURCE_PRIORITY, *others])}
    merged = sessions["source"].map(MERGED_DEVICES)
    keys = pd.DataFrame(
        {
            "unstaged": sessions["deep_minutes"].isna(),
            "priority": sessions["source"].map(priority),
            "single": (merged != sessions["device"]) & merged.notna(),
            "updated": -sessions["updated_utc"],
            "window": sessions["start_utc"] - sessions["end_utc"],
            "asleep": -sessions["asleep_minutes"].fillna(-1),
            "start": sessions["start_utc"],
            "device": sessions["device"].fillna(""),
            "sha256": sessions["raw_sha256"],
            "row": sessions["raw_row"],
            "deep": sessions["deep_minutes"].fillna(-1),
            "awake": sessions["awake_minutes"].fillna(-1),
        }
    )
    return keys.reset_index(drop=True).sort_values(list(keys.columns)).index.to_numpy(np.int64)


def keepers(sessions: pd.DataFrame) -> Integers:
    """For each of some ranked sessions the position of the one that counts in its stead.

    Shape: one position for each row; its own for a session that is kept.
    """
    starts, ends = sessions["start_utc"].to_numpy(), sessions["end_utc"].to_numpy()
    kept_by = np.arange(len(sessions))
    for cluster in _clusters(starts, ends):
        kept: list[int] = []
        for row in cluster:
            best = next((other for other in kept if _same_sleep(starts, ends, other, row)), row)
            kept_by[row] = best
            if best == row:
                kept.append(row)
    return kept_by


def _clusters(starts: Integers, ends: Integers) -> list[list[int]]:
    """Groups of two or more sessions that overlap, directly or through others; in ranked order."""
    if not len(starts):
        return []
    order = np.lexsort((ends, starts))
    reach = np.maximum.accumulate(ends[order])
    new = np.concatenate(([True], starts[order][1:] >= reach[:-1]))
    groups = np.split(order, np.flatnonzero(new)[1:])
    return [sorted(int(row) for row in group) for group in groups if len(group) > 1]


def _same_sleep(starts: Integers, ends: Integers, one: int, other: int) -> bool:
    overlap = min(ends[one], ends[other]) - max(starts[one], starts[other])
    shorter = min(ends[one] - starts[one], ends[other] - starts[other])
    return bool(overlap >= OVERLAP_RATIO * shorter)


def shadow_rules(sessions: pd.DataFrame, kept_by: Integers) -> NDArray[np.object_]:
    """Why each session is shadowed by the one that is kept for it; None for a kept one."""
    kept = sessions.iloc[kept_by].reset_index(drop=True)
    own = sessions.reset_index(drop=True)
    names = ["source", "device", "start_utc", "end_utc", *MINUTES]
    equal = np.logical_and.reduce(
        [(own[name] == kept[name]) | (own[name].isna() & kept[name].isna()) for name in names]
    )
    same_source = (own["source"] == kept["source"]).to_numpy()
    rules = np.where(same_source, SAME_SOURCE, OTHER_SOURCE).astype(object)
    rules[equal] = EXACT
    rules[kept_by == np.arange(len(own))] = None
    return rules


def with_main_sleeps(sessions: pd.DataFrame) -> pd.DataFrame:
    """Kept sessions with their wake date and whether they are naps.

    A session in which nobody slept is neither a main sleep nor a nap: its `is_nap` is null.

    Shape: the same rows, ordered by start.
    """
    order = ["start_utc", "end_utc", "source", "raw_sha256", "raw_row"]
    frame = sessions.sort_values(order, kind="stable").reset_index(drop=True)
    set_flag(frame, _overlapping(frame), "overlaps_other_session")
    sleeps = _sleeps(frame)
    groups = frame.groupby(sleeps)
    set_flag(frame, groups["start_utc"].transform("size") > 1, "sleep_in_parts")
    frame["local_date"] = groups["local_date"].transform("last")
    slept: pd.Series = frame["asleep_minutes"].isna() | (frame["asleep_minutes"] > 0)
    main = _main_sleeps(frame, sleeps, slept)
    is_main = np.isin(sleeps, main)
    frame["is_nap"] = pd.Series(~is_main, dtype=object).where(
        slept & ~(is_in_bed_only(frame) & ~is_main), None
    )
    set_flag(frame, ~slept, "no_sleep")
    return frame


def is_in_bed_only(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """The sessions that tell nothing of sleep."""
    flags = frame["flags"].fillna("").astype(str)
    return flags.str.contains(IN_BED_ONLY, regex=False).to_numpy(dtype=np.bool_)


def _overlapping(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Sessions, by start, that overlap another a little."""
    starts, ends = frame["start_utc"].to_numpy(), frame["end_utc"].to_numpy()
    latest = np.maximum.accumulate(ends)
    overlapping = np.zeros(len(frame), np.bool_)
    overlapping[1:] = starts[1:] < latest[:-1]
    overlapping[:-1] |= ends[:-1] > starts[1:]
    return overlapping


def _sleeps(frame: pd.DataFrame) -> Integers:
    """A number for each session, by start; equal for the parts of one sleep."""
    numbers = np.arange(len(frame))
    rows = zip(frame["source"], frame["start_utc"], frame["end_utc"], strict=True)
    alone = is_in_bed_only(frame)
    last: dict[str, tuple[int, int, int]] = {}
    for row, (source, start, end) in enumerate(rows):
        if alone[row]:
            continue
        number, first, latest = last.get(source, (row, start, start - DAY))
        pause = start - latest
        if not (0 <= pause <= PAUSE_MINUTES * MINUTE and end - first <= DAY):
            number, first = row, start
        numbers[row] = number
        last[source] = (number, first, end)
    return numbers


def _main_sleeps(frame: pd.DataFrame, sleeps: Integers, slept: pd.Series) -> Integers:
    """The numbers of the sleeps that are the longest of their wake date."""
    told_nap = frame["is_nap"].eq(other=True).to_numpy(dtype=np.bool_) | is_in_bed_only(frame)
    length = frame["in_bed_minutes"].where(slept, 0.0)
    table = pd.DataFrame(
        {
            "sleep": sleeps,
            "date": frame["local_date"],
            "length": length,
            "asleep": frame["asleep_minutes"].fillna(0.0),
            "nap": told_nap,
        }
    )
    totals = table.groupby("sleep", sort=True).agg(
        date=("date", "last"),
        length=("length", "sum"),
        asleep=("asleep", "sum"),
        nap=("nap", "all"),
    )
    able = ~(totals["nap"] & (totals["length"] <= LONGEST_NAP_MINUTES)) & (totals["length"] > 0)
    totals = totals[able].sort_values(["length", "asleep"], ascending=False, kind="stable")
    return totals.drop_duplicates("date").index.to_numpy(dtype=np.int64)
