"""Where in their sleeps stages lie: when a person fell asleep, was awake in between, and woke up.

A frame of sleeps is ordered by start; instants are integers of microseconds.
"""

import numpy as np
import pandas as pd
import pyarrow as pa

from dataflows.clocks import Instants, integers
from dataflows.text_codes import codes_of

KINDS_ASLEEP = frozenset({"light", "deep", "rem", "asleep"})
AWAKE = "awake"
IN_BED = "in_bed"


def stages_of_sleeps(sleeps: pd.DataFrame, stages: pa.Table) -> pd.DataFrame:
    """The stages that lie in one of some sleeps.

    Args:
        sleeps: `start_utc` and `end_utc`, ordered by start.
        stages: `records.SLEEP_STAGES`.

    Shape: one row for each such stage: `sleep`, a position in `sleeps`; `start`, `end`; `kind`, its
    name; ordered by sleep and start.
    """
    starts, ends = integers(stages["start_utc"]), integers(stages["end_utc"])
    codes, names = codes_of(stages["stage"])
    middles = (starts + ends) // 2
    owners = np.searchsorted(sleeps["start_utc"].to_numpy(), middles, side="right") - 1
    if len(sleeps):
        owners[middles >= sleeps["end_utc"].to_numpy()[owners]] = -1
    kinds = pd.Categorical.from_codes(codes.astype(np.int64), pd.Index(names, dtype=object))
    found = pd.DataFrame({"sleep": owners, "start": starts, "end": ends, "kind": kinds})
    return found[owners >= 0].sort_values(["sleep", "start", "end"], kind="stable")


def sleep_edges(stages: pd.DataFrame, count: int) -> pd.DataFrame:
    """When each sleep began and ended as its stages tell: falling asleep and the final waking.

    Args:
        stages: As `stages_of_sleeps` gives them.
        count: How many sleeps there are.

    Shape: `onset` and `waking`, one row for each sleep; NaN where no stage tells of being asleep.
    """
    asleep = stages[stages["kind"].isin(KINDS_ASLEEP)].groupby("sleep")
    edges = pd.DataFrame({"onset": asleep["start"].min(), "waking": asleep["end"].max()})
    return edges.reindex(np.arange(count))


def runs_of(intervals: pd.DataFrame) -> pd.DataFrame:
    """Intervals of each sleep without overlaps: those that meet are one.

    Args:
        intervals: `sleep`, `start`, `end`, in any order.

    Shape: the same columns, by sleep and start.
    """
    ordered = intervals.sort_values(["sleep", "start", "end"], kind="stable")
    latest = ordered.groupby("sleep")["end"].cummax().groupby(ordered["sleep"]).shift()
    run = (~(ordered["start"] <= latest)).cumsum()
    runs = ordered.groupby(run).agg(
        sleep=("sleep", "first"), start=("start", "first"), end=("end", "max")
    )
    return runs.reset_index(drop=True)


def clipped(intervals: pd.DataFrame, first: Instants, last: Instants) -> pd.DataFrame:
    """The part of each interval between two instants of its sleep; empty ones are left out.

    Args:
        intervals: `sleep`, `start`, `end`.
        first: For each sleep.
        last: For each sleep.
    """
    own = intervals["sleep"].to_numpy()
    parts = intervals.assign(
        start=np.maximum(intervals["start"].to_numpy(), first[own]),
        end=np.minimum(intervals["end"].to_numpy(), last[own]),
    )
    return parts[parts["end"] > parts["start"]]
