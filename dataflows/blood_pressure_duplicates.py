"""Which blood pressures are one and the same.

The rules, in this order:

- `same_reading`: same source, device, instant and values; a reading with a pulse stands before
  one without. The devices of a shared store count as one: in Apple Health they have other names
  after a renaming, in Samsung Health and Health Connect another app may write a copy. A reading
  that tells no device belongs to that of an equal one of its source and instant: OMRON's mailed
  report names none, its saved file does. If one of them is cuffless, so is the one that stays.
- `later_issue`: same source, device and instant, other values; the export tells which is later.
- `conflicting_values`: the same, but nothing tells; the first in canonical order stays, flagged.
- `equal_reading_other_source`: equal pressures within two minutes in two sources; the source that
  is nearer to the cuff stays. One reading stands for at most one of each other source, the nearest
  in time, so that two equal readings a minute apart remain two.
"""

from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import resolution
from dataflows.clocks import integers
from dataflows.measurement import is_cuffless
from dataflows.text_codes import equals, ranks_of

# Whoever reads a cuff comes before whoever copies it; a wrist band comes last.
SOURCE_PRIORITY: Final = (
    "blood_pressure_sheet",
    "omron",
    "withings",
    "ihealth",
    "beurer",
    "apple_health",
    "health_connect",
    "samsung_health",
    "google_fit",
    "fitbit",
    "oura",
    "mi_fitness",
    "zepp",
    "gadgetbridge",
)
SHARED_STORES: Final = ("apple_health", "health_connect", "samsung_health")
OTHER_SOURCE: Final = "equal_reading_other_source"
OTHER_SOURCE_WITHIN_MINUTES: Final = 2
_MINUTE: Final = 60_000_000


def values_of(readings: pa.Table) -> list[NDArray[np.float64]]:
    """Systolic, diastolic and pulse; a missing pulse is not a number."""
    names = ("systolic_mmhg", "diastolic_mmhg", "pulse_bpm")
    return [np.asarray(readings[name].to_numpy(), np.float64) for name in names]


def canonical_order(readings: pa.Table) -> resolution.Indices:
    """The order of readings that names each of them, whatever the order of files and rows."""
    systolic, diastolic, pulse = values_of(readings)
    keys: list[NDArray[Any]] = [
        integers(readings["start_utc"]),
        ranks_of(readings["source"]),
        ranks_of(readings["device"]),
        systolic,
        diastolic,
        pulse,
        ranks_of(readings["raw_sha256"]),
        integers(readings["raw_row"]),
    ]
    return np.lexsort(keys[::-1])


def within_source(readings: pa.Table) -> tuple[resolution.Indices, NDArray[Any]]:
    """Winner and rule of each reading (in canonical order) among those of its series."""
    systolic, diastolic, pulse = values_of(readings)
    updates = resolution.updates_of(readings)
    canonical = np.arange(readings.num_rows)
    series: list[NDArray[Any]] = [
        integers(readings["start_utc"]),
        ranks_of(readings["source"]),
        _devices(readings),
    ]
    is_unnamed = ranks_of(readings["device"]) < 0
    winners = resolution.winners_of(series, [-updates, is_unnamed, canonical])
    equal = (systolic == systolic[winners]) & (diastolic == diastolic[winners])
    equal &= (pulse == pulse[winners]) | np.isnan(pulse)
    rules = np.where(
        equal,
        resolution.SAME_READING,
        np.where(updates != updates[winners], resolution.LATER_ISSUE, resolution.CONFLICT),
    ).astype(object)
    rules[winners == canonical] = None
    return winners, rules


def _devices(readings: pa.Table) -> NDArray[np.int16]:
    """A number of each reading's device, -1 where none is told or none matters."""
    devices = ranks_of(readings["device"])
    for store in SHARED_STORES:
        devices[equals(readings["source"], store)] = -1
    untold, told = np.flatnonzero(devices < 0), np.flatnonzero(devices >= 0)
    if len(untold) and len(told):
        systolic, diastolic, _ = values_of(readings)
        instants, sources = integers(readings["start_utc"]), ranks_of(readings["source"])
        same = list(
            zip(*(c.tolist() for c in (instants, sources, systolic, diastolic)), strict=True)
        )
        first = {same[row]: devices[row] for row in reversed(told.tolist())}
        devices[untold] = [first.get(same[row], -1) for row in untold.tolist()]
    return devices


def across_sources(
    readings: pa.Table, winners: resolution.Indices, rules: NDArray[Any]
) -> tuple[resolution.Indices, NDArray[Any]]:
    """Winners and rules, with equal readings of lesser sources shadowed too."""
    winners, rules = winners.copy(), rules.copy()
    ranks = resolution.priority_of(readings["source"], SOURCE_PRIORITY)
    if len(np.unique(ranks)) < 2:  # noqa: PLR2004  one source has no other
        return winners, rules
    instants = integers(readings["start_utc"]).tolist()
    pairs = list(zip(*(values.tolist() for values in values_of(readings)[:2]), strict=True))
    standing: dict[tuple[float, float], list[int]] = {}
    for rank in np.unique(ranks):
        rows = np.flatnonzero((ranks == rank) & (winners == np.arange(len(winners)))).tolist()
        twins = _twins(instants, [(row, standing.get(pairs[row], [])) for row in rows])
        for row in rows:
            if row in twins:
                winners[row], rules[row] = twins[row], OTHER_SOURCE
            else:
                standing.setdefault(pairs[row], []).append(row)
    return winners[winners], rules


def _twins(instants: list[int], candidates: list[tuple[int, list[int]]]) -> dict[int, int]:
    """The candidate that each row is the same reading as; those nearest in time find each other."""
    limit = OTHER_SOURCE_WITHIN_MINUTES * _MINUTE
    near = sorted(
        (distance, other, row)
        for row, others in candidates
        for other in others
        if (distance := abs(instants[other] - instants[row])) <= limit
    )
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, other, row in near:
        if row not in found and other not in taken:
            found[row] = other
            taken.add(other)
    return found


def copies_of_cuffless(
    readings: pa.Table, winners: resolution.Indices, rules: NDArray[Any]
) -> resolution.Indices:
    """The readings that stay and stand for the same one that says it was taken without a cuff."""
    cuffless = is_cuffless(readings)
    copied = np.flatnonzero((rules == resolution.SAME_READING) & cuffless & ~cuffless[winners])
    return winners[copied]
