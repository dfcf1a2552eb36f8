"""Which heart rates are one and the same; millions of rows, few of which share an instant.

The rules, in this order, each within one instant:

- `same_reading`: same source, device, kind and value.
- `same_instant_other_device`: Mi Fitness tells the samples of a device again under `default`, its
  own merge of all devices, which stays; else the first device.
- `later_issue`: same source and device, other values; the export tells which is later.
- `manual_measurement`: same source and device; a measurement by hand stays before a sample.
- `conflicting_values`: the same, but nothing tells; the first in canonical order stays.
- `same_instant_other_source`: an equal value in another export that tells of the same bands. Apple
  Health does, since bands' apps write into it, and so does a watch that was renamed between two
  exports: an equal value of another device in it is one too, and in Samsung Health, where other
  apps write copies of what it holds.

Series of different makers are all kept and never averaged into one. A vendor's resting heart rate
is no sample and never stands for one.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import records, resolution
from dataflows.clocks import integers
from dataflows.resolution import Indices
from dataflows.text_codes import equals, ranks_of

# Exports that tell the samples of the same bands, the fullest first.
SAME_BAND_SOURCES: Final = ("mi_fitness", "zepp", "gadgetbridge", "apple_health")
# Into this one other apps write copies of its own samples.
COPIED_STORE: Final = "samsung_health"
MERGED_DEVICE: Final = "default"

RULES: Final = (
    "",
    resolution.SAME_READING,
    "same_instant_other_device",
    resolution.LATER_ISSUE,
    "manual_measurement",
    resolution.CONFLICT,
    "same_instant_other_source",
)
_SAME, _OTHER_DEVICE, _LATER, _MANUAL, _CONFLICT, _OTHER_SOURCE = range(1, len(RULES))


@dataclass(frozen=True)
class Resolved:
    """What de-duplication made of a table.

    Attributes:
        kept: The rows that stay, in canonical order; None if all do and stand so.
        losers: The other rows, in canonical order.
        winners: The row that stands for each of the losers.
        rules: The rule by which each of them lost.
    """

    kept: Indices | None
    losers: Indices
    winners: Indices
    rules: pa.Array


@dataclass(frozen=True)
class _Ties:
    """Rows that share their instant with another, in canonical order, by column."""

    instants: NDArray[np.int64]
    sources: NDArray[np.int16]
    devices: NDArray[np.int16]
    kinds: NDArray[np.int16]
    values: NDArray[np.float64]
    updates: Indices
    priorities: Indices
    is_merged: NDArray[np.bool_]
    is_mi_fitness: NDArray[np.bool_]
    is_in_store: NDArray[np.bool_]
    is_resting: NDArray[np.bool_]
    is_manual: NDArray[np.bool_]


def resolved(samples: pa.Table) -> Resolved:
    """Find the duplicates of a table of heart rates of all files."""
    order, instants = _by_instant(integers(samples["start_utc"]))
    positions = _tied(instants)
    del instants
    if not len(positions):
        nothing = np.zeros(0, np.int64)
        return Resolved(order, nothing, nothing, _encoded(np.zeros(0, np.int8)))
    rows = positions if order is None else order[positions]
    ties, sequence = _ties(samples.select(_key_columns(samples)).take(pa.array(rows)))
    if sequence is not None:
        rows = rows[sequence]
        order = np.arange(samples.num_rows) if order is None else order
        order[positions] = rows
    winners, rules = _judged(ties)
    lost = np.flatnonzero(rules)
    return Resolved(
        _without(order, positions[lost], samples.num_rows),
        rows[lost],
        rows[winners[lost]],
        _encoded(rules[lost]),
    )


def _key_columns(samples: pa.Table) -> list[str]:
    wanted = {"start_utc", "source", "device", "kind", "heart_rate_bpm", "updated_utc"}
    wanted |= {"raw_sha256", "raw_row"}
    return [name for name in samples.column_names if name in wanted]


def _by_instant(instants: NDArray[np.int64]) -> tuple[Indices | None, NDArray[np.int64]]:
    if resolution.in_order([instants]):
        return None, instants
    order = np.argsort(instants, kind="stable")
    return order, instants[order]


def _tied(instants: NDArray[np.int64]) -> Indices:
    """Positions whose instant is that of a neighbour."""
    equal = instants[1:] == instants[:-1]
    tied = np.zeros(len(instants), np.bool_)
    tied[1:] |= equal
    tied[:-1] |= equal
    return np.flatnonzero(tied)


def _ties(rows: pa.Table) -> tuple[_Ties, Indices | None]:
    """The tied rows in canonical order, and this order (None if they stood so)."""
    columns: list[NDArray[Any]] = [
        integers(rows["start_utc"]),
        ranks_of(rows["source"]),
        ranks_of(rows["device"]),
        ranks_of(rows["kind"]),
        np.asarray(rows["heart_rate_bpm"].to_numpy(), np.float64),
    ]
    origin: list[NDArray[Any]] = [ranks_of(rows["raw_sha256"]), rows["raw_row"].to_numpy()]
    sequence = resolution.sorted_order([*columns, *origin])
    if sequence is not None:
        columns = [column[sequence] for column in columns]
        rows = rows.take(pa.array(sequence))
    instants, sources, devices, kinds, values = columns
    ties = _Ties(
        instants,
        sources,
        devices,
        kinds,
        values,
        updates=resolution.updates_of(rows),
        priorities=resolution.priority_of(rows["source"], SAME_BAND_SOURCES),
        is_merged=equals(rows["device"], MERGED_DEVICE),
        is_mi_fitness=equals(rows["source"], SAME_BAND_SOURCES[0]),
        is_in_store=equals(rows["source"], COPIED_STORE),
        is_resting=equals(rows["kind"], "resting"),
        is_manual=equals(rows["kind"], "manual"),
    )
    return ties, sequence


def _judged(ties: _Ties) -> tuple[Indices, NDArray[np.int8]]:
    """The winner and the rule (0 for none) of each tied row."""
    winners, equal = _equal_runs(ties)
    rules = np.where(equal, np.int8(_SAME), np.int8(0))
    for judge in (_within_source, _across_sources):
        standing = np.flatnonzero(rules == 0)
        standing = standing[_tied(ties.instants[standing])]
        if len(standing):
            chosen, reasons = judge(ties, standing)
            lost = standing[chosen] != standing
            winners[standing] = standing[chosen]
            rules[standing[lost]] = reasons[lost]
            winners = winners[winners]
    return winners, rules


def _equal_runs(ties: _Ties) -> tuple[Indices, NDArray[np.bool_]]:
    """Rows that equal the one before in all but their place, and the first row of each run."""
    equal = np.zeros(len(ties.instants), np.bool_)
    equal[1:] = True
    for key in (ties.instants, ties.sources, ties.devices, ties.kinds, ties.values):
        equal[1:] &= key[1:] == key[:-1]
    first = np.where(equal, 0, np.arange(len(equal)))
    return np.maximum.accumulate(first), equal


def _within_source(ties: _Ties, rows: Indices) -> tuple[Indices, NDArray[np.int8]]:
    device = np.where(ties.is_mi_fitness[rows], np.int16(-1), ties.devices[rows])
    updates, manual = ties.updates[rows], ties.is_manual[rows]
    chosen = resolution.winners_of(
        [ties.instants[rows], ties.sources[rows], device, ties.is_resting[rows]],
        [~ties.is_merged[rows], -updates, ~manual, np.arange(len(rows))],
    )
    reasons = np.full(len(rows), _CONFLICT, np.int8)
    reasons[manual[chosen] & ~manual] = _MANUAL
    reasons[updates[chosen] != updates] = _LATER
    reasons[ties.devices[rows][chosen] != ties.devices[rows]] = _OTHER_DEVICE
    return chosen, reasons


def _across_sources(ties: _Ties, rows: Indices) -> tuple[Indices, NDArray[np.int8]]:
    priority = ties.priorities[rows]
    chosen = resolution.winners_of(
        [ties.instants[rows], ties.is_resting[rows], ties.values[rows], _own(ties, rows)],
        [priority, np.arange(len(rows))],
    )
    same_source = ties.sources[rows][chosen] == ties.sources[rows]
    return chosen, np.where(same_source, _OTHER_DEVICE, _OTHER_SOURCE).astype(np.int8)


def _own(ties: _Ties, rows: Indices) -> Indices:
    """Sets rows apart that never stand for each other: those of other makers' sources."""
    priority = ties.priorities[rows]
    others = np.where(ties.is_in_store[rows], -2, np.arange(len(rows)))
    return np.where(priority < len(SAME_BAND_SOURCES), -1, others)


def _without(order: Indices | None, lost: Indices, length: int) -> Indices | None:
    if not len(lost):
        return order
    stays = np.ones(length, np.bool_)
    stays[lost] = False
    return np.flatnonzero(stays) if order is None else order[stays]


def _encoded(rules: NDArray[np.int8]) -> pa.DictionaryArray:
    codes = pa.array(rules.astype(np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array(RULES, pa.string())).cast(records.TEXT)
