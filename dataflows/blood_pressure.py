"""Blood pressure: from parsed readings to what each day says.

De-duplication, in this order; every loser is in `blood_pressure_shadowed` under its rule:

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

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from hamilton.function_modifiers import extract_fields, tag
from numpy.typing import NDArray

from dataflows import clinical, contracts, records, resolution, schemas
from dataflows.clocks import integers
from dataflows.daily_sums import day_groups, thousandths, thousandths_sums
from dataflows.local_time import normalised_records
from dataflows.measurement import CUFFLESS, is_cuffless
from dataflows.rejection import with_flag
from dataflows.text_codes import equals, ranks_of

SIGNAL: Final = "blood_pressure"
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

_DAILY: Final = pa.schema(
    [
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("systolic_mean_mmhg", pa.float64()),
        pa.field("diastolic_mean_mmhg", pa.float64()),
        pa.field("pulse_mean_bpm", pa.float64()),
        pa.field("blood_pressure_reading_count", pa.int32()),
        pa.field("mean_arterial_pressure_mmhg", pa.float64()),
        pa.field("pulse_pressure_mmhg", pa.float64()),
    ]
)


@tag(stage="normalization")
def blood_pressure_normalized(
    blood_pressure_parsed: pa.Table,
    time_evidence: pa.Table,
    home_time_zone: str,
    home_time_zone_source: str,
) -> dict[str, pa.Table]:
    """Readings of one file with instant, offset, zone and local date.

    Shape: `records`, `rejected`.

    Units: mmHg, beats per minute.
    """
    normalised, rejected = normalised_records(
        blood_pressure_parsed,
        records.BLOOD_PRESSURE_READINGS,
        signal=SIGNAL,
        home_time_zone=home_time_zone,
        home_time_zone_source=home_time_zone_source,
        evidence=time_evidence,
    )
    return {"records": normalised, "rejected": rejected}


@tag(stage="validation")
def blood_pressure_checked(
    blood_pressure_normalized: Mapping[str, pa.Table],
) -> dict[str, pa.Table]:
    """Readings of one file that can be true, unusual ones flagged; and the rejected ones.

    Shape: `valid`, `rejected`.

    Units: mmHg, beats per minute.
    """
    valid, rejected = contracts.rejected_by(
        blood_pressure_normalized["records"], schemas.BLOOD_PRESSURE_READINGS, signal=SIGNAL
    )
    return {
        "valid": _flagged(valid),
        "rejected": pa.concat_tables([blood_pressure_normalized["rejected"], rejected]),
    }


def _flagged(readings: pa.Table) -> pa.Table:
    """The readings, with a remark on each that is outside the soft limits."""
    systolic, diastolic, pulse = _values(readings)
    remarks = {
        "unusual_systolic": _outside(systolic, clinical.SYSTOLIC_SOFT_MMHG),
        "unusual_diastolic": _outside(diastolic, clinical.DIASTOLIC_SOFT_MMHG),
        "unusual_pulse": _outside(pulse, clinical.HEART_RATE_SOFT_BPM),
        "unusual_pulse_pressure": _outside(
            clinical.pulse_pressure(systolic, diastolic), clinical.PULSE_PRESSURE_SOFT_MMHG
        ),
    }
    for flag, rows in remarks.items():
        readings = with_flag(readings, rows, flag)
    return readings


def _outside(values: NDArray[np.float64], limits: clinical.Limits) -> NDArray[np.bool_]:
    return (values < limits.low) | (values > limits.high)


def _values(readings: pa.Table) -> list[NDArray[np.float64]]:
    """Systolic, diastolic and pulse; a missing pulse is not a number."""
    names = ("systolic_mmhg", "diastolic_mmhg", "pulse_bpm")
    return [np.asarray(readings[name].to_numpy(), np.float64) for name in names]


@tag(stage="validation", target_=...)
@extract_fields(
    {
        "blood_pressure_readings": pa.Table,
        "blood_pressure_shadowed": pa.Table,
        "blood_pressure_withdrawn": pa.Table,
    }
)
def blood_pressure_resolved(
    blood_pressure_valid: Sequence[pa.Table],
    exclusions: pa.Table,
    blood_pressure_future_limit: str | None,
) -> dict[str, pa.Table]:
    """Readings of all files, each once, in canonical order; the duplicates; the withdrawn ones.

    Shape: `records.BLOOD_PRESSURE_READINGS`, `records.SHADOWED`, `records.REJECTED`.

    Units: mmHg, beats per minute.
    """
    joined = resolution.concatenated(blood_pressure_valid, records.BLOOD_PRESSURE_READINGS)
    readings, withdrawn = resolution.without_withdrawn(
        joined,
        signal=SIGNAL,
        exclusions=exclusions,
        future_limit=blood_pressure_future_limit,
    )
    readings = readings.take(pa.array(_canonical_order(readings)))
    winners, rules = _same_source(readings)
    conflicts = winners[rules == resolution.CONFLICT]
    copied = _copies_of_cuffless(readings, winners, rules)
    winners, rules = _across_sources(readings, winners, rules)
    readings = with_flag(readings, _marked(conflicts, len(winners)), resolution.CONFLICT)
    readings = with_flag(readings, _marked(copied, len(winners)), CUFFLESS)
    lost = winners != np.arange(len(winners))
    losers, kept = np.flatnonzero(lost), np.flatnonzero(~lost)
    resolved = resolution.published(readings, records.BLOOD_PRESSURE_READINGS, kept)
    return {
        "blood_pressure_readings": contracts.checked(resolved, schemas.BLOOD_PRESSURE_READINGS),
        "blood_pressure_shadowed": resolution.shadowed(
            readings, losers, winners[losers], rules[losers], signal=SIGNAL
        ),
        "blood_pressure_withdrawn": withdrawn,
    }


def _copies_of_cuffless(
    readings: pa.Table, winners: resolution.Indices, rules: NDArray[Any]
) -> resolution.Indices:
    """The readings that stay and stand for the same one that says it was taken without a cuff."""
    cuffless = is_cuffless(readings)
    copied = np.flatnonzero((rules == resolution.SAME_READING) & cuffless & ~cuffless[winners])
    return winners[copied]


def _marked(rows: resolution.Indices, length: int) -> NDArray[np.bool_]:
    mask = np.zeros(length, np.bool_)
    mask[rows] = True
    return mask


def _canonical_order(readings: pa.Table) -> resolution.Indices:
    systolic, diastolic, pulse = _values(readings)
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


def _same_source(readings: pa.Table) -> tuple[resolution.Indices, NDArray[Any]]:
    """Winner and rule of each reading (in canonical order) among those of its series."""
    systolic, diastolic, pulse = _values(readings)
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
        systolic, diastolic, _ = _values(readings)
        instants, sources = integers(readings["start_utc"]), ranks_of(readings["source"])
        same = list(
            zip(*(c.tolist() for c in (instants, sources, systolic, diastolic)), strict=True)
        )
        first = {same[row]: devices[row] for row in reversed(told.tolist())}
        devices[untold] = [first.get(same[row], -1) for row in untold.tolist()]
    return devices


def _across_sources(
    readings: pa.Table, winners: resolution.Indices, rules: NDArray[Any]
) -> tuple[resolution.Indices, NDArray[Any]]:
    """Winners and rules, with equal readings of lesser sources shadowed too."""
    winners, rules = winners.copy(), rules.copy()
    ranks = resolution.priority_of(readings["source"], SOURCE_PRIORITY)
    if len(np.unique(ranks)) < 2:  # noqa: PLR2004  one source has no other
        return winners, rules
    instants = integers(readings["start_utc"]).tolist()
    pairs = list(zip(*(values.tolist() for values in _values(readings)[:2]), strict=True))
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


@tag(stage="merge")
def blood_pressure_daily(blood_pressure_readings: pa.Table) -> pa.Table:
    """Means of each local day over its kept readings, from exact sums.

    Shape: one row for each local date with a reading, ascending.

    Units: mmHg, beats per minute.

    Source: `clinical.mean_arterial_pressure`, `clinical.pulse_pressure`.
    """
    days = day_groups(blood_pressure_readings["local_date"])
    systolic, _ = thousandths_sums(blood_pressure_readings["systolic_mmhg"], days)
    diastolic, count = thousandths_sums(blood_pressure_readings["diastolic_mmhg"], days)
    pulse, pulse_count = thousandths_sums(blood_pressure_readings["pulse_bpm"], days)
    columns = {
        "local_date": days.dates,
        "systolic_mean_mmhg": thousandths(systolic, count),
        "diastolic_mean_mmhg": thousandths(diastolic, count),
        "pulse_mean_bpm": thousandths(pulse, pulse_count),
        "blood_pressure_reading_count": pa.array(count).cast(pa.int32()),
        "mean_arterial_pressure_mmhg": thousandths(
            clinical.mean_arterial_pressure(systolic, diastolic), count
        ),
        "pulse_pressure_mmhg": thousandths(clinical.pulse_pressure(systolic, diastolic), count),
    }
    return records.table_from_columns(_DAILY, columns, len(count))
