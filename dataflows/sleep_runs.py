"""Runs of stages that no session holds, and which time in bed belongs to which.

- Stages of one device that follow each other after a pause of at most `PAUSE_MINUTES` are a run.
  Two devices make two runs, of which one is shadowed later: no sleep counts twice.
- Time in bed is mostly told by another device than sleep. A person lies in one bed, so it chains
  over all devices of a source; and it joins the runs of the device that tells most of the sleep in
  it or within a pause of it, stages before none. It makes a run longer, and two of them that it
  lies between one, but adds nothing to sleep.
- Time in bed that no sleep is near makes a run of its own.
- No run is longer than a day.
"""

from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from dataflows.clocks import integers
from dataflows.main_sleeps import PAUSE_MINUTES
from dataflows.sleep_blocks import Integers
from dataflows.sleep_spans import IN_BED
from dataflows.sleep_tables import DAY, MINUTE
from dataflows.text_codes import equals, ranks_of

PAUSE: Final = PAUSE_MINUTES * MINUTE
STAGED: Final = ("deep", "light", "rem")
NO_DEVICE: Final = -2


def with_runs(stages: pa.Table, owners: Integers, known: int) -> Integers:
    """Owners, with a number from `known` on for each run of stages that no session holds."""
    told = pd.DataFrame(
        {
            "source": ranks_of(stages["source"]),
            "device": ranks_of(stages["device"]).astype(np.int64),
            "start": integers(stages["start_utc"]),
            "end": integers(stages["end_utc"]),
            "in_bed": equals(stages["stage"], IN_BED),
            "staged": np.logical_or.reduce([equals(stages["stage"], name) for name in STAGED]),
        }
    )[owners < 0]
    if told["in_bed"].any():
        told["device"] = _with_beds(told)
    told = told.sort_values(["source", "device", "start", "end"])
    owners = owners.copy()
    owners[told.index] = known + _runs(told, ["source", "device"])
    return owners


def _runs(told: pd.DataFrame, keys: list[str]) -> Integers:
    """A number for each of some stretches, ordered by keys and start; equal within a run."""
    latest = told.groupby(keys)["end"].cummax()
    pauses = told["start"] - latest.groupby([told[key] for key in keys]).shift()
    runs = np.cumsum(~(pauses <= PAUSE).to_numpy()) - 1
    return _within_a_day(told["start"].to_numpy(), told["end"].to_numpy(), runs)


def _within_a_day(starts: Integers, ends: Integers, runs: Integers) -> Integers:
    """The same runs, but that one longer than a day is cut where it would be."""
    first = pd.Series(starts).groupby(runs).transform("min")
    last = pd.Series(ends).groupby(runs).transform("max")
    if not (last - first > DAY).any():
        return runs
    new = np.zeros(len(runs), np.bool_)
    begun = 0
    for row, run in enumerate(runs):
        new[row] = not row or run != runs[row - 1] or ends[row] - begun > DAY
        begun = starts[row] if new[row] else begun
    return np.cumsum(new) - 1


def _with_beds(told: pd.DataFrame) -> pd.Series:
    """The device of each stage; of time in bed that whose sleep it belongs to, or `NO_DEVICE`."""
    devices = told["device"].copy()
    beds = told[told["in_bed"]].sort_values(["source", "start", "end"])
    runs = _runs(beds, ["source"])
    spans = beds.groupby(runs).agg(
        source=("source", "first"), start=("start", "min"), end=("end", "max")
    )
    devices.loc[beds.index] = _nearest_devices(spans, told[~told["in_bed"]])[runs]
    return devices


def _nearest_devices(spans: pd.DataFrame, sleep: pd.DataFrame) -> Integers:
    """For each time in bed the device that tells most of the sleep in it or near."""
    best = np.full(len(spans), NO_DEVICE, np.int64)
    most = np.zeros((2, len(spans)), np.int64)
    for keys, own in sleep.sort_values("start").groupby(["source", "device"]):
        source, device = np.array(keys, np.int64)
        amounts = np.stack([_lengths(spans, own, own["staged"]), _lengths(spans, own, None)])
        better = (amounts[0] > most[0]) | ((amounts[0] == most[0]) & (amounts[1] > most[1]))
        better &= (spans["source"] == source).to_numpy()
        best[better], most[:, better] = device, amounts[:, better]
    return best


def _lengths(spans: pd.DataFrame, own: pd.DataFrame, counted: pd.Series | None) -> Integers:
    """How long the stages of one device are that reach into each span or within a pause of it."""
    lengths = (own["end"] - own["start"]).to_numpy()
    sums = np.append(0, np.cumsum(lengths if counted is None else lengths * counted.to_numpy()))
    latest = np.maximum.accumulate(own["end"].to_numpy())
    first = np.searchsorted(latest, spans["start"].to_numpy() - PAUSE, side="left")
    last = np.searchsorted(own["start"].to_numpy(), spans["end"].to_numpy() + PAUSE, side="right")
    found: Integers = sums[np.maximum(first, last)] - sums[first]
    return found
