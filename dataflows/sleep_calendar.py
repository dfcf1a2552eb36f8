"""Sleep on the wall clock: for each minute of each local day asleep, awake, or not known.

What is not recorded is not known, and never time awake. Known is the time within sleep sessions,
and the time between two nights that follow each other within a day: a longer gap may hold a night
that nobody recorded. A main sleep that is no longer than a nap tells of no night.

A time in bed of which nobody knows whether the person slept tells nothing.

Around a change of the offset from UTC a wall clock shows an hour twice or not at all, or the person
has travelled. The days on which it may have changed, from that of the last sleep under the old
offset to that of the first under the new one, are not known as a whole.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import clinical
from dataflows.main_sleeps import is_in_bed_only
from dataflows.regularity import ASLEEP, AWAKE, UNKNOWN, States
from dataflows.sleep_blocks import Integers
from dataflows.sleep_spans import AWAKE as AWAKE_STAGE
from dataflows.sleep_spans import sleep_edges, stages_of_sleeps
from dataflows.sleep_tables import MINUTE, frame_of

EPOCHS_PER_DAY: Final = 1_440
"""Minutes: with half a minute and ten seconds one of the epochs that regularity is measured in."""

LEAST_NIGHT_MINUTES: Final = clinical.SLEEP_SOFT_MINUTES.low
"""A shorter main sleep may be the nap of a date whose night was not recorded."""

LONGEST_DAY_MINUTES: Final = 1_440
"""Ours: the longest time between two nights that is taken to hold no other. With a night that
was not recorded it is hardly ever under 32 hours."""


@dataclass(frozen=True)
class Calendar:
    """What is known of each minute of some successive local days.

    Attributes:
        first_day: The first of them, as days since 1970.
        states: `ASLEEP`, `AWAKE` or `UNKNOWN`, days by epochs of the day.
    """

    first_day: int
    states: States


def sleep_calendar(sleep_sessions: pa.Table, sleep_stages: pa.Table) -> Calendar:
    """The calendar of all sleeps, naps too.

    Within a sleep the person is asleep from its first stage of sleep to the end of its last one,
    but for stages awake; without stages, from its start to its end.
    """
    sessions = frame_of(sleep_sessions)
    sessions = sessions[~is_in_bed_only(sessions)]
    sessions = sessions.sort_values("start_utc", kind="stable", ignore_index=True)
    if sessions.empty:
        return Calendar(0, np.zeros((0, EPOCHS_PER_DAY), np.int8))
    shifts = sessions["utc_offset_minutes"].to_numpy(np.int64) * MINUTE
    starts = _epochs(sessions["start_utc"].to_numpy() + shifts)
    ends = _epochs(sessions["end_utc"].to_numpy() + shifts)
    first_day = int(starts.min()) // EPOCHS_PER_DAY
    states = np.full(
        (int(ends.max()) // EPOCHS_PER_DAY + 1 - first_day) * EPOCHS_PER_DAY, UNKNOWN, np.int8
    )
    origin = first_day * EPOCHS_PER_DAY
    _mark(states, starts - origin, ends - origin, AWAKE)
    _mark(states, *_days_between(sessions, starts - origin, ends - origin), AWAKE)
    stages = stages_of_sleeps(sessions, sleep_stages)
    _mark(states, *_asleep(sessions, stages, shifts, origin), ASLEEP)
    awake = stages[stages["kind"] == AWAKE_STAGE]
    shift = shifts[awake["sleep"]]
    _mark(
        states,
        _epochs(awake["start"].to_numpy() + shift) - origin,
        _epochs(awake["end"].to_numpy() + shift) - origin,
        AWAKE,
    )
    days = states.reshape(-1, EPOCHS_PER_DAY)
    changing = _changing_days(sessions, starts // EPOCHS_PER_DAY - first_day, len(days))
    days[changing] = UNKNOWN
    return Calendar(first_day, days)


def _epochs(walls: Integers) -> Integers:
    """The epoch that begins nearest to each wall time."""
    return (walls + MINUTE // 2) // MINUTE


def _mark(states: States, starts: Integers, ends: Integers, state: int) -> None:
    """Set the own epochs between each start and end."""
    states[_covered(starts, ends, len(states))] = state


def _covered(starts: Integers, ends: Integers, length: int) -> NDArray[np.bool_]:
    """Which of some places lie in any of the intervals."""
    begun, ended = (
        np.bincount(np.clip(edges, 0, length), minlength=length + 1) for edges in (starts, ends)
    )
    covered: NDArray[np.bool_] = np.cumsum(begun - ended)[:length] > 0
    return covered


def _days_between(
    sessions: pd.DataFrame, starts: Integers, ends: Integers
) -> tuple[Integers, Integers]:
    """From each night to the next one, where no other can lie between."""
    is_night = sessions["is_nap"].eq(other=False)
    is_night &= sessions["in_bed_minutes"] >= LEAST_NIGHT_MINUTES
    nights = np.flatnonzero(is_night)
    before, after = nights[:-1], nights[1:]
    gaps = sessions["start_utc"].to_numpy()[after] - sessions["end_utc"].to_numpy()[before]
    near = (gaps > 0) & (gaps <= LONGEST_DAY_MINUTES * MINUTE) & (starts[after] > ends[before])
    return ends[before[near]], starts[after[near]]


def _asleep(
    sessions: pd.DataFrame, stages: pd.DataFrame, shifts: Integers, origin: int
) -> tuple[Integers, Integers]:
    """From falling asleep to waking, for each session in which the person slept."""
    edges = sleep_edges(stages, len(sessions))
    begins = edges["onset"].fillna(sessions["start_utc"]).to_numpy(np.int64) + shifts
    finishes = edges["waking"].fillna(sessions["end_utc"]).to_numpy(np.int64) + shifts
    slept = sessions["asleep_minutes"].ne(0).to_numpy()
    return _epochs(begins[slept]) - origin, _epochs(finishes[slept]) - origin


def _changing_days(sessions: pd.DataFrame, days: Integers, length: int) -> NDArray[np.bool_]:
    """The days on which the offset may have changed."""
    offsets = sessions["utc_offset_minutes"].to_numpy()
    last = np.flatnonzero(offsets[1:] != offsets[:-1])
    firsts, lasts = days[last], days[last + 1]
    return _covered(np.minimum(firsts, lasts), np.maximum(firsts, lasts) + 1, length)
